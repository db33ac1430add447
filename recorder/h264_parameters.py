"""PURE. What the recording must know of an H.264 stream: parameter sets and picture size.

Source: ITU-T H.264, 7.3.2.1.1 (sequence parameter set) and ISO/IEC 14496-15 (avcC).
"""

from __future__ import annotations

from dataclasses import dataclass

_CHROMA_PROFILES = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
_MAX_PIXELS = 16_384


@dataclass(frozen=True, slots=True)
class ParameterSets:
    """The first sequence and picture parameter sets of a stream, and the size they give."""

    sps: bytes
    pps: bytes
    width: int
    height: int


class _Bits:
    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = len(data) * 8

    def take(self, count: int) -> int:
        if count > self._left:
            raise ValueError("the parameter set is torn")
        self._left -= count
        return (self._value >> self._left) & ((1 << count) - 1)

    def unsigned(self) -> int:
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 32:
                raise ValueError("not an Exp-Golomb code")
        return (1 << zeros) - 1 + self.take(zeros)

    def signed(self) -> int:
        code = self.unsigned()
        return (code + 1) // 2 if code & 1 else -(code // 2)


def units(sample: bytes) -> list[bytes]:
    """The NAL units of a length-prefixed sample; a torn tail is left out."""
    found = []
    position, end = 0, len(sample)
    while position + 4 <= end:
        size = int.from_bytes(sample[position : position + 4], "big")
        position += 4
        if size == 0 or position + size > end:
            break
        found.append(sample[position : position + size])
        position += size
    return found


def picture_size(sps: bytes) -> tuple[int, int]:
    """Width and height in pixels.

    Raises:
        ValueError: the set is malformed.
    """
    bits = _Bits(sps[1:].replace(b"\x00\x00\x03", b"\x00\x00"))
    profile = bits.take(8)
    bits.take(16)
    bits.unsigned()
    chroma = 1
    if profile in _CHROMA_PROFILES:
        chroma = bits.unsigned()
        if chroma == 3:
            bits.take(1)
        bits.unsigned()
        bits.unsigned()
        bits.take(1)
        if bits.take(1):
            _skip_scaling_lists(bits, 12 if chroma == 3 else 8)
    bits.unsigned()
    order = bits.unsigned()
    if order == 0:
        bits.unsigned()
    elif order == 1:
        bits.take(1)
        bits.signed()
        bits.signed()
        for _ in range(min(bits.unsigned(), 256)):
            bits.signed()
    bits.unsigned()
    bits.take(1)
    width = (bits.unsigned() + 1) * 16
    rows = bits.unsigned() + 1
    frames_only = bits.take(1)
    height = rows * 16 * (2 - frames_only)
    if not frames_only:
        bits.take(1)
    bits.take(1)
    if bits.take(1):
        left, right, top, bottom = (bits.unsigned() for _ in range(4))
        across = 2 if chroma in (1, 2) else 1
        down = (2 if chroma == 1 else 1) * (2 - frames_only)
        width -= (left + right) * across
        height -= (top + bottom) * down
    if not (0 < width <= _MAX_PIXELS and 0 < height <= _MAX_PIXELS):
        raise ValueError("the parameter set claims an impossible picture")
    return width, height


def _skip_scaling_lists(bits: _Bits, count: int) -> None:
    for at in range(count):
        if bits.take(1):
            last, following = 8, 8
            for _ in range(16 if at < 6 else 64):
                if following:
                    following = (last + bits.signed()) % 256
                last = following or last


def find_parameter_sets(sample: bytes) -> ParameterSets | None:
    """The parameter sets inside a length-prefixed sample, if a whole and sane pair is there."""
    sps = pps = None
    for unit in units(sample):
        kind = unit[0] & 31
        if kind == 7 and sps is None and len(unit) >= 4:
            sps = unit
        elif kind == 8 and pps is None:
            pps = unit
    if sps is None or pps is None:
        return None
    try:
        width, height = picture_size(sps)
    except ValueError:
        return None
    return ParameterSets(sps, pps, width, height)


def vp8_picture_size(keyframe: bytes) -> tuple[int, int] | None:
    """The size of a VP8 key frame (RFC 6386, 9.1), None if it is torn."""
    if len(keyframe) < 10 or keyframe[0] & 1 or keyframe[3:6] != b"\x9d\x01\x2a":
        return None
    width = int.from_bytes(keyframe[6:8], "little") & 0x3FFF
    height = int.from_bytes(keyframe[8:10], "little") & 0x3FFF
    return (width, height) if width and height else None


def to_annex_b(sample: bytes) -> bytes:
    """A length-prefixed sample with start codes instead, as decoders take it."""
    return b"".join(b"\x00\x00\x00\x01" + unit for unit in units(sample))
