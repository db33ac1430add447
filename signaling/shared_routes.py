"""The viewer of a share: the link's one exchange for a cookie, and what that cookie opens."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

from aiohttp import web
from pydantic import BaseModel, ConfigDict, StringConstraints

from cases.access_log import Deed
from cases.case_access import not_found
from cases.case_views import name_of
from cases.keys import KeyDestroyed
from cases.shares import OpenShare, find_share, see_again
from cases.tables import Recording, Tenant
from recorder.crypt import open_sealed
from recorder.playback import VirtualFile
from runtime.errors import CaseError
from signaling.access_routes import Replayed, limit_reports, within
from signaling.auth import client_address, remember_share, share_secret
from signaling.bodies import parse_body
from signaling.limits import Counted
from signaling.noting import note
from signaling.recording_answer import send_recording
from signaling.services import SERVICES, Services
from signaling.shared_evidence import reached, see_shared_still, shared_timeline

_OF: Final = "/api/shared/{id}"
_SHOWN_IN: Final = frozenset({"video", "audio", "image"})


class TokenIn(BaseModel):
    """The secret of a link: it came in the page's fragment, which no server and no log sees."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    token: Annotated[str, StringConstraints(min_length=1, max_length=100)]


def add_routes(app: web.Application) -> None:
    """Serve the viewer's page."""
    app.router.add_post("/api/shared", come_in)
    app.router.add_get(_OF, look)
    app.router.add_get(f"{_OF}/recordings/{{recording_id}}/media", media)
    app.router.add_get(f"{_OF}/recordings/{{recording_id}}/file", download)
    app.router.add_get(f"{_OF}/stills/{{still_id}}/image", still_image)
    app.router.add_post(f"{_OF}/replays", report_replay)


async def come_in(request: web.Request) -> web.Response:
    """Exchange the link's secret for a cookie that reaches this share's addresses only."""
    services = request.app[SERVICES]
    now_s = services.clock.now().timestamp()
    await services.limits.check(Counted.SHARE, client_address(request), now_s)
    token = (await parse_body(request, TokenIn)).token
    async with services.database.read() as tx:
        share = await find_share(tx, services.keys, token, services.clock.now())
    response = web.json_response({"share_id": share.share.id})
    remember_share(request, response, share.share.id, token, share.share.expires_at)
    return response


async def look(request: web.Request) -> web.Response:
    """Who shared what with whom until when, and the timeline of it."""
    services, share = await _opened(request)
    shown = await shared_timeline(services, share)
    async with services.database.read() as tx:
        shared_by = await name_of(tx, share.share.created_by)
        tenant = await tx.get_one(Tenant, share.case.tenant_id)
    await note(services, share.actor, share.session, Deed.LOOKED, "timeline", share.session.id)
    await services.run(lambda unit: see_again(unit, share.share.id))
    return web.json_response(
        {
            "share_id": share.share.id,
            "viewer": share.viewer.name,
            "shared_by": shared_by,
            "tenant": tenant.name,
            "expires_at": share.share.expires_at.isoformat(),
            "may_download": share.share.may_download,
            "is_part": share.share.from_ms is not None,
            "timeline": shown,
        }
    )


async def media(request: web.Request) -> web.StreamResponse:
    """A recording's ranges; what lies outside the share is in no byte of them."""
    _, share, file = await _file(request)
    if not share.share.may_download and not _is_for_showing(request):
        raise _view_only()
    return await send_recording(request, share.actor, share.session, file)


async def download(request: web.Request) -> web.StreamResponse:
    """A recording to keep, where the share allows it."""
    services, share, file = await _file(request)
    if not share.share.may_download:
        raise _view_only()
    recording_id = file.source.recording_id
    await note(services, share.actor, share.session, Deed.DOWNLOADED, "recording", recording_id)
    name = f"{recording_id}.{file.source.container}"
    return await send_recording(
        request, share.actor, share.session, file, disposition=f'attachment; filename="{name}"'
    )


async def still_image(request: web.Request) -> web.Response:
    """A photograph of the share's moments."""
    services, share = await _opened(request)
    if not share.share.may_download and not _is_for_showing(request):
        raise _view_only()
    async with services.database.read() as tx:
        still = await see_shared_still(tx, share, request.match_info["still_id"])
        if still.object_key is None:
            raise not_found()
        try:
            key = await services.keys.session_key(tx, share.session.id)
        except KeyDestroyed as error:
            raise _erased() from error
    stored = await services.store.get(still.object_key)
    jpeg = await asyncio.to_thread(open_sealed, key, still.object_key, stored)
    await note(services, share.actor, share.session, Deed.LOOKED, "still", still.id)
    return web.Response(
        body=jpeg, content_type="image/jpeg", headers={"Cache-Control": "private, no-store"}
    )


async def report_replay(request: web.Request) -> web.Response:
    """What the viewer has watched, in small batches."""
    services, share = await _opened(request)
    body = await parse_body(request, Replayed)
    await limit_reports(services, share.actor.label)
    spans = within(share.session, body.moments(), services)
    await note(
        services,
        share.actor,
        share.session,
        Deed.REPLAYED,
        "session",
        share.session.id,
        spans=spans,
        report_id=body.client_id,
    )
    await services.run(lambda unit: see_again(unit, share.share.id))
    return web.Response(status=204)


async def _opened(request: web.Request) -> tuple[Services, OpenShare]:
    """The share that the cookie opens now: one that was ended opens nothing from then on."""
    services = request.app[SERVICES]
    async with services.database.read() as tx:
        share = await find_share(
            tx,
            services.keys,
            share_secret(request),
            services.clock.now(),
            share_id=request.match_info["id"],
        )
    return services, share


async def _file(request: web.Request) -> tuple[Services, OpenShare, VirtualFile]:
    services, share = await _opened(request)
    async with services.database.read() as tx:
        recording = await tx.get(Recording, request.match_info["recording_id"])
        found = await reached(tx, services, share, recording) if recording else None
    if found is None:
        raise not_found()
    return services, share, await services.playback.open(found.source, found.only)


def _is_for_showing(request: web.Request) -> bool:
    """Whether a page's own element asks; a browser that does not say is believed."""
    return request.headers.get("Sec-Fetch-Dest", "video") in _SHOWN_IN


def _view_only() -> CaseError:
    return CaseError("view_only", "This was shared to be looked at, not to be kept.", status=403)


def _erased() -> CaseError:
    return CaseError("erased", "This evidence was erased.", status=410)
