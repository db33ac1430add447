"""One's own sign-in: links from mails, passwords, the second factor, open sign-ins."""

from __future__ import annotations

import asyncio
import io
from functools import partial

import segno
import structlog
from aiohttp import web

from cases import invitations, logins, password_reset, people, second_factor, staffing, totp
from cases.passwords import check_password
from cases.tables import Staff
from cases.unit import Unit
from runtime.errors import CaseError
from signaling import auth, openapi
from signaling.api_staff import PASSWORDS
from signaling.bodies import parse_body
from signaling.limits import Counted
from signaling.openapi import route
from signaling.people_models import (
    Accept,
    Accepted,
    ChangePassword,
    ChooseLanguage,
    ConfirmFactor,
    Done,
    DropFactor,
    Enrolment,
    InvitationOffer,
    LinkToken,
    Logins,
    RecoveryCodes,
    Reset,
    WantReset,
)
from signaling.services import SERVICES, Services

log = structlog.get_logger()


def add_routes(app: web.Application) -> None:
    """Serve them; strangers may ask only so often."""
    openapi.register(
        app,
        [
            look_at_invitation,
            accept_invitation,
            want_password_reset,
            check_password_reset,
            reset_password,
            change_password,
            choose_language,
            get_logins,
            end_other_logins,
            end_login,
            begin_second_factor,
            confirm_second_factor,
            drop_second_factor,
        ],
    )


@route(
    "POST",
    "/api/v1/invitation",
    "What an invitation to work here offers",
    body=LinkToken,
    answers={200: InvitationOffer},
    secured=False,
    repeat="it is only read.",
)
async def look_at_invitation(request: web.Request) -> web.Response:
    """Before it is accepted."""
    services = request.app[SERVICES]
    body = await parse_body(request, LinkToken)
    await _check_pace(request)
    async with services.database.read() as tx:
        offer = await invitations.open_invitation(
            tx, body.token.get_secret_value(), services.clock.now()
        )
    answer = InvitationOffer(
        organisation=offer.organisation, email=offer.email, roles=offer.roles, locale=offer.locale
    )
    return web.json_response(answer.model_dump(mode="json"))


@route(
    "POST",
    "/api/v1/invitation/accept",
    "Accept an invitation with a name and a password",
    body=Accept,
    answers={201: Accepted},
    secured=False,
    repeat="the link is used up, nobody is made again: `link_over`.",
)
async def accept_invitation(request: web.Request) -> web.Response:
    """The link is used up."""
    services = request.app[SERVICES]
    body = await parse_body(request, Accept)
    await _check_pace(request)
    token, password = body.token.get_secret_value(), body.password.get_secret_value()
    async with services.database.read() as tx:
        offer = await invitations.open_invitation(tx, token, services.clock.now())
    check_password(password, offer.email, body.name)
    hashed = await request.app[PASSWORDS].hash(password)

    async def act(unit: Unit) -> str:
        return await invitations.accept(
            unit, token, name=body.name, password=password, password_hash=hashed
        )

    await services.run(act)
    return web.json_response(Accepted(email=offer.email).model_dump(mode="json"), status=201)


@route(
    "POST",
    "/api/v1/password-reset",
    "Ask for a mail with which to set a new password",
    body=WantReset,
    answers={202: Done},
    secured=False,
    repeat="the same answer; few mails go to one address in an hour.",
)
async def want_password_reset(request: web.Request) -> web.Response:
    """Always the same answer, as fast, whether or not anybody signs in with the address."""
    services = request.app[SERVICES]
    body = await parse_body(request, WantReset)
    await _check_pace(request)
    person = people.folded(body.email)
    now_s = services.clock.now().timestamp()
    if await services.limits.wait_s(Counted.RESET, person, now_s) == 0:
        services.tasks.once("password reset", _order_reset(services, person))
    return web.json_response({}, status=202)


@route(
    "POST",
    "/api/v1/password-reset/check",
    "Whether a link to set a new password still works",
    body=LinkToken,
    answers={200: Done},
    secured=False,
    repeat="it is only read.",
)
async def check_password_reset(request: web.Request) -> web.Response:
    """Before a person thinks of a password."""
    services = request.app[SERVICES]
    body = await parse_body(request, LinkToken)
    await _check_pace(request)
    async with services.database.read() as tx:
        await password_reset.check_link(tx, body.token.get_secret_value(), services.clock.now())
    return web.json_response({})


@route(
    "POST",
    "/api/v1/password-reset/finish",
    "Set a new password with the link; every sign-in ends",
    body=Reset,
    answers={200: Done},
    secured=False,
    repeat="the link is used up: `link_over`.",
)
async def reset_password(request: web.Request) -> web.Response:
    """The link is used up."""
    services = request.app[SERVICES]
    body = await parse_body(request, Reset)
    await _check_pace(request)
    token, password = body.token.get_secret_value(), body.password.get_secret_value()
    async with services.database.read() as tx:
        await password_reset.check_link(tx, token, services.clock.now())
    hashed = await request.app[PASSWORDS].hash(password)

    async def act(unit: Unit) -> None:
        await password_reset.reset(unit, token, password=password, password_hash=hashed)

    await services.run(act)
    return web.json_response({})


@route(
    "POST",
    "/api/v1/me/password",
    "Change one's own password; every other sign-in ends",
    body=ChangePassword,
    answers={200: Done},
    repeat="the present password is the new one by then: `wrong_password`.",
)
async def change_password(request: web.Request) -> web.Response:
    """With a renewed cookie."""
    login, _actor = await auth.require_login(request)
    body = await parse_body(request, ChangePassword)
    await _check_current(request, login.staff_id, body.current.get_secret_value())
    password = body.password.get_secret_value()
    hashed = await request.app[PASSWORDS].hash(password)

    async def act(unit: Unit) -> people.SignedIn | None:
        await password_reset.change(
            unit, login.staff_id, login.id, password=password, password_hash=hashed
        )
        return await logins.renew(unit.tx, login, unit.now, at_once=True)

    return await _renewed(request, web.json_response({}), act)


@route(
    "PUT",
    "/api/v1/me/locale",
    "Choose the language of one's own pages",
    body=ChooseLanguage,
    answers={204: None},
)
async def choose_language(request: web.Request) -> web.Response:
    """Wherever one signs in from now on."""
    login, _actor = await auth.require_login(request)
    body = await parse_body(request, ChooseLanguage)
    await request.app[SERVICES].run(
        lambda unit: people.choose_language(unit.tx, login.staff_id, body.locale)
    )
    return web.Response(status=204)


@route("GET", "/api/v1/me/logins", "One's own open sign-ins", answers={200: Logins})
async def get_logins(request: web.Request) -> web.Response:
    """The last seen first."""
    services = request.app[SERVICES]
    login, _actor = await auth.require_login(request)
    async with services.database.read() as tx:
        found = await logins.list_logins(tx, login, services.clock.now())
    return web.json_response(Logins(logins=found).model_dump(mode="json"))


@route("DELETE", "/api/v1/me/logins", "End every sign-in but this one", answers={204: None})
async def end_other_logins(request: web.Request) -> web.Response:
    """At once."""
    login, _actor = await auth.require_login(request)
    await request.app[SERVICES].run(
        lambda unit: logins.end_logins(unit, login.staff_id, but=login.id)
    )
    return web.Response(status=204)


@route("DELETE", "/api/v1/me/logins/{login_id}", "End one of one's sign-ins", answers={204: None})
async def end_login(request: web.Request) -> web.Response:
    """At once; another person's is not found."""
    login, _actor = await auth.require_login(request)
    login_id = request.match_info["login_id"]
    await request.app[SERVICES].run(lambda unit: logins.end_login(unit, login.staff_id, login_id))
    return web.Response(status=204)


@route(
    "POST",
    "/api/v1/me/second-factor",
    "A secret for an authenticator app, told once",
    answers={201: Enrolment},
    repeat="another secret; only the last one told can be confirmed.",
)
async def begin_second_factor(request: web.Request) -> web.Response:
    """It counts once it is confirmed."""
    services = request.app[SERVICES]
    _login, actor = await auth.require_login(request)

    async def act(unit: Unit) -> second_factor.Enrolment:
        issuer = await staffing.organisation_name(unit.tx, actor)
        return await second_factor.begin(unit.tx, unit.keys, actor, issuer=issuer, now=unit.now)

    begun = await services.run(act)
    answer = Enrolment(
        secret=totp.readable(begun.secret),
        url=begun.url,
        qr_svg=await asyncio.to_thread(_qr_svg, begun.url),
    )
    return web.json_response(answer.model_dump(mode="json"), status=201)


@route(
    "POST",
    "/api/v1/me/second-factor/confirm",
    "Switch the second factor on with a first code",
    body=ConfirmFactor,
    answers={200: RecoveryCodes},
    repeat="`not_found`, as it is switched on; recovery codes are told this once.",
)
async def confirm_second_factor(request: web.Request) -> web.Response:
    """With the recovery codes and a renewed cookie; the other sign-ins end."""
    login, actor = await auth.require_login(request)
    body = await parse_body(request, ConfirmFactor)
    await _check_guessing(request, login.staff_id)
    codes: list[str] = []

    async def act(unit: Unit) -> people.SignedIn | None:
        codes[:] = await second_factor.confirm(unit.tx, unit.keys, actor, body.code, unit.now)
        await logins.end_logins(unit, login.staff_id, but=login.id)
        return await logins.renew(unit.tx, login, unit.now, at_once=True)

    services = request.app[SERVICES]
    renewed = await services.run(act)
    response = web.json_response(RecoveryCodes(recovery_codes=codes).model_dump(mode="json"))
    if renewed is not None:
        auth.remember_login(request, response, renewed)
    return response


@route(
    "POST",
    "/api/v1/me/second-factor/remove",
    "Do without a second factor: takes the password and a code",
    body=DropFactor,
    answers={200: Done},
    repeat="it is gone by then, and the code used up.",
)
async def drop_second_factor(request: web.Request) -> web.Response:
    """With a renewed cookie; where it is required it has to be set up again at once."""
    login, _actor = await auth.require_login(request)
    body = await parse_body(request, DropFactor)
    await _check_current(request, login.staff_id, body.password.get_secret_value())

    async def act(unit: Unit) -> people.SignedIn | None:
        await second_factor.use_code(unit.tx, unit.keys, login.staff_id, body.code, unit.now)
        await second_factor.remove(unit.tx, login.staff_id)
        return await logins.renew(unit.tx, login, unit.now, at_once=True)

    return await _renewed(request, web.json_response({}), act)


async def _renewed(
    request: web.Request, response: web.Response, act: logins.Renewal
) -> web.Response:
    try:
        renewed = await request.app[SERVICES].run(act)
    except CaseError as error:
        raise _for_who_is_signed_in(error) from error
    if renewed is not None:
        auth.remember_login(request, response, renewed)
    return response


def _for_who_is_signed_in(error: CaseError) -> CaseError:
    """A 401 would tell the page that the login has ended."""
    if error.code == "wrong_code":
        return CaseError(error.code, error.message, status=422)
    return error


async def _order_reset(services: Services, email: str) -> None:
    await services.run(
        partial(_reset_by_mail, email=email, public_url=services.settings.public_url)
    )


async def _reset_by_mail(unit: Unit, *, email: str, public_url: str) -> None:
    await password_reset.order_reset(unit, email, public_url, by_mail=True)


async def _check_current(request: web.Request, staff_id: str, password: str) -> None:
    """Raise ``wrong_password`` (422) unless this is the person's own; tries are counted."""
    await _check_guessing(request, staff_id)
    async with request.app[SERVICES].database.read() as tx:
        stored = (await tx.get_one(Staff, staff_id)).password_hash
    if not await request.app[PASSWORDS].fits(stored, password):
        raise CaseError("wrong_password", "This is not your present password.", status=422)


async def _check_pace(request: web.Request) -> None:
    """Raise ``too_many_attempts`` (429) for an address that asks too often."""
    await _count(request, auth.client_address(request))


async def _check_guessing(request: web.Request, staff_id: str) -> None:
    await _count(request, f"staff:{staff_id}")


async def _count(request: web.Request, subject: str) -> None:
    services = request.app[SERVICES]
    await services.limits.check(Counted.LINK, subject, services.clock.now().timestamp())


def _qr_svg(url: str) -> str:
    drawn = io.BytesIO()
    # Dark on light whatever the page's theme: scanners expect it.
    segno.make(url, error="m", micro=False).save(
        drawn, kind="svg", scale=4, border=3, dark="#000", light="#fff", xmldecl=False, svgns=True
    )
    return drawn.getvalue().decode()
