"""Loss and its repair on both legs, keyframes, reports, feedback."""

from __future__ import annotations

import asyncio
import struct
from pathlib import Path

from media.rtcp import (
    KeyframeRequest,
    Nack,
    ReceiverInfo,
    Remb,
    SenderInfo,
    build_nack,
    parse_rtcp,
)
from tests.support.media_worker import running_worker, until
from tests.support.rtp_peer import RtpPeer, frame_number, h264_frame
from tests.support.tap_listener import TapListener


def _messages(peer: RtpPeer, kind: type) -> list[object]:
    return [one for raw in peer.rtcp for one in parse_rtcp(raw) if isinstance(one, kind)]


def _numbers(peer: RtpPeer, mid: str = "1") -> list[int]:
    """Frame numbers in the order of arrival; repetitions as RTX come as their original."""
    rtx = {one.rtx_payload_type for one in peer.sending.values()}
    return [
        frame_number(one.payload[2:] if one.payload_type in rtx else one.payload)
        for one in peer.of_mid(mid)
    ]


async def test_a_packet_lost_on_the_way_up_is_asked_for_and_repaired(tmp_path: Path) -> None:
    """The viewer and the recorder get the repeated packet under its first number."""
    listener = TapListener(tmp_path / "tap.sock")
    listener.start()
    async with running_worker(tmp_path / "tap.sock") as running:
        buyer, host = RtpPeer(), RtpPeer()
        await running.join(buyer, "p_buyer", "buyer", record=True)
        await running.join(host, "p_host", "host")
        waiting: list[int] = []

        def answer(raw: bytes) -> None:
            for one in parse_rtcp(raw):
                if isinstance(one, Nack):
                    waiting.extend(one.sequences)

        buyer.on_rtcp = answer
        for number in range(20):
            lose = number in (5, 6, 11)
            await buyer.send("1", h264_frame(number, key=number == 0), lose=lose)
        lost = [1006, 1007, 1012]
        await until(lambda: sorted(waiting) == lost)
        for sequence in lost:
            await buyer.resend("1", sequence, rtx=True)
        await until(lambda: len(host.of_mid("1")) == 20)
        assert sorted(_numbers(host)) == list(range(20))
        assert [one.sequence for one in listener.packets()][-3:] == lost
        # What is held already is probe padding: it goes no further.
        await buyer.resend("1", 1010, rtx=True)
        await buyer.send("1", h264_frame(20))
        await until(lambda: 20 in _numbers(host))
        assert len(host.of_mid("1")) == 21
        await buyer.close()
        await host.close()
    listener.stop()


async def test_a_viewer_is_answered_once_per_round_trip() -> None:
    """A storm of NACKs for one packet costs one repetition, sent as RTX."""
    async with running_worker() as running:
        buyer, host = RtpPeer(), RtpPeer()
        await running.join(buyer, "p_buyer", "buyer")
        await running.join(host, "p_host", "host")
        for number in range(30):
            await buyer.send("1", h264_frame(number, key=number == 0))
        await until(lambda: len(host.of_mid("1")) == 30)
        wanted = host.of_mid("1")[10]
        nack = struct.pack("!BBHIIHH", 0x81, 205, 3, 1, wanted.ssrc, wanted.sequence, 0)
        for _ in range(20):
            await host.send_raw(nack)
        again = await until(lambda: host.of_mid("1")[30:])
        await asyncio.sleep(0.05)
        assert len(host.of_mid("1")) == 31
        assert again[0].payload == struct.pack("!H", wanted.sequence) + wanted.payload
        assert again[0].ssrc != wanted.ssrc
        assert again[0].payload_type == host.sending["1"].rtx_payload_type
        await buyer.close()
        await host.close()


async def test_keyframe_requests_are_forwarded_and_throttled() -> None:
    """However many PLIs come, the source gets one in 0.3 s."""
    async with running_worker() as running:
        buyer, host = RtpPeer(), RtpPeer()
        await running.join(buyer, "p_buyer", "buyer")
        await running.join(host, "p_host", "host")
        for number in range(3):
            await buyer.send("1", h264_frame(number, key=number == 0))
        shown = (await until(lambda: host.of_mid("1")))[0]
        await asyncio.sleep(0.35)
        before = len(_messages(buyer, KeyframeRequest))
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        for _ in range(30):
            await host.send_raw(struct.pack("!BBHII", 0x81, 206, 2, 1, shown.ssrc))
            await asyncio.sleep(0.005)
        await until(lambda: len(_messages(buyer, KeyframeRequest)) > before)
        allowed = 1 + (loop.time() - began_s) / 0.3
        assert len(_messages(buyer, KeyframeRequest)) - before <= allowed
        asked = _messages(buyer, KeyframeRequest)[-1]
        assert asked == KeyframeRequest(buyer.sending["1"].ssrc)
        await buyer.close()
        await host.close()


async def test_sender_reports_keep_their_mapping_through_the_rewriting() -> None:
    """The viewer's report names the same instant in the viewer's own timestamps."""
    async with running_worker() as running:
        buyer, host = RtpPeer(), RtpPeer()
        await running.join(buyer, "p_buyer", "buyer")
        await running.join(host, "p_host", "host")
        for number in range(3):
            await buyer.send("1", h264_frame(number, key=number == 0))
        await until(lambda: len(host.of_mid("1")) == 3)
        theirs, ours = buyer.sending["1"].timestamp, host.of_mid("1")[-1].timestamp
        ntp = 0x1234567890ABCDEF
        await buyer.send_raw(
            struct.pack("!BBHIQIII", 0x80, 200, 6, buyer.sending["1"].ssrc, ntp, theirs, 3, 120)
        )
        reports = await until(lambda: _messages(host, SenderInfo))
        assert reports[0].ntp == ntp
        assert reports[0].rtp_timestamp == ours
        assert reports[0].packets == 3
        # Who comes later is told at once, not with the sender's next report.
        observer = RtpPeer()
        await running.join(observer, "p_observer", "observer")
        await buyer.send("1", h264_frame(9, key=True))
        late = (await until(lambda: _messages(observer, SenderInfo)))[0]
        shown = (await until(lambda: observer.of_mid("1")))[0]
        assert late.ntp == ntp
        assert (shown.timestamp - late.rtp_timestamp) & 0xFFFFFFFF == (
            buyer.sending["1"].timestamp - theirs
        )
        await observer.close()
        await buyer.close()
        await host.close()


async def test_the_sender_gets_transport_feedback_and_receiver_reports() -> None:
    """Every transport-wide number sent is in a feedback packet within 0.2 s."""
    async with running_worker() as running:
        buyer = RtpPeer()
        await running.join(buyer, "p_buyer", "buyer")
        for number in range(40):
            await buyer.send("1", h264_frame(number, key=number == 0), lose=number == 9)
        covered: set[int] = set()

        def complete() -> bool:
            for raw in buyer.rtcp:
                if raw[1] == 205 and raw[0] & 31 == 15:
                    base, count = struct.unpack_from("!HH", raw, 12)
                    covered.update(range(base, base + count))
            return covered >= set(range(1, 40))

        await until(complete)
        reports = await until(lambda: _messages(buyer, ReceiverInfo))
        block = reports[-1].blocks[0]
        assert block.ssrc == buyer.sending["1"].ssrc
        assert block.lost == 1
        await buyer.close()


async def test_a_cap_reaches_the_source_and_is_lifted() -> None:
    """A falling estimate of the viewer becomes a REMB for the source."""
    async with running_worker() as running:
        buyer, host = RtpPeer(), RtpPeer()
        await running.join(buyer, "p_buyer", "buyer")
        await running.join(host, "p_host", "host")

        async def pour() -> None:
            number = 0
            while True:
                await buyer.send("1", h264_frame(number, key=number == 0, size=1100))
                number += 1
                await asyncio.sleep(0.01)

        task = asyncio.get_running_loop().create_task(pour())
        try:
            await until(lambda: len(host.of_mid("1")) > 250, 8)
            ssrc = host.of_mid("1")[0].ssrc
            assert not _messages(buyer, Remb)
            for mantissa in (250_000, 125_000):
                body = (
                    b"REMB"
                    + bytes((1, 1 << 2 | mantissa >> 16))
                    + struct.pack("!HI", mantissa & 0xFFFF, ssrc)
                )
                await host.send_raw(struct.pack("!BBHII", 0x8F, 206, 5, 1, 0) + body)
            cap = (await until(lambda: _messages(buyer, Remb)))[0]
            assert cap.ssrcs == (buyer.sending["1"].ssrc,)
            assert 200_000 < cap.bitrate_bps < 250_000
        finally:
            task.cancel()
        await buyer.close()
        await host.close()


async def test_an_outage_ends_with_a_keyframe_not_with_old_repairs() -> None:
    """A picture that stood still and has a hole begins anew: nothing old is asked for."""
    async with running_worker() as running:
        buyer = RtpPeer()
        await running.join(buyer, "p_buyer", "buyer")
        for number in range(10):
            await buyer.send("1", h264_frame(number, key=number == 0))
        await asyncio.sleep(1.4)
        asked = len(_messages(buyer, KeyframeRequest))
        for number in range(10, 60):
            await buyer.send("1", h264_frame(number), lose=True)
        await buyer.send("1", h264_frame(60))
        await until(lambda: len(_messages(buyer, KeyframeRequest)) > asked, 1.0)
        await asyncio.sleep(0.15)
        repairs = sum(len(one.sequences) for one in _messages(buyer, Nack))
        assert repairs <= 50
        await buyer.close()


async def test_lost_sound_is_repaired_on_both_legs() -> None:
    """Sound has no RTX: the same packet comes again under its own number."""
    async with running_worker() as running:
        buyer, host = RtpPeer(), RtpPeer()
        await running.join(buyer, "p_buyer", "buyer")
        await running.join(host, "p_host", "host")
        for number in range(12):
            await buyer.send("0", b"sound %d" % number, advance=960, lose=number == 6)
        sound = buyer.sending["0"].ssrc
        asked = await until(
            lambda: [one for one in _messages(buyer, Nack) if one.media_ssrc == sound]
        )
        assert asked[0].sequences == (1007,)
        await buyer.resend("0", 1007, rtx=False)
        await until(lambda: len(host.of_mid("0")) == 12)
        repaired = host.of_mid("0")[-1]
        assert repaired.payload == b"sound 6"
        # A viewer who asks is answered; this one has it, so SRTP drops it as a replay.
        again = struct.pack("!BBHIIHH", 0x81, 205, 3, 1, repaired.ssrc, repaired.sequence, 0)
        await host.send_raw(again)
        legs = running.worker._legs.values()
        await until(lambda: sum(leg.feedback.repeated for leg in legs) == 1)
        await buyer.close()
        await host.close()


async def test_two_pictures_in_a_second_are_no_outage() -> None:
    """At a low frame rate the pauses are long: no keyframe is asked for, which would blur all."""
    async with running_worker() as running:
        buyer = RtpPeer()
        await running.join(buyer, "p_buyer", "buyer")
        await buyer.send("1", h264_frame(0, key=True))
        await asyncio.sleep(0.6)
        asked = len(_messages(buyer, KeyframeRequest))
        for number in range(1, 4):
            await buyer.send("1", h264_frame(number))
            await asyncio.sleep(0.55)
        assert len(_messages(buyer, KeyframeRequest)) == asked
        await buyer.close()


async def test_sound_after_an_outage_brings_keyframes_both_ways_at_once() -> None:
    """The first packet of any kind shows that the line is back; pictures need not come first.

    What the viewer lacks from before is not sent again: it would only be in the way.
    """
    async with running_worker() as running:
        buyer, host = RtpPeer(), RtpPeer()
        await running.join(buyer, "p_buyer", "buyer")
        await running.join(host, "p_host", "host")
        await host.send("1", h264_frame(0, key=True))
        await until(lambda: buyer.of_mid("1"))
        await buyer.send("1", h264_frame(0, key=True))
        for number in range(20):
            await buyer.send("0", bytes(40), advance=960)
            await host.send("1", h264_frame(number + 1))
            await asyncio.sleep(0.02)
        await until(lambda: len(buyer.of_mid("1")) == 21)
        missed = buyer.of_mid("1")[-5]
        await asyncio.sleep(0.6)
        asked = {one: len(_messages(one, KeyframeRequest)) for one in (buyer, host)}
        began_s = asyncio.get_running_loop().time()
        await buyer.send("0", bytes(40), advance=960)
        for peer in (buyer, host):
            await until(lambda peer=peer: len(_messages(peer, KeyframeRequest)) > asked[peer], 1.0)
        assert asyncio.get_running_loop().time() - began_s < 0.3
        had = len(buyer.received)
        await buyer.send_raw(build_nack(1, missed.ssrc, [missed.sequence]))
        await asyncio.sleep(0.2)
        assert len(buyer.received) == had
        await until(lambda: len(_messages(buyer, KeyframeRequest)) > asked[buyer] + 1, 2.0)
        for peer in (buyer, host):
            await peer.close()


async def test_packets_from_the_past_reach_nobody() -> None:
    """Repeated, very old and replayed ones are dropped; the stream goes on as if none had come."""
    async with running_worker() as running:
        buyer, host = RtpPeer(), RtpPeer()
        opened = await running.join(buyer, "p_buyer", "buyer")
        await running.join(host, "p_host", "host")
        stream = buyer.sending["1"]
        first = await buyer.send("1", h264_frame(0, key=True))
        for number in range(1, 600):
            await buyer.send("1", h264_frame(number))
            if number % 50 == 0:
                await asyncio.sleep(0.02)
        await until(lambda: len(host.of_mid("1")) == 600)
        for sequence in (first, first + 1, stream.sequence, (stream.sequence - 30_000) & 0xFFFF):
            stream.sent.setdefault(sequence, (5000, True, h264_frame(9_999)))
            await buyer.resend("1", sequence, rtx=False)
            if stream.rtx_payload_type is not None:
                await buyer.resend("1", sequence, rtx=True)
        for number in range(600, 620):
            await buyer.send("1", h264_frame(number))
        await until(lambda: len(host.of_mid("1")) >= 620)
        await asyncio.sleep(0.1)
        assert [frame_number(one.payload) for one in host.of_mid("1")] == list(range(620))
        assert running.facts.kinds(opened["peer_id"]) == ["peer_connected"]
        for peer in (buyer, host):
            await peer.close()
