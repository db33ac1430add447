"""What nobody asks for but must happen: watching recorder and media, absence, stale sessions."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog

from cases import bench, conversation, filing, handing_over, hosting, sweeping
from cases.consenting import withdrawn_participants
from cases.keys import KeyDestroyed
from cases.placement import crowded_sessions, forget_dead_media
from cases.session_states import EndCause
from cases.states import SessionState
from cases.tables import BenchCamera, Handover, Participant, Session
from cases.unit import Unit
from cases.waking import look_forever
from runtime.control import ControlError
from runtime.errors import CaseError
from signaling.bench_link import settle_bench
from signaling.checkpoint_telling import tell_checkpoints_forever
from signaling.services import Services
from signaling.sockets import AWAY_AFTER_S

log = structlog.get_logger()

_SWEEP: Final = timedelta(seconds=2)
_RECORDER_S: Final = 1.0
_SLOW_SWEEP_S: Final = 30.0
_REFRESH_S: Final = 10.0
# Another web process refreshes its people's ``seen_at`` every ten seconds.
_ELSEWHERE_S: Final = 45.0
_CLOSE_AGAIN_AFTER: Final = timedelta(seconds=15)
_SETTLE_S: Final = 3.0
# No join takes so long between telling the recorder and its commit.
_FORGOTTEN_AFTER_S: Final = 60.0


class Upkeep:
    """The background loops of a web process, all owned by its tasks."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._began_s = services.clock.monotonic_s()
        self._refreshed_s = self._began_s

    def start(self) -> None:
        """Begin."""
        tasks = self._services.tasks
        tasks.forever("watch media", self._services.media_pool.watch)
        tasks.forever("watch recorder", self._watch_recorder)
        tasks.forever("sweep", self._sweep_forever)
        tasks.forever("slow sweep", self._slow_sweep_forever)
        tasks.forever("tell checkpoints", partial(tell_checkpoints_forever, self._services))
        tasks.once("recover media", self._recover_media())

    async def _watch_recorder(self) -> None:
        told = ""
        while True:
            status = await self._services.recorder.poll()
            if status is not None and status.epoch != told and await self._reopen_recordings():
                told = status.epoch
            await asyncio.sleep(_RECORDER_S)

    async def _reopen_recordings(self) -> bool:
        """Tell a new recorder process of every open session; says whether it took them all.

        Also of those who took their consent back: the one before may have died unasked.
        """
        services = self._services
        async with services.database.read() as tx:
            seats = []
            for session_id in await sweeping.open_session_ids(tx):
                session = await tx.get_one(Session, session_id)
                try:
                    key = await services.keys.session_key(tx, session_id)
                except KeyDestroyed:
                    continue
                seats.append((session_id, session.key_id, key, session.object_prefix))
            stopped = [
                (session_id, participant_id)
                for session_id, *_ in seats
                for participant_id in await withdrawn_participants(tx, session_id)
            ]
        try:
            for seat in seats:
                await services.recorder.open_session(*seat)
            for session_id, participant_id in stopped:
                await services.recorder.stop_participant(session_id, participant_id, "stopped")
        except (CaseError, ControlError):
            return False
        return True

    async def _recover_media(self) -> None:
        """Whose worker died while no web process was there to see it."""
        services = self._services
        await asyncio.sleep(_SETTLE_S)
        alive = frozenset((place.worker, place.epoch) for place in services.media_pool.places)
        await services.run(lambda unit: forget_dead_media(unit, alive))

    async def _sweep_forever(self) -> None:
        services = self._services
        # A media worker that was slow to answer at the start is not gone, nor are its cameras.
        await asyncio.sleep(_SWEEP.total_seconds())
        tables = (Session, Participant, BenchCamera, Handover)
        await look_forever(
            services.database.bell,
            services.clock,
            tables,
            self._sweep,
            pause_s=_SWEEP.total_seconds(),
        )

    async def _sweep(self) -> datetime | None:
        """One round; says when the next is due while anybody or anything is there."""
        services = self._services
        await self._refresh_seen()
        async with services.database.read() as tx:
            here = await conversation.people_here(tx)
            cameras = await bench.publishing(tx)
            under_way = await handing_over.open_handovers(tx)
        await self._mark_absent(here)
        if cameras:
            await settle_bench(services)
        # Hand-overs that nobody answered, or one of whose hosts is gone.
        for session_id in under_way:
            await services.run(partial(_move_on, session_id))
        if here or cameras or under_way or services.hub.participant_ids:
            return services.clock.now() + _SWEEP
        return None

    async def _refresh_seen(self) -> None:
        services = self._services
        now_s = services.clock.monotonic_s()
        if now_s - self._refreshed_s >= _REFRESH_S and services.hub.participant_ids:
            self._refreshed_s = now_s
            async with services.database.begin() as tx:
                await conversation.refresh_seen(tx, services.hub.participant_ids, services.clock)

    async def _slow_sweep_forever(self) -> None:
        services = self._services
        while True:
            await asyncio.sleep(_SLOW_SWEEP_S)
            await self._end_stale()
            await self._close_again()
            await close_forgotten_sessions(self._services)
            await self._tell_roles_again()
            await services.run(hosting.end_old_shifts)
            await services.hub.drop_ended()
            await services.run(filing.expire_drafts)

    async def _mark_absent(self, here: Sequence[Participant]) -> None:
        """People whose socket never came, or died with another process."""
        services = self._services
        if services.clock.monotonic_s() - self._began_s < AWAY_AFTER_S:
            # Their sockets fell with the process before us and are on their way back.
            return
        now = services.clock.now()
        for person in here:
            if person.socket_id in services.hub.socket_ids:
                continue
            patience_s = _ELSEWHERE_S if services.settings.redis_url else AWAY_AFTER_S
            if (now - person.seen_at).total_seconds() < patience_s:
                continue
            await services.run(partial(_mark_absent, person.id, person.socket_id))

    async def _tell_roles_again(self) -> None:
        """Who is heard in the room, in case the first command was lost."""
        async with self._services.database.read() as tx:
            crowded = await crowded_sessions(tx)
        for session_id in crowded:
            await self._services.tell_roles(session_id)

    async def _end_stale(self) -> None:
        async with self._services.database.read() as tx:
            open_ids = await sweeping.open_session_ids(tx)
        if not open_ids:
            self._services.clock.catch_up()
        for session_id in open_ids:
            await end_stale_session(self._services, session_id)

    async def _close_again(self) -> None:
        """Media and recorder of ended sessions, in case the first command was lost."""
        services = self._services
        async with services.database.read() as tx:
            unclosed = await sweeping.unclosed_sessions(
                tx, services.clock.now() - _CLOSE_AGAIN_AFTER
            )
        for session_id, cause in unclosed:
            await services.close_session(session_id, cause)


async def _mark_absent(participant_id: str, socket_id: str | None, unit: Unit) -> None:
    await conversation.mark_absent(unit, participant_id, socket_id)


async def _move_on(session_id: str, unit: Unit) -> None:
    await handing_over.move_on(unit, session_id)


async def end_stale_session(services: Services, session_id: str) -> None:
    """End a session that nobody will come back to; one that goes on is left alone."""

    async with services.database.read() as tx:
        session = await tx.get(Session, session_id)
    if session is None or session.state == SessionState.ENDED:
        return
    cause: EndCause | None = await services.run(
        lambda unit: sweeping.end_if_stale(unit, session_id)
    )
    if cause is not None:
        log.info("stale session ended", session_id=session_id, cause=cause)


async def close_forgotten_sessions(
    services: Services, after_s: float = _FORGOTTEN_AFTER_S
) -> list[str]:
    """Have the recorder close what is empty and nobody is in; gives which sessions.

    A web process that was killed while somebody joined had told the recorder, and wrote nothing
    down. What holds a recording is never closed here, whatever the database says.
    """
    status = await services.recorder.poll()
    empty = [one for one, empty_s in status.empty.items() if empty_s >= after_s] if status else []
    if not empty:
        return []
    async with services.database.read() as tx:
        going_on = set(await sweeping.open_session_ids(tx))
    closed = []
    for session_id in empty:
        if session_id in going_on:
            continue
        try:
            await services.recorder.close_session(session_id, "not_joined")
        except ControlError as error:
            log.warning("recorder did not close", session_id=session_id, code=error.code)
        else:
            log.info("forgotten session closed", session_id=session_id)
            closed.append(session_id)
    return closed
