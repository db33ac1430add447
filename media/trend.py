"""PURE. How much longer packets travel than at best: a queue on the way tells before it loses."""

from __future__ import annotations

from collections import deque

_BUCKET_S = 1.0
_BUCKETS = 8
_JUMP_MS = 10_000.0


class DelayTrend:
    """The excess of a delay over the least of the last 8 s.

    Delays may have any constant offset (the two clocks need not agree). A drift between
    the clocks of 100 ppm shows as 1 ms.
    """

    __slots__ = ("_bucket_at_s", "_lowest", "excess_ms")

    def __init__(self) -> None:
        self._lowest: deque[float] = deque(maxlen=_BUCKETS)
        self._bucket_at_s = 0.0
        self.excess_ms = 0.0

    def add(self, delay_ms: float, now_s: float) -> float:
        """Take the least delay of a short while; gives the excess, smoothed over about 0.3 s."""
        if self._lowest and abs(delay_ms - self._lowest[-1]) > _JUMP_MS:
            # A clock jumped or wrapped around; no queue is that long.
            self.reset()
        if not self._lowest or now_s - self._bucket_at_s >= _BUCKET_S:
            self._lowest.append(delay_ms)
            self._bucket_at_s = now_s
        elif delay_ms < self._lowest[-1]:
            self._lowest[-1] = delay_ms
        excess = delay_ms - min(self._lowest)
        self.excess_ms += (excess - self.excess_ms) / 2
        return self.excess_ms

    def reset(self) -> None:
        """The way itself has changed: what was measured before says nothing."""
        self._lowest.clear()
        self.excess_ms = 0.0
