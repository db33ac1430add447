"""The inbox over ``/api/v1``: saved filters and views with their counts, tags, who takes cases."""

from __future__ import annotations

from functools import partial
from typing import Any

from aiohttp import web

from cases import arranging, assigning, saved_filters
from cases.assigning import AssigneeChoice
from cases.saved_filters import FilterView, Narrowed, SaveFilter
from cases.unit import Unit
from cases.view import View
from signaling import openapi
from signaling.auth import require_key_or_staff, require_staff
from signaling.bodies import parse_body
from signaling.once import IDEMPOTENCY_HEADER, Made, answer_once
from signaling.openapi import route
from signaling.services import SERVICES


class ViewCount(View):
    """A view that everybody has."""

    name: str
    wanted: Narrowed
    count: int
    """At most 1000: then it is that many or more."""


class Filters(View):
    """What the asker's inbox can be narrowed to with one tap."""

    views: list[ViewCount]
    items: list[FilterView]


class Tags(View):
    """Words in use on cases."""

    items: list[str]


class Assignees(View):
    """Who can be given cases."""

    items: list[AssigneeChoice]


def add_routes(app: web.Application) -> None:
    """Serve them."""
    openapi.register(
        app, [get_filters, post_filter, put_filter, delete_filter, get_tags, get_assignees]
    )


@route(
    "GET",
    "/api/v1/filters",
    "One's own and the shared filters of the inbox, with counts",
    answers={200: Filters},
)
async def get_filters(request: web.Request) -> web.Response:
    """Each count is what the asker finds."""
    actor = await require_staff(request)
    services = request.app[SERVICES]
    now = services.clock.now()
    async with services.database.read() as tx:
        counts = await saved_filters.count_views(tx, services.keys, actor, now)
        answer = Filters(
            views=[
                ViewCount(name=name, wanted=wanted, count=counts[name])
                for name, wanted in saved_filters.VIEWS.items()
            ],
            items=await saved_filters.list_filters(tx, services.keys, actor, now),
        )
    return web.json_response(answer.model_dump(mode="json", exclude_none=True))


@route(
    "POST",
    "/api/v1/filters",
    "Save a filter of the inbox",
    body=SaveFilter,
    headers=IDEMPOTENCY_HEADER,
    answers={201: FilterView},
    errors={422: "invalid, too_many_filters"},
)
async def post_filter(request: web.Request) -> web.Response:
    """For oneself, or for everybody of the organisation."""
    actor = await require_staff(request)
    saved = await parse_body(request, SaveFilter)

    async def act(unit: Unit) -> Made:
        return Made(201, _shown(await saved_filters.save(unit, actor, saved)))

    return await answer_once(request, actor, actor.tenant_id, act)


@route(
    "PUT",
    "/api/v1/filters/{id}",
    "Change a saved filter",
    body=SaveFilter,
    answers={200: FilterView},
)
async def put_filter(request: web.Request) -> web.Response:
    """One's own; an admin changes the shared ones too."""
    actor = await require_staff(request)
    saved = await parse_body(request, SaveFilter)
    filter_id = request.match_info["id"]
    view = await request.app[SERVICES].run(
        lambda unit: saved_filters.save(unit, actor, saved, filter_id)
    )
    return web.json_response(_shown(view))


@route("DELETE", "/api/v1/filters/{id}", "Delete a saved filter", answers={204: None})
async def delete_filter(request: web.Request) -> web.Response:
    """Saving it again is the way back."""
    actor = await require_staff(request)
    forget = partial(saved_filters.forget, actor=actor, filter_id=request.match_info["id"])
    await request.app[SERVICES].run(forget)
    return web.Response(status=204)


@route("GET", "/api/v1/tags", "The tags in use, the most used first", answers={200: Tags})
async def get_tags(request: web.Request) -> web.Response:
    """Of the asker's tenant."""
    actor = await require_key_or_staff(request)
    async with request.app[SERVICES].database.read() as tx:
        answer = Tags(items=await arranging.tags_of_tenant(tx, actor))
    return web.json_response(answer.model_dump(mode="json"))


@route("GET", "/api/v1/assignees", "Who can be given cases", answers={200: Assignees})
async def get_assignees(request: web.Request) -> web.Response:
    """Of the asker's tenant."""
    actor = await require_key_or_staff(request)
    async with request.app[SERVICES].database.read() as tx:
        answer = Assignees(items=await assigning.assignees(tx, actor))
    return web.json_response(answer.model_dump(mode="json"))


def _shown(view: FilterView) -> dict[str, Any]:
    return view.model_dump(mode="json", exclude_none=True)
