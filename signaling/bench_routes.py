"""The host's bench cameras: which there are, and which one the session shows."""

from __future__ import annotations

from aiohttp import web

from cases import bench
from cases.actor import StaffActor
from cases.unit import Unit
from runtime.errors import CaseError
from signaling.participation import participant_actor
from signaling.services import SERVICES


def add_routes(app: web.Application) -> None:
    """Serve the host's routes."""
    app.router.add_get("/api/sessions/{id}/bench", cameras)
    app.router.add_put("/api/sessions/{id}/bench/{camera_id}", attach)
    app.router.add_delete("/api/sessions/{id}/bench/{camera_id}", detach)


async def cameras(request: web.Request) -> web.Response:
    """The cameras of the host's warehouse."""
    return await _cameras(request, await _host(request))


async def attach(request: web.Request) -> web.Response:
    """Show one; gives the cameras as they are then."""
    services = request.app[SERVICES]
    actor = await _host(request)
    session_id, camera_id = request.match_info["id"], request.match_info["camera_id"]

    async def act(unit: Unit) -> None:
        await bench.attach(unit, actor, session_id, camera_id)

    await services.run(act)
    return await _cameras(request, actor)


async def detach(request: web.Request) -> web.Response:
    """Show it no more; gives the cameras as they are then."""
    services = request.app[SERVICES]
    actor = await _host(request)
    session_id, camera_id = request.match_info["id"], request.match_info["camera_id"]

    async def act(unit: Unit) -> None:
        await bench.detach(unit, actor, session_id, camera_id)

    await services.run(act)
    return await _cameras(request, actor)


async def _cameras(request: web.Request, actor: StaffActor) -> web.Response:
    async with request.app[SERVICES].database.read() as tx:
        found = await bench.cameras_for(tx, actor, request.match_info["id"])
    return web.json_response({"cameras": found})


async def _host(request: web.Request) -> StaffActor:
    async with request.app[SERVICES].database.read() as tx:
        actor = await participant_actor(request, tx, request.match_info["id"])
    if not isinstance(actor, StaffActor):
        raise CaseError("wrong_role", "Only the host can do this.", status=403)
    return actor
