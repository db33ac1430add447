"""The case routes of ``/api/v1``, for the seller's machines and the console alike."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from aiohttp import web

from cases import access_log, desk, idempotency, log
from cases.access_policy import Action
from cases.actor import KeyActor, StaffActor
from cases.case_access import load_case
from cases.case_list import CaseFilter, list_cases
from cases.case_views import CaseView, case_view, name_of
from cases.commands import Decide, OpenCase
from cases.invitation import Invitation, invitation
from cases.links import LINK_LIFETIME
from cases.log import LogKind, Visibility
from cases.states import Direction
from cases.unit import Unit
from runtime.errors import CaseError
from signaling import listing_picture_routes, openapi
from signaling.auth import require_key_or_staff
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
from signaling.listing_picture_routes import store_pictures
from signaling.openapi import route
from signaling.services import SERVICES, Services

_MAX_KEY_CHARS: Final = 255
_ETAG: Final = re.compile(r'(?:W/)?"([0-9]{1,9})"')


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
    headers={"Idempotency-Key": "A repeat with the same key and body is told the same answer."},
    answers={201: CaseOpened},
)
async def open_case(request: web.Request) -> web.Response:
    """Open a case; its embedded pictures go to the store first."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    command = await parse_body(request, OpenCase)
    tenant_id = desk.opening_tenant(actor)
    key = _idempotency_key(request)
    request_sha256 = await asyncio.to_thread(_sha256_of, await request.read())
    command = await store_pictures(services.store, command)

    async def act(unit: Unit) -> idempotency.Answer:
        encryption_key = await unit.keys.tenant_key(unit.tx, tenant_id)
        if key is not None:
            known = await idempotency.recall(
                unit.tx,
                asker=actor.label,
                key=key,
                request_sha256=request_sha256,
                encryption_key=encryption_key,
                now=unit.now,
            )
            if known is not None:
                return known
        opened = await desk.open_case(unit.tx, unit.keys, actor, command, unit.now)
        view = await case_view(unit.tx, actor, opened.case_id, unit.now)
        url = _join_url(services, opened.token)
        body = {"case": view, "join_url": url, "invitation": _invitation(view, url)}
        answer = idempotency.Answer(201, json.dumps(body, ensure_ascii=False).encode())
        if key is not None:
            await idempotency.remember(
                unit.tx,
                answer,
                asker=actor.label,
                key=key,
                request_sha256=request_sha256,
                encryption_key=encryption_key,
                now=unit.now,
            )
        _tell_desks(unit, view)
        return answer

    answer = await services.run(act)
    return web.Response(
        body=answer.body, status=answer.status, content_type="application/json", charset="utf-8"
    )


@route(
    "GET",
    "/api/v1/cases",
    "Find cases, the newest change first",
    query=CasesWanted,
    answers={200: CaseList},
)
async def get_cases(request: web.Request) -> web.Response:
    """One page of the cases the asker may see."""
    actor = await require_key_or_staff(request)
    wanted = parse_query(request, CasesWanted)
    async with request.app[SERVICES].database.read() as tx:
        page = await list_cases(
            tx,
            actor,
            CaseFilter(
                words=wanted.q,
                state=wanted.state,
                order_number=wanted.order_number,
                recorded=wanted.recorded,
                assignee=_assignee(actor, wanted.assignee),
                due_before=wanted.due_before,
                language=wanted.language,
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
    actor = await require_key_or_staff(request)
    now = services.clock.now()
    async with services.database.read() as tx:
        view = await case_view(tx, actor, request.match_info["id"], now)
    await access_log.note_look(
        services.database,
        services.keys,
        actor,
        tenant_id=view["tenant"]["id"],
        what="case",
        subject_id=view["id"],
        now=now,
    )
    return _case(view)


@route(
    "POST",
    "/api/v1/cases/{id}/link",
    "Issue a new join link and end the old one",
    answers={200: LinkIssued},
)
async def issue_link(request: web.Request) -> web.Response:
    """A new link, with its invitation."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    case_id = request.match_info["id"]

    async def act(unit: Unit) -> dict[str, Any]:
        token = await desk.issue_link(unit.tx, unit.keys, actor, case_id, unit.now)
        view = await case_view(unit.tx, actor, case_id, unit.now)
        _tell_desks(unit, view)
        url = _join_url(services, token)
        return {
            "join_url": url,
            "expires_at": _rfc3339(unit.now + LINK_LIFETIME),
            "invitation": _invitation(view, url),
        }

    return web.json_response(await services.run(act))


@route("DELETE", "/api/v1/cases/{id}/link", "End the join link", answers={204: None})
async def revoke_link(request: web.Request) -> web.Response:
    """No link any more."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    case_id = request.match_info["id"]

    async def act(unit: Unit) -> None:
        await desk.revoke_link(unit.tx, unit.keys, actor, case_id, unit.now)
        _tell_desks(unit, await case_view(unit.tx, actor, case_id, unit.now))

    await services.run(act)
    return web.Response(status=204)


@route(
    "POST",
    "/api/v1/cases/{id}/verdict",
    "Decide a case",
    body=Decide,
    headers={"If-Match": "The ETag of the case as it was read; required."},
    answers={200: CaseView},
)
async def decide(request: web.Request) -> web.Response:
    """Set the verdict, if the case is still as the asker read it."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    command = await parse_body(request, Decide)
    version = _wanted_version(request)
    case_id = request.match_info["id"]
    verdict = desk.Verdict(command.outcome, command.disposition, command.liability, command.note)

    async def act(unit: Unit) -> dict[str, Any]:
        await desk.decide(
            unit.tx, unit.keys, actor, case_id, verdict, unit.now, expected_version=version
        )
        await unit.tx.flush()
        view = await case_view(unit.tx, actor, case_id, unit.now)
        _tell_desks(unit, view)
        return view

    return _case(await services.run(act))


@route("POST", "/api/v1/cases/{id}/close", "Close a case for good", answers={200: CaseView})
async def close(request: web.Request) -> web.Response:
    """End a case and with it its join link; a repeat is refused with ``case_closed``."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    case_id = request.match_info["id"]

    async def act(unit: Unit) -> dict[str, Any]:
        await desk.close_case(unit.tx, unit.keys, actor, case_id, unit.now)
        await unit.tx.flush()
        view = await case_view(unit.tx, actor, case_id, unit.now)
        _tell_desks(unit, view)
        return view

    return _case(await services.run(act))


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


def _idempotency_key(request: web.Request) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not (
        0 < len(key) <= _MAX_KEY_CHARS and key.isascii() and key.isprintable()
    ):
        raise CaseError(
            "bad_key_header", "An Idempotency-Key has 1 to 255 printable characters.", status=422
        )
    return key


def _wanted_version(request: web.Request) -> int | None:
    """The version that ``If-Match`` names; None for ``*``.

    Raises:
        CaseError: ``if_match_required`` (428) or, for what was never our ETag,
            ``version_conflict`` (412).
    """
    given = request.headers.get("If-Match")
    if given is None:
        raise CaseError("if_match_required", "Send the case's ETag as If-Match.", status=428)
    if given.strip() == "*":
        return None
    found = _ETAG.fullmatch(given.strip())
    if found is None:
        raise CaseError("version_conflict", "This is not the case's ETag.", status=412)
    return int(found[1])


def _case(view: dict[str, Any]) -> web.Response:
    return web.json_response(view, headers={"ETag": f'"{view["version"]}"'})


def _tell_desks(unit: Unit, view: dict[str, Any]) -> None:
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


def _sha256_of(body: bytes) -> str:
    return sha256(body).hexdigest()


def _rfc3339(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
