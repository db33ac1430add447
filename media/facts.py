"""What the media worker tells web: a bounded queue, sent in batches; not evidence."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

import structlog

from runtime.control import ControlClient, ControlError

log = structlog.get_logger()

_LIMIT = 2048
_BATCH = 200
_PAUSE_S = 0.5


class FactQueue:
    """Facts wait here until web takes them; when it is full the oldest goes."""

    def __init__(self, client: ControlClient, worker_id: str, epoch: str) -> None:
        self._client = client
        self._worker_id = worker_id
        self._epoch = epoch
        self._waiting: deque[dict[str, Any]] = deque(maxlen=_LIMIT)
        self._arrived = asyncio.Event()
        self.dropped = 0
        """How many found the queue full."""

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, fact: dict[str, Any]) -> None:
        """Add a fact; never waits."""
        self.dropped += len(self._waiting) == _LIMIT
        self._waiting.append(fact)
        self._arrived.set()

    async def run(self) -> None:
        """Send what comes until cancelled."""
        while True:
            await self._arrived.wait()
            if not await self.flush():
                await asyncio.sleep(_PAUSE_S)

    async def flush(self) -> bool:
        """Send one batch; False if web did not take it (it stays, in order)."""
        batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
        if not batch:
            self._arrived.clear()
            return True
        try:
            await self._client.command(
                "/facts/media",
                {"worker_id": self._worker_id, "epoch": self._epoch, "facts": batch},
            )
        except ControlError as error:
            if 400 <= error.status < 500:
                log.warning("facts refused", code=error.code, count=len(batch))
                return True
            free = _LIMIT - len(self._waiting)
            self._waiting.extendleft(reversed(batch[-free:] if free else []))
            return False
        return True
