"""Bench cameras: made for a warehouse, published by a token, shown in at most one session.

What stands in the database is what must be; ``signaling/bench_link.py`` has the media
workers follow. Nobody but the people of a session sees a camera, and only while the
session's log says that it is attached.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases import sessions
from cases.actor import StaffActor, SystemActor
from cases.case_access import not_found
from cases.facts import MediaFact
from cases.participant_names import sealed_name
from cases.session_access import participants_of, see_as_host, see_as_participant
from cases.states import ParticipantRole, Presence, SessionState
from cases.tables import BenchCamera, Case, Participant, Session, Warehouse
from cases.unit import Unit
from runtime.errors import CaseError
from runtime.ids import new_id

TOKEN_PREFIX: Final = "bc_"  # noqa: S105 - what every token begins with
_SECRET_BYTES: Final = 32
_MAX_NAME_CHARS: Final = 80


class BenchState(StrEnum):
    """What a host may do with a camera now."""

    OFF = "off"  # it does not publish
    READY = "ready"
    SHOWN = "shown"  # in the host's own session
    BUSY = "busy"  # in another one


async def create_camera(
    tx: AsyncSession, *, warehouse_id: str, name: str, now: datetime
) -> tuple[str, str]:
    """A new camera: its id and its token, which is given once and stored hashed.

    Raises:
        CaseError: ``not_found`` (404) for an unknown warehouse, ``invalid`` (422) for a name.
    """
    if await tx.get(Warehouse, warehouse_id) is None:
        raise CaseError("not_found", "There is no such warehouse.", status=404)
    name = name.strip()
    if not 1 <= len(name) <= _MAX_NAME_CHARS:
        raise CaseError("invalid", f"A name has 1 to {_MAX_NAME_CHARS} characters.", status=422)
    camera_id = new_id("cam")
    token = TOKEN_PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
    tx.add(
        BenchCamera(
            id=camera_id,
            warehouse_id=warehouse_id,
            name=name,
            secret_hash=_hash_of(token),
            created_at=now,
        )
    )
    await tx.flush()
    return camera_id, token


async def revoke_camera(tx: AsyncSession, camera_id: str, now: datetime) -> None:
    """From now on its token is worth nothing; what it publishes ends within seconds.

    Raises:
        CaseError: ``not_found`` (404).
    """
    camera = await tx.get(BenchCamera, camera_id, with_for_update=True)
    if camera is None:
        raise CaseError("not_found", "There is no such camera.", status=404)
    camera.revoked_at = camera.revoked_at or now


async def camera_of_token(tx: AsyncSession, camera_id: str, token: str) -> BenchCamera | None:
    """The camera with this id, if this is its token and it was not revoked."""
    if not token.startswith(TOKEN_PREFIX):
        return None
    return (
        await tx.execute(
            select(BenchCamera).where(
                BenchCamera.secret_hash == _hash_of(token),
                BenchCamera.id == camera_id,
                BenchCamera.revoked_at.is_(None),
            )
        )
    ).scalar_one_or_none()


async def cameras_for(
    tx: AsyncSession, actor: StaffActor, session_id: str
) -> list[dict[str, object]]:
    """The cameras that a host may show in their session; none for staff of a seller.

    Raises:
        CaseError: ``not_found`` (404).
    """
    _session, case, _me = await see_as_participant(tx, actor, session_id)
    if not _is_of_the_warehouse(actor, case.warehouse_id):
        return []
    cameras = await tx.scalars(
        select(BenchCamera)
        .where(BenchCamera.warehouse_id == case.warehouse_id, BenchCamera.revoked_at.is_(None))
        .order_by(BenchCamera.name, BenchCamera.id)
    )
    return [
        {"camera_id": camera.id, "name": camera.name, "state": _state_of(camera, session_id)}
        for camera in cameras
    ]


async def attach(unit: Unit, actor: StaffActor, session_id: str, camera_id: str) -> None:
    """Show a camera of the host's own warehouse in their session, instead of any other.

    The log says so in the same commit, before media shows it. Repeating it changes nothing.

    Raises:
        CaseError: what ``see_as_host`` raises; ``not_found`` (404), ``already_ended``,
            ``camera_busy``, ``camera_off`` (409).
    """
    session, case, _me = await see_as_host(unit.tx, actor, session_id, lock=True)
    if session.state == SessionState.ENDED:
        raise CaseError("already_ended", "This inspection has already ended.")
    camera = await _camera(unit, actor, case, camera_id)
    state = _state_of(camera, session_id)
    if state is BenchState.SHOWN:
        return
    if state is BenchState.BUSY:
        raise CaseError("camera_busy", "This camera is being shown in another inspection.")
    if state is BenchState.OFF:
        raise CaseError("camera_off", "This camera sends no picture. Check it at the bench.")
    # There is one place for a bench camera on everybody's page.
    await sessions.take_cameras_away(unit, session_id, actor)
    person = await _participant_for(unit, actor, session, camera)
    person.presence, person.left_at, person.seen_at = Presence.HERE, None, unit.now
    person.peer_id, person.connection = camera.peer_id, "good"
    camera.session_id, camera.participant_id = session.id, person.id
    unit.changes.moved_cameras.add(camera.id)
    await unit.record(
        session.id,
        "bench_attached",
        {"participant_id": person.id, "name": camera.name, "codec": camera.codec},
        actor,
    )
    unit.changes.sessions.add(session.id)
    await unit.tx.flush()


async def detach(unit: Unit, actor: StaffActor, session_id: str, camera_id: str) -> None:
    """Show the camera no more; nothing happens when it is not shown here.

    Raises:
        CaseError: what ``see_as_host`` raises; ``not_found`` (404).
    """
    _session, case, _me = await see_as_host(unit.tx, actor, session_id, lock=True)
    camera = await _camera(unit, actor, case, camera_id)
    if camera.session_id != session_id:
        return
    await sessions.take_cameras_away(unit, session_id, actor)


async def publish(
    unit: Unit, camera_id: str, worker: str, epoch: str, peer_id: str, codec: str | None
) -> tuple[str, str, str] | None:
    """A camera publishes with this peer now; gives the place and peer that it replaces.

    Raises:
        CaseError: ``bad_token`` (401): it was revoked meanwhile.
    """
    camera = await unit.tx.get_one(BenchCamera, camera_id, with_for_update=True)
    if camera.revoked_at is not None:
        raise CaseError("bad_token", "This token is not valid.", status=401)
    before = None
    if camera.peer_id and camera.media_worker and camera.media_epoch:
        before = (camera.media_worker, camera.media_epoch, camera.peer_id)
    camera.media_worker, camera.media_epoch, camera.peer_id = worker, epoch, peer_id
    camera.codec, camera.connected_at = codec, None
    if camera.participant_id is not None and camera.session_id is not None:
        person = await unit.tx.get_one(Participant, camera.participant_id)
        person.peer_id = peer_id
        unit.changes.sessions.add(camera.session_id)
    return before


async def unpublish(unit: Unit, camera_id: str, peer_id: str | None) -> None:
    """What a camera published with this peer has ended; a newer peer is left alone.

    One that was revoked is no longer shown either.
    """
    camera = await unit.tx.get(BenchCamera, camera_id, with_for_update=True)
    if camera is None or camera.peer_id != peer_id:
        return
    camera.media_worker = camera.media_epoch = camera.peer_id = camera.connected_at = None
    if camera.participant_id is not None and camera.session_id is not None:
        person = await unit.tx.get_one(Participant, camera.participant_id)
        person.peer_id, person.connection = None, "lost"
        unit.changes.sessions.add(camera.session_id)
        if camera.revoked_at is not None:
            await sessions.take_cameras_away(unit, camera.session_id, SystemActor())


async def note_fact(unit: Unit, fact: MediaFact) -> None:
    """What a media worker says of a camera's peer; an older peer's news is ignored."""
    camera_id = fact.camera_id or ""
    if fact.kind == "peer_closed":
        await unpublish(unit, camera_id, fact.peer_id)
        return
    camera = await unit.tx.get(BenchCamera, camera_id, with_for_update=True)
    if camera is None or camera.peer_id != fact.peer_id:
        return
    if fact.kind == "peer_connected":
        camera.connected_at = unit.now
    if camera.participant_id is None or camera.session_id is None:
        return
    person = await unit.tx.get_one(Participant, camera.participant_id)
    connection = "lost" if fact.kind == "peer_lost" else "good"
    if person.connection != connection:
        person.connection = connection
        unit.changes.sessions.add(camera.session_id)


async def publishing(tx: AsyncSession) -> Sequence[tuple[BenchCamera, Session | None]]:
    """Every camera that publishes, or was revoked while shown, with the session to show it."""
    rows = await tx.execute(
        select(BenchCamera, Session)
        .outerjoin(Session, Session.id == BenchCamera.session_id)
        .where(
            or_(
                BenchCamera.peer_id.is_not(None),
                and_(BenchCamera.revoked_at.is_not(None), BenchCamera.session_id.is_not(None)),
            )
        )
        .order_by(BenchCamera.id)
    )
    return [(camera, session) for camera, session in rows]


async def place_near_case(tx: AsyncSession, case_id: str) -> tuple[str, str] | None:
    """Where the cameras of the case's warehouse publish: its sessions are best placed there."""
    case = await tx.get(Case, case_id)
    return None if case is None else await place_near(tx, case.warehouse_id)


async def place_near(tx: AsyncSession, warehouse_id: str | None) -> tuple[str, str] | None:
    """Where the cameras of a warehouse publish, so that they stay together."""
    row = (
        await tx.execute(
            select(BenchCamera.media_worker, BenchCamera.media_epoch)
            .where(BenchCamera.warehouse_id == warehouse_id, BenchCamera.peer_id.is_not(None))
            .order_by(BenchCamera.id)
            .limit(1)
        )
    ).one_or_none()
    if row is None or row.media_worker is None or row.media_epoch is None:
        return None
    return row.media_worker, row.media_epoch


def _state_of(camera: BenchCamera, session_id: str) -> BenchState:
    if camera.session_id == session_id:
        return BenchState.SHOWN
    if camera.session_id is not None:
        return BenchState.BUSY
    return BenchState.OFF if camera.connected_at is None else BenchState.READY


def _is_of_the_warehouse(actor: StaffActor, warehouse_id: str | None) -> bool:
    """Only the warehouse's own people decide what its cameras show."""
    return actor.warehouse_id is not None and actor.warehouse_id == warehouse_id


async def _camera(unit: Unit, actor: StaffActor, case: Case, camera_id: str) -> BenchCamera:
    camera = await unit.tx.get(BenchCamera, camera_id, with_for_update=True)
    if (
        camera is None
        or camera.revoked_at is not None
        or camera.warehouse_id != case.warehouse_id
        or not _is_of_the_warehouse(actor, camera.warehouse_id)
    ):
        raise not_found()
    return camera


async def _participant_for(
    unit: Unit, actor: StaffActor, session: Session, camera: BenchCamera
) -> Participant:
    """The camera's place among the session's participants: the same each time it is attached."""
    for person in await participants_of(unit.tx, session.id):
        if person.role == ParticipantRole.BENCH and person.camera_id == camera.id:
            return person
    participant_id, key = new_id("par"), await unit.session_key(session.id)
    person = Participant(
        id=participant_id,
        session_id=session.id,
        role=ParticipantRole.BENCH,
        camera_id=camera.id,
        sealed_name=sealed_name(key, participant_id, camera.name),
        locale="en",
        presence=Presence.HERE,
        microphone=False,
        seen_at=unit.now,
        joined_at=unit.now,
    )
    unit.tx.add(person)
    await unit.tx.flush()
    await sessions.note_joined(unit, person, actor)
    return person


def _hash_of(token: str) -> bytes:
    # 256 random bits need no slow hash.
    return sha256(token.encode("utf-8", "replace")).digest()
