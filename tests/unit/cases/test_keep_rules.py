"""How long a case is kept: which rule counts, and that nothing makes an open case go."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cases.keep_rules import MAX_DAYS, KeepRule, KeepRules, KeptFacts, KeptWhy, kept_until
from cases.states import CaseState, ClaimReason

CLOSED = datetime(2026, 6, 1, 12, tzinfo=UTC)
FACTS = KeptFacts(CaseState.CLOSED, ClaimReason.DAMAGED, "DE", CLOSED)


def days(*rules: dict[str, Any], facts: KeptFacts = FACTS) -> int | None:
    """For how many days the case is kept by these rules."""
    found = kept_until(facts, KeepRules.model_validate({"rules": list(rules)}), held=False)
    return None if found.until is None else (found.until - CLOSED).days


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([], None),
        ([{"days": 30}], 30),
        ([{"days": 30}, {"days": 90, "reason": "damaged"}], 90),
        ([{"days": 90}, {"days": 30, "reason": "damaged"}], 90),
        ([{"days": 30, "reason": "size_fit"}], None),
        ([{"days": 30, "market": "FR"}, {"days": 20}], 20),
        ([{"days": 30, "market": "DE"}, {"days": 40, "market": "DE", "reason": "damaged"}], 40),
        ([{"days": 90}, {"days": 30, "since": "2026-06-01"}], 30),
        ([{"days": 90}, {"days": 30, "since": "2026-06-02"}], 90),
        ([{"days": 90, "since": "2026-01-01"}, {"days": 30, "since": "2026-02-01"}], 30),
    ],
)
def test_the_newest_of_a_scope_and_the_longest_of_scopes(
    rules: list[dict[str, Any]], expected: int | None
) -> None:
    """A refinement never shortens; a newer rule replaces the older one of its own scope."""
    assert days(*rules) == expected


@pytest.mark.parametrize("state", [one for one in CaseState if one is not CaseState.CLOSED])
def test_a_case_that_is_not_closed_has_no_date(state: CaseState) -> None:
    """Whatever the rules say; a dispute is told as such."""
    rules = KeepRules(rules=[KeepRule(days=1)])
    found = kept_until(KeptFacts(state, ClaimReason.OTHER, None, CLOSED), rules, held=False)
    disputed = state in (CaseState.APPEALED, CaseState.DISPUTED)
    assert (found.until, found.why) == (None, KeptWhy.DISPUTED if disputed else KeptWhy.OPEN)


@pytest.mark.parametrize(
    "rule",
    [
        {"days": 0},
        {"days": -1},
        {"days": MAX_DAYS + 1},
        {"days": 10**30},
        {"days": 1.5},
        {"days": True},
        {"days": "30"},
        {"days": None},
        {},
        {"days": 1, "market": "de"},
        {"days": 1, "reason": "whim"},
        {"days": 1, "since": 20260101},
        {"days": 1, "since": "2026-02-30"},
        {"days": 1, "for": "ever"},
    ],
)
def test_absurd_rules_are_refused(rule: dict[str, Any]) -> None:
    """A number that nobody means never becomes a date."""
    with pytest.raises(ValidationError):
        KeepRules.model_validate({"rules": [rule]})


def test_the_same_cases_have_one_rule() -> None:
    """Two that contradict each other are an error, not a surprise."""
    with pytest.raises(ValidationError, match="rule 2"):
        KeepRules.model_validate({"rules": [{"days": 1}, {"days": 2}]})


_RULES = st.lists(
    st.builds(
        KeepRule,
        days=st.integers(1, MAX_DAYS),
        reason=st.none() | st.sampled_from(ClaimReason),
        market=st.none() | st.sampled_from(["DE", "FR"]),
        since=st.none() | st.dates(date(2020, 1, 1), date(2030, 1, 1)).map(date.isoformat),
    ),
    max_size=12,
    unique_by=lambda rule: (rule.reason, rule.market, rule.since),
)


@given(
    rules=_RULES,
    state=st.sampled_from(CaseState),
    reason=st.sampled_from(ClaimReason),
    market=st.none() | st.sampled_from(["DE", "FR"]),
    closed_at=st.datetimes(datetime(2019, 1, 1), datetime(2031, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    held=st.booleans(),
)
def test_a_date_is_a_rules_own_and_no_hold_has_one(
    rules: list[KeepRule],
    state: CaseState,
    reason: ClaimReason,
    market: str | None,
    closed_at: datetime,
    held: bool,
) -> None:
    """Every date is that of a rule which fits and had begun; the order of rules is nothing."""
    facts = KeptFacts(state, reason, market, closed_at)
    found = kept_until(facts, KeepRules(rules=rules), held=held)
    again = kept_until(facts, KeepRules(rules=rules[::-1]), held=held)
    assert found.until == again.until
    if held or state is not CaseState.CLOSED:
        assert found.until is None
    if found.until is not None:
        rule = found.rule
        assert rule is not None
        assert found.until == closed_at + timedelta(days=rule.days)
        assert rule.reason in (None, reason)
        assert rule.market in (None, market)
        assert rule.since is None or rule.since <= closed_at.date()
