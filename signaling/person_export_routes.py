"""What is kept about a person, as a file: a buyer's by either side, and that of staff."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, Final, Literal

from aiohttp import web
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from cases.access_log import Deed
from cases.access_policy import Action
from cases.actor import Actor, BuyerActor
from cases.case_access import load_case, not_found
from cases.links import buyer_of_case, find_link
from cases.tables import PersonExport
from cases.unit import Unit
from recorder.person_export.making import (
    exports_of,
    order_export,
    order_staff_export,
    see_export,
    staff_exports_of,
)
from signaling.auth import device_secret, require_key_or_staff, require_staff
from signaling.byte_answer import RANGE_HEADERS
from signaling.made_file_answer import send_made
from signaling.noting import note_made
from signaling.once import IDEMPOTENCY_HEADER, Made, answer_once
from signaling.openapi import register, route
from signaling.services import SERVICES

_OF_CASE: Final = "/api/v1/cases/{id}/person-exports"
_OF_STAFF: Final = "/api/v1/people/{staff_id}/person-exports"
_ONE: Final = "/api/v1/person-exports/{id}"
_MINE: Final = "/api/join/{token}/person-exports"


class PersonExportOut(BaseModel):
    """An export: ``done_bytes`` of ``total_bytes`` while it is made, then its size and digest."""

    id: Annotated[str, Field(examples=["pex_01kb3v8q5f"])]
    case_id: Annotated[
        str | None, Field(description="About its buyer", examples=["cas_01kb3v7xqm"])
    ]
    staff_id: Annotated[
        str | None, Field(description="About this member of staff", examples=[None])
    ]
    state: Literal["wanted", "ready", "failed", "expired"]
    done_bytes: int
    total_bytes: int | None
    size: int | None
    sha256: str | None
    failure: Annotated[
        str | None,
        Field(
            description="erased, store or bucket_refused (the bucket's owner must mend that)",
            examples=[None],
        ),
    ]
    created_at: datetime
    finished_at: datetime | None
    expires_at: Annotated[
        datetime | None, Field(description="Then the file is deleted, a week after it was made")
    ]


class PersonExportList(BaseModel):
    """The newest first, at most twenty."""

    items: list[PersonExportOut]


def add_routes(app: web.Application) -> None:
    """Serve both sides."""
    register(app, [order, listed, order_staff, list_staff, look, fetch])
    app.router.add_post(_MINE, order_mine)
    app.router.add_get(_MINE, list_mine)
    app.router.add_get(_MINE + "/{id}/file", fetch_mine)


@route(
    "POST",
    _OF_CASE,
    "Have everything gathered that is kept about the buyer of a case: an index as JSON and as a "
    "page in the buyer's language, and the files",
    headers=IDEMPOTENCY_HEADER,
    answers={202: PersonExportOut},
    errors={
        409: "export_under_way",
        429: "too_many_requests, too_many_exports",
    },
)
async def order(request: web.Request) -> web.Response:
    """Order one for the buyer; it is made by durable work."""
    actor = await require_key_or_staff(request)
    case_id = request.match_info["id"]
    return await _order(
        request, actor, actor.tenant_id, lambda unit: order_export(unit, actor, case_id)
    )


@route(
    "GET",
    _OF_CASE,
    "The exports of what is kept about the buyer of a case",
    answers={200: PersonExportList},
)
async def listed(request: web.Request) -> web.Response:
    """Which there are, and how far they are."""
    actor = await require_key_or_staff(request)
    async with request.app[SERVICES].database.read() as tx:
        return await _list(tx, actor, request.match_info["id"])


@route(
    "POST",
    _OF_STAFF,
    "Have everything gathered that is kept about somebody who works here: for themselves, or "
    "for an admin of their organisation; of returns that who asks may not see, the number only",
    headers=IDEMPOTENCY_HEADER,
    answers={202: PersonExportOut},
    errors={409: "export_under_way", 429: "too_many_requests, too_many_exports"},
)
async def order_staff(request: web.Request) -> web.Response:
    """Order one about staff; it is made by durable work."""
    actor = await require_staff(request)
    staff_id = request.match_info["staff_id"]
    return await _order(
        request, actor, actor.tenant_id, lambda unit: order_staff_export(unit, actor, staff_id)
    )


@route(
    "GET",
    _OF_STAFF,
    "The exports about a member of staff that one has ordered",
    answers={200: PersonExportList},
)
async def list_staff(request: web.Request) -> web.Response:
    """Which there are, and how far they are."""
    actor = await require_staff(request)
    async with request.app[SERVICES].database.read() as tx:
        return _listed(await staff_exports_of(tx, actor, request.match_info["staff_id"]))


@route("GET", _ONE, "How far an export is", answers={200: PersonExportOut})
async def look(request: web.Request) -> web.Response:
    """One export."""
    actor = await require_key_or_staff(request)
    async with request.app[SERVICES].database.read() as tx:
        found = await see_export(tx, actor, request.match_info["id"])
    return web.json_response(_shown(found).model_dump(mode="json"))


@route(
    "GET",
    f"{_ONE}/file",
    "The export itself",
    answers={200: "application/zip", 206: "application/zip", 304: None},
    headers=RANGE_HEADERS,
    errors={409: "export_not_ready", 410: "export_expired, erased"},
)
async def fetch(request: web.Request) -> web.StreamResponse:
    """The ZIP; every download is noted."""
    return await _send(request, await require_key_or_staff(request))


# The buyer's side


async def order_mine(request: web.Request) -> web.Response:
    """The buyer asks for what is kept about them."""
    actor, tenant_id = await _buyer(request)
    return await _order(
        request, actor, tenant_id, lambda unit: order_export(unit, actor, actor.case_id)
    )


async def list_mine(request: web.Request) -> web.Response:
    """What was made of the buyer's own case."""
    actor, _ = await _buyer(request)
    async with request.app[SERVICES].database.read() as tx:
        return await _list(tx, actor, actor.case_id)


async def fetch_mine(request: web.Request) -> web.StreamResponse:
    """The buyer's ZIP."""
    actor, _ = await _buyer(request)
    return await _send(request, actor)


async def _buyer(request: web.Request) -> tuple[BuyerActor, str]:
    """The buyer by the browser that the link is bound to, and whose link it is.

    Raises:
        CaseError: the link's own errors, ``not_found`` (404) for any other browser.
    """
    services = request.app[SERVICES]
    now = services.clock.now()
    async with services.database.read() as tx:
        link = await find_link(tx, request.match_info["token"], now)
        actor = await buyer_of_case(tx, device_secret(request), link.case_id, now)
    if actor is None or actor.join_link_id != link.link_id:
        raise not_found()
    return actor, link.tenant_id


async def _order(
    request: web.Request,
    actor: Actor,
    tenant_id: str | None,
    order_one: Callable[[Unit], Awaitable[PersonExport]],
) -> web.Response:
    ordered: list[PersonExport] = []

    async def act(unit: Unit) -> Made:
        made = await order_one(unit)
        ordered[:] = [made]
        return Made(202, _shown(made))

    answer = await answer_once(request, actor, tenant_id, act)
    for made in ordered:
        await note_made(request.app[SERVICES], actor, made, Deed.ORDERED, "export")
    return answer


async def _list(tx: AsyncSession, actor: Actor, case_id: str) -> web.Response:
    case = await load_case(tx, actor, case_id, Action.EXPORT_PERSON)
    return _listed(await exports_of(tx, case.id))


def _listed(found: Sequence[PersonExport]) -> web.Response:
    answer = PersonExportList(items=[_shown(one) for one in found])
    return web.json_response(
        answer.model_dump(mode="json"), headers={"Cache-Control": "private, no-store"}
    )


async def _send(request: web.Request, actor: Actor) -> web.StreamResponse:
    async with request.app[SERVICES].database.read() as tx:
        found = await see_export(tx, actor, request.match_info["id"])
    return await send_made(
        request,
        actor,
        found,
        what="export",
        file_name=f"proofcall-data-{found.case_id or found.staff_id}.zip",
    )


def _shown(found: PersonExport) -> PersonExportOut:
    return PersonExportOut.model_validate(found, from_attributes=True)
