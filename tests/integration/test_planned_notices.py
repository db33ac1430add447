"""Reminders before their time: what will go and when, sent now, held back, and by whom."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from cases import appointments, log
from cases.actor import StaffActor, SystemActor
from cases.desk_hours import DeskHoursIn, HoursIn, LengthsIn, set_desk_hours
from cases.log import LogKind
from cases.notice_log import send, stop
from cases.rosters import RosterIn, set_roster
from cases.states import Role
from cases.tables import Case, Deadline
from cases.unit import Unit
from runtime.errors import CaseError
from signaling.due_sweep import sweep_due
from tests.support.notice_world import NoticeWorld, database_url, notice_world

ALWAYS = HoursIn(zone="UTC", week=[[(0, 1440)]] * 7)


@pytest.fixture(params=["sqlite", "postgresql"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[NoticeWorld]:
    """The world on each database."""
    async with notice_world(tmp_path, database_url(request)) as running:
        yield running


async def planned(world: NoticeWorld, case_id: str) -> list[dict[str, Any]]:
    """What will be told."""
    told = await world.ask("GET", f"/api/v1/cases/{case_id}/notices", 200)
    found: list[dict[str, Any]] = told["planned"]
    return found


async def last_entry(world: NoticeWorld, case_id: str) -> tuple[str, Any, str]:
    """Kind, payload and actor of the newest entry; the whole chain holds."""
    seller = world.site.seller
    async with seller.database.read() as tx:
        key = await seller.keys.case_key(tx, case_id)
        await log.verify(tx, log=LogKind.CASE, subject_id=case_id, key=key)
    entry = (await world.ask("GET", f"/api/v1/cases/{case_id}/events", 200))["events"][-1]
    return entry["kind"], entry["payload"], entry["actor"]["role"]


def go_to(world: NoticeWorld, at: str | datetime) -> None:
    """Let time pass until then."""
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    world.advance(moment - world.site.seller.now + timedelta(seconds=1))


async def pass_by(world: NoticeWorld, at: str | datetime) -> None:
    """Let time pass until then, and do what is due."""
    go_to(world, at)
    await sweep_due(world.services)
    await world.work()


async def booked(world: NoticeWorld, **changes: Any) -> tuple[str, datetime]:
    """A case with a time in three days, in Madrid, and nothing waiting."""
    seller = world.site.seller
    admin = await seller.staff(Role.ADMIN, Role.AGENT, Role.INSPECTOR, tenant=seller.lamp)
    case_id = (await seller.open_case(admin, warehouse_id=None, **changes)).case_id
    lengths = LengthsIn(first_answer_h=1000, inspection_h=5000)

    async def act(unit: Unit) -> datetime:
        await set_desk_hours(unit, admin, DeskHoursIn(hours=ALWAYS, lengths=lengths))
        await set_roster(unit, admin, admin.staff_id, RosterIn(hours=ALWAYS))
        case = await unit.tx.get_one(Case, case_id)
        offered = await appointments.offered(unit.tx, case, unit.now)
        starts = next(at for at in offered.slots if at > unit.now + timedelta(days=3))
        await appointments.book(unit, SystemActor(), case_id, starts, "Europe/Madrid")
        return starts

    starts_at = await world.services.run(act)
    await world.work()
    world.inbox.came.clear()
    return case_id, starts_at


async def test_a_reminder_that_was_held_back_never_goes_and_can_be_sent_later(
    world: NoticeWorld,
) -> None:
    """It stands among the notices as stopped; the log says by whom; its time brings nothing."""
    case_id = await world.open_case(market="ES")
    await world.work()
    (one,) = await planned(world, case_id)
    held = await world.ask("POST", f"/api/v1/notices/{one['id']}/stop", 200)
    assert (held["kind"], held["state"], held["reason"]) == ("reminder", "suppressed", "stopped")
    assert await planned(world, case_id) == []
    kind, payload, role = await last_entry(world, case_id)
    assert (kind, payload["notice"], role) == ("notice_stopped", "reminder", "key")
    await pass_by(world, one["at"])
    assert len(world.inbox.came) == 1  # that the return is here
    await world.ask("POST", f"/api/v1/notices/{held['id']}/send", 202)
    assert (await last_entry(world, case_id))[0] == "notice_ordered"
    await world.work()
    assert ("reminder", "sent", None) in await world.states(case_id)
    assert len(world.inbox.came) == 2


async def test_a_reminder_is_sent_now_at_night_too_and_once(world: NoticeWorld) -> None:
    """Its own time brings no second one; a second order comes too late."""
    case_id = await world.open_case(market="ES")
    await world.work()
    world.advance(timedelta(hours=13))  # one in the morning in Madrid
    (one,) = await planned(world, case_id)
    path = f"/api/v1/notices/{one['id']}"
    sent = await world.ask("POST", f"{path}/send", 202)
    assert (sent["kind"], sent["state"]) == ("reminder", "waiting")
    assert (await last_entry(world, case_id))[::2] == ("link_reminder", "key")
    await world.work()
    assert len(world.inbox.came) == 2
    for what in ("send", "stop"):
        refused = await world.ask("POST", f"{path}/{what}", 409)
        assert refused["code"] == "notice_under_way"
    await pass_by(world, one["at"])
    assert [row.state for row in await world.rows(case_id) if row.kind == "reminder"] == ["sent"]


async def test_a_reminder_is_planned_for_when_the_buyer_is_awake(world: NoticeWorld) -> None:
    """What is said beforehand is when it goes."""
    case_id = await world.open_case(market="ES")
    await world.work()
    world.inbox.came.clear()
    night = world.site.seller.now.replace(hour=23) + timedelta(days=1)
    async with world.site.seller.database.begin() as tx:
        deadline = await tx.scalar(
            select(Deadline).where(Deadline.case_id == case_id, Deadline.kind == "inspection")
        )
        assert deadline is not None
        deadline.warn_at = deadline.next_at = night
        deadline.due_at = night + timedelta(days=2)
    (one,) = await planned(world, case_id)
    assert datetime.fromisoformat(one["at"]) == night.replace(hour=6) + timedelta(days=1)
    await pass_by(world, night)
    assert world.inbox.came == []
    await pass_by(world, one["at"])
    assert len(world.inbox.came) == 1


async def test_of_an_appointment_s_reminders_one_is_held_back_and_the_next_goes(
    world: NoticeWorld,
) -> None:
    """A repeated order never takes the next one; the held one, sent later, tells the time."""
    case_id, starts_at = await booked(world)
    (one,) = [o for o in await planned(world, case_id) if o["kind"] == "appointment_reminder"]
    assert datetime.fromisoformat(one["at"]) <= starts_at
    held = await world.ask("POST", f"/api/v1/notices/{one['id']}/stop", 200)
    refused = await world.ask("POST", f"/api/v1/notices/{one['id']}/stop", 409)
    assert refused["code"] == "notice_under_way"
    (after,) = [o for o in await planned(world, case_id) if o["kind"] == "appointment_reminder"]
    assert (after["id"] != one["id"], after["at"] > one["at"]) == (True, True)
    await pass_by(world, starts_at - timedelta(hours=24))
    assert world.inbox.came == []
    await world.ask("POST", f"/api/v1/notices/{held['id']}/send", 202)
    await world.work()
    assert "(Europe/Madrid)" in world.inbox.came[0].text
    await pass_by(world, starts_at - timedelta(hours=1))
    assert [r.state for r in await world.rows(case_id) if r.kind == "appointment_reminder"][
        0:1
    ] == ["sent"]


async def test_a_notice_that_waits_for_the_morning_is_sent_now(world: NoticeWorld) -> None:
    """So is what waits for two days after a delivery: they are the same."""
    case_id = await world.open_case(market="ES")
    await world.work()
    world.inbox.came.clear()
    world.advance(timedelta(hours=11))
    await world.happened(
        case_id, "parcel_scanned", way="out", status="delivered", parcel_id="par_1"
    )
    rows = {row.kind: row for row in await world.rows(case_id)}
    later = rows["after_delivery"]
    assert later.due_at is not None
    assert later.due_at > world.site.seller.now + timedelta(days=2)
    await world.ask("POST", f"/api/v1/notices/{later.id}/send", 202)
    assert (await last_entry(world, case_id))[:2] == (
        "notice_ordered",
        {"notice": "after_delivery"},
    )
    await world.work()
    assert len(world.inbox.came) == 1
    await world.ask("POST", f"/api/v1/notices/{later.id}/send", 409)
    await world.ask("POST", f"/api/v1/notices/{later.id}/stop", 409)


async def test_nobody_orders_what_another_seller_plans(world: NoticeWorld) -> None:
    """Nor inspectors, nor with an id that was made up."""
    seller = world.site.seller
    case_id = await world.open_case()
    (one,) = await planned(world, case_id)
    other = await seller.staff(Role.ADMIN, Role.AGENT, tenant=seller.shoes)
    inspector = await seller.staff(Role.INSPECTOR, tenant=seller.lamp)
    agent = await seller.staff(Role.AGENT, tenant=seller.lamp)

    async def code(actor: StaffActor, what: Any, planned_id: str) -> str:
        async def act(unit: Unit) -> None:
            await what(unit, actor, planned_id)

        try:
            await world.services.run(act)
        except CaseError as error:
            return error.code
        return "done"

    for what in (send, stop):
        assert await code(other, what, one["id"]) == "not_found"
        assert await code(inspector, what, one["id"]) == "forbidden"
        for made_up in ("ddl_none", "apt_none.0", "apt_.", ".", case_id, f"{one['id']}.0"):
            assert await code(agent, what, made_up) in {"not_found", "notice_under_way"}
    assert await planned(world, case_id) == [one]
    assert await code(agent, stop, one["id"]) == "done"
