"""PURE. What the scans of a parcel say together: where it is, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeVar

from cases.states import CaseTrigger


class ScanStatus(StrEnum):
    """Where a parcel is, whatever its carrier calls it."""

    LABEL_CREATED = "label_created"  # announced, not yet in the carrier's hands
    HANDED_OVER = "handed_over"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELIVERED = "delivered"
    EXCEPTION = "exception"  # held, refused, damaged, a wrong address …
    RETURNED = "returned"  # on its way back to whoever sent it
    LOST = "lost"


class ScanSource(StrEnum):
    """Who told of a scan."""

    PORT = "port"  # we asked the carrier
    PUSH = "push"  # the carrier told us
    CSV = "csv"
    API = "api"
    HAND = "hand"


class Anomaly(StrEnum):
    """What somebody has to look at."""

    STUCK = "stuck"
    EXCEPTION = "exception"
    RETURNED = "returned"
    LOST = "lost"
    WRONG_ORDER = "wrong_order"  # it moved on after it was delivered


_PROGRESS: Final[Mapping[ScanStatus, int]] = {
    ScanStatus.LABEL_CREATED: 0,
    ScanStatus.HANDED_OVER: 1,
    ScanStatus.IN_TRANSIT: 2,
    ScanStatus.EXCEPTION: 3,
    ScanStatus.OUT_FOR_DELIVERY: 4,
    ScanStatus.RETURNED: 5,
    ScanStatus.LOST: 6,
    ScanStatus.DELIVERED: 7,
}
"""No two alike, so that scans of one moment have an order."""
_ALARMS: Final[Mapping[ScanStatus, Anomaly]] = {
    ScanStatus.EXCEPTION: Anomaly.EXCEPTION,
    ScanStatus.RETURNED: Anomaly.RETURNED,
    ScanStatus.LOST: Anomaly.LOST,
}
_UNDER_WAY: Final = frozenset(
    {ScanStatus.HANDED_OVER, ScanStatus.IN_TRANSIT, ScanStatus.OUT_FOR_DELIVERY}
)
FINAL: Final = frozenset({ScanStatus.DELIVERED, ScanStatus.LOST})
"""After these nobody is asked any more."""


@dataclass(frozen=True, slots=True)
class Step:
    """That something happened to a parcel: all that its standing follows from."""

    status: ScanStatus
    at: datetime


@dataclass(frozen=True, slots=True)
class Scan(Step):
    """One fact about a parcel: what happened when, in plain words and in the carrier's."""

    place: str
    words: str


AnyStep = TypeVar("AnyStep", bound=Step)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a parcel stands; ``since`` is when the anomaly began."""

    status: ScanStatus | None
    at: datetime | None
    anomaly: Anomaly | None
    since: datetime | None


def standing(
    scans: Iterable[Step],
    *,
    shipped_at: datetime | None,
    arrived: bool,
    now: datetime,
    stuck_after: timedelta,
) -> Standing:
    """What the scans say, in whatever order they became known.

    Of two at the same moment the one further on counts. A parcel that is known to have
    ``arrived`` is never missed, whatever its carrier forgot to scan.
    """
    ordered = in_order(scans)
    last = ordered[-1] if ordered else None
    anomaly, since = None, None
    if not arrived:
        anomaly, since = _anomaly(ordered, shipped_at, now, stuck_after)
    return Standing(
        status=last.status if last else None,
        at=last.at if last else None,
        anomaly=anomaly,
        since=since,
    )


def in_order(scans: Iterable[AnyStep]) -> list[AnyStep]:
    """The scans as they happened."""
    return sorted(scans, key=lambda scan: (scan.at, _PROGRESS[scan.status]))


def moves_told(scans: Iterable[Step]) -> list[tuple[CaseTrigger, datetime]]:
    """The moves of a case that its parcel's way back tells of, with the moment of each."""
    told: dict[CaseTrigger, datetime] = {}
    for scan in in_order(scans):
        if scan.status is not ScanStatus.LABEL_CREATED and scan.status is not ScanStatus.LOST:
            told.setdefault(CaseTrigger.SHIP, scan.at)
        if scan.status is ScanStatus.DELIVERED:
            told.setdefault(CaseTrigger.RECEIVE, scan.at)
    return list(told.items())


def _anomaly(
    ordered: Sequence[Step], shipped_at: datetime | None, now: datetime, stuck_after: timedelta
) -> tuple[Anomaly | None, datetime | None]:
    last = ordered[-1] if ordered else None
    if last is not None and last.status in _ALARMS:
        return _ALARMS[last.status], last.at
    delivered_at = next((one.at for one in ordered if one.status is ScanStatus.DELIVERED), None)
    if delivered_at is not None and last is not None:
        if last.status is ScanStatus.DELIVERED:
            return None, None
        return Anomaly.WRONG_ORDER, last.at
    moved_at = last.at if last is not None and last.status in _UNDER_WAY else shipped_at
    if moved_at is not None and now - moved_at >= stuck_after:
        return Anomaly.STUCK, moved_at
    return None, None
