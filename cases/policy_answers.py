"""The answer that a policy gives to a case when it is filed, and how it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases import log, policy_words
from cases.actor import SystemActor
from cases.commands import from_minor
from cases.keys import KeyRing
from cases.log import LogKind, Visibility
from cases.policy_engine import decide_case, doubting, in_pilot
from cases.policy_facts import history_of, policy_facts
from cases.policy_rules import Answer, AnswerKind, Fact, Facts
from cases.policy_versions import live_policy, rules_of, running_pilot, scope_of
from cases.states import CaseState, OfferWord
from cases.tables import Case, ItemLine, Policy, PolicyAnswer
from runtime.ids import new_id


@dataclass(frozen=True, slots=True)
class Known:
    """What whoever opens a case knows beside what stands in it.

    ``photographs`` counts those that were sent, None where none can be; a case with
    ``doubted`` facts is not settled by a policy alone.
    """

    photographs: int | None = None
    doubted: tuple[Fact, ...] = ()


_NOTHING_ELSE: Final = Known()


class PolicyAnswerView(BaseModel):
    """What the policy answered to a case, for the seller's people."""

    model_config = ConfigDict(frozen=True)
    version: int
    """The number of the policy's version."""
    rule: str | None
    """The rule that fired; None when none matched."""
    answer: Answer
    missing: list[Fact]
    sentence: str
    """In the buyer's language."""
    sentences: dict[str, str]
    """In every language, by locale."""
    piloted: bool
    answered_at: datetime
    amount: str | None
    """What the buyer gets for keeping it, of an offered discount."""
    owed: str | None
    """What of it the buyer, who accepted, is still to be given."""
    buyer_word: OfferWord | None
    """What the buyer said to an offer."""


class BuyerPolicyAnswerView(BaseModel):
    """The same, for the buyer."""

    model_config = ConfigDict(frozen=True)
    version: int
    rule: str | None
    answer: Answer
    sentences: dict[str, str]
    answered_at: datetime
    amount: str | None
    currency: str
    buyer_word: OfferWord | None


async def answer_by_policy(
    tx: AsyncSession,
    keys: KeyRing,
    case: Case,
    lines: Sequence[ItemLine],
    now: datetime,
    known: Known = _NOTHING_ELSE,
) -> PolicyAnswer | None:
    """Answer a case by its seller's policy and write it into the case's log.

    A case is answered once: asking again gives the first answer. None when the seller has
    no policy in force. Moving the case is the caller's (``answering.py``).
    """
    given = await policy_answer_of(tx, case.id)
    if given is not None:
        return given
    pilot = await running_pilot(tx, case.tenant_id)
    live = await live_policy(tx, case.tenant_id, now)
    if pilot is None and live is None:
        return None
    facts = policy_facts(case, lines, await history_of(tx, case), known.photographs)
    piloted = pilot is not None and _tries(pilot, case, facts)
    policy = pilot if piloted else live
    if policy is None:
        return None
    decision = doubting(decide_case(rules_of(policy), facts), known.doubted)
    answer = PolicyAnswer(
        id=new_id("pan"),
        case_id=case.id,
        tenant_id=case.tenant_id,
        policy_id=policy.id,
        piloted=piloted,
        rule=decision.rule,
        kind=decision.answer.kind,
        answer=decision.answer.model_dump(mode="json"),
        sentence=decision.sentence,
        parameters=decision.parameters,
        missing=list(decision.missing),
        facts=[asdict(one) for one in facts],
        answered_at=now,
    )
    tx.add(answer)
    await tx.flush()
    await log.append(
        tx,
        log=LogKind.CASE,
        subject_id=case.id,
        kind="policy_answered",
        payload={
            "version": policy.number,
            "rule": answer.rule,
            "answer": answer.answer,
            "sentence": policy_words.sentence(
                answer.sentence, answer.parameters, case.buyer_locale
            ),
            "locale": policy_words.nearest_locale(case.buyer_locale),
        },
        visibility=Visibility.PARTIES,
        actor=SystemActor().label,
        key=await keys.key_of(tx, case),
        at=now,
    )
    return answer


async def policy_answer_of(tx: AsyncSession, case_id: str) -> PolicyAnswer | None:
    """What a policy answered to a case, if one did."""
    found: PolicyAnswer | None = await tx.scalar(
        select(PolicyAnswer).where(PolicyAnswer.case_id == case_id)
    )
    return found


def owed_minor(case: Case, answer: PolicyAnswer | None, given_minor: int) -> int:
    """What of an accepted discount the buyer is still to be given, in the minor unit."""
    if (
        answer is None
        or answer.buyer_word != OfferWord.ACCEPT
        # Decided anew, the offer no longer counts.
        or case.state != CaseState.RESOLVED
    ):
        return 0
    return max(0, (_discount_minor(answer) or 0) - given_minor)


def _discount_minor(answer: PolicyAnswer) -> int | None:
    """The offered share of the case's value, half a minor unit up; None without a discount."""
    percent = answer.answer.get("percent")
    if answer.kind != AnswerKind.OFFER or percent is None:
        return None
    value = answer.facts[0]["value_minor"] if answer.facts else None
    return None if value is None else (int(value) * int(percent) + 50) // 100


def _amount(answer: PolicyAnswer, case: Case) -> str | None:
    minor = _discount_minor(answer)
    return from_minor(minor, case.currency) if minor is not None else None


def policy_answer_view(
    case: Case, answer: PolicyAnswer, number: int, owed: int
) -> PolicyAnswerView:
    """A case's answer as the seller's people see it.

    ``number`` is the version's; ``owed`` is in the minor unit.
    """
    sentences = policy_words.sentences(answer.sentence, answer.parameters)
    return PolicyAnswerView.model_validate(
        {
            "version": number,
            "rule": answer.rule,
            "answer": answer.answer,
            "missing": answer.missing,
            "sentence": sentences[policy_words.nearest_locale(case.buyer_locale)],
            "sentences": sentences,
            "piloted": answer.piloted,
            "answered_at": answer.answered_at,
            "amount": _amount(answer, case),
            "owed": from_minor(owed, case.currency) if owed else None,
            "buyer_word": answer.buyer_word,
        }
    )


async def buyer_policy_answer_view(tx: AsyncSession, case: Case) -> BuyerPolicyAnswerView | None:
    """A case's answer as its buyer sees it."""
    found = await _found(tx, case.id)
    if found is None:
        return None
    answer, number = found
    return BuyerPolicyAnswerView.model_validate(
        {
            "version": number,
            "rule": answer.rule,
            "answer": answer.answer,
            "sentences": policy_words.sentences(answer.sentence, answer.parameters),
            "answered_at": answer.answered_at,
            "amount": _amount(answer, case),
            "currency": case.currency,
            "buyer_word": answer.buyer_word,
        }
    )


def _tries(pilot: Policy, case: Case, facts: Sequence[Facts]) -> bool:
    scope = scope_of(pilot)
    return scope is not None and in_pilot(scope, case.id, facts)


async def _found(tx: AsyncSession, case_id: str) -> tuple[PolicyAnswer, int] | None:
    row = (
        await tx.execute(
            select(PolicyAnswer, Policy.number)
            .join(Policy, Policy.id == PolicyAnswer.policy_id)
            .where(PolicyAnswer.case_id == case_id)
        )
    ).first()
    return (row[0], row[1]) if row is not None else None
