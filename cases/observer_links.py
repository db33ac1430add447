"""Observer links: unguessable, hashed, for one session and one browser, over when it is.

They let somebody without an account, such as an interpreter, watch and speak; never more.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.access_policy import Action, may
from cases.actor import Actor, ObserverActor, StaffActor
from cases.case_access import facts_of, forbidden, not_found
from cases.keys import KeyRing
from cases.log import Visibility
from cases.participant_names import opened_name, opened_names
from cases.session_access import see_session
from cases.sessions import go
from cases.states import Capacity, ParticipantRole, Presence, SessionState
from cases.tables import Case, ObserverLink, Participant, Session
from cases.unit import Unit
from runtime.errors import CaseError
from runtime.ids import CaseId, new_id

_TOKEN_BYTES: Final = 18  # 144 bits, as a join link's
_SECRET_BYTES: Final = 32
_SECRET_FORM: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_MAX_LINKS: Final = 20


@dataclass(frozen=True, slots=True)
class ObserverLinkMade:
    """A new link and its token, which is told once."""

    link_id: str
    token: str


def may_invite(actor: Actor, session: Session, case: Case) -> bool:
    """Whether somebody may let observers without an account in: the host, or the seller."""
    if may(actor, Action.INVITE, facts_of(case)):
        return True
    return (
        isinstance(actor, StaffActor)
        and actor.staff_id == session.host_staff_id
        and may(actor, Action.HOST, facts_of(case))
    )


async def make_link(unit: Unit, actor: Actor, session_id: str) -> ObserverLinkMade:
    """Make a link into this session for one observer.

    Raises:
        CaseError: ``not_found``, ``forbidden``, ``already_ended`` (409), ``too_many_links`` (429).
    """
    session = await _session_to_invite_to(unit, actor, session_id)
    known = await unit.tx.scalar(
        select(func.count()).select_from(ObserverLink).where(ObserverLink.session_id == session.id)
    )
    if (known or 0) >= _MAX_LINKS:
        raise CaseError("too_many_links", "Too many links for one inspection.", status=429)
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    link = ObserverLink(
        id=new_id("obl"),
        session_id=session.id,
        token_hash=_token_hash(token),
        capacity=Capacity.INTERPRETER,
        created_by=actor.label,
        created_at=unit.now,
    )
    unit.tx.add(link)
    await unit.tx.flush()
    await unit.record(
        session.id, "observer_invited", {"link_id": link.id}, actor, visibility=Visibility.SELLER
    )
    return ObserverLinkMade(link.id, token)


async def revoke_link(unit: Unit, actor: Actor, session_id: str, link_id: str) -> None:
    """End a link, and with it the part of whoever came by it; revoking twice changes nothing.

    Raises:
        CaseError: ``not_found``, ``forbidden``, ``already_ended`` (409).
    """
    session = await _session_to_invite_to(unit, actor, session_id)
    link = await unit.tx.get(ObserverLink, link_id)
    if link is None or link.session_id != session.id:
        raise not_found()
    if link.revoked_at is not None:
        return
    link.revoked_at = unit.now
    await unit.record(
        session.id,
        "observer_link_revoked",
        {"link_id": link.id},
        actor,
        visibility=Visibility.SELLER,
    )
    person = await participant_of_link(unit.tx, link.id)
    if person is not None and person.presence != Presence.LEFT:
        await show_out(unit, session, person, actor)


async def show_out(unit: Unit, session: Session, person: Participant, actor: Actor) -> None:
    """End an observer's part for good; everybody reads by whom."""
    person.removed_at = unit.now
    go(unit, session, person)
    await unit.record(
        session.id,
        "observer_removed",
        {
            "participant_id": person.id,
            "name": opened_name(await unit.session_key(session.id), person),
        },
        actor,
    )
    unit.changes.sessions.add(session.id)
    await unit.tx.flush()


async def find_link(tx: AsyncSession, token: str) -> tuple[ObserverLink, Session]:
    """What a token opens.

    Raises:
        CaseError: ``link_unknown`` (404), ``link_revoked`` or ``link_expired`` (410).
    """
    row = (
        await tx.execute(
            select(ObserverLink, Session)
            .join(Session, Session.id == ObserverLink.session_id)
            .where(ObserverLink.token_hash == _token_hash(token))
        )
    ).first()
    if row is None:
        raise CaseError("link_unknown", "This link does not exist.", status=404)
    link, session = row
    if link.revoked_at is not None:
        raise CaseError("link_revoked", "This link was withdrawn.", status=410)
    if session.state == SessionState.ENDED:
        raise CaseError("link_expired", "This inspection is over.", status=410)
    return link, session


def is_free_for(link: ObserverLink, secret: str | None) -> bool:
    """Whether this browser may use the link: nobody has yet, or it is the one that did."""
    return link.secret_hash is None or link.secret_hash == _secret_hash(secret, link.id)


def bind(link: ObserverLink, secret: str | None) -> str:
    """Bind the link to this browser; gives what belongs into its cookie.

    Raises:
        CaseError: ``other_device`` (409).
    """
    if not is_free_for(link, secret):
        raise CaseError("other_device", "This link is in use on another device.")
    if secret is None or _SECRET_FORM.fullmatch(secret) is None:
        secret = secrets.token_urlsafe(_SECRET_BYTES)
    link.secret_hash = _secret_hash(secret, link.id)
    return secret


async def observer_of_session(
    tx: AsyncSession, secret: str | None, session_id: str
) -> ObserverActor | None:
    """The observer behind a browser's cookie, in this session; None once the link is revoked."""
    if secret is None or _SECRET_FORM.fullmatch(secret) is None:
        return None
    rows = await tx.execute(
        select(ObserverLink, Session.case_id)
        .join(Session, Session.id == ObserverLink.session_id)
        .where(ObserverLink.session_id == session_id, ObserverLink.revoked_at.is_(None))
    )
    for link, case_id in rows:
        if link.secret_hash == _secret_hash(secret, link.id):
            return ObserverActor(session_id, CaseId(case_id), link.id)
    return None


async def participant_of_link(tx: AsyncSession, link_id: str) -> Participant | None:
    """Who came by this link, if anybody did."""
    return (
        await tx.execute(
            select(Participant).where(
                Participant.observer_link_id == link_id,
                Participant.role == ParticipantRole.OBSERVER,
            )
        )
    ).scalar_one_or_none()


async def links_of(
    tx: AsyncSession, keys: KeyRing, actor: Actor, session_id: str
) -> list[dict[str, object]]:
    """The links of a session that still open something, for whoever may make them.

    Raises:
        CaseError: ``not_found``, ``forbidden``.
    """
    seen = await see_session(tx, actor, session_id, Action.OBSERVE)
    if not may_invite(actor, seen.session, seen.case):
        raise forbidden()
    rows = await tx.execute(
        select(ObserverLink, Participant)
        .outerjoin(Participant, Participant.observer_link_id == ObserverLink.id)
        .where(ObserverLink.session_id == session_id, ObserverLink.revoked_at.is_(None))
        .order_by(ObserverLink.created_at, ObserverLink.id)
    )
    found = [(link, person) for link, person in rows]
    names = await opened_names(tx, keys, [person for _, person in found if person is not None])
    return [
        {
            "link_id": link.id,
            "created_at": link.created_at.isoformat(),
            "used_by": names[person.id] if person is not None else None,
        }
        for link, person in found
    ]


async def _session_to_invite_to(unit: Unit, actor: Actor, session_id: str) -> Session:
    seen = await see_session(unit.tx, actor, session_id, Action.OBSERVE, lock=True)
    if not may_invite(actor, seen.session, seen.case):
        raise forbidden()
    if seen.session.state == SessionState.ENDED:
        raise CaseError("already_ended", "This inspection has already ended.")
    return seen.session


def _token_hash(token: str) -> bytes:
    return sha256(token.encode("utf-8", "replace")).digest()


def _secret_hash(secret: str | None, link_id: str) -> bytes:
    return sha256(f"{secret}:{link_id}".encode("utf-8", "replace")).digest()
