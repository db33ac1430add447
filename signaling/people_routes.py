"""What admins do: people and their roles, mails that went out, the access log."""

from __future__ import annotations

import csv
import io
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from cases import access_log_list, invitations, mail, password_reset, staffing
from cases.actor import StaffActor
from cases.mail import MailPage
from cases.states import Role
from cases.unit import Unit
from runtime.errors import CaseError
from signaling import openapi
from signaling.auth import require_staff
from signaling.bodies import parse_body, parse_query
from signaling.once import IDEMPOTENCY_HEADER, Made, answer_once
from signaling.openapi import route
from signaling.people_models import (
    AccessFilter,
    AccessWanted,
    Invite,
    Invited,
    MailsWanted,
    ResetLink,
    SecondFactorRule,
    SetRoles,
)
from signaling.services import SERVICES

_CSV_PAGE: Final = 200
_CSV_ROWS: Final = 50_000
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def add_routes(app: web.Application) -> None:
    """Serve them."""
    openapi.register(
        app,
        [
            get_people,
            invite_person,
            take_back_invitation,
            set_person_roles,
            disable_person,
            enable_person,
            make_reset_link,
            remove_persons_second_factor,
            set_second_factor_rule,
            get_mails,
            send_mail_again,
            get_access_log,
            get_access_log_csv,
        ],
    )


@route("GET", "/api/v1/people", "Who works here", answers={200: staffing.PeopleView})
async def get_people(request: web.Request) -> web.Response:
    """Everybody, and who is invited."""
    services = request.app[SERVICES]
    actor = await require_staff(request, Role.ADMIN)
    async with services.database.read() as tx:
        view = await staffing.list_people(tx, actor, services.clock.now())
    return web.json_response(view.model_dump(mode="json"))


@route(
    "POST",
    "/api/v1/people/invitations",
    "Invite somebody by mail, or by the link in the answer",
    body=Invite,
    headers=IDEMPOTENCY_HEADER,
    answers={201: Invited},
)
async def invite_person(request: web.Request) -> web.Response:
    """The link is told once."""
    services = request.app[SERVICES]
    actor = await require_staff(request, Role.ADMIN)
    body = await parse_body(request, Invite)
    public_url = services.settings.public_url

    async def act(unit: Unit) -> Made:
        invited = await invitations.invite(
            unit,
            actor,
            email=body.email,
            roles=body.roles,
            locale=body.locale,
            public_url=public_url,
        )
        answer = Invited(
            invitation_id=invited.invitation_id,
            accept_url=f"{public_url}/accept#{invited.token}",
            expires_at=invited.expires_at,
            mailed=services.settings.smtp_url is not None,
        )
        return Made(201, answer)

    return await answer_once(request, actor, actor.tenant_id, act)


@route(
    "DELETE",
    "/api/v1/people/invitations/{invitation_id}",
    "Take an invitation back",
    answers={204: None},
)
async def take_back_invitation(request: web.Request) -> web.Response:
    """Its link is worth nothing from now on."""
    invitation_id = request.match_info["invitation_id"]
    return await _done(
        request, lambda unit, actor: invitations.take_back(unit, actor, invitation_id)
    )


@route(
    "PUT",
    "/api/v1/people/{staff_id}/roles",
    "Give somebody other roles",
    body=SetRoles,
    answers={204: None},
)
async def set_person_roles(request: web.Request) -> web.Response:
    """From their next request on."""
    await require_staff(request, Role.ADMIN)
    body = await parse_body(request, SetRoles)
    staff_id = request.match_info["staff_id"]
    return await _done(
        request, lambda unit, actor: staffing.set_roles(unit, actor, staff_id, body.roles)
    )


@route(
    "POST",
    "/api/v1/people/{staff_id}/disable",
    "Close somebody's account",
    answers={204: None},
    repeat="it is closed.",
)
async def disable_person(request: web.Request) -> web.Response:
    """Their sign-ins end at once."""
    staff_id = request.match_info["staff_id"]
    return await _done(request, lambda unit, actor: staffing.disable(unit, actor, staff_id))


@route(
    "POST",
    "/api/v1/people/{staff_id}/enable",
    "Open a closed account again",
    answers={204: None},
    repeat="it is open.",
)
async def enable_person(request: web.Request) -> web.Response:
    """They sign in as before."""
    staff_id = request.match_info["staff_id"]
    return await _done(request, lambda unit, actor: staffing.enable(unit, actor, staff_id))


@route(
    "POST",
    "/api/v1/people/{staff_id}/reset-link",
    "A link with which somebody sets a new password, to be passed on by hand",
    headers=IDEMPOTENCY_HEADER,
    answers={201: ResetLink},
)
async def make_reset_link(request: web.Request) -> web.Response:
    """For where no mail server is set; a second factor stays."""
    services = request.app[SERVICES]
    actor = await require_staff(request, Role.ADMIN)
    staff_id = request.match_info["staff_id"]

    async def act(unit: Unit) -> Made:
        email = await staffing.member_email(unit, actor, staff_id)
        await staffing.note(unit, actor, "reset_link_made", staff_id)
        url = await password_reset.order_reset(
            unit, email, services.settings.public_url, by_mail=False
        )
        if url is None:
            raise CaseError("not_found", "There is nobody like this here.", status=404)
        return Made(201, ResetLink(reset_url=url))

    return await answer_once(request, actor, actor.tenant_id, act)


@route(
    "DELETE",
    "/api/v1/people/{staff_id}/second-factor",
    "Take somebody's lost second factor away",
    answers={204: None},
)
async def remove_persons_second_factor(request: web.Request) -> web.Response:
    """Their sign-ins end."""
    staff_id = request.match_info["staff_id"]
    return await _done(
        request, lambda unit, actor: staffing.take_second_factor(unit, actor, staff_id)
    )


@route(
    "PUT",
    "/api/v1/second-factor-rule",
    "Ask everybody here for a second factor, or no longer",
    body=SecondFactorRule,
    answers={204: None},
)
async def set_second_factor_rule(request: web.Request) -> web.Response:
    """Who has none sets it up before anything else."""
    await require_staff(request, Role.ADMIN)
    body = await parse_body(request, SecondFactorRule)
    return await _done(
        request,
        lambda unit, actor: staffing.require_second_factor(unit, actor, required=body.required),
    )


@route(
    "GET",
    "/api/v1/mails",
    "Mails and how they went, newest first",
    query=MailsWanted,
    answers={200: MailPage},
)
async def get_mails(request: web.Request) -> web.Response:
    """To whom and about what; what they say is not told."""
    services = request.app[SERVICES]
    actor = await require_staff(request, Role.ADMIN)
    wanted = parse_query(request, MailsWanted)
    async with services.database.read() as tx:
        page = await mail.list_mails(
            tx,
            services.keys,
            staffing.organisation_of(actor),
            before=wanted.cursor,
            limit=wanted.limit,
        )
    return web.json_response(page.model_dump(mode="json"))


@route(
    "POST",
    "/api/v1/mails/{mail_id}/send",
    "Try once more to send a mail that has not gone out",
    answers={204: None},
    repeat="`mail_sent`, once it has gone; one that waits is sent once.",
)
async def send_mail_again(request: web.Request) -> web.Response:
    """It keeps its Message-ID."""
    mail_id = request.match_info["mail_id"]
    return await _done(
        request,
        lambda unit, actor: mail.send_again(unit, staffing.organisation_of(actor), mail_id),
    )


@route(
    "GET",
    "/api/v1/access-log",
    "Who looked at what, newest first",
    query=AccessWanted,
    answers={200: access_log_list.AccessPage},
)
async def get_access_log(request: web.Request) -> web.Response:
    """One page of it."""
    actor = await require_staff(request, Role.ADMIN)
    wanted = parse_query(request, AccessWanted)
    page = await _page(request, actor, wanted, wanted.cursor, wanted.limit)
    return web.json_response(page.model_dump(mode="json"))


@route(
    "GET",
    "/api/v1/access-log.csv",
    "The access log as a table, at most 50,000 rows",
    query=AccessFilter,
    answers={200: "text/csv"},
)
async def get_access_log_csv(request: web.Request) -> web.StreamResponse:
    """Page by page, so that neither side holds it whole."""
    actor = await require_staff(request, Role.ADMIN)
    wanted = parse_query(request, AccessFilter)
    page = await _page(request, actor, wanted, None, _CSV_PAGE)
    response = web.StreamResponse(
        headers={"Content-Disposition": 'attachment; filename="access-log.csv"'}
    )
    response.content_type, response.charset = "text/csv", "utf-8"
    await response.prepare(request)
    await response.write(_rows([["at", "name", "organisation", "actor", "kind", "what", "id"]]))
    rows = 0
    while True:
        await response.write(
            _rows(
                [
                    [
                        item.at.isoformat(),
                        item.name,
                        item.organisation or "",
                        item.actor,
                        item.kind,
                        item.what,
                        item.subject_id,
                    ]
                    for item in page.items
                ]
            )
        )
        rows += len(page.items)
        if page.next_cursor is None or rows >= _CSV_ROWS:
            break
        page = await _page(request, actor, wanted, page.next_cursor, _CSV_PAGE)
    await response.write_eof()
    return response


async def _page(
    request: web.Request, actor: StaffActor, wanted: AccessFilter, before: int | None, limit: int
) -> access_log_list.AccessPage:
    services = request.app[SERVICES]
    async with services.database.read() as tx:
        return await access_log_list.list_access(
            tx,
            services.keys,
            actor,
            who=wanted.who,
            what=wanted.what,
            subject_id=wanted.subject_id,
            since=wanted.since,
            until=wanted.until,
            before=before,
            limit=limit,
        )


def _rows(rows: list[list[str]]) -> bytes:
    """CSV (RFC 4180) in which no spreadsheet finds a formula."""
    text = io.StringIO()
    csv.writer(text).writerows(
        [f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in row] for row in rows
    )
    return text.getvalue().encode()


async def _done(
    request: web.Request, act: Callable[[Unit, StaffActor], Awaitable[None]]
) -> web.Response:
    actor = await require_staff(request, Role.ADMIN)
    await request.app[SERVICES].run(lambda unit: act(unit, actor))
    return web.Response(status=204)
