"""Socket.IO to browsers: authenticates a socket, hands its messages to the dialogue, and tells.

Handlers are thin: everything is validated before anything is done, what is to be done
comes from ``dialogue.step``, and what a commit changed reaches browsers as a hint.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlsplit

import socketio
import structlog
from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases import conversation, hosting, people
from cases.actor import Actor, StaffActor
from cases.log import LoggedEvent, Visibility
from cases.session_access import participants_of
from cases.session_views import changing_parts, show_events
from cases.states import ParticipantRole, SessionState
from cases.tables import Case, Session
from cases.unit import Changes, Unit
from recorder import countersigning
from runtime.errors import CaseError
from runtime.settings import Settings
from signaling import dialogue
from signaling.auth import LOGIN_COOKIE
from signaling.bench_link import settle_bench
from signaling.dialogue import (
    AnswerFinding,
    CountReport,
    Disconnect,
    Effect,
    KeepCountersignature,
    KeepKey,
    Line,
    Note,
    Refuse,
    SetMedia,
    StateFinding,
    TellTime,
    TellTyping,
)
from signaling.media_pool import Place
from signaling.messages import AskTime, PictureReport, parse
from signaling.participation import WantedRole, participant_actor
from signaling.presence import Presence
from signaling.services import Services

log = structlog.get_logger()

PING_INTERVAL_S: Final = 5
PING_TIMEOUT_S: Final = 5
AWAY_AFTER_S: Final = 10.0
_MAX_FRAME_BYTES: Final = 1024 * 1024
_MAX_WAITING_TOLD: Final = 100
_QUEUED_CHANGES: Final = 1000
_GATHER_S: Final = 0.015

Answer = dict[str, object]


class SocketAuth(BaseModel):
    """What a browser sends when it connects."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    session_id: str | None = None
    desk: bool = False
    role: WantedRole | None = None


@dataclass(slots=True)
class _Connection:
    """One participant's socket."""

    session_id: str
    participant_id: str
    actor: Actor
    line: Line


class Hub:
    """The sockets of this web process; with Redis, of all of them together."""

    def __init__(self, settings: Settings) -> None:
        self.sio = socketio.AsyncServer(
            async_mode="aiohttp",
            transports=["websocket"],
            ping_interval=PING_INTERVAL_S,
            ping_timeout=PING_TIMEOUT_S,
            max_http_buffer_size=_MAX_FRAME_BYTES,
            cors_allowed_origins=_is_our_page(settings),
            client_manager=(
                socketio.AsyncRedisManager(settings.redis_url) if settings.redis_url else None
            ),
            logger=False,
            engineio_logger=False,
        )
        self._connections: dict[str, _Connection] = {}
        # What each staff member's socket stands on: who, and the cookie it came with.
        self._logins: dict[str, tuple[str, str]] = {}
        self._presence = Presence(self.sio)
        # When it is full the hint is dropped: clients then ask for the events they miss.
        self._changes: asyncio.Queue[Changes] = asyncio.Queue(_QUEUED_CHANGES)
        self._services: Services | None = None

    @property
    def participant_ids(self) -> list[str]:
        """Whose sockets are connected here."""
        return [connection.participant_id for connection in self._connections.values()]

    @property
    def session_ids(self) -> set[str]:
        """The sessions that somebody's socket here is in."""
        return {connection.session_id for connection in self._connections.values()}

    @property
    def socket_ids(self) -> frozenset[str]:
        """The participants' sockets that are connected here."""
        return frozenset(self._connections)

    def attach(self, app: web.Application, services: Services) -> None:
        """Serve under ``/socket.io/`` and begin to tell."""
        self._services = services
        self.sio.attach(app)
        self.sio.on("connect", self._connect)
        self.sio.on("disconnect", self._disconnect)
        self.sio.on("*", self._receive)
        services.tasks.forever("tell changes", self._tell_forever)

    def publish(self, changes: Changes) -> None:
        """Tell what a commit changed; never fails, and never waits for a browser."""
        services = self._services
        if services is None:
            return
        for session_id, cause in changes.closed:
            log.info("session ends", session_id=session_id, cause=cause)
            services.tasks.once("close media", services.close_session(session_id, cause))
        if changes.moved_cameras:
            services.tasks.once("settle bench", settle_bench(services))
        for worker, epoch, peer_id in changes.closed_peers:
            place = Place(worker, epoch)
            services.tasks.once("close peer", services.media.close_peer(place, peer_id, "left"))
        try:
            self._changes.put_nowait(changes)
        except asyncio.QueueFull:
            log.warning("hint dropped")
            self._tell_roles(changes)

    async def tell_quality(self, session_id: str, quality: Mapping[str, object]) -> None:
        """Pass on a measurement; it is not logged."""
        await self.sio.emit("quality", dict(quality), room=_room(session_id))

    async def tell_checkpoint(self, session_id: str, checkpoint: Mapping[str, object]) -> None:
        """Give the parties' devices here what they are to countersign."""
        for sid, connection in list(self._connections.items()):
            if connection.session_id == session_id:
                await self.sio.emit("checkpoint", dict(checkpoint), room=sid)

    async def tell_advice(self, participant_id: str, advice: Mapping[str, object]) -> None:
        """Tell one participant's sockets, and nobody else's, what to send at most."""
        await self.sio.emit("adapt", dict(advice), room=f"participant:{participant_id}")

    # Browser → server

    async def _connect(self, sid: str, environ: dict[str, Any], auth: object = None) -> None:
        services = self._serving()
        try:
            wanted = SocketAuth.model_validate(auth)
        except ValidationError:
            raise _refused("bad_auth") from None
        if (wanted.session_id is None) == (not wanted.desk):
            raise _refused("bad_auth")
        request: web.Request = environ["aiohttp.request"]
        try:
            if wanted.session_id is None:
                await self._connect_desk(sid, request)
            else:
                await self._connect_participant(sid, request, wanted.session_id, wanted.role)
        except CaseError as error:
            raise _refused(error.code) from None
        services.metrics.sockets.inc()

    async def _connect_desk(self, sid: str, request: web.Request) -> None:
        services = self._serving()
        secret = request.cookies.get(LOGIN_COOKIE, "")
        async with services.database.read() as tx:
            actor = await people.actor_of_login(tx, secret, services.clock.now())
        if actor is None:
            raise CaseError("not_signed_in", "Please sign in.", status=401)
        self._logins[sid] = (actor.staff_id, secret)
        for organisation_id in hosting.desk_ids(actor):
            await self.sio.enter_room(sid, f"desk:{organisation_id}")

    async def _connect_participant(
        self, sid: str, request: web.Request, session_id: str, role: WantedRole | None
    ) -> None:
        services = self._serving()
        async with services.database.read() as tx:
            actor = await participant_actor(request, tx, session_id, role)

        async def arrive(unit: Unit) -> tuple[str, str, str]:
            me = await conversation.arrive(unit, actor, session_id, sid)
            session = await unit.tx.get_one(Session, session_id)
            return me.id, me.role, session.state

        participant_id, my_role, state = await services.run(arrive)
        self._connections[sid] = _Connection(
            session_id,
            participant_id,
            actor,
            Line(ParticipantRole(my_role), SessionState(state)),
        )
        log.info("socket opened", session_id=session_id, participant_id=participant_id)
        await self.sio.enter_room(sid, _room(session_id))
        await self.sio.enter_room(sid, f"participant:{participant_id}")
        if isinstance(actor, StaffActor):
            await self.sio.enter_room(sid, _staff_room(session_id))
            for organisation_id in hosting.desk_ids(actor):
                await self.sio.enter_room(sid, f"desk:{organisation_id}")

    async def _disconnect(self, sid: str, reason: str | None = None) -> None:
        services = self._serving()
        services.metrics.sockets.dec()
        self._logins.pop(sid, None)
        await self._presence.gone(sid)
        connection = self._connections.pop(sid, None)
        if connection is not None:
            log.info(
                "socket closed",
                session_id=connection.session_id,
                participant_id=connection.participant_id,
                reason=reason,
            )
            services.tasks.once("away", self._away_later(sid, connection.participant_id))

    async def _away_later(self, sid: str, participant_id: str) -> None:
        services = self._serving()
        await asyncio.sleep(AWAY_AFTER_S)

        async def drop_out(unit: Unit) -> bool:
            return await conversation.drop_out(unit, participant_id, sid)

        await services.run(drop_out)

    async def _receive(self, event: str, sid: str, *arguments: object) -> Answer:
        services = self._serving()
        if event == "case.watch" and sid in self._logins:
            return await self._presence.hear(services, sid, self._logins[sid], arguments)
        connection = self._connections.get(sid)
        if connection is None:
            return _refusal(Refuse("not_allowed", "This socket only listens."))
        message = parse(event, arguments)
        is_live = connection.line.session_state is SessionState.LIVE
        # Whoever asks for the time, or only reports, is not kept waiting for the database.
        if not is_live and not isinstance(message, AskTime | PictureReport):
            await self._learn_state(connection)
        connection.line, effects = dialogue.step(
            connection.line, message, services.clock.monotonic_s()
        )
        answer: Answer = {"ok": True}
        for effect in effects:
            if isinstance(effect, Refuse):
                answer = _refusal(effect)
            elif isinstance(effect, Disconnect):
                # The answer goes out first: disconnecting now would swallow it.
                services.tasks.once("cut line", self._cut(sid, effect.cause))
            elif isinstance(effect, TellTime):
                answer = {"ok": True, "now_ms": services.clock.wall_ns() / 1e6}
            elif isinstance(effect, CountReport):
                services.metrics.count_report(effect)
            elif isinstance(effect, TellTyping):
                await self.sio.emit(
                    "typing",
                    {"participant_id": connection.participant_id},
                    room=_room(connection.session_id),
                    skip_sid=sid,
                )
            else:
                answer = await self._log(connection, effect)
        return answer

    async def _learn_state(self, connection: _Connection) -> None:
        """Another web process may have changed it, and only the database knows."""
        async with self._serving().database.read() as tx:
            session = await tx.get(Session, connection.session_id)
        if session is not None:
            connection.line = _with_state(connection.line, SessionState(session.state))

    async def _log(self, connection: _Connection, effect: Effect) -> Answer:
        services = self._serving()
        session_id, actor = connection.session_id, connection.actor

        async def act(unit: Unit) -> LoggedEvent | None:
            match effect:
                case KeepKey():
                    return await countersigning.register(unit, actor, session_id, effect.jwk)
                case KeepCountersignature():
                    await countersigning.keep(unit, actor, session_id, effect.number, effect.jws)
                    return None
                case Note():
                    return await conversation.note(
                        unit, actor, session_id, effect.kind, effect.payload, effect.client_id
                    )
                case SetMedia():
                    return await conversation.set_media(
                        unit, actor, session_id, effect.camera, effect.microphone, effect.client_id
                    )
                case StateFinding():
                    return await conversation.state_finding(
                        unit, actor, session_id, effect.words, effect.client_id
                    )
                case AnswerFinding():
                    return await conversation.answer_finding(
                        unit,
                        actor,
                        session_id,
                        effect.finding_id,
                        effect.answer,
                        effect.words,
                        effect.client_id,
                    )
            raise AssertionError(effect)

        try:
            event = await services.run(act)
        except CaseError as error:
            return {"ok": False, "code": error.code, "message": error.message}
        except Exception:
            # The browser is answered, so that it can try again; the fault is ours.
            log.exception("socket message failed", session_id=session_id)
            return {"ok": False, "code": "internal", "message": "Something went wrong."}
        return {"ok": True} if event is None else {"ok": True, "seq": event.seq}

    async def _cut(self, sid: str, cause: str) -> None:
        log.warning("socket cut", cause=cause)
        await asyncio.sleep(0.1)
        await self.sio.disconnect(sid)

    # Server → browser

    async def _tell_forever(self) -> None:
        while True:
            changes = await self._changes.get()
            # The answer to whoever made the change goes first, and what comes in a burst
            # is looked up once.
            await asyncio.sleep(_GATHER_S)
            while not self._changes.empty():
                changes.absorb(self._changes.get_nowait())
            await self._tell(changes)

    async def drop_ended(self) -> None:
        """Cut desk sockets whose login has ended, also through another web process.

        Who has fallen silent about a case hears nothing of it any more.
        """
        await self._presence.drop_silent(self._serving().clock.monotonic_s())
        await self._drop_signed_out({staff_id for staff_id, _ in self._logins.values()})

    async def _drop_signed_out(self, staff_ids: set[str]) -> None:
        services = self._serving()
        concerned = [(sid, one[1]) for sid, one in self._logins.items() if one[0] in staff_ids]
        if not concerned:
            return
        now = services.clock.now()
        async with services.database.read() as tx:
            ended = [sid for sid, secret in concerned if not await people.stands(tx, secret, now)]
        for sid in ended:
            await self.sio.disconnect(sid)

    async def _tell(self, changes: Changes) -> None:
        services = self._serving()
        for sid in changes.replaced_sockets:
            await self.sio.emit("replaced", {}, room=sid)
            await self.sio.disconnect(sid)
        for sid in changes.dropped_sockets:
            await self.sio.disconnect(sid)
        await self._drop_signed_out(changes.signed_out)
        async with services.database.read() as tx:
            concerned = set(changes.sessions)
            if changes.desks:
                concerned |= await _waiting_in(tx, changes.desks)
            # Of all that is told now, each session's key is opened once.
            told = concerned | {session_id for session_id, _ in changes.events}
            opened = await services.keys.session_keys(tx, told)
            for session_id, event in changes.events:
                key = opened.get(session_id)
                shown = (await show_events(tx, key, session_id, [event]))[0]
                if event.visibility is not Visibility.INTERNAL:
                    everybody = event.visibility is Visibility.PARTIES
                    room = _room(session_id) if everybody else _staff_room(session_id)
                    await self.sio.emit("event", shown, room=room)
            for session_id in concerned:
                await self._tell_session(tx, opened.get(session_id), session_id)
        for lost in changes.lost_peers:
            log.info("peer lost", session_id=lost.session_id, participant_id=lost.participant_id)
            said = {"peer_id": lost.peer_id, "gone": lost.gone}
            await self.sio.emit("peer.lost", said, room=f"participant:{lost.participant_id}")
        for session_id, device_id, user_agent in changes.device_asks:
            asked = {"device_id": device_id, "user_agent": user_agent}
            await self.sio.emit("device.asks", asked, room=_staff_room(session_id))
        # Nobody is heard before the others were told that they are there.
        self._tell_roles(changes)
        for organisation_id in changes.desks:
            await self.sio.emit("desk", {}, room=f"desk:{organisation_id}")
        for case_id, organisation_ids in changes.threads.items():
            for organisation_id in organisation_ids:
                await self.sio.emit("thread", {"case_id": case_id}, room=f"desk:{organisation_id}")
        for case_id, role, organisation_ids in changes.typing:
            said = {"case_id": case_id, "role": role}
            for organisation_id in organisation_ids:
                await self.sio.emit("thread.typing", said, room=f"desk:{organisation_id}")

    def _tell_roles(self, changes: Changes) -> None:
        services = self._serving()
        for session_id in changes.roles:
            services.tasks.once("tell roles", services.tell_roles(session_id))

    async def _tell_session(self, tx: AsyncSession, key: bytes | None, session_id: str) -> None:
        session = await tx.get(Session, session_id)
        if session is None:
            return
        case = await tx.get_one(Case, session.case_id)
        everybody = await participants_of(tx, session_id)
        for connection in self._connections.values():
            if connection.session_id == session_id:
                connection.line = _with_state(connection.line, SessionState(session.state))
        shown = await changing_parts(tx, key, session, case, everybody)
        await self.sio.emit("session", shown, room=_room(session_id))

    def _serving(self) -> Services:
        if self._services is None:
            raise RuntimeError("the hub is not attached")
        return self._services


def _with_state(line: Line, state: SessionState) -> Line:
    return replace(line, session_state=state)


async def _waiting_in(tx: AsyncSession, organisation_ids: set[str]) -> set[str]:
    """The waiting sessions whose place in these queues may have changed."""
    rows = await tx.execute(
        select(Session.id)
        .join(Case, Case.id == Session.case_id)
        .where(
            Session.state == SessionState.WAITING,
            Session.tenant_id.in_(organisation_ids) | Case.warehouse_id.in_(organisation_ids),
        )
        .order_by(Session.waiting_since)
        .limit(_MAX_WAITING_TOLD)
    )
    return set(rows.scalars())


def _room(session_id: str) -> str:
    return f"session:{session_id}"


def _staff_room(session_id: str) -> str:
    return f"session:{session_id}:staff"


def _refused(code: str) -> socketio.exceptions.ConnectionRefusedError:
    return socketio.exceptions.ConnectionRefusedError(code, {"code": code})


def _refusal(refuse: Refuse) -> Answer:
    return {"ok": False, "code": refuse.code, "message": refuse.message}


def _is_our_page(settings: Settings) -> object:
    """Which origins may open a socket: the public address, or simply the host that is asked."""
    if settings.lan:
        # By address, by name or on this machine itself: the page's host is the one asked.
        return _is_same_host
    if settings.base_url is not None:
        return [settings.public_url]
    return None


def _is_same_host(origin: str | None, environ: dict[str, str]) -> bool:
    return origin is not None and urlsplit(origin).netloc == environ.get("HTTP_HOST")
