"""The writing threads: order, a full disk, and memory that stays bounded."""

from __future__ import annotations

import asyncio
import errno
import threading

import pytest

from recorder import writer as writer_module
from recorder.writer import SpoolWriter


async def test_jobs_of_a_lane_keep_their_order() -> None:
    """Whatever the number of threads, one lane's jobs run one after the other."""
    writer = SpoolWriter()
    lane = writer.lane("ses_1")
    done: list[int] = []
    for number in range(200):
        lane.submit(lambda number=number: done.append(number))  # type: ignore[misc]
        if number % 50 == 0:
            await asyncio.sleep(0)
    await lane.drain()
    assert done == list(range(200))
    writer.close()
    writer.close()


async def test_a_full_disk_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The failing job is tried again, the ones behind it wait, the failure is told."""
    monkeypatch.setattr(writer_module, "_RETRY_S", 0.01)
    writer = SpoolWriter()
    lane = writer.lane("ses_1")
    room = threading.Event()
    attempts = 0
    done: list[str] = []

    def job() -> None:
        nonlocal attempts
        attempts += 1
        if not room.is_set():
            raise OSError(errno.ENOSPC, "No space left on device")
        done.append("first")

    lane.submit(job)
    lane.submit(lambda: done.append("second"))
    async with asyncio.timeout(5):
        while attempts < 3:
            await asyncio.sleep(0.01)
    assert done == []
    assert writer.failing == {"ses_1": "No space left on device"}
    room.set()
    await lane.drain()
    assert done == ["first", "second"]
    assert writer.failing == {}
    writer.close()


async def test_memory_stays_bounded_and_the_owner_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Past the limit the oldest fragments are given up, facts never."""
    monkeypatch.setattr(writer_module, "_RETRY_S", 0.01)
    monkeypatch.setattr(writer_module, "MAX_LANE_BYTES", 1_000)
    writer = SpoolWriter()
    lane = writer.lane("ses_1")
    room = threading.Event()
    done: list[int] = []
    lost: list[int] = []

    def job(number: int) -> None:
        if not room.is_set():
            raise OSError(errno.EIO, "Input/output error")
        done.append(number)

    for number in range(30):
        lane.submit(
            lambda number=number: job(number),  # type: ignore[misc]
            size_bytes=100,
            given_up=lambda number=number: lost.append(number),  # type: ignore[misc]
        )
        lane.submit(lambda number=number: job(1_000 + number))  # type: ignore[misc]
        await asyncio.sleep(0.001)
    assert writer.pending_bytes <= 1_100
    room.set()
    await lane.drain()
    assert sorted(lost + [number for number in done if number < 1_000]) == list(range(30))
    assert [number for number in done if number >= 1_000] == list(range(1_000, 1_030))
    assert len(lost) >= 19
    assert writer.pending_bytes == 0
    writer.close()


async def test_a_job_that_is_wrong_does_not_stop_the_others() -> None:
    """A bug in one job is its own; an awaited one raises."""
    writer = SpoolWriter()
    lane = writer.lane("ses_1")
    done: list[int] = []

    def wrong() -> None:
        raise ValueError("a bug")

    lane.submit(wrong)
    lane.submit(lambda: done.append(1))
    with pytest.raises(ValueError, match="a bug"):
        await lane.run(wrong)
    await lane.drain()
    assert done == [1]
    writer.close()
