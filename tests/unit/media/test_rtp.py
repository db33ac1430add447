"""RTP headers, wrap-around, keyframes."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.rtp import distance16, distance32, parse_rtp, starts_keyframe, unwrap16
from runtime.errors import PeerError

U16 = st.integers(0, 0xFFFF)
U32 = st.integers(0, 0xFFFFFFFF)


@given(U16, U32, U32, st.integers(0, 127), st.booleans(), st.binary(max_size=60))
def test_a_plain_header_is_read_back(
    sequence: int, timestamp: int, ssrc: int, payload_type: int, marker: bool, payload: bytes
) -> None:
    """Every field of a 12-byte header, and the payload's place."""
    second = payload_type | (0x80 if marker else 0)
    packet = struct.pack("!BBHII", 0x80, second, sequence, timestamp, ssrc) + payload
    header = parse_rtp(packet)
    assert (header.sequence, header.timestamp, header.ssrc) == (sequence, timestamp, ssrc)
    assert (header.payload_type, header.marker) == (payload_type, marker)
    assert packet[header.payload_start : header.payload_end] == payload


def test_extensions_padding_and_contributors_are_stepped_over() -> None:
    """Two CSRCs, a one-byte extension block with padding inside, four bytes of padding."""
    packet = (
        struct.pack("!BBHII", 0xB2, 96, 1, 2, 3)
        + bytes(8)
        + struct.pack("!HH", 0xBEDE, 2)
        + b"\x10\x31\x00\x51\xab\xcd\x00\x00"
        + b"body"
        + b"\0\0\0\x04"
    )
    header = parse_rtp(packet)
    assert packet[header.payload_start : header.payload_end] == b"body"
    assert header.extension(1) == b"1"
    assert header.extension(5) == b"\xab\xcd"
    assert header.extension(3) is None


@given(st.binary(max_size=80))
def test_hostile_bytes_raise_nothing_but_peer_errors(packet: bytes) -> None:
    """Whatever it is, the payload lies inside or the packet is refused."""
    for candidate in (packet, b"\x90" + packet, b"\xbf" + packet):
        try:
            header = parse_rtp(candidate)
        except PeerError:
            continue
        assert 12 <= header.payload_start <= header.payload_end <= len(candidate)


@given(st.integers(0, 1 << 40), st.integers(-32768, 32767))
def test_unwrapping_finds_the_nearest(near: int, step: int) -> None:
    """Any step of less than half the circle is undone, forwards and backwards."""
    assert unwrap16((near + step) & 0xFFFF, near) == near + step


@given(U32, st.integers(-(1 << 31), (1 << 31) - 1))
def test_distances_are_signed(start: int, step: int) -> None:
    """The distance on the circle is the step that was taken."""
    assert distance32((start + step) & 0xFFFFFFFF, start) == step
    assert distance16((start + step // 65536) & 0xFFFF, start & 0xFFFF) == step // 65536


@pytest.mark.parametrize(
    ("codec", "payload", "key"),
    [
        ("H264", b"\x67\x42\xe0", True),
        ("H264", b"\x65\x88", True),
        ("H264", b"\x41\x9a", False),
        ("H264", b"\x18\x00\x02\x09\x10\x00\x02\x67\x42", True),
        ("H264", b"\x18\x00\x02\x09\x10\x00\x02\x41\x42", False),
        ("H264", b"\x7c\x85\x88", True),
        ("H264", b"\x7c\x05\x88", False),
        ("H264", b"\x7c\x81\x88", False),
        ("H264", b"", False),
        ("H264", b"\x18\xff", False),
        ("VP8", b"\x10\x00\x00", True),
        ("VP8", b"\x10\x01\x00", False),
        ("VP8", b"\x00\x00\x00", False),
        ("VP8", b"\x11\x00\x00", False),
        ("VP8", b"\x90\x80\x80\x01\x10", True),
        ("VP8", b"\x90\xe0\x01\x02\x03\x10", True),
        ("VP8", b"\x90\xe0\x01\x02\x03\x11", False),
        ("VP8", b"\x90", False),
        ("opus", b"", True),
    ],
)
def test_keyframes_are_recognised(codec: str, payload: bytes, key: bool) -> None:
    """Single units, aggregates, fragments; VP8 with and without its extension bytes."""
    assert starts_keyframe(codec, payload) is key


@given(st.sampled_from(["H264", "VP8"]), st.binary(max_size=40))
def test_any_payload_can_be_looked_at(codec: str, payload: bytes) -> None:
    """Torn payloads are no keyframes and raise nothing."""
    assert starts_keyframe(codec, payload) in (True, False)
