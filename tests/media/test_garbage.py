"""What closed peers held is given back without waiting for the collector's own thresholds."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest

from media.garbage import Garbage
from media.leg import Leg
from runtime.clock import ManualClock
from tests.support.media_worker import running_worker, until
from tests.support.rtp_peer import RtpPeer, h264_frame


@pytest.fixture
def no_collector() -> Iterator[None]:
    """As in a media process, where the oldest generation is practically never collected."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
async def test_closed_peers_are_gone_from_memory_soon() -> None:
    """Five calls one after the other leave no peer behind once the line is quiet."""
    known: list[weakref.ref[Leg]] = []
    async with running_worker() as running:
        collecting = asyncio.create_task(running.worker.garbage.run())
        for number in range(5):
            peer, session = RtpPeer(), f"ses_{number}"
            await running.join(peer, f"par_{number}", "buyer", session=session)
            known += [weakref.ref(leg) for leg in running.worker.sessions[session].legs]
            await peer.send("1", h264_frame(0, key=True))
            await running.worker.close_session({"session_id": session}, {"cause": "left"})
            await peer.close()
        assert len(known) == 5
        await until(lambda: all(one() is None for one in known), 10, "all legs freed")
        collecting.cancel()


def test_a_busy_worker_is_disturbed_at_most_once_a_minute() -> None:
    """With calls going on it waits for many ends; without any it collects at the first."""
    clock, busy = ManualClock(), [True]
    garbage = Garbage(clock, lambda: bool(busy))
    assert not garbage.is_due
    clock.advance(100)
    for _ in range(15):
        garbage.peer_closed()
        assert not garbage.is_due
    garbage.peer_closed()
    assert garbage.is_due
    garbage.collect()
    for _ in range(30):
        garbage.peer_closed()
    clock.advance(59)
    assert not garbage.is_due
    clock.advance(1)
    assert garbage.is_due
    garbage.collect()
    assert not garbage.is_due
    garbage.peer_closed()
    assert not garbage.is_due
    busy.clear()
    assert garbage.is_due
