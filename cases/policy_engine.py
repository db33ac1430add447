"""PURE. What a policy answers to the facts of a case: the first rule that matches decides.

A fact that a rule needs and nobody knows never approves or rejects: a person is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated, Final, Literal

from pydantic import Field

from cases.commands import Command
from cases.policy_rules import EU as EU_MEMBERS
from cases.policy_rules import (
    HISTORY_DAYS,
    Answer,
    AnswerKind,
    Approve,
    AskAPerson,
    Because,
    Category,
    CategoryCondition,
    Condition,
    Fact,
    Facts,
    Market,
    MarketCondition,
    MoneyCondition,
    NumberCondition,
    Offer,
    OfferKind,
    PhotographsCondition,
    PolicyRules,
    ReasonCondition,
    ReturnsCondition,
    Rule,
)

_A_PERSON: Final = AskAPerson(kind=AnswerKind.ASK_A_PERSON)
_BUCKETS: Final = 10_000
_SETTLING: Final = frozenset({AnswerKind.APPROVE, AnswerKind.REJECT, AnswerKind.OFFER})


@dataclass(frozen=True, slots=True)
class Decision:
    """An answer, the rule that gave it, and what its sentence is made of.

    ``rule`` is None when no rule matched; with ``missing`` facts it is the rule that needs them.
    """

    answer: Answer
    rule: str | None
    sentence: str
    parameters: dict[str, str | int] = field(default_factory=dict)
    missing: tuple[Fact, ...] = ()


class PilotShare(Command):
    """So many percent of all cases, always the same ones."""

    kind: Literal["share"]
    percent: Annotated[int, Field(ge=1, le=99, strict=True)]


class PilotCategories(Command):
    """Cases all of whose lines are of these categories."""

    kind: Literal["categories"]
    values: Annotated[list[Category], Field(min_length=1, max_length=60)]


class PilotMarkets(Command):
    """Cases of these markets."""

    kind: Literal["markets"]
    values: Annotated[list[Market], Field(min_length=1, max_length=60)]


PilotScope = Annotated[PilotShare | PilotCategories | PilotMarkets, Field(discriminator="kind")]


def holds(condition: Condition, facts: Facts) -> bool | None:
    """Say whether a condition holds; None when the fact is not known."""
    if isinstance(condition, MoneyCondition):
        return _money_holds(condition, facts)
    if isinstance(condition, PhotographsCondition):
        return None if facts.photographs is None else (facts.photographs > 0) is condition.given
    if isinstance(condition, NumberCondition):
        return _within(_number(condition, facts), condition.at_least, condition.at_most)
    if isinstance(condition, ReturnsCondition):
        if facts.returns is None:
            return None
        count = facts.returns[HISTORY_DAYS.index(condition.within_days)]
        return _within(count, condition.at_least, condition.at_most)
    word, named = _named(condition, facts)
    return None if word is None else (word in named) is (condition.match == "any_of")


def decide(policy: PolicyRules, facts: Facts) -> Decision:
    """What the policy answers to one line's facts."""
    for rule in policy.rules:
        held = [(condition, holds(condition, facts)) for condition in rule.when]
        if any(one is False for _, one in held):
            continue
        missing = tuple(dict.fromkeys(Fact(c.fact) for c, one in held if one is None))
        if missing:
            return Decision(_A_PERSON, rule.name, "ask_a_person.missing", missing=missing)
        return _decided_by(rule, facts)
    answer = policy.otherwise or _A_PERSON
    return Decision(answer, None, _sentence(answer, Because.GENERAL), _parameters(answer))


def decide_case(policy: PolicyRules, lines: Sequence[Facts]) -> Decision:
    """What the policy answers to a case: the answer that all its lines agree on.

    Lines that need different answers ask a person.

    Raises:
        ValueError: there is no line.
    """
    decisions = [decide(policy, facts) for facts in lines]
    if not decisions:
        raise ValueError("a case has at least one line")
    for decision in decisions:
        if decision.missing:
            return decision
    first = decisions[0]
    if any(decision.answer != first.answer for decision in decisions):
        return Decision(_A_PERSON, None, "ask_a_person.differ")
    return first


def doubting(decision: Decision, doubted: Sequence[Fact]) -> Decision:
    """The same decision, unless it would settle a case whose facts nobody vouches for."""
    if doubted and decision.answer.kind in _SETTLING:
        return Decision(_A_PERSON, decision.rule, "ask_a_person.missing", missing=tuple(doubted))
    return decision


def pilot_bucket(case_id: str) -> int:
    """A number from 0 to 9,999 that is the same for a case for ever, and even over cases."""
    return int.from_bytes(sha256(case_id.encode()).digest()[:8]) % _BUCKETS


def in_pilot(scope: PilotScope, case_id: str, lines: Sequence[Facts]) -> bool:
    """Say whether a case belongs to a pilot; what is not known does not belong."""
    if isinstance(scope, PilotShare):
        return pilot_bucket(case_id) < scope.percent * _BUCKETS // 100
    if isinstance(scope, PilotCategories):
        return all(facts.category in scope.values for facts in lines)
    named = set(scope.values)
    if "EU" in named:
        named |= EU_MEMBERS
    return all(facts.market in named for facts in lines)


def sentence_of(rule: Rule) -> tuple[str, dict[str, str | int]]:
    """What a rule's answer will say, as far as that is known without a case."""
    return _sentence(rule.answer, rule.because), _parameters(rule.answer, rule)


def _decided_by(rule: Rule, facts: Facts) -> Decision:
    sentence, parameters = sentence_of(rule)
    if rule.because is Because.EXCLUDED and facts.category is not None:
        parameters = {**parameters, "category": facts.category}
    return Decision(rule.answer, rule.name, sentence, parameters)


def _sentence(answer: Answer, because: Because) -> str:
    if isinstance(answer, Offer):
        return f"offer.{answer.offer}"
    if isinstance(answer, Approve):
        return f"approve.{because}.{answer.postage}"
    return f"{answer.kind}.{because}"


def _parameters(answer: Answer, rule: Rule | None = None) -> dict[str, str | int]:
    if isinstance(answer, Offer) and answer.offer is OfferKind.DISCOUNT:
        return {"percent": answer.percent or 0}
    if rule is not None and rule.because is Because.WINDOW and rule.window_days is not None:
        return {"days": rule.window_days}
    return {}


def _number(condition: NumberCondition, facts: Facts) -> int | None:
    if condition.fact is Fact.DAYS_SINCE_DELIVERY:
        return facts.days_since_delivery
    if condition.fact is Fact.QUANTITY:
        return facts.quantity
    return facts.refused_share


def _within(number: int | None, first: int | None, last: int | None) -> bool | None:
    if number is None:
        return None
    return (first is None or number >= first) and (last is None or number <= last)


def _money_holds(condition: MoneyCondition, facts: Facts) -> bool | None:
    if facts.currency is None:
        return None
    if facts.currency != condition.currency:
        return False
    amount = facts.price_minor if condition.fact is Fact.PRICE else facts.value_minor
    return _within(amount, condition.at_least_minor, condition.at_most_minor)


def _named(
    condition: MarketCondition | CategoryCondition | ReasonCondition, facts: Facts
) -> tuple[str | None, frozenset[str]]:
    if isinstance(condition, MarketCondition):
        return facts.market, condition.markets
    if isinstance(condition, CategoryCondition):
        return facts.category, frozenset(condition.values)
    return facts.reason, frozenset(condition.values)
