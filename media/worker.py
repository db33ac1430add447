"""What one media process holds: commands from web, sessions with their legs, their ends."""

from __future__ import annotations

import asyncio
import os
import resource
from collections.abc import Mapping
from typing import Any

import structlog

from media.addresses import NetworkPolicy
from media.bench import Bench
from media.draining import DEFAULT_LIMIT_S, Draining
from media.echo import Echo
from media.facts import FactQueue
from media.garbage import Garbage
from media.leg import Leg, LegIdentity, LegState
from media.quality import leg_quality, leg_stats
from media.room import Role
from media.session import MediaSession
from media.srtp import PacketBuffer
from media.tap import Tap
from media.turns import Turns
from media.worker_load import worker_load, worst_jitter_ms
from runtime.clock import Clock
from runtime.control import ControlServer, Json
from runtime.errors import CaseError, PeerError
from runtime.ids import new_id
from runtime.tasks import Tasks
from runtime.vitals import Vitals

log = structlog.get_logger()

_QUALITY_EVERY_S = 2.0
_CLOSE_WITHIN_S = 3.0
_MAX_CANDIDATES = 64


class MediaWorker:
    """Everything one media process holds; ``close()`` may be called twice."""

    def __init__(
        self,
        *,
        worker_id: str,
        epoch: str,
        clock: Clock,
        policy: NetworkPolicy,
        tap: Tap | None,
        facts: FactQueue,
        vitals: Vitals | None = None,
        echo: Echo | None = None,
    ) -> None:
        self.worker_id = worker_id
        self.epoch = epoch
        self.sessions: dict[str, MediaSession] = {}
        self.draining = Draining(clock)
        self.garbage = Garbage(clock, lambda: bool(self.sessions))
        self._vitals = vitals
        self._clock = clock
        self._policy = policy
        self._tap = tap
        self._facts = facts
        self._echo = echo
        self._legs: dict[str, Leg] = {}
        self.turns = Turns(clock)
        self._order = 0
        self._receive = PacketBuffer()
        self._scratch = PacketBuffer()
        self._tasks = Tasks()
        self._closing: set[asyncio.Future[None]] = set()
        self._cpu_share = 0.0
        self.bench = Bench(self, tap, self._new_session, self._close_later)

    # Commands.

    def register(self, server: ControlServer) -> None:
        """Serve the commands of docs/architecture.md."""
        server.command("/peers", self.open_peer)
        server.command("/peers/{peer_id}/candidates", self.add_candidates)
        server.command("/peers/{peer_id}/close", self.close_peer)
        server.command("/peers/{peer_id}/locate", self.locate)
        server.command("/sessions/{session_id}/keyframe", self.request_keyframe)
        server.command("/sessions/{session_id}/roles", self.set_roles)
        server.command("/sessions/{session_id}/close", self.close_session)
        server.command("/drain", self.drain)
        server.query("/status", self.status)
        self.bench.register(server)
        server.query("/peers/{peer_id}/stats", self.peer_stats)

    async def open_peer(self, _: Mapping[str, str], body: Json) -> Json:
        """``POST /peers``."""
        session_id = _text(body, "session_id")
        self.refuse_if_draining(session_id)
        identity = LegIdentity(
            session_id=session_id,
            participant_id=_text(body, "participant_id"),
            peer_id=new_id("peer"),
            role=Role(_text(body, "role")),
            recorded=bool(body.get("record", False)),
        )
        _text(body, "offer")
        session = self.sessions.get(identity.session_id)
        if session is None:
            session = self._new_session(identity.session_id)
            self.sessions[identity.session_id] = session
        return await self.open_leg(identity, session, body)

    async def open_leg(self, identity: LegIdentity, session: MediaSession, body: Json) -> Json:
        """Answer ``body["offer"]`` and keep the leg; gives the answer of ``POST /peers``."""
        self._order += 1
        leg = Leg(
            identity,
            owner=session,
            clock=self._clock,
            policy=self._policy,
            receive=self._receive,
            scratch=self._scratch,
            tap=self._tap,
            order=self._order,
        )
        # Whoever leaves meanwhile must not take the session with them.
        session.expected += 1
        try:
            answer = await leg.open(
                _text(body, "offer"),
                session.preferred_codecs(identity.participant_id),
                int(start_bps) if (start_bps := body.get("start_bps")) else None,
            )
            session.admit(leg)
        finally:
            session.expected -= 1
            self.forget_if_empty(session)
        self._legs[identity.peer_id] = leg
        self.turns.add(leg)
        # The offer is answered already: what is malformed here is left out.
        await self._take_candidates(leg, body.get("candidates") or [])
        log.info("peer opened", peer_id=identity.peer_id, role=identity.role.value)
        return {
            "peer_id": identity.peer_id,
            "answer": answer,
            "tracks": [
                {
                    "track_id": ingress.track_id,
                    "mid": ingress.mid,
                    "kind": ingress.kind,
                    "codec": next(iter(ingress.codec_of.values())),
                }
                for ingress in leg.ingresses
            ],
        }

    def refuse_if_draining(self, session_id: str | None = None) -> None:
        """Take nothing new once the end has been ordered.

        People of a call that we hold may come back to it, until they are to move.

        Raises:
            CaseError: ``draining`` (503).
        """
        if self.draining.asked and (self.draining.moving or session_id not in self.sessions):
            raise CaseError("draining", "this worker takes nothing new", status=503)

    def _new_session(self, session_id: str) -> MediaSession:
        if not self.sessions:
            # Bench cameras stand here all day; of them nothing is kept.
            self._clock.catch_up()
        return MediaSession(
            session_id, clock=self._clock, facts=self._put_fact, closer=self._close_later
        )

    async def add_candidates(self, match: Mapping[str, str], body: Json) -> Json:
        """``POST /peers/{id}/candidates``."""
        malformed = await self._take_candidates(self._leg(match), body["candidates"])
        if malformed:
            raise CaseError("bad_candidate", f"{malformed} malformed candidates", status=422)
        return {}

    @staticmethod
    async def _take_candidates(leg: Leg, candidates: list[Json]) -> int:
        """Take what can be used; gives how many were malformed."""
        malformed = 0
        # More than any browser gathers: the rest of a flood is not looked at.
        for one in candidates[:_MAX_CANDIDATES]:
            text = one.get("candidate") if isinstance(one, dict) else "malformed"
            # Browsers end a generation with an empty candidate.
            if not text:
                continue
            try:
                await leg.add_candidate(str(text))
            except PeerError:
                malformed += 1
        return malformed

    async def close_peer(self, match: Mapping[str, str], body: Json) -> Json:
        """``POST /peers/{id}/close``; closing what is closed is no error."""
        leg = self._legs.get(match["peer_id"])
        if leg is not None:
            await self.close_leg(leg, str(body.get("cause", "left")))
        return {}

    async def locate(self, match: Mapping[str, str], body: Json) -> Json:
        """``POST /peers/{id}/locate``; a peer that was prepared and never used shows nothing,
        its participant sees by the one before."""
        leg = self._leg(match)
        session = self.sessions.get(leg.identity.session_id)
        if not leg.connected and session is not None:
            leg = session.leg_of(leg.identity.participant_id) or leg
        out = leg.egresses.get(str(body["mid"]))
        found = out.locate(int(body["rtp_timestamp"]) & 0xFFFFFFFF) if out is not None else None
        if found is None:
            raise CaseError("not_found", "nothing was shown there", status=404)
        participant_id, track_id, rtp_timestamp = found
        return {
            "participant_id": participant_id,
            "track_id": track_id,
            "rtp_timestamp": rtp_timestamp,
        }

    async def request_keyframe(self, match: Mapping[str, str], body: Json) -> Json:
        """``POST /sessions/{id}/keyframe``."""
        session = self.sessions.get(match["session_id"])
        if session is None or not session.request_keyframes(str(body["participant_id"])):
            raise CaseError("not_found", "no such participant is connected", status=404)
        return {}

    async def set_roles(self, match: Mapping[str, str], body: Json) -> Json:
        """``POST /sessions/{id}/roles``; who has no peer yet will be it with their first."""
        session = self.sessions.get(match["session_id"])
        if session is None:
            raise CaseError("not_found", "no such session has media here", status=404)
        roles = {str(name): Role(str(role)) for name, role in dict(body["roles"]).items()}
        session.set_roles(roles)
        return {}

    async def close_session(self, match: Mapping[str, str], body: Json) -> Json:
        """``POST /sessions/{id}/close``; closing what is closed is no error."""
        session = self.sessions.get(match["session_id"])
        if session is not None:
            cause = str(body.get("cause", "left"))
            for leg in [one for one in session.legs if one.identity.camera_id is not None]:
                self.bench.take_back(leg)
            await asyncio.gather(*(self.close_leg(leg, cause) for leg in list(session.legs)))
        return {}

    async def drain(self, _: Mapping[str, str], body: Json) -> Json:
        """``POST /drain``; asking again can only shorten it."""
        limit_s = float(body.get("limit_s", DEFAULT_LIMIT_S))
        self.begin_drain(limit_s, stays_down=body.get("stays_down") is True)
        log.info("draining", limit_s=limit_s, peers=len(self._legs))
        return {"peers": len(self._legs), "sessions": len(self.sessions)}

    def begin_drain(self, limit_s: float, *, stays_down: bool = False) -> None:
        """Take nothing new; cameras that no session shows leave at once, calls within the limit.

        Raises:
            ValueError: the limit is negative or no number.
        """
        self.draining.begin(limit_s, stays_down=stays_down)
        self._tasks.once("drain bench", self.bench.drain())

    async def status(self, _: Mapping[str, str], __: Json) -> Json:
        """``GET /status``."""
        return {
            "worker_id": self.worker_id,
            "epoch": self.epoch,
            "pid": os.getpid(),
            "peers": len(self._legs),
            "sessions": len(self.sessions),
            "cpu": round(self._cpu_share, 4),
            "draining": self.draining.asked,
            "moving": self.draining.moving,
            "recorder": self._tap.connected if self._tap is not None else False,
            "echo": self._echo.addresses if self._echo is not None else [],
            "tap_dropped": self._tap.packets_dropped if self._tap is not None else 0,
            "tap_backlog_bytes": self._tap.backlog_bytes if self._tap is not None else 0,
            "facts_waiting": len(self._facts),
            "facts_dropped": self._facts.dropped,
            **worker_load(self._legs.values()),
            **(self._vitals.fields() if self._vitals is not None else {}),
        }

    async def peer_stats(self, match: Mapping[str, str], _: Json) -> Json:
        """``GET /peers/{id}/stats``."""
        return leg_stats(self._leg(match))

    def _leg(self, match: Mapping[str, str]) -> Leg:
        leg = self._legs.get(match["peer_id"])
        if leg is None:
            raise CaseError("not_found", "no such peer", status=404)
        return leg

    # Ends.

    def _close_later(self, leg: Leg, cause: str) -> None:
        self._tasks.once(f"close {leg.identity.peer_id}", self.close_leg(leg, cause))

    async def close_leg(self, leg: Leg, cause: str) -> None:
        """End a peer; one that is closed already is left alone."""
        if leg.state is LegState.CLOSED:
            return
        session_id = leg.identity.session_id
        session = self.sessions.get(session_id) or self.bench.room_of(session_id)
        self._legs.pop(leg.identity.peer_id, None)
        self.turns.remove(leg)
        closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._closing.add(closed)
        try:
            await asyncio.wait_for(leg.close(cause), _CLOSE_WITHIN_S)
        except TimeoutError:
            log.warning(
                "peer did not close in time",
                session_id=leg.identity.session_id,
                peer_id=leg.identity.peer_id,
            )
        finally:
            closed.set_result(None)
            self._closing.discard(closed)
            self.garbage.peer_closed()
        heir = None
        if session is not None:
            session.remove(leg)
            heir = session.heir(leg)
            self.forget_if_empty(session)
        self._put_fact("peer_closed", leg, {"cause": cause, "heir": heir})
        log.info(
            "peer closed",
            session_id=leg.identity.session_id,
            peer_id=leg.identity.peer_id,
            cause=cause,
        )

    async def drained(self) -> None:
        """Wait until a drain was asked for and is over."""
        await self.draining.over(self._keeps_us)

    def _keeps_us(self) -> bool:
        # Browsers replace a peer without a word: whoever is silent by then has moved.
        return any(
            not (self.draining.moving and leg.state is LegState.LOST) for leg in self._legs.values()
        )

    def forget_if_empty(self, session: MediaSession) -> None:
        """Let go of a session or a camera's room that nobody is in."""
        if self.bench.forget_if_empty(session):
            return
        if session.empty and self.sessions.get(session.session_id) is session:
            del self.sessions[session.session_id]

    async def close(self) -> None:
        """Close every peer with the cause ``drained``."""
        self.draining.begin(DEFAULT_LIMIT_S)
        await asyncio.gather(*(self.close_leg(leg, "drained") for leg in list(self._legs.values())))
        # Cutting off aiortc in the middle of a close leaves it half closed for ever.
        if self._closing:
            await asyncio.wait(self._closing, timeout=_CLOSE_WITHIN_S)
        await self._tasks.close()
        if self._echo is not None:
            self._echo.close()
        if self._tap is not None:
            await self._tap.drain(1.0)

    # Facts.

    def _put_fact(self, kind: str, leg: Leg, fields: dict[str, Any]) -> None:
        self._facts.put(
            {
                "kind": kind,
                "at_ns": self._clock.wall_ns(),
                "session_id": leg.identity.session_id,
                "participant_id": leg.identity.participant_id,
                "peer_id": leg.identity.peer_id,
                "camera_id": leg.identity.camera_id,
                **fields,
            }
        )

    async def run_quality(self) -> None:
        """Every two seconds: a fact on each peer's connection, and our own load."""
        used_s, at_s = _cpu_s(), self._clock.monotonic_s()
        while True:
            await asyncio.sleep(_QUALITY_EVERY_S)
            now_s, now_used_s = self._clock.monotonic_s(), _cpu_s()
            self._cpu_share = (now_used_s - used_s) / max(0.001, now_s - at_s)
            used_s, at_s = now_used_s, now_s
            self._tell_quality()

    def _tell_quality(self) -> None:
        now_s = self._clock.monotonic_s()
        for leg in list(self._legs.values()):
            if leg.connected:
                jitter_ms = worst_jitter_ms(leg)
                self._put_fact("quality", leg, {**leg_quality(leg, now_s), "jitter_ms": jitter_ms})


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _text(body: Json, key: str) -> str:
    value = body[key]
    if not isinstance(value, str) or not value:
        raise ValueError(f"{key} must be a text")
    return value
