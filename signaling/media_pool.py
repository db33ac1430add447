"""Which media workers there are, which is least loaded, and which have died."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from runtime.control import ControlClient, ControlError
from runtime.echo_ticket import EchoTicket, issue_ticket
from runtime.errors import CaseError
from runtime.settings import Settings

log = structlog.get_logger()

POLL_S = 0.5
STATUS_TIMEOUT_S = 1.0
_SILENT_POLLS_TO_LOSE = 4
_FULL_CPU = 0.6
_WAIT_FOR_WORKER_S = 3.0
_WAITING_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Place:
    """A worker in one of its lives: a restarted worker is another place."""

    worker: str
    epoch: str


@dataclass(frozen=True, slots=True)
class EchoPlace:
    """Where a browser may ask whether packets get through, and the ticket that is answered."""

    addresses: tuple[tuple[str, int], ...]
    ticket: EchoTicket


@dataclass(slots=True)
class _Worker:
    name: str
    client: ControlClient
    epoch: str | None = None
    cpu: float = 0.0
    peers: int = 0
    draining: bool = False
    moving: bool = False
    moved: bool = False
    status: Mapping[str, Any] = field(default_factory=dict)
    silent_polls: int = 0
    placed_since_poll: int = 0
    echo: tuple[tuple[str, int], ...] = ()

    @property
    def place(self) -> Place | None:
        return None if self.epoch is None else Place(self.name, self.epoch)


OnLost = Callable[[Place], Awaitable[None]]
OnMoving = Callable[[Place], Awaitable[None]]


class MediaPool:
    """The workers whose sockets are in the run directory; ``close()`` may be called twice.

    ``on_lost`` is called once for every place that is gone: the worker's process
    died, started again, or did not answer for two seconds. ``on_moving`` is called for a
    place whose drain has come to its limit while another worker could take its people.
    """

    def __init__(self, settings: Settings, secret: str) -> None:
        self._run_dir: Path = settings.run_dir
        self._secret = secret
        self._workers: dict[str, _Worker] = {}
        self._polling = asyncio.Lock()
        self.on_lost: OnLost | None = None
        self.on_moving: OnMoving | None = None

    @property
    def places(self) -> frozenset[Place]:
        """Every place that is alive, draining ones included."""
        return frozenset(place for w in self._workers.values() if (place := w.place))

    @property
    def load(self) -> Mapping[str, float]:
        """The share of a core each live worker uses."""
        return {w.name: w.cpu for w in self._workers.values() if w.epoch is not None}

    @property
    def statuses(self) -> Mapping[str, Mapping[str, Any]]:
        """What each live worker last said of itself, by its name."""
        return {w.name: w.status for w in self._workers.values() if w.epoch is not None}

    @property
    def draining(self) -> frozenset[str]:
        """The live workers that take nothing new."""
        return frozenset(
            w.name for w in self._workers.values() if w.epoch is not None and w.draining
        )

    def is_alive(self, worker: str | None, epoch: str | None) -> bool:
        """Whether a session placed there still has its media, and may keep it."""
        return any(
            w.name == worker and w.epoch == epoch and epoch is not None and not w.moving
            for w in self._workers.values()
        )

    def has_room(self, place: Place) -> bool:
        """Whether a new session may be placed there rather than where there is least to do."""
        worker = self._workers.get(place.worker)
        return (
            worker is not None
            and worker.place == place
            and not worker.draining
            and worker.cpu + 0.05 * worker.placed_since_poll < _FULL_CPU
        )

    def least_loaded(self) -> Place:
        """Where a new session goes.

        Raises:
            CaseError: ``media_unavailable`` (503).
        """
        open_workers = self._open_workers()
        if not open_workers:
            raise unavailable()
        # Load is measured with a delay, so what was placed since then counts as well.
        best = min(
            open_workers, key=lambda w: (w.cpu + 0.05 * w.placed_since_poll, w.peers, w.name)
        )
        best.placed_since_poll += 1
        place = best.place
        assert place is not None
        return place

    def echo(self, now_s: float) -> EchoPlace | None:
        """The echo of the least loaded worker with a ticket for one browser; None without any."""
        open_workers = [w for w in self._workers.values() if w.epoch and w.echo and not w.draining]
        if not open_workers:
            return None
        best = min(open_workers, key=lambda w: (w.cpu, w.peers, w.name))
        assert best.epoch is not None
        ticket = issue_ticket(self._secret, best.epoch, secrets.token_bytes(8), now_s)
        return EchoPlace(best.echo, ticket)

    async def place_new(self) -> Place:
        """Where a new session goes; while no worker is there one is waited for.

        A worker that died is replaced within moments, and asking again costs a browser more.

        Raises:
            CaseError: ``media_unavailable`` (503), none came within three seconds.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _WAIT_FOR_WORKER_S
        while True:
            try:
                return self.least_loaded()
            except CaseError:
                if loop.time() > deadline:
                    raise
            await asyncio.sleep(_WAITING_POLL_S)
            await self.poll()

    def client(self, place: Place) -> ControlClient:
        """How a place is told what to do.

        Raises:
            CaseError: ``media_unavailable`` (503), the place is gone.
        """
        worker = self._workers.get(place.worker)
        if worker is None or worker.place != place:
            raise unavailable()
        return worker.client

    def found_draining(self, place: Place) -> bool:
        """A worker has said itself that it drains; whether another one may take its people."""
        self._workers[place.worker].draining = True
        return bool(self._open_workers())

    async def poll(self) -> None:
        """Look once at every worker, and report the places that are gone."""
        async with self._polling:
            await self._poll()

    async def _poll(self) -> None:
        names = {path.stem for path in await asyncio.to_thread(self._sockets)}
        for name in names - self._workers.keys():
            client = ControlClient(f"unix://{self._run_dir / name}.sock", self._secret)
            self._workers[name] = _Worker(name, client)
        lost = await asyncio.gather(*(self._look_at(w) for w in list(self._workers.values())))
        for place in lost:
            if place is not None and self.on_lost is not None:
                if self._workers[place.worker].draining:
                    log.info("media worker has left", worker=place.worker, epoch=place.epoch)
                else:
                    log.warning("media worker lost", worker=place.worker, epoch=place.epoch)
                await self.on_lost(place)
        for worker in list(self._workers.values()):
            if worker.moving and not worker.moved and worker.place and self._open_workers():
                log.info("media worker leaves, people move", worker=worker.name)
                if self.on_moving is not None:
                    await self.on_moving(worker.place)
                worker.moved = True

    async def watch(self) -> None:
        """Poll until cancelled."""
        while True:
            await self.poll()
            await asyncio.sleep(POLL_S)

    async def close(self) -> None:
        """Close the connections; the workers go on."""
        for worker in self._workers.values():
            await worker.client.close()

    def _open_workers(self) -> list[_Worker]:
        return [w for w in self._workers.values() if w.epoch is not None and not w.draining]

    def _sockets(self) -> list[Path]:
        return list(self._run_dir.glob("media-*.sock"))

    async def _look_at(self, worker: _Worker) -> Place | None:
        before = worker.place
        try:
            status = await worker.client.query("/status", timeout_s=STATUS_TIMEOUT_S)
            worker.epoch = str(status["epoch"])
            worker.cpu = float(status["cpu"])
            worker.peers = _count(status["peers"])
            worker.draining = bool(status["draining"])
            worker.moving = bool(status.get("moving", False))
            worker.status = status
            if worker.place != before:
                worker.moved = False
            worker.echo = tuple((str(host), int(port)) for host, port in status.get("echo", []))
        except (ControlError, KeyError, TypeError, ValueError) as error:
            worker.silent_polls += 1
            # A refused connection means that the process is gone; silence may be a busy moment.
            refused = isinstance(error.__cause__, OSError) and not isinstance(
                error.__cause__, TimeoutError
            )
            if refused or worker.silent_polls >= _SILENT_POLLS_TO_LOSE:
                worker.epoch = None
        else:
            worker.silent_polls = 0
            worker.placed_since_poll = 0
        return before if before is not None and worker.place != before else None


def unavailable() -> CaseError:
    """No worker can do it just now."""
    return CaseError("media_unavailable", "Live video is not available right now.", status=503)


def _count(value: object) -> int:
    return len(value) if isinstance(value, (list, dict)) else int(str(value))
