"""The one place that reads the time, so that everything else can be given it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


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


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def wall_ns(self) -> int:
        return time.time_ns()

    def monotonic_s(self) -> float:
        return time.monotonic()


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
