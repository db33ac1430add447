"""RTCP: what is built is read back, what is hostile is refused."""

from __future__ import annotations

import struct

import pytest
from aiortc.rtp import RtcpPacket, RtcpPsfbPacket, RtcpRrPacket, RtcpRtpfbPacket, unpack_remb_fci
from hypothesis import given
from hypothesis import strategies as st

from media.rtcp import (
    KeyframeRequest,
    Nack,
    ReceiverInfo,
    Remb,
    ReportBlock,
    SenderInfo,
    build_nack,
    build_pli,
    build_receiver_report,
    build_remb,
    build_sender_report,
    parse_rtcp,
)
from runtime.errors import PeerError

U16 = st.integers(0, 0xFFFF)
U32 = st.integers(0, 0xFFFFFFFF)
BLOCKS = st.builds(
    ReportBlock, U32, st.integers(0, 255), st.integers(-0x800000, 0x7FFFFF), U32, U32, U32, U32
)


@given(st.lists(BLOCKS, max_size=31), U32)
def test_a_receiver_report_is_read_back(blocks: list[ReportBlock], ssrc: int) -> None:
    """All fields, negative loss included; the SDES behind it is skipped."""
    assert parse_rtcp(build_receiver_report(ssrc, blocks, "name")) == [
        ReceiverInfo(ssrc, tuple(blocks))
    ]


@given(U32, st.integers(0, (1 << 64) - 1), U32, U32, U32)
def test_a_sender_report_is_read_back(
    ssrc: int, ntp: int, rtp_timestamp: int, packets: int, octets: int
) -> None:
    """The NTP and RTP pair and the counters."""
    info = SenderInfo(ssrc, ntp, rtp_timestamp, packets, octets, ())
    assert parse_rtcp(build_sender_report(info, "a")) == [info]


@given(U16, st.lists(st.integers(1, 60), max_size=50))
def test_a_nack_names_exactly_what_was_asked(first: int, steps: list[int]) -> None:
    """Also across the wrap-around of the sequence numbers."""
    wanted = [first]
    for step in steps:
        wanted.append((wanted[-1] + step) & 0xFFFF)
    if len(set(wanted)) != len(wanted):
        return
    assert parse_rtcp(build_nack(1, 2, wanted)) == [Nack(2, tuple(wanted))]


@given(st.integers(0, 1 << 40), st.lists(U32, max_size=6))
def test_a_remb_keeps_eighteen_bits(bitrate_bps: int, ssrcs: list[int]) -> None:
    """Rounded down by less than one part in 131,072."""
    (remb,) = parse_rtcp(build_remb(1, bitrate_bps, ssrcs))
    assert isinstance(remb, Remb)
    assert remb.ssrcs == tuple(ssrcs)
    assert bitrate_bps - bitrate_bps / 131_072 - 1 <= remb.bitrate_bps <= bitrate_bps


def test_another_implementation_reads_what_we_build() -> None:
    """aiortc's parser as the oracle."""
    block = ReportBlock(7, 10, -3, 70_000, 5, 6, 7)
    report, _ = RtcpPacket.parse(build_receiver_report(1, [block], "proofcall"))
    assert isinstance(report, RtcpRrPacket)
    assert report.reports[0].packets_lost == -3
    (nack,) = RtcpPacket.parse(build_nack(1, 2, [65_534, 65_535, 0, 40]))
    assert isinstance(nack, RtcpRtpfbPacket)
    assert [one & 0xFFFF for one in nack.lost] == [65_534, 65_535, 0, 40]
    (pli,) = RtcpPacket.parse(build_pli(1, 2))
    assert isinstance(pli, RtcpPsfbPacket)
    assert (pli.fmt, pli.media_ssrc) == (1, 2)
    (remb,) = RtcpPacket.parse(build_remb(1, 1_234_567, [9]))
    assert isinstance(remb, RtcpPsfbPacket)
    bitrate_bps, ssrcs = unpack_remb_fci(remb.fci)
    assert (round(bitrate_bps / 1000), ssrcs) == (1235, [9])


def test_a_fir_is_a_keyframe_request_for_each_entry() -> None:
    """RFC 5104: the SSRC is in the entry, not in the header."""
    packet = struct.pack("!BBHIIIIII", 0x84, 206, 6, 1, 0, 11, 0, 12, 0)
    assert parse_rtcp(packet) == [KeyframeRequest(11), KeyframeRequest(12)]


@pytest.mark.parametrize(
    "packet",
    [
        struct.pack("!BBHII", 0x8F, 206, 4, 1, 0) + b"REMB" + bytes((255, 0, 0, 0)),
        struct.pack("!BBHI", 0x9F, 201, 1, 1),
        struct.pack("!BBHI", 0x80, 200, 1, 1),
        struct.pack("!BBHI", 0x81, 206, 1, 1),
        struct.pack("!BBH", 0x81, 205, 9),
        b"\x80\xc8",
        b"\x00\xc8\x00\x00",
        struct.pack("!BBHI", 0xA0, 201, 1, 0xFF),
    ],
)
def test_a_count_that_does_not_fit_is_refused(packet: bytes) -> None:
    """The REMB that ended a call in aiortc among them."""
    with pytest.raises(PeerError):
        parse_rtcp(packet)


@given(st.binary(max_size=120), st.sampled_from(range(192, 224)), st.integers(0, 31))
def test_hostile_bytes_raise_nothing_but_peer_errors(body: bytes, kind: int, count: int) -> None:
    """With a right length in the header, so that the inside is reached."""
    body = body[: len(body) // 4 * 4]
    packet = struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body
    for candidate in (packet, body, packet + body):
        try:
            parse_rtcp(candidate)
        except PeerError:
            continue
