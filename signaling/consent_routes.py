"""What one agreed to before being recorded in calls: given once for each version, taken back."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from pydantic import AwareDatetime, Field

from cases import standing_consent
from cases.commands import Command, Locale
from cases.consent_text import ConsentGiven
from cases.view import View
from signaling import auth, openapi
from signaling.bodies import parse_body
from signaling.openapi import route
from signaling.services import SERVICES

_PATH = "/api/v1/me/consent"


class Agree(Command):
    """Which words one agrees to, and in which language one read them."""

    version: Annotated[str, Field(min_length=1, max_length=40, examples=["staff-2026-11-29"])]
    locale: Locale


class Agreed(View):
    """When one agreed to the words of now, and in which language one read them."""

    locale: str
    at: AwareDatetime


class Agreement(View):
    """The words on recording of now by language, and whether one has agreed to them."""

    version: str
    text: dict[str, str]
    agreed: Agreed | None


def add_routes(app: web.Application) -> None:
    """Serve them."""
    openapi.register(app, [look, agree, take_back])


@route(
    "GET",
    _PATH,
    "The words on recording for those who work here, and whether one has agreed",
    answers={200: Agreement},
)
async def look(request: web.Request) -> web.Response:
    """One's own."""
    return await _shown(request)


@route(
    "PUT",
    _PATH,
    "Agree to being recorded in calls; kept until the words change",
    body=Agree,
    answers={200: Agreement},
    errors={409: "consent_required: these are not the words of now"},
)
async def agree(request: web.Request) -> web.Response:
    """Once for each version; calls can be taken from then on."""
    _login, actor = await auth.require_login(request)
    body = await parse_body(request, Agree)
    consent = ConsentGiven(body.version, body.locale)
    await request.app[SERVICES].run(lambda unit: standing_consent.agree(unit, actor, consent))
    return await _shown(request)


@route(
    "DELETE",
    _PATH,
    "Take the agreement back: no more calls are taken; one under way goes on",
    answers={204: None},
)
async def take_back(request: web.Request) -> web.Response:
    """For later calls; in a call its own button ends the recording."""
    _login, actor = await auth.require_login(request)
    await request.app[SERVICES].run(lambda unit: standing_consent.take_back(unit, actor))
    return web.Response(status=204)


async def _shown(request: web.Request) -> web.Response:
    _login, actor = await auth.require_login(request)
    async with request.app[SERVICES].database.read() as tx:
        shown = await standing_consent.agreement_of(tx, actor)
    return web.json_response(Agreement.model_validate(shown).model_dump(mode="json"))
