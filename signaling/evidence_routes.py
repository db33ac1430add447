"""Evidence over HTTP: the timeline, playable recordings by range, stills and their previews."""

from __future__ import annotations

import asyncio

import structlog
from aiohttp import web

from cases.access_log import Deed
from cases.access_policy import Action
from cases.actor import Actor
from cases.case_access import not_found
from cases.sealing import unseal
from cases.session_access import see_session
from cases.states import StillState
from cases.tables import Preview, Recording, Session, Still
from cases.timeline import recordings_of, see_recording, timeline
from recorder.crypt import open_sealed
from recorder.sources import load_source, picture_size
from runtime.errors import CaseError, StoreError
from signaling.auth import actor_of, buyer_of, require_key_or_staff
from signaling.evidence_models import TimelineOut
from signaling.noting import note
from signaling.openapi import register, route
from signaling.recording_answer import send_recording
from signaling.services import SERVICES, Services

log = structlog.get_logger()

_PICTURE_SIZE_TIMEOUT_S = 3.0


def add_routes(app: web.Application) -> None:
    """Serve evidence."""
    register(app, [show_timeline, recording_media, still_image, still_preview])
    app.router.add_route("HEAD", recording_media.path, recording_media.handler)


@route(
    "GET",
    "/api/v1/sessions/{id}/timeline",
    "Everything of one inspection on one clock",
    answers={200: TimelineOut},
)
async def show_timeline(request: web.Request) -> web.StreamResponse:
    """Recordings, gaps, stills and events."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    session_id = request.match_info["id"]
    async with services.database.read() as tx:
        seen = await see_session(tx, actor, session_id, Action.REVIEW)
        recordings = await recordings_of(tx, session_id)
    sizes = {r.id: size for r in recordings if (size := await _size_of(services, r)) is not None}
    async with services.database.read() as tx:
        shown = await timeline(tx, services.keys, actor, session_id, sizes, services.clock)
    await note(services, actor, seen.session, Deed.LOOKED, "timeline", session_id)
    return web.json_response(shown)


@route(
    "GET",
    "/api/v1/recordings/{id}/media",
    "A recording as a playable file; ranges are honoured",
    answers={200: "video/mp4", 206: "video/mp4", 304: None},
    headers={"Range": "bytes=first-last (RFC 9110)", "If-Range": "an ETag", "If-None-Match": ""},
)
async def recording_media(request: web.Request) -> web.StreamResponse:
    """As far as the recording is in the ledger; aiohttp answers HEAD without the body."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    async with services.database.read() as tx:
        recording, session = await see_recording(tx, actor, request.match_info["id"])
        source = await load_source(tx, services.keys, recording)
    if not source.segments:
        raise CaseError(
            "recording_empty", "Nothing of this recording is stored yet.", retry_after_s=2
        )
    file = await services.playback.open(source)
    return await send_recording(request, actor, session, file)


@route(
    "GET",
    "/api/v1/stills/{id}/image",
    "A photograph, cut from its recording",
    answers={200: "image/jpeg"},
)
async def still_image(request: web.Request) -> web.StreamResponse:
    """The evidence itself; 409 ``still_not_cut`` while it is only wanted."""
    services = request.app[SERVICES]
    actor, still, session = await _still(request)
    if still.state == StillState.FAILED:
        raise CaseError("still_failed", "This photograph could not be cut.", status=410)
    if still.state != StillState.CUT or still.object_key is None:
        raise CaseError("still_not_cut", "This photograph is being cut.", retry_after_s=2)
    async with services.database.read() as tx:
        key = await services.keys.session_key(tx, session.id)
    stored = await services.store.get(still.object_key)
    jpeg = await asyncio.to_thread(open_sealed, key, still.object_key, stored)
    await note(services, actor, session, Deed.LOOKED, "still", still.id)
    return web.Response(
        body=jpeg,
        content_type="image/jpeg",
        headers={"Cache-Control": "private, max-age=3600", "ETag": f'"{still.sha256}"'},
    )


@route(
    "GET",
    "/api/v1/stills/{id}/preview",
    "What the host's browser showed when the still was taken; not evidence",
    answers={200: "image/jpeg"},
)
async def still_preview(request: web.Request) -> web.StreamResponse:
    """Shown until the still is cut."""
    services = request.app[SERVICES]
    actor, still, session = await _still(request)
    async with services.database.read() as tx:
        preview = await tx.get(Preview, still.id)
        if preview is None:
            raise not_found()
        key = await services.keys.session_key(tx, session.id)
    await note(services, actor, session, Deed.LOOKED, "still", still.id)
    return web.Response(
        body=unseal(key, still.id, preview.sealed),
        content_type="image/jpeg",
        headers={"Cache-Control": "private, max-age=3600"},
    )


async def _size_of(services: Services, recording: Recording) -> tuple[int, int] | None:
    """The picture's size, if it can be had: a store that is away must not hide a timeline."""
    try:
        async with asyncio.timeout(_PICTURE_SIZE_TIMEOUT_S):
            async with services.database.read() as tx:
                source = await load_source(tx, services.keys, recording)
            if not source.segments:
                return None
            return await picture_size(await services.playback.open(source))
    except (StoreError, CaseError, TimeoutError) as error:
        log.warning("picture size unknown", recording_id=recording.id, error=str(error))
        return None


async def _still(request: web.Request) -> tuple[Actor, Still, Session]:
    """A still for staff and machines who may review it, or for the buyer it was taken of."""
    services = request.app[SERVICES]
    actor: Actor | None = await actor_of(request)
    async with services.database.read() as tx:
        still = await tx.get(Still, request.match_info["id"])
        session = await tx.get(Session, still.session_id) if still else None
        if still is None or session is None:
            if actor is None and "pc_device" not in request.cookies:
                raise CaseError("not_signed_in", "Please sign in or send an API key.", status=401)
            raise not_found()
        if actor is not None:
            try:
                await see_session(tx, actor, session.id, Action.REVIEW)
            except CaseError as error:
                if error.code == "erased":
                    raise
                actor = None
        if actor is None:
            buyer = await buyer_of(request, tx, session.case_id, services.clock.now())
            if buyer is None:
                raise not_found()
            actor = buyer
    return actor, still, session
