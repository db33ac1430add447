"""Policies on both databases: versions, trials, answers and what past cases would have got."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, select, text

from cases import desk, log, policies
from cases.actor import KeyActor, StaffActor
from cases.case_views import buyer_case_view, case_view
from cases.database import Database, upgrade
from cases.log import LogKind, Visibility
from cases.policy_answers import answer_by_policy
from cases.policy_engine import PilotScope, PilotShare, in_pilot
from cases.policy_preview import preview
from cases.policy_rules import PolicyDraft
from cases.policy_versions import PolicyState, live_policy
from cases.policy_views import effect_view, list_policies, policy_view
from cases.states import Outcome, Role, Scope
from cases.tables import Case, Policy, PolicyAnswer
from cases.unit import Unit
from infra.local.postgres import Postgres
from runtime.errors import CaseError
from tests.support.policies import APPROVE, ASK, REJECT, VIDEO, rule
from tests.support.seller import Seller, case_in, make_seller
from tests.support.seller_site import NoOutbox

Json = dict[str, Any]
DAMAGED = {"fact": "reason", "values": ["damaged"]}
CHEAP = {"fact": "value", "currency": "EUR", "at_most": "20.00"}


@pytest.fixture(scope="session")
def migrated(postgres: Postgres) -> str:
    """The name of a database with every table, to be copied."""
    upgrade(make_url(postgres.fresh_database("migrated_policies")))
    return "migrated_policies"


@pytest.fixture(params=["sqlite", "postgresql"])
async def seller(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Seller]:
    """The world on a database of each kind."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'proofcall.db'}"
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.fresh_database(template=request.getfixturevalue("migrated"))
    database = Database(url)
    yield await make_seller(database)
    await database.close()


def draft(*rules: Json, otherwise: Json = ASK, title: str = "Returns") -> PolicyDraft:
    """A policy to save."""
    return PolicyDraft.model_validate(
        {"title": title, "rules": list(rules), "otherwise": otherwise}
    )


class Desk:
    """What an agent does with policies, each in a transaction of its own."""

    def __init__(self, seller: Seller, actor: StaffActor) -> None:
        self.seller, self.actor = seller, actor

    async def run(self, act: Any, *given: Any) -> Policy:
        """One use case."""
        async with self.seller.database.begin() as tx:
            unit = Unit(tx, self.seller.keys, NoOutbox(), self.seller.now)
            made: Policy = await act(unit, self.actor, *given)
            return made

    async def previewed(self, *rules: Json, **changes: Any) -> Policy:
        """A draft that may be published."""
        made = await self.run(policies.create_draft, draft(*rules, **changes))
        await self.run(policies.note_preview, made.id, made.revision)
        return made

    async def published(self, *rules: Json, **changes: Any) -> Policy:
        """A version in force from now on."""
        made = await self.previewed(*rules, **changes)
        return await self.run(policies.publish, made.id, None, made.revision)

    async def opened(self, **changes: Any) -> str:
        """A new case, a minute later."""
        self.seller.clock.advance(60)
        return (await self.seller.open_case(self.actor, **changes)).case_id

    async def answer(self, case_id: str) -> PolicyAnswer | None:
        """What a case was answered."""
        async with self.seller.database.read() as tx:
            found: PolicyAnswer | None = await tx.scalar(
                select(PolicyAnswer).where(PolicyAnswer.case_id == case_id)
            )
            return found


@pytest.fixture
async def office(seller: Seller) -> Desk:
    """An agent of the lamp shop."""
    return Desk(seller, await seller.staff(Role.AGENT, tenant=seller.lamp))


async def refused(code: str, act: Any) -> CaseError:
    """Check what something is refused with."""
    with pytest.raises(CaseError) as caught:
        await act
    assert caught.value.code == code
    return caught.value


async def test_a_case_is_answered_as_it_is_opened_in_the_buyers_language(office: Desk) -> None:
    """In the case, in the buyer's case, and in the log for both parties; once."""
    seller = office.seller
    before = await office.opened()
    await office.published(rule("Damage is shown", VIDEO, DAMAGED, because="fault"))
    case_id = await office.opened()
    async with seller.database.read() as tx:
        view = await case_view(tx, seller.keys, office.actor, case_id, seller.now)
        mine = await buyer_case_view(tx, case_id)
        older = await case_view(tx, seller.keys, office.actor, before, seller.now)
        events = await log.read_events(
            tx,
            log=LogKind.CASE,
            subject_id=case_id,
            key=await seller.keys.case_key(tx, case_id),
            visibilities=frozenset({Visibility.PARTIES}),
        )
    assert older["policy_answer"] is None
    answer = view["policy_answer"]
    assert answer["sentence"] == answer["sentences"]["es"]
    assert answer["sentence"].startswith("Muéstrenos el artículo")
    assert (answer["rule"], answer["version"]) == ("Damage is shown", 1)
    assert answer["answer"] == {"kind": "inspect_by_video"}
    assert mine["policy_answer"]["sentences"] == answer["sentences"]
    (event,) = events
    assert event.kind == "policy_answered"
    assert event.payload == {
        "version": 1,
        "rule": "Damage is shown",
        "answer": {"kind": "inspect_by_video"},
        "sentence": answer["sentence"],
        "locale": "es",
    }
    async with seller.database.begin() as tx:
        case = await tx.get_one(Case, case_id)
        again = await answer_by_policy(tx, seller.keys, case, [], seller.now)
    assert again is not None
    assert again.answered_at == (await office.answer(case_id)).answered_at  # type: ignore[union-attr]


async def test_a_date_to_come_answers_from_then_on(office: Desk) -> None:
    """Until it comes the old one answers; before that it may be taken back, later not."""
    await office.published(rule("first", APPROVE, DAMAGED))
    later = office.seller.now + timedelta(days=2)
    planned = await office.previewed(rule("second", REJECT, DAMAGED))
    planned = await office.run(policies.publish, planned.id, later, planned.revision)
    async with office.seller.database.read() as tx:
        view = await policy_view(tx, office.actor, planned.id, office.seller.now)
    assert view.state is PolicyState.SCHEDULED
    taken = await office.run(policies.withdraw, planned.id, planned.revision)
    planned = await office.run(policies.publish, planned.id, later, taken.revision)
    assert (await office.answer(await office.opened())).rule == "first"  # type: ignore[union-attr]
    office.seller.clock.advance(2 * 86_400)
    assert (await office.answer(await office.opened())).rule == "second"  # type: ignore[union-attr]
    await refused("not_scheduled", office.run(policies.withdraw, planned.id, None))
    past = office.seller.now - timedelta(seconds=1)
    third = await office.previewed(rule("third", ASK))
    await refused("in_the_past", office.run(policies.publish, third.id, past, None))


async def test_rules_that_were_used_stay_as_they_are(office: Desk) -> None:
    """Neither a published nor a piloted version takes new rules; going back is a new version."""
    first = await office.published(rule("first", APPROVE, DAMAGED))
    changed = draft(rule("other", REJECT))
    await refused("policy_fixed", office.run(policies.save_draft, first.id, changed, None))
    tried = await office.previewed(rule("second", VIDEO))
    share = PilotShare(kind="share", percent=50)
    await office.run(policies.start_pilot, tried.id, share, None)
    await refused("policy_fixed", office.run(policies.save_draft, tried.id, changed, None))
    await office.run(policies.publish, tried.id, None, None)
    await refused("already_published", office.run(policies.publish, tried.id, None, None))
    back = await office.run(policies.roll_back, first.id)
    assert (back.number, back.based_on, back.rules) == (3, 1, first.rules)
    await refused("already_live", office.run(policies.roll_back, first.id))
    assert (await office.answer(await office.opened())).rule == "first"  # type: ignore[union-attr]
    async with office.seller.database.read() as tx:
        page = await list_policies(tx, office.actor, before=None, limit=10, now=office.seller.now)
    assert [(one.number, one.state) for one in page.items] == [
        (3, PolicyState.LIVE),
        (2, PolicyState.PAST),
        (1, PolicyState.PAST),
    ]
    assert page.items[0].published_by.startswith("Somebody")  # type: ignore[union-attr]


async def test_nothing_takes_effect_that_nobody_has_previewed(office: Desk) -> None:
    """A change after the preview needs another one."""
    made = await office.run(policies.create_draft, draft(rule("it", APPROVE)))
    await refused("not_previewed", office.run(policies.publish, made.id, None, None))
    await office.run(policies.note_preview, made.id, made.revision)
    made = await office.run(policies.save_draft, made.id, draft(rule("it", REJECT)), made.revision)
    await refused("not_previewed", office.run(policies.publish, made.id, None, None))
    # A preview of rules that were changed while it ran does not count either.
    await office.run(policies.note_preview, made.id, made.revision - 1)
    await refused("not_previewed", office.run(policies.publish, made.id, None, None))
    share = PilotShare(kind="share", percent=5)
    await refused("not_previewed", office.run(policies.start_pilot, made.id, share, None))


async def test_two_people_who_save_or_publish_at_once_do_not_undo_each_other(office: Desk) -> None:
    """The second is told; of two trials one runs; numbers stay apart."""
    made = await office.run(policies.create_draft, draft(rule("it", APPROVE)))
    saves = [
        office.run(policies.save_draft, made.id, draft(rule(f"it {n}", REJECT)), made.revision)
        for n in range(3)
    ]
    results = await asyncio.gather(*saves, return_exceptions=True)
    lost = [one for one in results if isinstance(one, CaseError)]
    assert [one.code for one in lost] == ["version_conflict", "version_conflict"]
    drafts = await asyncio.gather(*(office.previewed(rule(f"{n}", ASK)) for n in range(4)))
    assert sorted(one.number for one in drafts) == [2, 3, 4, 5]
    share = PilotShare(kind="share", percent=50)
    results = await asyncio.gather(
        *(office.run(policies.start_pilot, one.id, share, None) for one in drafts),
        return_exceptions=True,
    )
    lost = [one for one in results if isinstance(one, CaseError)]
    assert [one.code for one in lost] == ["pilot_running"] * 3


async def test_a_trial_answers_its_share_and_shows_what_it_brought(office: Desk) -> None:
    """Both sides are counted since it began; ended, it answers nothing more."""
    await office.published(rule("old", ASK, DAMAGED))
    await office.opened()
    tried = await office.previewed(rule("new", VIDEO, DAMAGED))
    scope: PilotScope = PilotShare(kind="share", percent=50)
    office.seller.clock.advance(1)
    await office.run(policies.start_pilot, tried.id, scope, None)
    ids = [await office.opened() for _ in range(24)]
    mine = [one for one in ids if in_pilot(scope, one, [])]
    for case_id in ids:
        answer = await office.answer(case_id)
        assert answer is not None
        assert (answer.rule, answer.piloted) == (
            ("new", True) if case_id in mine else ("old", False)
        )
    office.seller.clock.advance(3600)
    verdict = desk.Verdict(Outcome.RESOLVED_WITHOUT_RETURN, None, None, "")
    async with office.seller.database.begin() as tx:
        await desk.decide(
            tx, office.seller.keys, office.actor, mine[-1], verdict, office.seller.now
        )
    async with office.seller.database.read() as tx:
        effect = await effect_view(tx, office.actor, tried.id, office.seller.now)
    assert (effect.pilot.cases, effect.rest.cases) == (len(mine), 24 - len(mine))
    assert effect.pilot.answers == {"inspect_by_video": len(mine)}
    assert effect.rest.answers == {"ask_a_person": 24 - len(mine)}
    assert (effect.pilot.decided, effect.rest.decided) == (1, 0)
    assert effect.pilot.outcomes == {"resolved_without_return": 1}
    assert effect.pilot.hours_to_decision is not None
    assert 1 <= effect.pilot.hours_to_decision <= 1.5
    await office.run(policies.end_pilot, tried.id, None)
    await refused("no_pilot", office.run(policies.end_pilot, tried.id, None))
    for _ in range(8):
        answer = await office.answer(await office.opened())
        assert answer is not None
        assert answer.rule == "old"


async def test_a_preview_says_what_past_cases_would_have_been_answered(office: Desk) -> None:
    """Counts on both sides, the cases that change, and the history as it was then."""
    seller = office.seller
    await office.published(rule("damage", APPROVE, DAMAGED))
    first = await office.opened()
    second = await office.opened(claim={"reason": "size_fit", "words": "", "locale": "en"})
    third = await office.opened(buyer={"name": "Ana", "email": "ANA@example.com", "locale": "en"})
    made = await office.run(
        policies.create_draft,
        draft(
            rule(
                "often",
                REJECT,
                {"fact": "returns", "within_days": 30, "at_least": 2},
            ),
            rule("damage", APPROVE, DAMAGED),
        ),
    )
    async with seller.database.read() as tx:
        found = await preview(tx, office.actor, made.id, 100, seller.now)
    assert (found.cases, found.live_version) == (3, 1)
    assert found.before == {"approve": 2, "ask_a_person": 1}
    assert found.after == {"approve": 1, "ask_a_person": 1, "reject": 1}
    (changed,) = found.changed_cases
    assert (changed.case_id, changed.after.rule) == (third, "often")
    assert changed.before is not None
    assert changed.before.answer.kind == "approve"
    assert {first, second, third} == set(await seller.listed(office.actor))


async def test_who_is_unknown_is_neither_refused_nor_approved_by_history(office: Desk) -> None:
    """Without an e-mail address a person looks, and the answer says what was missing."""
    await office.published(
        rule("often", REJECT, {"fact": "returns", "within_days": 365, "at_least": 3}),
        otherwise=APPROVE,
    )
    case_id = await office.opened(buyer={"name": "Ana", "email": None, "locale": "de"})
    async with office.seller.database.read() as tx:
        view = await case_view(tx, office.seller.keys, office.actor, case_id, office.seller.now)
    assert view["policy_answer"]["answer"]["kind"] == "ask_a_person"
    assert view["policy_answer"]["missing"] == ["returns"]
    assert view["policy_answer"]["sentence"].startswith("Ein Mensch aus unserem Team")
    for at in range(4):
        known = await office.answer(await office.opened())
        assert known is not None
        assert known.kind == ("reject" if at == 3 else "approve")


async def test_a_share_of_refusals_counts_what_was_decided_before(office: Desk) -> None:
    """One refusal of two decisions is fifty percent; another seller's do not count."""
    seller = office.seller
    stranger = await seller.machine(seller.shoes, *Scope)
    for outcome in (Outcome.REJECT, Outcome.REFUND):
        case_id = await office.opened()
        async with seller.database.begin() as tx:
            verdict = desk.Verdict(outcome, None, None, "")
            await desk.decide(tx, seller.keys, office.actor, case_id, verdict, seller.now)
    other = await seller.open_case(stranger)
    async with seller.database.begin() as tx:
        verdict = desk.Verdict(Outcome.REJECT, None, None, "")
        await desk.decide(tx, seller.keys, stranger, other.case_id, verdict, seller.now)
    await office.published(
        rule("half", VIDEO, {"fact": "refused_share", "at_least": 50, "at_most": 50}),
        otherwise=APPROVE,
    )
    answer = await office.answer(await office.opened())
    assert answer is not None
    assert answer.rule == "half"
    assert answer.facts[0]["returns"] == [2, 2, 2]


async def test_another_sellers_policy_answers_nothing_here(office: Desk) -> None:
    """Each seller's version numbers, and each one's policy, are its own."""
    seller = office.seller
    shoes = Desk(seller, await seller.staff(Role.ADMIN, tenant=seller.shoes))
    made = await shoes.published(rule("shoes", REJECT))
    assert made.number == 1
    assert await office.answer(await office.opened()) is None
    assert (await office.published(rule("lamps", APPROVE))).number == 1
    await refused("not_found", office.run(policies.publish, made.id, None, None))
    await refused("not_found", office.run(policies.roll_back, made.id))
    async with seller.database.read() as tx:
        live = await live_policy(tx, seller.shoes, seller.now)
    assert live is not None
    assert live.id == made.id


async def test_the_buyers_earlier_cases_are_found_by_an_index(office: Desk) -> None:
    """Among a million cases the history of one address is no search through all."""
    plan = "EXPLAIN QUERY PLAN " if office.seller.database._sqlite else "EXPLAIN "
    agent = await office.seller.staff(Role.AGENT, tenant=office.seller.lamp)
    for at in range(40):
        buyer = {"name": "Ana", "email": f"ana{at}@example.com", "locale": "es"}
        await office.seller.open_case(agent, buyer=buyer)
    async with office.seller.database.begin() as tx:
        if not office.seller.database._sqlite:
            await tx.execute(text("SET LOCAL enable_seqscan = off"))
        await tx.execute(text("ANALYZE cases"))
        rows = await tx.execute(
            text(
                plan + "SELECT id FROM cases WHERE tenant_id = :tenant "
                "AND buyer_email IN ('ana3@example.com', 'ana4@example.com') "
                "AND created_at > '2020-01-01' ORDER BY created_at DESC LIMIT 500"
            ),
            {"tenant": office.seller.lamp},
        )
        told = "\n".join(str(row) for row in rows)
    assert "ix_cases_tenant_id_buyer_email" in told


async def test_keys_may_what_their_scopes_say(office: Desk) -> None:
    """A key that reads policies writes none; one for cases sees none."""
    seller = office.seller
    reader: KeyActor = await seller.machine(seller.lamp, Scope.POLICIES_READ)
    cases: KeyActor = await seller.machine(seller.lamp, Scope.CASES_READ, Scope.CASES_WRITE)
    made = await office.published(rule("it", APPROVE))
    async with seller.database.read() as tx:
        assert (await policy_view(tx, reader, made.id, seller.now)).number == 1
        with pytest.raises(CaseError, match="may not"):
            await policy_view(tx, cases, made.id, seller.now)
    case = case_in()
    assert (await seller.open_case(cases, **case)).case_id
    async with seller.database.begin() as tx:
        unit = Unit(tx, seller.keys, NoOutbox(), seller.now)
        with pytest.raises(CaseError, match="may not"):
            await policies.create_draft(unit, reader, draft(rule("it", APPROVE)))
