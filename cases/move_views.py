"""What is shown of a case's way back and settlement, and what may be done next."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.access_policy import may
from cases.actor import Actor
from cases.case_access import facts_of
from cases.commands import from_minor
from cases.labels import newest_of_parcels
from cases.life import moves_by_hand
from cases.moving import ACTION_OF, check_note_of
from cases.states import CaseState, CaseTrigger, Disposition, Grade, Liability, Way
from cases.tables import Case, ItemLine, Parcel, Settlement
from cases.tracking import ScanStatus
from cases.view import View


class CheckView(View):
    """One line as the warehouse found it."""

    returned: int
    grade: Grade | None
    disposition: Disposition
    liability: Liability
    note: str


class ParcelView(View):
    """A parcel, back to the warehouse or out to the buyer."""

    way: Way
    carrier: str | None
    tracking_number: str | None
    label_url: str | None
    label_id: str | None
    label_type: str | None
    status: ScanStatus | None
    status_at: datetime | None
    address: str | None
    created_at: datetime
    shipped_at: datetime | None
    received_at: datetime | None


class SettlementView(View):
    """What the buyer was given."""

    kind: CaseTrigger
    amount: str | None
    reference: str | None
    at: datetime


def check_view(key: bytes | None, line: ItemLine) -> CheckView | None:
    """What became of a line, None while nobody has looked; ``key`` is the case's."""
    if line.returned is None or line.disposition is None or line.liability is None:
        return None
    return CheckView(
        returned=line.returned,
        grade=Grade(line.grade) if line.grade else None,
        disposition=Disposition(line.disposition),
        liability=Liability(line.liability),
        note=check_note_of(key, line),
    )


async def parcel_views(tx: AsyncSession, case_id: str) -> list[ParcelView]:
    """The case's parcels, in order."""
    found = list(
        await tx.scalars(
            select(Parcel).where(Parcel.case_id == case_id).order_by(Parcel.created_at, Parcel.id)
        )
    )
    labels = await newest_of_parcels(tx, case_id) if found else {}
    return [
        ParcelView(
            way=Way(one.way),
            carrier=one.carrier,
            tracking_number=one.tracking_number,
            label_url=one.label_url,
            label_id=labels[one.id].id if one.id in labels else None,
            label_type=labels[one.id].media_type if one.id in labels else None,
            status=ScanStatus(one.status) if one.status else None,
            status_at=one.status_at,
            address=one.address,
            created_at=one.created_at,
            shipped_at=one.shipped_at,
            received_at=one.received_at,
        )
        for one in found
    ]


async def settlements_of(tx: AsyncSession, case_id: str) -> list[Settlement]:
    """What the buyer was given, in order."""
    return list(
        await tx.scalars(
            select(Settlement)
            .where(Settlement.case_id == case_id)
            .order_by(Settlement.at, Settlement.id)
        )
    )


def settlement_views(case: Case, settled: Iterable[Settlement]) -> list[SettlementView]:
    """Settlements of a case as they are shown."""
    return [
        SettlementView(
            kind=CaseTrigger(one.kind),
            amount=(
                from_minor(one.amount_minor, case.currency)
                if one.amount_minor is not None
                else None
            ),
            reference=one.reference,
            at=one.at,
        )
        for one in settled
    ]


def moves_of(actor: Actor, case: Case) -> list[CaseTrigger]:
    """The moves that this actor may make now."""
    facts = facts_of(case)
    return [
        move for move in moves_by_hand(CaseState(case.state)) if may(actor, ACTION_OF[move], facts)
    ]
