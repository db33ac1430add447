"""Tags and snoozes of one case over ``/api/v1``."""

from __future__ import annotations

from functools import partial

from aiohttp import web
from pydantic import TypeAdapter

from cases import arranging
from cases.arranging import Tag
from cases.commands import Command, Moment
from signaling import openapi
from signaling.auth import require_key_or_staff
from signaling.bodies import parse_body
from signaling.openapi import route
from signaling.services import SERVICES

_TAG: TypeAdapter[str] = TypeAdapter(Tag)


class SnoozeIn(Command):
    """Until when nobody has to see the case."""

    until: Moment


def add_routes(app: web.Application) -> None:
    """Serve them."""
    openapi.register(app, [put_tag, delete_tag, put_snooze, delete_snooze])


@route(
    "PUT",
    "/api/v1/cases/{id}/tags/{tag}",
    "Put a tag on a case",
    answers={204: None},
    errors={422: "invalid, too_many_tags"},
)
async def put_tag(request: web.Request) -> web.Response:
    """A word of at most 40 characters, kept in lower case; a repeat changes nothing."""
    actor = await require_key_or_staff(request)
    put = partial(
        arranging.put_tag,
        actor=actor,
        case_id=request.match_info["id"],
        tag=_TAG.validate_python(request.match_info["tag"]),
    )
    await request.app[SERVICES].run(put)
    return web.Response(status=204)


@route(
    "DELETE",
    "/api/v1/cases/{id}/tags/{tag}",
    "Take a tag off a case",
    answers={204: None},
    errors={422: "invalid"},
)
async def delete_tag(request: web.Request) -> web.Response:
    """A tag that is not there is no error."""
    actor = await require_key_or_staff(request)
    drop = partial(
        arranging.drop_tag,
        actor=actor,
        case_id=request.match_info["id"],
        tag=_TAG.validate_python(request.match_info["tag"]),
    )
    await request.app[SERVICES].run(drop)
    return web.Response(status=204)


@route(
    "PUT",
    "/api/v1/cases/{id}/snooze",
    "Keep a case out of sight for a while",
    body=SnoozeIn,
    answers={204: None},
    errors={409: "case_closed", 422: "invalid, date_impossible"},
)
async def put_snooze(request: web.Request) -> web.Response:
    """Until then, or until the buyer writes; deadlines go on."""
    actor = await require_key_or_staff(request)
    until = (await parse_body(request, SnoozeIn)).until
    put = partial(arranging.snooze, actor=actor, case_id=request.match_info["id"], until=until)
    await request.app[SERVICES].run(put)
    return web.Response(status=204)


@route("DELETE", "/api/v1/cases/{id}/snooze", "See a case again", answers={204: None})
async def delete_snooze(request: web.Request) -> web.Response:
    """A case that is not snoozed stays as it is."""
    actor = await require_key_or_staff(request)
    end = partial(arranging.unsnooze, actor=actor, case_id=request.match_info["id"])
    await request.app[SERVICES].run(end)
    return web.Response(status=204)
