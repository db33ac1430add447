"""PURE. RTP timestamps to recording time: unwrapped, anchored to the server's wall clock.

Recording time is wall-clock arrival, freed of jitter: the least delay of the last half
minute is the anchor. Sender reports (RFC 3550, 6.4.1) put the tracks of one sender on
one clock, so that sound and picture keep the offset they were captured with.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

_BUCKET_NS: Final = 2_000_000_000
_BUCKETS: Final = 15
_RECENT_BUCKETS: Final = 2
_MAX_SLEW: Final = 0.005
_STEP_NS: Final = 500_000_000
_EARLY_NS: Final = 1_000_000_000
_LATE_NS: Final = 10_000_000_000
_MAX_LIP_SYNC_NS: Final = 500_000_000
_SLEW_FROM_S: Final = 0.010
_SLEW_UNTIL_S: Final = 0.002


def ntp_to_ns(ntp: int) -> int:
    """A 64-bit NTP time as nanoseconds on the sender's clock (its epoch does not matter)."""
    return (ntp >> 32) * 1_000_000_000 + ((ntp & 0xFFFFFFFF) * 1_000_000_000 >> 32)


class _LeastDelay:
    """The minimum of a value over a sliding half minute of arrival time."""

    def __init__(self) -> None:
        self._buckets: deque[tuple[int, int]] = deque(maxlen=_BUCKETS)
        self.bucket = -1
        self.bucket_least = 0
        self.least: int | None = None

    def add(self, arrival_ns: int, delay_ns: int) -> None:
        bucket = arrival_ns // _BUCKET_NS
        buckets = self._buckets
        if bucket == self.bucket:
            if delay_ns < self.bucket_least:
                buckets[-1] = (bucket, delay_ns)
                self.bucket_least = delay_ns
                if self.least is None or delay_ns < self.least:
                    self.least = delay_ns
            return
        self.bucket, self.bucket_least = bucket, delay_ns
        buckets.append((bucket, delay_ns))
        while buckets[0][0] <= bucket - _BUCKETS:
            buckets.popleft()
        self.least = min(delay for _, delay in buckets)
        # All that came lately is far later than before: the sender's clock stood still.
        if len(buckets) > _RECENT_BUCKETS:
            recent = min(buckets[-index][1] for index in range(1, _RECENT_BUCKETS + 1))
            if recent - self.least > _STEP_NS:
                for _ in range(len(buckets) - _RECENT_BUCKETS):
                    buckets.popleft()
                self.least = recent


class SenderClock:
    """The clock that the tracks of one peer share: its offset from the server's wall clock."""

    def __init__(self) -> None:
        self._delay = _LeastDelay()
        self._tracks = 0
        self._reported = 0

    @property
    def offset_ns(self) -> int | None:
        """What to add to the sender's clock; None until every track has been reported on."""
        if self._reported < self._tracks:
            return None
        return self._delay.least

    def _joined(self) -> None:
        self._tracks += 1

    def _first_report(self) -> None:
        self._reported += 1

    def _observe(self, arrival_ns: int, sender_ns: int) -> None:
        self._delay.add(arrival_ns, arrival_ns - sender_ns)


class TrackTimeline:
    """One track's mapping. First ``observe`` each frame, later ask for its ``ticks`` in order.

    The pause between the two (a fragment's length) lets the first anchor rest on many
    arrivals. Ticks strictly increase, whatever the sender claims.
    """

    def __init__(
        self, clock_rate: int, t0_ns: int, sender: SenderClock, *, after_ticks: int = -1
    ) -> None:
        self._rate = clock_rate
        self._t0_ns = t0_ns
        self._sender = sender
        sender._joined()
        self._own = _LeastDelay()
        self._raw: int | None = None
        self._unwrapped = 0
        self._report: tuple[int, int] | None = None
        self._reported = False
        self._shift: float | None = None
        self._mapped_at = 0
        self._last_ticks = after_ticks
        self._slewing = False

    @property
    def last_ticks(self) -> int:
        """The last tick given out."""
        return self._last_ticks

    def observe(self, rtp_timestamp: int, arrival_ns: int) -> int:
        """Unwrap a timestamp and note when it arrived; gives the key that ``ticks`` takes."""
        if self._raw is None:
            unwrapped = 0
        else:
            step = (rtp_timestamp - self._raw) & 0xFFFFFFFF
            unwrapped = self._unwrapped + (step - 0x1_0000_0000 if step >= 0x8000_0000 else step)
        delay_ns = arrival_ns - unwrapped * 1_000_000_000 // self._rate
        own = self._own
        if own.least is not None:
            late_ns = delay_ns - own.least
            if late_ns < -_EARLY_NS or late_ns > _LATE_NS:
                # The timestamp cannot be true: keep its place by the wall clock instead.
                unwrapped += late_ns * self._rate // 1_000_000_000
                delay_ns = arrival_ns - unwrapped * 1_000_000_000 // self._rate
                self._report = None
        self._raw = rtp_timestamp
        self._unwrapped = unwrapped
        if delay_ns < own.bucket_least or arrival_ns // _BUCKET_NS != own.bucket:
            own.add(arrival_ns, delay_ns)
        if self._report is not None:
            self._sender._observe(arrival_ns, self._sender_ns(unwrapped, self._report))
        return unwrapped

    def report(self, ntp: int, rtp_timestamp: int) -> None:
        """Take a sender report: the sender's clock showed ``ntp`` at ``rtp_timestamp``."""
        if self._raw is None:
            return
        step = (rtp_timestamp - self._raw) & 0xFFFFFFFF
        if step >= 0x8000_0000:
            step -= 0x1_0000_0000
        if abs(step) > 30 * self._rate:
            return
        self._report = (ntp_to_ns(ntp), self._unwrapped + step)
        if not self._reported:
            self._reported = True
            self._sender._first_report()

    def ticks(self, unwrapped: Sequence[int]) -> list[int]:
        """The recording times of frames in ticks of the track's clock, each more than the last.

        ``unwrapped`` are the keys that ``observe`` gave, in the same order.
        """
        if not unwrapped:
            return []
        wanted = self._wanted_shift(unwrapped[-1])
        shift = wanted if self._shift is None else self._shift
        if wanted - shift > _STEP_NS * self._rate / 1_000_000_000:
            shift = wanted
        if abs(wanted - shift) > _SLEW_FROM_S * self._rate:
            self._slewing = True
        elif abs(wanted - shift) < _SLEW_UNTIL_S * self._rate:
            self._slewing = False
        last = self._last_ticks
        before = self._mapped_at if self._shift is not None else unwrapped[0]
        placed = []
        for key in unwrapped:
            if self._slewing:
                bound = _MAX_SLEW * abs(key - before)
                shift += min(max(wanted - shift, -bound), bound)
                before = key
            last = max(round(key + shift), last + 1)
            placed.append(last)
        self._shift = shift
        self._mapped_at = unwrapped[-1]
        self._last_ticks = last
        return placed

    def _sender_ns(self, unwrapped: int, report: tuple[int, int]) -> int:
        return report[0] + (unwrapped - report[1]) * 1_000_000_000 // self._rate

    def _wanted_shift(self, unwrapped: int) -> float:
        """What to add to a key to have its recording time, by all that is known now."""
        own_ns = unwrapped * 1_000_000_000 // self._rate + (self._own.least or 0)
        offset = self._sender.offset_ns
        target_ns = own_ns
        if offset is not None and self._report is not None:
            shared_ns = self._sender_ns(unwrapped, self._report) + offset
            # A report that moves the track further than any real lip sync does is a lie.
            if abs(shared_ns - own_ns) <= _MAX_LIP_SYNC_NS:
                target_ns = shared_ns
        return (target_ns - self._t0_ns) * self._rate / 1_000_000_000 - unwrapped
