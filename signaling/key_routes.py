"""The API keys of a seller, for its admins: made, seen and revoked; never by a key."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from pydantic import Field

from cases import api_keys
from cases.api_keys import KeyView
from cases.developer_commands import NewKey
from cases.unit import Unit
from cases.view import View
from signaling import openapi
from signaling.auth import require_staff
from signaling.bodies import PageWanted, parse_body, parse_query
from signaling.once import IDEMPOTENCY_HEADER, Made, answer_once
from signaling.openapi import route
from signaling.services import SERVICES


class KeyList(View):
    """One page of the keys that work, newest first."""

    items: list[KeyView]
    next_cursor: str | None


class KeyMade(View):
    """A new key; its secret is told this once."""

    key: KeyView
    secret: Annotated[str, Field(description="Send it as `Authorization: Bearer …`.")]


def add_routes(app: web.Application) -> None:
    """Serve the routes of API keys."""
    openapi.register(app, [get_keys, make_key, revoke_key])


@route("GET", "/api/v1/keys", "List the API keys", query=PageWanted, answers={200: KeyList})
async def get_keys(request: web.Request) -> web.Response:
    """Which keys work; never their secrets."""
    actor = await require_staff(request)
    wanted = parse_query(request, PageWanted)
    async with request.app[SERVICES].database.read() as tx:
        items, cursor = await api_keys.list_keys(
            tx, actor, limit=wanted.limit, cursor=wanted.cursor
        )
    return web.json_response(text=KeyList(items=items, next_cursor=cursor).model_dump_json())


@route(
    "POST",
    "/api/v1/keys",
    "Make an API key",
    body=NewKey,
    headers=IDEMPOTENCY_HEADER,
    answers={201: KeyMade},
    errors={409: "too_many_keys"},
)
async def make_key(request: web.Request) -> web.Response:
    """A new key with some scopes."""
    actor = await require_staff(request)
    command = await parse_body(request, NewKey)

    async def act(unit: Unit) -> Made:
        key, secret = await api_keys.make_key(unit.tx, actor, command, unit.now)
        return Made(201, KeyMade(key=key, secret=secret))

    return await answer_once(request, actor, actor.tenant_id, act)


@route("DELETE", "/api/v1/keys/{id}", "Revoke an API key", answers={204: None})
async def revoke_key(request: web.Request) -> web.Response:
    """From now on the key is unknown."""
    actor = await require_staff(request)
    key_id = request.match_info["id"]

    async def act(unit: Unit) -> None:
        await api_keys.revoke_key(unit.tx, actor, key_id, unit.now)

    await request.app[SERVICES].run(act)
    return web.Response(status=204)
