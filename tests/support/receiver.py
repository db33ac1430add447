"""A seller's own system: a real server that takes webhooks in and answers as it is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(slots=True)
class Received:
    """One request as it came."""

    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> dict[str, Any]:
        """The message."""
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed

    @property
    def message_id(self) -> str:
        """Its stable id."""
        return self.headers["webhook-id"]


@dataclass(slots=True)
class Receiver:
    """What came; ``status`` is what is answered next, None keeps whoever asks waiting."""

    url: str = ""
    status: int | None = 204
    headers: dict[str, str] = field(default_factory=dict)
    answer: str = ""
    came: list[Received] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.Request) -> web.Response:
        """Take one in."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.came.append(Received(headers, await request.read()))
        self._changed.set()
        if self.status is None:
            await asyncio.Event().wait()
        return web.Response(
            status=self.status or 204, headers=self.headers, text=self.answer or None
        )

    async def wait_for(self, count: int, within_s: float = 30.0) -> list[Received]:
        """Everything that came, once it is so many."""
        async with asyncio.timeout(within_s):
            while len(self.came) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.came


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver on loopback."""
    taking = Receiver()
    app = web.Application()
    app.router.add_post("/hooks", taking.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        taking.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hooks"
        yield taking
    finally:
        await runner.cleanup()
