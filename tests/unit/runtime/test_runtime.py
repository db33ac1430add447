"""Ids, clocks, settings' paths and supervised tasks keep their promises."""

from __future__ import annotations

import asyncio
import inspect
from datetime import UTC, datetime
from pathlib import Path

import pytest

from runtime.clock import ManualClock
from runtime.ids import new_id
from runtime.settings import Settings
from runtime.tasks import Tasks


def test_ids_are_unique_and_sort_by_time() -> None:
    """Ten thousand ids differ, and later milliseconds sort later."""
    ids = [new_id("ses") for _ in range(10_000)]
    assert len(set(ids)) == len(ids)
    assert [i[:14] for i in ids] == sorted(i[:14] for i in ids)
    assert all(i.startswith("ses_") and len(i) == 30 for i in ids)


def test_a_manual_clock_moves_only_when_told() -> None:
    """Wall clock and monotonic clock advance together."""
    clock = ManualClock(datetime(2026, 3, 1, tzinfo=UTC))
    clock.advance(1.5)
    assert clock.now() == datetime(2026, 3, 1, 0, 0, 1, 500_000, tzinfo=UTC)
    assert clock.monotonic_s() == 1.5


def test_a_deep_data_directory_still_has_a_short_run_directory(tmp_path: Path) -> None:
    """A Unix socket's path stays within what the kernel takes."""
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    run_dir = Settings(data=deep).run_dir
    assert len(str(run_dir / "recorder.sock")) < 108
    assert run_dir == Settings(data=deep).run_dir


async def test_a_task_that_ends_is_started_again_and_close_ends_it() -> None:
    """``forever`` survives a failure; ``close`` leaves no task behind."""
    tasks = Tasks()
    ran = asyncio.Semaphore(0)
    failed = False

    async def body() -> None:
        nonlocal failed
        ran.release()
        if not failed:
            failed = True
            raise RuntimeError("once")
        await asyncio.Event().wait()

    tasks.forever("body", body)
    async with asyncio.timeout(5):
        await ran.acquire()
        await ran.acquire()
    await tasks.close()
    await tasks.close()
    assert len(tasks) == 0


@pytest.mark.filterwarnings("error")
async def test_a_task_that_never_came_to_its_first_step_is_put_away() -> None:
    """Closing at once after starting leaves no body unawaited."""
    tasks = Tasks()
    began = False

    async def body() -> None:
        nonlocal began
        began = True

    coroutine = body()
    tasks.once("body", coroutine)
    await tasks.close()
    assert not began
    assert inspect.getcoroutinestate(coroutine) == inspect.CORO_CLOSED
