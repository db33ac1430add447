"""The inbox on SQLite and PostgreSQL: filters, marks, snoozes, and what can be taken back."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import make_url, select, update

from cases import arranging, assigning, held_acts, saved_filters, thread
from cases.actor import StaffActor
from cases.case_filter import CaseFilter, CaseSort
from cases.case_list import list_cases
from cases.database import Database, upgrade
from cases.held_acts import HeldState
from cases.saved_filters import Narrowed, SaveFilter
from cases.states import CaseState, Role
from cases.tables import Case, Event, HeldAct, ItemLine, Staff
from cases.thread import Say, SayAsStaff
from cases.unit import Unit
from infra.local.postgres import Postgres
from runtime.errors import CaseError
from tests.support.held_main import carry_out
from tests.support.seller import Seller, erasure_folder, make_seller
from tests.support.seller_site import NoOutbox

T = TypeVar("T")


@pytest.fixture(scope="session")
def migrated(postgres: Postgres) -> str:
    """The name of a database with every table, to be copied."""
    upgrade(make_url(postgres.fresh_database("migrated_inbox")))
    return "migrated_inbox"


@pytest.fixture(params=["sqlite", "postgresql"])
async def seller(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Seller]:
    """Two sellers, two warehouses and one grant, on a database of each kind."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'new' / 'proofcall.db'}"
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.fresh_database(template=request.getfixturevalue("migrated"))
    database = Database(url)
    yield await make_seller(database)
    await database.close()


@dataclass
class Inbox:
    """The world with two agents and an admin."""

    seller: Seller
    ana: StaffActor
    ben: StaffActor
    admin: StaffActor

    async def run(self, act: Callable[[Unit], Awaitable[T]]) -> T:
        """One transaction at the world's time."""
        async with self.seller.database.begin() as tx:
            return await act(Unit(tx, self.seller.keys, NoOutbox(), self.seller.now))

    async def found(self, actor: StaffActor | None = None, **wanted: Any) -> list[str]:
        """The ids of the cases somebody finds."""
        return await self.seller.listed(actor or self.ana, now=self.seller.now, **wanted)

    async def case(self, **changes: Any) -> str:
        """A new case."""
        return (await self.seller.open_case(self.ana, **changes)).case_id

    async def buyer_writes(self, token: str) -> None:
        """The buyer of this link says something."""

        async def write(unit: Unit) -> None:
            actor, _ = await thread.enter_as_buyer(unit, token, None, "Test/1")
            await thread.say_as_buyer(unit, actor, Say(client_id="b1", text="¿Y?", locale="es"))

        await self.run(write)

    async def carry_out(self) -> int:
        """What the sweeper does now."""
        url = self.seller.database._url.render_as_string(hide_password=False)
        return await carry_out(url, self.seller.keys, self.seller.now)

    async def said(self, case_id: str) -> list[str]:
        """The kinds of what was written into the case's thread."""
        async with self.seller.database.read() as tx:
            rows = await tx.scalars(
                select(Event.kind)
                .where(Event.subject_id == case_id, Event.kind.in_(["message", "note"]))
                .order_by(Event.seq)
            )
            return list(rows)

    async def state(self, case_id: str) -> str:
        """Where the case stands."""
        async with self.seller.database.read() as tx:
            return (await tx.get_one(Case, case_id)).state

    async def held(self, case_id: str) -> list[held_acts.HeldView]:
        """What Ana is shown as held."""
        async with self.seller.database.read() as tx:
            return await held_acts.held_of_case(tx, self.seller.keys, self.ana, case_id)

    async def refused(self, act: Callable[[Unit], Awaitable[object]]) -> str:
        """The code with which this is refused."""
        with pytest.raises(CaseError) as refusal:
            await self.run(act)
        return refusal.value.code


@pytest.fixture
async def inbox(seller: Seller) -> Inbox:
    """The inbox of the lamp seller."""
    return Inbox(
        seller,
        await seller.staff(Role.AGENT, tenant=seller.lamp),
        await seller.staff(Role.AGENT, tenant=seller.lamp),
        await seller.staff(Role.ADMIN, tenant=seller.lamp),
    )


def words(text: str = "Hello", client_id: str = "c1", **more: Any) -> SayAsStaff:
    """A message."""
    return SayAsStaff(client_id=client_id, text=text, locale="en", **more)


# The list


async def test_the_list_is_narrowed_by_what_agents_ask(inbox: Inbox) -> None:
    """Reason, tag, assignee, overdue, waiting for the buyer, warehouse, language."""
    broken = await inbox.case()
    colour = await inbox.case(
        claim={"reason": "colour_differs", "words": "Otro color", "locale": "es"},
        buyer={"name": "Li", "email": None, "locale": "zh-Hans"},
    )
    await inbox.run(lambda u: arranging.put_tag(u, inbox.ana, colour, "vip"))
    await inbox.run(lambda u: assigning.take(u, inbox.ana, broken))
    assert await inbox.found(reason="colour_differs") == [colour]
    assert await inbox.found(tag="vip") == [colour]
    assert await inbox.found(language="zh-Hans") == [colour]
    assert await inbox.found(assignee=inbox.ana.staff_id) == [broken]
    assert await inbox.found(assignee="none") == [colour]
    assert set(await inbox.found(warehouse_id=inbox.seller.hall)) == {broken, colour}
    assert await inbox.found(warehouse_id=inbox.seller.dock) == []
    assert set(await inbox.found(waits_for_buyer=True)) == {broken, colour}
    assert await inbox.found(overdue=True) == []
    inbox.seller.clock.advance(timedelta(days=3).total_seconds())
    assert set(await inbox.found(overdue=True)) == {broken, colour}
    assert await inbox.found(overdue=False) == []


async def test_a_case_of_which_something_is_missing_is_an_anomaly(inbox: Inbox) -> None:
    """And one where all is well is not."""
    missing, well = await inbox.case(), await inbox.case()
    async with inbox.seller.database.begin() as tx:
        await tx.execute(
            update(ItemLine).where(ItemLine.case_id == missing).values(disposition="missing")
        )
    assert await inbox.found(anomaly=True) == [missing]
    assert await inbox.found(anomaly=False) == [well]


async def test_a_row_says_what_is_unread_for_whom(inbox: Inbox) -> None:
    """Each person reads for themselves; one's own messages are never unread."""
    opened = await inbox.seller.open_case(inbox.ana)
    await inbox.run(lambda u: thread.say(u, inbox.ana, opened.case_id, words()))

    async def unread(actor: StaffActor) -> bool:
        async with inbox.seller.database.read() as tx:
            page = await list_cases(tx, inbox.seller.keys, actor, CaseFilter())
        return bool(page.items[0]["unread"])

    assert not await unread(inbox.ben)
    inbox.seller.clock.advance(1)
    await inbox.buyer_writes(opened.token)
    assert await unread(inbox.ana)
    now = inbox.seller.now
    await inbox.run(lambda u: thread.mark_read(u, inbox.ana, opened.case_id, now))
    assert not await unread(inbox.ana)
    assert await unread(inbox.ben)


async def test_a_snoozed_case_comes_back_by_its_time_or_by_the_buyer(inbox: Inbox) -> None:
    """Whichever is first; deadlines go on."""
    opened = await inbox.seller.open_case(inbox.ana)
    case_id = opened.case_id
    until = inbox.seller.now + timedelta(hours=2)
    await inbox.run(lambda u: arranging.snooze(u, inbox.ana, case_id, until))
    assert await inbox.found(snoozed=True) == [case_id]
    assert await inbox.found(snoozed=False) == []
    inbox.seller.clock.advance(7200)
    assert await inbox.found(snoozed=False) == [case_id]
    later = inbox.seller.now + timedelta(days=2)
    await inbox.run(lambda u: arranging.snooze(u, inbox.ana, case_id, later))
    assert await inbox.found(snoozed=True) == [case_id]
    await inbox.buyer_writes(opened.token)
    assert await inbox.found(snoozed=True) == []
    past = inbox.seller.now - timedelta(seconds=1)
    assert (
        await inbox.refused(lambda u: arranging.snooze(u, inbox.ana, case_id, past))
        == "date_impossible"
    )


async def test_a_tag_is_put_once_and_twenty_are_the_most(inbox: Inbox) -> None:
    """The log keeps who put it and who took it off."""
    case_id = await inbox.case()
    for _ in range(2):
        await inbox.run(lambda u: arranging.put_tag(u, inbox.ana, case_id, "t0"))
    for n in range(1, 20):
        await inbox.run(partial(arranging.put_tag, actor=inbox.ana, case_id=case_id, tag=f"t{n}"))
    assert (
        await inbox.refused(lambda u: arranging.put_tag(u, inbox.ana, case_id, "t20"))
        == "too_many_tags"
    )
    for _ in range(2):
        await inbox.run(lambda u: arranging.drop_tag(u, inbox.ana, case_id, "t0"))
    async with inbox.seller.database.read() as tx:
        kinds = list(await tx.scalars(select(Event.kind).where(Event.subject_id == case_id)))
        assert "t0" not in await arranging.tags_of_tenant(tx, inbox.ana)
    assert (kinds.count("tagged"), kinds.count("untagged")) == (20, 1)


# Saved filters


async def test_a_saved_filter_counts_what_its_reader_finds(inbox: Inbox) -> None:
    """``me`` is whoever looks, and a shared one is everybody's of the seller only."""
    mine = await inbox.case()
    await inbox.case()
    await inbox.run(lambda u: assigning.take(u, inbox.ana, mine))
    shared = SaveFilter(name="Mine", shared=True, wanted=Narrowed(assignee="me"))
    private = SaveFilter(name="Nobody's", wanted=Narrowed(assignee="none"))
    await inbox.run(lambda u: saved_filters.save(u, inbox.ana, shared))
    await inbox.run(lambda u: saved_filters.save(u, inbox.ana, private))

    async def seen(actor: StaffActor) -> dict[str, int]:
        async with inbox.seller.database.read() as tx:
            found = await saved_filters.list_filters(tx, inbox.seller.keys, actor, inbox.seller.now)
        return {one.name: one.count for one in found}

    assert await seen(inbox.ana) == {"Mine": 1, "Nobody's": 1}
    assert await seen(inbox.ben) == {"Mine": 0}
    stranger = await inbox.seller.staff(Role.ADMIN, tenant=inbox.seller.shoes)
    guest = await inbox.seller.staff(Role.ADMIN, warehouse=inbox.seller.hall)
    assert await seen(stranger) == {}
    assert await seen(guest) == {}


async def test_a_shared_filter_is_changed_by_who_made_it_or_an_admin(inbox: Inbox) -> None:
    """A colleague is refused, a stranger finds nothing, also of a private one."""
    saved = SaveFilter(name="Late", shared=True, wanted=Narrowed(overdue=True))
    made = await inbox.run(lambda u: saved_filters.save(u, inbox.ana, saved))
    renamed = saved.model_copy(update={"name": "Too late"})
    assert (
        await inbox.refused(lambda u: saved_filters.save(u, inbox.ben, renamed, made.id))
        == "forbidden"
    )
    stranger = await inbox.seller.staff(Role.ADMIN, tenant=inbox.seller.shoes)
    acts: list[Callable[[Unit], Awaitable[object]]] = [
        partial(saved_filters.save, actor=stranger, saved=renamed, filter_id=made.id),
        partial(saved_filters.forget, actor=stranger, filter_id=made.id),
    ]
    for act in acts:
        assert await inbox.refused(act) == "not_found"
    changed = await inbox.run(lambda u: saved_filters.save(u, inbox.admin, renamed, made.id))
    assert (changed.name, changed.mine, changed.editable) == ("Too late", False, True)
    await inbox.run(lambda u: saved_filters.forget(u, inbox.ana, made.id))
    private = saved.model_copy(update={"shared": False})
    hidden = await inbox.run(lambda u: saved_filters.save(u, inbox.ana, private))
    assert (
        await inbox.refused(lambda u: saved_filters.forget(u, inbox.admin, hidden.id))
        == "not_found"
    )


async def test_the_views_count_as_the_list_shows(inbox: Inbox) -> None:
    """Every view's number is the number of rows behind it."""
    first = await inbox.case()
    second = await inbox.case()
    await inbox.run(lambda u: assigning.take(u, inbox.ana, first))
    until = inbox.seller.now + timedelta(days=1)
    await inbox.run(lambda u: arranging.snooze(u, inbox.ana, second, until))
    async with inbox.seller.database.read() as tx:
        counts = await saved_filters.count_views(tx, inbox.seller.keys, inbox.ana, inbox.seller.now)
        for name, wanted in saved_filters.VIEWS.items():
            page = await list_cases(
                tx,
                inbox.seller.keys,
                inbox.ana,
                saved_filters.filter_of(inbox.ana, wanted, inbox.seller.now),
            )
            assert counts[name] == len(page.items), name
    assert (counts["all"], counts["mine"], counts["unassigned"], counts["snoozed"]) == (1, 1, 0, 1)
    assert saved_filters.VIEWS["mine"].sort is CaseSort.DUE


# What is held


async def test_a_held_message_goes_out_when_its_time_has_come(inbox: Inbox) -> None:
    """Not before; then once, as its author's, and its words are kept nowhere else."""
    case_id = await inbox.case()
    view = await inbox.run(lambda u: held_acts.hold_message(u, inbox.ana, case_id, words()))
    assert view.due_at - inbox.seller.now == held_acts.HOLD
    inbox.seller.clock.advance(9)
    assert await inbox.carry_out() == 0
    assert await inbox.said(case_id) == []
    inbox.seller.clock.advance(1)
    assert await inbox.carry_out() == 1
    assert await inbox.carry_out() == 0
    assert await inbox.said(case_id) == ["message"]
    assert await inbox.held(case_id) == []
    assert (
        await inbox.refused(lambda u: held_acts.take_back(u, inbox.ana, case_id, view.id))
        == "too_late"
    )
    async with inbox.seller.database.read() as tx:
        row = await tx.get_one(HeldAct, view.id)
        event = await tx.scalar(
            select(Event).where(Event.subject_id == case_id, Event.kind == "message")
        )
    assert (row.state, row.sealed) == (HeldState.DONE, None)
    assert event is not None
    assert event.actor == inbox.ana.label


async def test_what_was_taken_back_is_never_done_and_its_words_come_back(inbox: Inbox) -> None:
    """A second undo changes nothing; only its author may."""
    case_id = await inbox.case()
    note = words("Between us", internal=True)
    view = await inbox.run(lambda u: held_acts.hold_message(u, inbox.ana, case_id, note))
    for other in (inbox.ben, inbox.admin):
        assert (
            await inbox.refused(
                partial(held_acts.take_back, actor=other, case_id=case_id, held_id=view.id)
            )
            == "not_found"
        )
    back = await inbox.run(lambda u: held_acts.take_back(u, inbox.ana, case_id, view.id))
    assert back.message is not None
    assert back.message.text == "Between us"
    again = await inbox.run(lambda u: held_acts.take_back(u, inbox.ana, case_id, view.id))
    assert again.state is HeldState.TAKEN_BACK
    inbox.seller.clock.advance(60)
    await inbox.carry_out()
    assert await inbox.said(case_id) == []


async def test_undo_holds_also_after_its_time_when_nobody_was_there_to_do_it(
    inbox: Inbox,
) -> None:
    """With the durable process away for a minute, what was taken back stays so."""
    case_id = await inbox.case()
    view = await inbox.run(lambda u: held_acts.hold_message(u, inbox.ana, case_id, words()))
    inbox.seller.clock.advance(60)
    await inbox.run(lambda u: held_acts.take_back(u, inbox.ana, case_id, view.id))
    await inbox.carry_out()
    assert await inbox.said(case_id) == []


async def test_a_repeated_send_is_held_and_sent_once(inbox: Inbox) -> None:
    """Also when the repeat comes after it went out."""
    case_id = await inbox.case()
    first = await inbox.run(lambda u: held_acts.hold_message(u, inbox.ana, case_id, words()))
    second = await inbox.run(lambda u: held_acts.hold_message(u, inbox.ana, case_id, words()))
    assert first.id == second.id
    inbox.seller.clock.advance(10)
    await inbox.carry_out()
    await inbox.run(lambda u: held_acts.hold_message(u, inbox.ana, case_id, words()))
    inbox.seller.clock.advance(10)
    await inbox.carry_out()
    assert await inbox.said(case_id) == ["message"]


async def test_a_placeholder_is_refused_before_it_is_held(inbox: Inbox) -> None:
    """As when it is sent at once."""
    case_id = await inbox.case()
    open_ = words("Hello {carrier}")
    code = await inbox.refused(lambda u: held_acts.hold_message(u, inbox.ana, case_id, open_))
    assert code == "placeholder_left"


async def test_what_its_author_may_no_longer_do_is_not_done(inbox: Inbox) -> None:
    """Somebody who was let go within the ten seconds; the words are forgotten in time."""
    case_id = await inbox.case()
    view = await inbox.run(lambda u: held_acts.hold_message(u, inbox.ana, case_id, words()))
    async with inbox.seller.database.begin() as tx:
        (await tx.get_one(Staff, inbox.ana.staff_id)).disabled_at = inbox.seller.now
    inbox.seller.clock.advance(10)
    await inbox.carry_out()
    assert await inbox.said(case_id) == []
    (failed,) = await inbox.held(case_id)
    assert (failed.id, failed.state, failed.failure) == (view.id, HeldState.FAILED, "not_found")
    inbox.seller.clock.advance(timedelta(days=4).total_seconds())
    await inbox.carry_out()
    assert await inbox.held(case_id) == []
    async with inbox.seller.database.read() as tx:
        assert (await tx.get_one(HeldAct, view.id)).sealed is None


async def test_a_case_closes_after_ten_seconds_unless_taken_back(inbox: Inbox) -> None:
    """Two who close it at once hold one act; what cannot be closed is refused at once."""
    kept, closed = await inbox.case(), await inbox.case()
    view = await inbox.run(lambda u: held_acts.hold_close(u, inbox.ana, kept))
    await inbox.run(lambda u: held_acts.take_back(u, inbox.ana, kept, view.id))
    first = await inbox.run(lambda u: held_acts.hold_close(u, inbox.ana, closed))
    second = await inbox.run(lambda u: held_acts.hold_close(u, inbox.ben, closed))
    assert (second.id, second.mine) == (first.id, False)
    inbox.seller.clock.advance(10)
    await inbox.carry_out()
    assert await inbox.state(kept) == CaseState.INSPECTION_OFFERED
    assert await inbox.state(closed) == CaseState.CLOSED
    code = await inbox.refused(lambda u: held_acts.hold_close(u, inbox.ana, closed))
    assert code == "case_closed"
    code = await inbox.refused(
        lambda u: held_acts.hold_close(u, inbox.ana, kept, expected_version=99)
    )
    assert code == "version_conflict"


async def test_a_case_that_went_live_meanwhile_stays_open(inbox: Inbox) -> None:
    """The refusal is told to who wanted to close it, and nothing of it was begun."""
    case_id = await inbox.case()
    await inbox.run(lambda u: held_acts.hold_close(u, inbox.ana, case_id))
    async with inbox.seller.database.begin() as tx:
        (await tx.get_one(Case, case_id)).state = CaseState.LIVE
    inbox.seller.clock.advance(10)
    await inbox.carry_out()
    (failed,) = await inbox.held(case_id)
    assert (failed.state, failed.failure) == (HeldState.FAILED, "session_open")
    assert await inbox.state(case_id) == CaseState.LIVE


async def test_killed_in_the_middle_each_held_message_still_goes_out_once(inbox: Inbox) -> None:
    """``kill -9`` after the first few; the next process sends the rest, none twice."""
    cases = [await inbox.case() for _ in range(40)]
    for case_id in cases:
        await inbox.run(
            partial(held_acts.hold_message, actor=inbox.ana, case_id=case_id, message=words())
        )
    inbox.seller.clock.advance(10)
    url = inbox.seller.database._url.render_as_string(hide_password=False)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.held_main",
        url,
        inbox.seller.now.isoformat(),
        erasure_folder(),
    )

    async def sent() -> list[str]:
        async with inbox.seller.database.read() as tx:
            rows = await tx.scalars(select(Event.subject_id).where(Event.kind == "message"))
            return sorted(rows)

    async with asyncio.timeout(60):
        while len(await sent()) < 3:
            assert process.returncode is None, "it ended by itself"
            await asyncio.sleep(0.005)
    process.kill()
    await process.wait()
    assert 3 <= len(await sent()) < len(cases)
    await inbox.carry_out()
    assert await sent() == sorted(cases)


async def test_strangers_hold_and_take_back_nothing(inbox: Inbox) -> None:
    """Of another seller or of a warehouse without a grant; a warehouse with one may write."""
    case_id = await inbox.case()
    view = await inbox.run(lambda u: held_acts.hold_message(u, inbox.ana, case_id, words()))
    strangers = [
        await inbox.seller.staff(Role.ADMIN, tenant=inbox.seller.shoes),
        await inbox.seller.staff(Role.INSPECTOR, warehouse=inbox.seller.dock),
    ]
    until = inbox.seller.now + timedelta(days=1)
    for stranger in strangers:
        acts: list[Callable[[Unit], Awaitable[object]]] = [
            partial(held_acts.hold_message, actor=stranger, case_id=case_id, message=words()),
            partial(held_acts.hold_close, actor=stranger, case_id=case_id),
            partial(held_acts.take_back, actor=stranger, case_id=case_id, held_id=view.id),
            partial(arranging.put_tag, actor=stranger, case_id=case_id, tag="x"),
            partial(arranging.drop_tag, actor=stranger, case_id=case_id, tag="x"),
            partial(arranging.snooze, actor=stranger, case_id=case_id, until=until),
            partial(arranging.unsnooze, actor=stranger, case_id=case_id),
        ]
        for act in acts:
            assert await inbox.refused(act) == "not_found"
        async with inbox.seller.database.read() as tx:
            with pytest.raises(CaseError, match="nothing here"):
                await held_acts.held_of_case(tx, inbox.seller.keys, stranger, case_id)


async def test_who_may_only_look_reads_no_words_that_are_still_held(inbox: Inbox) -> None:
    """A granted warehouse's reviewer sees that something is held, not what."""
    case_id = await inbox.case()
    await inbox.run(lambda u: held_acts.hold_message(u, inbox.ana, case_id, words()))
    reviewer = await inbox.seller.staff(Role.REVIEWER, warehouse=inbox.seller.hall)
    async with inbox.seller.database.read() as tx:
        (shown,) = await held_acts.held_of_case(tx, inbox.seller.keys, reviewer, case_id)
    assert (shown.mine, shown.message) == (False, None)
    code = await inbox.refused(
        lambda u: held_acts.hold_message(u, reviewer, case_id, words(client_id="c2"))
    )
    assert code == "forbidden"
