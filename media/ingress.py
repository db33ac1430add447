"""PURE. One inbound stream: what arrived, what is missing, whom it feeds (RFC 3550, A)."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import TYPE_CHECKING, Protocol

from media.history import RING
from media.nack import NackList
from media.rtcp import ReportBlock
from media.rtp import only_announces, starts_keyframe, unwrap16

if TYPE_CHECKING:
    from media.egress import Egress

_MASK = RING - 1
_MAX_REPAIR = 128

Held = tuple[int, int, int, bytes]
"""A packet in the ring: sequence, timestamp, second header byte, payload."""


class SourceOwner(Protocol):
    """The leg's side of an ingress: it can ask the sender for things."""

    def request_keyframe(self, ingress: Ingress) -> None:
        """Ask for a keyframe now, or as soon as the throttle allows."""

    def update_cap(self, ingress: Ingress, now_s: float) -> None:
        """A viewer's cap changed."""

    def bitrate_bps(self, ingress: Ingress) -> float:
        """What the track brings in."""


class Ingress:
    """The state of one track as it arrives; ``leg.py`` and ``path.py`` move the packets.

    Attributes are touched directly by the receive path. ``max_sequence`` is the
    highest 16-bit sequence number so far, ``cycles`` the multiple of 65,536 before it.
    """

    __slots__ = (
        "_base",
        "_last_transit",
        "_prior_expected",
        "_prior_received",
        "_transit_low",
        "announced",
        "clock_rate",
        "codec_of",
        "cycles",
        "frames",
        "handle",
        "handle_codec",
        "jitter",
        "key_at_us",
        "key_bytes",
        "key_octets",
        "key_timestamp",
        "key_wanted",
        "kind",
        "last_report",
        "last_report_us",
        "last_sender",
        "last_timestamp",
        "max_sequence",
        "mid",
        "missed",
        "nacks",
        "octets",
        "outs",
        "owner",
        "participant_id",
        "payload_type",
        "received",
        "ring",
        "rtx_of",
        "rtx_ssrc",
        "ssrc",
        "started",
        "thinned",
        "track_id",
        "transport_cc_at",
        "waiting",
    )

    def __init__(
        self,
        *,
        owner: SourceOwner,
        participant_id: str,
        track_id: str,
        mid: str,
        kind: str,
        clock_rate: int,
        codec_of: Mapping[int, str],
        rtx_of: Mapping[int, int],
    ) -> None:
        self.owner = owner
        self.participant_id = participant_id
        self.track_id = track_id
        self.mid = mid
        self.kind = kind
        self.clock_rate = clock_rate
        self.codec_of = dict(codec_of)
        self.rtx_of = dict(rtx_of)
        self.ssrc = 0
        self.rtx_ssrc = 0
        self.handle = 0
        self.handle_codec = ""
        self.transport_cc_at = 0
        self.outs: list[Egress] = []
        self.waiting: list[Egress] = []
        self.thinned: list[Egress] = []
        self.octets = 0
        self.restart()

    def restart(self) -> None:
        """Forget the numbering, as for a new SSRC."""
        self.started = False
        self.max_sequence = 0
        self.cycles = 0
        self._base = 0
        self.received = 0
        self.missed = 0
        self.frames = 0
        self.jitter = 0.0
        self._last_transit = 0.0
        self._transit_low = inf
        self._prior_expected = 0
        self._prior_received = 0
        self.last_timestamp = -1
        self.payload_type = -1
        self.last_report = 0
        self.last_report_us = 0
        self.last_sender: tuple[int, int] | None = None
        self.key_at_us = 0
        self.key_bytes = 0
        self.key_octets = -1
        self.key_timestamp = -1
        self.key_wanted = False
        self.announced = False
        self.ring: list[Held | None] = [None] * RING
        self.nacks = NackList()

    @property
    def highest(self) -> int:
        """The unwrapped highest sequence number."""
        return self.cycles + self.max_sequence

    @property
    def awaited(self) -> bool:
        """Whether a viewer who can decode this waits for a keyframe to begin at."""
        return any(self.payload_type in out.second_of for out in self.waiting)

    def place(self, sequence: int, now_s: float) -> int | None:
        """Take note of a packet that is not simply the next one; gives its unwrapped number.

        None if it is held already or too old to be of use. Holes before it are
        noted for repair; too many of them ask for a keyframe instead.
        """
        if not self.started:
            self.started = True
            self.max_sequence = self._base = sequence
            self.received = 1
            return sequence
        highest = self.cycles + self.max_sequence
        position = unwrap16(sequence, highest)
        if position > highest:
            self.missed += position - highest - 1
            if position - highest > 1:
                repairable = position - highest <= _MAX_REPAIR
                if not (repairable and self.nacks.lost(highest + 1, position, now_s)):
                    self.nacks.reset()
                    self.key_wanted = self.kind == "video"
            self.cycles = position - sequence
            self.max_sequence = sequence
        else:
            if highest - position >= RING:
                return None
            held = self.ring[sequence & _MASK]
            if held is not None and held[0] == sequence:
                return None
            if not self.nacks.arrived(position):
                # It was not asked for again, so it was only out of order.
                self.missed -= 1
        self.received += 1
        return position

    def hold(self, sequence: int, timestamp: int, second: int, payload: bytes) -> None:
        """Keep a packet for repetition."""
        self.ring[sequence & _MASK] = (sequence, timestamp, second, payload)

    def held(self, sequence: int) -> Held | None:
        """The packet with this 16-bit sequence number, if it is still there."""
        found = self.ring[sequence & _MASK]
        return found if found is not None and found[0] == sequence else None

    def new_frame(self, timestamp: int, payload_type: int, payload: bytes, now_us: int) -> bool:
        """A packet with a new timestamp, or the first of a picture that was only ``announced``
        before, came; gives whether it begins a keyframe."""
        if timestamp != self.last_timestamp:
            self._note_transit(timestamp, now_us)
            if self.key_octets >= 0:
                self.key_bytes, self.key_octets = self.octets - self.key_octets, -1
            self.frames += 1
        self.last_timestamp = timestamp
        self.payload_type = payload_type
        if self.kind == "audio":
            return True
        codec = self.codec_of.get(payload_type, "")
        self.announced = only_announces(codec, payload)
        if not self.begins_keyframe(codec, payload):
            return False
        self.key_at_us = now_us
        self.key_octets = self.octets
        self.key_timestamp = timestamp
        return True

    def _note_transit(self, timestamp: int, now_us: int) -> None:
        transit = now_us * self.clock_rate / 1_000_000 - timestamp
        if self.last_timestamp >= 0:
            change = abs(transit - self._last_transit)
            # The timestamp wrapped around, or the sender jumped: no jitter.
            if change < self.clock_rate * 4:
                self.jitter += (change - self.jitter) / 16
        self._last_transit = transit
        if transit < self._transit_low:
            self._transit_low = transit

    def take_delay_ms(self) -> float | None:
        """The least delay of a frame since the last call, None if none came.

        It has a constant offset, since the sender's clock is its own.
        """
        low, self._transit_low = self._transit_low, inf
        return None if low == inf else low * 1000 / self.clock_rate

    @staticmethod
    def begins_keyframe(codec: str, payload: bytes) -> bool:
        """Whether a keyframe begins with this packet."""
        return starts_keyframe(codec, payload)

    def sender_report(self, ntp: int, rtp_timestamp: int, now_us: int) -> None:
        """Remember the sender's clock mapping and when it came (RFC 3550, 6.4.1)."""
        self.last_report = (ntp >> 16) & 0xFFFFFFFF
        self.last_report_us = now_us
        self.last_sender = (ntp, rtp_timestamp)

    def report(self, now_us: int) -> ReportBlock | None:
        """The report block since the last call (RFC 3550, A.3); None before the first packet."""
        if not self.started or not self.ssrc:
            return None
        expected = self.highest - self._base + 1
        lost = max(-0x800000, min(0x7FFFFF, expected - self.received))
        expected_now = expected - self._prior_expected
        received_now = self.received - self._prior_received
        self._prior_expected, self._prior_received = expected, self.received
        missing = expected_now - received_now
        fraction = (
            0 if expected_now <= 0 or missing <= 0 else min(255, missing * 256 // expected_now)
        )
        delay = (now_us - self.last_report_us) * 65_536 // 1_000_000 if self.last_report else 0
        return ReportBlock(
            self.ssrc,
            fraction,
            lost,
            self.highest & 0xFFFFFFFF,
            int(self.jitter),
            self.last_report,
            delay & 0xFFFFFFFF,
        )
