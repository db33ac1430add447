"""What a policy answers: the first rule that matches, and a person when something is not known."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cases.policy_engine import (
    PilotCategories,
    PilotMarkets,
    PilotShare,
    decide,
    decide_case,
    doubting,
    in_pilot,
    pilot_bucket,
)
from cases.policy_rules import AnswerKind, Fact, Facts, PolicyRules
from cases.states import ClaimReason
from tests.support.policies import (
    APPROVE,
    ASK,
    KEEP,
    REJECT,
    VIDEO,
    days,
    known_facts,
    policy,
    policy_rules,
    rule,
)

KNOWN = Facts(
    days_since_delivery=5,
    market="DE",
    category="apparel",
    reason=ClaimReason.SIZE_FIT,
    currency="EUR",
    price_minor=2000,
    value_minor=4000,
    quantity=2,
    returns=(1, 2, 3),
    refused_share=20,
    photographs=True,
)


@pytest.mark.parametrize(
    ("condition", "facts", "holds"),
    [
        (days(at_most=5), {}, True),
        (days(at_most=4), {}, False),
        (days(at_least=5, at_most=5), {}, True),
        (days(at_least=6), {}, False),
        ({"fact": "market", "values": ["EU"]}, {}, True),
        ({"fact": "market", "values": ["EU"]}, {"market": "GB"}, False),
        ({"fact": "market", "values": ["UK"]}, {"market": "GB"}, True),
        ({"fact": "market", "match": "none_of", "values": ["EU"]}, {"market": "US"}, True),
        ({"fact": "category", "values": ["Apparel"]}, {}, True),
        ({"fact": "category", "match": "none_of", "values": ["apparel"]}, {}, False),
        ({"fact": "reason", "values": ["size_fit", "changed_mind"]}, {}, True),
        ({"fact": "price", "currency": "EUR", "at_most": "20.00"}, {}, True),
        ({"fact": "price", "currency": "EUR", "at_most": "19.99"}, {}, False),
        ({"fact": "price", "currency": "USD", "at_most": "999"}, {}, False),
        ({"fact": "value", "currency": "EUR", "at_least": "40"}, {}, True),
        ({"fact": "price", "currency": "JPY", "at_most": "20"}, {"currency": "JPY"}, False),
        ({"fact": "quantity", "at_least": 3}, {}, False),
        ({"fact": "returns", "within_days": 30, "at_most": 1}, {}, True),
        ({"fact": "returns", "within_days": 365, "at_least": 3}, {}, True),
        ({"fact": "refused_share", "at_least": 21}, {}, False),
        ({"fact": "photographs", "given": True}, {}, True),
        ({"fact": "photographs", "given": False}, {}, False),
    ],
)
def test_a_condition_holds_for_the_facts_it_names(
    condition: dict[str, Any], facts: dict[str, Any], holds: bool
) -> None:
    """Each kind of condition, at its limits."""
    decided = decide(
        policy(rule("it", APPROVE, condition), otherwise=REJECT), replace(KNOWN, **facts)
    )
    assert decided.answer.kind == (AnswerKind.APPROVE if holds else AnswerKind.REJECT)


def test_the_first_rule_that_matches_answers() -> None:
    """Order decides, not how narrow a rule is."""
    rules = policy(
        rule("old", REJECT, days(at_least=8)),
        rule("first", VIDEO, days(at_most=7)),
        rule("second", APPROVE),
    )
    decided = decide(rules, KNOWN)
    assert (decided.rule, decided.answer.kind) == ("first", AnswerKind.INSPECT_BY_VIDEO)


def test_a_fact_that_is_not_known_asks_a_person_and_says_which() -> None:
    """Neither the rule that needs it nor a later one decides."""
    rules = policy(rule("in time", APPROVE, days(at_most=14)), rule("rest", REJECT))
    decided = decide(rules, replace(KNOWN, days_since_delivery=None))
    assert decided.answer.kind is AnswerKind.ASK_A_PERSON
    assert (decided.rule, decided.missing) == ("in time", (Fact.DAYS_SINCE_DELIVERY,))


def test_a_fact_that_cannot_matter_may_be_missing() -> None:
    """A rule that fails anyway does not wait for it."""
    rules = policy(
        rule("us", REJECT, {"fact": "market", "values": ["US"]}, days(at_least=31)),
        rule("rest", APPROVE),
    )
    assert decide(rules, replace(KNOWN, days_since_delivery=None)).rule == "rest"


@given(policy_rules(), known_facts(), st.sets(st.sampled_from(sorted(asdict(KNOWN)))))
def test_what_is_decided_without_a_fact_is_decided_the_same_with_it(
    rules: PolicyRules, facts: Facts, unknown: set[str]
) -> None:
    """Knowing more never turns an answer round, and not knowing never approves or rejects."""
    less = decide(rules, replace(facts, **dict.fromkeys(unknown)))
    if less.missing:
        assert less.answer.kind is AnswerKind.ASK_A_PERSON
    else:
        assert less == decide(rules, facts)


@pytest.mark.parametrize(("sent", "answer"), [(0, "reject"), (1, "approve"), (12, "approve")])
def test_one_photograph_is_enough_and_none_is_none(sent: int, answer: str) -> None:
    """A condition asks whether any was sent, the facts count them."""
    rules = policy(
        rule("seen", APPROVE, {"fact": "photographs", "given": True}),
        rule("unseen", REJECT, {"fact": "photographs", "given": False}),
    )
    assert decide(rules, Facts(photographs=sent)).answer.kind == answer
    assert decide(rules, Facts()).missing == (Fact.PHOTOGRAPHS,)


@pytest.mark.parametrize("given", [APPROVE, REJECT, KEEP, VIDEO, ASK])
def test_what_nobody_vouches_for_settles_nothing(given: dict[str, Any]) -> None:
    """An answer that settles becomes a person's, and says what is doubted; others stay."""
    decision = decide(policy(rule("all", given)), Facts())
    assert doubting(decision, ()) == decision
    doubted = doubting(decision, (Fact.VALUE,))
    if given in (VIDEO, ASK):
        assert doubted == decision
    else:
        assert (doubted.answer.kind, doubted.missing) == (AnswerKind.ASK_A_PERSON, (Fact.VALUE,))
        assert doubted.rule == "all"


def test_lines_that_need_different_answers_ask_a_person() -> None:
    """One excluded line does not reject the others, and they do not approve it."""
    rules = policy(
        rule("excluded", REJECT, {"fact": "category", "values": ["underwear"]}, because="excluded"),
        otherwise=APPROVE,
    )
    fine, excluded = KNOWN, replace(KNOWN, category="underwear")
    assert decide_case(rules, [fine, fine]).answer.kind is AnswerKind.APPROVE
    assert decide_case(rules, [excluded]).sentence == "reject.excluded"
    assert decide_case(rules, [excluded]).parameters == {"category": "underwear"}
    mixed = decide_case(rules, [fine, excluded])
    assert (mixed.answer.kind, mixed.sentence) == (AnswerKind.ASK_A_PERSON, "ask_a_person.differ")
    unknown = decide_case(rules, [fine, replace(KNOWN, category=None)])
    assert unknown.missing == (Fact.CATEGORY,)
    with pytest.raises(ValueError, match="at least one line"):
        decide_case(rules, [])


@pytest.mark.parametrize(
    "wrong",
    [
        {"fact": "days_since_delivery"},
        {"fact": "days_since_delivery", "at_most": -1},
        {"fact": "days_since_delivery", "at_most": 14.5},
        {"fact": "days_since_delivery", "at_most": "14"},
        {"fact": "market", "values": []},
        {"fact": "market", "values": ["Germany"]},
        {"fact": "price", "currency": "JPY", "at_most": "1.50"},
        {"fact": "price", "currency": "EUR"},
        {"fact": "returns", "within_days": 31, "at_most": 1},
        {"fact": "reason", "values": ["because"]},
        {"fact": "__class__", "values": ["x"]},
        {"fact": "category", "values": ["a\u0000b"]},
    ],
)
def test_a_condition_that_makes_no_sense_is_no_condition(wrong: dict[str, Any]) -> None:
    """It is refused where it comes in."""
    with pytest.raises(ValidationError):
        policy(rule("it", ASK, wrong))


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "offer", "offer": "discount"},
        {"kind": "offer", "offer": "guidance", "percent": 10},
        {"kind": "offer", "offer": "discount", "percent": 101},
        {"kind": "approve"},
        {"kind": "pay"},
    ],
)
def test_an_answer_that_makes_no_sense_is_no_answer(wrong: dict[str, Any]) -> None:
    """It is refused where it comes in."""
    with pytest.raises(ValidationError):
        policy(rule("it", wrong))


def test_a_share_takes_always_the_same_cases_and_about_as_many_as_it_says() -> None:
    """A larger share keeps the cases of a smaller one."""
    ids = [f"cas_{number:026d}" for number in range(4000)]
    small = {one for one in ids if in_pilot(PilotShare(kind="share", percent=10), one, [KNOWN])}
    large = {one for one in ids if in_pilot(PilotShare(kind="share", percent=30), one, [KNOWN])}
    assert small <= large
    assert 300 < len(small) < 500
    assert 1050 < len(large) < 1350
    assert pilot_bucket(ids[0]) == pilot_bucket(ids[0]) == 3356


def test_a_pilot_takes_what_is_surely_its_own() -> None:
    """All lines of its categories, a market of its own; what is not known stays outside."""
    apparel = PilotCategories(kind="categories", values=["Apparel"])
    assert in_pilot(apparel, "x", [KNOWN, KNOWN])
    assert not in_pilot(apparel, "x", [KNOWN, replace(KNOWN, category="home")])
    assert not in_pilot(apparel, "x", [replace(KNOWN, category=None)])
    europe = PilotMarkets(kind="markets", values=["EU", "US"])
    assert in_pilot(europe, "x", [KNOWN])
    assert not in_pilot(europe, "x", [replace(KNOWN, market="GB")])
    assert not in_pilot(europe, "x", [replace(KNOWN, market=None)])
