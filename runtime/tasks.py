"""Supervised background tasks: owned, named, restarted with a pause, ended together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

log = structlog.get_logger()

_PAUSE_S = 1.0


class Tasks:
    """Owns background tasks; ``close()`` cancels and awaits every one, and may be called twice.

    A task that ends with an exception is a bug: it is reported here and nowhere
    swallowed. ``forever`` starts the body again after a pause.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._tasks)

    def once(self, name: str, body: Coroutine[Any, Any, object]) -> None:
        """Run ``body`` once in the background; after ``close()`` not at all."""
        if self._closed:
            body.close()
            return
        task = self._start(name, self._reported(name, body))
        # One that is cancelled before its first step never comes to its body.
        task.add_done_callback(lambda _: body.close())

    def forever(self, name: str, body: Callable[[], Awaitable[object]]) -> None:
        """Run ``body`` again whenever it ends, until closed."""
        if not self._closed:
            self._start(name, self._repeated(name, body))

    async def close(self) -> None:
        """Cancel every task and wait for its end."""
        self._closed = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, name: str, body: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(body, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @staticmethod
    async def _reported(name: str, body: Coroutine[Any, Any, object]) -> None:
        try:
            await body
        except Exception:
            log.exception("task failed", task=name)

    @staticmethod
    async def _repeated(name: str, body: Callable[[], Awaitable[object]]) -> None:
        while True:
            try:
                await body()
            except Exception:
                log.exception("task failed, starting again", task=name)
            await asyncio.sleep(_PAUSE_S)
