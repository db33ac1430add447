"""Shares: a named viewer without an account replays one inspection, or a part of it, for a time.

The link is a secret of 256 bits, kept as a digest and told once; it opens nothing else, and
everything that is done by it is in the access log under the share's name.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.access_log import Access, Deed, write_access
from cases.access_policy import Action
from cases.actor import Actor, ShareActor
from cases.case_access import load_case, not_found
from cases.keys import KeyDestroyed, KeyRing
from cases.sealing import seal, unseal
from cases.session_access import see_session
from cases.states import SessionState
from cases.tables import Case, Session, Share
from cases.unit import Unit
from runtime.errors import CaseError
from runtime.ids import CaseId, new_id

TOKEN_BYTES: Final = 32
USUAL_DAYS: Final = 7
LONGEST_DAYS: Final = 90
_MOST_OPEN: Final = 50
_SEEN_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ShareOrder:
    """For whom, for how long, and of what: a part lies between two wall-clock moments in ms."""

    name: str
    email: str | None
    days: int
    part: tuple[int, int] | None
    may_download: bool


@dataclass(frozen=True, slots=True)
class Viewer:
    """To whom a link was given."""

    name: str
    email: str | None


@dataclass(frozen=True, slots=True)
class OpenShare:
    """A share that may be used now, and what it is of."""

    actor: ShareActor
    share: Share
    session: Session
    case: Case
    viewer: Viewer


async def make_share(
    unit: Unit, actor: Actor, session_id: str, order: ShareOrder
) -> tuple[Share, str]:
    """Make a share and give it with its token, which is told once.

    Raises:
        CaseError: ``not_found``, ``session_open`` (409), ``bad_part`` (422),
            ``too_many_links`` (429).
    """
    seen = await see_session(unit.tx, actor, session_id, Action.SHARE, lock=True)
    session = seen.session
    if session.state != SessionState.ENDED:
        raise CaseError("session_open", "An inspection of this case is under way.")
    if order.part is not None and not _touches(session, order.part):
        raise CaseError("bad_part", "There is no such part of this inspection.", status=422)
    still_open = await unit.tx.scalar(
        select(func.count())
        .select_from(Share)
        .where(
            Share.session_id == session.id,
            Share.revoked_at.is_(None),
            Share.expires_at > unit.now,
        )
    )
    if (still_open or 0) >= _MOST_OPEN:
        raise CaseError("too_many_links", "Too many links for one inspection.", status=429)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    share_id = new_id("shr")
    viewer = json.dumps({"name": order.name, "email": order.email}).encode()
    share = Share(
        id=share_id,
        case_id=session.case_id,
        session_id=session.id,
        token_hash=_token_hash(token),
        sealed_viewer=seal(await unit.keys.case_key(unit.tx, session.case_id), share_id, viewer),
        from_ms=order.part[0] if order.part else None,
        to_ms=order.part[1] if order.part else None,
        may_download=order.may_download,
        created_by=actor.label,
        created_at=unit.now,
        expires_at=unit.now + timedelta(days=order.days),
    )
    unit.tx.add(share)
    await unit.tx.flush()
    await _note(unit, actor, session, Deed.SHARED, share)
    return share, token


async def end_share(unit: Unit, actor: Actor, share_id: str) -> None:
    """End a share at once; ending it twice changes nothing.

    Raises:
        CaseError: ``not_found`` (404).
    """
    share = await unit.tx.scalar(select(Share).where(Share.id == share_id).with_for_update())
    if share is None:
        raise not_found()
    seen = await see_session(unit.tx, actor, share.session_id, Action.SHARE)
    if share.revoked_at is None:
        share.revoked_at = unit.now
        await _note(unit, actor, seen.session, Deed.SHARE_ENDED, share)


async def shares_of(
    tx: AsyncSession, keys: KeyRing, actor: Actor, case_id: str
) -> list[tuple[Share, Viewer]]:
    """A case's shares with their viewers, the newest first, at most a hundred.

    Raises:
        CaseError: ``not_found`` (404), ``forbidden`` (403).
    """
    await load_case(tx, actor, case_id, Action.SHARE)
    rows = await tx.scalars(
        select(Share)
        .where(Share.case_id == case_id)
        .order_by(Share.created_at.desc(), Share.id)
        .limit(100)
    )
    return await with_viewers(tx, keys, rows)


async def with_viewers(
    tx: AsyncSession, keys: KeyRing, shares: Iterable[Share]
) -> list[tuple[Share, Viewer]]:
    """As ``viewer_of`` for each; a case's key is read once, however many shares it has."""
    case_keys: dict[str, bytes | None] = {}
    found = []
    for share in shares:
        if share.case_id not in case_keys:
            case_keys[share.case_id] = await _case_key(tx, keys, share.case_id)
        found.append((share, _viewer(share, case_keys[share.case_id])))
    return found


async def viewer_of(tx: AsyncSession, keys: KeyRing, share: Share) -> Viewer:
    """To whom the link was given; without a name once the case was erased."""
    return _viewer(share, await _case_key(tx, keys, share.case_id))


async def _case_key(tx: AsyncSession, keys: KeyRing, case_id: str) -> bytes | None:
    try:
        return await keys.case_key(tx, case_id)
    except KeyDestroyed:
        return None


def _viewer(share: Share, case_key: bytes | None) -> Viewer:
    if case_key is None:
        return Viewer("", None)
    return Viewer(**json.loads(unseal(case_key, share.id, share.sealed_viewer)))


async def find_share(
    tx: AsyncSession, keys: KeyRing, token: str, now: datetime, *, share_id: str | None = None
) -> OpenShare:
    """What a token opens; with ``share_id``, of this share and no other.

    Raises:
        CaseError: ``link_unknown`` (404), ``link_revoked``, ``link_expired`` or ``erased`` (410).
    """
    row = (
        await tx.execute(
            select(Share, Session, Case)
            .join(Session, Session.id == Share.session_id)
            .join(Case, Case.id == Share.case_id)
            .where(Share.token_hash == _token_hash(token))
        )
    ).first()
    if row is None or share_id not in (None, row[0].id):
        raise CaseError("link_unknown", "This link does not exist.", status=404)
    share, session, case = row
    if share.revoked_at is not None:
        raise CaseError("link_revoked", "This link was withdrawn.", status=410)
    if share.expires_at <= now:
        raise CaseError("link_expired", "This link has expired.", status=410)
    viewer = await viewer_of(tx, keys, share)
    if not viewer.name:
        raise CaseError("erased", "This evidence was erased.", status=410)
    actor = ShareActor(share.id, session.id, CaseId(case.id))
    return OpenShare(actor, share, session, case, viewer)


async def see_again(unit: Unit, share_id: str) -> None:
    """Keep when a share was last used, to the minute."""
    share = await unit.tx.get_one(Share, share_id)
    if share.last_seen_at is None or unit.now - share.last_seen_at >= _SEEN_EVERY:
        share.last_seen_at = unit.now


async def _note(unit: Unit, actor: Actor, session: Session, deed: Deed, share: Share) -> None:
    spans = ((share.from_ms, share.to_ms),) if share.from_ms and share.to_ms else ()
    access = Access(
        actor, session.tenant_id, session.case_id, deed, "share", share.id, unit.now, spans
    )
    await write_access(unit.tx, unit.keys, access)


def _touches(session: Session, part: tuple[int, int]) -> bool:
    begin = session.created_at.timestamp() * 1000
    end = (session.ended_at or session.created_at).timestamp() * 1000
    return part[0] < part[1] and part[0] <= end and part[1] >= begin


def _token_hash(token: str) -> bytes:
    return sha256(token.encode("utf-8", "replace")).digest()
