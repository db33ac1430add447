"""Packets to frames: order, loss, and payloads that a stranger made up."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.depacketise import Codec, Depacketiser, Frame
from tests.support.tap_feed import Packet, h264_payloads, vp8_payloads

MS = 1_000_000


def unit(kind: int, size: int, fill: int = 0x41) -> bytes:
    """A NAL unit that looks like a slice beginning at the first macroblock."""
    return bytes((0x60 | kind, 0x88)) + bytes([fill]) * size


def h264_packets(frames: int, *, size: int = 3_000) -> list[Packet]:
    """A key frame with parameter sets, then pictures of several packets each."""
    packets: list[Packet] = []
    for number in range(frames):
        head = b"\0\0\0\1\x67\x42\xe0\x1f\0\0\0\1\x68\xce\x3c\x80" if number == 0 else b""
        body = unit(5 if number == 0 else 1, size, 1 + number % 200)
        payloads = h264_payloads(head + b"\0\0\0\1" + body)
        first = 65_530 + len(packets)
        packets.extend(
            Packet(
                number / 30,
                (first + at) & 0xFFFF,
                number * 3_000,
                at == len(payloads) - 1,
                payload,
            )
            for at, payload in enumerate(payloads)
        )
    return packets


def run(codec: Codec, packets: list[Packet]) -> tuple[list[Frame], Depacketiser]:
    """Push packets in the given order."""
    depacketiser = Depacketiser(codec)
    frames: list[Frame] = []
    for packet in packets:
        frames.extend(
            depacketiser.push(
                packet.sequence,
                packet.timestamp,
                packet.marker,
                packet.payload,
                round(packet.at_s * 1e9),
            )
        )
    frames.extend(depacketiser.flush())
    return frames, depacketiser


def test_h264_frames_come_out_whole_and_length_prefixed() -> None:
    """Parameter sets and slices of a key frame stand one after the other."""
    frames, _ = run(Codec.H264, h264_packets(3))
    assert [frame.keyframe for frame in frames] == [True, False, False]
    assert frames[0].data[:8] == b"\0\0\0\4\x67\x42\xe0\x1f"
    assert frames[1].data == (3_002).to_bytes(4, "big") + unit(1, 3_000, 2)


def test_vp8_frames_lose_their_descriptors_only() -> None:
    """The bytes behind the payload descriptors are the frame."""
    frame = b"\x10" + bytes(2_500)
    depacketiser = Depacketiser(Codec.VP8)
    out: list[Frame] = []
    payloads = vp8_payloads(frame, 77)
    for at, payload in enumerate(payloads):
        out += depacketiser.push(at, 9, at == len(payloads) - 1, payload, 0)
    assert [one.data for one in out] == [frame]
    assert out[0].keyframe


@given(st.lists(st.integers(0, 6), min_size=60, max_size=60))
@settings(max_examples=60, deadline=None)
def test_any_order_within_the_wait_gives_the_same_frames(delays: list[int]) -> None:
    """Packets that overtake each other by less than the wait change nothing."""
    packets = h264_packets(15)
    expected, _counters = run(Codec.H264, packets)
    order = sorted(range(1, len(packets)), key=lambda at: at + delays[at % len(delays)])
    shuffled = [packets[0]] + [packets[at] for at in order]
    frames, depacketiser = run(Codec.H264, shuffled)
    assert [frame.data for frame in frames] == [frame.data for frame in expected]
    assert depacketiser.lost_packets == 0


@given(st.sets(st.integers(3, 40), max_size=12))
@settings(max_examples=60, deadline=None)
def test_lost_packets_cost_their_own_frames_only(lost: set[int]) -> None:
    """Every frame without a lost packet comes out, every other is counted, none is altered."""
    packets = h264_packets(15)
    whole, _ = run(Codec.H264, packets)
    hurt = {packets[at].timestamp for at in lost}
    frames, depacketiser = run(
        Codec.H264, [packet for at, packet in enumerate(packets) if at not in lost]
    )
    kept = {frame.rtp_timestamp for frame in frames}
    assert kept == {frame.rtp_timestamp for frame in whole} - hurt
    assert {frame.data for frame in frames} <= {frame.data for frame in whole}
    assert depacketiser.lost_packets == len(lost)
    assert sum(loss.packets for loss in depacketiser.take_losses()) == len(lost)


def test_a_hole_waits_no_longer_than_its_limit() -> None:
    """After 1.8 s of arrival time what waited behind the hole goes on."""
    depacketiser = Depacketiser(Codec.OPUS)
    depacketiser.push(1, 0, True, b"a", 0)
    assert depacketiser.push(3, 1_920, True, b"c", 40 * MS) == []
    assert depacketiser.release(1_830 * MS) == []
    assert [frame.data for frame in depacketiser.release(1_841 * MS)] == [b"c"]
    loss = depacketiser.take_losses()[0]
    assert (loss.from_ns, loss.to_ns, loss.packets) == (0, 40 * MS, 1)


def test_a_late_repair_is_still_taken() -> None:
    """A retransmission within the wait fills its hole, in order."""
    depacketiser = Depacketiser(Codec.OPUS)
    depacketiser.push(1, 0, True, b"a", 0)
    depacketiser.push(3, 1_920, True, b"c", 40 * MS)
    assert [f.data for f in depacketiser.push(2, 960, True, b"b", 1_740 * MS)] == [b"b", b"c"]
    assert depacketiser.lost_packets == 0


def test_a_repeated_packet_costs_nothing() -> None:
    """A packet that came twice is given once."""
    packets = h264_packets(4)
    doubled = [packet for packet in packets for _ in range(2)]
    frames, _ = run(Codec.H264, doubled)
    assert len(frames) == 4


def test_a_new_numbering_goes_on() -> None:
    """A sender that starts its sequence numbers again is heard again soon."""
    depacketiser = Depacketiser(Codec.OPUS)
    heard = 0
    for number in range(20):
        heard += len(depacketiser.push(40_000 + number, number, True, b"x", number * MS))
    for number in range(200):
        heard += len(depacketiser.push(10_000 + number, number, True, b"x", number * MS))
    assert heard > 150


@given(
    st.sampled_from(list(Codec)),
    st.lists(
        st.tuples(
            st.integers(0, 0xFFFF) | st.integers(0, 30),
            st.integers(0, 0xFFFFFFFF) | st.integers(0, 3),
            st.booleans(),
            st.binary(max_size=40)
            | st.sampled_from(
                [b"\x7c\x85\x88", b"\x7c\x45\x01", b"\x78\0\1A\0\2", b"\x90\x80\xff"]
            ),
            st.integers(0, 10**10),
        ),
        max_size=80,
    ),
)
@settings(max_examples=150, deadline=None)
def test_nothing_a_stranger_sends_makes_it_raise(
    codec: Codec, packets: list[tuple[int, int, bool, bytes, int]]
) -> None:
    """Any payload in any order gives frames or nothing, and holds a bounded number."""
    depacketiser = Depacketiser(codec)
    for packet in packets:
        depacketiser.push(*packet)
        depacketiser.release(packet[4])
    depacketiser.flush()
    assert not depacketiser.waits
