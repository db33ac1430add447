"""PURE. The record format in which a media process hands packets to the recorder.

One message on the local socket (``SOCK_SEQPACKET``) is a concatenation of records.
A record is a header of ``HEADER_BYTES`` bytes followed by ``length`` payload bytes::

    u8 kind · u8 flags · u16 length · u32 handle · u64 wall_ns

``handle`` names a track within one connection, ``wall_ns`` is the server's wall clock
when the packet arrived (nanoseconds since the Unix epoch).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from struct import Struct
from struct import error as StructError  # noqa: N812 - the class is misnamed at its source

_HEADER = Struct("!BBHIQ")
_RTP = Struct("!HI")
_SENDER_REPORT = Struct("!QI")
_DROPPED = Struct("!IQ")
HEADER_BYTES = _HEADER.size
MAX_MESSAGE_BYTES = 65_536
MARKER = 0x01


class TapKind(IntEnum):
    """What a record carries."""

    TRACK = 1
    RTP = 2
    SENDER_REPORT = 3
    DROPPED = 4
    END = 5


class TapError(ValueError):
    """A message that does not follow the format."""


@dataclass(frozen=True, slots=True)
class TrackOpened:
    """A track begins: everything the recorder needs to know of it."""

    handle: int
    wall_ns: int
    session_id: str
    participant_id: str
    peer_id: str
    track_id: str
    kind: str
    codec: str
    clock_rate: int


@dataclass(frozen=True, slots=True)
class RtpArrived:
    """One decrypted RTP packet, in arrival order, header already read."""

    handle: int
    wall_ns: int
    sequence: int
    timestamp: int
    marker: bool
    payload: bytes


@dataclass(frozen=True, slots=True)
class SenderReport:
    """The sender's own mapping of RTP timestamp to its NTP clock (RFC 3550, 6.4.1)."""

    handle: int
    wall_ns: int
    ntp: int
    rtp_timestamp: int


@dataclass(frozen=True, slots=True)
class PacketsDropped:
    """The bounded socket was full: ``count`` packets were not handed over since ``since_ns``."""

    handle: int
    wall_ns: int
    count: int
    since_ns: int


@dataclass(frozen=True, slots=True)
class TrackEnded:
    """A track ends; ``cause`` is a stable word (``left``, ``lost``, ``replaced``, ``drained``)."""

    handle: int
    wall_ns: int
    cause: str


TapRecord = TrackOpened | RtpArrived | SenderReport | PacketsDropped | TrackEnded


def encode_rtp(
    handle: int, wall_ns: int, sequence: int, timestamp: int, marker: int, payload: bytes
) -> bytes:
    """One RTP record; the hot path, so it takes plain values."""
    return (
        _HEADER.pack(TapKind.RTP, 1 if marker else 0, 6 + len(payload), handle, wall_ns)
        + _RTP.pack(sequence, timestamp)
        + payload
    )


def encode(record: TapRecord) -> bytes:
    """The bytes of one record."""
    match record:
        case RtpArrived():
            return encode_rtp(
                record.handle,
                record.wall_ns,
                record.sequence,
                record.timestamp,
                record.marker,
                record.payload,
            )
        case SenderReport():
            kind, body = (
                TapKind.SENDER_REPORT,
                _SENDER_REPORT.pack(record.ntp, record.rtp_timestamp),
            )
        case PacketsDropped():
            kind, body = TapKind.DROPPED, _DROPPED.pack(record.count, record.since_ns)
        case TrackEnded():
            kind, body = TapKind.END, record.cause.encode()
        case TrackOpened():
            kind = TapKind.TRACK
            body = json.dumps(
                {
                    "session_id": record.session_id,
                    "participant_id": record.participant_id,
                    "peer_id": record.peer_id,
                    "track_id": record.track_id,
                    "kind": record.kind,
                    "codec": record.codec,
                    "clock_rate": record.clock_rate,
                }
            ).encode()
    return _HEADER.pack(kind, 0, len(body), record.handle, record.wall_ns) + body


def decode(message: bytes) -> Iterator[TapRecord]:
    """The records of one message, in order.

    Raises:
        TapError: the message is torn or of an unknown kind; records before it were yielded.
    """
    position, end = 0, len(message)
    while position < end:
        if position + HEADER_BYTES > end:
            raise TapError("torn header")
        kind, flags, length, handle, wall_ns = _HEADER.unpack_from(message, position)
        position += HEADER_BYTES
        if position + length > end:
            raise TapError("torn record")
        body = message[position : position + length]
        position += length
        yield _record(kind, flags, handle, wall_ns, body)


def _record(kind: int, flags: int, handle: int, wall_ns: int, body: bytes) -> TapRecord:
    try:
        match kind:
            case TapKind.RTP:
                sequence, timestamp = _RTP.unpack_from(body)
                return RtpArrived(
                    handle, wall_ns, sequence, timestamp, bool(flags & MARKER), body[6:]
                )
            case TapKind.SENDER_REPORT:
                return SenderReport(handle, wall_ns, *_SENDER_REPORT.unpack(body))
            case TapKind.DROPPED:
                return PacketsDropped(handle, wall_ns, *_DROPPED.unpack(body))
            case TapKind.END:
                return TrackEnded(handle, wall_ns, body.decode())
            case TapKind.TRACK:
                return TrackOpened(handle, wall_ns, **json.loads(body))
    except (ValueError, TypeError, StructError) as error:
        raise TapError(f"bad record of kind {kind}: {error}") from error
    raise TapError(f"unknown kind {kind}")
