"""A policy's answer moves the case that was filed; the buyer says yes or no to an offer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases import deadlines, desk, policy_words, thread
from cases.actor import Actor, BuyerActor, FormActor, PolicyActor
from cases.case_access import not_found
from cases.deadline_plan import DeadlineKind
from cases.desk import Verdict
from cases.keys import KeyRing
from cases.life import ANSWERED_BY, DECIDED_AS
from cases.links import DeviceFound
from cases.policy_answers import Known, answer_by_policy, policy_answer_of
from cases.policy_rules import AnswerKind
from cases.states import CaseTrigger, OfferWord, Outcome
from cases.tables import Case, ItemLine, Policy, PolicyAnswer
from cases.unit import Unit
from runtime.errors import CaseError

_TRIGGER_OF: Final = {
    OfferWord.ACCEPT: CaseTrigger.ACCEPT_OFFER,
    OfferWord.DECLINE: CaseTrigger.DECLINE_OFFER,
}


async def answer(
    tx: AsyncSession,
    keys: KeyRing,
    case: Case,
    lines: Sequence[ItemLine],
    actor: Actor,
    known: Known,
    now: datetime,
) -> str:
    """Answer a case that was just filed, move it by that, and give its link's token.

    A seller without a policy answers with an inspection. What a policy decides is decided;
    what it leaves to a person keeps the deadline of the first answer.
    """
    given = await answer_by_policy(tx, keys, case, lines, now, known)
    if given is None:
        await desk.move(tx, keys, case, CaseTrigger.OFFER, actor, now)
        return await desk.give_link(tx, keys, case, actor, now)
    version = await _version(tx, given)
    policy, told = PolicyActor(version), _told(version, given)
    kind = AnswerKind(given.kind)
    trigger = ANSWERED_BY[kind]
    if kind in DECIDED_AS:
        verdict = Verdict(DECIDED_AS[kind], None, None, _sentence(given, case))
        await desk.pronounce(tx, keys, case, CaseTrigger.DECIDE, verdict, policy, now, told=told)
    elif trigger is not None:
        await desk.move(tx, keys, case, trigger, policy, now, told)
        await deadlines.end(tx, case, {DeadlineKind.FIRST_ANSWER}, now)
    return await desk.give_link(tx, keys, case, actor, now)


async def answer_offer_by_link(
    unit: Unit, token: str, secret: str | None, user_agent: str, word: OfferWord
) -> DeviceFound:
    """The buyer's word by their link; as with the tap, whoever is first is bound to it.

    Raises:
        CaseError: the link's own errors, ``other_device`` (409), ``device_refused`` (403),
            or what ``answer_offer`` raises.
    """
    actor, device = await thread.enter_as_buyer(unit, token, secret, user_agent)
    await answer_offer(unit, actor, actor.case_id, word)
    return device


async def answer_offer(
    unit: Unit, actor: BuyerActor | FormActor, case_id: str, word: OfferWord
) -> None:
    """Take the buyer's word; that it is the buyer is the caller's to know.

    Who accepts keeps it, and the seller gives what was offered within the working day; who
    declines may show it, and a person answers. The same word again changes nothing.

    Raises:
        CaseError: ``not_found``, ``no_offer`` (409) when nothing was offered, ``wrong_state``
            or ``case_closed`` (409) when it is no longer open.
    """
    case = await unit.tx.scalar(select(Case).where(Case.id == case_id).with_for_update())
    if case is None:
        raise not_found()
    offered = await policy_answer_of(unit.tx, case_id)
    if offered is None or offered.kind != AnswerKind.OFFER:
        raise CaseError("no_offer", "Nothing was offered here.")
    if offered.buyer_word == word:
        return
    told = _told(await _version(unit.tx, offered), offered)
    trigger = _TRIGGER_OF[word]
    if word is OfferWord.ACCEPT:
        verdict = Verdict(Outcome.RESOLVED_WITHOUT_RETURN, None, None, _sentence(offered, case))
        await desk.pronounce(unit.tx, unit.keys, case, trigger, verdict, actor, unit.now, told=told)
        await deadlines.begin(unit.tx, case, DeadlineKind.SIMPLE, unit.now)
    else:
        await desk.move(unit.tx, unit.keys, case, trigger, actor, unit.now, told)
        await deadlines.end(unit.tx, case, {DeadlineKind.OFFER}, unit.now)
        await deadlines.begin(unit.tx, case, DeadlineKind.FIRST_ANSWER, unit.now)
    offered.buyer_word, offered.buyer_word_at = word, unit.now
    unit.changes.desks |= {one for one in (case.tenant_id, case.warehouse_id) if one}
    await unit.tx.flush()


async def _version(tx: AsyncSession, given: PolicyAnswer) -> int:
    return (await tx.get_one(Policy, given.policy_id)).number


def _told(version: int, given: PolicyAnswer) -> dict[str, object]:
    return {"policy_version": version, "rule": given.rule}


def _sentence(given: PolicyAnswer, case: Case) -> str:
    return policy_words.sentence(given.sentence, given.parameters, case.buyer_locale)
