"""Refunds by the port: ordered by a person, sent at most once, ended by the provider's word."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases import desk, errands, money_left
from cases.access_policy import Action
from cases.actor import Actor, SystemActor
from cases.case_access import load_case, not_found
from cases.case_note import note
from cases.commands import from_minor
from cases.life import CASE_MOVES, next_case_state
from cases.port_commands import OrderRefund, PortKind, RefundSetup, SettleRefund
from cases.port_reading import fill_body, fill_url
from cases.ports import enabled_port, find_port, headers_of, setup_of
from cases.refund_states import LASTS, OPEN, Decided, RefundState, Step
from cases.sealing import open_text, seal_text
from cases.settlements import settle
from cases.states import CaseState, CaseTrigger
from cases.tables import Case, RefundOrder
from cases.unit import Unit
from cases.view import View
from runtime.errors import CaseError
from runtime.ids import new_id

_NOT_OUT: Final = "A person found that it did not go out."


class RefundView(View):
    """Money that goes, or went, by the port."""

    id: str
    state: RefundState
    amount: str
    currency: str
    remote_id: str | None
    why: str | None
    ordered_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """What is asked of the provider now: ``body`` is None for the question what became of it."""

    url: str
    headers: dict[str, str]
    body: bytes | None
    setup: RefundSetup
    amount_minor: int
    sent_at: datetime


async def order_refund(unit: Unit, actor: Actor, case_id: str, command: OrderRefund) -> RefundView:
    """Have money given back; it counts as given from now on.

    Raises:
        CaseError: ``not_found``, ``forbidden``; ``port_off``, ``wrong_state``, ``session_open``
            or ``case_closed`` (409); ``bad_currency``, ``bad_amount`` or ``too_much`` (422).
    """
    case = await load_case(unit.tx, actor, case_id, Action.SETTLE, lock=True)
    if command.currency != case.currency:
        raise CaseError("bad_currency", f"This case is in {case.currency}.", status=422)
    await enabled_port(unit.tx, case.tenant_id, PortKind.REFUND)
    amount, left = await money_left.checked_amount(unit.tx, case, command.amount)
    whole = amount == left
    next_case_state(
        CaseState(case.state), CaseTrigger.REFUND if whole else CaseTrigger.REFUND_PARTLY
    )
    refund = RefundOrder(
        id=new_id("rfd"),
        case_id=case.id,
        state=RefundState.ORDERED,
        amount_minor=amount,
        currency=case.currency,
        ordered_at=unit.now,
        by=actor.label,
    )
    unit.tx.add(refund)
    await unit.tx.flush()
    await _tell(unit, case, refund, actor)
    await errands.send_on(unit, case, PortKind.REFUND, refund.id, LASTS)
    return refund_view(refund, None)


async def list_refunds(tx: AsyncSession, key: bytes, case_id: str) -> list[RefundView]:
    """The refunds of a case by the port, in order; ``key`` is the case's."""
    found = await tx.scalars(
        select(RefundOrder)
        .where(RefundOrder.case_id == case_id)
        .order_by(RefundOrder.ordered_at, RefundOrder.id)
    )
    return [refund_view(one, open_text(key, _bound(one), one.sealed_why)) for one in found]


async def settle_by_hand(
    unit: Unit, actor: Actor, case_id: str, refund_id: str, command: SettleRefund
) -> RefundView:
    """A person found out what became of a refund that is unclear.

    Raises:
        CaseError: ``not_found``, ``forbidden``; ``not_unclear`` (409).
    """
    case = await load_case(unit.tx, actor, case_id, Action.SETTLE, lock=True)
    refund = await unit.tx.get(RefundOrder, refund_id, with_for_update=True)
    if refund is None or refund.case_id != case.id:
        raise not_found()
    if refund.state != RefundState.UNCLEAR:
        raise CaseError("not_unclear", f"This refund is {refund.state}.")
    if command.refunded:
        await _confirm(unit, case, refund, actor, command.reference)
    else:
        await _refuse(unit, case, refund, actor, _NOT_OUT)
    return refund_view(refund, None if command.refunded else _NOT_OUT)


async def begin(unit: Unit, refund_id: str) -> RefundRequest | None:
    """What is to be asked now; marked as sent in this commit, before anything is.

    None when its end is known. A refund that was sent before is asked after.
    """
    refund, case = await _load(unit, refund_id)
    if refund.state not in (RefundState.ORDERED, RefundState.SENT):
        return None
    port = await find_port(unit.tx, case.tenant_id, PortKind.REFUND)
    if port is None:
        return None
    setup = setup_of(port, RefundSetup)
    headers = await headers_of(unit.tx, unit.keys, port)
    words: dict[str, str | int] = {
        "reference": refund.id,
        "order_number": case.order_number,
        "amount": from_minor(refund.amount_minor, refund.currency),
        "amount_minor": refund.amount_minor,
        "currency": refund.currency,
        "kind": "refund",
    }
    texts = {name: str(value) for name, value in words.items()}
    if refund.state == RefundState.SENT:
        if setup.status_url is None:
            await _unclear(unit, case, refund, "It may have been sent; nobody can be asked.")
            return None
        url = fill_url(setup.status_url, texts)
        return _request(refund, url, headers, None, setup, unit.now)
    refund.state, refund.sent_at = RefundState.SENT, unit.now
    await unit.tx.flush()
    await _tell(unit, case, refund, SystemActor())
    body = json.dumps(fill_body(setup.body, words), ensure_ascii=False).encode()
    headers |= {"Content-Type": "application/json", "Idempotency-Key": refund.id}
    return _request(refund, fill_url(setup.url, texts), headers, body, setup, unit.now)


async def conclude(
    unit: Unit, refund_id: str, decided: Decided, *, is_last: bool, can_look: bool
) -> RefundState:
    """Keep what follows from an answer; an end that is known already stays as it is."""
    refund, case = await _load(unit, refund_id)
    if refund.state != RefundState.SENT:
        return RefundState(refund.state)
    refund.remote_id = decided.remote_id or refund.remote_id
    if decided.step is Step.CONFIRM:
        await _confirm(unit, case, refund, SystemActor(), refund.remote_id)
    elif decided.step is Step.REFUSE:
        await _refuse(unit, case, refund, SystemActor(), decided.why)
    elif decided.step is Step.SEND_LATER and not is_last:
        refund.state = RefundState.ORDERED
        await _because(unit, case, refund, decided.why)
    elif decided.step is Step.SEND_LATER:
        await _refuse(unit, case, refund, SystemActor(), decided.why)
    elif is_last or not can_look:
        await _unclear(unit, case, refund, decided.why)
    else:
        await _because(unit, case, refund, decided.why)
    await unit.tx.flush()
    return RefundState(refund.state)


def refund_view(refund: RefundOrder, why: str | None) -> RefundView:
    """What is told of a refund, and why it stands where it does."""
    return RefundView(
        id=refund.id,
        state=RefundState(refund.state),
        amount=from_minor(refund.amount_minor, refund.currency),
        currency=refund.currency,
        remote_id=refund.remote_id,
        why=why,
        ordered_at=refund.ordered_at,
        ended_at=refund.ended_at,
    )


async def _load(unit: Unit, refund_id: str) -> tuple[RefundOrder, Case]:
    known = await unit.tx.get_one(RefundOrder, refund_id)
    # The case first, as everybody locks them.
    case = await unit.tx.get_one(Case, known.case_id, with_for_update=True)
    refund = await unit.tx.get_one(
        RefundOrder, refund_id, with_for_update=True, populate_existing=True
    )
    return refund, case


def _request(
    refund: RefundOrder,
    url: str,
    headers: dict[str, str],
    body: bytes | None,
    setup: RefundSetup,
    now: datetime,
) -> RefundRequest:
    sent_at = refund.sent_at or now
    return RefundRequest(url, headers, body, setup, refund.amount_minor, sent_at)


async def _confirm(
    unit: Unit, case: Case, refund: RefundOrder, actor: Actor, reference: str | None
) -> None:
    assert refund.state in OPEN, "money is given once"
    refund.state, refund.ended_at, refund.sealed_why = RefundState.CONFIRMED, unit.now, None
    paid = await money_left.paid_minor(unit.tx, case.id)
    given = await money_left.given_minor(unit.tx, case.id)
    whole = given + refund.amount_minor >= paid
    trigger = CaseTrigger.REFUND if whole else CaseTrigger.REFUND_PARTLY
    await settle(unit, actor, case, trigger, refund.amount_minor, reference)
    await unit.tx.flush()
    await _tell(unit, case, refund, actor, reference=reference)
    # The money is out, whatever somebody did to the case meanwhile.
    if trigger in CASE_MOVES[CaseState(case.state)]:
        told = {
            "amount": from_minor(refund.amount_minor, refund.currency),
            "refund_id": refund.id,
            **({"reference": reference} if reference else {}),
        }
        await desk.move_case(unit.tx, unit.keys, case.id, trigger, actor, unit.now, told=told)


async def _refuse(unit: Unit, case: Case, refund: RefundOrder, actor: Actor, why: str) -> None:
    refund.state, refund.ended_at = RefundState.REFUSED, unit.now
    await _because(unit, case, refund, why)
    await _tell(unit, case, refund, actor, why=why)


async def _unclear(unit: Unit, case: Case, refund: RefundOrder, why: str) -> None:
    refund.state = RefundState.UNCLEAR
    await _because(unit, case, refund, why)
    await _tell(unit, case, refund, SystemActor(), why=why)


async def _because(unit: Unit, case: Case, refund: RefundOrder, why: str) -> None:
    key = await unit.case_key(case)
    refund.sealed_why = seal_text(key, _bound(refund), why)


def _bound(refund: RefundOrder) -> str:
    return f"refund_orders:{refund.id}"


async def _tell(
    unit: Unit,
    case: Case,
    refund: RefundOrder,
    actor: Actor,
    *,
    why: str | None = None,
    reference: str | None = None,
) -> None:
    payload: dict[str, object] = {
        "refund_id": refund.id,
        "amount": from_minor(refund.amount_minor, refund.currency),
        "currency": refund.currency,
    }
    if why:
        payload["why"] = why
    if reference:
        payload["reference"] = reference
    await note(unit.tx, unit.keys, case, f"refund_{refund.state}", payload, actor, unit.now)
    case.updated_at = unit.now
