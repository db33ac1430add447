"""PURE. RTP packets of one track, in arrival order, to whole encoded frames.

Sources: RFC 6184 (H.264: single NAL unit, STAP-A, FU-A), RFC 7741 (VP8), RFC 7587 (Opus).
H.264 frames come out with each NAL unit behind its length (u32), as MP4 stores them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MAX_WAIT_NS: Final = 1_800_000_000
"""As long as the relay asks for a packet (1.2 s) and a slow round trip after it."""
MAX_HELD_PACKETS: Final = 512
MAX_FRAME_BYTES: Final = 8 * 1024 * 1024
# A step this wide is a sender that began a new numbering, not a loss.
_RENUMBERED = 3_000
_LATE_BEFORE_RENUMBERED = 64


class Codec(StrEnum):
    """The codecs that can be recorded, as the tap names them."""

    H264 = "h264"
    VP8 = "vp8"
    OPUS = "opus"


@dataclass(frozen=True, slots=True)
class Frame:
    """One encoded picture, or one packet of sound.

    ``arrival_ns`` is when its first packet reached the server, ``end_ns`` its last.
    """

    rtp_timestamp: int
    arrival_ns: int
    end_ns: int
    keyframe: bool
    data: bytes


@dataclass(frozen=True, slots=True)
class Loss:
    """Packets that never came, between two that did."""

    from_ns: int
    to_ns: int
    packets: int


class _OpusAssembler:
    def __init__(self) -> None:
        self.out: list[Frame] = []

    def hole(self) -> None:
        """Nothing spans two packets."""

    def add(self, timestamp: int, _marker: bool, payload: bytes, arrival_ns: int) -> None:
        if payload:
            self.out.append(Frame(timestamp, arrival_ns, arrival_ns, True, payload))


class _PictureAssembler:
    """What H.264 and VP8 share: a frame is all packets of one timestamp up to the marker."""

    def __init__(self) -> None:
        self.out: list[Frame] = []
        self._open = False
        self._timestamp = 0
        self._arrival_ns = 0
        self._end_ns = 0
        self._parts: list[bytes] = []
        self._bytes = 0
        self._keyframe = False
        self._broken = False
        self._after_hole = False

    def hole(self) -> None:
        self._after_hole = True
        if self._open:
            self._broken = True

    def add(self, timestamp: int, marker: bool, payload: bytes, arrival_ns: int) -> None:
        if not payload:
            if marker and self._open and timestamp == self._timestamp:
                self._finish()
            return
        if not self._open or timestamp != self._timestamp:
            if self._open:
                self._finish()
            self._open = True
            self._timestamp = timestamp
            self._arrival_ns = arrival_ns
            self._broken = self._after_hole and not self._begins_frame(payload)
            self._after_hole = False
        self._end_ns = arrival_ns
        if not self._broken:
            self._bytes += len(payload)
            if self._bytes > MAX_FRAME_BYTES or not self._take(payload):
                self._broken = True
        if marker:
            self._finish()

    def _finish(self) -> None:
        data = b"" if self._broken else self._join()
        if data:
            self.out.append(
                Frame(self._timestamp, self._arrival_ns, self._end_ns, self._keyframe, data)
            )
        self._open = False
        self._broken = False
        self._keyframe = False
        self._bytes = 0
        self._parts.clear()
        self._reset()

    def _begins_frame(self, payload: bytes) -> bool:
        raise NotImplementedError

    def _take(self, payload: bytes) -> bool:
        raise NotImplementedError

    def _join(self) -> bytes:
        return b"".join(self._parts)

    def _reset(self) -> None:
        pass


class _Vp8Assembler(_PictureAssembler):
    @staticmethod
    def _descriptor_bytes(payload: bytes) -> int:
        """The length of the payload descriptor (RFC 7741, 4.2), or 0 if it is torn."""
        size, end = 1, len(payload)
        if payload[0] & 0x80:
            if end < 2:
                return 0
            extension = payload[1]
            size = 2
            if extension & 0x80:
                if end < 3:
                    return 0
                size += 2 if payload[2] & 0x80 else 1
            if extension & 0x40:
                size += 1
            if extension & 0x30:
                size += 1
        return size if size < end else 0

    def _begins_frame(self, payload: bytes) -> bool:
        return payload[0] & 0x17 == 0x10

    def _take(self, payload: bytes) -> bool:
        size = self._descriptor_bytes(payload)
        if not size:
            return False
        if not self._parts:
            if payload[0] & 0x17 != 0x10:
                return False
            self._keyframe = not payload[size] & 1
        self._parts.append(payload[size:])
        return True


class _H264Assembler(_PictureAssembler):
    def __init__(self) -> None:
        super().__init__()
        self._unit: list[bytes] = []

    def add(self, timestamp: int, marker: bool, payload: bytes, arrival_ns: int) -> None:
        # Most packets are the middle of a fragmented unit; they take this short way.
        if (
            self._unit
            and timestamp == self._timestamp
            and len(payload) > 2
            and payload[0] & 31 == 28
            and not (marker or payload[1] & 0xC0 or self._broken)
            and self._bytes < MAX_FRAME_BYTES
        ):
            self._bytes += len(payload)
            self._end_ns = arrival_ns
            self._unit.append(payload[2:])
            return
        super().add(timestamp, marker, payload, arrival_ns)

    def _begins_frame(self, payload: bytes) -> bool:
        kind = payload[0] & 31
        if kind == 28:
            # A first slice starts at macroblock 0, which Exp-Golomb writes as one set bit.
            return len(payload) > 2 and payload[1] & 0x80 != 0 and payload[2] & 0x80 != 0
        if 1 <= kind <= 5:
            return len(payload) > 1 and payload[1] & 0x80 != 0
        return True

    def _take(self, payload: bytes) -> bool:
        kind = payload[0] & 31
        if kind == 28:
            return self._fragment(payload)
        if self._unit:
            return False
        if kind == 24:
            return self._aggregate(payload)
        if 1 <= kind <= 23:
            self._append(payload)
            return True
        return False

    def _append(self, unit: bytes) -> None:
        kind = unit[0] & 31
        if kind == 9:
            return
        if kind == 5:
            self._keyframe = True
        self._parts.append(len(unit).to_bytes(4, "big"))
        self._parts.append(unit)

    def _aggregate(self, payload: bytes) -> bool:
        position, end = 1, len(payload)
        while position + 2 <= end:
            size = payload[position] << 8 | payload[position + 1]
            position += 2
            if size == 0 or position + size > end:
                return False
            self._append(payload[position : position + size])
            position += size
        return position == end

    def _fragment(self, payload: bytes) -> bool:
        if len(payload) < 3:
            return False
        header = payload[1]
        if header & 0x80:
            if self._unit:
                return False
            self._unit.append(bytes(((payload[0] & 0xE0) | (header & 31),)))
        elif not self._unit:
            return False
        self._unit.append(payload[2:])
        if header & 0x40:
            self._append(b"".join(self._unit))
            self._unit.clear()
        return True

    def _join(self) -> bytes:
        return b"" if self._unit else b"".join(self._parts)

    def _reset(self) -> None:
        self._unit.clear()


_ASSEMBLERS: Final[dict[Codec, type[_OpusAssembler | _PictureAssembler]]] = {
    Codec.H264: _H264Assembler,
    Codec.VP8: _Vp8Assembler,
    Codec.OPUS: _OpusAssembler,
}


class Depacketiser:
    """Orders one track's packets and assembles its frames; nothing it is given makes it raise.

    A hole waits at most ``max_wait_ns`` of arrival time for its packet, then what came
    after it goes on. Frames that lack a part are dropped and counted.
    """

    def __init__(self, codec: Codec, *, max_wait_ns: int = MAX_WAIT_NS) -> None:
        self._assembler = _ASSEMBLERS[codec]()
        self._add = self._assembler.add
        self._max_wait_ns = max_wait_ns
        self._next = -1
        self._held: dict[int, tuple[int, bool, bytes, int]] = {}
        self._late_run = 0
        self._last_ns = -1
        self._losses: list[Loss] = []
        self.packets = 0
        self.lost_packets = 0
        self.late_packets = 0

    @property
    def waits(self) -> bool:
        """Whether packets wait behind a hole."""
        return bool(self._held)

    def waits_since(self, after_ns: int) -> int | None:
        """The oldest arrival later than ``after_ns`` behind a hole, None for none."""
        return min((one[3] for one in self._held.values() if one[3] > after_ns), default=None)

    def push(
        self, sequence: int, timestamp: int, marker: bool, payload: bytes, arrival_ns: int
    ) -> list[Frame]:
        """Take one packet and give the frames that became complete."""
        self.packets += 1
        if sequence == self._next and not self._held:
            self._next = (sequence + 1) & 0xFFFF
            self._last_ns = arrival_ns
            self._late_run = 0
            self._add(timestamp, marker, payload, arrival_ns)
        else:
            self._push_out_of_order(sequence, timestamp, marker, payload, arrival_ns)
        assembler = self._assembler
        frames = assembler.out
        if frames:
            assembler.out = []
        return frames

    def release(self, now_ns: int) -> list[Frame]:
        """Give up on holes that have waited long enough at ``now_ns``."""
        if self._held:
            self._drain(now_ns, everything=False)
        return self._frames()

    def flush(self) -> list[Frame]:
        """Give what is held, holes or not: the track is at its end."""
        self._drain(0, everything=True)
        return self._frames()

    def take_losses(self) -> list[Loss]:
        """The losses found since the last call."""
        losses, self._losses = self._losses, []
        return losses

    def _frames(self) -> list[Frame]:
        frames = self._assembler.out
        if frames:
            self._assembler.out = []
        return frames

    def _push_out_of_order(
        self, sequence: int, timestamp: int, marker: bool, payload: bytes, arrival_ns: int
    ) -> None:
        if self._next < 0:
            self._next = sequence
        distance = (sequence - self._next) & 0xFFFF
        if distance >= 0x8000:
            self.late_packets += 1
            self._late_run += 1
            if self._late_run < _LATE_BEFORE_RENUMBERED:
                return
            self._drain(0, everything=True)
            self._lose(1, arrival_ns)
            self._next = sequence
        elif distance > _RENUMBERED:
            self._drain(0, everything=True)
            self._lose(1, arrival_ns)
            self._next = sequence
        self._late_run = 0
        self._held.setdefault(sequence, (timestamp, marker, payload, arrival_ns))
        self._drain(arrival_ns, everything=False)

    def _drain(self, now_ns: int, *, everything: bool) -> None:
        held = self._held
        while held:
            packet = held.pop(self._next, None)
            if packet is not None:
                self._next = (self._next + 1) & 0xFFFF
                self._last_ns = packet[3]
                self._add(*packet)
                continue
            if not (
                everything
                or len(held) > MAX_HELD_PACKETS
                or now_ns - min(one[3] for one in held.values()) >= self._max_wait_ns
            ):
                return
            base = self._next
            follower = min(held, key=lambda sequence: (sequence - base) & 0xFFFF)
            self._lose((follower - base) & 0xFFFF, held[follower][3])
            self._next = follower

    def _lose(self, packets: int, to_ns: int) -> None:
        self.lost_packets += packets
        self._losses.append(Loss(self._last_ns if self._last_ns >= 0 else to_ns, to_ns, packets))
        self._assembler.hole()
