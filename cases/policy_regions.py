"""PURE. Which facts a rule is about: a box with one set of values per fact, and their difference.

Facts are taken to be independent of each other but for one thing that policies do ask about
together: whoever returned something in 30 days returned at least as much in 90 and in 365.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cases.policy_rules import (
    HISTORY_DAYS,
    CategoryCondition,
    Condition,
    Fact,
    MarketCondition,
    MoneyCondition,
    PhotographsCondition,
    ReasonCondition,
    ReturnsCondition,
)
from cases.states import ClaimReason


@dataclass(frozen=True, slots=True)
class Span:
    """The whole numbers from ``first`` to ``last``, or without an end."""

    first: int
    last: int | None = None

    def meet(self, other: Span) -> Span | None:
        """What both hold."""
        last = other.last if self.last is None else self.last
        if self.last is not None and other.last is not None:
            last = min(self.last, other.last)
        first = max(self.first, other.first)
        return None if last is not None and first > last else Span(first, last)

    def without(self, other: Span) -> list[Span]:
        """What this holds and the other does not."""
        if self.meet(other) is None:
            return [self]
        parts = []
        if self.first < other.first:
            parts.append(Span(self.first, other.first - 1))
        if other.last is not None and (self.last is None or self.last > other.last):
            parts.append(Span(other.last + 1, self.last))
        return parts


@dataclass(frozen=True, slots=True)
class Words:
    """Some words, or all words but some."""

    words: frozenset[str]
    but: bool = False

    def meet(self, other: Words) -> Words | None:
        """What both hold."""
        if self.but and other.but:
            return Words(self.words | other.words, but=True)
        if self.but or other.but:
            some, others = (other, self) if self.but else (self, other)
            met = Words(some.words - others.words)
        else:
            met = Words(self.words & other.words)
        return met if met.words else None

    def without(self, other: Words) -> list[Words]:
        """What this holds and the other does not."""
        rest = self.meet(Words(other.words, but=not other.but))
        return [rest] if rest is not None else []


Values = Span | Words
Box = Mapping[str, Values]
"""What is not named is not limited."""

_RETURNS: Final = tuple(f"{Fact.RETURNS}_{days}" for days in HISTORY_DAYS)
_FROM_ONE: Final = Span(1)
_FROM_ZERO: Final = Span(0)
_WHOLE: Final[Mapping[str, Values]] = {
    Fact.DAYS_SINCE_DELIVERY: _FROM_ZERO,
    Fact.QUANTITY: _FROM_ONE,
    Fact.REFUSED_SHARE: Span(0, 100),
    Fact.PRICE: _FROM_ZERO,
    Fact.VALUE: _FROM_ZERO,
    Fact.REASON: Words(frozenset(ClaimReason)),
    Fact.PHOTOGRAPHS: Words(frozenset({"yes", "no"})),
    Fact.MARKET: Words(frozenset(), but=True),
    Fact.CATEGORY: Words(frozenset(), but=True),
    "currency": Words(frozenset(), but=True),
    **dict.fromkeys(_RETURNS, _FROM_ZERO),
}
EVERYTHING: Final[Box] = {}


class TooComplexError(Exception):
    """The question takes more steps than anybody's policy should."""


@dataclass(slots=True)
class Steps:
    """How much may still be tried, over all questions that are given the same ``Steps``."""

    left: int = 150_000

    def take(self) -> None:
        """One step.

        Raises:
            TooComplexError: there is none left.
        """
        self.left -= 1
        if self.left < 0:
            raise TooComplexError


def box_of(conditions: Sequence[Condition]) -> tuple[Box, str | None]:
    """The facts for which all conditions hold; the second is the fact they cannot agree on."""
    box: dict[str, Values] = {}
    for condition in conditions:
        for name, values in _limits(condition):
            met = _meet(box.get(name, _WHOLE[name]), values) if values is not None else None
            if met is None:
                return {}, name
            box[name] = met
    return box, (Fact.RETURNS if _impossible(box) else None)


def meet(one: Box, other: Box) -> Box | None:
    """The facts that are in both boxes."""
    both = dict(one)
    for name, values in other.items():
        met = _meet(both.get(name, _WHOLE[name]), values)
        if met is None:
            return None
        both[name] = met
    return None if _impossible(both) else both


def left_over(box: Box, others: Sequence[Box], steps: Steps) -> Box | None:
    """Facts of the box that are in none of the others, or None when there are no such facts.

    Raises:
        TooComplexError: the steps did not suffice to find out.
    """
    waiting: list[tuple[Box, int]] = [(box, 0)]
    while waiting:
        steps.take()
        part, at = waiting.pop()
        while at < len(others) and meet(part, others[at]) is None:
            at += 1
            steps.take()
        if at == len(others):
            return part
        waiting += [(rest, at + 1) for rest in _difference(part, others[at])]
    return None


def _difference(box: Box, other: Box) -> Iterator[Box]:
    """What of the box is outside the other, in parts that have nothing in common."""
    inside = dict(box)
    for name, values in other.items():
        mine = inside.get(name, _WHOLE[name])
        for rest in _without(mine, values):
            part = {**inside, name: rest}
            if not _impossible(part):
                yield part
        met = _meet(mine, values)
        if met is None:
            return
        inside[name] = met


def _limits(condition: Condition) -> Iterator[tuple[str, Values | None]]:
    if isinstance(condition, MoneyCondition):
        yield "currency", Words(frozenset({condition.currency}))
        yield condition.fact, _span(condition.at_least_minor, condition.at_most_minor)
    elif isinstance(condition, PhotographsCondition):
        yield condition.fact, Words(frozenset({"yes" if condition.given else "no"}))
    elif isinstance(condition, MarketCondition):
        yield condition.fact, Words(condition.markets, but=condition.match == "none_of")
    elif isinstance(condition, CategoryCondition | ReasonCondition):
        yield condition.fact, Words(frozenset(condition.values), but=condition.match == "none_of")
    elif isinstance(condition, ReturnsCondition):
        name = f"{Fact.RETURNS}_{condition.within_days}"
        yield name, _span(condition.at_least, condition.at_most)
    else:
        yield condition.fact, _span(condition.at_least, condition.at_most)


def _span(first: int | None, last: int | None) -> Span | None:
    span = Span(first or 0, last)
    return None if last is not None and span.first > last else span


def _meet(one: Values, other: Values) -> Values | None:
    if isinstance(one, Span) and isinstance(other, Span):
        return one.meet(other)
    if isinstance(one, Words) and isinstance(other, Words):
        return one.meet(other)
    raise TypeError("numbers and words have nothing in common")


def _without(one: Values, other: Values) -> Sequence[Values]:
    if isinstance(one, Span) and isinstance(other, Span):
        return one.without(other)
    if isinstance(one, Words) and isinstance(other, Words):
        return one.without(other)
    raise TypeError("numbers and words have nothing in common")


def _impossible(box: Box) -> bool:
    """More returns in a shorter span than in a longer one."""
    most_in_longer: int | None = None
    for name in reversed(_RETURNS):
        values = box.get(name, _FROM_ZERO)
        if not isinstance(values, Span):
            raise TypeError("returns are counted")
        if values.last is not None:
            most_in_longer = (
                values.last if most_in_longer is None else min(values.last, most_in_longer)
            )
        if most_in_longer is not None and values.first > most_in_longer:
            return True
    return False
