"""The way to the recorder, with real packets: order, overflow, a recorder that dies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from media.tap import Tap, pack_record
from runtime.clock import SystemClock
from runtime.tap import (
    PacketsDropped,
    RtpArrived,
    SenderReport,
    TrackEnded,
    TrackOpened,
    decode,
    encode_rtp,
)
from runtime.tasks import Tasks
from tests.support.media_worker import running_worker, until
from tests.support.rtp_peer import RtpPeer, frame_number, h264_frame
from tests.support.tap_listener import TapListener


def _track(name: str = "trk_1") -> TrackOpened:
    return TrackOpened(0, 1, "ses_1", "p_1", "peer_1", name, "video", "H264", 90_000)


@asynccontextmanager
async def _tap(path: Path, **options: int) -> AsyncIterator[Tap]:
    tap = Tap(path, SystemClock(), **options)
    tasks = Tasks()
    tasks.forever("tap", tap.run)
    try:
        yield tap
    finally:
        await tasks.close()


def _push(tap: Tap, handle: int, number: int, size: int = 1000) -> None:
    payload = number.to_bytes(4) + bytes(size)
    tap.parts.append(pack_record(2, 1, len(payload) + 6, handle, number + 1, number & 0xFFFF, 9))
    tap.parts.append(payload)
    tap.wake()


def test_the_fast_header_is_the_format() -> None:
    """The one-step header of the hot path gives what ``runtime.tap.encode_rtp`` gives."""
    payload = b"payload"
    fast = pack_record(2, 1, len(payload) + 6, 7, 123456789, 65535, 4294967295) + payload
    assert fast == encode_rtp(7, 123456789, 65535, 4294967295, 1, payload)
    assert list(decode(fast)) == [RtpArrived(7, 123456789, 65535, 4294967295, True, payload)]


async def test_the_recorder_gets_every_packet_in_order(tmp_path: Path) -> None:
    """Packets, sender reports and the end of the tracks of a recorded peer."""
    path = tmp_path / "tap.sock"
    listener = TapListener(path)
    listener.start()
    async with running_worker(path) as running:
        buyer = RtpPeer()
        opened = await running.join(buyer, "p_buyer", "buyer", record=True)
        for number in range(60):
            await buyer.send("1", h264_frame(number, key=number == 0, size=500))
            await buyer.send("0", b"opus", advance=960)
        report = b"\x80\xc8\x00\x06" + buyer.sending["1"].ssrc.to_bytes(4) + bytes(range(20))
        await buyer.send_raw(report)
        await until(lambda: any(isinstance(one, SenderReport) for one in listener.records))
        await until(lambda: len(listener.packets("audio")) == 60)
        packets = listener.packets()
        assert [frame_number(one.payload) for one in packets] == list(range(60))
        assert [one.sequence for one in packets] == list(range(1001, 1061))
        tracks = [one for one in listener.records if isinstance(one, TrackOpened)]
        assert {(one.kind, one.codec, one.clock_rate) for one in tracks} == {
            ("video", "H264", 90_000),
            ("audio", "opus", 48_000),
        }
        assert {one.track_id for one in tracks} == {one["track_id"] for one in opened["tracks"]}
        await buyer.close()
        await until(lambda: sum(isinstance(one, TrackEnded) for one in listener.records) == 2)
        assert {one.cause for one in listener.records if isinstance(one, TrackEnded)} == {"left"}
    listener.stop()


async def test_a_full_socket_drops_and_says_so(tmp_path: Path) -> None:
    """Past the limit packets are counted, and everything before and after arrives in order."""
    path = tmp_path / "tap.sock"
    listener = TapListener(path)
    listener.start()
    async with _tap(path, limit_bytes=200_000) as tap:
        await until(lambda: tap.connected)
        handle = tap.open_track(_track())
        await asyncio.sleep(0)
        listener.read(False)
        number = 0
        while not tap.packets_dropped:
            _push(tap, handle, number)
            number += 1
            await asyncio.sleep(0)
        for _ in range(10):
            _push(tap, handle, number)
            number += 1
            await asyncio.sleep(0)
        listener.read(True)
        await until(lambda: not tap.backlog_bytes)
        for _ in range(5):
            _push(tap, handle, number)
            number += 1
            await asyncio.sleep(0)
        await until(lambda: len(listener.packets()) + tap.packets_dropped == number)
        dropped = [one for one in listener.records if isinstance(one, PacketsDropped)]
        assert sum(one.count for one in dropped) == tap.packets_dropped >= 11
        numbers = [int.from_bytes(one.payload[:4]) for one in listener.packets()]
        assert numbers == sorted(numbers)
        assert numbers[-5:] == list(range(number - 5, number))
        at = listener.records.index(dropped[0])
        assert all(isinstance(one, RtpArrived) for one in listener.records[at + 1 :])
    listener.stop()


async def test_a_restarted_recorder_is_told_of_every_open_track(tmp_path: Path) -> None:
    """Tracks are announced once on each connection, before their packets."""
    path = tmp_path / "tap.sock"
    listener = TapListener(path)
    listener.start()
    async with _tap(path) as tap:
        first, second = tap.open_track(_track("trk_1")), tap.open_track(_track("trk_2"))
        _push(tap, first, 1)
        await until(lambda: len(listener.packets()) == 1)
        listener.stop()
        await until(lambda: not tap.connected)
        third = tap.open_track(_track("trk_3"))
        tap.end_track(second, 5, "left")
        _push(tap, third, 2)
        await asyncio.sleep(0)
        listener.start()
        await until(lambda: len(listener.connections) == 2 and listener.packets())
        tracks = [one for one in listener.records if isinstance(one, TrackOpened)]
        assert sorted(one.handle for one in tracks) == [first, second, third]
        kinds = [type(one).__name__ for one in listener.records]
        assert kinds[:3] == ["TrackOpened"] * 3
        assert "TrackEnded" in kinds
        _push(tap, first, 3)
        await until(lambda: len(listener.packets()) == 2)
    listener.stop()


async def test_packets_wait_for_a_recorder_that_comes_late(tmp_path: Path) -> None:
    """A call that begins before the recorder is up loses nothing within the limit."""
    path = tmp_path / "tap.sock"
    listener = TapListener(path)
    async with _tap(path) as tap:
        handle = tap.open_track(_track())
        for number in range(100):
            _push(tap, handle, number, 2000)
            await asyncio.sleep(0)
        listener.start()
        await until(lambda: len(listener.packets()) == 100)
        assert isinstance(listener.records[0], TrackOpened)
    listener.stop()
