"""One act on many cases over ``/api/v1``: each on its own, and the answer says how each went."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from typing import Annotated

from aiohttp import web
from pydantic import Field, StringConstraints, model_validator

from cases import arranging, assigning, held_acts
from cases.access_policy import Action
from cases.actor import StaffActor
from cases.arranging import Tag
from cases.case_access import load_case
from cases.commands import Command, Moment
from cases.unit import Unit
from cases.view import View
from runtime.errors import CaseError
from signaling import openapi
from signaling.auth import require_staff
from signaling.bodies import parse_body
from signaling.openapi import route
from signaling.services import SERVICES

_CaseId = Annotated[str, StringConstraints(min_length=1, max_length=60)]


class BulkAct(StrEnum):
    """What is done to each."""

    ASSIGN = "assign"
    RELEASE = "release"
    CLOSE = "close"  # held, so that it can be taken back
    SNOOZE = "snooze"
    UNSNOOZE = "unsnooze"
    TAG = "tag"
    UNTAG = "untag"


class Bulk(Command):
    """Up to a hundred cases and what is done to them."""

    case_ids: Annotated[list[_CaseId], Field(min_length=1, max_length=100)]
    act: Annotated[BulkAct, Field(examples=["release"])]
    staff_id: _CaseId | None = None
    """Who gets them; without, whoever asks."""
    until: Moment | None = None
    tag: Tag | None = None

    @model_validator(mode="after")
    def _complete(self) -> Bulk:
        if (self.act is BulkAct.SNOOZE) != (self.until is not None):
            raise ValueError("until belongs to snooze")
        if (self.act in (BulkAct.TAG, BulkAct.UNTAG)) != (self.tag is not None):
            raise ValueError("tag belongs to tag and untag")
        if self.staff_id is not None and self.act is not BulkAct.ASSIGN:
            raise ValueError("staff_id belongs to assign")
        return self


class BulkResult(View):
    """How it went with one case."""

    case_id: str
    ok: bool
    code: str | None
    """Of the refusal."""
    message: str | None
    held_id: str | None
    """What can still be taken back."""
    assignee_before: str | None
    """Whose it was, for the way back."""


class BulkResults(View):
    """How it went with each, in the order asked."""

    results: list[BulkResult]


def add_routes(app: web.Application) -> None:
    """Serve it."""
    openapi.register(app, [act_on_many])


@route(
    "POST",
    "/api/v1/bulk",
    "Do one thing to many cases",
    body=Bulk,
    answers={200: BulkResults},
    repeat="each act says what shall be, and finds it so.",
)
async def act_on_many(request: web.Request) -> web.Response:
    """What one case refuses does not keep the others from it."""
    services = request.app[SERVICES]
    actor = await require_staff(request)
    bulk = await parse_body(request, Bulk)
    results = []
    for case_id in dict.fromkeys(bulk.case_ids):
        try:
            done = await services.run(partial(_act, actor, bulk, case_id))
        except CaseError as refused:
            done = BulkResult(
                case_id=case_id,
                ok=False,
                code=refused.code,
                message=refused.message,
                held_id=None,
                assignee_before=None,
            )
        results.append(done)
    return web.json_response(BulkResults(results=results).model_dump(mode="json"))


async def _act(actor: StaffActor, bulk: Bulk, case_id: str, unit: Unit) -> BulkResult:
    before = (await load_case(unit.tx, actor, case_id, Action.VIEW_CASE)).assignee_staff_id
    held_id = None
    match bulk.act:
        case BulkAct.ASSIGN:
            await assigning.assign(unit, actor, case_id, bulk.staff_id or actor.staff_id)
        case BulkAct.RELEASE:
            await assigning.release(unit, actor, case_id)
        case BulkAct.CLOSE:
            held_id = (await held_acts.hold_close(unit, actor, case_id)).id
        case BulkAct.SNOOZE:
            assert bulk.until is not None, "checked with the body"
            await arranging.snooze(unit, actor, case_id, bulk.until)
        case BulkAct.UNSNOOZE:
            await arranging.unsnooze(unit, actor, case_id)
        case BulkAct.TAG | BulkAct.UNTAG:
            assert bulk.tag is not None, "checked with the body"
            act = arranging.put_tag if bulk.act is BulkAct.TAG else arranging.drop_tag
            await act(unit, actor, case_id, bulk.tag)
    return BulkResult(
        case_id=case_id, ok=True, code=None, message=None, held_id=held_id, assignee_before=before
    )
