"""A ledger for tests of recorder and uploader: takes facts as web does, and may refuse."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from runtime.control import ControlServer, load_control_secret
from runtime.settings import Settings

Fact = dict[str, Any]


class Ledger:
    """Listens on ``web.sock``; keeps each ``(session_id, seq)`` once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._server: ControlServer | None = None
        self.facts: dict[tuple[str, int], Fact] = {}
        self.posted: list[tuple[str, int]] = []
        self.acknowledges: Callable[[Fact], bool] = lambda _: True

    async def start(self) -> None:
        """Begin to listen."""
        run = self._settings.run_dir
        self._server = ControlServer(
            f"unix://{run / 'web.sock'}", load_control_secret(self._settings.keys_dir)
        )
        self._server.command("/facts/recorder", self._take)
        await self._server.start()

    async def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            await self._server.close()

    def of(self, session_id: str, kind: str | None = None) -> list[Fact]:
        """A session's facts in order."""
        return [
            fact
            for (session, _), fact in sorted(self.facts.items())
            if session == session_id and kind in (None, fact["kind"])
        ]

    async def until(self, done: Callable[[], bool], limit_s: float = 10.0) -> None:
        """Wait until something holds, or fail."""
        deadline = time.monotonic() + limit_s
        while not done():
            assert time.monotonic() < deadline, "not in time"
            await asyncio.sleep(0.01)

    async def _take(self, _: Mapping[str, str], body: dict[str, Any]) -> dict[str, Any]:
        acked = []
        for fact in body["facts"]:
            name = (fact["session_id"], fact["seq"])
            self.posted.append(name)
            if not self.acknowledges(fact):
                continue
            self.facts.setdefault(name, fact)
            acked.append(list(name))
        return {"acked": acked}
