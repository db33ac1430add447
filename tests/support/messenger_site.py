"""A messenger's server on loopback, for tests: takes what it is sent and answers as it is told."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(slots=True)
class Messenger:
    """A messenger's server: keeps what it accepted, once per retry key where it knows those."""

    url: str = ""
    answers: list[tuple[int, Any, dict[str, str]]] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str], dict[str, Any], bytes]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)

    async def handle(self, request: web.Request) -> web.Response:
        """Answer as told, else as a good request is answered."""
        raw = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.asked.append((request.path, headers, json.loads(raw), raw))
        key = headers.get("x-line-retry-key")
        if key is not None and key in self.keys:
            return web.json_response({"message": "The retry key is already accepted"}, status=409)
        if self.answers:
            status, body, more = self.answers.pop(0)
            return web.json_response(body, status=status, headers=more)
        if key is not None:
            self.keys.add(key)
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
