"""Listing pictures: embedded ones go to the store, and come back by their digest."""

from __future__ import annotations

import asyncio
import re
from typing import Final

from aiohttp import web

from cases.commands import OpenCase
from cases.listing_pictures import decode_picture, look_at
from recorder.store import ObjectStore
from runtime.errors import CaseError
from signaling.openapi import register, route
from signaling.services import SERVICES

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_PICTURES_PATH: Final = "/api/v1/pictures/"


def add_routes(app: web.Application) -> None:
    """Serve the pictures."""
    register(app, [get_picture])


async def store_pictures(store: ObjectStore, command: OpenCase) -> OpenCase:
    """The command with every embedded picture in the store and named by its digest."""
    urls = {
        url for line in command.items for url in line.listing.pictures if url.startswith("data:")
    }
    if not urls:
        return command
    stored: dict[str, str] = {}
    for url in urls:
        picture = await asyncio.to_thread(decode_picture, url)
        await store.put(f"pictures/{picture.sha256}", picture.content)
        stored[url] = _PICTURES_PATH + picture.sha256
    items = [
        line.model_copy(
            update={
                "listing": line.listing.model_copy(
                    update={"pictures": [stored.get(url, url) for url in line.listing.pictures]}
                )
            }
        )
        for line in command.items
    ]
    return command.model_copy(update={"items": items})


@route(
    "GET",
    "/api/v1/pictures/{sha256}",
    "A listing picture, for whoever knows its SHA-256",
    answers={200: "image/*", 304: None},
    secured=False,
)
async def get_picture(request: web.Request) -> web.Response:
    """A picture out of the store; the buyer's page shows it before anybody has signed in."""
    name = request.match_info["sha256"]
    if not _SHA256.fullmatch(name):
        raise CaseError("not_found", "There is no such picture.", status=404)
    headers = {"ETag": f'"{name}"', "Cache-Control": "public, max-age=31536000, immutable"}
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return web.Response(status=304, headers=headers)
    store = request.app[SERVICES].store
    if await store.size(f"pictures/{name}") is None:
        raise CaseError("not_found", "There is no such picture.", status=404)
    content = await store.get(f"pictures/{name}")
    media_type, _width, _height = look_at(content)
    return web.Response(body=content, content_type=media_type, headers=headers)
