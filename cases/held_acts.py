"""What cannot be undone once it is done is held for a moment, in which it can be taken back.

A held act is a row. It is carried out by the sweeper in one transaction that also says that
it is over: killed at any point it is either still held, or done once. It is done with the
rights that its author has then.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from cases import desk, thread
from cases.access_policy import Action, may
from cases.actor import StaffActor
from cases.case_access import facts_of, load_case, not_found
from cases.case_views import name_of
from cases.keys import KeyRing
from cases.life import next_case_state
from cases.people import actor_of_staff
from cases.sealing import open_words, seal_words
from cases.states import CaseState, CaseTrigger
from cases.tables import Case, HeldAct, Staff
from cases.thread import SayAsStaff
from cases.unit import Unit
from cases.view import View
from cases.waking import earliest
from runtime.errors import CaseError
from runtime.ids import new_id

HOLD: Final = timedelta(seconds=10)
BATCH: Final = 100
_FAILED_SHOWN: Final = timedelta(days=3)
_MOST_SHOWN: Final = 50
_AGAIN_AFTER: Final = timedelta(minutes=1)


class HeldKind(StrEnum):
    """What is held."""

    MESSAGE = "message"  # to the buyer, or an internal note
    CLOSE = "close"


class HeldState(StrEnum):
    """How it went."""

    HELD = "held"
    DONE = "done"
    TAKEN_BACK = "taken_back"
    FAILED = "failed"  # refused when its time came; ``failure`` says why


class HeldView(View):
    """Something that has not been done yet, or could not be."""

    id: str
    kind: HeldKind
    state: HeldState
    by: str
    mine: bool
    due_at: datetime
    message: SayAsStaff | None
    failure: str | None


async def hold_message(
    unit: Unit, actor: StaffActor, case_id: str, message: SayAsStaff
) -> HeldView:
    """Send this in a moment; a repeat with the same ``client_id`` is told the first.

    Raises:
        CaseError: ``not_found``, ``forbidden``, ``placeholder_left`` (422).
    """
    case = await load_case(unit.tx, actor, case_id, Action.WRITE, lock=True)
    thread.refuse_unfilled(message)
    key = await unit.keys.key_of(unit.tx, case)
    for row in await _rows(unit.tx, case.id, actor.staff_id):
        words = _words(key, row)
        if words is not None and words.client_id == message.client_id:
            return _view(row, actor, actor.name, words)
    row = _new(unit, actor, case, HeldKind.MESSAGE)
    row.sealed = seal_words(key, _bound(row.id), message)
    unit.tx.add(row)
    await unit.tx.flush()
    _hint(unit, case)
    return _view(row, actor, actor.name, message)


async def hold_close(
    unit: Unit, actor: StaffActor, case_id: str, *, expected_version: int | None = None
) -> HeldView:
    """Close this case in a moment, if it then still can be closed; once at a time.

    Raises:
        CaseError: ``not_found``, ``forbidden``, ``version_conflict`` (412), ``session_open``
            or ``case_closed`` (409).
    """
    case = await load_case(unit.tx, actor, case_id, Action.CLOSE, lock=True)
    desk.refuse_stale(case, expected_version)
    next_case_state(CaseState(case.state), CaseTrigger.CLOSE)
    for row in await _rows(unit.tx, case.id, None):
        if row.kind == HeldKind.CLOSE:
            return _view(row, actor, await name_of(unit.tx, f"staff:{row.staff_id}"), None)
    row = _new(unit, actor, case, HeldKind.CLOSE)
    unit.tx.add(row)
    await unit.tx.flush()
    _hint(unit, case)
    return _view(row, actor, actor.name, None)


async def take_back(unit: Unit, actor: StaffActor, case_id: str, held_id: str) -> HeldView:
    """Undo what is still held, and have one's words again; a failed one is put aside.

    Raises:
        CaseError: ``not_found``, also for what somebody else did; ``too_late`` (409).
    """
    case = await load_case(unit.tx, actor, case_id, Action.VIEW_CASE, lock=True)
    row = await unit.tx.get(HeldAct, held_id, with_for_update=True)
    if row is None or row.case_id != case_id or row.staff_id != actor.staff_id:
        raise not_found()
    words = _words(await unit.keys.key_of(unit.tx, case), row)
    if row.state == HeldState.DONE:
        raise CaseError("too_late", "It has been done already.")
    if row.state != HeldState.TAKEN_BACK:
        _over(unit, row, HeldState.TAKEN_BACK)
        await unit.tx.flush()
        _hint(unit, case)
    return _view(row, actor, actor.name, words)


async def held_of_case(
    tx: AsyncSession, keys: KeyRing, actor: StaffActor, case_id: str
) -> list[HeldView]:
    """What is held in a case, whoever did it, and what of one's own failed lately.

    Raises:
        CaseError: ``not_found`` or ``forbidden``.
    """
    case = await load_case(tx, actor, case_id, Action.VIEW_CASE)
    may_read = may(actor, Action.WRITE, facts_of(case))
    failed = (
        (HeldAct.state == HeldState.FAILED)
        & (HeldAct.staff_id == actor.staff_id)
        & HeldAct.next_at.is_not(None)
    )
    found = await tx.scalars(
        select(HeldAct)
        .where(HeldAct.case_id == case_id, (HeldAct.state == HeldState.HELD) | failed)
        .order_by(HeldAct.created_at, HeldAct.id)
        .limit(_MOST_SHOWN)
    )
    rows = found.all()
    key = await keys.key_of(tx, case) if may_read and rows else None
    return [
        _view(
            row,
            actor,
            await name_of(tx, f"staff:{row.staff_id}"),
            None if key is None else _words(key, row),
        )
        for row in rows
    ]


async def next_due(tx: AsyncSession) -> datetime | None:
    """When the next is to be done."""
    return await earliest(tx, select(func.min(HeldAct.next_at)))


async def due_acts(tx: AsyncSession, now: datetime) -> list[str]:
    """What is to be done now, the longest due first, a batch at most."""
    rows = await tx.scalars(
        select(HeldAct.id).where(HeldAct.next_at <= now).order_by(HeldAct.next_at).limit(BATCH)
    )
    return list(rows)


async def carry_out(unit: Unit, held_id: str) -> HeldState | None:
    """Do it, or note why it was refused; ``None`` when it was taken back or is done."""
    # The case first, as every use case locks it: the other order would be a deadlock.
    case = await unit.tx.scalar(
        select(Case)
        .join(HeldAct, HeldAct.case_id == Case.id)
        .where(HeldAct.id == held_id)
        .with_for_update(of=Case)
    )
    row = await unit.tx.get(HeldAct, held_id, with_for_update=True)
    if case is None or row is None or row.next_at is None or row.next_at > unit.now:
        return None
    if row.state == HeldState.FAILED:
        _over(unit, row, HeldState.FAILED)
        return HeldState.FAILED
    staff = await unit.tx.get_one(Staff, row.staff_id)
    try:
        # Of a case that was erased meanwhile there is no key any more.
        words = _words(await unit.keys.key_of(unit.tx, case), row)
        # What a refused act had begun is not kept.
        async with unit.tx.begin_nested():
            if staff.disabled_at is not None:
                raise not_found()
            actor = await actor_of_staff(unit.tx, staff)
            if row.kind == HeldKind.CLOSE:
                await desk.close_case(unit.tx, unit.keys, actor, case.id, unit.now)
            elif words is not None:
                await thread.say(unit, actor, case.id, words)
    except CaseError as refused:
        row.failure = refused.code
        # Its author has the words back until then.
        row.state, row.next_at = HeldState.FAILED, unit.now + _FAILED_SHOWN
    else:
        _over(unit, row, HeldState.DONE)
    await unit.tx.flush()
    _hint(unit, case)
    return HeldState(row.state)


async def postpone(unit: Unit, held_id: str) -> None:
    """Try again later what met a fault, so that it keeps nobody else waiting."""
    await unit.tx.execute(
        update(HeldAct)
        .where(HeldAct.id == held_id, HeldAct.next_at.is_not(None))
        .values(next_at=unit.now + _AGAIN_AFTER)
    )


def _new(unit: Unit, actor: StaffActor, case: Case, kind: HeldKind) -> HeldAct:
    due_at = unit.now + HOLD
    return HeldAct(
        id=new_id("hld"),
        case_id=case.id,
        staff_id=actor.staff_id,
        kind=kind,
        state=HeldState.HELD,
        due_at=due_at,
        next_at=due_at,
        created_at=unit.now,
    )


def _over(unit: Unit, row: HeldAct, state: HeldState) -> None:
    """The words stand in the log by now, or nowhere: here they are forgotten."""
    row.state, row.next_at, row.ended_at, row.sealed = state, None, unit.now, None


async def _rows(tx: AsyncSession, case_id: str, staff_id: str | None) -> list[HeldAct]:
    query = select(HeldAct).where(HeldAct.case_id == case_id, HeldAct.state == HeldState.HELD)
    if staff_id is not None:
        query = query.where(HeldAct.staff_id == staff_id)
    return list(await tx.scalars(query))


def _words(key: bytes, row: HeldAct) -> SayAsStaff | None:
    if row.sealed is None:
        return None
    return open_words(SayAsStaff, key, _bound(row.id), row.sealed)


def _view(row: HeldAct, actor: StaffActor, by: str, words: SayAsStaff | None) -> HeldView:
    return HeldView(
        id=row.id,
        kind=HeldKind(row.kind),
        state=HeldState(row.state),
        by=by,
        mine=row.staff_id == actor.staff_id,
        due_at=row.due_at,
        message=words,
        failure=row.failure,
    )


def _hint(unit: Unit, case: Case) -> None:
    desks = {case.tenant_id, *([case.warehouse_id] if case.warehouse_id else [])}
    unit.changes.desks |= desks
    unit.changes.threads[case.id] = frozenset(desks)


def _bound(held_id: str) -> str:
    return f"held_acts:{held_id}"
