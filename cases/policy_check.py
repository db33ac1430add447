"""PURE. What is wrong with a policy that is to be saved: rules that contradict or never answer."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict

from cases.commands import from_minor
from cases.policy_regions import (
    EVERYTHING,
    Box,
    Span,
    Steps,
    TooComplexError,
    Words,
    box_of,
    left_over,
    meet,
)
from cases.policy_rules import (
    REASONS_OF,
    AnswerKind,
    Because,
    CategoryCondition,
    Fact,
    PolicyRules,
    Rule,
)
from runtime.errors import CaseError


class FindingCode(StrEnum):
    """What can be wrong; stable."""

    NEVER_MATCHES = "never_matches"
    CONTRADICTS = "contradicts"  # earlier rules answer all of it, and otherwise
    UNREACHABLE = "unreachable"  # earlier rules answer all of it, and the same
    GAP = "gap"  # no rule, and no answer for the rest
    UNFOUNDED = "unfounded"  # the reason given needs a condition that is not there
    NAME_TWICE = "name_twice"
    TOO_COMPLEX = "too_complex"


class Finding(BaseModel):
    """One thing that is wrong, at one rule, or at the policy when ``rule`` is None."""

    model_config = ConfigDict(frozen=True)
    code: FindingCode
    rule: str | None
    position: int | None
    """Counted from 0."""
    fact: str | None
    others: list[str]
    """The earlier rules that are in the way."""
    message: str


_FACT_WORDS: Final = {
    Fact.DAYS_SINCE_DELIVERY: "days since delivery",
    Fact.MARKET: "market",
    Fact.CATEGORY: "category",
    Fact.REASON: "reason",
    Fact.PRICE: "price",
    Fact.VALUE: "value of the case",
    Fact.QUANTITY: "quantity",
    Fact.RETURNS: "earlier returns",
    Fact.REFUSED_SHARE: "share refused",
    Fact.PHOTOGRAPHS: "photographs",
}


def check(policy: PolicyRules) -> list[Finding]:
    """Everything that is wrong, in the order of the rules; an empty list lets it be saved."""
    findings: list[Finding] = []
    boxes: list[tuple[Box, Rule]] = []
    steps = Steps()
    names: set[str] = set()
    for position, rule in enumerate(policy.rules):
        findings += _of_words(rule, position, names)
        names.add(rule.name.casefold())
        box, conflict = box_of(rule.when)
        if conflict is not None:
            findings.append(_never(rule, position, conflict))
            continue
        shadow = _shadow(rule, position, box, boxes, steps)
        if shadow is not None:
            findings.append(shadow)
        boxes.append((box, rule))
    if policy.otherwise is None:
        findings += _gap([box for box, _ in boxes], steps)
    return findings


def refuse_wrong(policy: PolicyRules) -> None:
    """Let a policy pass in which nothing is wrong.

    Raises:
        CaseError: ``policy_refused`` (422) with ``findings``.
    """
    findings = check(policy)
    if findings:
        raise CaseError(
            "policy_refused",
            findings[0].message,
            status=422,
            findings=[finding.model_dump(mode="json") for finding in findings],
        )


def _of_words(rule: Rule, position: int, names: set[str]) -> list[Finding]:
    found = []
    if rule.name.casefold() in names:
        found.append(
            _finding(
                FindingCode.NAME_TWICE,
                rule,
                position,
                f"Another rule is called “{rule.name}” too. Give this one a name of its own.",
            )
        )
    need = _missing_ground(rule)
    if need is not None:
        found.append(_finding(FindingCode.UNFOUNDED, rule, position, need))
    return found


def _missing_ground(rule: Rule) -> str | None:
    if rule.because not in REASONS_OF[AnswerKind(rule.answer.kind)]:
        return f"“{rule.name}” gives a reason that does not go with its answer."
    if rule.because is Because.WINDOW and rule.window_days is None:
        limit = "at least" if rule.answer.kind is AnswerKind.REJECT else "at most"
        return (
            f"“{rule.name}” speaks of a window but has no condition "
            f"“days since delivery: {limit} …”. Add one, or give another reason."
        )
    if rule.because is Because.EXCLUDED and not any(
        isinstance(condition, CategoryCondition) and condition.match == "any_of"
        for condition in rule.when
    ):
        return (
            f"“{rule.name}” says that a category is excluded but names none. "
            "Add a condition “category is one of …”, or give another reason."
        )
    return None


def _never(rule: Rule, position: int, name: str) -> Finding:
    fact = _fact_of(name)
    words = "currency" if fact is None else _FACT_WORDS[fact]
    return _finding(
        FindingCode.NEVER_MATCHES,
        rule,
        position,
        f"“{rule.name}” can never match: nothing fits all it says about {words}.",
        fact=str(fact) if fact else "currency",
    )


def _shadow(
    rule: Rule, position: int, box: Box, earlier: list[tuple[Box, Rule]], steps: Steps
) -> Finding | None:
    in_the_way = [(other, one) for other, one in earlier if meet(box, other) is not None]
    # Mostly one rule is in the way alone, and then nothing else need be tried.
    alone = [pair for pair in in_the_way if left_over(box, [pair[0]], Steps()) is None]
    in_the_way = alone[:1] or in_the_way
    try:
        if left_over(box, [other for other, _ in in_the_way], steps) is not None:
            return None
        covering = _covering(box, in_the_way, steps)
    except TooComplexError:
        return _finding(
            FindingCode.TOO_COMPLEX,
            rule,
            position,
            f"The rules before “{rule.name}” overlap in so many ways that nobody can say whether "
            "it is ever reached. Make fewer conditions, or split the policy differently.",
        )
    names = [one.name for one in covering]
    told = ", ".join(f"“{name}”" for name in names)
    if all(one.answer == rule.answer for one in covering):
        message = f"“{rule.name}” is never reached: {told} above it answers the same already."
        return _finding(FindingCode.UNREACHABLE, rule, position, message, others=names)
    message = (
        f"“{rule.name}” contradicts {told}: all it is about is answered there first, and "
        "differently. Move it up, or change one of them."
    )
    return _finding(FindingCode.CONTRADICTS, rule, position, message, others=names)


def _covering(box: Box, in_the_way: list[tuple[Box, Rule]], steps: Steps) -> list[Rule]:
    """The rules that cover the box, without those that are not needed for it."""
    needed = list(in_the_way)
    for candidate in reversed(in_the_way):
        others = [one for one in needed if one is not candidate]
        if left_over(box, [other for other, _ in others], steps) is None:
            needed = others
    return [rule for _, rule in needed]


def _gap(boxes: list[Box], steps: Steps) -> list[Finding]:
    try:
        gap = left_over(EVERYTHING, boxes, steps)
    except TooComplexError:
        gap = EVERYTHING
    if gap is None:
        return []
    example = _words_of(gap)
    return [
        Finding(
            code=FindingCode.GAP,
            rule=None,
            position=None,
            fact=None,
            others=[],
            message=f"No rule answers a case with {example}. Say what happens otherwise."
            if example
            else "Say what happens when no rule matches.",
        )
    ]


def _words_of(box: Box) -> str:
    """An example of facts in a box, in words."""
    parts = []
    currency = box.get("currency")
    for name, values in box.items():
        fact = _fact_of(name)
        if fact is None:
            continue
        words = _FACT_WORDS[fact]
        if isinstance(values, Span):
            number = str(values.first)
            if fact in (Fact.PRICE, Fact.VALUE) and isinstance(currency, Words):
                code = min(currency.words) if currency.words and not currency.but else "EUR"
                number = f"{from_minor(values.first, code)} {code}"
            parts.append(f"{words} {number}")
        elif values.but:
            parts.append(f"a {words} not among {', '.join(sorted(values.words)[:3])}")
        else:
            parts.append(f"{words} {min(values.words)}")
    return ", ".join(parts)


def _fact_of(name: str) -> Fact | None:
    if name.startswith(Fact.RETURNS):
        return Fact.RETURNS
    return None if name == "currency" else Fact(name)


def _finding(
    code: FindingCode,
    rule: Rule,
    position: int,
    message: str,
    *,
    fact: str | None = None,
    others: list[str] | None = None,
) -> Finding:
    return Finding(
        code=code,
        rule=rule.name,
        position=position,
        fact=fact,
        others=others or [],
        message=message,
    )
