"""Databases as earlier revisions of the tables left them, and the way up from there."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url

from cases.keys import KeyRing
from infra.local.postgres import Postgres

_MIGRATIONS = Path("cases/migrations").resolve()


def empty_sqlite(path: Path) -> Engine:
    """A new SQLite database, as the migrations see it."""
    made = create_engine(f"sqlite+pysqlite:///{path}")

    @event.listens_for(made, "connect")
    def on_connect(connection: object, _record: object) -> None:
        connection.isolation_level = None  # type: ignore[attr-defined]
        connection.execute("PRAGMA foreign_keys = ON")  # type: ignore[attr-defined]

    @event.listens_for(made, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return made


def empty_postgresql(server: Postgres) -> Engine:
    """The same on PostgreSQL."""
    return create_engine(make_url(server.fresh_database()).set(drivername="postgresql+psycopg"))


def move(
    connection: Connection, revision: str, *, up: bool = True, keys: KeyRing | None = None
) -> None:
    """Bring the tables to a revision."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    config.attributes["keys"] = keys
    (command.upgrade if up else command.downgrade)(config, revision)


def put(connection: Connection, table: str, **given: object) -> None:
    """One row with these columns; what else must be there is empty."""
    columns = connection.execute(text(f"SELECT * FROM {table} WHERE 1 = 0")).keys()
    needed = {name: given[name] for name in columns if name in given}
    names = ", ".join(f'"{name}"' for name in needed)
    values = ", ".join(f":{name}" for name in needed)
    connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), needed)
