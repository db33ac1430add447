"""What a media worker is told to do: peers, bench cameras, roles, and their ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from runtime.control import ControlError
from runtime.errors import CaseError, ProofcallError
from signaling.media_pool import STATUS_TIMEOUT_S, MediaPool, Place, unavailable

log = structlog.get_logger()

_PEER_TIMEOUT_S = 5.0


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


class MediaOrders:
    """Tells the workers of a pool what to do; it keeps nothing of its own."""

    def __init__(self, pool: MediaPool) -> None:
        self._pool = pool

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
            answer = await self._pool.client(place).query("/bench", timeout_s=STATUS_TIMEOUT_S)
        except ControlError as error:
            raise unavailable() from error
        return {str(one["peer_id"]): one["session_id"] for one in answer["cameras"]}

    async def add_candidates(
        self, place: Place, peer_id: str, candidates: list[dict[str, Any]]
    ) -> None:
        """Hand on the browser's addresses; an empty list ends them.

        Raises:
            CaseError: ``bad_candidates`` (422), ``not_found`` (404) or ``media_unavailable``.
        """
        try:
            await self._pool.client(place).command(
                f"/peers/{peer_id}/candidates", {"candidates": candidates}
            )
        except ControlError as error:
            if error.status == 404:
                raise CaseError("not_found", "No such peer connection.", status=404) from error
            if 400 <= error.status < 500:
                raise CaseError(
                    "bad_candidates", "The addresses could not be used.", status=422
                ) from error
            raise unavailable() from error

    async def set_roles(self, place: Place, session_id: str, roles: Mapping[str, str]) -> bool:
        """Say what a session's people are in the room; False when the worker did not hear it."""
        try:
            await self._pool.client(place).command(
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
            answer = await self._pool.client(place).command(
                f"/peers/{peer_id}/locate", {"mid": mid, "rtp_timestamp": rtp_timestamp}
            )
            return Located(answer["participant_id"], answer["track_id"], answer["rtp_timestamp"])
        except ControlError as error:
            if 400 <= error.status < 500:
                raise CaseError(
                    "frame_unknown", "That picture is no longer known. Take it again."
                ) from error
            raise unavailable() from error

    async def close_peer(self, place: Place, peer_id: str, cause: str) -> None:
        """End one connection; one that is already gone is fine."""
        await self._quietly(place, f"/peers/{peer_id}/close", {"cause": cause})

    async def close_session(self, place: Place, session_id: str, cause: str) -> None:
        """End every connection of a session; a worker that is gone has ended them already."""
        await self._quietly(place, f"/sessions/{session_id}/close", {"cause": cause})

    async def _order(self, place: Place, path: str, body: dict[str, Any]) -> None:
        try:
            await self._pool.client(place).command(path, body)
        except ControlError as error:
            raise unavailable() from error

    async def _open_peer(self, place: Place, path: str, body: dict[str, Any]) -> PeerAnswer:
        try:
            answer = await self._pool.client(place).command(path, body, timeout_s=_PEER_TIMEOUT_S)
            return PeerAnswer(answer["peer_id"], answer["answer"], answer["tracks"])
        except ControlError as error:
            if 400 <= error.status < 500 and error.status != 409:
                raise CaseError(
                    "bad_offer", "The media description could not be used.", status=422
                ) from error
            log.warning("peer not made", worker=place.worker, code=error.code)
            if error.status == 0:
                # Perhaps it has just died: whoever tries again must not be sent there.
                await self._pool.poll()
            if error.code == "draining" and self._pool.found_draining(place):
                raise PlaceLeavesError from error
            raise unavailable() from error

    async def _quietly(self, place: Place, path: str, body: dict[str, Any]) -> None:
        try:
            await self._pool.client(place).command(path, body)
        except (ControlError, CaseError) as error:
            log.info("media command had nothing to end", path=path, error=str(error))
