"""A worker that is to go: takes nothing new, lets its calls end, has people moved, leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from runtime.clock import Clock

DEFAULT_LIMIT_S = 600.0
MOVE_WITHIN_S = 10.0
"""From the limit on ``web`` moves people to other workers; what is left after this is closed."""
_LOOK_S = 0.05


class Draining:
    """Asked once or again: the shorter limit counts, and a wish to stay down is kept."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._asked = asyncio.Event()
        self._limit_at_s = float("inf")
        self.stays_down = False
        """Whether whoever keeps this process running should not start another."""

    @property
    def asked(self) -> bool:
        """Nothing new is taken."""
        return self._asked.is_set()

    @property
    def moving(self) -> bool:
        """The limit has passed: whoever is still here should be moved to another worker."""
        return self._clock.monotonic_s() >= self._limit_at_s

    def begin(self, limit_s: float, *, stays_down: bool = False) -> None:
        """Leave when the last peer has gone, at the latest a little after ``limit_s``.

        Raises:
            ValueError: the limit is negative or no number.
        """
        if not 0 <= limit_s < float("inf"):
            raise ValueError("limit_s must be a number of seconds, 0 or more")
        self._limit_at_s = min(self._limit_at_s, self._clock.monotonic_s() + limit_s)
        self.stays_down = self.stays_down or stays_down
        self._asked.set()

    async def over(self, has_peers: Callable[[], bool]) -> None:
        """Wait until the worker may leave."""
        await self._asked.wait()
        while True:
            late = self._clock.monotonic_s() >= self._limit_at_s + MOVE_WITHIN_S
            if late or not has_peers():
                return
            await asyncio.sleep(_LOOK_S)
