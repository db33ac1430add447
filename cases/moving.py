"""Moves made on purpose: label, parcel, check, refund, appeal; each with its log entry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import select

from cases import case_words, deadlines, desk, thread
from cases.access_policy import Action
from cases.actor import Actor
from cases.case_access import load_case, not_found
from cases.commands import from_minor
from cases.deadline_plan import DeadlineKind
from cases.links import DeviceFound
from cases.money_left import checked_amount
from cases.move_commands import (
    Appeal,
    Check,
    Dispute,
    Exchange,
    GiveLabel,
    Move,
    Receive,
    Refund,
    RefundPartly,
    Reject,
    Resolve,
    SendBack,
    Ship,
)
from cases.parcel_words import ParcelWords, read_parcel, write_parcel
from cases.parcels import follow_parcel, parcel_back
from cases.sealing import open_text, seal_text
from cases.settlements import settle
from cases.states import CaseState, CaseTrigger, Way
from cases.tables import Case, ItemLine, Parcel
from cases.tracking import ScanSource
from cases.unit import Unit
from runtime.errors import CaseError
from runtime.ids import new_id

ACTION_OF: Final[Mapping[CaseTrigger, Action]] = {
    CaseTrigger.RECEIVE: Action.CHECK,
    CaseTrigger.CHECK: Action.CHECK,
    **dict.fromkeys(
        (
            CaseTrigger.GIVE_LABEL,
            CaseTrigger.SHIP,
            CaseTrigger.RESOLVE,
            CaseTrigger.REFUND,
            CaseTrigger.REFUND_PARTLY,
            CaseTrigger.EXCHANGE,
            CaseTrigger.SEND_BACK,
            CaseTrigger.REJECT,
            CaseTrigger.APPEAL,
            CaseTrigger.DISPUTE,
        ),
        Action.SETTLE,
    ),
}
"""What an actor must be allowed to for each move."""


async def make_move(
    unit: Unit, actor: Actor, case_id: str, move: Move, *, expected_version: int | None = None
) -> CaseState:
    """Move a case on, with all that the move is told.

    Raises:
        CaseError: ``not_found``, ``forbidden``, ``version_conflict`` (412), ``wrong_state``,
            ``session_open`` or ``case_closed`` (409), ``too_much`` (422) for more money than
            was paid, ``bad_amount`` (422), ``line_unknown`` or ``line_missing`` (422).
    """
    case = await load_case(unit.tx, actor, case_id, ACTION_OF[move.move], lock=True)
    desk.refuse_stale(case, expected_version)
    return await _make(unit, actor, case, move)


async def appeal(
    unit: Unit, token: str, secret: str | None, user_agent: str, words: str
) -> tuple[Case, DeviceFound]:
    """The buyer, on the browser their link is bound to, does not agree with the decision.

    A link that nobody has opened yet is bound to this browser, as with the tap.

    Raises:
        CaseError: the link's own errors; ``other_device`` (409) or ``device_refused`` (403)
            for any other browser;
            ``wrong_state`` or ``case_closed`` (409) when nothing is decided yet, or what
            was is final.
    """
    actor, device = await thread.enter_as_buyer(unit, token, secret, user_agent)
    case = await unit.tx.scalar(select(Case).where(Case.id == actor.case_id).with_for_update())
    if case is None:
        raise not_found()
    await _make(unit, actor, case, Appeal(move=CaseTrigger.APPEAL, words=words))
    await thread.say_objection(unit, actor, case, words)
    return case, device


async def _make(unit: Unit, actor: Actor, case: Case, move: Move) -> CaseState:
    after = await desk.move_case(
        unit.tx,
        unit.keys,
        case.id,
        move.move,
        actor,
        unit.now,
        told=move.model_dump(mode="json", exclude={"move"}, exclude_none=True),
    )
    await _keep(unit, actor, case, move)
    await unit.tx.flush()
    if isinstance(move, GiveLabel | Ship | Exchange | SendBack):
        await case_words.add_number(unit.tx, unit.keys, case, move.tracking_number)
    return after


async def _keep(unit: Unit, actor: Actor, case: Case, move: Move) -> None:
    match move:
        case GiveLabel():
            parcel = await parcel_back(unit, case)
            parcel.carrier, parcel.look_at = move.carrier, unit.now
            told = ParcelWords(
                tracking_number=move.tracking_number,
                label_url=move.label_url,
                address=move.address,
            )
            await write_parcel(unit, case, parcel, told)
        case Ship():
            parcel = await parcel_back(unit, case)
            parcel.carrier = move.carrier or parcel.carrier
            parcel.shipped_at = parcel.look_at = unit.now
            if move.tracking_number:
                known = read_parcel(await unit.case_key(case), parcel)
                told = known.model_copy(update={"tracking_number": move.tracking_number})
                await write_parcel(unit, case, parcel, told)
        case Receive():
            parcel = await parcel_back(unit, case)
            parcel.received_at = unit.now
            await unit.tx.flush()
            await follow_parcel(unit, case, parcel, actor, ScanSource.HAND)
        case Check():
            await _check(unit, case, move)
        case Refund() | RefundPartly():
            await _refund(unit, actor, case, move)
        case Exchange():
            await settle(unit, actor, case, move.move, None, move.reference)
            await _send_out(unit, case, move.carrier, move.tracking_number)
        case SendBack():
            await _send_out(unit, case, move.carrier, move.tracking_number)
        case Appeal():
            await deadlines.begin(unit.tx, case, DeadlineKind.DECISION, unit.now)
        case Resolve() | Reject() | Dispute():
            pass  # What was said stands in the log.


async def _send_out(
    unit: Unit, case: Case, carrier: str | None, tracking_number: str | None
) -> None:
    parcel = Parcel(
        id=new_id("pcl"),
        case_id=case.id,
        way=Way.OUT,
        carrier=carrier,
        created_at=unit.now,
        shipped_at=unit.now,
        look_at=unit.now,
    )
    words = ParcelWords(tracking_number=tracking_number)
    await write_parcel(unit, case, parcel, words)
    unit.tx.add(parcel)


async def _check(unit: Unit, case: Case, move: Check) -> None:
    lines = {
        line.position: line
        for line in await unit.tx.scalars(select(ItemLine).where(ItemLine.case_id == case.id))
    }
    found = {line.position for line in move.lines}
    if unknown := found - set(lines):
        raise CaseError("line_unknown", f"This case has no line {min(unknown) + 1}.", status=422)
    if missing := set(lines) - found:
        raise CaseError(
            "line_missing", f"Say what became of line {min(missing) + 1}, too.", status=422
        )
    key = await unit.case_key(case)
    for checked in move.lines:
        line = lines[checked.position]
        if checked.returned > line.quantity:
            raise CaseError(
                "too_many",
                f"Of line {checked.position + 1} {line.quantity} were bought, "
                f"{checked.returned} cannot come back.",
                status=422,
            )
        line.returned, line.grade = checked.returned, checked.grade
        line.disposition, line.liability = checked.disposition, checked.liability
        line.sealed_check_note = seal_text(key, _bound_to(line.id), checked.note)


def check_note_of(key: bytes, line: ItemLine) -> str:
    """What the warehouse wrote about a line, with the case's key; often nothing."""
    return open_text(key, _bound_to(line.id), line.sealed_check_note) or ""


def _bound_to(line_id: str) -> str:
    return f"item_line:{line_id}"


async def _refund(unit: Unit, actor: Actor, case: Case, move: Refund | RefundPartly) -> None:
    amount, left = await checked_amount(unit.tx, case, move.amount)
    if isinstance(move, Refund) and amount != left:
        raise CaseError(
            "bad_amount",
            f"A refund in full is {from_minor(left, case.currency)} {case.currency} here; "
            "for less, refund a part.",
            status=422,
        )
    await settle(unit, actor, case, move.move, amount, move.reference)
    # What an accepted offer promised within the day.
    await deadlines.end(unit.tx, case, {DeadlineKind.SIMPLE}, unit.now)
