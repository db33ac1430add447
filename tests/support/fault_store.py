"""A door in front of an S3 server behind which the store fails in every way that stores do."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Final

import aiohttp
from aiohttp import web
from yarl import URL

_SLOW_S: Final = 2.5
_MOST_BYTES: Final = 64 * 1024 * 1024
_NOT_PASSED_ON: Final = frozenset(
    {"connection", "content-length", "expect", "keep-alive", "transfer-encoding"}
)


class StoreFault(StrEnum):
    """What a request finds."""

    INTERNAL_ERROR = "500"
    SLOW_DOWN = "503"
    SLOW = "slow"
    """Every answer comes late."""
    SILENT = "silent"
    """No answer at all: the client's own limit has to end it."""
    SHUT = "shut"
    """Connections break at once."""
    CUT = "cut"
    """The server does what was asked, and the answer breaks off in the middle."""
    FULL = "full"
    """What is there can be read; nothing can be added."""
    DENIED = "denied"
    """The bucket's owner no longer lets us in."""


class FaultyStore:
    """Forwards every request, unless ``fault`` says otherwise."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._upstream: aiohttp.ClientSession | None = None
        self._changed = asyncio.Event()
        self._fault: StoreFault | None = None
        self.url = ""
        self.failed: Counter[str] = Counter()
        """How many requests met each fault."""
        self._held: tuple[str, str] | None = None
        self.reached = asyncio.Event()
        """Set once a request is held."""

    @property
    def fault(self) -> StoreFault | None:
        """What requests find now; None is a store that works."""
        return self._fault

    @fault.setter
    def fault(self, fault: StoreFault | None) -> None:
        self._fault = fault
        self._held = None
        # Whoever was kept waiting is let go: their connection ends.
        self._changed.set()
        self._changed = asyncio.Event()

    def hold(self, method: str, named: str) -> None:
        """Leave requests for such a name without an answer, until ``fault`` is set."""
        self._held = (method, named)
        self.reached.clear()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        fault = self._fault
        body = await request.read()
        if self._held and request.method == self._held[0] and self._held[1] in request.path:
            self.reached.set()
            await self._changed.wait()
            return _broken(request)
        if fault is not None:
            self.failed[fault] += 1
        match fault:
            case StoreFault.INTERNAL_ERROR:
                return _refusal(request, 500, "InternalError")
            case StoreFault.SLOW_DOWN:
                return _refusal(request, 503, "SlowDown")
            case StoreFault.FULL if request.method in ("PUT", "POST"):
                return _refusal(request, 507, "InsufficientStorage")
            case StoreFault.DENIED:
                return _refusal(request, 403, "AccessDenied")
            case StoreFault.SLOW:
                await asyncio.sleep(_SLOW_S)
            case StoreFault.SILENT:
                await self._changed.wait()
                return _broken(request)
            case StoreFault.SHUT:
                return _broken(request)
        assert self._upstream is not None
        try:
            async with self._upstream.request(
                request.method,
                URL(self._endpoint + request.raw_path, encoded=True),
                headers=_passed_on(request.headers),
                data=body,
                allow_redirects=False,
            ) as answer:
                content = await answer.read()
        except aiohttp.ClientError:
            return _broken(request)
        headers = _passed_on(answer.headers)
        if fault is StoreFault.CUT and request.method != "HEAD":
            return await _cut(request, answer.status, headers, content)
        if request.method == "HEAD":
            # Nothing follows, and still the length is that of the object.
            headers["Content-Length"] = answer.headers.get("Content-Length", "0")
            return web.Response(status=answer.status, headers=headers)
        return web.Response(status=answer.status, headers=headers, body=content)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[FaultyStore]:
        """Serve on a free port of loopback; ``url`` is then the endpoint."""
        app = web.Application(client_max_size=_MOST_BYTES)
        app.router.add_route("*", "/{path:.*}", self._serve)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        try:
            async with aiohttp.ClientSession(auto_decompress=False) as self._upstream:
                yield self
        finally:
            self.fault = None
            await runner.cleanup()


def _passed_on(headers: object) -> dict[str, str]:
    # The client's own Host is kept: it is signed.
    pairs = headers.items() if hasattr(headers, "items") else ()
    return {name: value for name, value in pairs if name.lower() not in _NOT_PASSED_ON}


def _refusal(request: web.Request, status: int, code: str) -> web.Response:
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>Drawn.</Message></Error>"
    return web.Response(
        status=status,
        content_type="application/xml",
        body=b"" if request.method == "HEAD" else body.encode(),
    )


def _broken(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


async def _cut(
    request: web.Request, status: int, headers: dict[str, str], content: bytes
) -> web.StreamResponse:
    if not content:
        return _broken(request)
    response = web.StreamResponse(status=status, headers=headers)
    response.content_length = len(content)
    await response.prepare(request)
    await response.write(content[: len(content) // 2])
    if request.transport is not None:
        request.transport.abort()
    return response
