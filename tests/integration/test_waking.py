"""Durable work sleeps until there is some: on both databases, with real commits and processes.

The slow look is put off for all of it: what is taken up here was rung for or had its time.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text, update

from cases import held_acts, waking
from cases.database import Database
from cases.held_acts import HeldState
from cases.ringing import carry_rings
from cases.states import Role
from cases.tables import HeldAct, Tenant
from cases.unit import Unit
from infra.local.postgres import Postgres
from runtime.clock import ManualClock, SystemClock
from runtime.settings import Settings
from runtime.tasks import Tasks
from signaling.services import Services
from signaling.work_looks import look_for_work
from tests.support.seller import Seller, make_seller
from tests.support.seller_site import NoOutbox, QuietHub

QUIET_S = 1.5
WITHIN_S = 15.0
IDLE_S = 6.0


@dataclass(slots=True)
class Jobs:
    """A process that looks for every kind of work, and its world."""

    url: str
    seller: Seller
    services: Services
    said: list[str]

    async def hold(self) -> str:
        """An act that is held for an hour."""
        agent = await self.seller.staff(Role.AGENT, tenant=self.seller.lamp)
        case = await self.seller.open_case(agent)
        view = await self.services.run(lambda unit: held_acts.hold_close(unit, agent, case.case_id))
        await self.due(view.id, self.services.clock.now() + timedelta(hours=1))
        return view.id

    async def due(self, held_id: str, at: datetime) -> None:
        """Have it due then."""
        async with self.services.database.begin() as tx:
            await tx.execute(update(HeldAct).where(HeldAct.id == held_id).values(next_at=at))

    async def state(self, held_id: str) -> str:
        """How it stands."""
        async with self.seller.database.read() as tx:
            return (await tx.get_one(HeldAct, held_id)).state

    async def done(self, held_id: str) -> None:
        """Wait until it is done, for as long as no slow look would help."""
        async with asyncio.timeout(WITHIN_S):
            while await self.state(held_id) != HeldState.DONE:
                await asyncio.sleep(0.05)


@pytest.fixture(params=["sqlite", "postgresql"])
async def jobs(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Jobs]:
    """It has looked once and sleeps."""
    monkeypatch.setattr(waking, "_SLOW_LOOK_S", (600.0, 600.0))
    url = f"sqlite+aiosqlite:///{tmp_path / 'cases.db'}"
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.fresh_database()
    clock = SystemClock()
    # The test's own connections are another database to the process: they do not ring its bell.
    seller = await make_seller(Database(url), ManualClock(clock.now()))
    database, said = Database(url), list[str]()
    for engine in (database._writer, database._reader):
        event.listen(
            engine.sync_engine,
            "before_cursor_execute",
            lambda _c, _cursor, statement, *_: said.append(statement),
        )
    parts: dict[str, Any] = dict.fromkeys(Services.__dataclass_fields__)
    parts |= {"clock": clock, "database": database, "keys": seller.keys, "tasks": Tasks()}
    parts |= {"outbox": NoOutbox(), "hub": QuietHub(), "settings": Settings(data=tmp_path)}
    services = Services(**parts)
    made = Jobs(url, seller, services, said)
    services.tasks.forever("rings", partial(carry_rings, database))
    look_for_work(services)
    async with asyncio.timeout(30):
        count = -1
        while count != len(said):
            count = len(said)
            await asyncio.sleep(QUIET_S)
    yield made
    await services.tasks.close()
    await database.close()
    await seller.database.close()


async def test_an_idle_process_asks_the_database_nothing(jobs: Jobs) -> None:
    """No statement at all between two slow looks, of all kinds of work together."""
    assert jobs.said, "every kind has looked once"
    jobs.said.clear()
    await asyncio.sleep(IDLE_S)
    assert jobs.said == []


async def test_work_of_a_commit_is_taken_up_at_once(jobs: Jobs) -> None:
    """Whoever commits it rings for it."""
    held = await jobs.hold()
    await asyncio.sleep(QUIET_S)
    assert await jobs.state(held) == HeldState.HELD
    await jobs.due(held, jobs.services.clock.now())
    await jobs.done(held)


async def test_work_is_taken_up_when_its_time_comes(jobs: Jobs) -> None:
    """Nobody writes anything more: the time that stands in the row is waited for."""
    held = await jobs.hold()
    due_at = jobs.services.clock.now() + timedelta(seconds=2.5)
    await jobs.due(held, due_at)
    await asyncio.sleep(QUIET_S)
    if jobs.services.clock.now() < due_at:
        assert await jobs.state(held) == HeldState.HELD
    await jobs.done(held)
    async with jobs.seller.database.read() as tx:
        ended_at = (await tx.get_one(HeldAct, held)).ended_at
    assert ended_at is not None
    assert ended_at >= due_at


async def _write_and_fail(unit: Unit) -> None:
    await unit.tx.execute(update(HeldAct).values(failure="x"))
    raise ZeroDivisionError


async def test_what_is_rolled_back_or_changes_nothing_wakes_nobody(jobs: Jobs) -> None:
    """A ring is for rows that are there."""
    rung: list[frozenset[str]] = []
    with jobs.services.database.bell.telling(rung.append):
        with pytest.raises(ZeroDivisionError):
            await jobs.services.run(_write_and_fail)
        async with jobs.services.database.begin() as tx:
            await tx.execute(update(HeldAct).where(HeldAct.id == "none").values(failure="x"))
        assert rung == []
        held = await jobs.hold()
        assert rung == [frozenset({"held_acts"})] * len(rung)
        assert rung
        async with jobs.services.database.begin() as tx:
            await tx.execute(update(HeldAct).where(HeldAct.id == held).values(failure="x"))
            await tx.execute(text("SELECT 1"))
    assert rung[-1] == frozenset({"held_acts"})


async def test_none_of_many_commits_at_once_goes_unheard(jobs: Jobs) -> None:
    """A connection that is taken by the next writer does not take the ring along."""
    held = await jobs.hold()
    rung: list[frozenset[str]] = []
    database = jobs.services.database

    async def write(table: type[HeldAct] | type[Tenant]) -> None:
        async with database.begin() as tx:
            await tx.execute(update(table).values(id=table.id))

    with database.bell.telling(rung.append):
        await asyncio.gather(*(write(table) for _ in range(20) for table in (HeldAct, Tenant)))
    # Other work of this process may ring besides.
    assert rung.count(frozenset({"held_acts"})) == 20, (held, rung)


async def test_work_that_another_process_writes_is_taken_up(jobs: Jobs) -> None:
    """It rings over PostgreSQL, or its write is seen in SQLite's file."""
    held = await jobs.hold()
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.work_writer", jobs.url, held, stdin=PIPE, stdout=PIPE
    )
    assert other.stdin is not None
    assert other.stdout is not None
    try:
        assert await other.stdout.readline() == b"connected\n"
        await asyncio.sleep(QUIET_S)
        assert await jobs.state(held) == HeldState.HELD
        other.stdin.write(b"go\n")
        assert await other.stdout.readline() == b"written\n"
        await jobs.done(held)
    finally:
        other.stdin.close()
        assert await other.wait() == 0


@pytest.mark.parametrize("jobs", ["postgresql"], indirect=True)
async def test_rings_are_carried_again_when_the_connection_was_lost(jobs: Jobs) -> None:
    """What is written after PostgreSQL has cut the connection is taken up as well."""
    held = await jobs.hold()
    async with jobs.seller.database.begin() as tx:
        cut = await tx.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE (query LIKE 'LISTEN%' OR query LIKE '%pg_notify(%')"
                " AND pid <> pg_backend_pid()"
            )
        )
    assert len(cut.all()) >= 1
    async with jobs.seller.database.begin() as tx:
        await tx.execute(
            update(HeldAct).where(HeldAct.id == held).values(next_at=jobs.services.clock.now())
        )
    await jobs.done(held)
