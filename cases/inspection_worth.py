"""PURE. What inspecting by video was worth: returns avoided against the cases without, in money."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal


@dataclass(frozen=True, slots=True)
class Side:
    """Decided cases, with or without a video inspection, of one currency."""

    decided: int
    resolved: int  # without a return
    value_minor: int  # of what was resolved without a return

    @property
    def share(self) -> float:
        """Of the decided ones, how many needed no return."""
        return self.resolved / self.decided if self.decided else 0.0


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What a return that comes back costs; sellers know their own."""

    postage_minor: int
    handling_minor: int
    lost_percent: int  # of the goods' value, when they come back


@dataclass(frozen=True, slots=True)
class Worth:
    """What was saved; below zero when the inspections avoided fewer returns than none would."""

    avoided: float
    postage_minor: int
    handling_minor: int
    goods_minor: int

    @property
    def total_minor(self) -> int:
        """All of it."""
        return self.postage_minor + self.handling_minor + self.goods_minor


def inspection_worth(by_video: Side, without: Side, assumed: Assumptions) -> Worth | None:
    """Compare the two sides; None as long as one of them has no decided case."""
    if by_video.decided == 0 or without.decided == 0:
        return None
    avoided = by_video.decided * (by_video.share - without.share)
    average = by_video if by_video.resolved else without
    mean = Decimal(average.value_minor) / average.resolved if average.resolved else Decimal(0)
    factor = Decimal(str(round(avoided, 6)))
    return Worth(
        avoided=avoided,
        postage_minor=_whole(factor * assumed.postage_minor),
        handling_minor=_whole(factor * assumed.handling_minor),
        goods_minor=_whole(factor * mean * assumed.lost_percent / 100),
    )


def _whole(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
