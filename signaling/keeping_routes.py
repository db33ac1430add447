"""How long cases are kept: rules of retention, a case's date, legal holds, erasure, tombstones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

from aiohttp import web
from pydantic import AfterValidator, Field, StringConstraints
from sqlalchemy.ext.asyncio import AsyncSession

from cases import erasing, holds, keeping
from cases.access_log import Deed
from cases.access_policy import Action, may
from cases.actor import KeyActor, StaffActor
from cases.case_access import facts_of, load_case, not_found
from cases.case_views import name_of
from cases.commands import Command, Word, prose
from cases.erasing import ErasureView
from cases.holds import HoldView
from cases.keep_rules import KeepRule, KeepRules, KeptWhy
from cases.tables import Case
from cases.unit import Unit
from cases.view import View
from signaling import openapi
from signaling.auth import require_key_or_staff
from signaling.bodies import parse_body
from signaling.matching import MATCHED, put_matched, tagged
from signaling.noting import note
from signaling.once import IDEMPOTENCY_HEADER, Made, answer_once, answered_before
from signaling.openapi import route
from signaling.services import SERVICES

_CASE = "/api/v1/cases/{id}"

Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=500),
    AfterValidator(prose),
    Field(examples=["Dispute with the carrier, reference 2026-118"]),
]


class BecauseIn(Command):
    """Why."""

    reason: Reason


class EraseIn(Command):
    """Why, and the case's order number, written once more so that it is the right one."""

    reason: Reason
    order_number: Word


class KeepingView(View):
    """How long a case is kept."""

    kept_until: datetime | None
    """When it will be erased; null while nothing says so."""
    why: KeptWhy
    rule: KeepRule | None
    hold: HoldView | None
    may_change: bool
    """Whether the asker may place a hold and have it erased."""


def add_routes(app: web.Application) -> None:
    """Serve them."""
    openapi.register(
        app,
        [get_rules, put_rules, get_keeping, place_hold, release_hold, order_erasure, get_erasure],
    )


@route("GET", "/api/v1/retention", "The rules of retention", answers={200: KeepRules})
async def get_rules(request: web.Request) -> web.Response:
    """What the asker's tenant has set."""
    actor = await require_key_or_staff(request)
    tenant_id = _tenant(actor)
    async with request.app[SERVICES].database.read() as tx:
        found = await keeping.keep_rules_of(tx, tenant_id)
    return tagged(found)


@route(
    "PUT",
    "/api/v1/retention",
    "Replace the rules of retention",
    body=KeepRules,
    headers=MATCHED,
    answers={200: KeepRules},
)
async def put_rules(request: web.Request) -> web.Response:
    """The dates of cases that are closed already follow within minutes."""
    actor = await require_key_or_staff(request)
    wanted = await parse_body(request, KeepRules)
    tenant_id = _tenant(actor)

    async def change(unit: Unit) -> KeepRules:
        await keeping.set_keep_rules(unit, actor, wanted)
        return wanted

    return await put_matched(
        request, tenant_id, lambda tx: keeping.keep_rules_of(tx, tenant_id), change
    )


@route("GET", _CASE + "/keeping", "How long a case is kept", answers={200: KeepingView})
async def get_keeping(request: web.Request) -> web.Response:
    """Its date and why, and the legal hold that stands."""
    actor = await require_key_or_staff(request)
    case_id = request.match_info["id"]
    async with request.app[SERVICES].database.read() as tx:
        case = await load_case(tx, actor, case_id, Action.VIEW_CASE)
        view = await keeping_view(tx, actor, case)
    return web.json_response(view.model_dump(mode="json"))


@route(
    "POST",
    _CASE + "/legal-hold",
    "Put a case under a legal hold: nothing of it is erased until it is released",
    body=BecauseIn,
    headers=IDEMPOTENCY_HEADER,
    answers={200: KeepingView},
    errors={409: "held", 410: "erased"},
)
async def place_hold(request: web.Request) -> web.Response:
    """The same reason again changes nothing."""
    return await _change(request, holds.place)


@route(
    "POST",
    _CASE + "/legal-hold/release",
    "Release the legal hold",
    body=BecauseIn,
    headers=IDEMPOTENCY_HEADER,
    answers={200: KeepingView},
    errors={409: "not_held", 410: "erased"},
)
async def release_hold(request: web.Request) -> web.Response:
    """The date follows from the rules again."""
    return await _change(request, holds.release)


@route(
    "POST",
    _CASE + "/erasure",
    "Erase a case for good, with its media and everything personal",
    body=EraseIn,
    headers=IDEMPOTENCY_HEADER,
    answers={202: ErasureView},
    errors={
        409: "held, case_open, session_open, evidence_pending",
        410: "erased",
        422: "invalid, not_confirmed",
    },
)
async def order_erasure(request: web.Request) -> web.Response:
    """From now on nobody reads it; the keys are destroyed within seconds."""
    actor = await require_key_or_staff(request)
    wanted = await parse_body(request, EraseIn)
    case_id = request.match_info["id"]
    services = request.app[SERVICES]
    known = await answered_before(request, actor, actor.tenant_id)
    if known is not None:
        return known
    async with services.database.read() as tx:
        asked_of = await load_case(tx, actor, case_id, Action.KEEP)
    # By itself, so that a request that is refused is in the log as well.
    await note(services, actor, asked_of, Deed.ERASURE_ASKED, "case", case_id)

    async def act(unit: Unit) -> Made:
        case = await load_case(unit.tx, actor, case_id, Action.KEEP, lock=True)
        await erasing.order_by_request(unit, actor, case, wanted.reason, wanted.order_number)
        return Made(202, await erasing.tombstone(unit.tx, actor, case_id))

    return await answer_once(request, actor, actor.tenant_id, act)


@route(
    "GET",
    _CASE + "/erasure",
    "The tombstone of a case: who had it erased, when and why, and what that took away",
    answers={200: ErasureView},
)
async def get_erasure(request: web.Request) -> web.Response:
    """What is left of an erased case."""
    actor = await require_key_or_staff(request)
    async with request.app[SERVICES].database.read() as tx:
        view = await erasing.tombstone(tx, actor, request.match_info["id"])
        named = view.model_copy(update={"ordered_by": await name_of(tx, view.ordered_by)})
    return web.json_response(named.model_dump(mode="json"))


async def keeping_view(tx: AsyncSession, actor: StaffActor | KeyActor, case: Case) -> KeepingView:
    """How a case is kept, for somebody who sees it."""
    found = await keeping.kept(tx, case)
    hold = await keeping.open_hold(tx, case.id)
    return KeepingView(
        kept_until=found.until,
        why=found.why,
        rule=found.rule,
        hold=None
        if hold is None
        else HoldView(
            reason=hold.reason,
            placed_at=hold.placed_at,
            placed_by=await name_of(tx, hold.placed_by),
        ),
        may_change=may(actor, Action.KEEP, facts_of(case)),
    )


async def _change(
    request: web.Request,
    change: Callable[[Unit, StaffActor | KeyActor, str, str], Awaitable[None]],
) -> web.Response:
    actor = await require_key_or_staff(request)
    wanted = await parse_body(request, BecauseIn)
    case_id = request.match_info["id"]

    async def act(unit: Unit) -> Made:
        await change(unit, actor, case_id, wanted.reason)
        case = await load_case(unit.tx, actor, case_id, Action.KEEP)
        return Made(200, await keeping_view(unit.tx, actor, case))

    return await answer_once(request, actor, actor.tenant_id, act)


def _tenant(actor: StaffActor | KeyActor) -> str:
    if actor.tenant_id is None:
        raise not_found()
    return actor.tenant_id
