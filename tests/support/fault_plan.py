"""Which faults happen when: the same seed gives the same plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from random import Random
from typing import Any, Final

from tests.support.fault_machine import PROCESSES
from tests.support.fault_store import StoreFault

_FIRST_S: Final = 8.0
_PAUSE_S: Final = (3.0, 9.0)
_AWAY_S: Final = {
    "web": (0.2, 6.0),
    "jobs": (0.2, 15.0),
    "recorder": (0.2, 4.0),
    "uploader": (0.2, 20.0),
    "media-0": (0.2, 4.0),
    "media-1": (0.2, 4.0),
}
_STORE_S: Final = (5.0, 25.0)
_DISK_S: Final = (1.0, 6.0)


class FaultKind(StrEnum):
    """What is made to fail."""

    KILL = "kill"
    STORE = "store"
    DISK = "disk"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: at which second, of what, and for how long."""

    at_s: float
    kind: FaultKind
    what: str
    for_s: float

    def as_json(self) -> dict[str, Any]:
        """As the report holds it."""
        return asdict(self)

    def told(self) -> str:
        """One line."""
        return f"{self.at_s:7.1f} s  {self.kind} {self.what} for {self.for_s:.1f} s"


def draw_faults(seed: int, seconds: float) -> list[Fault]:
    """Every fault once in random order, then all again, until the time is over."""
    draw = Random(seed)
    at_s, found = _FIRST_S, []
    for kind, what, limits in _decks(draw):
        for_s = draw.uniform(*limits)
        if at_s + for_s > seconds:
            return found
        found.append(Fault(round(at_s, 1), kind, what, round(for_s, 1)))
        at_s += draw.uniform(*_PAUSE_S)
    return found


def _decks(draw: Random) -> Iterator[tuple[FaultKind, str, tuple[float, float]]]:
    kills = [(FaultKind.KILL, name, _AWAY_S[name]) for name in PROCESSES]
    stores = [(FaultKind.STORE, str(one), _STORE_S) for one in StoreFault]
    disks = [(FaultKind.DISK, one, _DISK_S) for one in ("ENOSPC", "EIO")]
    while True:
        deck = [*kills, *stores, *disks]
        draw.shuffle(deck)
        yield from deck
