"""Durable work: ordered with the commit, carried out once, taken up again after a kill."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import textwrap
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from cases.database import Database
from infra.local.postgres import Postgres
from proofcall.jobs import DbosOutbox, JobRunner, prepare_jobs
from runtime.errors import CaseError
from runtime.settings import Settings
from tests.integration.test_no_word_in_the_clear import rows_with

WITHIN_S = 20.0


@pytest.fixture(params=["sqlite", "postgresql"])
async def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings with an empty database of each kind, prepared for durable work."""
    url = None
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.fresh_database()
    chosen = Settings(data=tmp_path, database_url=url)
    await asyncio.to_thread(prepare_jobs, chosen)
    return chosen


@pytest.fixture
async def engine(settings: Settings) -> AsyncIterator[AsyncEngine]:
    """The domain's own engine on the same database."""
    made = create_async_engine(settings.database)
    yield made
    await made.dispose()


async def test_work_is_ordered_with_the_commit_and_not_without(
    settings: Settings, engine: AsyncEngine
) -> None:
    """A rolled-back order never runs; a committed one runs once, though ordered twice."""
    ran: list[str] = []
    done = asyncio.Event()

    async def work(subject_id: str) -> None:
        ran.append(subject_id)
        if subject_id == "last":
            done.set()

    outbox = DbosOutbox(settings)
    runner = JobRunner(settings, {"work": work}, "jobs")
    await runner.start()
    try:
        async with AsyncSession(engine) as tx:
            await outbox.enqueue(tx, "work", "work:lost", "lost")
            await tx.rollback()
        async with AsyncSession(engine) as tx:
            await outbox.enqueue(tx, "work", "work:kept", "kept")
            await outbox.enqueue(tx, "work", "work:kept", "kept")
            await tx.commit()
        async with asyncio.timeout(WITHIN_S):
            while not ran:
                await asyncio.sleep(0.05)
            async with AsyncSession(engine) as tx:
                await outbox.enqueue(tx, "work", "work:last", "last")
                await tx.commit()
            await done.wait()
    finally:
        await runner.close()
        outbox.close()
    assert ran == ["kept", "last"]


async def test_work_that_fails_is_tried_again(settings: Settings, engine: AsyncEngine) -> None:
    """A passing fault costs a pause, not the work."""
    tries = 0
    done = asyncio.Event()

    async def work(subject_id: str) -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise RuntimeError("the segment is not there yet")
        done.set()

    outbox = DbosOutbox(settings)
    runner = JobRunner(settings, {"work": work}, "jobs")
    await runner.start()
    try:
        async with AsyncSession(engine) as tx:
            await outbox.enqueue(tx, "work", "work:1", "1")
            await tx.commit()
        async with asyncio.timeout(WITHIN_S):
            await done.wait()
    finally:
        await runner.close()
        outbox.close()
    assert tries == 3


@pytest.mark.parametrize("name", ["work", "make_copy"])
async def test_what_pauses_between_tries_stands_in_nobodys_way(
    settings: Settings, engine: AsyncEngine, name: str
) -> None:
    """One seller's bucket is away: eight orders fail on and on, and another's are done."""
    done: set[str] = set()
    at_once, most = 0, 0
    everything = asyncio.Event()

    async def work(subject_id: str) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.01)
        at_once -= 1
        if subject_id.startswith("broken"):
            raise CaseError("store_away", "The bucket does not answer.")
        done.add(subject_id)
        if len(done) == 3:
            everything.set()

    outbox = DbosOutbox(settings)
    runner = JobRunner(settings, {name: work}, "jobs")
    await runner.start()
    try:
        async with AsyncSession(engine) as tx:
            for subject in (*(f"broken{n}" for n in range(8)), *(f"whole{n}" for n in range(3))):
                await outbox.enqueue(tx, name, f"{name}:{subject}", subject)
            await tx.commit()
        async with asyncio.timeout(WITHIN_S):
            await everything.wait()
    finally:
        await runner.close()
        outbox.close()
    assert runner.tries[name, "failed"] >= 8
    assert most <= (1 if name == "make_copy" else 4)


_STUCK = """
import asyncio, sys
from pathlib import Path
from proofcall.jobs import JobRunner
from runtime.settings import Settings

async def main():
    settings = Settings(data=Path(sys.argv[1]), database_url=sys.argv[2] or None)

    async def work(subject_id):
        print("begun", flush=True)
        await asyncio.Event().wait()

    await JobRunner(settings, {"work": work}, "jobs").start()
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_work_in_progress_survives_kill_9(settings: Settings, engine: AsyncEngine) -> None:
    """What a killed process had begun is taken up by the next one."""
    outbox = DbosOutbox(settings)
    async with AsyncSession(engine) as tx:
        await tx.execute(text("SELECT 1"))
        await outbox.enqueue(tx, "work", "work:1", "case_1")
        await tx.commit()
    outbox.close()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        textwrap.dedent(_STUCK),
        str(settings.data),
        settings.database_url or "",
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(WITHIN_S):
        while (await process.stdout.readline()) != b"begun\n":
            assert process.returncode is None
    os.kill(process.pid, signal.SIGKILL)
    await process.wait()

    resumed = asyncio.Event()
    subjects: list[str] = []

    async def work(subject_id: str) -> None:
        subjects.append(subject_id)
        resumed.set()

    runner = JobRunner(settings, {"work": work}, "jobs")
    await runner.start()
    try:
        async with asyncio.timeout(WITHIN_S):
            await resumed.wait()
    finally:
        await runner.close()
    assert subjects == ["case_1"]


async def test_work_in_progress_at_an_end_is_made_by_the_next(
    settings: Settings, engine: AsyncEngine
) -> None:
    """A process that ends writes nothing down of a try, and waits for none that pauses."""
    database = Database(settings.database)
    outbox = DbosOutbox(settings)
    begun = asyncio.Event()

    async def stuck(subject_id: str) -> None:
        if subject_id == "broken":
            raise CaseError("store_away", "The bucket of Zoraida does not answer.")
        begun.set()
        await asyncio.Event().wait()

    runner = JobRunner(settings, {"work": stuck}, "jobs")
    await runner.start()
    async with AsyncSession(engine) as tx:
        await outbox.enqueue(tx, "work", "work:broken", "broken")
        await outbox.enqueue(tx, "work", "work:stuck", "stuck")
        await tx.commit()
    async with asyncio.timeout(WITHIN_S):
        await begun.wait()
        while runner.tries["work", "failed"] < 3:
            await asyncio.sleep(0.1)
    await runner.close()
    async with asyncio.timeout(WITHIN_S):
        while any(one.name.startswith("dbos-executor") for one in threading.enumerate()):
            await asyncio.sleep(0.1)

    # What failed is told in the log; a stranger's words do not lie in the tables of the work.
    assert (
        await rows_with(database, "does not answer") == await rows_with(database, "zoraida") == []
    )
    assert await rows_with(database, "_tryfailed") != []
    await database.close()

    done: set[str] = set()
    both = asyncio.Event()

    async def work(subject_id: str) -> None:
        done.add(subject_id)
        if len(done) == 2:
            both.set()

    runner = JobRunner(settings, {"work": work}, "jobs")
    await runner.start()
    try:
        async with asyncio.timeout(WITHIN_S):
            await both.wait()
    finally:
        await runner.close()
        outbox.close()


async def test_a_start_that_is_cancelled_leaves_no_thread(settings: Settings) -> None:
    """SIGTERM while the process starts: launched threads would keep it for ever."""
    before = set(threading.enumerate())
    runner = JobRunner(settings, {}, executor_id="cancelled")
    starting = asyncio.ensure_future(runner.start())
    await asyncio.sleep(0.02)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    # So long a launch that nobody waited for would take.
    await asyncio.sleep(3)
    left = [one for one in set(threading.enumerate()) - before if "asyncio" not in one.name]
    assert left == []
