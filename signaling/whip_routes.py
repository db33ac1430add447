"""WHIP (RFC 9725): a warehouse's bench camera publishes by HTTP, with a bearer token.

The endpoint is ``/whip/{camera_id}``, a WHIP session ``/whip/{camera_id}/{peer_id}``. A
camera that publishes again replaces itself. Neither ICE restarts nor simulcast are
supported: a client whose path is gone publishes again (4.3.3, 4.8).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from functools import wraps
from hashlib import sha256
from typing import Any, Final

import structlog
from aiohttp import web

from cases import bench
from cases.tables import BenchCamera, Session
from cases.unit import Unit
from runtime.errors import CaseError
from signaling.bench_link import settle_bench
from signaling.limits import Counted
from signaling.media_orders import PeerAnswer
from signaling.media_pool import Place
from signaling.problems import problem
from signaling.services import SERVICES, Services

log = structlog.get_logger()

SDP: Final = "application/sdp"
FRAGMENT: Final = "application/trickle-ice-sdpfrag"
_MAX_SDP_BYTES: Final = 65_536
_MAX_FRAGMENT_BYTES: Final = 16_384
_BODY_WITHIN_S: Final = 5.0
# Any page may be a WHIP client: what lets it in is the token, and no cookie counts here.
_CORS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Location, ETag, Link, Accept-Patch, Retry-After",
}
_PREFLIGHT: Final = {
    **_CORS,
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match",
    "Access-Control-Max-Age": "7200",
}

Handler = Callable[[web.Request], Awaitable[web.Response]]


def add_routes(app: web.Application) -> None:
    """Serve the endpoint and its sessions; other methods are answered 405 (RFC 9725, 4.1)."""
    endpoint, session = "/whip/{camera_id}", "/whip/{camera_id}/{peer_id}"
    app.router.add_post(endpoint, publish)
    app.router.add_options(endpoint, endpoint_options)
    app.router.add_patch(session, trickle)
    app.router.add_delete(session, end)
    app.router.add_options(session, session_options)


def _with_cors(handler: Handler) -> Handler:
    """Errors, too, can be read by a page of another origin."""

    @wraps(handler)
    async def handle(request: web.Request) -> web.Response:
        try:
            response = await handler(request)
        except CaseError as error:
            headers = dict(_CORS)
            if error.status == 401:
                # RFC 6750, 3: what is wrong is said only to those who sent a token.
                sent = "Authorization" in request.headers
                headers["WWW-Authenticate"] = 'Bearer realm="whip"' + (
                    ', error="invalid_token"' if sent else ""
                )
            if "retry_after_s" in error.fields:
                headers["Retry-After"] = str(error.fields["retry_after_s"])
            return problem(error.status, error.code, error.message, headers=headers)
        response.headers.update(_CORS)
        return response

    return handle


async def endpoint_options(request: web.Request) -> web.Response:
    """What the endpoint takes: RFC 9725, 4.2, and the answer to a page's preflight."""
    del request
    headers = {
        **_PREFLIGHT,
        "Access-Control-Allow-Methods": "POST, OPTIONS",
        "Allow": "POST, OPTIONS",
        "Accept-Post": SDP,
    }
    return web.Response(status=204, headers=headers)


async def session_options(request: web.Request) -> web.Response:
    """What a WHIP session takes."""
    del request
    headers = {
        **_PREFLIGHT,
        "Access-Control-Allow-Methods": "PATCH, DELETE, OPTIONS",
        "Allow": "PATCH, DELETE, OPTIONS",
        "Accept-Patch": FRAGMENT,
    }
    return web.Response(status=204, headers=headers)


@_with_cors
async def publish(request: web.Request) -> web.Response:
    """``POST``: an offer becomes a WHIP session (RFC 9725, 4.2)."""
    services = request.app[SERVICES]
    camera = await _camera(request)
    if request.content_type != SDP:
        raise CaseError("not_sdp", f"Send {SDP}.", status=415)
    if not _accepts_sdp(request):
        raise CaseError("not_acceptable", f"The answer is {SDP}.", status=406)
    await services.limits.check(Counted.JOIN, f"whip:{camera.id}", services.clock.now().timestamp())
    offer = await _text(request, _MAX_SDP_BYTES)
    place = await _place_for(services, camera)
    peer = await services.media.publish_camera(place, camera.id, offer)

    codec = next((str(one["codec"]) for one in peer.tracks if one["kind"] == "video"), None)

    async def act(unit: Unit) -> tuple[str, str, str] | None:
        return await bench.publish(unit, camera.id, place.worker, place.epoch, peer.peer_id, codec)

    try:
        before = await services.run(act)
    except BaseException:
        services.tasks.once(
            "undo publication", services.media.close_peer(place, peer.peer_id, "not_joined")
        )
        raise
    if before is not None:
        worker, epoch, peer_id = before
        await services.media.close_peer(Place(worker, epoch), peer_id, "replaced")
    if camera.session_id is not None:
        await settle_bench(services)
    log.info("bench camera publishes", camera_id=camera.id, peer_id=peer.peer_id)
    headers = {
        "Location": f"/whip/{camera.id}/{peer.peer_id}",
        "ETag": _etag(peer.peer_id),
        "Accept-Patch": FRAGMENT,
    }
    ice = services.turn.ice_for(f"whip:{camera.id}", services.clock.now())
    response = web.Response(status=201, body=_answer(peer), content_type=SDP, headers=headers)
    for link in ice_links(ice["servers"]):
        response.headers.add("Link", link)
    return response


@_with_cors
async def trickle(request: web.Request) -> web.Response:
    """``PATCH``: further candidates (RFC 9725, 4.3.2); an ICE restart is 422 (4.3.1).

    ``If-Match`` names the ICE session by its entity tag: 428 without, 412 with another.
    """
    services = request.app[SERVICES]
    camera = await _session(request)
    if request.content_type != FRAGMENT:
        raise CaseError("not_a_fragment", f"Send {FRAGMENT}.", status=415)
    await services.limits.check(
        Counted.WHIP_CANDIDATES, camera.id, services.clock.now().timestamp()
    )
    wanted = request.headers.get("If-Match", "").strip()
    if not wanted:
        raise CaseError("if_match_required", "Send If-Match with the ETag.", status=428)
    if wanted == "*":
        raise CaseError(
            "no_ice_restart", "ICE restarts are not supported: publish again.", status=422
        )
    if wanted != _etag(camera.peer_id or ""):
        raise CaseError("other_ice_session", "This is another ICE session.", status=412)
    candidates = fragment_candidates(await _text(request, _MAX_FRAGMENT_BYTES))
    place = Place(camera.media_worker or "", camera.media_epoch or "")
    await services.media.add_candidates(place, camera.peer_id or "", candidates)
    return web.Response(status=204)


@_with_cors
async def end(request: web.Request) -> web.Response:
    """``DELETE``: the camera stops (RFC 9725, 4.2)."""
    services = request.app[SERVICES]
    camera = await _session(request)
    peer_id = camera.peer_id or ""
    place = Place(camera.media_worker or "", camera.media_epoch or "")
    await services.media.close_peer(place, peer_id, "left")

    async def act(unit: Unit) -> None:
        await bench.unpublish(unit, camera.id, peer_id)

    await services.run(act)
    return web.Response(status=200)


def ice_links(servers: list[dict[str, Any]]) -> list[str]:
    """One ``Link`` for each address of a STUN or TURN server (RFC 9725, 4.6)."""
    return [
        f'<{url}>; rel="ice-server"'
        + (
            f'; username="{server["username"]}"; credential="{server["credential"]}"; '
            'credential-type="password"'
            if "credential" in server
            else ""
        )
        for server in servers
        for url in server["urls"]
    ]


def fragment_candidates(fragment: str) -> list[dict[str, object]]:
    """The candidates of an SDP fragment (RFC 8840, 9), as a worker takes them.

    Raises:
        CaseError: ``bad_fragment`` (400): it is none.
    """
    lines = fragment.splitlines()
    if not any(line.startswith(("a=", "m=")) for line in lines) or any(
        line and not re.match(r"[a-z]=", line) for line in lines
    ):
        raise CaseError("bad_fragment", "This is no SDP fragment.", status=400)
    mid: str | None = None
    found: list[dict[str, object]] = []
    for line in lines:
        if line.startswith("a=mid:"):
            mid = line[6:].strip()[:32]
        elif line.startswith("a=candidate:"):
            found.append({"candidate": line[2:].strip(), "sdp_mid": mid, "sdp_m_line_index": None})
    return found


async def _camera(request: web.Request) -> BenchCamera:
    """The camera that this token lets in here; which part is wrong is not told."""
    services = request.app[SERVICES]
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    camera = None
    if scheme.lower() == "bearer":
        async with services.database.read() as tx:
            camera = await bench.camera_of_token(tx, request.match_info["camera_id"], token.strip())
    if camera is None:
        raise CaseError("bad_token", "This token does not let you publish here.", status=401)
    return camera


async def _session(request: web.Request) -> BenchCamera:
    """The camera, if this is its WHIP session now (the token is asked for again: 4.7)."""
    camera = await _camera(request)
    if camera.peer_id != request.match_info["peer_id"]:
        raise CaseError("not_found", "There is no such WHIP session.", status=404)
    return camera


async def _place_for(services: Services, camera: BenchCamera) -> Place:
    """Where the session is that shows the camera, else with the warehouse's others.

    Raises:
        CaseError: ``media_unavailable`` (503).
    """
    async with services.database.read() as tx:
        near = await bench.place_near(tx, camera.warehouse_id)
    if camera.session_id is not None:
        async with services.database.read() as tx:
            session = await tx.get(Session, camera.session_id)
        if session is not None and services.media_pool.is_alive(
            session.media_worker, session.media_epoch
        ):
            return Place(session.media_worker or "", session.media_epoch or "")
    if near is not None and services.media_pool.has_room(Place(*near)):
        return Place(*near)
    return services.media_pool.least_loaded()


async def _text(request: web.Request, limit: int) -> str:
    """The body; too much of it, or too slowly, is refused without reading on."""
    if (request.content_length or 0) > limit:
        raise CaseError("too_large", "This is more than any camera sends.", status=413)
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_WITHIN_S):
            while chunk := await request.content.readany():
                body += chunk
                if len(body) > limit:
                    raise CaseError("too_large", "This is more than any camera sends.", status=413)
    except TimeoutError as error:
        raise CaseError("too_slow", "The body did not come in time.", status=408) from error
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise CaseError("not_text", "This is not UTF-8.", status=400) from error


def _accepts_sdp(request: web.Request) -> bool:
    accepted = request.headers.get("Accept", "*/*")
    ranges = {part.partition(";")[0].strip().lower() for part in accepted.split(",")}
    return bool(ranges & {SDP, "application/*", "*/*"})


def _answer(peer: PeerAnswer) -> bytes:
    return peer.answer.encode()


def _etag(peer_id: str) -> str:
    """The entity tag of the one ICE session that a WHIP session has (RFC 9725, 4.3.1)."""
    return f'"{sha256(peer_id.encode()).hexdigest()[:20]}"'
