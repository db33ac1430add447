"""PURE. Transport-wide congestion feedback: what arrived when, for the sender's estimator.

Source: draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct

from media.rtp import unwrap16

_HEAD = Struct("!BBHIIHHI")
_U16 = Struct("!H")
_S16 = Struct("!h")
_TICK_US = 250
_REFERENCE_US = 64_000
_MAX_SPAN = 2_000
_MAX_LATE = 500


class FeedbackBuilder:
    """Collects arrivals and turns them into feedback packets.

    ``arrivals`` is a plain list of (16-bit sequence, microseconds) so that the receive
    path appends to it without a call.
    """

    __slots__ = ("_count", "_known", "_next", "arrivals")

    def __init__(self) -> None:
        self.arrivals: list[tuple[int, int]] = []
        self._known: dict[int, int] = {}
        self._next: int | None = None
        self._count = 0

    def build(self, ssrc: int, media_ssrc: int) -> bytes | None:
        """The feedback for what arrived since the last call; None if nothing did.

        A packet that came late makes the report begin at it again, so that the
        sender learns that it was not lost.
        """
        if not self.arrivals:
            return None
        arrivals, self.arrivals = self.arrivals, []
        known = self._known
        near = arrivals[0][0] if self._next is None else self._next
        lowest = highest = unwrap16(arrivals[0][0], near)
        for sequence, at_us in arrivals:
            position = unwrap16(sequence, near)
            near = max(near, position)
            lowest, highest = min(lowest, position), max(highest, position)
            known.setdefault(position, at_us)
        begin = lowest if self._next is None else min(lowest, self._next)
        begin = max(begin, highest - _MAX_SPAN, near - _MAX_SPAN)
        if self._next is not None and begin < self._next - _MAX_LATE:
            begin = self._next - _MAX_LATE
        # A report begins at something that arrived or is still missing, never beyond the end.
        end = max(highest, begin)
        packet = self._encode(ssrc, media_ssrc, begin, end)
        self._next = max(end + 1, self._next or end + 1)
        floor = self._next - _MAX_LATE
        if len(known) > 2 * _MAX_LATE:
            self._known = {position: at for position, at in known.items() if position >= floor}
        return packet

    def _encode(self, ssrc: int, media_ssrc: int, begin: int, end: int) -> bytes | None:
        symbols: list[int] = []
        deltas = bytearray()
        reference: int | None = None
        last_us = 0
        for position in range(begin, end + 1):
            at_us = self._known.get(position)
            if at_us is None:
                symbols.append(0)
                continue
            if reference is None:
                reference = at_us // _REFERENCE_US
                last_us = reference * _REFERENCE_US
            delta = (at_us - last_us) // _TICK_US
            if 0 <= delta <= 255:
                symbols.append(1)
                deltas.append(delta)
            else:
                delta = max(-32768, min(32767, delta))
                symbols.append(2)
                deltas += _S16.pack(delta)
            last_us += delta * _TICK_US
        if reference is None:
            return None
        body = bytes(_chunks(symbols)) + deltas
        padding = -len(body) % 4
        first = 0x8F
        if padding:
            first |= 0x20
            body += bytes(padding - 1) + bytes((padding,))
        head = _HEAD.pack(
            first,
            205,
            4 + len(body) // 4,
            ssrc,
            media_ssrc,
            begin & 0xFFFF,
            len(symbols),
            (reference & 0xFFFFFF) << 8 | (self._count & 0xFF),
        )
        self._count += 1
        return head + body


def _chunks(symbols: Sequence[int]) -> bytearray:
    """Packet status chunks: run lengths where they pay, vectors of seven two-bit symbols else."""
    chunks = bytearray()
    position, end = 0, len(symbols)
    while position < end:
        symbol, run = symbols[position], 1
        while position + run < end and run < 8191 and symbols[position + run] == symbol:
            run += 1
        if run >= 7 or position + run == end:
            chunks += _U16.pack(symbol << 13 | run)
            position += run
            continue
        vector = 0xC000
        for index, one in enumerate(symbols[position : position + 7]):
            vector |= one << (12 - 2 * index)
        chunks += _U16.pack(vector)
        position += 7
    return chunks
