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
from runtime.errors import CaseError, ProofcallError
from runtime.settings import Settings

log = structlog.get_logger()

POLL_S = 0.5
_STATUS_TIMEOUT_S = 1.0
_PEER_TIMEOUT_S = 5.0
_SILENT_POLLS_TO_LOSE = 4
_FULL_CPU = 0.6
_WAIT_FOR_WORKER_S = 3.0
_WAITING_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Place:
    """A worker in one of its lives: a restarted worker is another place."""

    worker: str
    epoch: str


class PlaceLeavesError(ProofcallError):
    """The worker that was chosen has begun to drain meanwhile."""


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
            raise _unavailable()
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
            PlaceLeavesError: the worker has begun to drain; another one may take the peer.
            CaseError: ``bad_offer`` (422) or ``media_unavailable`` (503).
        """
        return await self._open_peer(
            place,
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
        )

    async def publish_camera(self, place: Place, camera_id: str, offer: str) -> PeerAnswer:
        """Have a worker take in a bench camera, shown to nobody.

        Raises:
            CaseError: as ``add_peer``.
        """
        return await self._open_peer(place, "/bench", {"camera_id": camera_id, "offer": offer})

    async def attach_camera(
        self, place: Place, camera_id: str, *, peer_id: str, session_id: str, participant_id: str
    ) -> None:
        """Show and record a camera in a session on its worker; safe to repeat.

        Raises:
            CaseError: ``media_unavailable`` (503), among others when this peer is gone.
        """
        body = {"peer_id": peer_id, "session_id": session_id, "participant_id": participant_id}
        await self._order(place, f"/bench/{camera_id}/attach", body)

    async def detach_camera(self, place: Place, camera_id: str) -> None:
        """Show a camera to nobody; safe to repeat.

        Raises:
            CaseError: ``media_unavailable`` (503).
        """
        await self._order(place, f"/bench/{camera_id}/detach", {})

    async def cameras(self, place: Place) -> Mapping[str, str | None]:
        """The peers of the cameras that publish there, each with the session that shows it.

        Raises:
            CaseError: ``media_unavailable`` (503).
        """
        try:
            answer = await self._client(place).query("/bench", timeout_s=_STATUS_TIMEOUT_S)
        except ControlError as error:
            raise _unavailable() from error
        return {str(one["peer_id"]): one["session_id"] for one in answer["cameras"]}

    async def _order(self, place: Place, path: str, body: dict[str, Any]) -> None:
        try:
            await self._client(place).command(path, body)
        except ControlError as error:
            raise _unavailable() from error

    async def _open_peer(self, place: Place, path: str, body: dict[str, Any]) -> PeerAnswer:
        try:
            answer = await self._client(place).command(path, body, timeout_s=_PEER_TIMEOUT_S)
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
            if error.code == "draining":
                self._workers[place.worker].draining = True
                if self._open_workers():
                    raise PlaceLeavesError from error
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

    async def set_roles(self, place: Place, session_id: str, roles: Mapping[str, str]) -> bool:
        """Say what a session's people are in the room; False when the worker did not hear it."""
        try:
            await self._client(place).command(
                f"/sessions/{session_id}/roles", {"roles": dict(roles)}
            )
        except ControlError as error:
            # Without any media there the first peers are made as what they are.
            return error.status == 404
        except CaseError:
            return False
        return True

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
            status = await worker.client.query("/status", timeout_s=_STATUS_TIMEOUT_S)
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
