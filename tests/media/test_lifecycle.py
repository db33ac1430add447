"""Who is fed by whom while people come, go, vanish and come back."""

from __future__ import annotations

import asyncio
import gc
import re
import weakref
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from media.addresses import NetworkPolicy
from media.leg import Leg
from media.rtcp import KeyframeRequest, parse_rtcp
from runtime.errors import CaseError
from tests.support.media_worker import Running, running_worker, until
from tests.support.rtp_peer import RtpPeer, frame_number, h264_frame, vp8_frame


async def _answer_keyframes(peer: RtpPeer, first: int) -> None:
    """Send frames until cancelled; each request for a keyframe is granted at once."""
    wanted = True

    def on_rtcp(raw: bytes) -> None:
        nonlocal wanted
        wanted = wanted or any(isinstance(one, KeyframeRequest) for one in parse_rtcp(raw))

    peer.on_rtcp = on_rtcp
    number = first
    while True:
        await peer.send("1", h264_frame(number, key=wanted))
        wanted = False
        number += 1
        await asyncio.sleep(0.01)


class _Streaming:
    """Peers that send video all the time."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self, peer: RtpPeer, first: int) -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(_answer_keyframes(peer, first)))

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()


async def test_an_observer_sees_both_and_is_seen_by_both() -> None:
    """The buyer on 0/1, the host on 2/3; both see the observer on 2/3; nothing renegotiates."""
    async with running_worker() as running:
        buyer, host, observer = RtpPeer(), RtpPeer(), RtpPeer()
        for peer, role in ((buyer, "buyer"), (host, "host"), (observer, "observer")):
            await running.join(peer, f"p_{role}", role)
        streaming = _Streaming()
        for first, peer in ((10_000, buyer), (20_000, host), (30_000, observer)):
            streaming.begin(peer, first)

        def seen(peer: RtpPeer, mid: str) -> set[int]:
            return {frame_number(one.payload) // 10_000 for one in peer.of_mid(mid)}

        await until(lambda: seen(observer, "1") == {1} and seen(observer, "3") == {2})
        await until(lambda: seen(buyer, "1") == {2} and seen(buyer, "3") == {3})
        await until(lambda: seen(host, "1") == {1} and seen(host, "3") == {3})
        assert not seen(host, "4")
        streaming.stop()
        for peer in (buyer, host, observer):
            await peer.close()


async def test_a_reload_takes_over_and_shows_as_one_stream() -> None:
    """The second peer replaces the first; sequence and time go on, beginning at a keyframe."""
    async with running_worker() as running:
        host, first, second = RtpPeer(), RtpPeer(), RtpPeer()
        await running.join(host, "p_host", "host")
        opened = await running.join(first, "p_buyer", "buyer")
        streaming = _Streaming()
        streaming.begin(first, 10_000)
        await until(lambda: len(host.of_mid("1")) > 20)
        again = await running.join(second, "p_buyer", "buyer")
        streaming.begin(second, 20_000)
        await until(
            lambda: sum(frame_number(one.payload) >= 20_000 for one in host.of_mid("1")) > 20
        )
        await until(lambda: "peer_closed" in running.facts.kinds(opened["peer_id"]))
        cause = next(one for one in running.facts.all if one["kind"] == "peer_closed")["cause"]
        assert cause == "replaced"
        packets = host.of_mid("1")
        sequences = [one.sequence for one in packets]
        assert sequences == [(sequences[0] + i) & 0xFFFF for i in range(len(packets))]
        times = [one.timestamp for one in packets]
        steps = [(b - a) & 0xFFFFFFFF for a, b in pairwise(times)]
        assert all(0 < step < 900_000 for step in steps)
        at = next(i for i, one in enumerate(packets) if frame_number(one.payload) >= 20_000)
        assert packets[at].payload[0] == 0x67
        assert running.worker.sessions["ses_1"].leg_of("p_buyer") is not None
        # What was shown of either is found again in its own numbers.
        for packet, peer, track in (
            (packets[at - 1], first, opened["tracks"][1]["track_id"]),
            (packets[at + 3], second, again["tracks"][1]["track_id"]),
        ):
            host_id = next(
                leg.identity.peer_id
                for leg in running.worker.sessions["ses_1"].legs
                if leg.identity.role == "host"
            )
            located = await running.worker.locate(
                {"peer_id": host_id}, {"mid": "1", "rtp_timestamp": packet.timestamp}
            )
            assert located["participant_id"] == "p_buyer"
            assert located["track_id"] == track
            stamps = {
                stamp
                for stamp, _, payload in peer.sending["1"].sent.values()
                if frame_number(payload) == frame_number(packet.payload)
            }
            assert located["rtp_timestamp"] in stamps
        streaming.stop()
        for peer in (host, first, second):
            await peer.close()


async def test_hanging_up_leaves_the_others_in_place() -> None:
    """The one who stays keeps the connection and is fed again when somebody comes."""
    async with running_worker() as running:
        host, first, second = RtpPeer(), RtpPeer(), RtpPeer()
        await running.join(host, "p_host", "host")
        opened = await running.join(first, "p_buyer", "buyer")
        await running.worker.close_peer({"peer_id": opened["peer_id"]}, {"cause": "left"})
        await running.worker.close_peer({"peer_id": opened["peer_id"]}, {"cause": "left"})
        await running.join(second, "p_buyer", "buyer")
        streaming = _Streaming()
        streaming.begin(second, 1)
        await until(lambda: len(host.of_mid("1")) > 5)
        streaming.stop()
        await running.worker.close_session({"session_id": "ses_1"}, {"cause": "ended"})
        assert not running.worker.sessions
        causes = [one["cause"] for one in running.facts.all if one["kind"] == "peer_closed"]
        assert causes == ["left", "ended", "ended"]
        for peer in (host, first, second):
            await peer.close()


async def test_whoever_fails_to_come_in_takes_no_session_from_who_is_coming() -> None:
    """A bad offer is refused while the first one's is answered: those two meet all the same."""
    async with running_worker() as running:
        host, buyer = RtpPeer(), RtpPeer()
        bad = {"session_id": "ses_1", "participant_id": "p_x", "role": "buyer", "offer": "no"}
        joining = asyncio.get_running_loop().create_task(running.join(host, "p_host", "host"))
        await until(lambda: "ses_1" in running.worker.sessions)
        with pytest.raises(CaseError, match="offer"):
            await running.worker.open_peer({}, bad)
        await joining
        await running.join(buyer, "p_buyer", "buyer")
        streaming = _Streaming()
        streaming.begin(host, 1)
        await until(lambda: len(buyer.of_mid("1")) > 5)
        streaming.stop()
        for peer in (host, buyer):
            await peer.close()
        await until(lambda: not running.worker.sessions)
        with pytest.raises(CaseError, match="offer"):
            await running.worker.open_peer({}, bad)
        assert not running.worker.sessions, "and nothing is left of a session with nobody in it"


async def test_a_stream_that_is_renumbered_goes_on_in_the_viewers_numbers() -> None:
    """A camera's encoder begins anew with another SSRC, far from the numbers before."""
    async with running_worker() as running:
        host, buyer = RtpPeer(), RtpPeer()
        await running.join(host, "p_host", "host")
        await running.join(buyer, "p_buyer", "buyer")
        for number in range(20):
            await host.send("1", h264_frame(number, key=number == 0))
        await until(lambda: len(buyer.of_mid("1")) == 20)
        stream = host.sending["1"]
        stream.ssrc, stream.sequence, stream.timestamp = 0x51ED, 40_000, 2_000_000_000
        await host.send("1", h264_frame(20, key=True), mid_of="1")
        for number in range(21, 40):
            await host.send("1", h264_frame(number))
        await until(lambda: len(buyer.of_mid("1")) == 40)
        packets = buyer.of_mid("1")
        assert len({one.ssrc for one in packets}) == 1
        first = packets[0].sequence
        assert [one.sequence for one in packets] == [(first + i) & 0xFFFF for i in range(40)]
        steps = [(b.timestamp - a.timestamp) & 0xFFFFFFFF for a, b in pairwise(packets)]
        assert all(0 < step < 900_000 for step in steps)
        for peer in (host, buyer):
            await peer.close()


async def test_a_killed_peer_is_lost_within_two_seconds_and_may_recover() -> None:
    """The fact comes 1.3 s after the last packet, and its opposite with the next."""
    async with running_worker() as running:
        buyer = RtpPeer()
        opened = await running.join(buyer, "p_buyer", "buyer")
        for number in range(5):
            await buyer.send("1", h264_frame(number, key=number == 0))
        last_s = asyncio.get_running_loop().time()
        await until(lambda: "peer_lost" in running.facts.kinds(), 4)
        assert 1.2 < asyncio.get_running_loop().time() - last_s < 1.9
        await buyer.send("1", h264_frame(6))
        await until(lambda: running.facts.kinds()[-1] == "peer_recovered")
        word = {"good", "weak", "bad", "lost"}
        quality = [one for one in running.facts.all if one["kind"] == "quality"]
        assert {one["word"] for one in quality} <= word
        await running.worker.close_peer({"peer_id": opened["peer_id"]}, {"cause": "left"})
        await buyer.close()


@pytest.mark.parametrize(
    ("lines", "offered", "tracks"),
    [
        ((("audio", "sendrecv"),), ("H264",), [("0", "audio", "opus")]),
        (
            (("audio", "sendrecv"), ("video", "sendrecv")),
            ("VP8",),
            [("0", "audio", "opus"), ("1", "video", "VP8")],
        ),
        (
            (("audio", "sendrecv"), ("video", "sendrecv")),
            ("H264",),
            [("0", "audio", "opus"), ("1", "video", "H264")],
        ),
        ((("audio", "recvonly"), ("video", "recvonly")), ("VP8", "H264"), []),
    ],
)
async def test_offers_with_less_are_answered(
    lines: tuple[tuple[str, str], ...], offered: tuple[str, ...], tracks: list[Any]
) -> None:
    """Audio only, one codec only, nothing to send: each works without renegotiation."""
    async with running_worker() as running:
        peer = RtpPeer(lines, offered=offered)
        opened = await running.join(peer, "p_buyer", "buyer")
        assert [(one["mid"], one["kind"], one["codec"]) for one in opened["tracks"]] == tracks
        assert "a=candidate:" in opened["answer"]
        assert "urn:3gpp:video-orientation" not in opened["answer"]
        if lines[0] == ("audio", "sendrecv"):
            assert "useinbandfec=1;usedtx=0" in opened["answer"]
        await peer.close()


async def test_the_codec_is_one_that_everybody_can_show() -> None:
    """After somebody with VP8 only, the next is asked to send VP8 first."""
    async with running_worker() as running:
        buyer = RtpPeer(offered=("VP8",), video="VP8")
        host = RtpPeer(offered=("H264", "VP8"), video="VP8")
        await running.join(buyer, "p_buyer", "buyer")
        opened = await running.join(host, "p_host", "host")
        assert opened["tracks"][1]["codec"] == "VP8"
        await host.send("1", vp8_frame(0, key=True))
        await host.send("1", vp8_frame(1))
        await until(lambda: len(buyer.of_mid("1")) == 2)
        await buyer.close()
        await host.close()


async def test_a_draining_worker_takes_nobody_and_serves_those_it_has() -> None:
    """Status says so, the calls go on, and whoever belongs to one may come back to it."""
    async with running_worker() as running:
        buyer, host, late = RtpPeer(), RtpPeer(), RtpPeer()
        await running.join(buyer, "p_buyer", "buyer")
        opened = await running.join(host, "p_host", "host")
        await running.worker.drain({}, {})
        with pytest.raises(CaseError, match="nothing new"):
            await running.join(late, "p_late", "buyer", session="ses_2")
        again = RtpPeer()
        await running.join(again, "p_buyer", "buyer")
        await buyer.close()
        buyer = again
        await until(lambda: len(running.worker.sessions["ses_1"].legs) == 2)
        status = await running.worker.status({}, {})
        assert status["draining"]
        assert status["peers"] == 2
        await buyer.send("1", h264_frame(0, key=True))
        await until(lambda: host.of_mid("1"))
        stats = await running.worker.peer_stats({"peer_id": opened["peer_id"]}, {})
        assert stats["state"] == "connected"
        down = [one for one in stats["tracks"] if one["direction"] == "down"]
        assert down[1]["packets"] == 1
        for peer in (buyer, host, late):
            await peer.close()


async def test_unknown_peers_and_frames_are_not_found() -> None:
    """404 with a stable code, for each command that names one."""
    async with running_worker() as running:
        await _not_found(running)


async def _not_found(running: Running) -> None:
    worker = running.worker
    for call in (
        worker.locate({"peer_id": "peer_x"}, {"mid": "1", "rtp_timestamp": 1}),
        worker.add_candidates({"peer_id": "peer_x"}, {"candidates": []}),
        worker.peer_stats({"peer_id": "peer_x"}, {}),
        worker.request_keyframe({"session_id": "ses_x"}, {"participant_id": "p"}),
    ):
        with pytest.raises(CaseError) as caught:
            await call
        assert (caught.value.code, caught.value.status) == ("not_found", 404)


async def test_sockets_stay_inside_the_port_range() -> None:
    """The answer names ports of the range and the public address; a full range is a 503."""
    policy = NetworkPolicy(ports=range(41_200, 41_202), announced=(("203.0.113.9", None),))
    async with running_worker(policy=policy) as running:
        peers = [RtpPeer() for _ in range(3)]
        first = await running.join(peers[0], "p_1", "buyer")
        found = re.findall(r"a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host", first["answer"])
        assert {int(port) for _, port in found} <= {41_200, 41_201}
        assert {host for host, _ in found} == {"203.0.113.9"}
        await running.join(peers[1], "p_2", "host")
        with pytest.raises(CaseError) as caught:
            await running.join(peers[2], "p_3", "observer")
        assert (caught.value.code, caught.value.status) == ("no_media_port", 503)
        assert len(running.worker.sessions["ses_1"].legs) == 2
        for peer in peers:
            await peer.close()


async def test_closed_peers_leave_nothing_behind() -> None:
    """Their objects can be collected and their sockets are closed."""
    async with running_worker() as running:
        await _call_and_hang_up(running)
        sockets = _open_files()
        seen = [await _call_and_hang_up(running) for _ in range(4)]

        def gone() -> bool:
            gc.collect()
            return not any(one() for one in seen)

        await until(gone)
        assert _open_files() <= sockets


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def _call_and_hang_up(running: Running) -> weakref.ref[Leg]:
    buyer, host = RtpPeer(), RtpPeer()
    opened = await running.join(buyer, "p_buyer", "buyer")
    await running.join(host, "p_host", "host")
    await buyer.send("1", h264_frame(0, key=True))
    await until(lambda: host.of_mid("1"))
    leg = weakref.ref(running.worker._legs[opened["peer_id"]])
    await running.worker.close_session({"session_id": "ses_1"}, {"cause": "ended"})
    await buyer.close()
    await host.close()
    return leg
