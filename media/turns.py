"""When each leg has its turn: every 50 ms and every second, one after the other."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from runtime.clock import Clock

if TYPE_CHECKING:
    from media.leg import Leg

_SLOT_S = 0.005
_SLOTS = 10
_SLOW_SLOTS = 200


class Turns:
    """A slot of 5 ms for each leg: building feedback for all at once would hold up packets."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._slots: list[list[Leg]] = [[] for _ in range(_SLOTS)]
        self._some = asyncio.Event()

    def add(self, leg: Leg) -> None:
        """Serve a leg from now on."""
        self._slots[leg.order % _SLOTS].append(leg)
        self._some.set()

    def remove(self, leg: Leg) -> None:
        """Serve it no longer; one that is not served is left alone."""
        slot = self._slots[leg.order % _SLOTS]
        if leg in slot:
            slot.remove(leg)

    async def run(self) -> None:
        """Serve for ever; sleep while there is nobody to serve."""
        slot, next_s = 0, self._clock.monotonic_s()
        while True:
            if not any(self._slots):
                self._clock.catch_up()
                self._some.clear()
                await self._some.wait()
                self._clock.catch_up()
                next_s = self._clock.monotonic_s()
            next_s += _SLOT_S
            await asyncio.sleep(max(0.0, next_s - self._clock.monotonic_s()))
            slot += 1
            now_s = self._clock.monotonic_s()
            if now_s - next_s > 1.0:
                next_s = now_s
            self._tick(slot, now_s)

    def _tick(self, slot: int, now_s: float) -> None:
        for leg in list(self._slots[slot % _SLOTS]):
            leg.tick(now_s)
            if leg.order % _SLOW_SLOTS == slot % _SLOW_SLOTS:
                leg.tick_slow(now_s)
