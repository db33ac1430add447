"""PURE. When somebody works: split shifts, holidays and exceptions in a zone of the world.

An instant is open when the clock on the wall, in the zone, shows a time within one of the
day's spans. So an hour that a change to summer time leaves out is never open, and one that is
lived twice counts twice.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

_DAY: Final = timedelta(days=1)
_MINUTES: Final = 24 * 60
# No zone is further from UTC than this.
_FARTHEST: Final = timedelta(hours=15)
# Who has been closed for so long opens no more.
_HORIZON_DAYS: Final = 3 * 366

Span = tuple[int, int]
"""From and to, in minutes of the local day; 1440 is its end."""


class NeverOpen(ValueError):  # noqa: N818 - it says what is, not whose fault it is
    """These hours do not open within three years."""


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """A week, Monday first, in a zone; ``exceptions`` replace a day, holidays empty it.

    Raises:
        ValueError: a span is empty, leaves the day or overlaps the next, or a week has
            not seven days.
        ZoneInfoNotFoundError: there is no such zone (a ``KeyError``).
    """

    zone: str
    week: tuple[tuple[Span, ...], ...]
    holidays: frozenset[date] = frozenset()
    exceptions: Mapping[date, tuple[Span, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ZoneInfo(self.zone)
        if len(self.week) != 7:
            raise ValueError("a week has seven days")
        for spans in (*self.week, *self.exceptions.values()):
            _check(spans)

    def spans_on(self, day: date) -> tuple[Span, ...]:
        """The spans of a local day."""
        if day in self.exceptions:
            return self.exceptions[day]
        return () if day in self.holidays else self.week[day.weekday()]

    def is_open(self, at: datetime) -> bool:
        """Whether somebody works at this instant."""
        return any(start <= at < end for start, end in self.open_from(at, at + _DAY))

    def next_open(self, at: datetime) -> datetime:
        """The first open instant that is not before ``at``.

        Raises:
            NeverOpen: there is none within three years.
        """
        for start, _end in self.open_from(at):
            return start
        raise NeverOpen("these hours never open")

    def add_working_time(self, start: datetime, duration: timedelta) -> datetime:
        """The first instant at which ``duration`` of working time has passed since ``start``.

        Raises:
            NeverOpen: so much working time does not come within three years.
            ValueError: the duration is negative.
        """
        if duration < timedelta(0):
            raise ValueError("working time runs forwards")
        at = start.astimezone(UTC)
        if not duration:
            return at
        for opens, closes in self.open_from(at):
            if closes - opens >= duration:
                return opens + duration
            duration -= closes - opens
        raise NeverOpen("so much working time does not come")

    def end_of_day(self, at: datetime) -> datetime:
        """When the working day ends in which ``at`` lies, or the next one that has any left.

        Raises:
            NeverOpen: there is none within three years.
        """
        opens = self.next_open(at)
        zone = ZoneInfo(self.zone)
        day = opens.astimezone(zone).date()
        ends = opens
        for start, end in self.open_from(opens, opens + 2 * _DAY):
            if start.astimezone(zone).date() == day:
                ends = end
        return ends

    def working_time_between(self, a: datetime, b: datetime) -> timedelta:
        """The working time from ``a`` to ``b``; negative when ``b`` is the earlier."""
        if b < a:
            return -self.working_time_between(b, a)
        return sum((closes - opens for opens, closes in self.open_from(a, b)), timedelta(0))

    def open_from(
        self, at: datetime, until: datetime | None = None
    ) -> Iterator[tuple[datetime, datetime]]:
        """The open stretches from ``at`` on, in order, cut to ``until``; three years at most."""
        at = at.astimezone(UTC)
        end = at + _HORIZON_DAYS * _DAY if until is None else until.astimezone(UTC)
        # One day back: a change of the clock may make a local date begin or end elsewhere.
        day = (at - _FARTHEST).date() - _DAY
        last = (end + _FARTHEST).date()
        stretches: list[tuple[datetime, datetime]] = []
        while day <= last:
            # The days overlap in UTC only when the clock goes back over midnight, by hours.
            stretches += self._stretches_on(day)
            stretches.sort()
            settled = datetime(day.year, day.month, day.day, tzinfo=UTC) - _FARTHEST
            ready = bisect_right(stretches, (settled, settled))
            for opens, closes in stretches[:ready]:
                opens, closes = max(opens, at), min(closes, end)
                if opens < closes:
                    yield opens, closes
            del stretches[:ready]
            day += _DAY
        for opens, closes in stretches:
            opens, closes = max(opens, at), min(closes, end)
            if opens < closes:
                yield opens, closes

    def _stretches_on(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        spans = self.spans_on(day)
        if not spans:
            return
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        for begins, ends, offset in _offsets(self.zone, day):
            for start, stop in spans:
                opens = max(begins, midnight + timedelta(minutes=start) - offset)
                closes = min(ends, midnight + timedelta(minutes=stop) - offset)
                if opens < closes:
                    yield opens, closes


def around_the_clock(zone: str = "UTC") -> WorkingHours:
    """Hours that never close: plain time."""
    return WorkingHours(zone, (((0, _MINUTES),),) * 7)


def _check(spans: tuple[Span, ...]) -> None:
    before = 0
    for start, end in spans:
        if not before <= start < end <= _MINUTES:
            raise ValueError("the spans of a day follow each other within it")
        before = end


@lru_cache(maxsize=8192)
def _offsets(zone: str, day: date) -> tuple[tuple[datetime, datetime, timedelta], ...]:
    """The stretches of UTC around a local day, each with its distance from UTC."""
    place = ZoneInfo(zone)

    def offset_at(at: datetime) -> timedelta:
        return at.astimezone(place).utcoffset() or timedelta(0)

    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    begins, ends = midnight - _FARTHEST, midnight + _DAY + _FARTHEST
    first, second = offset_at(begins), offset_at(ends)
    if first == second:
        return ((begins, ends, first),)
    low, high = begins, ends
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if offset_at(middle) == first:
            low = middle
        else:
            high = middle
    return ((begins, high, first), (high, ends, second))
