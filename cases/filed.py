"""A filed return in the browser that filed it: how it stands, and what its buyer says next."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from cases import answering, deadlines, desk, hosting
from cases.actor import FormActor
from cases.deadline_plan import THE_BUYERS, DeadlineKind
from cases.filing import load_draft
from cases.life import takes_buyers
from cases.policy_answers import BuyerPolicyAnswerView, buyer_policy_answer_view
from cases.policy_facts import photographs_sent
from cases.states import CaseState, OfferWord, Outcome
from cases.tables import Case, Filing
from cases.unit import Unit
from cases.view import View
from runtime.errors import CaseError


class FiledView(View):
    """How a filed return stands: the answer, and how long somebody who joins now would wait."""

    state: CaseState
    may_show: bool
    outcome: Outcome | None
    answer: BuyerPolicyAnswerView | None
    photographs: int
    photographs_only: bool
    hosts_ready: int
    queue_length: int
    expected_wait_s: int | None


async def filed_view(tx: AsyncSession, filing: Filing) -> FiledView:
    """How the case of this filing stands.

    Raises:
        ValueError: it was not filed.
    """
    if filing.case_id is None:
        raise ValueError("this was not filed")
    case = await tx.get_one(Case, filing.case_id)
    hosts, queued, wait_s = await hosting.queue_before_joining(tx, case)
    return FiledView(
        state=CaseState(case.state),
        may_show=takes_buyers(CaseState(case.state)),
        outcome=Outcome(case.verdict_outcome) if case.verdict_outcome else None,
        answer=await buyer_policy_answer_view(tx, case),
        photographs=await photographs_sent(tx, filing.id),
        photographs_only=filing.photographs_only_at is not None,
        hosts_ready=hosts,
        queue_length=queued,
        expected_wait_s=wait_s,
    )


async def answer_offer(unit: Unit, secret: str, word: OfferWord) -> Filing:
    """The buyer's word on an offer, in the browser that filed.

    Raises:
        CaseError: what ``load_draft`` and ``answering.answer_offer`` raise, ``not_filed`` (409).
    """
    filing = await load_draft(unit, secret)
    await answering.answer_offer(unit, FormActor(filing.id), _case_of(filing), word)
    return filing


async def leave_at_photographs(unit: Unit, secret: str) -> Filing:
    """The buyer shows nothing but the photographs: a person answers by them.

    Raises:
        CaseError: what ``load_draft`` raises, ``not_filed`` (409), ``no_photographs`` (422),
            ``wrong_state`` (409) when nobody waits to be shown anything.
    """
    filing = await load_draft(unit, secret, lock=True)
    case = await unit.tx.get_one(Case, _case_of(filing), with_for_update=True)
    if filing.photographs_only_at is not None:
        return filing
    if await photographs_sent(unit.tx, filing.id) == 0:
        raise CaseError("no_photographs", "There are no photographs to look at.", status=422)
    if case.state not in (CaseState.FILED, CaseState.INSPECTION_OFFERED):
        raise CaseError("wrong_state", "Nobody waits to be shown this.", state=case.state)
    filing.photographs_only_at = unit.now
    await deadlines.end(unit.tx, case, set(THE_BUYERS), unit.now)
    await deadlines.begin(unit.tx, case, DeadlineKind.FIRST_ANSWER, unit.now)
    await desk.note_in_case(
        unit.tx, unit.keys, case.id, "photographs_only", {}, FormActor(filing.id), unit.now
    )
    unit.changes.desks |= {one for one in (case.tenant_id, case.warehouse_id) if one}
    await unit.tx.flush()
    return filing


def _case_of(filing: Filing) -> str:
    if filing.case_id is None:
        raise CaseError("not_filed", "This return has not been filed yet.")
    return filing.case_id
