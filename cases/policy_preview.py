"""What a version would have answered to past cases, beside what the version in force answers."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.access_policy import Action
from cases.actor import Actor
from cases.policies import load_policy
from cases.policy_engine import Decision, decide_case
from cases.policy_facts import earlier_cases, history_in, photographs_of, policy_facts
from cases.policy_rules import Answer, AnswerKind, Fact, Facts, PolicyRules
from cases.policy_versions import live_policy, rules_of
from cases.tables import Case, ItemLine
from cases.view import View

MOST_PREVIEWED: Final = 300
_MOST_SHOWN: Final = 100


class PreviewedAnswer(View):
    """What one version answers to one case."""

    answer: Answer
    rule: str | None
    missing: list[Fact]


class PreviewedCase(View):
    """A case that would be answered differently."""

    case_id: str
    order_number: str
    title: str
    opened_at: datetime
    before: PreviewedAnswer | None
    """None when no version is in force."""
    after: PreviewedAnswer


class Preview(View):
    """Past cases under this version and under the one in force."""

    revision: int
    """Of the rules that were previewed."""
    cases: int
    live_version: int | None
    before: dict[AnswerKind, int]
    after: dict[AnswerKind, int]
    changed: int
    changed_cases: list[PreviewedCase]
    """The first 100 of them, newest first."""


@dataclass(frozen=True, slots=True)
class _PastCase:
    case_id: str
    order_number: str
    title: str
    opened_at: datetime
    facts: Sequence[Facts]


async def preview(
    tx: AsyncSession, actor: Actor, policy_id: str, cases: int, now: datetime
) -> Preview:
    """Answer the cases that changed last, with what was known when each was opened.

    Raises:
        CaseError: ``not_found`` (404) or ``forbidden`` (403).
    """
    policy = await load_policy(tx, actor, policy_id, Action.WRITE_POLICIES)
    live = await live_policy(tx, policy.tenant_id, now)
    past = await _past_cases(tx, policy.tenant_id, min(cases, MOST_PREVIEWED))
    rules, live_rules = rules_of(policy), rules_of(live) if live is not None else None
    after, before = await asyncio.to_thread(_both, rules, live_rules, past)
    changed = [
        PreviewedCase(
            case_id=case.case_id,
            order_number=case.order_number,
            title=case.title,
            opened_at=case.opened_at,
            before=_shown(before[at]) if before else None,
            after=_shown(after[at]),
        )
        for at, case in enumerate(past)
        if not before or before[at].answer != after[at].answer
    ]
    return Preview(
        revision=policy.revision,
        cases=len(past),
        live_version=live.number if live is not None else None,
        before=_counts(before),
        after=_counts(after),
        changed=len(changed),
        changed_cases=changed[:_MOST_SHOWN],
    )


async def _past_cases(tx: AsyncSession, tenant_id: str, count: int) -> list[_PastCase]:
    found = list(
        await tx.scalars(
            select(Case)
            .where(Case.tenant_id == tenant_id)
            .order_by(Case.updated_at.desc())
            .limit(count)
        )
    )
    lines: dict[str, list[ItemLine]] = {}
    for line in await tx.scalars(
        select(ItemLine)
        .where(ItemLine.case_id.in_([case.id for case in found]))
        .order_by(ItemLine.case_id, ItemLine.position)
    ):
        lines.setdefault(line.case_id, []).append(line)
    earlier = await earlier_cases(tx, tenant_id, found)
    sent = await photographs_of(tx, [case.id for case in found])
    return [
        _PastCase(
            case.id,
            case.order_number,
            lines[case.id][0].listing["title"],
            case.created_at,
            policy_facts(case, lines[case.id], history_in(earlier, case), sent.get(case.id)),
        )
        for case in found
        if case.id in lines
    ]


def _both(
    rules: PolicyRules, live_rules: PolicyRules | None, past: Sequence[_PastCase]
) -> tuple[list[Decision], list[Decision]]:
    after = [decide_case(rules, case.facts) for case in past]
    before = [decide_case(live_rules, case.facts) for case in past] if live_rules else []
    return after, before


def _shown(decision: Decision) -> PreviewedAnswer:
    return PreviewedAnswer(
        answer=decision.answer, rule=decision.rule, missing=list(decision.missing)
    )


def _counts(decisions: Sequence[Decision]) -> dict[AnswerKind, int]:
    return dict(Counter(AnswerKind(decision.answer.kind) for decision in decisions))
