"""Signing in and out, and who one is."""

from __future__ import annotations

from typing import Annotated, Final

from aiohttp import web
from pydantic import Field, SecretStr

from cases import logins, passwords, people
from cases.commands import Command
from runtime.errors import CaseError
from signaling import auth
from signaling.bodies import parse_body
from signaling.services import SERVICES

PASSWORDS: Final[web.AppKey[passwords.Passwords]] = web.AppKey("passwords")


class SignIn(Command):
    """Who says they are whom."""

    email: Annotated[str, Field(min_length=1, max_length=254)]
    password: Annotated[SecretStr, Field(min_length=1, max_length=passwords.MAX_PASSWORD_CHARS)]
    code: Annotated[str, Field(min_length=1, max_length=40)] | None = None


def add_routes(app: web.Application) -> None:
    """Serve ``/api/login``, ``/api/logout`` and ``/api/me``."""
    app[PASSWORDS] = passwords.Passwords()
    app.router.add_post("/api/login", sign_in)
    app.router.add_post("/api/logout", sign_out)
    app.router.add_get("/api/me", who_am_i)


async def sign_in(request: web.Request) -> web.Response:
    """Check a password, give a cookie; an older login of this browser ends."""
    services = request.app[SERVICES]
    body = await parse_body(request, SignIn)
    now = services.clock.now()
    signed_in = await people.sign_in(
        services.database,
        request.app[PASSWORDS],
        services.keys,
        email=body.email,
        password=body.password.get_secret_value(),
        code=body.code,
        address=auth.client_address(request),
        user_agent=request.headers.get("User-Agent", ""),
        now=now,
    )
    if signed_in is None:
        raise CaseError("code_required", "Enter the code of your authenticator app.", status=401)
    await _end_login(request)
    async with services.database.read() as tx:
        staff = await people.staff_view(tx, signed_in.actor)
    response = web.json_response({"staff": staff.model_dump(mode="json")})
    auth.remember_login(request, response, signed_in)
    return response


async def sign_out(request: web.Request) -> web.Response:
    """End this browser's login; without one nothing happens."""
    await _end_login(request)
    response = web.json_response({})
    auth.forget_login(request, response)
    return response


async def who_am_i(request: web.Request) -> web.Response:
    """The signed-in person; now and then with a renewed cookie."""
    services = request.app[SERVICES]
    login, actor = await auth.require_login(request)
    now = services.clock.now()
    async with services.database.read() as tx:
        staff = await people.staff_view(tx, actor)
        due = await logins.is_due(tx, login, now)
    response = web.json_response({"staff": staff.model_dump(mode="json")})
    if due:
        async with services.database.begin() as tx:
            renewed = await logins.renew(tx, login, now)
        if renewed is not None:
            auth.remember_login(request, response, renewed)
    return response


async def _end_login(request: web.Request) -> None:
    secret = request.cookies.get(auth.LOGIN_COOKIE)
    if secret:
        services = request.app[SERVICES]
        async with services.database.begin() as tx:
            await people.sign_out(tx, secret, services.clock.now())
