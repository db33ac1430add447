"""The built front end: pages that change nothing, and hashed files that never change."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from aiohttp import web

from cases import filing
from signaling.problems import Handler, page_policy, problem
from signaling.services import SERVICES

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
_EMBED: Final = (Path(__file__).with_name("embed.js")).read_text()
_FOREVER: Final = "public, max-age=31536000, immutable"
_PAGES: Final = {
    "/j/{token}": "join.html",
    "/o/{token}": "observe.html",
    "/observe/{session_id}": "observe.html",
    "/s": "share.html",
    "/inspect": "inspect.html",
    "/review": "review.html",
    "/console": "console.html",
    "/console/{part}": "console.html",
    "/api/docs": "api.html",
    "/accept": "console.html",
    "/reset": "console.html",
}
_RETURN_PAGE: Final = "/return/{slug}"


def add_routes(app: web.Application, dist: Path | None = None) -> None:
    """Serve what ``npm run build`` left in ``dist`` (default: the repository's ``web/dist``)."""
    folder = dist or _DIST

    for path, name in _PAGES.items():
        app.router.add_get(path, _page(folder / name))
    app.router.add_get(_RETURN_PAGE, _return_page(folder / "return.html"))
    app.router.add_get("/embed.js", _embed)
    app.router.add_get("/assets/{name}", _asset(folder / "assets"))
    app.router.add_get("/", _root)


async def _root(_request: web.Request) -> web.StreamResponse:
    """Whoever types the bare address is most likely the seller."""
    raise web.HTTPFound("/console")


def _return_page(path: Path) -> Handler:
    """The buyer's form, which the origins that its seller named may frame."""
    plain = _page(path)

    async def page(request: web.Request) -> web.StreamResponse:
        response = await plain(request)
        services = request.app[SERVICES]
        async with services.database.read() as tx:
            origins = await filing.origins_of(tx, request.match_info["slug"])
        policy = page_policy(services.settings.public_url)
        framed = " ".join(["'self'", *origins]) if origins else "'none'"
        response.headers["Content-Security-Policy"] = policy.replace(
            "frame-ancestors 'none'", f"frame-ancestors {framed}"
        )
        return response

    return page


async def _embed(_request: web.Request) -> web.Response:
    """The one line for a shop's page; any site may load it, only named ones may frame the form."""
    return web.Response(
        text=_EMBED,
        content_type="text/javascript",
        headers={
            "Cache-Control": "public, max-age=3600",
            "Cross-Origin-Resource-Policy": "cross-origin",
        },
    )


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
