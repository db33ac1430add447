"""The thread's routes: for the console and the seller's machines, and for the buyer by link."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from aiohttp import web
from pydantic import AwareDatetime, Field, StringConstraints

from cases import thread
from cases.access_log import Access, Deed, is_noted, note_access
from cases.actor import BuyerActor
from cases.case_access import not_found
from cases.commands import Command
from cases.links import DeviceFound, buyer_of_case, find_link
from cases.tables import Case
from cases.thread import Say, SayAsStaff, Translated
from cases.thread_views import ThreadView, thread_view
from cases.unit import Unit
from cases.view import View
from runtime.errors import CaseError
from signaling import openapi
from signaling.auth import device_secret, reading, remember_device, require_key_or_staff
from signaling.bodies import parse_body, parse_query
from signaling.openapi import route
from signaling.services import SERVICES


class Before(Command):
    """Which page of a thread."""

    before: Annotated[str, StringConstraints(min_length=1, max_length=60)] | None = None


class ReadTo(Command):
    """How far somebody has read."""

    read_to: Annotated[AwareDatetime, Field(strict=True)]


class Said(View):
    """A message is kept under this id."""

    id: str
    at: datetime


def add_routes(app: web.Application) -> None:
    """Serve the thread to both sides."""
    openapi.register(app, [get_thread, say, translate, mark_read, typing])
    app.router.add_post("/api/join/{token}/thread", enter)
    app.router.add_get("/api/join/{token}/thread", read_as_buyer)
    app.router.add_post("/api/join/{token}/thread/messages", say_as_buyer)
    app.router.add_post("/api/join/{token}/thread/read", mark_read_as_buyer)
    app.router.add_post("/api/join/{token}/thread/typing", type_as_buyer)


@route(
    "GET",
    "/api/v1/cases/{id}/thread",
    "The thread of a case, the newest page first",
    query=Before,
    answers={200: ThreadView},
)
async def get_thread(request: web.Request) -> web.Response:
    """Messages outside and inside of calls, and internal notes; the look is noted."""
    services = request.app[SERVICES]
    case_id = request.match_info["id"]
    async with reading(request) as (tx, actor):
        before = parse_query(request, Before).before
        view = await thread_view(tx, services.keys, actor, case_id, before)
        tenant_id = (await tx.get_one(Case, case_id)).tenant_id
        now = services.clock.now()
        look = Access(actor, tenant_id, case_id, Deed.LOOKED, "thread", case_id, now)
        noted = await is_noted(tx, look)
    if not noted:
        await note_access(services.database, services.keys, look)
    return _shown(view)


@route(
    "POST",
    "/api/v1/cases/{id}/thread",
    "Write to the buyer, or an internal note",
    body=SayAsStaff,
    answers={200: Said},
)
async def say(request: web.Request) -> web.Response:
    """A repeat with the same ``client_id`` is told the first message."""
    actor = await require_key_or_staff(request)
    message = await parse_body(request, SayAsStaff)
    case_id = request.match_info["id"]

    async def act(unit: Unit) -> Said:
        event = await thread.say(unit, actor, case_id, message)
        return Said(id=f"{case_id}:{event.seq}", at=event.at)

    said = await request.app[SERVICES].run(act)
    return web.json_response(said.model_dump(mode="json"))


@route(
    "POST",
    "/api/v1/cases/{id}/thread/{message_id}/translation",
    "Add a translation to a message",
    body=Translated,
    answers={204: None},
    repeat="the translation into a language replaces the one before.",
)
async def translate(request: web.Request) -> web.Response:
    """The original stays beside it."""
    actor = await require_key_or_staff(request)
    words = await parse_body(request, Translated)
    case_id, message_id = request.match_info["id"], request.match_info["message_id"]

    async def act(unit: Unit) -> None:
        await thread.translate(unit, actor, case_id, message_id, words)

    await request.app[SERVICES].run(act)
    return web.Response(status=204)


@route(
    "POST",
    "/api/v1/cases/{id}/thread/read",
    "Note how far the asker has read",
    body=ReadTo,
    answers={204: None},
    repeat="what has been read stays read.",
)
async def mark_read(request: web.Request) -> web.Response:
    """It never goes back."""
    actor = await require_key_or_staff(request)
    read_to = (await parse_body(request, ReadTo)).read_to
    case_id = request.match_info["id"]

    async def act(unit: Unit) -> None:
        await thread.mark_read(unit, actor, case_id, read_to)

    await request.app[SERVICES].run(act)
    return web.Response(status=204)


@route(
    "POST",
    "/api/v1/cases/{id}/thread/typing",
    "Hint that somebody is writing",
    answers={204: None},
    repeat="nothing is kept.",
)
async def typing(request: web.Request) -> web.Response:
    """Told to the desks by socket, and kept nowhere."""
    actor = await require_key_or_staff(request)
    case_id = request.match_info["id"]

    async def act(unit: Unit) -> None:
        await thread.tell_typing(unit, actor, case_id)

    await request.app[SERVICES].run(act)
    return web.Response(status=204)


# The buyer's side


async def enter(request: web.Request) -> web.Response:
    """Open the thread; whoever does so first is the link's device, as with the tap."""
    services = request.app[SERVICES]

    async def act(unit: Unit) -> tuple[BuyerActor, DeviceFound]:
        return await _entered(unit, request)

    actor, device = await services.run(act)
    async with services.database.read() as tx:
        view = await thread_view(tx, services.keys, actor, actor.case_id)
    response = _shown(view)
    remember_device(request, response, device.secret)
    return response


async def read_as_buyer(request: web.Request) -> web.Response:
    """One page, for the browser that the link is bound to; changes nothing."""
    services = request.app[SERVICES]
    before = parse_query(request, Before).before
    async with services.database.read() as tx:
        now = services.clock.now()
        link = await find_link(tx, request.match_info["token"], now)
        actor = await buyer_of_case(tx, device_secret(request), link.case_id, now)
        if actor is None or actor.join_link_id != link.link_id:
            raise not_found()
        view = await thread_view(tx, services.keys, actor, link.case_id, before)
    return _shown(view)


async def say_as_buyer(request: web.Request) -> web.Response:
    """The buyer writes."""
    message = await parse_body(request, Say)

    async def act(unit: Unit) -> tuple[Said, DeviceFound]:
        actor, device = await _entered(unit, request)
        event = await thread.say_as_buyer(unit, actor, message)
        return Said(id=f"{actor.case_id}:{event.seq}", at=event.at), device

    said, device = await request.app[SERVICES].run(act)
    response = web.json_response(said.model_dump(mode="json"))
    remember_device(request, response, device.secret)
    return response


async def mark_read_as_buyer(request: web.Request) -> web.Response:
    """How far the buyer has read."""
    read_to = (await parse_body(request, ReadTo)).read_to

    async def act(unit: Unit) -> None:
        actor = await _bound(unit, request)
        await thread.mark_read(unit, actor, actor.case_id, read_to)

    await request.app[SERVICES].run(act)
    return web.Response(status=204)


async def type_as_buyer(request: web.Request) -> web.Response:
    """The buyer is writing."""

    async def act(unit: Unit) -> None:
        actor = await _bound(unit, request)
        await thread.tell_typing(unit, actor, actor.case_id)

    await request.app[SERVICES].run(act)
    return web.Response(status=204)


async def _entered(unit: Unit, request: web.Request) -> tuple[BuyerActor, DeviceFound]:
    return await thread.enter_as_buyer(
        unit,
        request.match_info["token"],
        device_secret(request),
        request.headers.get("User-Agent", ""),
    )


async def _bound(unit: Unit, request: web.Request) -> BuyerActor:
    link = await find_link(unit.tx, request.match_info["token"], unit.now)
    actor = await buyer_of_case(unit.tx, device_secret(request), link.case_id, unit.now)
    if actor is None:
        raise CaseError("other_device", "This link is in use on another device.")
    return actor


def _shown(view: ThreadView) -> web.Response:
    return web.json_response(view.model_dump(mode="json"))
