"""What every route, socket and piece of durable work is given, and how it commits."""

from __future__ import annotations

import random
from asyncio import Lock, sleep
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import structlog
from aiohttp import web
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from cases.database import Database
from cases.keys import KeyRing
from cases.outbox import Outbox
from cases.placement import roles_in_room
from cases.tables import Session
from cases.unit import Unit
from recorder.playback import Playback
from recorder.store import ObjectStore
from runtime.clock import Clock, SystemClock
from runtime.control import ControlError
from runtime.errors import CaseError
from runtime.settings import Settings
from runtime.tasks import Tasks
from runtime.vitals import Vitals
from signaling.limits import Limits
from signaling.media_orders import MediaOrders
from signaling.media_pool import MediaPool, Place
from signaling.rate_limit import RateLimit
from signaling.turn import TurnAccess

if TYPE_CHECKING:
    from signaling.metrics import Metrics
    from signaling.process_figures import ProcessFigures
    from signaling.recorder_link import RecorderLink
    from signaling.sockets import Hub

T = TypeVar("T")

log = structlog.get_logger()

_ATTEMPTS = 5
# PostgreSQL: serialization failure and deadlock; either is over when tried again.
_CONFLICT_CODES = frozenset({"40001", "40P01"})


@dataclass(slots=True)
class Services:
    """Everything of the web process that lives as long as it does."""

    settings: Settings
    clock: Clock
    database: Database
    keys: KeyRing
    outbox: Outbox
    store: ObjectStore
    playback: Playback
    media_pool: MediaPool
    media: MediaOrders
    recorder: RecorderLink
    hub: Hub
    metrics: Metrics
    tasks: Tasks
    limits: Limits = field(default_factory=Limits)
    vitals: Vitals = field(default_factory=lambda: Vitals(SystemClock()))
    figures: ProcessFigures | None = None
    """Of the other processes; only a process that serves ``/metrics`` has them."""
    bench_lock: Lock = field(default_factory=Lock)
    """One look at the bench cameras at a time, so that an older one never undoes a newer."""
    rate_limit: RateLimit | None = None
    """Of API keys; without one nothing is counted."""
    keys_seen: dict[str, float] = field(default_factory=dict)
    """When this process last wrote down the use of an API key, by the monotonic clock."""
    turn: TurnAccess = field(default_factory=TurnAccess)

    async def run(self, act: Callable[[Unit], Awaitable[T]]) -> T:
        """Carry out ``act`` in one transaction, commit, then tell everybody concerned.

        Somebody else's simultaneous change makes ``act`` run again on what is then
        there, so a race ends in the same clear error as a late request.

        Raises:
            CaseError: whatever ``act`` refuses, or ``version_conflict`` when the
                others did not stop changing the same thing.
        """
        for attempt in range(_ATTEMPTS):
            try:
                async with self.database.begin() as tx:
                    unit = Unit(tx, self.keys, self.outbox, self.clock.now())
                    result = await act(unit)
            except (CaseError, DBAPIError) as error:
                if attempt == _ATTEMPTS - 1 or not is_conflict(error):
                    raise
                await sleep(random.uniform(0, 0.01 * (attempt + 1)))  # noqa: S311 - only spreads
                continue
            self.hub.publish(unit.changes)
            return result
        raise AssertionError("unreachable")

    async def tell_roles(self, session_id: str) -> None:
        """Have a session's media wired as the database says; safe to repeat."""
        for attempt in range(_ATTEMPTS):
            async with self.database.read() as tx:
                found = await roles_in_room(tx, session_id)
            if found is None:
                return
            worker, epoch, roles = found
            if await self.media.set_roles(Place(worker, epoch), session_id, roles):
                return
            await sleep(0.2 * 2**attempt)
        log.warning("roles not told", session_id=session_id)

    async def close_session(self, session_id: str, cause: str) -> None:
        """End a session's media, then its recordings; safe to repeat, and repeated if it fails."""
        async with self.database.read() as tx:
            session = await tx.get(Session, session_id)
        if session is not None and session.media_worker and session.media_epoch:
            place = Place(session.media_worker, session.media_epoch)
            await self.media.close_session(place, session_id, cause)
        try:
            await self.recorder.close_session(session_id, cause)
        except ControlError as error:
            # The sweeper asks again until the recorder's last fact is in the ledger.
            log.warning("recorder did not close", session_id=session_id, code=error.code)


def is_conflict(error: Exception) -> bool:
    """Whether the error only says that another transaction was faster."""
    if isinstance(error, IntegrityError) or isinstance(error.__cause__, StaleDataError):
        return True
    code = getattr(getattr(error, "orig", None), "sqlstate", None)
    return code in _CONFLICT_CODES


SERVICES: web.AppKey[Services] = web.AppKey("services")
