"""The database: short transactions on SQLite or PostgreSQL, and the way to its newest tables."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import InvalidatePoolError, OperationalError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm.exc import StaleDataError
from sqlalchemy.pool import ConnectionPoolEntry

from cases.keys import KeyRing
from cases.sqlite_connection import connect
from cases.waking import Bell
from runtime.errors import CaseError, SetupError

_BUSY_TIMEOUT_MS = 10_000
_WAL_PAUSE_S = 0.02
_SQLITE_READERS = 4
_POOL_WAIT_S = 15
_CONNECT_TIMEOUT_S = 10
_COMMAND_TIMEOUT_S = 30
# Where a connection keeps the tables that its transaction has written.
_WRITTEN = "proofcall_written"
# Per connection; a web process asks some hundreds of different questions.
_PREPARED = 500
_TRUSTED_S = 1.0
# Any number that nobody else uses: two nodes that start at once migrate one after the other.
_MIGRATION_LOCK = 7_072_697_276
_MIGRATIONS = Path(__file__).with_name("migrations")


class Database:
    """Opens transactions; ``close()`` may be called twice.

    SQLite: one connection writes, each of its transactions begun with ``BEGIN IMMEDIATE``,
    so that writers queue fairly in this process and wait ``busy_timeout`` for others;
    a few connections read their snapshot (WAL) and cannot write.
    ``bell`` rings after each commit for the tables it wrote.
    """

    def __init__(self, url: str) -> None:
        self.bell = Bell()
        self._url = make_url(url)
        self._sqlite = self._url.get_backend_name() == "sqlite"
        if self._sqlite:
            self._writer = _sqlite_engine(self._url, begin="BEGIN IMMEDIATE", size=1)
            self._reader = _sqlite_engine(self._url, begin="BEGIN", size=_SQLITE_READERS)
        else:
            self._writer = create_async_engine(
                self._url,
                pool_size=10,
                pool_timeout=_POOL_WAIT_S,
                # The one that was used last has the statements of now prepared.
                pool_use_lifo=True,
                # An error's text goes into the log; names and secrets' digests do not.
                hide_parameters=True,
                connect_args={
                    "timeout": _CONNECT_TIMEOUT_S,
                    "command_timeout": _COMMAND_TIMEOUT_S,
                    "prepared_statement_cache_size": _PREPARED,
                },
            )
            _ping_after_pause(self._writer.sync_engine)
            self._reader = self._writer.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        event.listen(self._writer.sync_engine, "after_cursor_execute", _note_written)
        self._write = async_sessionmaker(self._writer, expire_on_commit=False)
        self._read = async_sessionmaker(self._reader, expire_on_commit=False)

    def begin(self) -> AbstractAsyncContextManager[AsyncSession]:
        """One transaction: committed at the end, rolled back on any error.

        Keep it short, and never open one inside another: on SQLite the inner would wait
        for the outer for ever.

        Raises:
            CaseError: ``version_conflict`` (412), somebody else changed the same row.
            OperationalError: the database is away or does not answer.
        """
        return self._begin()

    @property
    def file(self) -> Path | None:
        """The file of SQLite; None where a server keeps the data."""
        return Path(self._url.database) if self._sqlite and self._url.database else None

    @asynccontextmanager
    async def apart(self) -> AsyncIterator[Any]:
        """The driver's own connection, outside of the pool, for what lasts long.

        Raises:
            OSError: the database is away.
        """
        async with self._writer.connect() as connection:
            drivers_own = (await connection.get_raw_connection()).driver_connection
            await connection.run_sync(lambda one: one.detach())
            yield drivers_own

    def read(self) -> AbstractAsyncContextManager[AsyncSession]:
        """One snapshot to read from; takes no write lock and refuses to write."""
        return self._snapshot()

    async def migrate(self, keys: KeyRing | None = None) -> None:
        """Bring the tables to the newest revision; does nothing when they are.

        ``keys`` encrypt what stood in the clear before; a database without rows needs none.

        Raises:
            SetupError: the database cannot be opened or reached, or its rows need ``keys``.
        """
        try:
            await asyncio.to_thread(upgrade, self._url, keys)
        except (OperationalError, OSError) as error:
            where = self._url.render_as_string(hide_password=True)
            reason = str(getattr(error, "orig", error)).strip().partition("\n")[0]
            raise SetupError(f"The database {where} cannot be opened: {reason}") from error

    async def close(self) -> None:
        """Close every connection."""
        await self._writer.dispose()
        await self._reader.dispose()

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[AsyncSession]:
        try:
            async with self._write.begin() as session:
                connection = await _connect(session)
                # A set of this transaction's own: the connection is another's before it rings.
                written = connection.info[_WRITTEN] = set[str]()
                yield session
            self.bell.wrote(written)
        except TimeoutError as error:
            raise _away(error) from error
        except StaleDataError as error:
            raise CaseError(
                "version_conflict", "Somebody else has just changed this.", status=412
            ) from error

    @asynccontextmanager
    async def _snapshot(self) -> AsyncIterator[AsyncSession]:
        try:
            async with self._read() as session:
                await _connect(session)
                yield session
        except TimeoutError as error:
            raise _away(error) from error


async def _connect(session: AsyncSession) -> AsyncConnection:
    # The driver's own errors would look like a fault of ours.
    try:
        return await session.connection()
    except OSError as error:
        raise _away(error) from error


def _note_written(
    connection: Connection, cursor: Any, _text: str, _values: Any, context: Any, _many: bool
) -> None:
    if (context.isinsert or context.isupdate or context.isdelete) and cursor.rowcount != 0:
        table = getattr(getattr(context.compiled, "statement", None), "table", None)
        if table is not None and _WRITTEN in connection.info:
            connection.info[_WRITTEN].add(table.name)


def _away(error: Exception) -> OperationalError:
    return OperationalError("the database does not answer", None, error)


async def hold(tx: AsyncSession, name: str) -> None:
    """Hold a named lock until the transaction ends.

    On SQLite there is nothing to do: whoever writes is the only writer.
    """
    if tx.get_bind().dialect.name == "postgresql":
        await tx.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name}
        )


def upgrade(url: URL, keys: KeyRing | None = None) -> None:
    """Run every missing migration with a synchronous driver; blocks."""
    if url.get_backend_name() == "sqlite":
        if url.database:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
            _change_to_wal(url.database)
        engine = create_engine(url.set(drivername="sqlite+pysqlite"), hide_parameters=True)
        _prepare_sqlite(engine, "BEGIN IMMEDIATE", read_only=False)
    else:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            hide_parameters=True,
            connect_args={"connect_timeout": _CONNECT_TIMEOUT_S},
        )
    try:
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _MIGRATION_LOCK})
            config = Config()
            config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
            config.attributes["connection"] = connection
            config.attributes["keys"] = keys
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def _change_to_wal(path: str) -> None:
    """Change a new database over; what else is wrong with it, the next connection says.

    SQLite refuses this at once while another process does the same, whatever the timeout.
    """
    give_up_s = monotonic() + _BUSY_TIMEOUT_MS / 1000
    with closing(sqlite3.connect(path)) as connection:
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or monotonic() > give_up_s:
                    return
                sleep(_WAL_PAUSE_S)
            except sqlite3.DatabaseError:
                return
            else:
                return


def _ping_after_pause(engine: Engine) -> None:
    """Ask whether a connection still stands, unless it was in use a moment ago.

    Asking each time costs three round trips, more than most transactions themselves.
    """

    @event.listens_for(engine, "checkin")
    def on_checkin(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info["used_s"] = monotonic()

    @event.listens_for(engine, "checkout")
    def on_checkout(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
        used_s = record.info.get("used_s")
        if used_s is None or monotonic() - used_s < _TRUSTED_S:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            # Those that stood beside it are as old.
            raise InvalidatePoolError from error


def _sqlite_engine(url: URL, *, begin: str, size: int) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=size,
        max_overflow=0,
        pool_timeout=_POOL_WAIT_S,
        hide_parameters=True,
        connect_args={"async_creator_fn": connect},
    )
    _prepare_sqlite(engine.sync_engine, begin, read_only=begin == "BEGIN")
    return engine


def _prepare_sqlite(engine: Engine, begin: str, *, read_only: bool) -> None:
    """Let us, not the driver, say when a transaction begins, and how."""

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout = {_BUSY_TIMEOUT_MS}",
            "journal_mode = WAL",
            # The uploader deletes its copy once a fact is committed, so a commit must
            # survive a power cut: NORMAL would not do.
            "synchronous = FULL",
            "foreign_keys = ON",
            # What is deleted or moved into a sealed column leaves nothing in the file's free pages.
            "secure_delete = ON",
            f"query_only = {'ON' if read_only else 'OFF'}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)
