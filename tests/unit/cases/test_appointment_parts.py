"""Offered times against looking at each minute; calendar files against a reader of the format."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from cases.calendar_entry import CalendarEntry, calendar_file, escaped, folded
from cases.slots import capacities, free_slots, slots_of
from cases.working_hours import WorkingHours

BEGIN = datetime(2026, 3, 28, 12, tzinfo=UTC)
spans = st.lists(st.integers(0, 1440), min_size=2, max_size=6, unique=True).map(
    lambda cuts: tuple(zip(sorted(cuts)[::2], sorted(cuts)[1::2], strict=False))
)
shifts = st.builds(
    lambda zone, week: WorkingHours(zone, tuple(week)),
    st.sampled_from(["Europe/Berlin", "Asia/Kathmandu", "UTC"]),
    st.lists(spans, min_size=7, max_size=7),
)


@settings(max_examples=25, deadline=None)
@given(shifts, st.sampled_from([15, 30, 60]))
def test_a_time_is_offered_when_the_whole_of_it_is_on_shift(
    hours: WorkingHours, minutes: int
) -> None:
    """Also across midnight, touching spans and a change of the clock."""
    length, until = timedelta(minutes=minutes), BEGIN + timedelta(days=2)
    grid = [BEGIN + n * length for n in range(int(timedelta(days=2) / length))]
    whole = [at for at in grid if hours.working_time_between(at, at + length) == length]
    assert list(slots_of(hours, BEGIN, until, length)) == whole


def test_booked_seats_are_gone_and_fitting_hosts_come_first() -> None:
    """Without a fitting one, everybody's times are offered."""
    day = WorkingHours("UTC", (((600, 660),),) * 7)
    other = WorkingHours("UTC", (((600, 720),),) * 7)
    half = timedelta(minutes=30)
    able = capacities([day, other], BEGIN, BEGIN + timedelta(days=1), half)
    ten = datetime(2026, 3, 29, 10, tzinfo=UTC)
    assert able == Counter({ten: 2, ten + half: 2, ten + 2 * half: 1, ten + 3 * half: 1})
    assert free_slots(able, {}, {}) == sorted(able)
    assert free_slots(able, {ten + 2 * half: 1}, {}) == [ten + 2 * half]
    assert free_slots(able, {ten: 1}, {ten: 2}) == [at for at in sorted(able) if at != ten]


def read(text: str) -> dict[str, str]:
    """The properties of an iCalendar file, as its standard says to read them."""
    found = {}
    for line in text.replace("\r\n ", "").split("\r\n"):
        name, _, value = line.partition(":")
        out, rest = "", iter(value)
        for c in rest:
            if c == "\\":
                c = next(rest)
                c = "\n" if c in "nN" else c
            out += c
        found.setdefault(name, out)
    return found


def entry(summary: str) -> str:
    """A file with this summary."""
    at = datetime(2026, 10, 25, 1, tzinfo=UTC)
    return calendar_file(
        CalendarEntry("a", 0, at, at, at + timedelta(hours=1), summary, "d", "https://x/j/t")
    )


@given(st.text(max_size=200))
def test_no_text_begins_a_property_and_all_of_it_comes_back(text: str) -> None:
    """Whatever a seller's name is: control characters are left out, all else is kept."""
    file = entry(text)
    assert all(len(line.encode()) <= 75 for line in file.split("\r\n"))
    assert file.count("\r\n") == file.count("\n") == file.count("\r")
    kept = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(c for c in kept if c == "\n" or (c.isprintable() and c not in "\u2028\u2029"))
    assert read(file)["SUMMARY"] == kept
    assert [line.partition(":")[0] for line in file.split("\r\n") if line[:1] not in (" ", "")] == [
        *("BEGIN", "VERSION", "PRODID", "CALSCALE", "METHOD", "BEGIN", "UID", "DTSTAMP"),
        *("DTSTART", "DTEND", "SEQUENCE", "STATUS", "SUMMARY", "DESCRIPTION", "URL", "END", "END"),
    ]


def test_times_are_utc_and_lines_are_folded_between_characters() -> None:
    """So that no calendar needs our zones."""
    found = read(entry("x"))
    assert (found["DTSTART"], found["DTEND"]) == ("20261025T010000Z", "20261025T020000Z")
    assert list(folded("é" * 40)) == ["é" * 37, " " + "é" * 3]
    assert escaped("a;b,c\\d\r\ne") == "a\\;b\\,c\\\\d\\ne"
