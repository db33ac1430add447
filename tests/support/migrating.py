"""Databases of earlier revisions, with rows in them."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url

from cases.keys import KeyRing

_MIGRATIONS = Path("cases/migrations").resolve()


def engine_of(url: str) -> Engine:
    """The database as the migrations see it."""
    given = make_url(url)
    if given.get_backend_name() == "postgresql":
        return create_engine(given.set(drivername="postgresql+psycopg"))
    made = create_engine(given.set(drivername="sqlite+pysqlite"))

    @event.listens_for(made, "connect")
    def on_connect(connection: object, _record: object) -> None:
        connection.isolation_level = None  # type: ignore[attr-defined]
        for pragma in ("foreign_keys", "secure_delete"):
            connection.execute(f"PRAGMA {pragma} = ON")  # type: ignore[attr-defined]

    @event.listens_for(made, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return made


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
