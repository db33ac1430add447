"""The one place that reads the time, so that everything else can be given it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, Protocol

_LOOK_EVERY_NS: Final = 1_000_000_000
_STEP_NS: Final = 1_000_000_000
_SLEW: Final = 0.0005


class Clock(Protocol):
    """What tells the time: wall clock and a clock that never steps back."""

    def now(self) -> datetime:
        """The aware UTC wall-clock time."""
        ...

    def wall_ns(self) -> int:
        """The wall-clock time in nanoseconds since the Unix epoch."""
        ...

    def monotonic_s(self) -> float:
        """Seconds on a clock that never steps."""
        ...

    def catch_up(self) -> None:
        """Nothing is going on that a step of the wall clock could tear: take the machine's."""
        ...


class SystemClock:
    """The machine's own clocks, of which the wall clock does not step during a call.

    It runs with the monotonic clock and follows small corrections of the machine's wall
    clock at half a millisecond in a second. A step of a second or more (somebody sets the
    clock) is taken over by ``catch_up`` alone: an hour set forward in the middle of a call
    would otherwise look like an hour without evidence.
    """

    def __init__(
        self,
        wall_ns: Callable[[], int] = time.time_ns,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._machine_wall_ns = wall_ns
        self._monotonic_ns = monotonic_ns
        self._offset_ns = wall_ns() - monotonic_ns()
        self._looked_ns = monotonic_ns()

    def now(self) -> datetime:
        seconds, rest_ns = divmod(self.wall_ns(), 1_000_000_000)
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest_ns // 1000)

    def wall_ns(self) -> int:
        monotonic_ns = self._monotonic_ns()
        if monotonic_ns - self._looked_ns >= _LOOK_EVERY_NS:
            self._follow(monotonic_ns)
        return monotonic_ns + self._offset_ns

    def monotonic_s(self) -> float:
        return self._monotonic_ns() / 1e9

    def catch_up(self) -> None:
        behind_ns = self._behind_ns(self._monotonic_ns())
        if abs(behind_ns) >= _STEP_NS:
            self._offset_ns += behind_ns

    def _behind_ns(self, monotonic_ns: int) -> int:
        return self._machine_wall_ns() - monotonic_ns - self._offset_ns

    def _follow(self, monotonic_ns: int) -> None:
        behind_ns = self._behind_ns(monotonic_ns)
        if abs(behind_ns) < _STEP_NS:
            # After a pause no more is made good than in a minute: time must not jump.
            elapsed_ns = min(monotonic_ns - self._looked_ns, 60 * _LOOK_EVERY_NS)
            most_ns = int(elapsed_ns * _SLEW)
            self._offset_ns += min(max(behind_ns, -most_ns), most_ns)
        self._looked_ns = monotonic_ns


class ManualClock:
    """A clock that moves only when told to, for tests and replays."""

    def __init__(self, start: datetime | None = None) -> None:
        self._wall_ns = int((start or datetime(2026, 1, 1, tzinfo=UTC)).timestamp() * 1e9)
        self._monotonic_s = 0.0

    def advance(self, seconds: float) -> None:
        """Move both clocks forward by ``seconds``."""
        self._wall_ns += int(seconds * 1e9)
        self._monotonic_s += seconds

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._wall_ns / 1e9, UTC)

    def wall_ns(self) -> int:
        return self._wall_ns

    def monotonic_s(self) -> float:
        return self._monotonic_s

    def catch_up(self) -> None:
        """There is no other clock."""
