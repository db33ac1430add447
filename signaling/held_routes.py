"""What is held for ten seconds, so that it can be taken back, over ``/api/v1``."""

from __future__ import annotations

from functools import partial

from aiohttp import web

from cases import held_acts
from cases.held_acts import HeldView
from cases.thread import SayAsStaff
from cases.unit import Unit
from cases.view import View
from signaling import openapi
from signaling.auth import require_staff
from signaling.bodies import parse_body
from signaling.etags import wanted_version
from signaling.once import IDEMPOTENCY_HEADER, Made, answer_once
from signaling.openapi import route
from signaling.services import SERVICES


class HeldList(View):
    """What is held in a case, and what of one's own was refused lately."""

    items: list[HeldView]


def add_routes(app: web.Application) -> None:
    """Serve them."""
    openapi.register(app, [hold_message, hold_close, get_held, take_back])


@route(
    "POST",
    "/api/v1/cases/{id}/held/message",
    "Write to the buyer or a note, in ten seconds",
    body=SayAsStaff,
    answers={202: HeldView},
    errors={422: "invalid, placeholder_left"},
)
async def hold_message(request: web.Request) -> web.Response:
    """It goes out even if the asker's browser is closed; until then it can be taken back."""
    actor = await require_staff(request)
    message = await parse_body(request, SayAsStaff)
    hold = partial(
        held_acts.hold_message, actor=actor, case_id=request.match_info["id"], message=message
    )
    return _shown(await request.app[SERVICES].run(hold), 202)


@route(
    "POST",
    "/api/v1/cases/{id}/held/close",
    "Close a case for good, in ten seconds",
    headers={
        "If-Match": "The ETag of the case as it was read; may be left out.",
        **IDEMPOTENCY_HEADER,
    },
    answers={202: HeldView},
    errors={409: "case_closed, session_open", 412: "version_conflict"},
)
async def hold_close(request: web.Request) -> web.Response:
    """Until then it can be taken back; what forbids it by then is told as ``failure``."""
    actor = await require_staff(request)
    case_id = request.match_info["id"]
    version = wanted_version(request, "case", required=False)

    async def act(unit: Unit) -> Made:
        view = await held_acts.hold_close(
            unit, actor=actor, case_id=case_id, expected_version=version
        )
        return Made(202, view)

    return await answer_once(request, actor, actor.tenant_id, act)


@route(
    "GET",
    "/api/v1/cases/{id}/held",
    "What is held in a case",
    answers={200: HeldList},
)
async def get_held(request: web.Request) -> web.Response:
    """By whoever did it."""
    actor = await require_staff(request)
    services = request.app[SERVICES]
    async with services.database.read() as tx:
        items = await held_acts.held_of_case(tx, services.keys, actor, request.match_info["id"])
    return web.json_response(HeldList(items=items).model_dump(mode="json"))


@route(
    "DELETE",
    "/api/v1/cases/{id}/held/{held_id}",
    "Take back what is still held",
    answers={200: HeldView},
    errors={409: "too_late"},
)
async def take_back(request: web.Request) -> web.Response:
    """One's own; the answer has the words, so that they can be written on."""
    actor = await require_staff(request)
    take = partial(
        held_acts.take_back,
        actor=actor,
        case_id=request.match_info["id"],
        held_id=request.match_info["held_id"],
    )
    return _shown(await request.app[SERVICES].run(take), 200)


def _shown(view: HeldView, status: int) -> web.Response:
    return web.json_response(view.model_dump(mode="json"), status=status)
