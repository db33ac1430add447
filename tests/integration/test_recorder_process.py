"""The recorder and the uploader as processes: killed, stopped, starved, lied to."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import pytest

from recorder.frame_cut import cut_frame
from recorder.playback import Playback
from recorder.process import run_recorder
from recorder.store import DirectoryStore
from recorder.uploader import run_uploader
from runtime.control import ControlClient, ControlError, load_control_secret
from runtime.errors import CaseError
from runtime.settings import Settings
from tests.support.ledger import Ledger
from tests.support.recording_rig import KEY, decoded_pictures, read_all, source_of
from tests.support.tap_feed import Packet, TapFeeder, encode_audio, encode_video, packetise

S = 1_000_000_000


@pytest.fixture
def settings() -> Iterator[Settings]:
    """Short paths, since Unix sockets bear no long ones."""
    with tempfile.TemporaryDirectory(prefix="pc-rec-") as made:
        yield Settings(data=Path(made))


@cache
def tracks(seconds: int = 4) -> tuple[list[Packet], list[Packet]]:
    """Video and audio packets."""
    return (
        packetise("h264", encode_video("h264", seconds * 30)),
        packetise("opus", encode_audio(seconds)),
    )


def commands(settings: Settings) -> ControlClient:
    """A client of the recorder's commands."""
    return ControlClient(
        f"unix://{settings.run_dir / 'recorder.sock'}", load_control_secret(settings.keys_dir)
    )


async def create_session(client: ControlClient, session_id: str = "ses_1") -> None:
    """Open a session in the recorder."""
    await client.command(
        "/sessions",
        {
            "session_id": session_id,
            "key_id": "key_1",
            "key": b64encode(KEY).decode(),
            "object_prefix": f"tenant/{session_id}",
        },
    )


async def answering(settings: Settings, limit_s: float = 10.0) -> ControlClient:
    """A client, once the recorder answers."""
    client = commands(settings)
    deadline = time.monotonic() + limit_s
    while True:
        try:
            await client.query("/status")
            return client
        except ControlError:
            assert time.monotonic() < deadline, "the recorder does not answer"
            await asyncio.sleep(0.02)


@asynccontextmanager
async def running(settings: Settings, *, uploads: bool = True) -> AsyncIterator[ControlClient]:
    """Recorder and uploader inside this process."""
    bodies = [run_recorder(settings)] + ([run_uploader(settings)] if uploads else [])
    running_tasks = [asyncio.ensure_future(body) for body in bodies]
    client = await answering(settings)
    try:
        yield client
    finally:
        await client.close()
        for task in running_tasks:
            task.cancel()
        await asyncio.gather(*running_tasks, return_exceptions=True)


@asynccontextmanager
async def recorder_process(settings: Settings) -> AsyncIterator[asyncio.subprocess.Process]:
    """A recorder of its own that a test may kill."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.recorder_main", str(settings.data)
    )
    try:
        yield child
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()


async def feed_in_real_time(
    feeder: TapFeeder,
    feeds: Sequence[tuple[int, Sequence[Packet]]],
    began_ns: int,
    from_s: float,
    to_s: float,
) -> None:
    """Send packets at the times they are for, counted from ``began_ns``."""
    at_s = from_s
    while at_s < to_s:
        await asyncio.sleep(max(0.0, (began_ns - time.time_ns()) / 1e9 + at_s + 0.05))
        for handle, packets in feeds:
            due = [packet for packet in packets if at_s <= packet.at_s < at_s + 0.05]
            feeder.packets(handle, due, began_ns)
        at_s += 0.05


async def test_what_arrived_is_stored_and_plays_and_gives_stills(settings: Settings) -> None:
    """Through both processes into the directory store; a still shows the very picture."""
    ledger = Ledger(settings)
    await ledger.start()
    video, audio = tracks()
    async with running(settings) as client:
        await create_session(client)
        feeder = TapFeeder(settings.run_dir / "tap.sock")
        began = time.time_ns()
        sending = [
            (feeder.open_track("ses_1", "par_1", "trk_v", "h264", began), video),
            (feeder.open_track("ses_1", "par_1", "trk_a", "opus", began), audio),
        ]
        for handle, packets in sending:
            feeder.packets(handle, packets, began - 4 * S)
        answer = await client.command("/sessions/ses_1/close", {"cause": "ended"})
        await ledger.until(lambda: len(ledger.of("ses_1")) == answer["last_seq"])
        await ledger.until(lambda: not (settings.spool_dir / "ses_1").exists())
        feeder.close()
    store = DirectoryStore(settings.data / "store")
    file = await Playback(store).open(source_of(ledger.of("ses_1")))
    content = await read_all(file)
    assert [number for _, number, _ in decoded_pictures(content)] == list(range(120))
    wanted = next(packet for packet in video if packet.at_s == pytest.approx(77 / 30))
    still = await cut_frame(file, rtp_timestamp=wanted.timestamp)
    assert still.ms == pytest.approx(77 / 30 * 1000, abs=0.1)
    assert (still.width, still.height, still.rtp_timestamp) == (320, 192, wanted.timestamp)
    assert [number for _, number, _ in decoded_pictures(still.jpeg)] == [77]
    with pytest.raises(CaseError) as caught:
        await cut_frame(file, rtp_timestamp=1)
    assert caught.value.code == "frame_not_found"
    await store.close()
    await ledger.close()


async def test_kill_9_of_the_recorder_loses_at_most_a_second(settings: Settings) -> None:
    """What arrived a second before the kill is in the recording, which then goes on."""
    ledger = Ledger(settings)
    await ledger.start()
    video, audio = tracks()
    began = time.time_ns()
    async with recorder_process(settings) as child:
        client = await answering(settings)
        await create_session(client)
        feeder = TapFeeder(settings.run_dir / "tap.sock")
        began = time.time_ns()
        feeds = [
            (feeder.open_track("ses_1", "par_1", "trk_v", "h264", began), video),
            (feeder.open_track("ses_1", "par_1", "trk_a", "opus", began), audio),
        ]
        await feed_in_real_time(feeder, feeds, began, 0.0, 2.6)
        os.kill(child.pid, signal.SIGKILL)
        killed_ns = time.time_ns()
        await child.wait()
        await client.close()
        feeder.close()
    async with running(settings) as client:
        feeder = TapFeeder(settings.run_dir / "tap.sock")
        now = time.time_ns()
        later = now - began
        feeds = [
            (feeder.open_track("ses_1", "par_1", "trk_v", "h264", now), video),
            (feeder.open_track("ses_1", "par_1", "trk_a", "opus", now), audio),
        ]
        resumed_s = later / 1e9
        for handle, packets in feeds:
            rest = [packet for packet in packets if packet.at_s >= resumed_s]
            feeder.packets(handle, rest, began)
        await client.command("/sessions/ses_1/close", {"cause": "ended"})
        await ledger.until(lambda: bool(ledger.of("ses_1", "session_closed")))
        feeder.close()
    facts = ledger.of("ses_1")
    assert [fact["seq"] for fact in facts] == list(range(1, len(facts) + 1))
    assert len(ledger.of("ses_1", "recording_opened")) == 1
    gaps = ledger.of("ses_1", "gap")
    assert {gap["cause"] for gap in gaps} <= {"recorder_lost"}
    assert gaps[0]["from_ns"] >= killed_ns - S
    store = DirectoryStore(settings.data / "store")
    file = await Playback(store).open(source_of(facts))
    shown = [number for _, number, _ in decoded_pictures(await read_all(file))]
    assert shown[: int(1.6 * 30)] == list(range(int(1.6 * 30)))
    await store.close()
    await ledger.close()


async def test_kill_9_while_a_hole_is_open_loses_at_most_a_second(settings: Settings) -> None:
    """What waits behind a packet that never comes is on disk within a second all the same."""
    ledger = Ledger(settings)
    await ledger.start()
    video, audio = tracks()
    missing = next(packet for packet in video if packet.at_s >= 1.0)
    async with recorder_process(settings) as child:
        client = await answering(settings)
        await create_session(client)
        feeder = TapFeeder(settings.run_dir / "tap.sock")
        began = time.time_ns()
        feeds = [
            (
                feeder.open_track("ses_1", "par_1", "trk_v", "h264", began),
                [one for one in video if one is not missing],
            ),
            (feeder.open_track("ses_1", "par_1", "trk_a", "opus", began), audio),
        ]
        await feed_in_real_time(feeder, feeds, began, 0.0, 2.7)
        os.kill(child.pid, signal.SIGKILL)
        received_s = (time.time_ns() - began) / 1e9 - 1
        await child.wait()
        await client.close()
        feeder.close()
    async with running(settings) as client:
        await client.command("/sessions/ses_1/close", {"cause": "ended"})
        await ledger.until(lambda: bool(ledger.of("ses_1", "session_closed")))
    facts = ledger.of("ses_1")
    (loss,) = [gap for gap in ledger.of("ses_1", "gap") if gap["cause"] == "packet_loss"]
    assert loss["from_ns"] <= began + missing.at_s * S <= loss["to_ns"]
    store = DirectoryStore(settings.data / "store")
    file = await Playback(store).open(source_of(facts))
    # A decoder shows what it can of pictures whose reference is gone: look at what is stored.
    stored = set(file.table["rtp"][file.table["track"] == 0].tolist())
    expected = {one.timestamp for one in video if one.at_s <= received_s} - {missing.timestamp}
    assert len(expected) > 45
    assert expected <= stored
    await store.close()
    await ledger.close()


async def test_a_stopped_recorder_keeps_everything(settings: Settings) -> None:
    """After SIGTERM all that was sent is in the journals, and sealed at the next start."""
    video, audio = tracks()
    async with recorder_process(settings) as child:
        client = await answering(settings)
        await create_session(client)
        feeder = TapFeeder(settings.run_dir / "tap.sock")
        now = time.time_ns()
        for name, codec, packets in (("v", "h264", video), ("a", "opus", audio)):
            handle = feeder.open_track("ses_1", "par_1", f"trk_{name}", codec, now)
            feeder.packets(handle, packets, now - 4 * S)
        child.terminate()
        assert await asyncio.wait_for(child.wait(), 10) == 0
        await client.close()
    ledger = Ledger(settings)
    await ledger.start()
    async with running(settings) as client:
        await client.command("/sessions/ses_1/close", {"cause": "ended"})
        await ledger.until(lambda: bool(ledger.of("ses_1", "session_closed")))
    store = DirectoryStore(settings.data / "store")
    file = await Playback(store).open(source_of(ledger.of("ses_1")))
    assert len(decoded_pictures(await read_all(file))) == 120
    await store.close()
    await ledger.close()


async def test_a_store_and_a_ledger_that_are_away_lose_nothing(settings: Settings) -> None:
    """Everything waits in the spool, then drains in order."""
    (settings.data / "store").write_text("in the way")
    video, _ = tracks()
    ledger = Ledger(settings)
    async with running(settings) as client:
        await create_session(client)
        feeder = TapFeeder(settings.run_dir / "tap.sock")
        now = time.time_ns()
        handle = feeder.open_track("ses_1", "par_1", "trk_v", "h264", now)
        feeder.packets(handle, video, now - 4 * S)
        last = (await client.command("/sessions/ses_1/close", {"cause": "ended"}))["last_seq"]
        await asyncio.sleep(0.3)
        assert len(list((settings.spool_dir / "ses_1/outbox").glob("*.json"))) == last
        refused: set[int] = set()

        def first_time(fact: dict[str, object]) -> bool:
            seq = int(str(fact["seq"]))
            known = seq in refused
            refused.add(seq)
            return known

        ledger.acknowledges = first_time
        await ledger.start()
        await ledger.until(lambda: len(ledger.of("ses_1")) == 1)
        (settings.data / "store").unlink()
        await ledger.until(lambda: len(ledger.of("ses_1")) == last, 20)
        feeder.close()
    assert len(ledger.posted) > last
    assert [fact["seq"] for fact in ledger.of("ses_1")] == list(range(1, last + 1))
    await ledger.close()


async def test_a_nearly_full_disk_refuses_new_sessions_only(settings: Settings) -> None:
    """The running session goes on, the new one is told why."""
    async with running(settings, uploads=False) as client:
        await create_session(client)
    starved = settings.model_copy(update={"min_free_bytes": 2**62})
    async with running(starved, uploads=False) as client:
        with pytest.raises(ControlError) as caught:
            await create_session(client, "ses_2")
        assert (caught.value.status, caught.value.code) == (507, "disk_nearly_full")
        await create_session(client)
        feeder = TapFeeder(settings.run_dir / "tap.sock")
        handle = feeder.open_track("ses_1", "par_1", "trk_a", "opus", time.time_ns())
        feeder.packets(handle, tracks()[1], time.time_ns() - 4 * S)
        answer = await client.command("/sessions/ses_1/close", {"cause": "ended"})
        assert answer["last_seq"] >= 4
        feeder.close()


async def test_a_hostile_media_process_is_closed_alone(settings: Settings) -> None:
    """Torn, foreign and oversized messages end their own connection; another goes on."""
    _, audio = tracks()
    async with running(settings, uploads=False) as client:
        await create_session(client)
        good = TapFeeder(settings.run_dir / "tap.sock")
        handle = good.open_track("ses_1", "par_1", "trk_a", "opus", time.time_ns())
        good.packets(handle, audio[:50], time.time_ns() - 4 * S)
        now = time.time_ns()
        for message in (
            b"\x02",
            b"\x02\x00\xff\xff" + bytes(12),
            b"\x09\x00\x00\x00" + bytes(4) + now.to_bytes(8, "big"),
            b"\x01\x00\x00\x02" + bytes(4) + now.to_bytes(8, "big") + b"{}",
            b"\x02\x00\x00\x06" + bytes(4) + bytes(8) + bytes(6),
            os.urandom(3_000),
        ):
            bad = TapFeeder(settings.run_dir / "tap.sock")
            bad.send_bytes(message)
            bad._socket.settimeout(5)
            assert await asyncio.to_thread(bad._socket.recv, 10) == b""
            bad.close()
        stranger = TapFeeder(settings.run_dir / "tap.sock")
        other = stranger.open_track("ses_unknown", "par_1", "trk_a", "opus", time.time_ns())
        stranger.packets(other, audio[:50], time.time_ns() - 4 * S)
        good.packets(handle, audio[50:], time.time_ns() - 4 * S)
        deadline = time.monotonic() + 5
        while (await client.query("/status"))["refused"] < 50:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)
        await client.command("/sessions/ses_1/close", {"cause": "ended"})
        good.close()
        stranger.close()
    facts = [
        json.loads(path.read_bytes())
        for path in sorted((settings.spool_dir / "ses_1/outbox").glob("*.json"))
    ]
    (closed,) = [fact for fact in facts if fact["kind"] == "recording_closed"]
    assert closed["duration_ms"] == 4_000


@pytest.mark.parametrize("off_s", [3_600, -3_600])
async def test_a_media_process_with_another_clock_is_recorded_in_ours(
    settings: Settings, off_s: int
) -> None:
    """It began before the machine's clock was set: nothing is refused, no gap of an hour."""
    _, audio = tracks()
    async with running(settings, uploads=False) as client:
        await create_session(client)
        feeder = TapFeeder(settings.run_dir / "tap.sock")
        began = time.time_ns()
        theirs = began + off_s * S
        handle = feeder.open_track("ses_1", "par_1", "trk_a", "opus", theirs)
        feeder.packets(handle, audio, theirs - 4 * S)
        await client.command("/sessions/ses_1/close", {"cause": "ended"})
        feeder.close()
    facts = [
        json.loads(path.read_bytes())
        for path in sorted((settings.spool_dir / "ses_1/outbox").glob("*.json"))
    ]
    [opened] = [fact for fact in facts if fact["kind"] == "recording_opened"]
    assert abs(opened["t0_ns"] - began) < 6 * S
    [closed] = [fact for fact in facts if fact["kind"] == "recording_closed"]
    assert closed["duration_ms"] == 4_000
    gaps = [fact for fact in facts if fact["kind"] == "gap"]
    assert all(gap["to_ns"] - gap["from_ns"] < 6 * S for gap in gaps), gaps


async def test_commands_are_checked_and_may_be_repeated(settings: Settings) -> None:
    """Bad ids and keys are refused, repeats are answered alike, a closed session stays closed."""
    async with running(settings, uploads=False) as client:
        await create_session(client)
        await create_session(client)
        good = {"session_id": "ses_2", "key_id": "k", "object_prefix": "a/b"}
        key = b64encode(KEY).decode()
        for change in (
            {"session_id": "../x", "key": key},
            {"object_prefix": "a/../b", "key": key},
            {"key": b64encode(b"short").decode()},
            {"key": "not base64!"},
            {},
        ):
            with pytest.raises(ControlError) as caught:
                await client.command("/sessions", {**good, **change})
            assert caught.value.status == 400
        with pytest.raises(ControlError) as caught:
            await client.command("/sessions", {**good, "session_id": "ses_1", "key": key})
        assert caught.value.code == "session_exists"
        first = await client.command("/sessions/ses_1/close", {"cause": "ended"})
        again = await client.command("/sessions/ses_1/close", {"cause": "ended"})
        assert first == again == {"last_seq": 1}
        with pytest.raises(ControlError) as caught:
            await create_session(client)
        assert caught.value.code == "session_closed"
        with pytest.raises(ControlError) as caught:
            await client.command("/sessions/ses_none/close", {"cause": "ended"})
        assert caught.value.status == 404


async def test_a_new_fact_is_in_the_ledger_at_once(settings: Settings) -> None:
    """The uploader is woken, it does not wait for its next look."""
    ledger = Ledger(settings)
    await ledger.start()
    _, audio = tracks()
    async with running(settings) as client:
        await create_session(client)
        feeder = TapFeeder(settings.run_dir / "tap.sock")
        handle = feeder.open_track("ses_1", "par_1", "trk_a", "opus", time.time_ns())
        feeder.packets(handle, audio, time.time_ns() - 4 * S)
        took = []
        for session in ("ses_1", "ses_2", "ses_3"):
            await create_session(client, session)
            await client.command(f"/sessions/{session}/close", {"cause": "ended"})
            closed = time.monotonic()
            await ledger.until(lambda s=session: bool(ledger.of(s, "session_closed")))  # type: ignore[misc]
            took.append(time.monotonic() - closed)
        assert min(took) < 0.3
        feeder.close()
    await ledger.close()


def test_sockets_of_this_kind_keep_messages_whole() -> None:
    """The tap relies on it: one message sent is one message received."""
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    left.send(b"a" * 100)
    left.send(b"b" * 50)
    assert [len(right.recv(70_000)), len(right.recv(70_000))] == [100, 50]
    left.close()
    assert right.recv(10) == b""
    right.close()


async def test_a_session_that_never_began_leaves_nothing_behind(settings: Settings) -> None:
    """A disk that failed at the beginning left its directory; one with anything in it stays."""
    empty, bare, holding = (settings.spool_dir / name for name in ("ses_1", "ses_2", "ses_3"))
    for directory in (empty, holding):
        (directory / "outbox").mkdir(parents=True)
    bare.mkdir()
    kept = holding / "outbox" / "00000001.segment"
    kept.write_bytes(b"evidence")
    async with running(settings, uploads=False) as client:
        assert not empty.exists()
        assert not bare.exists()
        assert kept.read_bytes() == b"evidence"
        await create_session(client, "ses_1")
