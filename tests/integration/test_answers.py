"""What a policy's answer does to a case, on both databases: moved, decided, offered, left alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import make_url, select

from cases import answering, deadlines, desk, due, links, log, moving, policies
from cases.actor import FormActor, StaffActor
from cases.case_views import case_view
from cases.database import Database, upgrade
from cases.deadline_plan import DeadlineKind
from cases.desk import Verdict
from cases.join_views import join_view
from cases.log import LogKind, Visibility
from cases.move_commands import RefundPartly
from cases.opening import OpenedCase
from cases.policy_rules import PolicyDraft
from cases.states import CaseState, CaseTrigger, Disposition, OfferWord, Outcome, Role
from cases.tables import Case, CaseFigure
from cases.unit import Unit
from infra.local.postgres import Postgres
from runtime.errors import CaseError
from tests.support.policies import APPROVE, ASK, KEEP, REJECT, VIDEO, rule
from tests.support.seller import Seller, make_seller
from tests.support.seller_site import NoOutbox

Json = dict[str, Any]
T = TypeVar("T")
RULE = "Damage"
DAMAGED = {"fact": "reason", "values": ["damaged"]}
PHONE = "Mozilla/5.0 (phone)"


@pytest.fixture(scope="session")
def migrated(postgres: Postgres) -> str:
    """The name of a database with every table, to be copied."""
    upgrade(make_url(postgres.fresh_database("migrated_answers")))
    return "migrated_answers"


class Office:
    """An agent of the lamp shop, a policy in force, and what the buyer does with the link."""

    def __init__(self, seller: Seller, agent: StaffActor) -> None:
        self.seller, self.agent = seller, agent

    async def run(self, act: Callable[[Unit], Awaitable[T]]) -> T:
        """One transaction."""
        async with self.seller.database.begin() as tx:
            return await act(Unit(tx, self.seller.keys, NoOutbox(), self.seller.now))

    async def answers(self, answer: Json, **given: Any) -> None:
        """From now on damage is answered like this."""
        rules = [rule(RULE, answer, DAMAGED, **given)]
        draft = PolicyDraft.model_validate({"title": "Lamps", "rules": rules, "otherwise": ASK})

        async def publish(unit: Unit) -> None:
            made = await policies.create_draft(unit, self.agent, draft)
            await policies.note_preview(unit, self.agent, made.id, made.revision)
            await policies.publish(unit, self.agent, made.id, None, made.revision)

        await self.run(publish)

    async def opened(self, **changes: Any) -> OpenedCase:
        """A new case."""
        return await self.seller.open_case(self.agent, **changes)

    async def view(self, case_id: str) -> Json:
        """The case as its seller sees it."""
        async with self.seller.database.read() as tx:
            return await case_view(tx, self.seller.keys, self.agent, case_id, self.seller.now)

    async def running(self, case_id: str) -> set[DeadlineKind]:
        """The deadlines that are open."""
        async with self.seller.database.read() as tx:
            rows = await deadlines.deadlines_of(tx, case_id)
        return {row.kind for row in rows if row.ended_at is None and not row.missed}

    async def figure(self, case_id: str) -> CaseFigure:
        """What the figures count of the case."""
        async with self.seller.database.read() as tx:
            return await tx.get_one(CaseFigure, case_id)

    async def log(self, case_id: str) -> list[tuple[str, str, Json]]:
        """Kind, actor and payload of each entry of the case's log."""
        async with self.seller.database.read() as tx:
            key = await self.seller.keys.case_key(tx, case_id)
            events = await log.read_events(
                tx,
                log=LogKind.CASE,
                subject_id=case_id,
                key=key,
                visibilities=frozenset(Visibility),
            )
        return [(one.kind, one.actor, dict(one.payload or {})) for one in events]

    async def say(
        self, opened: OpenedCase, word: OfferWord, secret: str | None = None
    ) -> links.DeviceFound:
        """The buyer's word by the link."""
        return await self.run(
            lambda u: answering.answer_offer_by_link(u, opened.token, secret, PHONE, word)
        )

    async def sweep(self) -> list[str | None]:
        """What falls due."""
        async with self.seller.database.read() as tx:
            rows = await due.due_deadlines(tx, self.seller.now)
        return [await self.run(lambda u, r=row: due.look_at(u, r)) for row in rows]

    async def decide(self, case_id: str, outcome: Outcome, note: str = "") -> None:
        """The agent decides."""
        verdict = Verdict(outcome, Disposition.RESTOCK, None, note)
        await self.run(lambda u: desk.decide(u.tx, u.keys, self.agent, case_id, verdict, u.now))


@pytest.fixture(params=["sqlite", "postgresql"])
async def office(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Office]:
    """The world on a database of each kind."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'new' / 'proofcall.db'}"
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.fresh_database(template=request.getfixturevalue("migrated"))
    database = Database(url)
    seller = await make_seller(database)
    yield Office(seller, await seller.staff(Role.AGENT, tenant=seller.lamp))
    await database.close()


@pytest.mark.parametrize(
    ("answer", "outcome", "step"), [(APPROVE, "refund", "give_label"), (REJECT, "reject", "reject")]
)
async def test_a_simple_case_is_decided_as_it_is_filed(
    office: Office, answer: Json, outcome: str, step: str
) -> None:
    """By the policy, with its rule, in the buyer's language; nobody has to answer any more."""
    await office.answers(answer)
    opened = await office.opened()
    view = await office.view(opened.case_id)
    assert (view["state"], view["verdict"]["outcome"]) == ("decided", outcome)
    assert view["verdict"]["note"] == view["policy_answer"]["sentences"]["es"]
    assert (view["policy_answer"]["rule"], view["next_step"]) == (RULE, step)
    assert await office.running(opened.case_id) == set()
    entries = await office.log(opened.case_id)
    assert [kind for kind, _, _ in entries] == [
        "case_opened",
        "policy_answered",
        "moved",
        "verdict",
        "link_issued",
    ]
    for kind, actor, payload in entries[2:4]:
        assert actor == "policy:1", kind
        assert (payload["policy_version"], payload["rule"]) == (1, RULE)
    figure = await office.figure(opened.case_id)
    assert figure.answered_at == figure.decided_at == office.seller.now
    async with office.seller.database.read() as tx:
        shown = await join_view(tx, office.seller.keys, opened.token, None, office.seller.now)
    # Whoever opens the link first reads what was decided, and may object.
    assert (shown["state"], shown["outcome"]["outcome"]) == ("ended", outcome)
    assert (shown["outcome"]["by_policy"], shown["outcome"]["may_appeal"]) == (True, True)
    await office.run(lambda u: moving.appeal(u, opened.token, None, PHONE, "I see it differently."))
    assert (await office.view(opened.case_id))["state"] == "appealed"
    with pytest.raises(CaseError) as caught:
        await office.run(lambda u: moving.appeal(u, opened.token, None, PHONE, "Me, too."))
    assert caught.value.code == "other_device"


async def test_a_person_overrules_a_policy_and_says_why(office: Office) -> None:
    """Without a reason it is refused; agreeing needs none; the log keeps both verdicts."""
    await office.answers(REJECT)
    case_id = (await office.opened()).case_id
    with pytest.raises(CaseError) as caught:
        await office.decide(case_id, Outcome.REFUND)
    assert (caught.value.code, caught.value.status) == ("reason_needed", 422)
    assert (await office.view(case_id))["verdict"]["outcome"] == "reject"
    await office.decide(case_id, Outcome.REFUND, "A loyal customer.")
    view = await office.view(case_id)
    assert view["verdict"]["outcome"] == "refund"
    assert view["verdict"]["decided_by"] == office.agent.name
    verdicts = [actor for kind, actor, _ in await office.log(case_id) if kind == "verdict"]
    assert verdicts == ["policy:1", office.agent.label]
    other = (await office.opened()).case_id
    await office.decide(other, Outcome.REJECT)
    await office.decide(other, Outcome.REFUND)


async def test_who_is_asked_to_show_it_has_the_link_s_time(office: Office) -> None:
    """The first answer is given; the buyer's deadline runs, and the entrance is open."""
    await office.answers(VIDEO)
    opened = await office.opened()
    assert (await office.view(opened.case_id))["state"] == "inspection_offered"
    assert await office.running(opened.case_id) == {DeadlineKind.INSPECTION}
    moved = next(one for one in await office.log(opened.case_id) if one[0] == "moved")
    assert (moved[1], moved[2]["rule"]) == ("policy:1", RULE)


async def test_what_is_left_to_a_person_waits_for_one_and_is_never_closed_unanswered(
    office: Office,
) -> None:
    """The case stays filed with its first answer due; its silence is not the buyer's."""
    await office.answers(VIDEO)
    opened = await office.opened(
        claim={"reason": "changed_mind", "words": "No me gusta.", "locale": "es"}
    )
    view = await office.view(opened.case_id)
    assert (view["state"], view["policy_answer"]["answer"]["kind"]) == ("filed", "ask_a_person")
    assert await office.running(opened.case_id) == {DeadlineKind.FIRST_ANSWER}
    assert (await office.figure(opened.case_id)).answered_at is None
    office.seller.clock.advance(timedelta(days=30).total_seconds())
    assert await office.sweep() == ["missed"]
    assert (await office.view(opened.case_id))["state"] == "filed"


async def test_a_buyer_may_show_what_a_person_is_to_answer(office: Office) -> None:
    """The entrance is there as soon as it is filed, whatever the policy says."""
    await office.answers(ASK)
    opened = await office.opened()
    async with office.seller.database.read() as tx:
        shown = await join_view(tx, office.seller.keys, opened.token, None, office.seller.now)
    assert shown["state"] == "open"
    await office.run(
        lambda u: desk.move_case(
            u.tx, u.keys, opened.case_id, CaseTrigger.BUYER_ARRIVES, office.agent, u.now
        )
    )
    assert (await office.view(opened.case_id))["state"] == "waiting"


async def test_who_keeps_it_for_a_discount_is_resolved_without_return(office: Office) -> None:
    """Twenty percent of 148.00 are owed within the day, are the next step, and are then paid."""
    await office.answers(KEEP)
    opened = await office.opened()
    view = await office.view(opened.case_id)
    assert (view["state"], view["policy_answer"]["amount"]) == ("keep_offered", "29.60")
    assert await office.running(opened.case_id) == {DeadlineKind.OFFER}
    async with office.seller.database.read() as tx:
        shown = await join_view(tx, office.seller.keys, opened.token, None, office.seller.now)
    assert shown["state"] == "offer"
    device = await office.say(opened, OfferWord.ACCEPT)
    assert (await office.say(opened, OfferWord.ACCEPT, device.secret)).device_id == device.device_id
    view = await office.view(opened.case_id)
    assert (view["state"], view["verdict"]["outcome"]) == ("resolved", "resolved_without_return")
    assert (view["policy_answer"]["owed"], view["next_step"]) == ("29.60", "refund_partly")
    assert view["policy_answer"]["buyer_word"] == "accept"
    assert await office.running(opened.case_id) == {DeadlineKind.SIMPLE}
    entries = await office.log(opened.case_id)
    assert [one for one in entries if one[1] == f"buyer:{device.device_id}"] == entries[-2:]
    figure = await office.figure(opened.case_id)
    assert figure.outcome == Outcome.RESOLVED_WITHOUT_RETURN
    assert figure.decided_at is not None
    paid = RefundPartly(move=CaseTrigger.REFUND_PARTLY, amount="29.60")
    await office.run(lambda u: moving.make_move(u, office.agent, opened.case_id, paid))
    view = await office.view(opened.case_id)
    assert (view["state"], view["next_step"]) == ("resolved", "close")
    assert view["policy_answer"]["owed"] is None
    assert await office.running(opened.case_id) == set()
    assert (await office.figure(opened.case_id)).refunded_at is not None


async def test_who_declines_may_show_it_and_is_answered_by_a_person(office: Office) -> None:
    """No is no: the yes that comes after it is refused, and nothing is owed."""
    await office.answers(KEEP)
    opened = await office.opened()
    device = await office.say(opened, OfferWord.DECLINE)
    view = await office.view(opened.case_id)
    assert (view["state"], view["verdict"]) == ("inspection_offered", None)
    assert await office.running(opened.case_id) == {DeadlineKind.FIRST_ANSWER}
    with pytest.raises(CaseError) as caught:
        await office.say(opened, OfferWord.ACCEPT, device.secret)
    assert caught.value.code == "wrong_state"
    assert (await office.view(opened.case_id))["policy_answer"]["owed"] is None


async def test_of_yes_and_no_at_once_one_counts(office: Office) -> None:
    """Two taps of one browser race: one word is kept, and the state is that word's."""
    await office.answers(KEEP)
    opened = await office.opened()
    case_id = opened.case_id

    async def say(word: OfferWord) -> OfferWord | None:
        try:
            await office.run(lambda u: answering.answer_offer(u, FormActor("fil_1"), case_id, word))
        except CaseError:
            return None
        return word

    said = [word for word in await asyncio.gather(*map(say, OfferWord)) if word is not None]
    (word,) = said
    view = await office.view(case_id)
    assert view["policy_answer"]["buyer_word"] == word
    assert (view["state"] == "resolved") is (word is OfferWord.ACCEPT)


async def test_another_browser_answers_no_offer(office: Office) -> None:
    """Who was sent the link after the buyer opened it cannot take the money or refuse it."""
    await office.answers(KEEP)
    opened = await office.opened()

    async def enter(unit: Unit) -> None:
        link = await links.find_link(unit.tx, opened.token, unit.now)
        await links.bind_device(
            unit.tx, unit.keys, link.link_id, None, user_agent=PHONE, public_key=None, now=unit.now
        )

    await office.run(enter)
    for secret in (None, "x" * 43):
        with pytest.raises(CaseError) as caught:
            await office.say(opened, OfferWord.ACCEPT, secret)
        assert caught.value.code == "other_device"
    assert (await office.view(opened.case_id))["state"] == "keep_offered"


@pytest.mark.parametrize("answer", [APPROVE, VIDEO, ASK])
async def test_what_was_not_offered_is_not_accepted(office: Office, answer: Json) -> None:
    """A yes to no offer changes nothing."""
    await office.answers(answer)
    opened = await office.opened()
    before = await office.view(opened.case_id)
    with pytest.raises(CaseError) as caught:
        await office.say(opened, OfferWord.ACCEPT)
    assert caught.value.code == "no_offer"
    assert await office.view(opened.case_id) == before


async def test_an_offer_that_nobody_answers_is_reminded_of_and_closed(office: Office) -> None:
    """Opening the link is no answer; the case closes when the link expires."""
    await office.answers(KEEP)
    opened = await office.opened()

    async def look(unit: Unit) -> None:
        link = await links.find_link(unit.tx, opened.token, unit.now)
        await links.bind_device(
            unit.tx, unit.keys, link.link_id, None, user_agent=PHONE, public_key=None, now=unit.now
        )

    await office.run(look)
    office.seller.clock.advance((timedelta(days=14) * 0.75).total_seconds())
    assert await office.sweep() == ["warned"]
    office.seller.clock.advance((timedelta(days=14) * 0.25).total_seconds())
    assert await office.sweep() == ["missed"]
    kinds = [kind for kind, _, _ in await office.log(opened.case_id)]
    assert "offer_reminder" in kinds
    assert (await office.view(opened.case_id))["state"] == "closed"
    with pytest.raises(CaseError) as caught:
        await office.say(opened, OfferWord.ACCEPT)
    assert caught.value.code == "case_closed"


async def test_an_agent_decides_over_an_open_offer(office: Office) -> None:
    """Then the offer is gone."""
    await office.answers(KEEP)
    opened = await office.opened()
    await office.decide(opened.case_id, Outcome.REFUND)
    with pytest.raises(CaseError) as caught:
        await office.say(opened, OfferWord.ACCEPT)
    assert caught.value.code == "wrong_state"
    async with office.seller.database.read() as tx:
        state = await tx.scalar(select(Case.state).where(Case.id == opened.case_id))
    assert state == CaseState.DECIDED
