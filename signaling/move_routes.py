"""Moves of a case made on purpose, for the console and the seller's machines."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from cases.case_views import CaseView, case_view
from cases.move_commands import MakeMove
from cases.moving import make_move
from cases.unit import Unit
from signaling import openapi
from signaling.api_cases import answer_case, tell_desks
from signaling.auth import require_key_or_staff
from signaling.bodies import parse_body
from signaling.etags import wanted_version
from signaling.openapi import route
from signaling.services import SERVICES


def add_routes(app: web.Application) -> None:
    """Serve the route."""
    openapi.register(app, [move])


@route(
    "POST",
    "/api/v1/cases/{id}/moves",
    "Move a case on: label, parcel, check, refund, exchange, rejection, appeal, dispute",
    body=MakeMove,
    headers={"If-Match": "The ETag of the case as it was read; required."},
    answers={200: CaseView},
    errors={428: "if_match_required"},
)
async def move(request: web.Request) -> web.Response:
    """Make one of the case's ``moves``, if it is still as the asker read it."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    wanted = (await parse_body(request, MakeMove)).root
    version = wanted_version(request, "case")
    case_id = request.match_info["id"]

    async def act(unit: Unit) -> dict[str, Any]:
        await make_move(unit, actor, case_id, wanted, expected_version=version)
        view = await case_view(unit.tx, unit.keys, actor, case_id, unit.now)
        tell_desks(unit, view)
        return view

    return answer_case(await services.run(act))
