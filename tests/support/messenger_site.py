"""A messenger's server on loopback, for tests: takes what it is sent and answers as it is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(slots=True)
class Messenger:
    """A messenger's server: keeps what it accepted, once per retry key where it knows those.

    ``hangs`` says what becomes of the next requests: each is never answered, after it was
    taken (True) or before (False).
    """

    url: str = ""
    answers: list[tuple[int, Any, dict[str, str]]] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str], dict[str, Any], bytes]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    hangs: list[bool] = field(default_factory=list)
    accepted: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait_for(self, count: int, within_s: float = 60.0) -> None:
        """Wait until so many requests came."""
        async with asyncio.timeout(within_s):
            while len(self.asked) < count:
                self._changed.clear()
                await self._changed.wait()

    async def handle(self, request: web.Request) -> web.Response:
        """Answer as told, else as a good request is answered."""
        raw = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.asked.append((request.path, headers, json.loads(raw), raw))
        self._changed.set()
        key = headers.get("x-line-retry-key")
        if key is not None and key in self.keys:
            return web.json_response({"message": "The retry key is already accepted"}, status=409)
        if self.answers:
            status, body, more = self.answers.pop(0)
            return web.json_response(body, status=status, headers=more)
        hang = self.hangs.pop(0) if self.hangs else None
        if hang is not False:
            self.accepted += 1
            self.keys |= {key} if key is not None else set()
        if hang is not None:
            await asyncio.Event().wait()
        return web.json_response({"messages": [{"id": "wamid.1"}]})


@asynccontextmanager
async def messenger() -> AsyncIterator[Messenger]:
    """A server on loopback."""
    taking = Messenger()
    app = web.Application()
    app.router.add_post("/{path:.*}", taking.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        taking.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield taking
    finally:
        await runner.cleanup()
