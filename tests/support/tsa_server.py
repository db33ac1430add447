"""A time-stamping authority over HTTP: ``openssl ts`` behind aiohttp, as good or bad as told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from tests.support.time_stamping import Authority

Answer = Callable[[bytes], Awaitable[web.StreamResponse]]


@dataclass
class TsaServer:
    """What came, and how it is answered."""

    authority: Authority
    url: str = ""
    queries: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answer: Answer | None = None
    """Instead of the authority's own."""

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One query."""
        query = await request.read()
        self.headers.append(dict(request.headers))
        self.queries.append(query)
        if self.answer is not None:
            return await self.answer(query)
        return await self.stamp(query)

    async def stamp(self, query: bytes) -> web.StreamResponse:
        """As an authority does."""
        return self.given(await asyncio.to_thread(self.authority.reply, query))

    @staticmethod
    def given(body: bytes) -> web.Response:
        """Some bytes in place of a time-stamp."""
        return web.Response(body=body, content_type="application/timestamp-reply")

    async def asked(self, times: int, within_s: float = 30) -> None:
        """Wait until it was asked so often."""
        async with asyncio.timeout(within_s):
            while len(self.queries) < times:
                await asyncio.sleep(0.05)


@asynccontextmanager
async def tsa_server(authority: Authority) -> AsyncIterator[TsaServer]:
    """One that listens until the block ends."""
    server = TsaServer(authority)
    app = web.Application()
    app.router.add_post("/tsa", server.serve)
    # Whoever hangs is not waited for.
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    server.url = f"http://{host}:{port}/tsa"
    try:
        yield server
    finally:
        await runner.cleanup()
