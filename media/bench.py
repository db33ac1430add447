"""A worker's bench cameras: published outside any session, lent to at most one at a time.

A camera stands in a room of its own, in which there is nobody to see it and nothing is
recorded. Attaching moves its peer into a session, with the same packets, keys and path;
detaching, or the session's end, moves it back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol

import structlog

from media.draining import Draining
from media.leg import Leg, LegIdentity, LegState
from media.room import Role
from media.session import Closer, MediaSession
from media.tap import Tap
from runtime.control import ControlServer, Json
from runtime.errors import CaseError
from runtime.ids import new_id

log = structlog.get_logger()


class BenchHost(Protocol):
    """The worker, as far as its bench knows it."""

    sessions: dict[str, MediaSession]
    draining: Draining

    async def open_leg(self, identity: LegIdentity, session: MediaSession, body: Json) -> Json:
        """Answer an offer and keep the leg in this session."""

    async def close_leg(self, leg: Leg, cause: str) -> None:
        """End a leg."""

    def refuse_if_draining(self) -> None:
        """Raise where nothing new is taken."""

    def forget_if_empty(self, session: MediaSession) -> None:
        """Let go of a session that nobody is in."""


class Bench:
    """The cameras of one worker, each in its own room while no session shows it."""

    def __init__(
        self,
        host: BenchHost,
        tap: Tap | None,
        new_room: Callable[[str], MediaSession],
        closer: Closer,
    ) -> None:
        self._host = host
        self._closer = closer
        self._tap = tap
        self._new_room = new_room
        self._rooms: dict[str, MediaSession] = {}

    def register(self, server: ControlServer) -> None:
        """Serve the commands of docs/architecture.md."""
        server.command("/bench", self.publish)
        server.command("/bench/{camera_id}/attach", self.attach)
        server.command("/bench/{camera_id}/detach", self.detach)
        server.query("/bench", self.cameras)

    def room_of(self, session_id: str) -> MediaSession | None:
        """The room of a camera that stands alone; its id is the camera's."""
        return self._rooms.get(session_id)

    async def publish(self, _: Mapping[str, str], body: Json) -> Json:
        """``POST /bench``: a camera begins; it is shown to nobody and recorded nowhere."""
        self._host.refuse_if_draining()
        camera_id = str(body["camera_id"])
        room = self._rooms.get(camera_id)
        if room is None:
            room = self._rooms[camera_id] = self._new_room(camera_id)
        identity = LegIdentity(
            session_id=camera_id,
            participant_id=camera_id,
            peer_id=new_id("peer"),
            role=Role.BENCH,
            recorded=False,
            camera_id=camera_id,
        )
        answer = await self._host.open_leg(identity, room, body)
        if self._host.draining.asked:
            # The order came meanwhile; whoever stands here would keep the worker.
            await self.drain()
        return answer

    async def attach(self, match: Mapping[str, str], body: Json) -> Json:
        """``POST /bench/{camera_id}/attach``: show and record it in a session; may be repeated.

        Raises:
            CaseError: ``not_found`` (404), the peer that is named is not here (any more).
        """
        session_id, participant_id = str(body["session_id"]), str(body["participant_id"])
        leg, home = self._find(match["camera_id"], str(body["peer_id"]))
        if leg.identity.session_id == session_id:
            return {}
        session = self._host.sessions.get(session_id)
        if session is None:
            session = self._host.sessions[session_id] = self._new_room(session_id)
        self._move(
            leg,
            home,
            session,
            replace(
                leg.identity, session_id=session_id, participant_id=participant_id, recorded=True
            ),
        )
        log.info("bench camera attached", session_id=session_id, peer_id=leg.identity.peer_id)
        return {}

    async def detach(self, match: Mapping[str, str], body: Json) -> Json:
        """``POST /bench/{camera_id}/detach``: nobody sees it any more; may be repeated.

        With a ``session_id`` only if that is where it is.
        """
        camera_id, wanted = match["camera_id"], body.get("session_id")
        for leg, _home in self._legs_of(camera_id):
            if wanted in (None, leg.identity.session_id):
                self.take_back(leg)
        return {}

    async def cameras(self, _: Mapping[str, str], __: Json) -> Json:
        """``GET /bench``: every camera that publishes here, and the session that shows it."""
        return {
            "cameras": [
                {
                    "camera_id": leg.identity.camera_id,
                    "peer_id": leg.identity.peer_id,
                    "session_id": None if home in self._rooms.values() else home.session_id,
                }
                for leg, home in self._legs_of(None)
            ]
        }

    def take_back(self, leg: Leg) -> None:
        """A session is over, or shows this camera no more: it stands alone again."""
        camera_id = leg.identity.camera_id
        home = self._host.sessions.get(leg.identity.session_id)
        closed = leg.state is LegState.CLOSED
        if camera_id is None or home is None or leg not in home.legs or closed:
            return
        room = self._rooms.get(camera_id)
        if room is None:
            room = self._rooms[camera_id] = self._new_room(camera_id)
        self._move(
            leg,
            home,
            room,
            replace(leg.identity, session_id=camera_id, participant_id=camera_id, recorded=False),
        )
        log.info("bench camera detached", session_id=home.session_id)
        if self._host.draining.asked:
            self._closer(leg, "drained")

    async def drain(self) -> None:
        """Let the cameras that no session shows come again elsewhere."""
        for room in list(self._rooms.values()):
            for leg in list(room.legs):
                await self._host.close_leg(leg, "drained")

    def forget_if_empty(self, room: MediaSession) -> bool:
        """Let go of a camera's room that it has left; says whether it was one."""
        if self._rooms.get(room.session_id) is not room:
            return False
        if room.empty:
            del self._rooms[room.session_id]
        return True

    def _move(
        self, leg: Leg, home: MediaSession, there: MediaSession, identity: LegIdentity
    ) -> None:
        home.legs.remove(leg)
        leg.move(identity, there, self._tap)
        there.legs.append(leg)
        home.rewire()
        there.rewire()
        self._host.forget_if_empty(home)

    def _find(self, camera_id: str, peer_id: str) -> tuple[Leg, MediaSession]:
        for leg, home in self._legs_of(camera_id):
            if leg.identity.peer_id == peer_id:
                return leg, home
        raise CaseError("not_found", "this camera does not publish here", status=404)

    def _legs_of(self, camera_id: str | None) -> list[tuple[Leg, MediaSession]]:
        return [
            (leg, home)
            for home in (*self._rooms.values(), *self._host.sessions.values())
            for leg in home.legs
            if leg.identity.camera_id is not None
            and camera_id in (None, leg.identity.camera_id)
            # One that is being closed is no longer lent.
            and leg.state is not LegState.CLOSED
        ]
