"""PURE. Which times a buyer is offered: the hosts' shifts, less what is booked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from cases.working_hours import WorkingHours

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def slots_of(
    hours: WorkingHours, begin: datetime, until: datetime, length: timedelta
) -> Iterator[datetime]:
    """The starts, on a grid of ``length``, of times during which this host is on shift."""
    stretch: tuple[datetime, datetime] | None = None
    for opens, closes in hours.open_from(begin, until):
        if stretch is not None and opens == stretch[1]:
            stretch = (stretch[0], closes)
            continue
        if stretch is not None:
            yield from _grid(*stretch, length)
        stretch = (opens, closes)
    if stretch is not None:
        yield from _grid(*stretch, length)


def capacities(
    shifts: Sequence[WorkingHours], begin: datetime, until: datetime, length: timedelta
) -> Counter[datetime]:
    """How many hosts are on shift for each time."""
    return Counter(start for shift in shifts for start in slots_of(shift, begin, until, length))


def free_slots(
    able: Mapping[datetime, int], fitting: Mapping[datetime, int], booked: Mapping[datetime, int]
) -> list[datetime]:
    """Times with a seat left; those with a fitting host, or when there are none, all of them."""
    free = sorted(start for start, seats in able.items() if seats > booked.get(start, 0))
    return [start for start in free if fitting.get(start)] or free


def _grid(opens: datetime, closes: datetime, length: timedelta) -> Iterator[datetime]:
    start = _EPOCH + -(-(opens - _EPOCH) // length) * length
    while start + length <= closes:
        yield start
        start += length
