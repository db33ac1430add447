"""SQLite behind a thread: a statement with its rows is one trip to it, where aiosqlite takes four.

A trip wakes a thread and then the loop, some 0.1 ms; a message of the thread is fifteen statements.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from functools import partial
from typing import Any, Self

import aiosqlite


class OneTripConnection(aiosqlite.Connection):
    """Its cursors bring every row at once."""

    def cursor(self) -> OneTripCursor:  # type: ignore[override]
        """A cursor; asks nothing of the thread yet."""
        return OneTripCursor(self)


class OneTripCursor:
    """The part of a cursor that SQLAlchemy's adapter asks for."""

    def __init__(self, connection: OneTripConnection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def execute(self, statement: str, parameters: Iterable[Any] = ()) -> Self:
        """Run a statement and fetch what it gives."""
        await self._trip(sqlite3.Connection.execute, statement, parameters)
        return self

    async def executemany(self, statement: str, parameters: Iterable[Iterable[Any]]) -> Self:
        """Run a statement once for each of ``parameters``."""
        await self._trip(sqlite3.Connection.executemany, statement, parameters)
        return self

    async def fetchall(self) -> list[Any]:
        """The rows that are still to be had."""
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Forget what was not fetched."""
        self._rows = []

    async def _trip(self, how: Any, statement: str, parameters: Any) -> None:
        await self._connection._execute(self._run, how, statement, parameters)  # type: ignore[no-untyped-call]

    def _run(self, how: Any, statement: str, parameters: Any) -> None:
        cursor = how(self._connection._conn, statement, parameters)
        try:
            self.description = cursor.description
            self._rows = cursor.fetchall() if cursor.description else []
            self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid
        finally:
            cursor.close()


def connect(*where: Any, **how: Any) -> OneTripConnection:
    """A connection to await, of ``sqlite3.connect``'s arguments; its thread ends with the process.

    Raises:
        sqlite3.OperationalError: when awaited, the file cannot be opened.
    """
    connection = OneTripConnection(partial(sqlite3.connect, *where, **how), iter_chunk_size=64)
    connection._thread.daemon = True
    return connection
