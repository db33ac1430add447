"""PURE. Which of a receiver's NACKs to answer: once per round trip and within a budget."""

from __future__ import annotations

RING = 512
"""Packets kept per stream; a power of two, so that the slot is a mask of the sequence number."""

_MIN_PAUSE_S = 0.05
_MAX_REMEMBERED = 1024
_BURST_BYTES = 64_000.0
_FORGOTTEN_S = 10.0


class ResendGate:
    """Says whether one repeated packet may be sent again to one receiver.

    Behind a queued leg browsers ask over and over for what is already on its way
    (1,697 repetitions for 49 losses were measured): a packet is repeated only after
    a round trip, and repetitions spend at most half of the stream's own rate.
    """

    __slots__ = (
        "_floor",
        "_floor_until_s",
        "_sent_s",
        "_tokens_at_s",
        "_tokens_bytes",
        "refused",
    )

    def __init__(self) -> None:
        self._sent_s: dict[int, float] = {}
        self._tokens_bytes = _BURST_BYTES
        self._tokens_at_s = 0.0
        self._floor = 0
        self._floor_until_s = 0.0
        self.refused = 0

    def forget_before(self, sequence: int, now_s: float) -> None:
        """A keyframe is on its way or has begun: nothing older is worth the line."""
        self._floor = sequence
        # Later the numbers may have wrapped around.
        self._floor_until_s = now_s + _FORGOTTEN_S

    def allows(
        self, sequence: int, size_bytes: int, now_s: float, rtt_s: float, rate_bps: float
    ) -> bool:
        """Whether to send ``sequence`` again now; counts it as sent if so."""
        if now_s < self._floor_until_s and (sequence - self._floor) & 0xFFFF >= 0x8000:
            self.refused += 1
            return False
        last_s = self._sent_s.get(sequence)
        if last_s is not None and now_s - last_s < max(_MIN_PAUSE_S, 1.1 * rtt_s):
            self.refused += 1
            return False
        refill = (now_s - self._tokens_at_s) * max(rate_bps, 200_000.0) / 16
        self._tokens_bytes = min(_BURST_BYTES, self._tokens_bytes + refill)
        self._tokens_at_s = now_s
        if self._tokens_bytes < size_bytes:
            self.refused += 1
            return False
        self._tokens_bytes -= size_bytes
        if len(self._sent_s) >= _MAX_REMEMBERED:
            self._sent_s.clear()
        self._sent_s[sequence] = now_s
        return True
