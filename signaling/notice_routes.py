"""Notices for a seller's people and machines: what went, whom it misses, when, in which words."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from pydantic import Field, StringConstraints
from sqlalchemy.ext.asyncio import AsyncSession

from cases import notice_desk, notice_log
from cases.actor import Actor
from cases.case_access import not_found
from cases.channels import notice_tenant
from cases.commands import Command
from cases.notice_desk import (
    PreviewView,
    QuietIn,
    QuietView,
    TemplateIn,
    TemplateView,
)
from cases.notice_kinds import NoticeKind, NoticeState
from cases.notice_log import NoticeView, UnreachedView
from cases.planned_notices import PlannedView
from cases.unit import Unit
from cases.view import View
from signaling import openapi
from signaling.auth import require_key_or_staff
from signaling.bodies import parse_body, parse_query
from signaling.matching import MATCHED, put_matched, tagged
from signaling.once import IDEMPOTENCY_HEADER, Made, answer_once
from signaling.openapi import route
from signaling.services import SERVICES


class NoticeList(View):
    """One page of notices, newest first."""

    items: list[NoticeView]
    next_cursor: str | None


class CaseNotices(View):
    """What a buyer was told, newest first, and what they will be told if nothing happens."""

    items: list[NoticeView]
    planned: list[PlannedView]
    next_cursor: str | None


class UnreachedList(View):
    """Buyers whom the newest notice did not reach."""

    items: list[UnreachedView]
    next_cursor: str | None


class TemplateList(View):
    """Every notice's words in one language."""

    items: list[TemplateView]
    next_cursor: None = None


class NoticePage(Command):
    """Which page of notices; ``cursor`` is the ``next_cursor`` of the page before."""

    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Annotated[str, StringConstraints(pattern=r"^ntc_[0-9a-z]{26}$")] | None = None


class NoticesWanted(NoticePage):
    """What the list is narrowed to."""

    state: NoticeState | None = None
    kind: NoticeKind | None = None


class TemplatesWanted(Command):
    """In which language."""

    locale: Annotated[str, StringConstraints(pattern=r"^[A-Za-z-]{2,20}$")] = "en"


_BAD_WORDS = "invalid, unknown_placeholder, open_brace, subject_breaks"


def add_routes(app: web.Application) -> None:
    """Serve the notice routes."""
    openapi.register(
        app,
        [
            get_notices,
            send_notice,
            stop_notice,
            get_unreached,
            get_case_notices,
            get_settings,
            set_settings,
            get_templates,
            get_template,
            set_template,
            drop_template,
            preview_template,
        ],
    )


@route(
    "GET",
    "/api/v1/notices",
    "List what buyers were told",
    query=NoticesWanted,
    answers={200: NoticeList},
)
async def get_notices(request: web.Request) -> web.Response:
    """One page of the seller's notices, each with how it went and why not."""
    actor = await require_key_or_staff(request)
    wanted = parse_query(request, NoticesWanted)
    services = request.app[SERVICES]
    async with services.database.read() as tx:
        items, cursor = await notice_log.list_notices(
            tx,
            services.keys,
            actor,
            state=wanted.state,
            kind=wanted.kind,
            before=wanted.cursor,
            limit=wanted.limit,
        )
    return _json(NoticeList(items=items, next_cursor=cursor))


@route(
    "POST",
    "/api/v1/notices/{id}/send",
    "Send a notice now",
    headers=IDEMPOTENCY_HEADER,
    answers={202: NoticeView},
    errors={409: "notice_under_way"},
)
async def send_notice(request: web.Request) -> web.Response:
    """One that waits or is planned, or again one that did not go; from the first channel on."""
    actor = await require_key_or_staff(request)
    notice_id = request.match_info["id"]

    async def act(unit: Unit) -> Made:
        return Made(202, await notice_log.send(unit, actor, notice_id))

    return await answer_once(request, actor, actor.tenant_id, act)


@route(
    "POST",
    "/api/v1/notices/{id}/stop",
    "Do not send a notice that waits or is planned",
    answers={200: NoticeView},
    errors={409: "notice_under_way"},
    repeat="`notice_under_way`, as it waits no more.",
)
async def stop_notice(request: web.Request) -> web.Response:
    """What has gone, or is being sent just now, is not stopped."""
    actor = await require_key_or_staff(request)
    notice_id = request.match_info["id"]

    async def act(unit: Unit) -> NoticeView:
        return await notice_log.stop(unit, actor, notice_id)

    return _json(await request.app[SERVICES].run(act))


@route(
    "GET",
    "/api/v1/unreached-buyers",
    "List the buyers whom nothing reaches",
    query=NoticePage,
    answers={200: UnreachedList},
)
async def get_unreached(request: web.Request) -> web.Response:
    """Of open cases, in the last month: without an address, opted out, or refused."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    wanted = parse_query(request, NoticePage)
    async with services.database.read() as tx:
        items, cursor = await notice_log.list_unreached(
            tx, services.keys, actor, services.clock.now(), before=wanted.cursor, limit=wanted.limit
        )
    return _json(UnreachedList(items=items, next_cursor=cursor))


@route(
    "GET",
    "/api/v1/cases/{id}/notices",
    "List what the buyer of a case was told",
    query=NoticePage,
    answers={200: CaseNotices},
)
async def get_case_notices(request: web.Request) -> web.Response:
    """One page, newest first, each with the reminders that are planned."""
    actor = await require_key_or_staff(request)
    wanted = parse_query(request, NoticePage)
    services = request.app[SERVICES]
    async with services.database.read() as tx:
        items, planned, cursor = await notice_log.notices_of_case(
            tx,
            services.keys,
            actor,
            request.match_info["id"],
            before=wanted.cursor,
            limit=wanted.limit,
        )
    return _json(CaseNotices(items=items, planned=planned, next_cursor=cursor))


@route(
    "GET",
    "/api/v1/notice-settings",
    "Read when buyers are left alone",
    answers={200: QuietView},
)
async def get_settings(request: web.Request) -> web.Response:
    """Quiet hours, and what buyers are not told."""
    actor = await require_key_or_staff(request)
    async with request.app[SERVICES].database.read() as tx:
        view = await notice_desk.read_quiet(tx, actor)
    return tagged(view)


@route(
    "PUT",
    "/api/v1/notice-settings",
    "Set when buyers are left alone",
    body=QuietIn,
    headers=MATCHED,
    answers={200: QuietView},
    errors={422: "invalid, zone_unknown"},
)
async def set_settings(request: web.Request) -> web.Response:
    """It counts for what is ordered from now on; what is switched off stops at once."""
    actor = await require_key_or_staff(request)
    command = await parse_body(request, QuietIn)

    return await put_matched(
        request,
        notice_tenant(actor),
        lambda tx: notice_desk.read_quiet(tx, actor),
        lambda unit: notice_desk.set_quiet(unit, actor, command),
    )


@route(
    "GET",
    "/api/v1/notice-templates",
    "List the words of every notice",
    query=TemplatesWanted,
    answers={200: TemplateList},
    errors={404: "locale_unknown"},
)
async def get_templates(request: web.Request) -> web.Response:
    """The seller's own words, or ours."""
    actor = await require_key_or_staff(request)
    wanted = parse_query(request, TemplatesWanted)
    async with request.app[SERVICES].database.read() as tx:
        items = await notice_desk.list_templates(tx, actor, wanted.locale)
    return _json(TemplateList(items=items))


@route(
    "GET",
    "/api/v1/notice-templates/{kind}/{locale}",
    "The words of one notice in one language",
    answers={200: TemplateView},
    errors={404: "not_found, locale_unknown"},
)
async def get_template(request: web.Request) -> web.Response:
    """The seller's own words, or ours."""
    actor = await require_key_or_staff(request)
    kind = _kind(request)
    async with request.app[SERVICES].database.read() as tx:
        view = await _template(tx, actor, kind, request.match_info["locale"])
    return tagged(view)


async def _template(tx: AsyncSession, actor: Actor, kind: NoticeKind, locale: str) -> TemplateView:
    views = await notice_desk.list_templates(tx, actor, locale)
    return next(one for one in views if one.kind == kind)


@route(
    "PUT",
    "/api/v1/notice-templates/{kind}/{locale}",
    "Put own words in place of ours",
    body=TemplateIn,
    headers=MATCHED,
    answers={204: None},
    errors={404: "not_found, locale_unknown", 422: _BAD_WORDS},
)
async def set_template(request: web.Request) -> web.Response:
    """Checked first: a placeholder that this notice does not know is refused."""
    actor = await require_key_or_staff(request)
    command = await parse_body(request, TemplateIn)
    kind = _kind(request)

    locale = request.match_info["locale"]
    return await put_matched(
        request,
        notice_tenant(actor),
        lambda tx: _template(tx, actor, kind, locale),
        lambda unit: notice_desk.set_template(unit, actor, kind, locale, command),
    )


@route(
    "DELETE",
    "/api/v1/notice-templates/{kind}/{locale}",
    "Go back to our words",
    answers={204: None},
    errors={404: "not_found, locale_unknown"},
)
async def drop_template(request: web.Request) -> web.Response:
    """Without own words nothing happens."""
    actor = await require_key_or_staff(request)
    kind = _kind(request)

    async def act(unit: Unit) -> None:
        await notice_desk.drop_template(unit, actor, kind, request.match_info["locale"])

    await request.app[SERVICES].run(act)
    return web.Response(status=204)


@route(
    "POST",
    "/api/v1/notice-templates/{kind}/{locale}/preview",
    "See how words would look",
    body=TemplateIn,
    answers={200: PreviewView},
    errors={404: "not_found, locale_unknown", 422: _BAD_WORDS},
    repeat="nothing is saved.",
)
async def preview_template(request: web.Request) -> web.Response:
    """Filled with an example; nothing is saved."""
    actor = await require_key_or_staff(request)
    command = await parse_body(request, TemplateIn)
    async with request.app[SERVICES].database.read() as tx:
        view = await notice_desk.preview(
            tx, actor, _kind(request), request.match_info["locale"], command
        )
    return _json(view)


def _kind(request: web.Request) -> NoticeKind:
    try:
        return NoticeKind(request.match_info["kind"])
    except ValueError as error:
        raise not_found() from error


def _json(view: View) -> web.Response:
    return web.json_response(text=view.model_dump_json())
