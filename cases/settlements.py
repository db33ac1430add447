"""What the buyer was given: written once per move, its reference sealed."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.actor import Actor
from cases.sealing import open_text, seal_text
from cases.states import CaseTrigger
from cases.tables import Case, Settlement
from cases.unit import Unit
from runtime.ids import new_id


async def settle(
    unit: Unit,
    actor: Actor,
    case: Case,
    kind: CaseTrigger,
    amount_minor: int | None,
    reference: str | None,
) -> None:
    """Keep that the buyer was given money, or another thing.

    Raises:
        KeyDestroyed: the case was erased.
    """
    settlement_id = new_id("stl")
    key = await unit.case_key(case) if reference else b""
    unit.tx.add(
        Settlement(
            id=settlement_id,
            case_id=case.id,
            kind=kind,
            amount_minor=amount_minor,
            sealed_reference=seal_text(key, f"settlements:{settlement_id}", reference),
            at=unit.now,
            by=actor.label,
        )
    )


async def settlements_of(tx: AsyncSession, case_id: str) -> list[Settlement]:
    """What the buyer was given, in order."""
    return list(
        await tx.scalars(
            select(Settlement)
            .where(Settlement.case_id == case_id)
            .order_by(Settlement.at, Settlement.id)
        )
    )


def reference_of(key: bytes, settlement: Settlement) -> str | None:
    """What the seller or its provider calls it; ``key`` is the case's."""
    return open_text(key, f"settlements:{settlement.id}", settlement.sealed_reference)
