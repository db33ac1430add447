"""The case routes of ``/api/v1``, for the seller's machines and the console alike."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from cases import desk, log, opening
from cases.access_log import Access, Deed, is_noted, note_access
from cases.access_policy import Action
from cases.actor import KeyActor, StaffActor
from cases.case_access import load_case
from cases.case_filter import CaseFilter
from cases.case_list import list_cases
from cases.case_views import CaseView, case_view, name_of
from cases.commands import Decide, OpenCase
from cases.invitation import Invitation, invitation
from cases.log import LogKind, Visibility
from cases.states import Direction
from cases.unit import Unit
from signaling import listing_picture_routes, openapi
from signaling.auth import reading, require_key_or_staff
from signaling.bodies import parse_body, parse_query
from signaling.case_models import (
    After,
    CaseEvent,
    CaseEvents,
    CaseList,
    CaseOpened,
    CasesWanted,
    LinkIssued,
    LogActor,
)
from signaling.etags import etag_of, wanted_version
from signaling.listing_picture_routes import store_pictures
from signaling.once import IDEMPOTENCY_HEADER, Made, answer_once
from signaling.openapi import route
from signaling.services import SERVICES, Services

_IF_MATCH_MAY: Final = {"If-Match": "The ETag of the case as it was read; may be left out."}


def add_routes(app: web.Application) -> None:
    """Serve the case routes, and the pictures they take in."""
    listing_picture_routes.add_routes(app)
    openapi.register(
        app,
        [
            open_case,
            get_cases,
            get_case,
            issue_link,
            revoke_link,
            decide,
            close,
            get_case_events,
        ],
    )


@route(
    "POST",
    "/api/v1/cases",
    "Open a return case and get its join link",
    body=OpenCase,
    headers=IDEMPOTENCY_HEADER,
    answers={201: CaseOpened},
    errors={
        422: "invalid, bad_picture, picture_too_large, warehouse_required, warehouse_not_granted"
    },
)
async def open_case(request: web.Request) -> web.Response:
    """Open a case; its embedded pictures go to the store first."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    command = await parse_body(request, OpenCase)
    tenant_id = desk.opening_tenant(actor)
    command = await store_pictures(services.store, command)

    async def act(unit: Unit) -> Made:
        opened = await opening.open_case(unit.tx, unit.keys, actor, command, unit.now)
        view = await case_view(unit.tx, unit.keys, actor, opened.case_id, unit.now)
        url = _join_url(services, opened.token)
        tell_desks(unit, view)
        return Made(201, {"case": view, "join_url": url, "invitation": _invitation(view, url)})

    return await answer_once(request, actor, tenant_id, act)


@route(
    "GET",
    "/api/v1/cases",
    "Find cases, the newest change first",
    query=CasesWanted,
    answers={200: CaseList},
)
async def get_cases(request: web.Request) -> web.Response:
    """One page of the cases the asker may see."""
    services = request.app[SERVICES]
    async with reading(request) as (tx, actor):
        wanted = parse_query(request, CasesWanted)
        page = await list_cases(
            tx,
            services.keys,
            actor,
            CaseFilter(
                words=wanted.q,
                state=wanted.state,
                order_number=wanted.order_number,
                recorded=wanted.recorded,
                assignee=_assignee(actor, wanted.assignee),
                due_before=wanted.due_before,
                language=wanted.language,
                reason=wanted.reason,
                warehouse_id=wanted.warehouse,
                tag=wanted.tag,
                snoozed=wanted.snoozed,
                overdue=wanted.overdue,
                waits_for_buyer=wanted.waits_for_buyer,
                anomaly=wanted.anomaly,
                now=services.clock.now(),
                sort=wanted.sort,
                limit=wanted.limit,
                cursor=wanted.cursor,
            ),
        )
    return web.json_response({"items": page.items, "next_cursor": page.next_cursor})


@route("GET", "/api/v1/cases/{id}", "One case", answers={200: CaseView})
async def get_case(request: web.Request) -> web.Response:
    """One case, with its version as ``ETag``; the look is noted."""
    services = request.app[SERVICES]
    now = services.clock.now()
    async with reading(request) as (tx, actor):
        view = await case_view(tx, services.keys, actor, request.match_info["id"], now)
        look = Access(actor, view["tenant"]["id"], view["id"], Deed.LOOKED, "case", view["id"], now)
        noted = await is_noted(tx, look)
    if not noted:
        await note_access(services.database, services.keys, look)
    return answer_case(view)


@route(
    "POST",
    "/api/v1/cases/{id}/link",
    "Issue a new join link and end the old one",
    headers=IDEMPOTENCY_HEADER,
    answers={200: LinkIssued},
    errors={409: "case_closed, session_open, wrong_state"},
)
async def issue_link(request: web.Request) -> web.Response:
    """A new link, with its invitation."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    case_id = request.match_info["id"]

    async def act(unit: Unit) -> Made:
        token = await desk.issue_link(unit.tx, unit.keys, actor, case_id, unit.now)
        view = await case_view(unit.tx, unit.keys, actor, case_id, unit.now)
        tell_desks(unit, view)
        url = _join_url(services, token)
        return Made(
            200,
            {
                "join_url": url,
                "expires_at": view["link"]["expires_at"],
                "invitation": _invitation(view, url),
            },
        )

    return await answer_once(request, actor, actor.tenant_id, act)


@route(
    "DELETE",
    "/api/v1/cases/{id}/link",
    "End the join link",
    headers=_IF_MATCH_MAY,
    answers={204: None},
    errors={409: "session_open", 412: "version_conflict"},
)
async def revoke_link(request: web.Request) -> web.Response:
    """No link any more."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    version = wanted_version(request, "case", required=False)
    case_id = request.match_info["id"]

    async def act(unit: Unit) -> None:
        await desk.revoke_link(
            unit.tx, unit.keys, actor, case_id, unit.now, expected_version=version
        )
        tell_desks(unit, await case_view(unit.tx, unit.keys, actor, case_id, unit.now))

    await services.run(act)
    return web.Response(status=204)


@route(
    "POST",
    "/api/v1/cases/{id}/verdict",
    "Decide a case",
    body=Decide,
    headers={"If-Match": "The ETag of the case as it was read; required."},
    answers={200: CaseView},
    errors={
        409: "session_open, case_closed, wrong_state",
        412: "version_conflict: somebody else was faster; read the case and decide again",
        428: "if_match_required",
    },
)
async def decide(request: web.Request) -> web.Response:
    """Set the verdict, if the case is still as the asker read it."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    command = await parse_body(request, Decide)
    version = wanted_version(request, "case")
    case_id = request.match_info["id"]
    verdict = desk.Verdict(command.outcome, command.disposition, command.liability, command.note)

    async def act(unit: Unit) -> dict[str, Any]:
        await desk.decide(
            unit.tx, unit.keys, actor, case_id, verdict, unit.now, expected_version=version
        )
        await unit.tx.flush()
        view = await case_view(unit.tx, unit.keys, actor, case_id, unit.now)
        tell_desks(unit, view)
        return view

    return answer_case(await services.run(act))


@route(
    "POST",
    "/api/v1/cases/{id}/close",
    "Close a case for good",
    headers=_IF_MATCH_MAY,
    answers={200: CaseView},
    errors={409: "case_closed, session_open", 412: "version_conflict"},
)
async def close(request: web.Request) -> web.Response:
    """End a case and with it its join link; a repeat is refused with ``case_closed``."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    version = wanted_version(request, "case", required=False)
    case_id = request.match_info["id"]

    async def act(unit: Unit) -> dict[str, Any]:
        await desk.close_case(
            unit.tx, unit.keys, actor, case_id, unit.now, expected_version=version
        )
        await unit.tx.flush()
        view = await case_view(unit.tx, unit.keys, actor, case_id, unit.now)
        tell_desks(unit, view)
        return view

    return answer_case(await services.run(act))


@route(
    "GET",
    "/api/v1/cases/{id}/events",
    "The case log",
    query=After,
    answers={200: CaseEvents},
)
async def get_case_events(request: web.Request) -> web.Response:
    """What happened to a case, oldest first."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    after = parse_query(request, After).after
    case_id = request.match_info["id"]
    async with services.database.read() as tx:
        await load_case(tx, actor, case_id, Action.READ_LOG)
        events = await log.read_events(
            tx,
            log=LogKind.CASE,
            subject_id=case_id,
            key=await services.keys.case_key(tx, case_id),
            visibilities=frozenset({Visibility.PARTIES, Visibility.SELLER}),
            after=after,
        )
        last_seq = await log.last_seq(tx, log=LogKind.CASE, subject_id=case_id)
        names = {event.actor: await name_of(tx, event.actor) for event in events}
    answer = CaseEvents(
        events=[
            CaseEvent(
                seq=event.seq,
                kind=event.kind,
                at=event.at,
                actor=LogActor(role=event.actor.partition(":")[0], name=names[event.actor]),
                visibility=event.visibility,
                payload=event.payload,
            )
            for event in events
        ],
        last_seq=last_seq,
    )
    return web.json_response(answer.model_dump(mode="json"))


def _assignee(actor: StaffActor | KeyActor, wanted: str | None) -> str | None:
    """``me`` is whoever asks."""
    if wanted == "me" and isinstance(actor, StaffActor):
        return actor.staff_id
    return wanted


def answer_case(view: dict[str, Any]) -> web.Response:
    """A case, with its version as ``ETag``."""
    return web.json_response(view, headers={"ETag": etag_of(view["version"])})


def tell_desks(unit: Unit, view: dict[str, Any]) -> None:
    """Hosts see who is expected: let them ask again."""
    unit.changes.desks.add(view["tenant"]["id"])
    if view["warehouse"] is not None:
        unit.changes.desks.add(view["warehouse"]["id"])


def _invitation(view: dict[str, Any], url: str) -> dict[str, str]:
    made: Invitation = invitation(
        locale=view["buyer"]["locale"],
        buyer_name=view["buyer"]["name"],
        order_number=view["order_number"],
        title=view["items"][0]["listing"]["title"],
        warehouse_shows=view["direction"] == Direction.WAREHOUSE_SHOWS,
        url=url,
    )
    return {"locale": made.locale, "text": made.text}


def _join_url(services: Services, token: str) -> str:
    return f"{services.settings.public_url}/j/{token}"
