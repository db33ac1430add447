"""What a policy is told of the days since delivery and of a buyer's earlier returns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cases.policy_facts import EarlierCase, days_between, history_at
from cases.states import Outcome

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def earlier(name: str, days: float, outcome: Outcome | None = None) -> EarlierCase:
    """A case so many days ago, decided a day later."""
    opened = NOW - timedelta(days=days)
    return EarlierCase(name, opened, outcome, opened + timedelta(days=1) if outcome else None)


@pytest.mark.parametrize(
    ("passed", "days"),
    [
        (timedelta(0), 0),
        (timedelta(hours=23, minutes=59), 0),
        (timedelta(days=14, hours=23), 14),
        (timedelta(days=15), 15),
        (timedelta(days=-3), 0),
    ],
)
def test_days_since_delivery_are_whole_days_in_the_buyers_favour(
    passed: timedelta, days: int
) -> None:
    """The fourteenth day lasts until the fifteenth has passed whole; a delivery to come is none."""
    assert days_between(NOW - passed, NOW) == days
    assert days_between(None, NOW) is None


def test_a_history_counts_what_was_known_then_and_not_the_case_itself() -> None:
    """By span, without later cases and without verdicts that came later."""
    cases = [
        earlier("this", 0),
        earlier("a", 29, Outcome.REJECT),
        earlier("b", 30),
        earlier("c", 89, Outcome.REFUND),
        earlier("d", 364, Outcome.REFUND),
        earlier("e", 366, Outcome.REJECT),
        earlier("later", -1),
        earlier("open verdict", 0.5, Outcome.REJECT),
    ]
    history = history_at(cases, "this", NOW)
    assert history.returns == (2, 4, 5)
    assert history.refused_share == 50
    assert history_at([], "this", NOW).refused_share == 0
