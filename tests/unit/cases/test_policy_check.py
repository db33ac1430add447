"""What is refused before it is saved: contradictions, rules that never answer, gaps."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from cases.policy_check import FindingCode, check, refuse_wrong
from cases.policy_engine import decide, holds
from cases.policy_rules import PolicyRules
from cases.policy_starters import starters
from runtime.errors import CaseError
from tests.support.policies import (
    APPROVE,
    ASK,
    KEEP,
    REJECT,
    VIDEO,
    days,
    policy,
    policy_rules,
    rule,
    world,
)

EUROPE = {"fact": "market", "values": ["EU"]}
GERMANY = {"fact": "market", "values": ["DE"]}
WORLD = list(world())


def codes(rules: PolicyRules) -> list[tuple[str | None, FindingCode]]:
    """What is wrong with which rule."""
    return [(finding.rule, finding.code) for finding in check(rules)]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([rule("a", APPROVE, days(at_most=14)), rule("b", REJECT, days(at_least=15))], []),
        # One rule that nothing fits.
        ([rule("a", APPROVE, days(at_least=8, at_most=7))], [("a", "never_matches")]),
        (
            [rule("a", APPROVE, days(at_least=8), days(at_most=7))],
            [("a", "never_matches")],
        ),
        (
            [rule("a", APPROVE, GERMANY, {"fact": "market", "match": "none_of", "values": ["EU"]})],
            [("a", "never_matches")],
        ),
        (
            [
                rule(
                    "a",
                    APPROVE,
                    {"fact": "price", "currency": "EUR", "at_most": "5"},
                    {"fact": "value", "currency": "USD", "at_most": "5"},
                )
            ],
            [("a", "never_matches")],
        ),
        (
            [
                rule(
                    "a",
                    APPROVE,
                    {"fact": "returns", "within_days": 30, "at_least": 5},
                    {"fact": "returns", "within_days": 365, "at_most": 4},
                )
            ],
            [("a", "never_matches")],
        ),
        (
            [rule("a", APPROVE, {"fact": "refused_share", "at_least": 101})],
            [("a", "never_matches")],
        ),
        ([rule("a", APPROVE, {"fact": "quantity", "at_most": 0})], [("a", "never_matches")]),
        # A rule that earlier ones leave nothing to.
        ([rule("a", APPROVE, EUROPE), rule("b", REJECT, GERMANY)], [("b", "contradicts")]),
        ([rule("a", APPROVE, EUROPE), rule("b", APPROVE, GERMANY)], [("b", "unreachable")]),
        ([rule("a", APPROVE), rule("b", VIDEO, days(at_most=3))], [("b", "contradicts")]),
        (
            [
                rule("a", APPROVE, days(at_most=7)),
                rule("b", REJECT, days(at_least=8)),
                rule("c", VIDEO, EUROPE),
            ],
            [("c", "contradicts")],
        ),
        # A narrow rule before a wide one is how policies are written.
        ([rule("a", REJECT, GERMANY), rule("b", APPROVE, EUROPE)], []),
        # Words that need a condition.
        ([rule("a", APPROVE, because="window")], [("a", "unfounded")]),
        ([rule("a", REJECT, days(at_most=5), because="window")], [("a", "unfounded")]),
        ([rule("a", REJECT, EUROPE, because="excluded")], [("a", "unfounded")]),
        ([rule("a", KEEP, because="fault")], [("a", "unfounded")]),
        ([rule("a", ASK, GERMANY), rule("A", VIDEO)], [("A", "name_twice")]),
    ],
)
def test_what_is_wrong_is_found_at_its_rule(
    rules: list[dict[str, Any]], expected: list[tuple[str, str]]
) -> None:
    """Each fault by an example, and what looks like one but is not."""
    assert codes(policy(*rules)) == expected


def test_a_contradiction_names_the_rules_in_the_way() -> None:
    """Only those that are needed to cover it, by name, in the message too."""
    rules = policy(
        rule("Japan", VIDEO, {"fact": "market", "values": ["JP"]}),
        rule("Early", APPROVE, days(at_most=7)),
        rule("Late", REJECT, days(at_least=8)),
        rule("Germany", VIDEO, GERMANY),
    )
    (finding,) = check(rules)
    assert finding.others == ["Early", "Late"]
    assert finding.position == 3
    for name in ("Germany", "Early", "Late"):
        assert f"“{name}”" in finding.message
    with pytest.raises(CaseError) as caught:
        refuse_wrong(rules)
    assert (caught.value.code, caught.value.status) == ("policy_refused", 422)
    assert caught.value.fields["findings"] == [finding.model_dump(mode="json")]


def test_a_gap_without_an_answer_for_the_rest_is_told_by_an_example() -> None:
    """With nothing for the rest, the rules must cover everything."""
    half = PolicyRules.model_validate({"rules": [rule("in time", APPROVE, days(at_most=14))]})
    (finding,) = check(half)
    assert finding.code is FindingCode.GAP
    assert "days since delivery 15" in finding.message
    whole = [rule("in time", APPROVE, days(at_most=14)), rule("late", REJECT, days(at_least=15))]
    assert check(PolicyRules.model_validate({"rules": whole})) == []
    (empty,) = check(PolicyRules.model_validate({"rules": []}))
    assert empty.message == "Say what happens when no rule matches."


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(policy_rules(complete=False))
def test_the_check_agrees_with_trying_everything(rules: PolicyRules) -> None:
    """In a small world: what it calls dead never answers, and what it passes does somewhere."""
    fired = {decide(rules, facts).rule for facts in WORLD}
    matched = {
        one.name
        for one in rules.rules
        if any(all(holds(condition, facts) for condition in one.when) for facts in WORLD)
    }
    found: dict[str | None, FindingCode] = {one.rule: one.code for one in check(rules)}
    for one in rules.rules:
        if one.name in fired:
            assert one.name not in found
        elif one.name in matched:
            assert found[one.name] in (FindingCode.CONTRADICTS, FindingCode.UNREACHABLE)
        else:
            assert found[one.name] is FindingCode.NEVER_MATCHES
    assert (found.get(None) is FindingCode.GAP) == (None in fired)


def _hard_rules(seed: int) -> list[dict[str, Any]]:
    """Rules that overlap in as many ways as rules can."""
    chance = random.Random(seed)
    money = {"currency": "EUR"}
    rules = []
    for at in range(57):
        spans = []
        for _ in range(5):
            first = chance.randint(0, 50)
            spans.append((first, first + chance.randint(5, 49)))
        when = [
            {"fact": fact, "at_least": first, "at_most": last}
            for fact, (first, last) in zip(
                ("days_since_delivery", "quantity", "refused_share"), spans, strict=False
            )
        ] + [
            {"fact": fact, **money, "at_least": f"{first}.00", "at_most": f"{last}.00"}
            for fact, (first, last) in zip(("price", "value"), spans[3:], strict=True)
        ]
        rules.append(rule(f"{at}", ASK, *chance.sample(when, 3)))
    return rules


@pytest.mark.parametrize("seed", range(3))
def test_a_policy_made_to_be_hard_is_refused_in_time(seed: int) -> None:
    """Thousands of overlaps end in a clear answer, not in a busy server."""
    halves = [
        rule("low", ASK, days(at_most=60), {"fact": "quantity", "at_most": 50}),
        rule("high", ASK, days(at_most=60), {"fact": "quantity", "at_least": 51}),
    ]
    began = time.perf_counter()
    found = check(policy(*_hard_rules(seed), *halves, rule("last", REJECT, days(at_most=60))))
    assert time.perf_counter() - began < 8
    assert (found[-1].rule, found[-1].code) == ("last", FindingCode.TOO_COMPLEX)


def test_every_starter_passes_and_has_an_answer_for_the_rest() -> None:
    """For the five places and four categories, and each asks a person otherwise."""
    assert len({one.key for one in starters()}) == len(starters()) == 9
    for one in starters():
        assert check(one.draft) == [], one.key
        assert one.draft.otherwise is not None
