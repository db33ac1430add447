"""Has the media workers do with bench cameras what the database says: at once, and every sweep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import structlog

from cases import bench
from cases.unit import Unit
from runtime.errors import CaseError
from signaling.media_pool import Place
from signaling.services import Services

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera that publishes, as the database has it; ``wanted`` is the session to show it."""

    camera_id: str
    peer_id: str | None
    place: Place
    revoked: bool
    wanted: str | None
    participant_id: str
    wanted_place: Place | None


async def settle_bench(services: Services) -> None:
    """Attach, detach and end cameras until media shows what the database says; may be repeated.

    A camera that is wanted on another worker is closed: its client publishes again, and
    then it is placed where it is wanted.
    """
    async with services.bench_lock:
        async with services.database.read() as tx:
            rows = await bench.publishing(tx)
        cameras = [
            Camera(
                camera_id=camera.id,
                peer_id=camera.peer_id,
                place=Place(camera.media_worker or "", camera.media_epoch or ""),
                revoked=camera.revoked_at is not None,
                wanted=session.id if session is not None else None,
                participant_id=camera.participant_id or "",
                wanted_place=Place(session.media_worker, session.media_epoch)
                if session is not None and session.media_worker and session.media_epoch
                else None,
            )
            for camera, session in rows
        ]
        shown: dict[Place, Mapping[str, str | None]] = {}
        for camera in cameras:
            try:
                if camera.place in services.media_pool.places and camera.place not in shown:
                    shown[camera.place] = await services.media.cameras(camera.place)
                await _settle(services, camera, shown.get(camera.place, {}))
            except CaseError as error:
                # The next sweep tries again; a worker that is gone is forgotten then.
                log.info("bench camera not settled", code=error.code)


async def _settle(services: Services, camera: Camera, shown: Mapping[str, str | None]) -> None:
    media = services.media
    if camera.peer_id is None or camera.peer_id not in shown or camera.revoked:
        if camera.revoked and camera.peer_id is not None:
            await media.close_peer(camera.place, camera.peer_id, "revoked")
        await services.run(partial(_unpublish, camera))
        return
    shown_in = shown[camera.peer_id]
    if camera.wanted is None:
        if shown_in is not None:
            await media.detach_camera(camera.place, camera.camera_id)
    elif camera.wanted_place not in (None, camera.place):
        await media.close_peer(camera.place, camera.peer_id, "moved")
        await services.run(partial(_unpublish, camera))
    elif shown_in != camera.wanted and camera.wanted_place is not None:
        await media.attach_camera(
            camera.place,
            camera.camera_id,
            peer_id=camera.peer_id,
            session_id=camera.wanted,
            participant_id=camera.participant_id,
        )


async def _unpublish(camera: Camera, unit: Unit) -> None:
    await bench.unpublish(unit, camera.camera_id, camera.peer_id)
