"""How a seller's policy is shown: its versions, one of them, and the effect of a trial."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import and_, case, extract, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.access_policy import Action
from cases.actor import Actor
from cases.case_views import name_of
from cases.policies import load_policy, policy_tenant
from cases.policy_engine import PilotScope
from cases.policy_rules import Answer, AnswerKind, Rule
from cases.policy_versions import PolicyState, live_policy, rules_of, scope_of, state_of
from cases.states import Outcome
from cases.tables import Case, Policy, PolicyAnswer
from cases.view import View
from runtime.errors import CaseError

_LONGEST_EFFECT: Final = timedelta(days=90)


class PilotView(View):
    """On which cases a version is or was tried."""

    scope: PilotScope
    started_at: datetime
    started_by: str
    ended_at: datetime | None


class PolicySummary(View):
    """A version in a list."""

    id: str
    number: int
    title: str
    state: PolicyState
    rule_count: int
    based_on: int | None
    previewed: bool
    created_at: datetime
    created_by: str
    saved_at: datetime
    saved_by: str
    published_at: datetime | None
    published_by: str | None
    effective_from: datetime | None
    pilot: PilotView | None


class PolicyView(PolicySummary):
    """A version with its rules."""

    revision: int
    rules: list[Rule]
    otherwise: Answer | None


class PolicyPage(View):
    """Versions, newest first; ``next_cursor`` asks for the ones before them."""

    items: list[PolicySummary]
    next_cursor: int | None


class EffectSide(View):
    """What became of the cases on one side."""

    cases: int
    answers: dict[AnswerKind, int]
    decided: int
    outcomes: dict[Outcome, int]
    hours_to_decision: float | None


class Effect(View):
    """A trial beside all other cases of the same time."""

    since: datetime
    until: datetime
    pilot: EffectSide
    rest: EffectSide


async def list_policies(
    tx: AsyncSession, actor: Actor, *, before: int | None, limit: int, now: datetime
) -> PolicyPage:
    """The seller's versions.

    Raises:
        CaseError: ``not_found`` (404) or ``forbidden`` (403).
    """
    tenant_id = policy_tenant(actor, Action.READ_POLICIES)
    query = select(Policy).where(Policy.tenant_id == tenant_id)
    if before is not None:
        query = query.where(Policy.number < before)
    rows = list(await tx.scalars(query.order_by(Policy.number.desc()).limit(limit + 1)))
    live = await live_policy(tx, tenant_id, now)
    items = [await _summary(tx, policy, live, now) for policy in rows[:limit]]
    more = len(rows) > limit
    return PolicyPage(items=items, next_cursor=items[-1].number if more else None)


async def policy_view(tx: AsyncSession, actor: Actor, policy_id: str, now: datetime) -> PolicyView:
    """One version.

    Raises:
        CaseError: ``not_found`` (404) or ``forbidden`` (403).
    """
    policy = await load_policy(tx, actor, policy_id, Action.READ_POLICIES)
    live = await live_policy(tx, policy.tenant_id, now)
    summary = await _summary(tx, policy, live, now)
    rules = rules_of(policy)
    return PolicyView(
        **dict(summary), revision=policy.revision, rules=rules.rules, otherwise=rules.otherwise
    )


async def effect_view(tx: AsyncSession, actor: Actor, policy_id: str, now: datetime) -> Effect:
    """What a trial brought beside the other cases of the same time, 90 days at most.

    Raises:
        CaseError: ``not_found``, ``forbidden``, or ``no_pilot`` (409) when it was never tried.
    """
    policy = await load_policy(tx, actor, policy_id, Action.READ_POLICIES)
    if policy.pilot_from is None:
        raise CaseError("no_pilot", "This version was never tried.")
    until = policy.pilot_ended_at or now
    since = max(policy.pilot_from, until - _LONGEST_EFFECT)
    tried = case(
        (and_(PolicyAnswer.policy_id == policy.id, PolicyAnswer.piloted.is_(True)), 1), else_=0
    )
    wait_s = extract("epoch", Case.verdict_at) - extract("epoch", PolicyAnswer.answered_at)
    rows = await tx.execute(
        select(tried, PolicyAnswer.kind, Case.verdict_outcome, func.count(), func.sum(wait_s))
        .join(Case, Case.id == PolicyAnswer.case_id)
        .where(
            PolicyAnswer.tenant_id == policy.tenant_id,
            PolicyAnswer.answered_at >= since,
            PolicyAnswer.answered_at <= until,
        )
        .group_by(tried, PolicyAnswer.kind, Case.verdict_outcome)
    )
    sides: dict[bool, list[tuple[str, str | None, int, float]]] = {True: [], False: []}
    for is_tried, kind, outcome, count, waited_s in rows:
        sides[bool(is_tried)].append((kind, outcome, count, float(waited_s or 0)))
    return Effect(since=since, until=until, pilot=_side(sides[True]), rest=_side(sides[False]))


def _side(rows: list[tuple[str, str | None, int, float]]) -> EffectSide:
    answers: dict[AnswerKind, int] = {}
    outcomes: dict[Outcome, int] = {}
    waited_s = 0.0
    for kind, outcome, count, waited in rows:
        answers[AnswerKind(kind)] = answers.get(AnswerKind(kind), 0) + count
        if outcome is not None:
            outcomes[Outcome(outcome)] = outcomes.get(Outcome(outcome), 0) + count
            waited_s += waited
    decided = sum(outcomes.values())
    return EffectSide(
        cases=sum(answers.values()),
        answers=answers,
        decided=decided,
        outcomes=outcomes,
        hours_to_decision=round(waited_s / decided / 3600, 2) if decided else None,
    )


async def _summary(
    tx: AsyncSession, policy: Policy, live: Policy | None, now: datetime
) -> PolicySummary:
    scope = scope_of(policy)
    pilot = None
    if scope is not None and policy.pilot_from is not None:
        pilot = PilotView(
            scope=scope,
            started_at=policy.pilot_from,
            started_by=await name_of(tx, policy.pilot_by or "system"),
            ended_at=policy.pilot_ended_at,
        )
    return PolicySummary(
        id=policy.id,
        number=policy.number,
        title=policy.title,
        state=state_of(policy, live, now),
        rule_count=len(policy.rules["rules"]),
        based_on=policy.based_on,
        previewed=policy.previewed_at is not None,
        created_at=policy.created_at,
        created_by=await name_of(tx, policy.created_by),
        saved_at=policy.saved_at,
        saved_by=await name_of(tx, policy.saved_by),
        published_at=policy.published_at,
        published_by=await name_of(tx, policy.published_by) if policy.published_by else None,
        effective_from=policy.effective_from,
        pilot=pilot,
    )
