"""How late a loop is, told so that a scrape each 15 seconds cannot miss it."""

from __future__ import annotations

import asyncio
import time

from runtime.clock import SystemClock
from runtime.vitals import LagWindow, Vitals


def test_the_worst_is_told_for_at_least_a_window_and_then_forgotten() -> None:
    """A moment of lateness is seen by the next scrape, and not for ever."""
    window = LagWindow()
    window.add(100.0, 0.4)
    for second in range(1, 60):
        window.add(100.0 + second, 0.001)
        if second < 15:
            assert window.worst_s == 0.4
    assert window.worst_s == 0.001


def test_a_process_that_slept_does_not_tell_of_the_day_before() -> None:
    """After a long pause between measurements only the new ones count."""
    window = LagWindow()
    window.add(0.0, 3.0)
    window.add(1_000.0, 0.002)
    assert window.worst_s == 0.002


async def test_a_blocked_loop_is_seen() -> None:
    """What blocks the loop for 0.3 s is told as about that."""
    vitals = Vitals(SystemClock())
    task = asyncio.create_task(vitals.run())
    await asyncio.sleep(0.15)
    time.sleep(0.3)  # noqa: ASYNC251 - the very fault
    await asyncio.sleep(0.15)
    told = vitals.fields()
    task.cancel()
    assert told["loop_lag_ms"] > 150
    assert told["rss_bytes"] > 10e6
    assert told["open_files"] > 2
    assert told["tasks"] >= 2
