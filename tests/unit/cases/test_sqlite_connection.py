"""What SQLAlchemy asks of a cursor, answered in one trip to the connection's thread."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from cases.sqlite_connection import connect


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """A file with one table."""
    made = create_async_engine(
        f"sqlite+aiosqlite:///{tmp_path}/one.db", connect_args={"async_creator_fn": connect}
    )
    async with made.begin() as connection:
        await connection.execute(text("CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT)"))
    yield made
    await made.dispose()


async def test_rows_counts_and_numbers_are_the_driver_s(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        first = await connection.execute(text("INSERT INTO words (word) VALUES ('scratch')"))
        assert (first.rowcount, first.lastrowid) == (1, 1)
        many = [{"word": f"word {number}"} for number in range(400)]
        assert (
            await connection.execute(text("INSERT INTO words (word) VALUES (:word)"), many)
        ).rowcount == 400
        changed = await connection.execute(text("UPDATE words SET word = 'x' WHERE id > 350"))
        assert changed.rowcount == 51
        rows = await connection.execute(text("SELECT id, word FROM words WHERE id < 3"))
        assert rows.keys() == ["id", "word"]
        assert rows.fetchone() == (1, "scratch")
        assert rows.fetchall() == [(2, "word 0")]
        nothing = await connection.execute(text("SELECT id FROM words WHERE id > 1000"))
        assert nothing.all() == []


async def test_a_refused_statement_is_the_same_error_and_the_next_one_runs(
    engine: AsyncEngine,
) -> None:
    async with engine.connect() as connection:
        with pytest.raises(OperationalError, match="no such table"):
            await connection.execute(text("SELECT * FROM nowhere"))
        await connection.execute(text("INSERT INTO words (id, word) VALUES (1, 'a')"))
        with pytest.raises(IntegrityError):
            await connection.execute(text("INSERT INTO words (id, word) VALUES (1, 'b')"))
        assert (await connection.execute(text("SELECT word FROM words"))).scalar() == "a"


async def test_a_reader_that_is_done_holds_nothing(engine: AsyncEngine) -> None:
    """Else a table could not be dropped by the next connection."""
    async with engine.connect() as reader:
        await reader.execute(text("SELECT * FROM words"))
        await reader.rollback()
        async with engine.begin() as writer:
            await writer.execute(text("DROP TABLE words"))


async def test_a_statement_wakes_the_thread_once(tmp_path: Path) -> None:
    connection = connect(str(tmp_path / "two.db"))
    await connection
    trips = 0
    asked = connection._execute

    async def count(*arguments: Any, **named: Any) -> Any:
        nonlocal trips
        trips += 1
        return await asked(*arguments, **named)  # type: ignore[no-untyped-call]

    connection._execute = count  # type: ignore[method-assign]
    try:
        async with connection.cursor() as cursor:
            await cursor.execute("SELECT 1 UNION SELECT 2")
            assert await cursor.fetchall() == [(1,), (2,)]
            assert await cursor.fetchall() == []
            await cursor.close()
        assert trips == 1
    finally:
        await connection.close()


async def test_a_long_statement_does_not_hold_the_loop(tmp_path: Path) -> None:
    connection = connect(str(tmp_path / "three.db"))
    await connection
    count = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000000)"
    try:
        async with connection.cursor() as cursor:
            asked = asyncio.ensure_future(cursor.execute(f"{count} SELECT max(i) FROM n"))
            turns = 0
            while not asked.done():
                await asyncio.sleep(0.001)
                turns += 1
            assert turns > 3
            assert await cursor.fetchall() == [(1_000_000,)]
    finally:
        await connection.close()
