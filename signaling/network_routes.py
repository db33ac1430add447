"""What a browser is told of the network: ICE servers, and the check before a call.

The check costs the server little and is counted per link or login: whoever may not join
gets nothing of it.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from cases.actor import BuyerActor, ObserverActor, StaffActor
from cases.join_views import join_view
from cases.session_access import see_as_participant
from cases.states import Role, SessionState
from runtime.errors import CaseError
from signaling.auth import device_secret, require_staff
from signaling.bodies import parse_query
from signaling.limits import Counted
from signaling.participation import participant_actor
from signaling.services import SERVICES, Services

HOST_ROLES: Final = (Role.INSPECTOR, Role.AGENT, Role.ADMIN)
_MAX_LOAD_BYTES: Final = 256 * 1024
# Bytes that no proxy can make smaller.
_PADDING: Final = secrets.token_bytes(_MAX_LOAD_BYTES)


class LoadQuery(BaseModel):
    """How much to send back."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    bytes: Annotated[int, Field(ge=0, le=_MAX_LOAD_BYTES)] = 0


def ice_for_buyer(services: Services, shown: Mapping[str, Any]) -> dict[str, Any] | None:
    """``ice`` for whoever sees this of a join link; None for those who may not join now."""
    if shown["state"] != "open":
        return None
    return services.turn.ice_for(f"case:{shown['case']['id']}", services.clock.now())


def ice_for_staff(services: Services, actor: StaffActor) -> dict[str, Any]:
    """``ice`` for a host."""
    return services.turn.ice_for(actor.label, services.clock.now())


def ice_for_guest(services: Services, actor: ObserverActor) -> dict[str, Any]:
    """``ice`` for an observer without an account."""
    return services.turn.ice_for(actor.label, services.clock.now())


def add_routes(app: web.Application) -> None:
    """Serve ICE servers during a call, and the check before it."""
    app.router.add_get("/api/sessions/{id}/ice", session_ice)
    app.router.add_post("/api/join/{token}/precheck", buyer_precheck)
    app.router.add_post("/api/join/{token}/precheck/load", buyer_load)
    app.router.add_post("/api/host/precheck", host_precheck)
    app.router.add_post("/api/host/precheck/load", host_load)


async def session_ice(request: web.Request) -> web.Response:
    """Fresh credentials for somebody in a call: those of the page grow old."""
    services = request.app[SERVICES]
    session_id = request.match_info["id"]
    async with services.database.read() as tx:
        actor = await participant_actor(request, tx, session_id)
        session, _case, _me = await see_as_participant(tx, actor, session_id)
    if session.state == SessionState.ENDED:
        raise CaseError("already_ended", "The inspection has ended.")
    subject = f"case:{actor.case_id}" if isinstance(actor, BuyerActor) else actor.label
    return web.json_response({"ice": services.turn.ice_for(subject, services.clock.now())})


async def buyer_precheck(request: web.Request) -> web.Response:
    """Begin a buyer's check."""
    services = request.app[SERVICES]
    shown = await _open_link(request)
    await _count(services, Counted.CHECK, shown["case"]["id"])
    return web.json_response(_check(services, ice_for_buyer(services, shown)))


async def buyer_load(request: web.Request) -> web.Response:
    """Take and give bytes, for a rate."""
    shown = await _open_link(request)
    return await _load(request, shown["case"]["id"])


async def host_precheck(request: web.Request) -> web.Response:
    """Begin a host's check."""
    services = request.app[SERVICES]
    actor = await require_staff(request, *HOST_ROLES)
    await _count(services, Counted.CHECK, actor.label)
    return web.json_response(_check(services, ice_for_staff(services, actor)))


async def host_load(request: web.Request) -> web.Response:
    """Take and give bytes, for a rate."""
    actor = await require_staff(request, *HOST_ROLES)
    return await _load(request, actor.label)


async def _open_link(request: web.Request) -> Mapping[str, Any]:
    """What the link shows, if this browser may join by it.

    Raises:
        CaseError: as ``GET /api/join/{token}``; ``other_device``, ``case_closed`` (409).
    """
    services = request.app[SERVICES]
    async with services.database.read() as tx:
        shown = await join_view(
            tx,
            services.keys,
            request.match_info["token"],
            device_secret(request),
            services.clock.now(),
        )
    if shown["state"] == "ended":
        raise CaseError("case_closed", "This inspection is over.")
    if shown["state"] != "open":
        raise CaseError("other_device", "This link is in use on another device.")
    return shown


def _check(services: Services, ice: dict[str, Any] | None) -> dict[str, Any]:
    place = services.media_pool.echo(services.clock.now().timestamp())
    if place is None:
        return {"echo": None, "ice": ice}
    echo = {
        "ufrag": place.ticket.ufrag,
        "pwd": place.ticket.pwd,
        "addresses": [{"host": host, "port": port} for host, port in place.addresses],
    }
    return {"echo": echo, "ice": ice}


async def _load(request: web.Request, name: str) -> web.Response:
    services = request.app[SERVICES]
    query = parse_query(request, LoadQuery)
    await _count(services, Counted.LOAD, name)
    if (request.content_length or 0) > _MAX_LOAD_BYTES:
        raise web.HTTPRequestEntityTooLarge(_MAX_LOAD_BYTES, request.content_length or 0)
    taken = 0
    async for chunk in request.content.iter_any():
        taken += len(chunk)
        if taken > _MAX_LOAD_BYTES:
            raise web.HTTPRequestEntityTooLarge(_MAX_LOAD_BYTES, taken)
    return web.Response(
        body=_PADDING[: query.bytes],
        content_type="application/octet-stream",
        headers={"X-Taken-Bytes": str(taken)},
    )


async def _count(services: Services, what: Counted, name: str) -> None:
    await services.limits.check(
        what,
        name,
        services.clock.now().timestamp(),
        "The connection was checked often enough for now.",
    )
