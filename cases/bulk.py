"""Many rows at once: COPY on PostgreSQL, one prepared INSERT on SQLite; for seeding only."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from types import NoneType
from typing import Any, Final, Protocol

import psycopg
from sqlalchemy.engine import URL

from cases.search_terms import signed_pack
from cases.tables import Base

Row = Sequence[object]


class Bulk(Protocol):
    """Takes rows in the order of a table's named columns; nothing is there before ``commit``."""

    def put(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        """Write rows; a value may be text, a number, bytes, a time, JSON or a set of terms."""

    def commit(self) -> None:
        """Keep what was put."""

    def finish(self) -> None:
        """Put indices back that were in the way, gather statistics, and close."""


def open_bulk(url: URL) -> Bulk:
    """A writer for the database, whose tables are there."""
    if url.get_backend_name() == "sqlite":
        return _SqliteBulk(url.database or "")
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return _PostgresBulk(plain)


class _PostgresBulk:
    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url)
        self._connection.execute("SET synchronous_commit = off")
        self._connection.execute("SET TIME ZONE 'UTC'")
        # Adding a hundred terms a case to this index one by one would take hours.
        self._connection.execute("DROP INDEX IF EXISTS ix_case_words_terms")

    def put(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        names = ", ".join(f'"{one}"' for one in columns)
        spell = _COPIED.get
        text = "".join(
            ["\t".join([spell(type(one), _plain)(one) for one in row]) + "\n" for row in rows]
        )
        statement = f'COPY "{table}" ({names}) FROM STDIN'
        with self._connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            copy.write(text)

    def commit(self) -> None:
        self._connection.commit()

    def finish(self) -> None:
        self._connection.execute("SET maintenance_work_mem = '1GB'")
        self._connection.execute("CREATE INDEX ix_case_words_terms ON case_words USING gin (terms)")
        self._connection.commit()
        self._connection.autocommit = True
        self._connection.execute("VACUUM (ANALYZE)")
        self._connection.close()


class _SqliteBulk:
    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path)
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.execute("PRAGMA cache_size = -200000")

    def put(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        names = ", ".join(f'"{one}"' for one in columns)
        holders = ", ".join("?" * len(columns))
        self._connection.executemany(
            f'INSERT INTO "{table}" ({names}) VALUES ({holders})',  # noqa: S608 - names are ours
            ([_bound(one) for one in row] for row in rows),
        )

    def commit(self) -> None:
        self._connection.commit()

    def finish(self) -> None:
        self._connection.execute("ANALYZE")
        self._connection.commit()
        self._connection.close()


def columns_of(table: str) -> list[str]:
    """The names of a table's columns, as its model has them."""
    return [column.name for column in Base.metadata.tables[table].columns]


def _plain(value: str) -> str:
    if value.isprintable() and "\\" not in value:
        return value
    value = value.replace("\\", "\\\\").replace("\n", "\\n")
    return value.replace("\t", "\\t").replace("\r", "\\r")


_COPIED: Final[Mapping[type, Callable[[Any], str]]] = {
    NoneType: lambda _: "\\N",
    str: _plain,
    int: str,
    float: str,
    bool: lambda value: "t" if value else "f",
    bytes: lambda value: "\\\\x" + value.hex(),
    datetime: datetime.isoformat,
    frozenset: lambda value: "{" + ",".join(map(str, value)) + "}",
    dict: lambda value: _plain(json.dumps(value, ensure_ascii=False)),
    list: lambda value: _plain(json.dumps(value, ensure_ascii=False)),
}
"""How PostgreSQL's text format of COPY spells values; states are text."""


def _bound(value: object) -> Any:
    """A value as SQLAlchemy's types keep it in SQLite."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    if isinstance(value, frozenset):
        return signed_pack(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return value
