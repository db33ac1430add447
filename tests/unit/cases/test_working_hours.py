"""The calendar of working time, held against counting minute by minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.working_hours import NeverOpen, Span, WorkingHours, around_the_clock

ZONES = ["Europe/Berlin", "America/New_York", "Asia/Shanghai", "Asia/Kathmandu", "Pacific/Apia"]
ZONES += ["Australia/Lord_Howe", "America/St_Johns", "UTC"]
MINUTE = timedelta(minutes=1)
# Around both changes of the clock of every zone above, and a turn of the year.
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)


@st.composite
def days(draw: st.DrawFn) -> tuple[Span, ...]:
    """Up to three spans in order; they may touch."""
    cuts = draw(st.lists(st.integers(0, 1440), max_size=6, unique=True))
    cuts = sorted(cuts)[: len(cuts) // 2 * 2]
    return tuple(zip(cuts[::2], cuts[1::2], strict=True))


@st.composite
def hours(draw: st.DrawFn) -> WorkingHours:
    """Hours with holidays and exceptions; never a week without work."""
    week = [draw(days()) for _ in range(7)]
    week[draw(st.integers(0, 6))] = ((9 * 60, 12 * 60), (13 * 60, 17 * 60 + 30))
    dates = st.dates(date(2026, 3, 1), date(2026, 11, 30))
    return WorkingHours(
        draw(st.sampled_from(ZONES)),
        tuple(week),
        frozenset(draw(st.lists(dates, max_size=4))),
        draw(st.dictionaries(dates, days(), max_size=3)),
    )


moments = st.integers(0, 270 * 24 * 60).map(lambda n: BEGIN + n * MINUTE)
durations = st.integers(0, 5 * 24 * 60).map(lambda n: n * MINUTE)


def shows_open(hours: WorkingHours, at: datetime) -> bool:
    """What the clock on the wall says."""
    local = at.astimezone(ZoneInfo(hours.zone))
    minute = local.hour * 60 + local.minute
    return any(a <= minute < b for a, b in hours.spans_on(local.date()))


@settings(max_examples=60, deadline=None)
@given(hours(), moments, st.integers(0, 30 * 60))
def test_working_time_is_what_counting_minutes_gives(
    hours: WorkingHours, at: datetime, minutes: int
) -> None:
    """Also over changes of the clock, holidays and exceptions."""
    counted = sum(shows_open(hours, at + n * MINUTE) for n in range(minutes))
    assert hours.working_time_between(at, at + minutes * MINUTE) == counted * MINUTE


@settings(max_examples=40, deadline=None)
@given(
    hours(),
    st.sampled_from(
        [
            datetime(2026, 3, 28, 20, tzinfo=UTC),
            datetime(2026, 10, 24, 20, tzinfo=UTC),
            datetime(2026, 3, 7, 23, tzinfo=UTC),
            datetime(2026, 10, 31, 23, tzinfo=UTC),
            datetime(2026, 4, 4, 8, tzinfo=UTC),
        ]
    ),
)
def test_a_change_of_the_clock_is_counted_as_the_wall_shows_it(
    hours: WorkingHours, at: datetime
) -> None:
    """An hour left out is not worked, one lived twice is worked twice."""
    counted = sum(shows_open(hours, at + n * MINUTE) for n in range(20 * 60))
    assert hours.working_time_between(at, at + 20 * 60 * MINUTE) == counted * MINUTE


@settings(max_examples=80, deadline=None)
@given(hours(), moments, moments, moments)
def test_working_time_adds_up(hours: WorkingHours, a: datetime, b: datetime, c: datetime) -> None:
    """In whatever order the moments come."""
    between = hours.working_time_between
    assert between(a, b) + between(b, c) == between(a, c)


@settings(max_examples=80, deadline=None)
@given(hours(), moments, durations)
def test_adding_is_the_inverse_of_measuring(
    hours: WorkingHours, at: datetime, duration: timedelta
) -> None:
    """And the instant is the first such: a second earlier less has passed."""
    due = hours.add_working_time(at, duration)
    assert hours.working_time_between(at, due) == duration
    if duration:
        assert hours.working_time_between(at, due - timedelta(seconds=1)) < duration


@settings(max_examples=60, deadline=None)
@given(hours(), moments, moments, durations, durations)
def test_later_and_longer_is_never_due_earlier(
    hours: WorkingHours, a: datetime, b: datetime, short: timedelta, more: timedelta
) -> None:
    """Monotone in both."""
    first, second = sorted((a, b))
    if short:
        assert hours.add_working_time(first, short) <= hours.add_working_time(second, short)
    assert hours.add_working_time(a, short) <= hours.add_working_time(a, short + more)


@settings(max_examples=60, deadline=None)
@given(hours(), moments)
def test_the_next_opening_is_open_and_nothing_before_it_is(
    hours: WorkingHours, at: datetime
) -> None:
    """An open moment is its own."""
    opens = hours.next_open(at)
    assert hours.is_open(opens)
    assert hours.working_time_between(at, opens) == timedelta(0)
    assert hours.is_open(at) == (opens == at) == shows_open(hours, at)


def test_plain_time_is_around_the_clock() -> None:
    """24 hours are 24 hours."""
    at = datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert around_the_clock("Europe/Berlin").add_working_time(at, timedelta(hours=24)) == (
        at + timedelta(hours=24)
    )


def test_hours_that_never_open_say_so() -> None:
    """Instead of looking for ever."""
    closed = WorkingHours("UTC", ((),) * 7)
    with pytest.raises(NeverOpen):
        closed.next_open(BEGIN)
    with pytest.raises(NeverOpen):
        closed.add_working_time(BEGIN, MINUTE)


@pytest.mark.parametrize(
    "day", [((600, 600),), ((600, 500),), ((0, 1441),), ((600, 720), (700, 800)), ((-1, 5),)]
)
def test_spans_that_cannot_be_are_refused(day: tuple[Span, ...]) -> None:
    """Empty, backwards, out of the day, overlapping."""
    with pytest.raises(ValueError, match="follow each other"):
        WorkingHours("UTC", (day, *((),) * 6))
    with pytest.raises(KeyError):
        WorkingHours("Nowhere/Land", ((),) * 7)
