"""Weak links: what the sender is asked for, and what a viewer gets so that the sound lives."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path

import pytest

from media.rtcp import KeyframeRequest, Remb, build_pli, build_remb, parse_rtcp
from runtime.errors import CaseError
from tests.support.media_worker import Running, running_worker, until
from tests.support.rtp_peer import Received, RtpPeer, frame_number, h264_frame
from tests.support.tap_listener import TapListener

FRAME_PACKETS = 3
KEY_PACKETS = 12
PACKET_BYTES = 1000


class Sender:
    """A camera of 20 pictures a second, about 480 kb/s, that makes a keyframe when asked."""

    def __init__(self, peer: RtpPeer, *, advance: int = 4500, keeps_time: bool = False) -> None:
        self.peer = peer
        self.frames = 0
        self.sounds = 0
        self.asked = 1
        self.keyframes = 0
        self.rembs: list[int] = []
        self.lost = False
        self._advance = advance
        self._keeps_time = keeps_time
        peer.on_rtcp = self._on_rtcp

    def _on_rtcp(self, raw: bytes) -> None:
        for one in parse_rtcp(raw):
            if isinstance(one, KeyframeRequest):
                self.asked += 1
            elif isinstance(one, Remb):
                self.rembs.append(one.bitrate_bps)

    async def run(self, *, answer: bool = True) -> None:
        """Until cancelled."""
        answered = 0
        spoke_s = asyncio.get_running_loop().time()
        while True:
            key = self.frames == 0 or (answer and self.asked > answered)
            answered = self.asked
            self.keyframes += key
            packets = KEY_PACKETS if key else FRAME_PACKETS
            for index in range(packets):
                payload = h264_frame(self.frames, key=key and index == 0, size=PACKET_BYTES)
                advance = self._advance if index == 0 else 0
                await self.peer.send(
                    "1", payload, marker=index == packets - 1, advance=advance, lose=self.lost
                )
            self.frames += 1
            # Without it the sound runs late, however little the machine has to do.
            now_s = asyncio.get_running_loop().time()
            advance = int((now_s - spoke_s) * 24_000) if self._keeps_time else 960
            spoke_s = now_s
            for _ in range(2):
                self.sounds += 1
                await self.peer.send("0", b"sound", marker=False, advance=advance, lose=self.lost)
            await asyncio.sleep(0.05)


async def _say_remb(viewer: RtpPeer, rates: list[int], until_cancelled: bool = True) -> None:
    for rate in rates:
        await viewer.send_raw(build_remb(1, rate, [one.ssrc for one in viewer.of_mid("1")[:1]]))
        await asyncio.sleep(0.3)
    while until_cancelled:
        await viewer.send_raw(build_remb(1, rates[-1], [1]))
        await asyncio.sleep(0.3)


async def _cancel(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _thinned(running: Running) -> bool:
    return any(leg.adaptation.thinned for leg in running.worker._legs.values())


def _frames(packets: list[Received]) -> list[list[Received]]:
    found: list[list[Received]] = []
    for one in packets:
        if found and found[-1][0].timestamp == one.timestamp:
            found[-1].append(one)
        else:
            found.append([one])
    return found


async def test_a_viewer_whose_link_is_weak_gets_stills_and_all_of_the_sound(
    tmp_path: Path,
) -> None:
    """The recording keeps its rate: the sender is never asked for less than the floor."""
    listener = TapListener(tmp_path / "tap.sock")
    listener.start()
    async with running_worker(tmp_path / "tap.sock") as running:
        buyer, host = RtpPeer(), RtpPeer()
        await running.join(buyer, "p_buyer", "buyer", record=True)
        opened = await running.join(host, "p_host", "host")
        sender = Sender(buyer)
        sending = asyncio.create_task(sender.run())
        await until(lambda: len(host.of_mid("1")) > 60)
        saying = asyncio.create_task(_say_remb(host, [1_000_000, 150_000]))
        await until(lambda: _thinned(running), 6.0)
        await asyncio.sleep(0.2)
        before, sounds_before = len(host.of_mid("1")), len(host.of_mid("0"))
        sender_sounds_before = sender.sounds
        began_s = asyncio.get_running_loop().time()
        await until(lambda: len(host.of_mid("1")) >= before + KEY_PACKETS, 9.0)
        await asyncio.sleep(0.3)
        took_s = asyncio.get_running_loop().time() - began_s
        stills = _frames(host.of_mid("1")[before:])
        # Whole keyframes and nothing else, in one unbroken numbering.
        assert all(len(one) == KEY_PACKETS and one[-1].marker for one in stills[:1])
        assert stills[0][0].payload[0] & 0x1F == 7
        everything = [
            one for one in host.of_mid("1") if one.payload_type == stills[0][0].payload_type
        ]
        assert {(b.sequence - a.sequence) & 0xFFFF for a, b in pairwise(everything)} == {1}
        times = [one.timestamp for one in everything]
        assert all((b - a) & 0xFFFFFFFF < 1 << 31 for a, b in pairwise(times))
        rate_bps = 8 * PACKET_BYTES * sum(map(len, stills)) / took_s
        assert rate_bps < 120_000
        # Every sound, on time.
        came = len(host.of_mid("0")) - sounds_before
        assert came >= (sender.sounds - sender_sounds_before) - 3
        # The shown still can be named: it is a frame of the recording.
        located = await running.worker.locate(
            {"peer_id": opened["peer_id"]}, {"mid": "1", "rtp_timestamp": stills[0][0].timestamp}
        )
        assert located["participant_id"] == "p_buyer"
        recorded = [one for one in listener.packets() if one.timestamp == located["rtp_timestamp"]]
        assert len(recorded) == KEY_PACKETS
        assert frame_number(recorded[0].payload) == frame_number(stills[0][0].payload)
        await until(lambda: sender.rembs)
        assert min(sender.rembs) >= 300_000
        await _cancel(sending, saying)
        await buyer.close()
        await host.close()
    listener.stop()


async def test_a_viewer_with_room_again_gets_the_moving_picture_back() -> None:
    """From the next keyframe on, in the same numbering."""
    async with running_worker() as running:
        buyer, host = RtpPeer(), RtpPeer()
        await running.join(buyer, "p_buyer", "buyer")
        await running.join(host, "p_host", "host")
        sender = Sender(buyer)
        sending = asyncio.create_task(sender.run())
        await until(lambda: len(host.of_mid("1")) > 60)
        await _say_remb(host, [1_000_000, 280_000], until_cancelled=False)
        saying = asyncio.create_task(_say_remb(host, [280_000]))
        await until(lambda: _thinned(running), 6.0)
        await _cancel(saying)
        await until(lambda: not _thinned(running), 25.0)
        before = len(host.of_mid("1"))
        await until(lambda: len(host.of_mid("1")) > before + 60, 5.0)
        back = _frames(host.of_mid("1")[before:])
        assert len(back) > 10
        sequences = [one.sequence for one in host.of_mid("1")]
        assert {(b - a) & 0xFFFF for a, b in pairwise(sequences)} == {1}
        await _cancel(sending)
        await buyer.close()
        await host.close()


async def test_a_queue_growing_on_the_uplink_brings_advice_within_seconds() -> None:
    """Frames that come ever later than their timestamps say, before anything is lost."""
    async with running_worker() as running:
        buyer = RtpPeer()
        await running.join(buyer, "p_buyer", "buyer")
        sender = Sender(buyer)
        sending = asyncio.create_task(sender.run())
        await asyncio.sleep(1.0)
        assert [one for one in running.facts.all if one["kind"] == "advice"] == []
        # The clock of what is sent now runs slower: 50 ms of sending are 35 ms of picture.
        await _cancel(sending)
        sender._advance = 3150
        sending = asyncio.create_task(_late(sender))
        advice = await until(
            lambda: [one for one in running.facts.all if one["kind"] == "advice"], 5.0
        )
        assert advice[0]["rung"] in ("720p5", "720p2")
        assert advice[0]["max_height"] == 720
        assert advice[0]["max_framerate"] <= 5
        await _cancel(sending)
        await buyer.close()


async def test_two_pictures_share_a_weak_link() -> None:
    """What the viewer's link carries is asked of host and observer together, not of each."""
    async with running_worker() as running:
        viewer, host, observer = RtpPeer(), RtpPeer(), RtpPeer()
        for peer, role in ((viewer, "buyer"), (host, "host"), (observer, "observer")):
            await running.join(peer, f"p_{role}", role)
        senders = [Sender(host, keeps_time=True), Sender(observer, keeps_time=True)]
        tasks = [asyncio.create_task(one.run()) for one in senders]
        await until(lambda: viewer.of_mid("1") and viewer.of_mid("3"))
        await until(lambda: all(one.frames > 50 for one in senders))
        # Again and again: the fall counts only while that much is really sent.
        falls = [1_000_000, 700_000] * 20
        tasks.append(asyncio.create_task(_say_remb(viewer, falls)))
        await until(lambda: all(one.rembs for one in senders))
        asked = [one.rembs[0] for one in senders]
        assert sum(asked) <= 750_000
        assert min(asked) > 250_000, "and neither is starved"
        # The one who sends nothing leaves it all to the other.
        await _cancel(tasks.pop(1))
        heard = len(senders[0].rembs)
        await until(lambda: max(senders[0].rembs[heard:], default=0) > 550_000)
        await _cancel(*tasks)
        for peer in (viewer, host, observer):
            await peer.close()


async def test_half_a_second_of_outage_costs_no_sharpness() -> None:
    """What it swallowed was not lost by sending too much: nothing less is asked for."""
    async with running_worker() as running:
        buyer, host = RtpPeer(), RtpPeer()
        opened = await running.join(buyer, "p_buyer", "buyer")
        await running.join(host, "p_host", "host")
        sender = Sender(buyer, keeps_time=True)
        streaming = asyncio.get_running_loop().create_task(sender.run())
        await until(lambda: sender.frames > 30)
        sender.lost = True
        frames = sender.frames
        await until(lambda: sender.frames >= frames + 10)
        sender.lost = False
        rungs: set[str] = set()

        def look() -> bool:
            leg = running.worker._legs[opened["peer_id"]]
            rungs.add(leg.adaptation.uplink_rung.name.value)
            return sender.frames >= frames + 50

        await until(look)
        assert rungs <= {"720p15", "1080p15"}
        await _cancel(streaming)
        for peer in (buyer, host):
            await peer.close()


async def _late(sender: Sender) -> None:
    while True:
        for index in range(FRAME_PACKETS):
            await sender.peer.send(
                "1",
                h264_frame(sender.frames, size=PACKET_BYTES),
                marker=index == FRAME_PACKETS - 1,
                advance=3150 if index == 0 else 0,
            )
        sender.frames += 1
        await sender.peer.send("0", b"sound", marker=False, advance=1680)
        await asyncio.sleep(0.05)


async def test_an_impatient_viewer_does_not_cost_a_slow_sender_its_sharpness() -> None:
    """At 100 kb/s a keyframe takes seconds: it is not asked for again on its way."""
    async with running_worker() as running:
        buyer, host = RtpPeer(), RtpPeer()
        opened = await running.join(buyer, "p_buyer", "buyer")
        await running.join(host, "p_host", "host")
        # A keyframe of 24 kB, then pictures at about 100 kb/s.
        for index in range(24):
            payload = h264_frame(0, key=index == 0, size=PACKET_BYTES)
            await buyer.send("1", payload, marker=index == 23, advance=3000 if index == 0 else 0)
        for number in range(1, 40):
            await buyer.send("1", h264_frame(number, size=600))
            await asyncio.sleep(0.05)
        await until(lambda: len(host.of_mid("1")) > 40)
        peer = {"peer_id": opened["peer_id"]}
        before = (await running.worker.peer_stats(peer, {}))["tracks"][1]["plis"]
        ssrc = host.of_mid("1")[0].ssrc
        for number in range(40, 80):
            await host.send_raw(build_pli(1, ssrc))
            await buyer.send("1", h264_frame(number, size=600))
            await asyncio.sleep(0.05)
        after = (await running.worker.peer_stats(peer, {}))["tracks"][1]["plis"]
        assert 1 <= after - before <= 2
        await buyer.close()
        await host.close()


@pytest.mark.parametrize(
    ("start_bps", "kbps"), [(None, 800), (120_000, 100), (400_000, 320), (90_000_000, 2_500)]
)
async def test_what_a_check_found_is_where_the_browser_begins(
    start_bps: int | None, kbps: int
) -> None:
    """In the answer of that peer alone, and as the rung it is advised."""
    async with running_worker() as running:
        peer = RtpPeer()
        body = {
            "session_id": "ses_1",
            "participant_id": "p_1",
            "role": "buyer",
            "offer": await peer.offer(),
            "record": False,
            "candidates": [],
            "start_bps": start_bps,
        }
        answer = (await running.worker.open_peer({}, body))["answer"]
        assert f"x-google-start-bitrate={kbps}" in answer
        rung = next(iter(running.worker._legs.values())).adaptation.advice.rung.name
        expected = {None: "720p15", 120_000: "stills", 400_000: "720p5", 90_000_000: "720p15"}
        assert rung == expected[start_bps]
        await peer.close()


@pytest.mark.parametrize("start_bps", ["fast", -1, 0.5, [1]])
async def test_a_start_that_is_no_rate_is_refused_or_left_out(start_bps: object) -> None:
    """It never breaks a join half way."""
    async with running_worker() as running:
        peer = RtpPeer()
        body = {
            "session_id": "ses_1",
            "participant_id": "p_1",
            "role": "buyer",
            "offer": await peer.offer(),
            "start_bps": start_bps,
        }
        try:
            answer = (await running.worker.open_peer({}, body))["answer"]
            assert "x-google-start-bitrate=100;" in answer or "=100\r" in answer
        except (CaseError, TypeError, ValueError):
            assert not running.worker.sessions
        await peer.close()
