"""Reply scripts and quick phrases over ``/api/v1``."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from pydantic import AfterValidator, StringConstraints
from sqlalchemy.ext.asyncio import AsyncSession

from cases.case_access import not_found
from cases.commands import Command, Locale, prose
from cases.reply_words import Scene
from cases.scripts import (
    FilledScriptView,
    ScriptName,
    ScriptView,
    SetScript,
    drop_script,
    editing_tenant,
    list_scripts,
    preview,
    reading_tenant,
    scripts_for_case,
    set_script,
)
from cases.shipped_phrases import PHRASES
from cases.unit import Unit
from cases.view import View
from signaling import openapi
from signaling.auth import require_key_or_staff
from signaling.bodies import parse_body, parse_query
from signaling.matching import MATCHED, put_matched, tagged
from signaling.openapi import route
from signaling.services import SERVICES


class ScriptsWanted(Command):
    """Which replies."""

    q: Annotated[str, StringConstraints(max_length=200)] = ""
    scene: Scene | None = None
    locale: Locale | None = None


class ScriptPlace(Command):
    """Which reply, in which language."""

    name: ScriptName
    locale: Locale


class Scripts(View):
    """Replies by scene and name."""

    items: list[ScriptView]


class Draft(Command):
    """Words of a reply that is being written."""

    words: Annotated[str, StringConstraints(min_length=1, max_length=4000), AfterValidator(prose)]


class Preview(View):
    """The words as the buyer would read them; what the case does not know is ``empty``."""

    words: str
    empty: list[str]


class FilledScripts(View):
    """Replies filled from one case."""

    items: list[FilledScriptView]


class Phrase(View):
    """A short request for a moment of an inspection, in every language."""

    name: str
    words: dict[str, str]


class Phrases(View):
    """All quick phrases."""

    items: list[Phrase]


def add_routes(app: web.Application) -> None:
    """Serve scripts and phrases."""
    openapi.register(
        app,
        [
            get_scripts,
            get_scripts_for_case,
            preview_script,
            get_script,
            put_script,
            delete_script,
            get_phrases,
        ],
    )


@route(
    "GET",
    "/api/v1/scripts",
    "The tenant's reply scripts",
    query=ScriptsWanted,
    answers={200: Scripts},
)
async def get_scripts(request: web.Request) -> web.Response:
    """Shipped and own ones, placeholders in braces."""
    tenant_id = reading_tenant(await require_key_or_staff(request))
    wanted = parse_query(request, ScriptsWanted)
    async with request.app[SERVICES].database.read() as tx:
        items = await list_scripts(
            tx, tenant_id, words=wanted.q, scene=wanted.scene, locale=wanted.locale
        )
    return web.json_response(Scripts(items=items).model_dump(mode="json"))


@route(
    "GET",
    "/api/v1/cases/{id}/scripts",
    "Reply scripts filled from a case",
    query=ScriptsWanted,
    answers={200: FilledScripts},
)
async def get_scripts_for_case(request: web.Request) -> web.Response:
    """In the buyer's language unless one is named; ``empty`` says what the case lacks."""
    actor = await require_key_or_staff(request)
    wanted = parse_query(request, ScriptsWanted)
    services = request.app[SERVICES]
    async with services.database.read() as tx:
        items = await scripts_for_case(
            tx,
            services.keys,
            actor,
            request.match_info["id"],
            words=wanted.q,
            scene=wanted.scene,
            locale=wanted.locale,
        )
    return web.json_response(FilledScripts(items=items).model_dump(mode="json"))


@route(
    "POST",
    "/api/v1/cases/{id}/script-preview",
    "Fill words from a case before they are saved",
    body=Draft,
    answers={200: Preview},
    errors={422: "invalid, unknown_placeholder"},
    repeat="nothing is saved.",
)
async def preview_script(request: web.Request) -> web.Response:
    """Nothing is kept."""
    actor = await require_key_or_staff(request)
    draft = await parse_body(request, Draft)
    services = request.app[SERVICES]
    async with services.database.read() as tx:
        filled = await preview(tx, services.keys, actor, request.match_info["id"], draft.words)
    answer = Preview(words=filled.words, empty=list(filled.empty))
    return web.json_response(answer.model_dump(mode="json"))


@route(
    "GET",
    "/api/v1/scripts/{name}/{locale}",
    "One reply script in one language",
    answers={200: ScriptView},
)
async def get_script(request: web.Request) -> web.Response:
    """The tenant's words, or the shipped ones."""
    actor = await require_key_or_staff(request)
    place = ScriptPlace.model_validate(dict(request.match_info))
    async with request.app[SERVICES].database.read() as tx:
        found = await _script(tx, reading_tenant(actor), place)
    if found is None:
        raise not_found()
    return tagged(found)


async def _script(tx: AsyncSession, tenant_id: str, place: ScriptPlace) -> ScriptView | None:
    found = await list_scripts(tx, tenant_id, locale=place.locale)
    return next((one for one in found if one.name == place.name), None)


@route(
    "PUT",
    "/api/v1/scripts/{name}/{locale}",
    "Set a reply script in one language",
    body=SetScript,
    headers=MATCHED,
    answers={204: None},
)
async def put_script(request: web.Request) -> web.Response:
    """The name of a shipped one puts these words in its place."""
    actor = await require_key_or_staff(request)
    place = ScriptPlace.model_validate(dict(request.match_info))
    script = await parse_body(request, SetScript)

    tenant_id = editing_tenant(actor)

    async def change(unit: Unit) -> None:
        await set_script(unit.tx, actor, place.name, place.locale, script, unit.now)

    return await put_matched(request, tenant_id, lambda tx: _script(tx, tenant_id, place), change)


@route(
    "DELETE",
    "/api/v1/scripts/{name}/{locale}",
    "Drop the tenant's words of a reply script",
    answers={204: None},
)
async def delete_script(request: web.Request) -> web.Response:
    """A shipped one is as it was."""
    actor = await require_key_or_staff(request)
    place = ScriptPlace.model_validate(dict(request.match_info))

    async def act(unit: Unit) -> None:
        await drop_script(unit.tx, actor, place.name, place.locale)

    await request.app[SERVICES].run(act)
    return web.Response(status=204)


@route("GET", "/api/v1/phrases", "Quick phrases for an inspection", answers={200: Phrases})
async def get_phrases(request: web.Request) -> web.Response:
    """Each in every shipped language."""
    await require_key_or_staff(request)
    items = [Phrase(name=name, words=dict(words)) for name, words in PHRASES.items()]
    return web.json_response(Phrases(items=items).model_dump(mode="json"))
