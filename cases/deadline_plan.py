"""PURE. When something is due and when it is warned of, in the hours of a desk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cases.working_hours import NeverOpen, WorkingHours, around_the_clock


class DeadlineKind(StrEnum):
    """What is due."""

    FIRST_ANSWER = "first_answer"
    SIMPLE = "simple"  # within the working day
    DECISION = "decision"  # after a person took the case
    INSPECTION = "inspection"  # the buyer opens the link
    OFFER = "offer"  # the buyer accepts or declines
    DISPUTE = "dispute"  # the marketplace's date: it does not wait for anybody


THE_BUYERS = frozenset({DeadlineKind.INSPECTION, DeadlineKind.OFFER})
"""The kinds that the buyer has to meet: they last as long as the buyer's link."""
WAITS_FOR_BUYER = frozenset({DeadlineKind.FIRST_ANSWER, DeadlineKind.SIMPLE, DeadlineKind.DECISION})
"""The kinds that stand still while the buyer is asked."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long a kind may take, and when to warn: after a share, or some time before."""

    length: timedelta
    warn_share: float = 0.75
    warn_before: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Two instants; the warning is never after the end."""

    warn_at: datetime
    due_at: datetime


def plan(hours: WorkingHours, lengths: Lengths, at: datetime) -> Plan:
    """Plan something that begins now; hours that never open count as plain time."""
    due = add(hours, at, lengths.length)
    before = lengths.length * (1 - lengths.warn_share)
    if lengths.warn_before is not None:
        before = min(lengths.warn_before, lengths.length)
    return Plan(add(hours, at, lengths.length - before), due)


def plan_day(hours: WorkingHours, lengths: Lengths, at: datetime) -> Plan:
    """Plan something that is due by the end of the working day."""
    try:
        due = hours.end_of_day(at)
    except NeverOpen:
        return plan(hours, Lengths(timedelta(days=1), lengths.warn_share), at)
    return Plan(add(hours, at, hours.working_time_between(at, due) * lengths.warn_share), due)


def add(hours: WorkingHours, at: datetime, duration: timedelta) -> datetime:
    """Working time, or plain time when so much work never comes."""
    try:
        return hours.add_working_time(at, duration)
    except NeverOpen:
        return around_the_clock().add_working_time(at, duration)
