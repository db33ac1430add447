"""What somebody should know of the evidence: that it waits for the store, or does not match.

Both go away by themselves: when the store took what waited, and when the reconciler finds
nothing any more. Each seller is told of their own sessions only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.access_policy import Action
from cases.actor import Actor, KeyActor, StaffActor
from cases.case_access import load_case
from cases.states import Role, Scope
from cases.tables import Case, EvidenceCheck, Session
from recorder.outages import StoreOutage
from runtime.errors import CaseError, StoreFault

_MOST_TOLD: Final = 20


@dataclass(frozen=True, slots=True)
class Waiting:
    """Evidence that the store does not take now; it is whole on the server's disk."""

    since: datetime
    sessions: int
    bytes: int
    fault: StoreFault


@dataclass(frozen=True, slots=True)
class DoesNotMatch:
    """A session of which the reconciler's last look found ``mismatches`` things."""

    case_id: str
    session_id: str
    mismatches: int
    kinds: Sequence[str]
    checked_at: datetime | None


@dataclass(frozen=True, slots=True)
class EvidenceNotes:
    """Nothing and empty while all is well."""

    waiting: Waiting | None
    mismatches: Sequence[DoesNotMatch]


async def notes_of_seller(
    tx: AsyncSession, actor: Actor, outages: Sequence[StoreOutage], waiting: Mapping[str, int]
) -> EvidenceNotes:
    """Of all of a seller's cases.

    Raises:
        CaseError: ``forbidden`` (403) for anybody but the seller's admins and machines.
    """
    is_admin = isinstance(actor, StaffActor) and Role.ADMIN in actor.roles
    is_machine = isinstance(actor, KeyActor) and Scope.EVIDENCE_READ in actor.scopes
    tenant_id = actor.tenant_id if isinstance(actor, StaffActor | KeyActor) else None
    if tenant_id is None or not (is_admin or is_machine):
        raise CaseError("forbidden", "You may not do this.", status=403)
    return await _notes(tx, Case.tenant_id == tenant_id, outages, waiting)


async def notes_of_case(
    tx: AsyncSession,
    actor: Actor,
    case_id: str,
    outages: Sequence[StoreOutage],
    waiting: Mapping[str, int],
) -> EvidenceNotes:
    """Of one case, for whoever may look at its evidence.

    Raises:
        CaseError: ``not_found`` (404), ``forbidden`` (403).
    """
    case = await load_case(tx, actor, case_id, Action.REVIEW)
    return await _notes(tx, Case.id == case.id, outages, waiting)


async def _notes(
    tx: AsyncSession,
    concerned: ColumnElement[bool],
    outages: Sequence[StoreOutage],
    waiting: Mapping[str, int],
) -> EvidenceNotes:
    found = await tx.execute(
        select(EvidenceCheck, Session.case_id)
        .join(Session, Session.id == EvidenceCheck.session_id)
        .join(Case, Case.id == Session.case_id)
        .where(EvidenceCheck.mismatches > 0, concerned)
        .order_by(EvidenceCheck.checked_at.desc(), EvidenceCheck.session_id)
        .limit(_MOST_TOLD)
    )
    return EvidenceNotes(
        await _waiting(tx, concerned, outages, waiting),
        [
            DoesNotMatch(
                case_id,
                row.session_id,
                row.mismatches,
                sorted({one["kind"] for one in row.found}),
                row.checked_at,
            )
            for row, case_id in found
        ],
    )


async def _waiting(
    tx: AsyncSession,
    concerned: ColumnElement[bool],
    outages: Sequence[StoreOutage],
    waiting: Mapping[str, int],
) -> Waiting | None:
    named = {session_id for one in outages for session_id in one.sessions}
    if not named:
        return None
    rows = await tx.scalars(
        select(Session.id)
        .join(Case, Case.id == Session.case_id)
        .where(Session.id.in_(named), concerned)
    )
    ours = set(rows)
    felt = [one for one in outages if ours.intersection(one.sessions)]
    if not felt:
        return None
    since_ns = min(one.since_ns for one in felt)
    is_theirs = all(one.fault is StoreFault.CUSTOMER for one in felt)
    return Waiting(
        since=datetime.fromtimestamp(since_ns // 1_000_000_000, UTC),
        sessions=len(ours),
        bytes=sum(waiting.get(session_id, 0) for session_id in ours),
        fault=StoreFault.CUSTOMER if is_theirs else StoreFault.OURS,
    )
