"""PURE. The ladder of what a sender is asked for: sharpness before motion.

An inspector reads labels, seams and scratches, so a rung gives up pictures per second
before it gives up their size, and gains size before motion. The ladder goes down on the
first second of evidence and comes up slowly; a climb that fails makes the next one wait
twice as long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class RungName(StrEnum):
    """The rungs by the names that browsers are told."""

    STILLS = "stills"
    SLOW_720P = "720p2"
    STEADY_720P = "720p5"
    MOVING_720P = "720p15"
    FINE_1080P = "1080p15"


@dataclass(frozen=True, slots=True)
class Rung:
    """What is asked of a sender, and the link it needs.

    ``need_bps`` is the whole link's rate, sound included, at which the rung is sharp;
    ``max_bitrate_bps`` bounds the video alone. ``video`` is False where the picture is
    a row of stills.
    """

    name: RungName
    max_height: int
    max_framerate: int
    max_bitrate_bps: int
    need_bps: int
    video: bool = True


RUNGS: tuple[Rung, ...] = (
    Rung(RungName.STILLS, 720, 1, 120_000, 0, video=False),
    Rung(RungName.SLOW_720P, 720, 2, 200_000, 150_000),
    Rung(RungName.STEADY_720P, 720, 5, 280_000, 190_000),
    Rung(RungName.MOVING_720P, 720, 15, 1_200_000, 500_000),
    Rung(RungName.FINE_1080P, 1080, 15, 2_500_000, 1_800_000),
)
"""From the least to the most; web/src/live/rungs.ts mirrors it (tests hold them together)."""

RECORDED_FLOOR = RUNGS[2]
"""No viewer's link takes what is recorded below this rung."""
RECORDED_FLOOR_BPS = 300_000
"""The rate that goes with it, sound included."""
START = RUNGS[3]
"""Where a leg begins about which nothing is known."""

_CLIMB_AFTER_S = 4.0
_CLIMB_AFTER_MAX_S = 64.0
_FAILED_WITHIN_S = 8.0
_EFFECT_S = 1.5
_EVIDENCE_S = 0.6
_BAD_LOSS = 0.09
_GOOD_LOSS = 0.07
_SEVERE_LOSS = 0.25
_BAD_QUEUE_MS = 220.0
_GOOD_QUEUE_MS = 90.0
_SEVERE_QUEUE_MS = 600.0
_DELIVERED = 0.9


def rung_for(rate_bps: float) -> Rung:
    """The highest rung that a link of this rate carries."""
    return RUNGS[_index_for(rate_bps)]


def _index_for(rate_bps: float) -> int:
    return max(index for index, rung in enumerate(RUNGS) if rung.need_bps <= rate_bps or not index)


def carried(before: Rung, rate_bps: float | None) -> Rung:
    """The rung a viewer's link carries, with hysteresis; None is a link that does not bite.

    It falls as soon as the rate is under what ``before`` needs, and rises to a rung
    only when there is a sixth more than that rung needs.
    """
    if rate_bps is None:
        return RUNGS[-1]
    down, up = _index_for(rate_bps), _index_for(rate_bps / 1.17)
    return RUNGS[min(down, max(RUNGS.index(before), up))]


@dataclass(frozen=True, slots=True)
class Measured:
    """One uplink at one moment, as the server sees it.

    ``loss`` is the share lost before repair over the last second (0-1), ``queue_ms`` how
    much longer packets travel than they did at best, ``received_bps`` what arrives.
    """

    loss: float
    queue_ms: float
    received_bps: float

    @property
    def severe(self) -> bool:
        """So bad that one look is enough."""
        return self.loss >= _SEVERE_LOSS or self.queue_ms >= _SEVERE_QUEUE_MS

    @property
    def bad(self) -> bool:
        """Worse than a sender should be left with."""
        return self.loss >= _BAD_LOSS or self.queue_ms >= _BAD_QUEUE_MS

    @property
    def good(self) -> bool:
        """Good enough to try for more."""
        return self.loss < _GOOD_LOSS and self.queue_ms < _GOOD_QUEUE_MS


class Ladder:
    """Where one uplink stands; ``step`` moves it, some times a second."""

    __slots__ = (
        "_bad_since_s",
        "_climb_after_s",
        "_climbed_at_s",
        "_good_since_s",
        "_index",
        "_moved_at_s",
    )

    def __init__(self, start: Rung = START) -> None:
        self._index = RUNGS.index(start)
        self._bad_since_s: float | None = None
        self._good_since_s: float | None = None
        self._climbed_at_s: float | None = None
        self._moved_at_s: float | None = None
        self._climb_after_s = _CLIMB_AFTER_S

    @property
    def rung(self) -> Rung:
        """Where it stands now."""
        return RUNGS[self._index]

    def step(self, measured: Measured, now_s: float) -> Rung:
        """Judge what was measured; ``now_s`` never goes back.

        Down: after 0.6 s of bad figures (at once when they are severe) to what has been
        arriving, one rung or two; the next step waits until this one can have told.
        Up: one rung after 4 good seconds on end, doubled by every climb that had to be
        taken back within 8 s, up to 64 s.
        """
        if not measured.bad:
            self._bad_since_s = None
        elif self._bad_since_s is None:
            self._bad_since_s = now_s
        if not measured.good:
            self._good_since_s = None
        elif self._good_since_s is None:
            self._good_since_s = now_s
        if self._climbed_at_s is not None and now_s - self._climbed_at_s > _FAILED_WITHIN_S:
            self._climbed_at_s, self._climb_after_s = None, _CLIMB_AFTER_S
        if self._must_fall(measured, now_s):
            self._fall(measured, now_s)
        elif self._may_climb(now_s):
            self._index += 1
            self._climbed_at_s = self._moved_at_s = self._good_since_s = now_s
        return self.rung

    def _must_fall(self, measured: Measured, now_s: float) -> bool:
        if self._index == 0 or self._bad_since_s is None:
            return False
        if self._moved_at_s is not None and now_s - self._moved_at_s < _EFFECT_S:
            # The queue that the rung before filled has yet to drain.
            return False
        return measured.severe or now_s - self._bad_since_s >= _EVIDENCE_S

    def _fall(self, measured: Measured, now_s: float) -> None:
        delivered = _index_for(_DELIVERED * measured.received_bps)
        # What arrives may be little because little moved: two rungs at most on one look.
        self._index = max(0, self._index - 2, min(self._index - 1, delivered))
        self._moved_at_s = now_s
        if self._climbed_at_s is not None:
            self._climb_after_s = min(_CLIMB_AFTER_MAX_S, 2 * self._climb_after_s)
            self._climbed_at_s = None

    def _may_climb(self, now_s: float) -> bool:
        return (
            self._index + 1 < len(RUNGS)
            and self._good_since_s is not None
            and now_s - self._good_since_s >= self._climb_after_s
        )


def asked_rung(own: Rung, viewers: Sequence[Rung], *, recorded: bool) -> Rung:
    """What to ask of a sender: what its uplink carries, and no more than any viewer takes.

    With ``recorded`` no viewer takes it under ``RECORDED_FLOOR``: the relay thins what
    that viewer gets instead.
    """
    least = min((RUNGS.index(one) for one in viewers), default=len(RUNGS) - 1)
    if recorded:
        least = max(least, RUNGS.index(RECORDED_FLOOR))
    return RUNGS[min(RUNGS.index(own), least)]
