"""PURE. One outbound stream: rewriting with continuity, whatever source feeds it.

Each egress has an SSRC, sequence numbers, timestamps and payload types of its own;
a change of source shows to the viewer as one stream that goes on at a keyframe.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from struct import Struct
from typing import TYPE_CHECKING, Any, Protocol

from media.downlink import DownlinkCap
from media.history import ResendGate
from media.rtp import distance32

if TYPE_CHECKING:
    from media.ingress import Ingress
    from media.still_feed import StillFeed

HEAD_WITH_TIME = Struct("!BBHIIHHI")
HEAD = Struct("!BBHII")
_ORIGINAL = Struct("!H")
_MAX_ORIGINS = 64


@dataclass(frozen=True, slots=True)
class Origin:
    """From ``first_timestamp`` (ours) on, ours minus ``offset`` is the source's timestamp."""

    participant_id: str
    track_id: str
    first_timestamp: int
    offset: int


class Way(Protocol):
    """The way to the viewer (``transmit.py``), as far as a stream knows it."""

    session: Any
    sendto: Callable[[Any, Any], int]
    remote: tuple[Any, ...] | None
    dropped: int

    @property
    def ready(self) -> bool:
        """Whether there are keys and a path."""

    def send(self, packet: bytes, *, rtcp: bool) -> bool:
        """Protect and send; False if it was dropped."""


class ViewerOwner(Protocol):
    """The leg's side of an egress."""

    def forward_report(self, out: Egress, ntp: int, rtp_timestamp: int) -> None:
        """Send a sender report; ``rtp_timestamp`` is the source's."""


class Egress:
    """The state of one m-line towards one viewer."""

    __slots__ = (
        "cap",
        "clock_rate",
        "gate",
        "head_bytes",
        "kind",
        "loss",
        "mid",
        "octets",
        "origins",
        "others_bps",
        "owner",
        "packets",
        "payload_type_of",
        "rate_bps",
        "reported",
        "rtx_of",
        "rtx_sequence",
        "rtx_ssrc",
        "second_of",
        "sequence_offset",
        "sharers",
        "source",
        "ssrc",
        "still",
        "time_prefix",
        "timestamp_offset",
        "transmitter",
        "unbound",
    )

    def __init__(
        self,
        *,
        owner: ViewerOwner,
        mid: str,
        kind: str,
        clock_rate: int,
        ssrc: int,
        rtx_ssrc: int,
        payload_type_of: Mapping[str, int],
        rtx_of: Mapping[int, int],
        send_time_id: int,
        first_sequence: int,
        first_timestamp: int,
        transmitter: Way,
    ) -> None:
        self.transmitter = transmitter
        self.owner = owner
        self.mid = mid
        self.kind = kind
        self.clock_rate = clock_rate
        self.ssrc = ssrc
        self.rtx_ssrc = rtx_ssrc
        self.payload_type_of = dict(payload_type_of)
        self.rtx_of = dict(rtx_of)
        # One-byte extension header: id, length 3 bytes (minus one), 24 bits of send time.
        self.time_prefix = send_time_id << 28 | 2 << 24 if send_time_id else 0
        self.head_bytes = HEAD_WITH_TIME.size if send_time_id else HEAD.size
        self.source: Ingress | None = None
        self.second_of: dict[int, int] = {}
        self.sequence_offset = 0
        self.timestamp_offset = 0
        self.origins: deque[Origin] = deque(maxlen=_MAX_ORIGINS)
        # Where the stream stands while no source feeds it: next sequence number,
        # last timestamp, and the time of that (None before the first packet).
        self.unbound: tuple[int, int, float | None] = (first_sequence, first_timestamp, None)
        self.packets = 0
        self.octets = 0
        self.rtx_sequence = first_sequence
        self.gate = ResendGate()
        self.cap = DownlinkCap()
        # How many pictures share the viewer's link, and what the others of them bring.
        self.sharers = 1
        self.others_bps = 0.0
        self.rate_bps = 0.0
        self.reported = False
        self.loss = 0.0
        # Set while the line is thinned: the source's packets pass it by.
        self.still: StillFeed | None = None

    @property
    def live(self) -> bool:
        """Whether packets of the source are being forwarded."""
        return self.source is not None and self in self.source.outs

    def carries_bps(self, now_s: float) -> float | None:
        """What the viewer's link carries of this line, None while it does not bite: an even
        part of it, and what the others leave."""
        whole_bps = self.cap.value(now_s)
        if whole_bps is None:
            return None
        return max(whole_bps / self.sharers, whole_bps - self.others_bps)

    def bind(self, source: Ingress | None, now_s: float) -> None:
        """Feed from ``source`` (None for nobody) as soon as it begins a keyframe."""
        old = self.source
        if old is source:
            return
        self.pause(now_s)
        if old is not None:
            for held in (old.waiting, old.thinned):
                if self in held:
                    held.remove(self)
        self.source = source
        self.second_of = {}
        if source is None:
            return
        for payload_type, codec in source.codec_of.items():
            ours = self.payload_type_of.get(codec)
            if ours is not None:
                self.second_of[payload_type] = ours
                self.second_of[payload_type | 0x80] = ours | 0x80
        (source.waiting if self.still is None else source.thinned).append(self)

    def pause(self, now_s: float) -> None:
        """Stop forwarding and remember where the stream stands; it resumes at a keyframe."""
        source = self.source
        if source is None or self not in source.outs:
            return
        source.outs.remove(self)
        source.waiting.append(self)
        self.unbound = (
            (source.max_sequence + self.sequence_offset + 1) & 0xFFFF,
            (source.last_timestamp + self.timestamp_offset) & 0xFFFFFFFF,
            now_s,
        )

    def begin(self, source: Ingress, sequence: int, timestamp: int, now_s: float) -> None:
        """Forward from this packet of ``source`` on, continuing our own numbering."""
        self._begin_at(source, sequence, timestamp, now_s)
        source.waiting.remove(self)
        source.outs.append(self)

    def begin_still(
        self, source: Ingress, sequence: int, timestamp: int, packets: int, now_s: float
    ) -> None:
        """Number the next ``packets`` of ``source`` as one frame of a thinned line."""
        last_timestamp = self._begin_at(source, sequence, timestamp, now_s)
        next_sequence = (sequence + self.sequence_offset + packets) & 0xFFFF
        self.unbound = (next_sequence, last_timestamp, now_s)

    def thin(self, feed: StillFeed, now_s: float) -> None:
        """From now on only ``feed`` sends; what the source sends passes this line by."""
        self.pause(now_s)
        self.still = feed
        if self.source is not None:
            self.source.waiting.remove(self)
            self.source.thinned.append(self)

    def unnumber(self, packets: int) -> None:
        """The last ``packets`` of a still are not sent after all: their numbers are free."""
        sequence, timestamp, at_s = self.unbound
        self.unbound = ((sequence - packets) & 0xFFFF, timestamp, at_s)

    def thicken(self) -> None:
        """Forward again, from the next keyframe on."""
        if self.still is not None:
            self.still.drop()
        self.still = None
        if self.source is not None:
            self.source.thinned.remove(self)
            self.source.waiting.append(self)

    def _begin_at(self, source: Ingress, sequence: int, timestamp: int, now_s: float) -> int:
        next_sequence, last_timestamp, stopped_s = self.unbound
        elapsed = 0
        if stopped_s is not None:
            # At least one frame later, so that no two frames share a timestamp.
            elapsed = max(self.clock_rate // 50, int((now_s - stopped_s) * self.clock_rate))
        ours = (last_timestamp + elapsed) & 0xFFFFFFFF
        # Numbers before this one were of another source, or of a place far from here.
        self.gate.forget_before(next_sequence, now_s)
        self.sequence_offset = (next_sequence - sequence) & 0xFFFF
        self.timestamp_offset = (ours - timestamp) & 0xFFFFFFFF
        self.origins.append(
            Origin(source.participant_id, source.track_id, ours, self.timestamp_offset)
        )
        self.reported = False
        return ours

    def send(
        self, sequence: int, timestamp: int, second: int, payload: bytes, send_time: int
    ) -> int:
        """Send a packet of the source the slower way; gives the payload's bytes, 0 if dropped."""
        header = self.header(sequence, timestamp, second, send_time)
        if header is None or not self.transmitter.send(header + payload, rtcp=False):
            return 0
        self.packets += 1
        self.octets += len(payload)
        return len(payload)

    def locate(self, rtp_timestamp: int) -> tuple[str, str, int] | None:
        """The source of what the viewer saw: participant, track, the source's RTP timestamp."""
        for origin in reversed(self.origins):
            if distance32(rtp_timestamp, origin.first_timestamp) >= 0:
                return (
                    origin.participant_id,
                    origin.track_id,
                    (rtp_timestamp - origin.offset) & 0xFFFFFFFF,
                )
        return None

    def header(self, sequence: int, timestamp: int, second: int, send_time: int) -> bytes | None:
        """Our header for a packet of the source; None if the viewer has no such codec.

        ``send_time`` is 24 bits of seconds in 6.18 fixed point (abs-send-time).
        """
        ours = self.second_of.get(second)
        if ours is None:
            return None
        return self._head(
            ours,
            (sequence + self.sequence_offset) & 0xFFFF,
            (timestamp + self.timestamp_offset) & 0xFFFFFFFF,
            self.ssrc,
            send_time,
        )

    def repetition(
        self, sequence: int, timestamp: int, second: int, send_time: int
    ) -> bytes | None:
        """The header of a repetition: RTX where negotiated (RFC 4588), else as first sent."""
        ours = self.second_of.get(second)
        if ours is None:
            return None
        rtx = self.rtx_of.get(ours & 0x7F)
        if rtx is None:
            return self.header(sequence, timestamp, second, send_time)
        original = (sequence + self.sequence_offset) & 0xFFFF
        self.rtx_sequence = (self.rtx_sequence + 1) & 0xFFFF
        return self._head(
            (ours & 0x80) | rtx,
            self.rtx_sequence,
            (timestamp + self.timestamp_offset) & 0xFFFFFFFF,
            self.rtx_ssrc,
            send_time,
        ) + _ORIGINAL.pack(original)

    def _head(self, second: int, sequence: int, timestamp: int, ssrc: int, send_time: int) -> bytes:
        if not self.time_prefix:
            return HEAD.pack(0x80, second, sequence, timestamp, ssrc)
        return HEAD_WITH_TIME.pack(
            0x90, second, sequence, timestamp, ssrc, 0xBEDE, 1, self.time_prefix | send_time
        )
