"""Which media workers there are, which is least loaded, and which have died."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from runtime.control import ControlClient, ControlError
from runtime.errors import CaseError
from runtime.settings import Settings

log = structlog.get_logger()

POLL_S = 0.5
_STATUS_TIMEOUT_S = 1.0
_PEER_TIMEOUT_S = 5.0
_SILENT_POLLS_TO_LOSE = 4
_WAIT_FOR_WORKER_S = 3.0
_WAITING_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Place:
    """A worker in one of its lives: a restarted worker is another place."""

    worker: str
    epoch: str


@dataclass(frozen=True, slots=True)
class PeerAnswer:
    """What a worker answers to an offer."""

    peer_id: str
    answer: str
    tracks: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Located:
    """Where a frame that a viewer named came from."""

    participant_id: str
    track_id: str
    rtp_timestamp: int


@dataclass(slots=True)
class _Worker:
    name: str
    client: ControlClient
    epoch: str | None = None
    cpu: float = 0.0
    peers: int = 0
    draining: bool = False
    silent_polls: int = 0
    placed_since_poll: int = 0

    @property
    def place(self) -> Place | None:
        return None if self.epoch is None else Place(self.name, self.epoch)


OnLost = Callable[[Place], Awaitable[None]]


class MediaPool:
    """The workers whose sockets are in the run directory; ``close()`` may be called twice.

    ``on_lost`` is called once for every place that is gone: the worker's process
    died, started again, or did not answer for two seconds.
    """

    def __init__(self, settings: Settings, secret: str) -> None:
        self._run_dir: Path = settings.run_dir
        self._secret = secret
        self._workers: dict[str, _Worker] = {}
        self._polling = asyncio.Lock()
        self.on_lost: OnLost | None = None

    @property
    def places(self) -> frozenset[Place]:
        """Every place that is alive, draining ones included."""
        return frozenset(place for w in self._workers.values() if (place := w.place))

    @property
    def load(self) -> Mapping[str, float]:
        """The share of a core each live worker uses."""
        return {w.name: w.cpu for w in self._workers.values() if w.epoch is not None}

    def is_alive(self, worker: str | None, epoch: str | None) -> bool:
        """Whether a session placed there still has its media."""
        return worker is not None and epoch is not None and Place(worker, epoch) in self.places

    def least_loaded(self) -> Place:
        """Where a new session goes.

        Raises:
            CaseError: ``media_unavailable`` (503).
        """
        open_workers = [w for w in self._workers.values() if w.epoch is not None and not w.draining]
        if not open_workers:
            raise _unavailable()
        # Load is measured with a delay, so what was placed since then counts as well.
        best = min(
            open_workers, key=lambda w: (w.cpu + 0.05 * w.placed_since_poll, w.peers, w.name)
        )
        best.placed_since_poll += 1
        place = best.place
        assert place is not None
        return place

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

    async def add_peer(
        self,
        place: Place,
        *,
        session_id: str,
        participant_id: str,
        role: str,
        offer: str,
        candidates: list[dict[str, Any]],
        record: bool,
        start_bps: int | None = None,
    ) -> PeerAnswer:
        """Have a worker answer an offer; with ``record`` packets are kept from the first one.

        ``start_bps`` is what the browser's own check found its uplink to carry.

        Raises:
            CaseError: ``bad_offer`` (422) or ``media_unavailable`` (503).
        """
        try:
            answer = await self._client(place).command(
                "/peers",
                {
                    "session_id": session_id,
                    "participant_id": participant_id,
                    "role": role,
                    "offer": offer,
                    "record": record,
                    "candidates": candidates,
                    "start_bps": start_bps,
                },
                timeout_s=_PEER_TIMEOUT_S,
            )
            return PeerAnswer(answer["peer_id"], answer["answer"], answer["tracks"])
        except ControlError as error:
            if 400 <= error.status < 500 and error.status != 409:
                raise CaseError(
                    "bad_offer", "The media description could not be used.", status=422
                ) from error
            log.warning("peer not made", worker=place.worker, code=error.code)
            if error.status == 0:
                # Perhaps it has just died: whoever tries again must not be sent there.
                await self.poll()
            raise _unavailable() from error

    async def add_candidates(
        self, place: Place, peer_id: str, candidates: list[dict[str, Any]]
    ) -> None:
        """Hand on the browser's addresses; an empty list ends them.

        Raises:
            CaseError: ``bad_candidates`` (422), ``not_found`` (404) or ``media_unavailable``.
        """
        try:
            await self._client(place).command(
                f"/peers/{peer_id}/candidates", {"candidates": candidates}
            )
        except ControlError as error:
            if error.status == 404:
                raise CaseError("not_found", "No such peer connection.", status=404) from error
            if 400 <= error.status < 500:
                raise CaseError(
                    "bad_candidates", "The addresses could not be used.", status=422
                ) from error
            raise _unavailable() from error

    async def locate(self, place: Place, peer_id: str, mid: str, rtp_timestamp: int) -> Located:
        """Say which source frame a viewer's frame is.

        Raises:
            CaseError: ``frame_unknown`` (409) or ``media_unavailable`` (503).
        """
        try:
            answer = await self._client(place).command(
                f"/peers/{peer_id}/locate", {"mid": mid, "rtp_timestamp": rtp_timestamp}
            )
            return Located(answer["participant_id"], answer["track_id"], answer["rtp_timestamp"])
        except ControlError as error:
            if 400 <= error.status < 500:
                raise CaseError(
                    "frame_unknown", "That picture is no longer known. Take it again."
                ) from error
            raise _unavailable() from error

    async def close_peer(self, place: Place, peer_id: str, cause: str) -> None:
        """End one connection; one that is already gone is fine."""
        await self._quietly(place, f"/peers/{peer_id}/close", {"cause": cause})

    async def close_session(self, place: Place, session_id: str, cause: str) -> None:
        """End every connection of a session; a worker that is gone has ended them already."""
        await self._quietly(place, f"/sessions/{session_id}/close", {"cause": cause})

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
                log.warning("media worker lost", worker=place.worker, epoch=place.epoch)
                await self.on_lost(place)

    async def watch(self) -> None:
        """Poll until cancelled."""
        while True:
            await self.poll()
            await asyncio.sleep(POLL_S)

    async def close(self) -> None:
        """Close the connections; the workers go on."""
        for worker in self._workers.values():
            await worker.client.close()

    def _sockets(self) -> list[Path]:
        return list(self._run_dir.glob("media-*.sock"))

    async def _look_at(self, worker: _Worker) -> Place | None:
        before = worker.place
        try:
            status = await worker.client.query("/status", timeout_s=_STATUS_TIMEOUT_S)
            worker.epoch = str(status["epoch"])
            worker.cpu = float(status["cpu"])
            worker.peers = _count(status["peers"])
            worker.draining = bool(status["draining"])
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

    def _client(self, place: Place) -> ControlClient:
        worker = self._workers.get(place.worker)
        if worker is None or worker.place != place:
            raise _unavailable()
        return worker.client

    async def _quietly(self, place: Place, path: str, body: dict[str, Any]) -> None:
        try:
            await self._client(place).command(path, body)
        except (ControlError, CaseError) as error:
            log.info("media command had nothing to end", path=path, error=str(error))


def _unavailable() -> CaseError:
    return CaseError("media_unavailable", "Live video is not available right now.", status=503)


def _count(value: object) -> int:
    return len(value) if isinstance(value, (list, dict)) else int(str(value))
