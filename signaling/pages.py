"""The built front end: five pages that change nothing, and hashed files that never change."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from aiohttp import web

from signaling.problems import Handler, problem

_DIST: Final = Path(__file__).resolve().parent.parent / "web" / "dist"
_TYPES: Final = {
    ".css": "text/css",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".mp3": "audio/mpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
_FOREVER: Final = "public, max-age=31536000, immutable"
_PAGES: Final = {
    "/j/{token}": "join.html",
    "/o/{token}": "observe.html",
    "/observe/{session_id}": "observe.html",
    "/inspect": "inspect.html",
    "/review": "review.html",
    "/console": "console.html",
    "/console/{part}": "console.html",
}


def add_routes(app: web.Application, dist: Path | None = None) -> None:
    """Serve what ``npm run build`` left in ``dist`` (default: the repository's ``web/dist``)."""
    folder = dist or _DIST

    for path, name in _PAGES.items():
        app.router.add_get(path, _page(folder / name))
    app.router.add_get("/assets/{name}", _asset(folder / "assets"))
    app.router.add_get("/", _root)


async def _root(_request: web.Request) -> web.StreamResponse:
    """Whoever types the bare address is most likely the seller."""
    raise web.HTTPFound("/console")


def _page(path: Path) -> Handler:
    async def page(request: web.Request) -> web.StreamResponse:
        found = await asyncio.to_thread(_read, path, "")
        if found is None:
            return problem(
                503,
                "front_end_not_built",
                "The front end was not built. Run `make web` and load this page again.",
            )
        return web.Response(
            body=found,
            content_type="text/html",
            charset="utf-8",
            headers={"Cache-Control": "no-cache"},
        )

    return page


def _asset(folder: Path) -> Handler:
    async def asset(request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        path = folder / name
        content_type = _TYPES.get(path.suffix)
        if path.parent != folder or name.startswith(".") or content_type is None:
            raise web.HTTPNotFound
        headers = {"Cache-Control": _FOREVER, "Vary": "Accept-Encoding"}
        accepted = request.headers.get("Accept-Encoding", "")
        for encoding, ending in (("br", ".br"), ("gzip", ".gz")):
            if encoding in accepted:
                found = await asyncio.to_thread(_read, path, ending)
                if found is not None:
                    headers["Content-Encoding"] = encoding
                    return web.Response(body=found, content_type=content_type, headers=headers)
        found = await asyncio.to_thread(_read, path, "")
        if found is None:
            raise web.HTTPNotFound
        return web.Response(body=found, content_type=content_type, headers=headers)

    return asset


def _read(path: Path, ending: str) -> bytes | None:
    try:
        return path.with_name(path.name + ending).read_bytes()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return None
