"""Erasure of a case: ordered in one commit, carried out until it is whole, told by its tombstone.

From the order on nobody reads the case any more. ``recorder.erasing`` destroys its keys and
has the store delete; ``scrub`` is the database's part.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases import deadlines, links
from cases.access_policy import Action
from cases.actor import Actor, KeyActor, StaffActor, SystemActor
from cases.case_access import not_found, sees_erased
from cases.case_note import note
from cases.deadline_plan import DeadlineKind
from cases.states import CaseState, SessionState
from cases.tables import Case, Erasure, LegalHold, Recording, Session
from cases.unit import Unit
from cases.view import View
from runtime.errors import CaseError


class ErasureState(StrEnum):
    """How far an erasure is."""

    ORDERED = "ordered"
    UNREADABLE = "unreadable"  # keys destroyed, words gone; the store still has bytes
    DONE = "done"


class ErasureCause(StrEnum):
    """What had it erased."""

    REQUEST = "request"
    RETENTION = "retention"


class ErasedManifest(View):
    """What was sealed of an inspection: what a package from before can still be held against."""

    session_id: str
    number: int
    root: str
    manifest_sha256: str


class ErasureView(View):
    """The tombstone of a case: who had it erased, when, why, and what that took away."""

    case_id: str
    order_number: str
    state: ErasureState
    cause: ErasureCause
    reason: str
    """As whoever asked gave it; of a rule in English, ``kept_days`` says the same."""
    kept_days: int | None
    """For how many days after its closing the rule kept it, where a rule had it erased."""
    ordered_at: datetime
    ordered_by: str
    unreadable_at: datetime | None
    done_at: datetime | None
    counts: dict[str, int]
    """What was taken away, by kind; empty until it was."""
    manifests: list[ErasedManifest]
    objects_left: int
    """Objects that the store still has, which nobody can decrypt."""
    left_why: str | None


async def order_by_request(
    unit: Unit, actor: Actor, case: Case, reason: str, order_number: str
) -> None:
    """Have a case erased because somebody asks for it; the case is held already.

    Raises:
        CaseError: ``not_confirmed`` (422) where the order number is not the case's, and what
            ``order`` refuses.
    """
    if order_number != case.order_number:
        raise CaseError(
            "not_confirmed", "Write the case's order number to confirm its erasure.", status=422
        )
    await order(unit, case, ErasureCause.REQUEST, reason, actor)


async def order_by_rule(unit: Unit, case: Case, kept_days: int) -> None:
    """Have a case erased that this transaction holds and whose rule kept it for so many days.

    Raises:
        CaseError: what ``order`` refuses.
    """
    reason = f"Kept for {kept_days} days after it was closed."
    await order(unit, case, ErasureCause.RETENTION, reason, SystemActor(), kept_days)


async def order(
    unit: Unit,
    case: Case,
    cause: ErasureCause,
    reason: str,
    actor: Actor,
    kept_days: int | None = None,
) -> None:
    """Order the erasure of a case that this transaction holds.

    Raises:
        CaseError: ``held`` (409) under a legal hold, ``session_open``, ``case_open`` (409) for
            one that is not closed, ``evidence_pending`` (409) while recordings are on their way.
    """
    await _refuse(unit.tx, case)
    payload = {"cause": cause, "reason": reason}
    await note(unit.tx, unit.keys, case, "erasure_ordered", payload, actor, unit.now)
    await deadlines.end(unit.tx, case, set(DeadlineKind), unit.now)
    await links.revoke_links(unit.tx, case.id, unit.now)
    case.erased_at, case.erased_because, case.updated_at = unit.now, reason, unit.now
    unit.tx.add(
        Erasure(
            case_id=case.id,
            tenant_id=case.tenant_id,
            state=ErasureState.ORDERED,
            cause=cause,
            reason=reason,
            kept_days=kept_days,
            ordered_at=unit.now,
            ordered_by=actor.label,
            counts={},
            manifests=[],
            left=[],
            next_at=unit.now,
            tries=0,
        )
    )
    await unit.tx.flush()


async def _refuse(tx: AsyncSession, case: Case) -> None:
    held = await tx.scalar(
        select(LegalHold.reason).where(
            LegalHold.case_id == case.id, LegalHold.released_at.is_(None)
        )
    )
    if held is not None:
        raise CaseError(
            "held", "This case is under a legal hold; release it first.", hold_reason=held
        )
    is_open = await tx.scalar(
        select(Session.id)
        .where(Session.case_id == case.id, Session.state != SessionState.ENDED)
        .limit(1)
    )
    if is_open is not None:
        raise CaseError("session_open", "An inspection of this case is under way.")
    if case.state != CaseState.CLOSED:
        raise CaseError("case_open", "Close this case first.", state=case.state)
    on_its_way = await tx.scalar(
        select(Session.id)
        .join(Recording, Recording.session_id == Session.id)
        .where(Session.case_id == case.id, Session.recorder_closed_at.is_(None))
        .limit(1)
    )
    if on_its_way is not None:
        raise CaseError(
            "evidence_pending", "Its recordings are still being stored.", retry_after_s=60
        )


async def tombstone(tx: AsyncSession, actor: StaffActor | KeyActor, case_id: str) -> ErasureView:
    """What is left of an erased case.

    Raises:
        CaseError: ``not_found`` (404), ``forbidden`` (403).
    """
    case = sees_erased(await tx.get(Case, case_id), actor, Action.VIEW_CASE)
    row = await tx.get(Erasure, case_id)
    if row is None:
        raise not_found()
    return ErasureView(
        case_id=case.id,
        order_number=case.order_number,
        state=ErasureState(row.state),
        cause=ErasureCause(row.cause),
        reason=row.reason,
        kept_days=row.kept_days,
        ordered_at=row.ordered_at,
        ordered_by=row.ordered_by,
        unreadable_at=row.unreadable_at,
        done_at=row.done_at,
        counts=row.counts,
        manifests=[ErasedManifest.model_validate(one) for one in row.manifests],
        objects_left=len(row.left),
        left_why=row.left_why,
    )


async def next_due(tx: AsyncSession) -> datetime | None:
    """When the next erasure is to be gone on with."""
    return await tx.scalar(select(func.min(Erasure.next_at)))


async def due_erasures(tx: AsyncSession, now: datetime) -> list[str]:
    """The cases whose erasure is to be gone on with."""
    rows = await tx.scalars(
        select(Erasure.case_id).where(Erasure.next_at <= now).order_by(Erasure.next_at).limit(20)
    )
    return list(rows)
