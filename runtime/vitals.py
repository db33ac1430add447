"""How a process does: how late its event loop is, and what it holds of the machine."""

from __future__ import annotations

import asyncio
import os
import resource
from pathlib import Path

from runtime.clock import Clock

_EVERY_S = 0.1
_WINDOW_S = 15.0


class LagWindow:
    """The worst lateness of the last 15 to 30 seconds, so that a scrape cannot miss it."""

    def __init__(self) -> None:
        self._began_s: float | None = None
        self._before_s = 0.0
        self._worst_s = 0.0

    def add(self, now_s: float, late_s: float) -> None:
        """Take in one measurement; ``now_s`` never steps back."""
        if self._began_s is None:
            self._began_s = now_s
        passed_s = now_s - self._began_s
        if passed_s >= _WINDOW_S:
            self._before_s = self._worst_s if passed_s < 2 * _WINDOW_S else 0.0
            self._worst_s = 0.0
            self._began_s = now_s
        self._worst_s = max(self._worst_s, late_s)

    @property
    def worst_s(self) -> float:
        """The worst of this window and the one before."""
        return max(self._worst_s, self._before_s)


class Vitals:
    """Measures while ``run`` runs; ``fields`` is what a process says of itself in its status."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lag = LagWindow()

    async def run(self) -> None:
        """Measure the loop's lateness until cancelled."""
        while True:
            due_s = self._clock.monotonic_s() + _EVERY_S
            await asyncio.sleep(_EVERY_S)
            now_s = self._clock.monotonic_s()
            self._lag.add(now_s, max(0.0, now_s - due_s))

    def fields(self) -> dict[str, float]:
        """``loop_lag_ms`` (the worst of late), ``rss_bytes``, ``open_files``, ``tasks``, ``cpu_s``.

        Call it on the loop that is measured.
        """
        used = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "loop_lag_ms": round(self._lag.worst_s * 1000, 2),
            "rss_bytes": _resident_bytes(),
            "open_files": _open_files(),
            "tasks": len(asyncio.all_tasks()),
            "cpu_s": round(used.ru_utime + used.ru_stime, 3),
        }


def _resident_bytes() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        # Not Linux: the highest it has been is the best there is.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return pages * os.sysconf("SC_PAGE_SIZE")


def _open_files() -> int:
    try:
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - one call, no objects
    except OSError:
        return 0
