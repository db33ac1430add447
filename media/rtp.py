"""PURE. The RTP packet: reading its header, undoing wrap-around, spotting keyframes (RFC 3550)."""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct

from runtime.errors import PeerError

_FIXED = Struct("!BBHII")
_EXTENSION = Struct("!HH")
_ONE_BYTE_PROFILE = 0xBEDE

MID_URI = "urn:ietf:params:rtp-hdrext:sdes:mid"
ABS_SEND_TIME_URI = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
TRANSPORT_CC_URI = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"


@dataclass(frozen=True, slots=True)
class RtpHeader:
    """A packet's header; the payload lies in ``[payload_start, payload_end)`` of the packet."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload_start: int
    payload_end: int
    extensions: tuple[tuple[int, bytes], ...]

    def extension(self, extension_id: int) -> bytes | None:
        """The value of one header extension, None if absent (RFC 8285, one-byte form)."""
        for found, value in self.extensions:
            if found == extension_id:
                return value
        return None


def parse_rtp(packet: bytes) -> RtpHeader:
    """Read a decrypted packet's header.

    Raises:
        PeerError: it is not a well-formed RTP version 2 packet.
    """
    if len(packet) < 12:
        raise PeerError("RTP packet shorter than its header")
    first, second, sequence, timestamp, ssrc = _FIXED.unpack_from(packet)
    if first >> 6 != 2:
        raise PeerError("RTP version is not 2")
    start, end = 12 + 4 * (first & 0x0F), len(packet)
    extensions: tuple[tuple[int, bytes], ...] = ()
    if first & 0x10:
        if start + 4 > end:
            raise PeerError("RTP header extension is cut off")
        profile, words = _EXTENSION.unpack_from(packet, start)
        stop = start + 4 + 4 * words
        if stop > end:
            raise PeerError("RTP header extension is cut off")
        if profile == _ONE_BYTE_PROFILE:
            extensions = _one_byte_extensions(packet, start + 4, stop)
        start = stop
    if start > end:
        raise PeerError("RTP header is cut off")
    if first & 0x20:
        padding = packet[-1] if end > start else 0
        if not 0 < padding <= end - start:
            raise PeerError("RTP padding is longer than the packet")
        end -= padding
    return RtpHeader(
        second & 0x7F, bool(second & 0x80), sequence, timestamp, ssrc, start, end, extensions
    )


def _one_byte_extensions(packet: bytes, position: int, stop: int) -> tuple[tuple[int, bytes], ...]:
    found: list[tuple[int, bytes]] = []
    while position < stop:
        head = packet[position]
        if head == 0:
            position += 1
            continue
        if head >> 4 == 15:
            break
        end = position + 2 + (head & 0x0F)
        if end > stop:
            break
        found.append((head >> 4, packet[position + 1 : end]))
        position = end
    return tuple(found)


def distance16(newer: int, older: int) -> int:
    """How far ``newer`` is after ``older`` on the 16-bit circle, in [-32768, 32767]."""
    return ((newer - older + 0x8000) & 0xFFFF) - 0x8000


def distance32(newer: int, older: int) -> int:
    """How far ``newer`` is after ``older`` on the 32-bit circle, in [-2^31, 2^31)."""
    return ((newer - older + 0x80000000) & 0xFFFFFFFF) - 0x80000000


def unwrap16(value: int, near: int) -> int:
    """The integer congruent to ``value`` modulo 2^16 that is nearest to ``near``."""
    return near + distance16(value, near & 0xFFFF)


def starts_keyframe(codec: str, payload: bytes) -> bool:
    """Whether a keyframe begins with this packet (RFC 6184 for H264, RFC 7741 for VP8).

    An empty or torn payload is no keyframe; any audio packet is one.
    """
    if codec == "H264":
        return _starts_h264_keyframe(payload)
    if codec == "VP8":
        return _starts_vp8_keyframe(payload)
    return True


def only_announces(codec: str, payload: bytes) -> bool:
    """Whether this packet precedes a picture without saying of what kind it is.

    Encoders may put a delimiter (9) or information (6) in a packet of its own before
    the parameter sets of a keyframe (ITU-T H.264, 7.4.1.2.3).
    """
    return codec == "H264" and len(payload) > 0 and payload[0] & 0x1F in (6, 9)


def _starts_h264_keyframe(payload: bytes) -> bool:
    if not payload:
        return False
    unit = payload[0] & 0x1F
    if unit in (5, 7):
        return True
    if unit == 24:
        position = 1
        while position + 2 < len(payload):
            if payload[position + 2] & 0x1F in (5, 7):
                return True
            position += 2 + (payload[position] << 8 | payload[position + 1])
        return False
    return unit == 28 and len(payload) > 1 and payload[1] & 0x80 > 0 and payload[1] & 0x1F in (5, 7)


def _starts_vp8_keyframe(payload: bytes) -> bool:
    if not payload or payload[0] & 0x17 != 0x10:
        return False
    position = 1
    if payload[0] & 0x80:
        if len(payload) < 2:
            return False
        bits, position = payload[1], 2
        if bits & 0x80:
            wide = len(payload) > position and payload[position] & 0x80
            position += 2 if wide else 1
        if bits & 0x40:
            position += 1
        if bits & 0x30:
            position += 1
    return len(payload) > position and payload[position] & 1 == 0
