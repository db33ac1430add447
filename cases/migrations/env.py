"""How Alembic runs our migrations: on the connection that cases/database.py gives it."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from cases.tables import Base


def run(connection: Connection) -> None:
    """Run the migrations inside the transaction that is open on the connection."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        # SQLite changes a table by copying it.
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if not isinstance(given, Connection):
    raise RuntimeError("use `proofcall admin migrate`: migrations need a connection")
run(given)
