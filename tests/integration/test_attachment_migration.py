"""What migrations make of rows from before: attachments find their case, erasures their rule."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url

from infra.local.postgres import Postgres

_MIGRATIONS = Path("cases/migrations").resolve()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    """An empty database of each kind, as the migrations see it."""
    if request.param == "sqlite":
        made = create_engine(f"sqlite+pysqlite:///{tmp_path / 'old.db'}")

        @event.listens_for(made, "connect")
        def on_connect(connection: object, _record: object) -> None:
            connection.isolation_level = None  # type: ignore[attr-defined]
            connection.execute("PRAGMA foreign_keys = ON")  # type: ignore[attr-defined]

        @event.listens_for(made, "begin")
        def on_begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

        return made
    server: Postgres = request.getfixturevalue("postgres")
    url: URL = make_url(server.fresh_database())
    return create_engine(url.set(drivername="postgresql+psycopg"))


def move(connection: Connection, revision: str, *, up: bool = True) -> None:
    """Bring the tables to a revision."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    (command.upgrade if up else command.downgrade)(config, revision)


def put(connection: Connection, table: str, **given: object) -> None:
    """One row with these columns; what else must be there is empty."""
    columns = connection.execute(text(f"SELECT * FROM {table} WHERE 1 = 0")).keys()
    needed = {name: given[name] for name in columns if name in given}
    names = ", ".join(f'"{name}"' for name in needed)
    values = ", ".join(f":{name}" for name in needed)
    connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), needed)


def test_filed_attachments_get_their_case_and_drafts_none(engine: Engine) -> None:
    """With every part in place; and back again without what came by mail."""
    at = "2026-01-01 00:00:00+00:00"
    with engine.begin() as connection:
        move(connection, "0019")
        put(
            connection, "tenants", id="t", slug="s", name="n", default_locale="en", created_at=at
        )  # fmt: skip
        put(
            connection, "cases", id="c", tenant_id="t", order_number="1", buyer_name="Ana",
            buyer_locale="en", state="filed", direction="buyer_shows", claim_reason="damaged",
            claim_words="", claim_locale="en", currency="EUR", version=1, created_at=at,
            updated_at=at,
        )  # fmt: skip
        for filing_id, case_id in (("fil_filed", "c"), ("fil_draft", None)):
            put(
                connection, "filings", id=filing_id, tenant_id="t", secret_hash=b"x",
                order_number="1", case_id=case_id, created_at=at, expires_at=at,
            )  # fmt: skip
            put(
                connection, "attachments", id=f"att_{filing_id}", filing_id=filing_id, name="a",
                size=2, received=2, state="kept", created_at=at,
            )  # fmt: skip
            for position in (0, 1):
                put(
                    connection, "attachment_parts", attachment_id=f"att_{filing_id}",
                    position=position, size=1, object_key=f"k{position}",
                )  # fmt: skip
    with engine.begin() as connection:
        move(connection, "0020")
        found = connection.execute(text("SELECT id, case_id FROM attachments ORDER BY id")).all()
        assert [tuple(row) for row in found] == [("att_fil_draft", None), ("att_fil_filed", "c")]
        assert _parts(connection) == 4
        put(
            connection, "attachments", id="att_mailed", case_id="c", name="a", size=1, received=1,
            state="kept", created_at=at,
        )  # fmt: skip
        put(
            connection, "attachment_parts", attachment_id="att_mailed", position=0, size=1,
            object_key="k",
        )  # fmt: skip
    with engine.begin() as connection:
        move(connection, "0019", up=False)
        assert _parts(connection) == 4
        kept = connection.execute(text("SELECT id FROM attachments ORDER BY id")).scalars().all()
        assert kept == ["att_fil_draft", "att_fil_filed"]
    engine.dispose()


def _parts(connection: Connection) -> int:
    return int(connection.execute(text("SELECT count(*) FROM attachment_parts")).scalar_one())


def test_an_erasure_by_rule_from_before_has_the_days_of_its_rule(engine: Engine) -> None:
    """Read from its English words; one that somebody asked for has none, whatever they wrote."""
    at = "2026-01-01 00:00:00+00:00"
    with engine.begin() as connection:
        move(connection, "0036")
        put(
            connection, "tenants", id="t", slug="s", name="n", default_locale="en", created_at=at
        )  # fmt: skip
        for case_id, cause, reason in (
            ("c1", "retention", "Kept for 365 days after it was closed."),
            ("c2", "request", "Asked 3 times"),
        ):
            put(
                connection, "cases", id=case_id, tenant_id="t", order_number=case_id,
                buyer_name="", buyer_locale="en", state="closed", direction="buyer_shows",
                claim_reason="damaged", claim_words="", claim_locale="en", currency="EUR",
                version=1, created_at=at, updated_at=at,
            )  # fmt: skip
            put(
                connection, "erasures", case_id=case_id, tenant_id="t", state="done",
                cause=cause, reason=reason, ordered_at=at, ordered_by="system", counts="{}",
                manifests="[]", left="[]", tries=0,
            )  # fmt: skip
        for _ in range(2):
            move(connection, "0038")
            rows = connection.execute(text("SELECT case_id, kept_days FROM erasures")).all()
            assert sorted(tuple(row) for row in rows) == [("c1", 365), ("c2", None)]
            move(connection, "0036", up=False)
