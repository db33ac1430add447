"""The host's desk: ready, the queue, taking somebody, and answering for devices that ask."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, ConfigDict, StringConstraints

from cases import handing_over, hosting, observing, sessions
from cases.actor import StaffActor
from cases.session_views import snapshot
from cases.unit import Unit
from signaling.auth import require_staff
from signaling.bodies import parse_body
from signaling.network_routes import HOST_ROLES, ice_for_staff
from signaling.services import SERVICES, Services


class ReadyIn(BaseModel):
    """Whether this host may be offered buyers."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    ready: bool


class TakeIn(BaseModel):
    """Whom to take; None is whoever has waited longest."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    case_id: Annotated[str, StringConstraints(max_length=64)] | None = None


def add_routes(app: web.Application) -> None:
    """Serve the host's routes."""
    app.router.add_get("/api/host/desk", desk)
    app.router.add_put("/api/host/ready", ready)
    app.router.add_post("/api/host/take", take)


async def desk(request: web.Request) -> web.Response:
    """Who waits and who is expected."""
    services = request.app[SERVICES]
    actor = await require_staff(request, *HOST_ROLES)
    return await _desk(services, actor)


async def ready(request: web.Request) -> web.Response:
    """Say whether one is ready; gives the desk."""
    services = request.app[SERVICES]
    actor = await require_staff(request, *HOST_ROLES)
    body = await parse_body(request, ReadyIn)

    async def act(unit: Unit) -> None:
        await hosting.set_ready(unit, actor, body.ready)

    await services.run(act)
    return await _desk(services, actor)


async def _desk(services: Services, actor: StaffActor) -> web.Response:
    async with services.database.read() as tx:
        shown = {
            **await hosting.desk_of(tx, actor),
            "live": await observing.live_sessions(tx, actor),
            "ice": ice_for_staff(services, actor),
            "rings": await handing_over.rings_for(tx, services.keys, actor, services.clock.now()),
        }
    return web.json_response(shown)


async def take(request: web.Request) -> web.Response:
    """Take a buyer."""
    services = request.app[SERVICES]
    actor = await require_staff(request, *HOST_ROLES)
    body = await parse_body(request, TakeIn)

    async def act(unit: Unit) -> str:
        return await sessions.take(unit, actor, body.case_id)

    session_id = await services.run(act)
    async with services.database.read() as tx:
        return web.json_response(
            {"session": await snapshot(tx, services.keys, actor, session_id, services.clock)}
        )
