"""PURE. RTCP: the messages a relay reads and writes, from and to bytes.

Sources: RFC 3550 (SR, RR, SDES), RFC 4585 (NACK, PLI), RFC 5104 (FIR),
draft-alvestrand-rmcat-remb (REMB). Transport-wide feedback is in ``twcc.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from struct import Struct

from runtime.errors import PeerError

_U16 = Struct("!H")
_U32 = Struct("!I")
_SENDER = Struct("!IQIII")
_BLOCK = Struct("!IIIIII")
_PAIR = Struct("!HH")
_TWO = Struct("!II")
_MAX_NACK_ITEMS = 256


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """What a receiver says of one stream; ``fraction_lost`` is of 256, ``delay`` of 65,536 s."""

    ssrc: int
    fraction_lost: int
    lost: int
    highest_sequence: int
    jitter: int
    last_report: int
    delay: int


@dataclass(frozen=True, slots=True)
class SenderInfo:
    """A sender report: the mapping of the sender's NTP clock to its RTP timestamps."""

    ssrc: int
    ntp: int
    rtp_timestamp: int
    packets: int
    octets: int
    blocks: tuple[ReportBlock, ...]


@dataclass(frozen=True, slots=True)
class ReceiverInfo:
    """A receiver report."""

    ssrc: int
    blocks: tuple[ReportBlock, ...]


@dataclass(frozen=True, slots=True)
class Nack:
    """Packets that the receiver asks for again."""

    media_ssrc: int
    sequences: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class KeyframeRequest:
    """A PLI or a FIR: the receiver cannot go on without a keyframe."""

    media_ssrc: int


@dataclass(frozen=True, slots=True)
class Remb:
    """The bitrate that the receiver believes its downlink carries."""

    bitrate_bps: int
    ssrcs: tuple[int, ...]


RtcpMessage = SenderInfo | ReceiverInfo | Nack | KeyframeRequest | Remb


def parse_rtcp(compound: bytes) -> list[RtcpMessage]:
    """The messages of one decrypted compound packet that a relay acts on.

    Unknown kinds are skipped (RFC 3550, 6.1).

    Raises:
        PeerError: a length or a count does not fit the bytes; nothing of it is used.
    """
    messages: list[RtcpMessage] = []
    position, end = 0, len(compound)
    while position < end:
        if position + 4 > end:
            raise PeerError("RTCP header is cut off")
        first, kind = compound[position], compound[position + 1]
        if first >> 6 != 2:
            raise PeerError("RTCP version is not 2")
        stop = position + 4 + 4 * _U16.unpack_from(compound, position + 2)[0]
        if stop > end:
            raise PeerError("RTCP packet is cut off")
        body = compound[position + 4 : stop]
        if first & 0x20:
            if not body or not 0 < body[-1] <= len(body):
                raise PeerError("RTCP padding is longer than the packet")
            body = body[: -body[-1]]
        _read(kind, first & 0x1F, body, messages)
        position = stop
    return messages


def _read(kind: int, count: int, body: bytes, messages: list[RtcpMessage]) -> None:
    if kind == 200:
        _need(body, 24 + 24 * count)
        ssrc, ntp, rtp_timestamp, packets, octets = _SENDER.unpack_from(body)
        blocks = _blocks(body, 24, count)
        messages.append(SenderInfo(ssrc, ntp, rtp_timestamp, packets, octets, blocks))
    elif kind == 201:
        _need(body, 4 + 24 * count)
        messages.append(ReceiverInfo(_U32.unpack_from(body)[0], _blocks(body, 4, count)))
    elif kind == 205 and count == 1:
        _need(body, 8)
        messages.append(Nack(_U32.unpack_from(body, 4)[0], _nack_items(body)))
    elif kind == 206 and count == 1:
        _need(body, 8)
        messages.append(KeyframeRequest(_U32.unpack_from(body, 4)[0]))
    elif kind == 206 and count == 4:
        _need(body, 8)
        for position in range(8, len(body) - 7, 8):
            messages.append(KeyframeRequest(_U32.unpack_from(body, position)[0]))
    elif kind == 206 and count == 15 and body[8:12] == b"REMB":
        messages.append(_remb(body))


def _need(body: bytes, length: int) -> None:
    if len(body) < length:
        raise PeerError("RTCP message is shorter than its counts say")


def _blocks(body: bytes, position: int, count: int) -> tuple[ReportBlock, ...]:
    found = []
    for index in range(count):
        ssrc, loss, highest, jitter, last, delay = _BLOCK.unpack_from(body, position + 24 * index)
        lost = loss & 0xFFFFFF
        if lost & 0x800000:
            lost -= 0x1000000
        found.append(ReportBlock(ssrc, loss >> 24, lost, highest, jitter, last, delay))
    return tuple(found)


def _nack_items(body: bytes) -> tuple[int, ...]:
    wanted: list[int] = []
    for position in range(8, min(len(body) - 3, 8 + 4 * _MAX_NACK_ITEMS), 4):
        sequence, mask = _PAIR.unpack_from(body, position)
        wanted.append(sequence)
        wanted += [(sequence + bit + 1) & 0xFFFF for bit in range(16) if mask >> bit & 1]
    return tuple(wanted)


def _remb(body: bytes) -> Remb:
    _need(body, 16)
    count = body[12]
    _need(body, 16 + 4 * count)
    mantissa = (body[13] & 0x03) << 16 | body[14] << 8 | body[15]
    ssrcs = tuple(_U32.unpack_from(body, 16 + 4 * index)[0] for index in range(count))
    return Remb(mantissa << (body[13] >> 2), ssrcs)


def _message(kind: int, count: int, body: bytes) -> bytes:
    return bytes((0x80 | count, kind)) + _U16.pack(len(body) // 4) + body


def build_sender_report(info: SenderInfo, cname: str) -> bytes:
    """An SR followed by the SDES that every compound packet needs."""
    body = _SENDER.pack(
        info.ssrc, info.ntp, info.rtp_timestamp, info.packets & 0xFFFFFFFF, info.octets & 0xFFFFFFFF
    )
    body += b"".join(_block(block) for block in info.blocks)
    return _message(200, len(info.blocks), body) + _sdes(info.ssrc, cname)


def build_receiver_report(ssrc: int, blocks: Sequence[ReportBlock], cname: str) -> bytes:
    """An RR of at most 31 blocks followed by its SDES."""
    body = _U32.pack(ssrc) + b"".join(_block(block) for block in blocks[:31])
    return _message(201, min(len(blocks), 31), body) + _sdes(ssrc, cname)


def _block(block: ReportBlock) -> bytes:
    return _BLOCK.pack(
        block.ssrc,
        (block.fraction_lost & 0xFF) << 24 | (block.lost & 0xFFFFFF),
        block.highest_sequence & 0xFFFFFFFF,
        min(block.jitter, 0xFFFFFFFF),
        block.last_report,
        min(block.delay, 0xFFFFFFFF),
    )


def _sdes(ssrc: int, cname: str) -> bytes:
    name = cname.encode()[:255]
    item = _U32.pack(ssrc) + bytes((1, len(name))) + name
    return _message(202, 1, item + bytes(4 - len(item) % 4))


def build_nack(ssrc: int, media_ssrc: int, sequences: Iterable[int]) -> bytes:
    """A generic NACK; ``sequences`` ascend on the 16-bit circle."""
    items = bytearray()
    base, mask = -1, 0
    for sequence in sequences:
        ahead = (sequence - base) & 0xFFFF
        if base >= 0 and 1 <= ahead <= 16:
            mask |= 1 << (ahead - 1)
            continue
        if base >= 0:
            items += _PAIR.pack(base, mask)
        base, mask = sequence & 0xFFFF, 0
    if base >= 0:
        items += _PAIR.pack(base, mask)
    return _message(205, 1, _TWO.pack(ssrc, media_ssrc) + items)


def build_pli(ssrc: int, media_ssrc: int) -> bytes:
    """A picture loss indication."""
    return _message(206, 1, _TWO.pack(ssrc, media_ssrc))


def build_remb(ssrc: int, bitrate_bps: int, media_ssrcs: Sequence[int]) -> bytes:
    """A REMB for at most 255 streams; the rate keeps 18 significant bits, rounded down."""
    exponent = max(0, bitrate_bps.bit_length() - 18)
    mantissa = bitrate_bps >> exponent
    listed = media_ssrcs[:255]
    body = _TWO.pack(ssrc, 0) + b"REMB"
    body += bytes((len(listed), exponent << 2 | mantissa >> 16)) + _U16.pack(mantissa & 0xFFFF)
    return _message(206, 15, body + b"".join(_U32.pack(one) for one in listed))
