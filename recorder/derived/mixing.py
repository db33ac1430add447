"""PURE. The sounds of all lanes put together on the film's own clock, silent where asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder.derived.film_plan import Mute

RATE: Final = 48_000
_GUARD_NS: Final = 50_000_000
# Packets follow each other without a seam while their clock is slewed by less than this.
_SEAMLESS: Final = RATE // 25

Sound = NDArray[np.float32]


class Mixer:
    """Takes packets of sound with their moments, gives what is settled."""

    def __init__(self, from_ns: int, mutes: Sequence[Mute]) -> None:
        self._from_ns = from_ns
        self._mutes = [
            (self._at(one.from_ns - _GUARD_NS), self._at(one.to_ns + _GUARD_NS)) for one in mutes
        ]
        self._given = 0
        self._waiting: Sound = np.zeros(0, np.float32)
        self._ends: dict[int, int] = {}

    def add(self, lane: int, at_ns: int, sound: Sound) -> None:
        """One packet, mono at ``RATE``; what lies before that which was given is dropped."""
        at = self._at(at_ns)
        end = self._ends.get(lane)
        if end is not None and abs(at - end) <= _SEAMLESS:
            at = end
        self._ends[lane] = at + len(sound)
        late = max(self._given - at, 0)
        sound = sound[late:]
        start = max(at, self._given) - self._given
        missing = start + len(sound) - len(self._waiting)
        if missing > 0:
            self._waiting = np.append(self._waiting, np.zeros(missing, np.float32))
        self._waiting[start : start + len(sound)] += sound

    def take(self, until_ns: int) -> Sound:
        """Everything before a moment that was not yet given."""
        count = max(self._at(until_ns) - self._given, 0)
        given = np.zeros(count, np.float32)
        ready = self._waiting[:count]
        given[: len(ready)] = ready
        self._waiting = self._waiting[count:]
        for start, end in self._mutes:
            given[max(start - self._given, 0) : max(end - self._given, 0)] = 0
        self._given += count
        return np.clip(given, -1, 1)

    def _at(self, at_ns: int) -> int:
        return round((at_ns - self._from_ns) * RATE / 1_000_000_000)
