"""Deadlines, assignees and appointments on both databases, by a clock that is set."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import make_url, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases import appointments, assigning, deadlines, desk, due, links, log
from cases.actor import StaffActor, SystemActor
from cases.database import Database, upgrade
from cases.deadline_plan import DeadlineKind
from cases.desk_hours import WORKDAYS, DeskHoursIn, HoursIn, LengthsIn, set_desk_hours
from cases.log import LogKind, Visibility
from cases.rosters import RosterIn, set_roster
from cases.states import CaseState, Outcome, Role
from cases.tables import Appointment, Case, Deadline, JoinLink
from cases.unit import Unit
from infra.local.postgres import Postgres
from runtime.errors import CaseError
from tests.support.seller import Seller, erasure_folder, make_seller
from tests.support.sweeper_main import sweep

T = TypeVar("T")
HOUR = timedelta(hours=1)
ALWAYS = HoursIn(zone="Europe/Berlin", week=[[(0, 1440)]] * 7)


@pytest.fixture(scope="session")
def migrated(postgres: Postgres) -> str:
    """The name of a database with every table, to be copied."""
    upgrade(make_url(postgres.fresh_database("migrated_deadlines")))
    return "migrated_deadlines"


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


class NoOrders:
    """Nothing here orders durable work."""

    async def enqueue(self, tx: AsyncSession, name: str, id_: str, *rest: str) -> None:
        """Say so."""
        raise AssertionError(name)


@dataclass
class Desk:
    """The world with an admin, two agents and a way to act at its time."""

    seller: Seller
    admin: StaffActor
    ana: StaffActor
    ben: StaffActor

    async def run(self, act: Callable[[Unit], Awaitable[T]]) -> T:
        """One transaction."""
        async with self.seller.database.begin() as tx:
            return await act(Unit(tx, self.seller.keys, NoOrders(), self.seller.now))

    async def case(self, case_id: str, act: Callable[[Unit, Case], Awaitable[T]]) -> T:
        """One transaction about a case."""

        async def with_case(unit: Unit) -> T:
            return await act(unit, await unit.tx.get_one(Case, case_id))

        return await self.run(with_case)

    def wait(self, time: timedelta) -> None:
        """Let time pass."""
        self.seller.clock.advance(time.total_seconds())

    async def sweep(self) -> list[str | None]:
        """What the sweeper does, row by row."""
        now = self.seller.now
        async with self.seller.database.read() as tx:
            rows = await due.due_deadlines(tx, now)
            times = await appointments.due_appointments(tx, now)
        done = [await self.run(lambda u, r=row: due.look_at(u, r)) for row in rows]
        done += [await self.run(lambda u, r=row: appointments.look_at(u, r)) for row in times]
        return done

    async def log(self, case_id: str) -> list[tuple[str, dict[str, Any] | None]]:
        """The case's log."""
        async with self.seller.database.read() as tx:
            key = await self.seller.keys.case_key(tx, case_id)
            events = await log.read_events(
                tx,
                log=LogKind.CASE,
                subject_id=case_id,
                key=key,
                visibilities=frozenset(Visibility),
            )
        return [(event.kind, event.payload) for event in events]

    async def kinds(self, case_id: str) -> list[str]:
        """The kinds of the case's log."""
        return [kind for kind, _ in await self.log(case_id)]

    async def look(self, case_id: str) -> Case:
        """The case as it is."""
        async with self.seller.database.read() as tx:
            return await tx.get_one(Case, case_id)

    async def deadline(self, case_id: str, kind: DeadlineKind) -> deadlines.DeadlineView:
        """The newest deadline of a kind."""
        async with self.seller.database.read() as tx:
            rows = await deadlines.deadlines_of(tx, case_id)
        return [row for row in rows if row.kind is kind][-1]


@pytest.fixture
async def desk_(seller: Seller) -> Desk:
    """A desk."""
    return Desk(
        seller,
        await seller.staff(Role.ADMIN, tenant=seller.lamp),
        await seller.staff(Role.AGENT, tenant=seller.lamp),
        await seller.staff(Role.AGENT, tenant=seller.lamp),
    )


async def test_a_first_answer_is_warned_of_then_missed_then_escalated(desk_: Desk) -> None:
    """At 75 % and at the end, once each; the admin is named and an agent gets the case."""
    opened = await desk_.seller.open_case(desk_.ana)
    begun = desk_.seller.now
    case = await desk_.look(opened.case_id)
    assert case.due_at == begun + 24 * HOUR
    desk_.wait(18 * HOUR - timedelta(seconds=1))
    assert await desk_.sweep() == []
    desk_.wait(timedelta(seconds=1))
    assert await desk_.sweep() == ["warned"]
    assert await desk_.sweep() == []
    desk_.wait(6 * HOUR)
    assert await desk_.sweep() == ["missed"]
    assert await desk_.sweep() == []
    log_ = dict(await desk_.log(opened.case_id))
    kinds = await desk_.kinds(opened.case_id)
    assert [kinds.count(k) for k in ("deadline_warned", "deadline_missed", "escalated")] == [1] * 3
    assert (log_["escalated"] or {})["to"] == [desk_.admin.staff_id]
    assert (await desk_.look(opened.case_id)).assignee_staff_id is not None


async def test_a_sweeper_that_slept_misses_at_once_and_warns_of_nothing(desk_: Desk) -> None:
    """A restart after the time loses none and repeats none."""
    opened = await desk_.seller.open_case(desk_.ana)
    desk_.wait(100 * HOUR)
    assert await desk_.sweep() == ["missed"]
    kinds = await desk_.kinds(opened.case_id)
    assert "deadline_warned" not in kinds
    assert kinds.count("escalated") == 1


async def test_two_sweepers_do_a_row_once(desk_: Desk) -> None:
    """Both have read it as due."""
    opened = await desk_.seller.open_case(desk_.ana)
    desk_.wait(19 * HOUR)
    async with desk_.seller.database.read() as tx:
        rows = await due.due_deadlines(tx, desk_.seller.now)
    done = await asyncio.gather(
        *(desk_.run(lambda u, r=row: due.look_at(u, r)) for row in rows * 4)
    )
    assert sorted(done, key=str) == [None, None, None, "warned"]
    assert (await desk_.kinds(opened.case_id)).count("deadline_warned") == 1


async def test_a_deadline_stands_still_while_the_buyer_is_asked(desk_: Desk) -> None:
    """And goes on with what was left; asking twice or answering twice changes nothing."""
    opened = await desk_.seller.open_case(desk_.ana)
    desk_.wait(10 * HOUR)
    for _ in range(2):
        await desk_.case(opened.case_id, lambda u, c: deadlines.pause(u.tx, c, u.now))
    held = await desk_.deadline(opened.case_id, DeadlineKind.FIRST_ANSWER)
    assert (held.paused, held.due_at) == (True, None)
    desk_.wait(100 * HOUR)
    assert await desk_.sweep() == []
    for _ in range(2):
        await desk_.case(opened.case_id, lambda u, c: deadlines.resume(u.tx, c, u.now))
    runs = await desk_.deadline(opened.case_id, DeadlineKind.FIRST_ANSWER)
    assert runs.due_at == desk_.seller.now + 14 * HOUR
    assert runs.warn_at == desk_.seller.now + 8 * HOUR


async def test_working_time_counts_the_desk_s_hours(desk_: Desk) -> None:
    """Eight hours a day, no weekend: 24 hours from Friday noon are Wednesday noon."""
    wanted = DeskHoursIn(hours=WORKDAYS, lengths=LengthsIn(decision_h=8))
    await desk_.run(lambda u: set_desk_hours(u, desk_.admin, wanted))
    days = (4 - desk_.seller.now.weekday()) % 7 + 7
    friday = (desk_.seller.now + timedelta(days=days)).replace(hour=12, minute=0, second=0)
    desk_.wait(friday.replace(microsecond=0) - desk_.seller.now)
    opened = await desk_.seller.open_case(desk_.ana)
    first = await desk_.deadline(opened.case_id, DeadlineKind.FIRST_ANSWER)
    assert first.due_at == desk_.seller.now + timedelta(days=5)
    await desk_.run(lambda u: assigning.take(u, desk_.ana, opened.case_id))
    decision = await desk_.deadline(opened.case_id, DeadlineKind.DECISION)
    assert decision.due_at == desk_.seller.now + timedelta(days=3)
    await desk_.case(
        opened.case_id, lambda u, c: deadlines.begin(u.tx, c, DeadlineKind.SIMPLE, u.now)
    )
    simple = await desk_.deadline(opened.case_id, DeadlineKind.SIMPLE)
    assert simple.due_at == desk_.seller.now + 5 * HOUR


async def test_a_verdict_ends_what_was_due(desk_: Desk) -> None:
    """Only the marketplace's date stays."""
    opened = await desk_.seller.open_case(desk_.ana)
    date = desk_.seller.now + timedelta(days=30)
    await desk_.run(lambda u: deadlines.set_dispute_date(u, desk_.ana, opened.case_id, date))
    verdict = desk.Verdict(Outcome.REFUND, None, None, "")
    await desk_.run(lambda u: desk.decide(u.tx, u.keys, desk_.ana, opened.case_id, verdict, u.now))
    assert (await desk_.look(opened.case_id)).due_at == date
    with pytest.raises(CaseError, match="400 days"):
        await desk_.run(
            lambda u: deadlines.set_dispute_date(
                u, desk_.ana, opened.case_id, u.now - timedelta(days=1)
            )
        )


async def test_a_case_is_taken_once_given_and_released(desk_: Desk) -> None:
    """Two who take at once: one has it; the other is told."""
    case_id = (await desk_.seller.open_case(desk_.ana)).case_id

    async def take(actor: StaffActor) -> str:
        try:
            await desk_.run(lambda u: assigning.take(u, actor, case_id))
        except CaseError as error:
            return error.code
        return "mine"

    assert sorted(await asyncio.gather(take(desk_.ana), take(desk_.ben))) in (
        ["mine", "taken"],
        ["mine", "version_conflict"],
    )
    await desk_.run(lambda u: assigning.assign(u, desk_.admin, case_id, desk_.ben.staff_id))
    assert (await desk_.look(case_id)).assignee_staff_id == desk_.ben.staff_id
    await desk_.run(lambda u: assigning.release(u, desk_.ben, case_id))
    assert (await desk_.look(case_id)).assignee_staff_id is None
    assert (await desk_.deadline(case_id, DeadlineKind.DECISION)).ended_at is not None
    stranger = await desk_.seller.staff(Role.AGENT, tenant=desk_.seller.shoes)
    with pytest.raises(CaseError, match="cannot take cases here"):
        await desk_.run(lambda u: assigning.assign(u, desk_.admin, case_id, stranger.staff_id))
    with pytest.raises(CaseError) as refused:
        await desk_.run(lambda u: assigning.take(u, stranger, case_id))
    assert refused.value.code == "not_found"


async def test_a_case_goes_to_who_speaks_the_language_then_to_who_has_least(desk_: Desk) -> None:
    """The buyer of the test is Spanish."""
    first = (await desk_.seller.open_case(desk_.ana)).case_id
    speaks = RosterIn(hours=ALWAYS, languages=("es", "en"))
    await desk_.run(lambda u: set_roster(u, desk_.ben, desk_.ben.staff_id, speaks))
    found = await desk_.case(first, lambda u, c: assigning.least_loaded(u.tx, c))
    assert found == desk_.ben.staff_id
    await desk_.run(lambda u: set_roster(u, desk_.admin, desk_.ana.staff_id, speaks))
    await desk_.run(lambda u: assigning.take(u, desk_.ben, first))
    second = (await desk_.seller.open_case(desk_.ana)).case_id
    found = await desk_.case(second, lambda u, c: assigning.least_loaded(u.tx, c))
    assert found == desk_.ana.staff_id


async def link_ends(desk_: Desk, case_id: str) -> datetime:
    """When the case's open link expires."""
    async with desk_.seller.database.read() as tx:
        found = await tx.scalar(
            select(JoinLink.expires_at).where(
                JoinLink.case_id == case_id, JoinLink.revoked_at.is_(None)
            )
        )
    assert found is not None
    return found


async def test_a_seller_s_days_are_the_link_s_and_the_deadline_s(desk_: Desk) -> None:
    """One setting: no link outlives the case's closing, and none ends before it."""
    wanted = DeskHoursIn(hours=WORKDAYS, lengths=LengthsIn(inspection_h=48))
    await desk_.run(lambda u: set_desk_hours(u, desk_.admin, wanted))
    opened = await desk_.seller.open_case(desk_.ana)
    for _ in range(2):
        inspection = await desk_.deadline(opened.case_id, DeadlineKind.INSPECTION)
        assert inspection.due_at == desk_.seller.now + 48 * HOUR
        assert inspection.due_at == await link_ends(desk_, opened.case_id)
        # A new link begins both anew.
        desk_.wait(5 * HOUR)
        await desk_.run(lambda u: desk.issue_link(u.tx, u.keys, desk_.ana, opened.case_id, u.now))


async def test_a_buyer_who_never_opens_the_link_is_reminded_and_the_case_closed(
    desk_: Desk,
) -> None:
    """After the two weeks that the link was open, to the second."""
    wanted = DeskHoursIn(hours=WORKDAYS, lengths=LengthsIn(working_time=False, first_answer_h=1000))
    await desk_.run(lambda u: set_desk_hours(u, desk_.admin, wanted))
    opened = await desk_.seller.open_case(desk_.ana)
    inspection = await desk_.deadline(opened.case_id, DeadlineKind.INSPECTION)
    assert inspection.due_at == await link_ends(desk_, opened.case_id)
    desk_.wait(timedelta(days=14) * 0.75)
    assert await desk_.sweep() == ["warned"]
    assert "link_reminder" in await desk_.kinds(opened.case_id)
    desk_.wait(timedelta(days=14) * 0.25 - timedelta(seconds=1))
    async with desk_.seller.database.read() as tx:
        await links.find_link(tx, opened.token, desk_.seller.now)
    assert await desk_.sweep() == []
    desk_.wait(timedelta(seconds=1))
    assert await desk_.sweep() == ["missed"]
    assert (await desk_.look(opened.case_id)).state == CaseState.CLOSED
    assert await desk_.sweep() == []
    assert (await desk_.look(opened.case_id)).due_at is None


# Appointments


async def roster(desk_: Desk, *people: StaffActor, **skills: Any) -> None:
    """These people host around the clock."""
    for person in people:
        wanted = RosterIn(hours=ALWAYS, **skills)
        await desk_.run(lambda u, p=person, w=wanted: set_roster(u, p, p.staff_id, w))


async def slots(desk_: Desk, case_id: str) -> list[datetime]:
    """What the buyer is offered."""
    found = await desk_.case(case_id, lambda u, c: appointments.offered(u.tx, c, u.now))
    return found.slots


async def test_the_last_seat_goes_to_one_of_two_buyers(desk_: Desk) -> None:
    """However they race; the other is told to choose again."""
    await roster(desk_, desk_.ana, desk_.ben)
    cases = [(await desk_.seller.open_case(desk_.ana)).case_id for _ in range(5)]
    wanted = (await slots(desk_, cases[0]))[3]

    async def book(case_id: str) -> str:
        try:
            await desk_.run(
                lambda u: appointments.book(u, SystemActor(), case_id, wanted, "Europe/Madrid")
            )
        except CaseError as error:
            return error.code
        return "booked"

    answers = await asyncio.gather(*(book(case_id) for case_id in cases))
    assert sorted(answers) == ["booked"] * 2 + ["slot_taken"] * 3
    assert wanted not in await slots(desk_, cases[0])
    async with desk_.seller.database.read() as tx:
        seats = list(await tx.scalars(select(Appointment.seat)))
    assert sorted(seats) == [0, 1]


async def test_a_moved_time_frees_the_old_one_and_a_cancelled_one_is_free_again(
    desk_: Desk,
) -> None:
    """Moving keeps the entry; its sequence counts up."""
    await roster(desk_, desk_.ana)
    case_id = (await desk_.seller.open_case(desk_.ana)).case_id
    first, second = (await slots(desk_, case_id))[2:4]
    act = SystemActor()
    made = await desk_.run(lambda u: appointments.book(u, act, case_id, first, "UTC"))
    moved = await desk_.run(lambda u: appointments.book(u, act, case_id, second, "UTC"))
    assert made.id == moved.id
    assert first in await slots(desk_, case_id)
    assert second not in await slots(desk_, case_id)
    for _ in range(2):
        await desk_.run(lambda u: appointments.cancel(u, act, case_id))
    assert second in await slots(desk_, case_id)
    assert [k for k in await desk_.kinds(case_id) if k.startswith("appointment")] == [
        "appointment_booked",
        "appointment_moved",
        "appointment_cancelled",
    ]
    with pytest.raises(CaseError, match="time zone"):
        await desk_.run(lambda u: appointments.book(u, act, case_id, first, "../../etc/passwd"))
    odd = first + timedelta(minutes=7)
    with pytest.raises(CaseError, match="no longer free"):
        await desk_.run(lambda u: appointments.book(u, act, case_id, odd, "UTC"))


async def test_who_fits_is_offered_first_and_nobody_is_left_without(desk_: Desk) -> None:
    """Ben speaks Spanish in the morning; without him Ana's times are offered."""
    morning = HoursIn(zone="UTC", week=[[(480, 600)]] * 7)
    await roster(desk_, desk_.ana, languages=("de",))
    case_id = (await desk_.seller.open_case(desk_.ana)).case_id
    assert len({at.hour for at in await slots(desk_, case_id)}) == 24
    spanish = RosterIn(hours=morning, languages=("es",))
    await desk_.run(lambda u: set_roster(u, desk_.ben, desk_.ben.staff_id, spanish))
    assert {at.hour for at in await slots(desk_, case_id)} == {8, 9}


async def test_a_booked_buyer_is_reminded_and_a_no_show_closed_later(desk_: Desk) -> None:
    """A day before, an hour before, at the time; then missed, then closed."""
    wanted = DeskHoursIn(hours=WORKDAYS, lengths=LengthsIn(first_answer_h=1000, inspection_h=5000))
    await desk_.run(lambda u: set_desk_hours(u, desk_.admin, wanted))
    await roster(desk_, desk_.ana)
    case_id = (await desk_.seller.open_case(desk_.ana)).case_id
    starts = next(at for at in await slots(desk_, case_id) if at > desk_.seller.now + 48 * HOUR)
    await desk_.run(lambda u: appointments.book(u, SystemActor(), case_id, starts, "UTC"))
    for before in (24 * HOUR, HOUR, timedelta(0)):
        desk_.wait(starts - before - desk_.seller.now)
        assert await desk_.sweep() == ["reminded"]
        assert await desk_.sweep() == []
    desk_.wait(timedelta(minutes=45))
    assert await desk_.sweep() == ["missed"]
    desk_.wait(timedelta(days=3))
    assert await desk_.sweep() == ["closed"]
    kinds = await desk_.kinds(case_id)
    assert kinds.count("appointment_reminder") == 3
    assert kinds.count("appointment_missed") == 1
    assert (await desk_.look(case_id)).state == CaseState.CLOSED


async def test_a_sweeper_killed_in_the_middle_leaves_nothing_undone_and_does_nothing_twice(
    desk_: Desk,
) -> None:
    """``kill -9`` after the first rows; the next sweep does the rest."""
    ids = [(await desk_.seller.open_case(desk_.ana)).case_id for _ in range(40)]
    desk_.wait(30 * HOUR)
    url = desk_.seller.database._url.render_as_string(hide_password=False)
    now = desk_.seller.now.isoformat()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.sweeper_main", url, now, erasure_folder()
    )

    async def missed() -> int:
        async with desk_.seller.database.read() as tx:
            rows = await tx.scalars(select(Deadline.id).where(Deadline.missed_at.is_not(None)))
            return len(rows.all())

    async with asyncio.timeout(60):
        while await missed() < 3:
            assert process.returncode is None, "the sweeper ended by itself"
            await asyncio.sleep(0.005)
    process.kill()
    await process.wait()
    assert 3 <= await missed() < len(ids)
    assert await sweep(url, desk_.seller.keys, desk_.seller.now) > 0
    assert await missed() == len(ids)
    for case_id in ids:
        kinds = await desk_.kinds(case_id)
        assert [kinds.count("deadline_missed"), kinds.count("escalated")] == [1, 1]
