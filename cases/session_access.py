"""Live inspections as somebody may see them: the session, its case, and the people in it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.access_policy import Action, may
from cases.actor import Actor, BuyerActor, ObserverActor, StaffActor
from cases.case_access import erased, facts_of, not_found
from cases.states import (
    ParticipantRole,
    Presence,
    SessionState,
)
from cases.tables import (
    Case,
    Participant,
    Session,
)
from runtime.errors import CaseError


@dataclass(frozen=True, slots=True)
class Seen:
    """A session as somebody who may see it sees it."""

    session: Session
    case: Case
    me: Participant | None


async def see_session(
    tx: AsyncSession, actor: Actor, session_id: str, action: Action, *, lock: bool = False
) -> Seen:
    """Load a session for somebody; with ``lock`` nobody else changes it meanwhile.

    Raises:
        CaseError: ``not_found`` (404) when it does not exist for the actor, ``erased`` (410).
    """
    query = select(Session, Case).join(Case, Case.id == Session.case_id)
    query = query.where(Session.id == session_id)
    if lock:
        query = query.with_for_update(of=Session)
    row = (await tx.execute(query)).one_or_none()
    if row is None:
        raise not_found()
    session, case = row
    if not may(actor, action, facts_of(case)) or (
        isinstance(actor, ObserverActor) and actor.session_id != session.id
    ):
        raise not_found()
    if case.erased_at is not None:
        raise erased(case)
    return Seen(session, case, await participant_of(tx, actor, session_id))


async def see_as_participant(
    tx: AsyncSession, actor: Actor, session_id: str, *, lock: bool = False
) -> tuple[Session, Case, Participant]:
    """Load a session for somebody who takes part in it, whoever they are.

    A host who gave the buyer back to the queue, or on to another host, no longer does, and
    neither does an observer who left or was shown out.

    Raises:
        CaseError: ``not_found`` (404).
    """
    # Whoever may host may observe: what they are in this session decides the rest.
    action = Action.TAKE_PART if isinstance(actor, BuyerActor) else Action.OBSERVE
    seen = await see_session(tx, actor, session_id, action, lock=lock)
    if seen.me is None or not _takes_part(actor, seen.session, seen.case, seen.me):
        raise not_found()
    return seen.session, seen.case, seen.me


async def see_as_host(
    tx: AsyncSession, actor: Actor, session_id: str, *, lock: bool = False
) -> tuple[Session, Case, Participant]:
    """Load a session for the one host in charge of it.

    Raises:
        CaseError: ``not_found`` (404), ``wrong_role`` (403) for anybody else who takes part,
            ``not_in_charge`` (403) for a host who is being handed the buyer.
    """
    session, case, me = await see_as_participant(tx, actor, session_id, lock=lock)
    if me.role != ParticipantRole.HOST:
        raise CaseError("wrong_role", "Only the host can do this.", status=403)
    if session.host_staff_id != me.staff_id:
        raise CaseError("not_in_charge", "The other host is still in charge.", status=403)
    return session, case, me


def _takes_part(actor: Actor, session: Session, case: Case, me: Participant) -> bool:
    if me.role == ParticipantRole.HOST:
        return may(actor, Action.HOST, facts_of(case)) and me.staff_id in (
            session.host_staff_id,
            session.successor_staff_id,
        )
    if me.role == ParticipantRole.OBSERVER:
        is_over = session.state == SessionState.ENDED
        return me.removed_at is None and (is_over or me.presence != Presence.LEFT)
    return True


async def open_session_of(tx: AsyncSession, case_id: str) -> Session | None:
    """The case's session that has not ended."""
    return (
        await tx.execute(
            select(Session).where(Session.case_id == case_id, Session.state != SessionState.ENDED)
        )
    ).scalar_one_or_none()


async def participants_of(tx: AsyncSession, session_id: str) -> list[Participant]:
    """Everybody who is or was in the session, in order of joining."""
    rows = await tx.execute(
        select(Participant)
        .where(Participant.session_id == session_id)
        .order_by(Participant.joined_at, Participant.id)
    )
    return list(rows.scalars())


async def buyer_in(tx: AsyncSession, session_id: str) -> Participant | None:
    """The session's buyer, once they have tapped."""
    return (
        await tx.execute(
            select(Participant).where(
                Participant.session_id == session_id, Participant.role == ParticipantRole.BUYER
            )
        )
    ).scalar_one_or_none()


async def participant_of(tx: AsyncSession, actor: Actor, session_id: str) -> Participant | None:
    """The actor as somebody in the session; None for who is not in it."""
    query = select(Participant).where(Participant.session_id == session_id)
    if isinstance(actor, BuyerActor):
        # One buyer, on whichever device the link is bound to now.
        query = query.where(Participant.role == ParticipantRole.BUYER)
    elif isinstance(actor, StaffActor):
        query = query.where(Participant.staff_id == actor.staff_id)
    elif isinstance(actor, ObserverActor):
        query = query.where(Participant.observer_link_id == actor.observer_link_id)
    else:
        return None
    return (await tx.execute(query)).scalar_one_or_none()
