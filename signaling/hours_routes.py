"""Hours, weekly shifts, deadlines and assignees over ``/api/v1``."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from aiohttp import web

from cases import assigning, deadlines, rosters
from cases.access_policy import Action
from cases.actor import KeyActor, StaffActor
from cases.case_access import forbidden, load_case
from cases.commands import Command, Moment
from cases.deadlines import DeadlineView
from cases.desk_hours import DeskHoursIn, desk_hours_of, set_desk_hours
from cases.rosters import RosterIn, RosterView
from cases.tables import Staff
from cases.unit import Unit
from cases.view import View
from signaling import openapi
from signaling.auth import require_key_or_staff, require_staff
from signaling.bodies import parse_body
from signaling.matching import MATCHED, put_matched, tagged
from signaling.openapi import route
from signaling.services import SERVICES


class Rosters(View):
    """Everybody of one's own organisation who may host."""

    people: list[RosterView]


class AssigneeIn(Command):
    """Who gets the case; null: whoever asks takes it."""

    staff_id: str | None = None


class AssigneeView(View):
    """Whose a case is."""

    staff_id: str | None
    name: str | None


class DisputeIn(Command):
    """By when the marketplace wants its answer; null when it wants none."""

    due_at: Moment | None


class Deadlines(View):
    """What is and was due in a case, in the desk's zone where it is to be shown."""

    assignee: AssigneeView
    due_at: datetime | None
    desk_zone: str
    deadlines: list[DeadlineView]


def add_routes(app: web.Application) -> None:
    """Serve them."""
    openapi.register(
        app,
        [
            get_hours,
            put_hours,
            get_rosters,
            put_roster,
            get_deadlines,
            put_dispute,
            put_assignee,
            delete_assignee,
        ],
    )


@route("GET", "/api/v1/hours", "The desk's hours and lengths", answers={200: DeskHoursIn})
async def get_hours(request: web.Request) -> web.Response:
    """What the asker's tenant has set."""
    actor = await require_key_or_staff(request)
    async with request.app[SERVICES].database.read() as tx:
        found = await desk_hours_of(tx, _tenant(actor))
    return tagged(found)


@route(
    "PUT",
    "/api/v1/hours",
    "Set the desk's hours and lengths",
    body=DeskHoursIn,
    headers=MATCHED,
    answers={200: DeskHoursIn},
)
async def put_hours(request: web.Request) -> web.Response:
    """An admin of the tenant sets them; what runs already keeps its time."""
    actor = await require_key_or_staff(request)
    wanted = await parse_body(request, DeskHoursIn)
    tenant_id = _tenant(actor)

    async def change(unit: Unit) -> DeskHoursIn:
        await set_desk_hours(unit, actor, wanted)
        return wanted

    return await put_matched(request, tenant_id, lambda tx: desk_hours_of(tx, tenant_id), change)


@route("GET", "/api/v1/rosters", "The hosts' weekly shifts and skills", answers={200: Rosters})
async def get_rosters(request: web.Request) -> web.Response:
    """Of the asker's own organisation."""
    actor = await require_staff(request)
    async with request.app[SERVICES].database.read() as tx:
        answer = Rosters(people=await rosters.rosters_for(tx, actor))
    return web.json_response(answer.model_dump(mode="json"))


@route(
    "PUT",
    "/api/v1/rosters/{staff_id}",
    "Set one person's weekly shifts and skills",
    body=RosterIn,
    answers={200: RosterIn},
)
async def put_roster(request: web.Request) -> web.Response:
    """An admin sets anybody's, others their own."""
    actor = await require_staff(request)
    wanted = await parse_body(request, RosterIn)
    staff_id = request.match_info["staff_id"]
    await request.app[SERVICES].run(lambda unit: rosters.set_roster(unit, actor, staff_id, wanted))
    return web.json_response(wanted.model_dump(mode="json"))


@route(
    "GET",
    "/api/v1/cases/{id}/deadlines",
    "What is due in a case, and whose it is",
    answers={200: Deadlines},
)
async def get_deadlines(request: web.Request) -> web.Response:
    """Oldest first."""
    return await _deadlines(request, await require_key_or_staff(request))


@route(
    "PUT",
    "/api/v1/cases/{id}/dispute",
    "Set the marketplace's date",
    body=DisputeIn,
    answers={200: Deadlines},
)
async def put_dispute(request: web.Request) -> web.Response:
    """By when the marketplace wants its answer."""
    actor = await require_key_or_staff(request)
    wanted = await parse_body(request, DisputeIn)
    case_id = request.match_info["id"]
    await request.app[SERVICES].run(
        lambda unit: deadlines.set_dispute_date(unit, actor, case_id, wanted.due_at)
    )
    return await _deadlines(request, actor)


@route(
    "PUT",
    "/api/v1/cases/{id}/assignee",
    "Take a case, or give it to a colleague",
    body=AssigneeIn,
    answers={200: Deadlines},
)
async def put_assignee(request: web.Request) -> web.Response:
    """Without a name it is taken by who asks; ``taken`` when somebody else has it."""
    actor = await require_key_or_staff(request)
    wanted = await parse_body(request, AssigneeIn)
    await request.app[SERVICES].run(
        partial(_assign, actor, request.match_info["id"], wanted.staff_id)
    )
    return await _deadlines(request, actor)


@route(
    "DELETE",
    "/api/v1/cases/{id}/assignee",
    "Release a case",
    answers={200: Deadlines},
)
async def delete_assignee(request: web.Request) -> web.Response:
    """It is nobody's again."""
    actor = await require_key_or_staff(request)
    case_id = request.match_info["id"]
    await request.app[SERVICES].run(lambda unit: assigning.release(unit, actor, case_id))
    return await _deadlines(request, actor)


async def _assign(
    actor: StaffActor | KeyActor, case_id: str, staff_id: str | None, unit: Unit
) -> None:
    if staff_id is not None:
        await assigning.assign(unit, actor, case_id, staff_id)
    elif isinstance(actor, StaffActor):
        await assigning.take(unit, actor, case_id)
    else:
        raise forbidden()


async def _deadlines(request: web.Request, actor: StaffActor | KeyActor) -> web.Response:
    async with request.app[SERVICES].database.read() as tx:
        case = await load_case(tx, actor, request.match_info["id"], Action.VIEW_CASE)
        has = case.assignee_staff_id
        staff = await tx.get(Staff, has) if has is not None else None
        answer = Deadlines(
            assignee=AssigneeView(staff_id=has, name=staff.name if staff else None),
            due_at=case.due_at,
            desk_zone=(await desk_hours_of(tx, case.tenant_id)).hours.zone,
            deadlines=await deadlines.deadlines_of(tx, case.id),
        )
    return web.json_response(answer.model_dump(mode="json"))


def _tenant(actor: StaffActor | KeyActor) -> str:
    if actor.tenant_id is None:
        raise forbidden()
    return actor.tenant_id
