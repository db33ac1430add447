"""PURE. How long a case is kept: a seller's dated rules, and the date that follows from them.

Of each scope (claim kind and market, one of them, or neither) the newest rule that had begun
when the case was closed counts. Of the scopes that fit, the longest wins: a rule for a kind or
a market is mostly a duty to keep, and what is erased cannot be brought back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final, Self

from pydantic import Field, model_validator

from cases.commands import Command, Day, Market
from cases.states import CaseState, ClaimReason

MAX_DAYS: Final = 36_525
_MAX_RULES: Final = 200
_IN_DISPUTE: Final = frozenset({CaseState.APPEALED, CaseState.DISPUTED})
_EXAMPLE: Final[dict[str, Any]] = {
    "rules": [
        {"days": 365},
        {"days": 1095, "reason": "damaged", "market": "DE", "since": "2026-01-01"},
    ]
}


class KeepRule(Command):
    """So many days after a case was closed."""

    days: Annotated[int, Field(ge=1, le=MAX_DAYS, strict=True)]
    reason: ClaimReason | None = None
    """Only cases of this claim; without one, all."""
    market: Market | None = None
    """Only cases sold in this market."""
    since: Day | None = None
    """Only cases closed on this day (UTC) or later."""


class KeepRules(Command):
    """A tenant's rules; without one that fits, a case is kept until somebody has it erased."""

    model_config = Command.model_config | {"json_schema_extra": {"examples": [_EXAMPLE]}}
    rules: Annotated[list[KeepRule], Field(max_length=_MAX_RULES)] = []  # noqa: RUF012 - pydantic copies it

    @model_validator(mode="after")
    def _say_each_once(self) -> Self:
        seen: set[tuple[object, ...]] = set()
        for number, rule in enumerate(self.rules, start=1):
            scope = (rule.reason, rule.market, rule.since)
            if scope in seen:
                raise ValueError(f"rule {number} is for the same cases and day as one before it")
            seen.add(scope)
        return self


class KeptWhy(StrEnum):
    """Why a case is kept as long as it is."""

    OPEN = "open"
    DISPUTED = "disputed"
    HELD = "held"
    NO_RULE = "no_rule"
    RULE = "rule"


@dataclass(frozen=True, slots=True)
class KeptFacts:
    """What the date depends on."""

    state: CaseState
    reason: ClaimReason
    market: str | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Kept:
    """Until when, why, and by which rule; no date means for now without end."""

    until: datetime | None
    why: KeptWhy
    rule: KeepRule | None = None


def kept_until(facts: KeptFacts, rules: KeepRules, *, held: bool) -> Kept:
    """When a case may be erased; never while it is held, in dispute or open."""
    if held:
        return Kept(None, KeptWhy.HELD)
    if facts.state in _IN_DISPUTE:
        return Kept(None, KeptWhy.DISPUTED)
    if facts.state is not CaseState.CLOSED or facts.closed_at is None:
        return Kept(None, KeptWhy.OPEN)
    rule = _longest(facts, facts.closed_at, rules)
    if rule is None:
        return Kept(None, KeptWhy.NO_RULE)
    return Kept(facts.closed_at + timedelta(days=rule.days), KeptWhy.RULE, rule)


def kept_at_least_until(facts: KeptFacts, rules: KeepRules, now: datetime) -> datetime | None:
    """The earliest date that an open case can come to: that of one that is closed now."""
    rule = _longest(facts, now, rules)
    return None if rule is None else now + timedelta(days=rule.days)


def _longest(facts: KeptFacts, closed_at: datetime, rules: KeepRules) -> KeepRule | None:
    newest: dict[tuple[object, ...], KeepRule] = {}
    for rule in rules.rules:
        if not _fits(rule, facts, closed_at.date()):
            continue
        scope = (rule.reason, rule.market)
        known = newest.get(scope)
        if known is None or _begins(known) < _begins(rule):
            newest[scope] = rule
    return max(newest.values(), key=lambda rule: rule.days, default=None)


def _fits(rule: KeepRule, facts: KeptFacts, closed_on: date) -> bool:
    return (
        (rule.reason is None or rule.reason is facts.reason)
        and (rule.market is None or rule.market == facts.market)
        and _begins(rule) <= closed_on
    )


def _begins(rule: KeepRule) -> date:
    return rule.since or date.min
