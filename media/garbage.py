"""Gives back the memory of closed peers, which only the cycle collector can, between packets.

aiortc's connections point at each other in circles. A peer of a long call lies in the oldest
generation, which the thresholds of a media process are never reached for: a collection that
scans everything in the middle of a call would delay packets whenever it pleased.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable

import structlog

from runtime.clock import Clock

log = structlog.get_logger()

_LOOK_S = 1.0
_MANY = 16
_BUSY_PAUSE_S = 60.0


class Garbage:
    """Collects when nobody is in a call, else after many ends and at most once a minute."""

    def __init__(self, clock: Clock, has_peers: Callable[[], bool]) -> None:
        self._clock = clock
        self._has_peers = has_peers
        self._closed = 0
        self._collected_s = clock.monotonic_s()

    def peer_closed(self) -> None:
        """There is something to collect soon."""
        self._closed += 1

    @property
    def is_due(self) -> bool:
        """Whether to collect now."""
        if not self._closed or not self._has_peers():
            return self._closed > 0
        rested = self._clock.monotonic_s() - self._collected_s >= _BUSY_PAUSE_S
        return self._closed >= _MANY and rested

    def collect(self) -> None:
        """Collect everything; a worker full of calls stands still for some 30 ms."""
        began_s = self._clock.monotonic_s()
        closed, self._closed = self._closed, 0
        found = gc.collect()
        self._collected_s = self._clock.monotonic_s()
        took_ms = round((self._collected_s - began_s) * 1000, 1)
        log.debug("memory of closed peers collected", peers=closed, objects=found, ms=took_ms)

    async def run(self) -> None:
        """Look each second, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_S)
            if self.is_due:
                self.collect()
