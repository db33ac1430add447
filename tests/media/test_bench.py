"""Bench cameras in the media worker: nobody sees one that no session shows."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from media.rtcp import KeyframeRequest, parse_rtcp
from runtime.clock import SystemClock
from runtime.errors import CaseError
from runtime.tap import RtpArrived, TrackEnded, TrackOpened
from tests.support.media_worker import Running, running_worker, until
from tests.support.rtp_peer import RtpPeer, frame_number, h264_frame
from tests.support.tap_listener import TapListener

PUBLISHED = (("video", "sendonly"), ("audio", "sendonly"))


async def _film(camera: RtpPeer, first: int = 0) -> None:
    wanted = True

    def on_rtcp(raw: bytes) -> None:
        nonlocal wanted
        wanted = wanted or any(isinstance(one, KeyframeRequest) for one in parse_rtcp(raw))

    camera.on_rtcp = on_rtcp
    number = first
    while True:
        await camera.send("0", h264_frame(number, key=wanted))
        await camera.send("1", b"what somebody says at the bench", advance=480)
        wanted = False
        number += 1
        await asyncio.sleep(0.01)


@asynccontextmanager
async def _publishing(running: Running, camera_id: str = "cam_1") -> AsyncIterator[str]:
    camera = RtpPeer(PUBLISHED)
    opened = await running.worker.bench.publish(
        {}, {"camera_id": camera_id, "offer": await camera.offer(), "candidates": []}
    )
    await camera.accept(opened["answer"])
    assert re.findall(r"a=(recvonly|sendrecv|inactive|sendonly)", opened["answer"]) == [
        "recvonly",
        "recvonly",
    ]
    filming = asyncio.get_running_loop().create_task(_film(camera))
    try:
        yield opened["peer_id"]
    finally:
        filming.cancel()
        with suppress(asyncio.CancelledError, ConnectionError):
            await filming
        await camera.close()


async def _attach(running: Running, peer_id: str, session: str = "ses_1") -> None:
    await running.worker.bench.attach(
        {"camera_id": "cam_1"},
        {"peer_id": peer_id, "session_id": session, "participant_id": f"p_bench_{session}"},
    )


async def _where(running: Running) -> list[Any]:
    return [one["session_id"] for one in (await running.worker.bench.cameras({}, {}))["cameras"]]


async def _as_soon_as(condition: Callable[[], Any]) -> None:
    """In the first turn of the loop in which it holds, while what began goes on."""
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)


async def test_a_camera_is_seen_only_where_and_while_it_is_attached(tmp_path: Path) -> None:
    """Before: no picture, no record. Attached: both, of one session. After: neither again."""
    listener = TapListener(tmp_path / "tap.sock")
    listener.start()
    async with running_worker(tmp_path / "tap.sock") as running:
        host, buyer, stranger = RtpPeer(), RtpPeer(), RtpPeer()
        await running.join(host, "p_host", "host")
        await running.join(buyer, "p_buyer", "buyer")
        await running.join(stranger, "p_other", "host", session="ses_2")
        async with _publishing(running) as peer_id:
            leg = running.worker._legs[peer_id]
            await until(lambda: sum(one.received for one in leg.ingresses) > 20)
            assert host.received == buyer.received == stranger.received == []
            assert listener.records == [], "nothing is recorded before attaching"
            assert await _where(running) == [None]

            await _attach(running, peer_id)
            await _attach(running, peer_id)  # Repeating it changes nothing.
            await until(lambda: len(host.of_mid("4")) > 20 and len(buyer.of_mid("4")) > 20)
            await until(lambda: len(listener.packets()) > 20)
            assert stranger.received == []
            assert {host.egress_mid[one.ssrc] for one in host.received} == {"4"}
            opened = [one for one in listener.records if isinstance(one, TrackOpened)]
            assert [(one.kind, one.participant_id, one.session_id) for one in opened] == [
                ("video", "p_bench_ses_1", "ses_1")
            ], "its sound is not kept"
            assert listener.packets()[0].payload[0] == 0x67, "the recording begins at a keyframe"
            shown = host.of_mid("4")[-1]
            located = await running.worker.locate(
                {"peer_id": running.worker.sessions["ses_1"].legs[0].identity.peer_id},
                {"mid": "4", "rtp_timestamp": shown.timestamp},
            )
            assert located["participant_id"] == "p_bench_ses_1"
            assert located["track_id"] == opened[0].track_id

            await running.worker.bench.detach({"camera_id": "cam_1"}, {"session_id": "ses_1"})
            await until(lambda: any(isinstance(one, TrackEnded) for one in listener.records))
            [ended] = [one for one in listener.records if isinstance(one, TrackEnded)]
            assert ended.cause == "left", "a camera that was taken away is missing nothing"
            seen, kept = (
                len(host.received),
                sum(isinstance(one, RtpArrived) for one in listener.records),
            )
            before = leg.ingresses[0].received
            await until(lambda: leg.ingresses[0].received > before + 20)
            assert len(host.received) == seen
            assert sum(isinstance(one, RtpArrived) for one in listener.records) == kept
            assert await _where(running) == [None]
        for peer in (host, buyer, stranger):
            await peer.close()
    listener.stop()


async def test_a_camera_outlives_the_session_that_showed_it() -> None:
    """Ending the session takes it back; the next session gets it, from a keyframe on."""
    async with running_worker() as running, _publishing(running) as peer_id:
        first, second = RtpPeer(), RtpPeer()
        await running.join(first, "p_1", "host")
        await _attach(running, peer_id)
        await until(lambda: len(first.of_mid("4")) > 5)
        await running.worker.close_session({"session_id": "ses_1"}, {"cause": "verdict"})
        assert "peer_closed" not in running.facts.kinds(peer_id)
        assert "ses_1" not in running.worker.sessions
        assert await _where(running) == [None]
        await running.join(second, "p_2", "host", session="ses_2")
        await _attach(running, peer_id, "ses_2")
        await until(lambda: len(second.of_mid("4")) > 5)
        assert second.of_mid("4")[0].payload[0] == 0x67
        numbers = [frame_number(one.payload) for one in second.of_mid("4")]
        assert numbers == sorted(numbers)
        for peer in (first, second):
            await peer.close()


async def test_the_end_of_a_camera_is_told_and_leaves_nothing() -> None:
    """It hangs up while attached: its facts name it, the session goes on, no room is left."""
    async with running_worker() as running:
        host = RtpPeer()
        await running.join(host, "p_host", "host")
        async with _publishing(running) as peer_id:
            await _attach(running, peer_id)
            await until(lambda: len(host.of_mid("4")) > 5)
        await until(lambda: "peer_closed" in running.facts.kinds(peer_id))
        closed = running.facts.all[-1]
        assert (closed["camera_id"], closed["session_id"]) == ("cam_1", "ses_1")
        assert await _where(running) == []
        assert running.worker.bench.room_of("cam_1") is None
        assert list(running.worker.sessions) == ["ses_1"]
        await host.close()


async def test_a_draining_worker_lets_standing_cameras_go() -> None:
    """They come again elsewhere; one that is shown stays until its session is over."""
    async with running_worker() as running, _publishing(running) as shown:
        host = RtpPeer()
        await running.join(host, "p_host", "host")
        await _attach(running, shown)
        async with _publishing(running, "cam_2") as standing:
            await running.worker.drain({}, {})
            await until(lambda: "peer_closed" in running.facts.kinds(standing))
            assert "peer_closed" not in running.facts.kinds(shown)
        with pytest.raises(CaseError, match="takes nothing new"):
            await running.worker.bench.publish(
                {}, {"camera_id": "cam_2", "offer": await RtpPeer(PUBLISHED).offer()}
            )
        await running.worker.close_session({"session_id": "ses_1"}, {"cause": "verdict"})
        await until(lambda: "peer_closed" in running.facts.kinds(shown))
        await host.close()


async def test_a_camera_that_is_being_closed_is_lent_to_nobody() -> None:
    """Attach, detach and the session's end come while it goes: nothing of it stays anywhere."""
    async with running_worker() as running:
        host = RtpPeer()
        await running.join(host, "p_host", "host")
        async with _publishing(running) as standing:
            leg = running.worker._legs[standing]
            closing = asyncio.get_running_loop().create_task(
                running.worker.close_peer({"peer_id": standing}, {"cause": "left"})
            )
            await _as_soon_as(lambda: leg.state == "closed")
            with pytest.raises(CaseError, match="does not publish"):
                await _attach(running, standing)
            await closing
        async with _publishing(running) as shown:
            await _attach(running, shown)
            leg = running.worker._legs[shown]
            closing = asyncio.get_running_loop().create_task(
                running.worker.close_peer({"peer_id": shown}, {"cause": "left"})
            )
            await _as_soon_as(lambda: leg.state == "closed")
            await running.worker.bench.detach({"camera_id": "cam_1"}, {})
            await running.worker.close_session({"session_id": "ses_1"}, {"cause": "verdict"})
            await closing
        assert await _where(running) == []
        assert running.worker.bench.room_of("cam_1") is None
        assert not running.worker.sessions
        [closed] = [one for one in running.facts.all if one["kind"] == "peer_closed"][-1:]
        assert closed["session_id"] in ("ses_1", "cam_1")
        await host.close()


async def test_standing_cameras_keep_a_worker_from_nothing() -> None:
    """The machine's clock is set while one stands there: the next call has the right time,
    and keeps it when the clock is set again; what closed peers held is given back at once."""
    step_ns = 0
    clock = SystemClock(wall_ns=lambda: time.time_ns() + step_ns)
    async with running_worker(clock=clock) as running, _publishing(running):
        step_ns = 3_600_000_000_000
        host, buyer = RtpPeer(), RtpPeer()
        began_ns = time.time_ns()
        await running.join(host, "p_host", "host")
        step_ns = 0
        await running.join(buyer, "p_buyer", "buyer")
        times = [one["at_ns"] for one in running.facts.all if one["session_id"] == "ses_1"]
        assert len(times) >= 2
        assert all(abs(at - began_ns - 3_600_000_000_000) < 60_000_000_000 for at in times)
        for peer in (host, buyer):
            await peer.close()
        await until(lambda: not running.worker.sessions)
        assert running.worker.garbage.is_due


async def test_a_camera_that_comes_while_a_drain_begins_goes_again() -> None:
    """Its offer is being answered when the order comes: it must not keep the worker."""
    async with running_worker() as running:
        camera = RtpPeer(PUBLISHED)
        offer = await camera.offer()
        publishing = asyncio.get_running_loop().create_task(
            running.worker.bench.publish({}, {"camera_id": "cam_1", "offer": offer})
        )
        await _as_soon_as(lambda: running.worker.bench.room_of("cam_1"))
        await running.worker.drain({}, {})
        opened = await publishing
        await until(lambda: "peer_closed" in running.facts.kinds(opened["peer_id"]))
        await asyncio.wait_for(running.worker.drained(), 5.0)
        await camera.close()


async def test_the_recording_begins_though_nobody_watches_and_a_request_was_lost(
    tmp_path: Path,
) -> None:
    """The camera hears only the second request for a keyframe; no viewer asks for one."""
    listener = TapListener(tmp_path / "tap.sock")
    listener.start()
    async with running_worker(tmp_path / "tap.sock") as running:
        camera = RtpPeer(PUBLISHED)
        opened = await running.worker.bench.publish(
            {}, {"camera_id": "cam_1", "offer": await camera.offer(), "candidates": []}
        )
        await camera.accept(opened["answer"])
        asked = 0

        def on_rtcp(raw: bytes) -> None:
            nonlocal asked
            asked += sum(isinstance(one, KeyframeRequest) for one in parse_rtcp(raw))

        camera.on_rtcp = on_rtcp
        await camera.send("0", h264_frame(0, key=True))
        leg = running.worker._legs[opened["peer_id"]]
        await until(lambda: leg.ingresses[0].started)
        assert asked == 0
        await _attach(running, opened["peer_id"])
        number = 1
        while not listener.packets() and number < 400:
            await camera.send("0", h264_frame(number, key=asked > 1))
            number += 1
            await asyncio.sleep(0.01)
        assert listener.packets(), f"{asked} requests, nothing recorded"
        await camera.close()
    listener.stop()


async def test_a_camera_that_sends_delimiters_is_seen() -> None:
    """GStreamer puts a delimiter in a packet of its own before every picture, keyframes too."""
    async with running_worker() as running:
        host, camera = RtpPeer(), RtpPeer(PUBLISHED)
        await running.join(host, "p_host", "host")
        opened = await running.worker.bench.publish(
            {}, {"camera_id": "cam_1", "offer": await camera.offer(), "candidates": []}
        )
        await camera.accept(opened["answer"])
        await _attach(running, opened["peer_id"])
        for number in range(60):
            await camera.send("0", b"\x09\xf0", marker=False)
            picture = h264_frame(number, key=number % 20 == 10)
            await camera.send("0", picture, advance=0)
            await asyncio.sleep(0.01)
        await until(lambda: len(host.of_mid("4")) >= 98)
        seen = host.of_mid("4")
        assert seen[0].payload[0] == 0x67, "it begins at the keyframe's parameter sets"
        assert frame_number(seen[0].payload) == 10
        assert len(seen) == 99, "and nothing after that is left out"
        await host.close()
        await camera.close()


@pytest.mark.parametrize(
    "lines",
    [
        (("video", "recvonly"),),
        (("video", "inactive"),),
        (("audio", "sendonly"),),
        (("video", "sendonly"), ("video", "sendonly")),
        (("video", "sendonly"), ("audio", "recvonly")),
    ],
)
async def test_an_offer_that_a_bench_camera_would_not_make_is_refused(
    lines: tuple[tuple[str, str], ...],
) -> None:
    """It sends one picture and at most one sound (RFC 9725, 4.2); nothing is left of it."""
    async with running_worker() as running:
        peer = RtpPeer(lines)
        with pytest.raises(CaseError) as refused:
            await running.worker.bench.publish(
                {}, {"camera_id": "cam_1", "offer": await peer.offer()}
            )
        assert (refused.value.code, refused.value.status) == ("bad_offer", 422)
        assert running.worker.bench.room_of("cam_1") is None
        await peer.close()
