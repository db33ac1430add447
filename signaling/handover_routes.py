"""Warm hand-over over HTTP: whom to ask, asking, answering, leaving, taking back."""

from __future__ import annotations

from typing import Annotated, Literal

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from cases import handing_over, handover_hosts
from cases.commands import Locale, prose
from cases.handing_over import Request
from cases.session_views import snapshot
from cases.unit import Unit
from signaling.auth import require_staff
from signaling.bodies import parse_body
from signaling.services import SERVICES


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HandoverIn(_Body):
    """Whom to ask: one host, or without one anyone who is ready (and speaks a language)."""

    staff_id: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    language: Locale | None = None
    note: Annotated[
        str, StringConstraints(strip_whitespace=True, max_length=500), AfterValidator(prose)
    ] = ""


class AnswerIn(_Body):
    """The word of who is asked."""

    answer: Literal["yes", "no"]


class Empty(_Body):
    """Nothing."""


def add_routes(app: web.Application) -> None:
    """Serve the hosts' routes for handing over."""
    app.router.add_get("/api/sessions/{id}/hosts", hosts)
    app.router.add_post("/api/sessions/{id}/handover", ask)
    app.router.add_delete("/api/sessions/{id}/handover", take_back)
    app.router.add_post("/api/sessions/{id}/handover/finish", finish)
    app.router.add_post("/api/handovers/{id}", answer)


async def hosts(request: web.Request) -> web.Response:
    """Who could take over."""
    services = request.app[SERVICES]
    actor = await require_staff(request)
    async with services.database.read() as tx:
        found = await handover_hosts.hosts_to_ask(tx, actor, request.match_info["id"])
    return web.json_response({"hosts": found})


async def ask(request: web.Request) -> web.Response:
    """Ring."""
    services = request.app[SERVICES]
    actor = await require_staff(request)
    body = await parse_body(request, HandoverIn)
    session_id = request.match_info["id"]
    wanted = Request(body.staff_id, body.language, body.note)
    handover_id = await services.run(lambda unit: handing_over.ask(unit, actor, session_id, wanted))
    return web.json_response({"handover_id": handover_id}, status=201)


async def answer(request: web.Request) -> web.Response:
    """Yes, and into the session; or no."""
    services = request.app[SERVICES]
    actor = await require_staff(request)
    body = await parse_body(request, AnswerIn)
    handover_id = request.match_info["id"]

    async def act(unit: Unit) -> str:
        return await handing_over.answer(unit, actor, handover_id, yes=body.answer == "yes")

    session_id = await services.run(act)
    if body.answer == "no":
        return web.json_response({})
    async with services.database.read() as tx:
        return web.json_response(
            {"session": await snapshot(tx, services.keys, actor, session_id, services.clock)}
        )


async def finish(request: web.Request) -> web.Response:
    """The first host leaves."""
    services = request.app[SERVICES]
    actor = await require_staff(request)
    await parse_body(request, Empty)
    session_id = request.match_info["id"]
    await services.run(lambda unit: handing_over.finish(unit, actor, session_id))
    return web.json_response({})


async def take_back(request: web.Request) -> web.Response:
    """The first host thinks better of it, or the second steps back."""
    services = request.app[SERVICES]
    actor = await require_staff(request)
    session_id = request.match_info["id"]
    await services.run(lambda unit: handing_over.take_back(unit, actor, session_id))
    return web.json_response({})
