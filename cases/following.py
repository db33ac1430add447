"""What follows from an entry of the case log in its own commit: webhooks, notices, figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from cases.notice_orders import order_notices
from cases.states import CaseState
from cases.tables import Case, CaseFigure, ItemLine, WebhookDelivery, WebhookEndpoint
from cases.webhook_rules import ROUND_LASTS, DeliveryState, is_wanted, message_id, public_kind
from runtime.ids import new_id

_STEPS: Final[Mapping[str, str]] = {
    "inspection_offered": "offered_at",
    "live": "live_at",
    "inspected": "inspected_at",
    "closed": "closed_at",
}
"""The first time a case comes to a state, and the column that keeps it."""
_TIMES: Final[Mapping[str, str]] = {"answered_at": "answer_s", "refunded_at": "refund_s"}
"""How long after the opening that was: worked out once, not at every count."""
_NO_ANSWER_YET: Final = frozenset({"filed", "keep_offered", "inspection_offered", "waiting"})
_REFUNDING: Final = frozenset({"refund", "refund_partly"})
_TAKEN: Final = ("carrier", "market", "category")
"""Columns that are filled by whatever entry names them."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A new entry of a case's log."""

    case_id: str
    seq: int
    kind: str
    at: datetime
    actor: str
    is_internal: bool
    payload: Mapping[str, object]


async def follow(tx: AsyncSession, entry: Entry) -> None:
    """Do what every entry of the case log brings with it; the entry itself is written."""
    await _count(tx, entry)
    if not entry.is_internal:
        await _owe(tx, entry)
        await order_notices(
            tx,
            entry.case_id,
            entry.kind,
            entry.payload,
            actor=entry.actor,
            seq=entry.seq,
            at=entry.at,
        )


async def _owe(tx: AsyncSession, entry: Entry) -> None:
    """Make one row for each endpoint that is to be told; a sweeper has them sent."""
    endpoints = await tx.execute(
        select(WebhookEndpoint.id, WebhookEndpoint.kinds, WebhookEndpoint.disabled_at)
        .join(Case, Case.tenant_id == WebhookEndpoint.tenant_id)
        .where(Case.id == entry.case_id)
    )
    kind = public_kind(entry.kind)
    for endpoint_id, kinds, disabled_at in endpoints.all():
        if not is_wanted(kind, kinds):
            continue
        is_held = disabled_at is not None
        tx.add(
            WebhookDelivery(
                id=new_id("dlv"),
                endpoint_id=endpoint_id,
                message_id=message_id(entry.case_id, entry.seq),
                case_id=entry.case_id,
                seq=entry.seq,
                kind=kind,
                at=entry.at,
                state=DeliveryState.HELD if is_held else DeliveryState.WAITING,
                due_at=None if is_held else entry.at,
                give_up_at=entry.at + ROUND_LASTS,
            )
        )


async def _count(tx: AsyncSession, entry: Entry) -> None:
    payload = entry.payload
    changes: dict[str, object] = {
        name: str(payload[name]) for name in _TAKEN if isinstance(payload.get(name), str | int)
    }
    first: list[str] = []
    if entry.kind == "case_opened":
        await _open(tx, entry)
    elif entry.kind == "moved":
        state = str(payload.get("to"))
        changes["state"] = state
        if state in _STEPS:
            first.append(_STEPS[state])
        if state not in _NO_ANSWER_YET:
            first.append("answered_at")
        # Who keeps it for a discount stays resolved when it is paid.
        if payload.get("trigger") in _REFUNDING:
            first.append("refunded_at")
    elif entry.kind == "policy_answered":
        changes["policy_version"] = str(payload.get("version"))
        if not _is_left_to_a_person(payload.get("answer")):
            first.append("answered_at")
    elif entry.kind == "verdict":
        changes |= {
            "outcome": payload.get("outcome"),
            "liability": payload.get("liability"),
            "decided_at": entry.at,
            "decision_s": await _seconds_since_opening(tx, entry),
        }
    elif entry.kind == "message" and entry.actor.partition(":")[0] in ("staff", "key"):
        first.append("answered_at")
    changes |= await _first_times(tx, entry, first)
    if changes:
        await tx.execute(
            update(CaseFigure)
            .where(CaseFigure.case_id == entry.case_id)
            .values(changes)
            .execution_options(synchronize_session=False)
        )


async def _first_times(tx: AsyncSession, entry: Entry, names: list[str]) -> dict[str, object]:
    """Of these columns those that this entry fills, being the first: mostly none."""
    if not names:
        return {}
    known = (
        await tx.execute(
            select(CaseFigure.opened_at, *(getattr(CaseFigure, name) for name in names)).where(
                CaseFigure.case_id == entry.case_id
            )
        )
    ).first()
    if known is None:
        return {}
    new = [name for name in names if getattr(known, name) is None]
    took_s = round((entry.at - known.opened_at).total_seconds())
    return dict.fromkeys(new, entry.at) | {_TIMES[name]: took_s for name in new if name in _TIMES}


def _is_left_to_a_person(answer: object) -> bool:
    return isinstance(answer, Mapping) and answer.get("kind") == "ask_a_person"


async def _seconds_since_opening(tx: AsyncSession, entry: Entry) -> int | None:
    opened_at = await tx.scalar(
        select(CaseFigure.opened_at).where(CaseFigure.case_id == entry.case_id)
    )
    return round((entry.at - opened_at).total_seconds()) if opened_at is not None else None


async def _open(tx: AsyncSession, entry: Entry) -> None:
    case = await tx.get_one(Case, entry.case_id)
    lines = await tx.execute(
        select(ItemLine.sku, ItemLine.price_minor, ItemLine.quantity)
        .where(ItemLine.case_id == case.id)
        .order_by(ItemLine.position)
    )
    found = lines.all()
    tx.add(
        CaseFigure(
            case_id=case.id,
            tenant_id=case.tenant_id,
            state=CaseState(case.state),
            reason=case.claim_reason,
            product=found[0].sku if found else "",
            language=case.buyer_locale,
            currency=case.currency,
            value_minor=sum(line.price_minor * line.quantity for line in found),
            opened_at=case.created_at,
        )
    )
    await tx.flush()
