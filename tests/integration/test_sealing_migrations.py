"""What stood in the clear is encrypted by the migrations, on both databases."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from cases.address_hash import address_hash
from cases.case_text import CaseText, text_of
from cases.database import Database
from cases.erasure_keys import ErasureKeys
from cases.keys import KeyDestroyed, KeyRing, make_case_key
from cases.notice_kinds import ChannelKind
from cases.tables import Case
from runtime.errors import SetupError
from tests.support.migrating import engine_of, move, put
from tests.support.notice_world import database_url

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def keys(tmp_path: Path) -> KeyRing:
    """The keys of an installation."""
    return KeyRing(b"k" * 32, ErasureKeys(tmp_path / "erasure"))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty database is."""
    return database_url(request) or f"sqlite+aiosqlite:///{tmp_path / 'older.db'}"


def put_cases(connection: Connection, keys: KeyRing) -> None:
    """A tenant with a case, one whose key was destroyed, and one that was erased."""
    wrapped = keys.new_tenant_key("t")
    put(
        connection, "tenants", id="t", slug="s", name="n", default_locale="en", created_at=AT,
        wrapped_key=wrapped,
    )  # fmt: skip
    tenant_key = keys.open_tenant_key("t", wrapped)
    case_keys = {
        "c": make_case_key(tenant_key, "t", keys.erasure_keys.make()).wrapped,
        "destroyed": make_case_key(tenant_key, "t", (gone := keys.erasure_keys.make())).wrapped,
        "erased": None,
    }
    keys.erasure_keys.destroy(gone.id)
    for case_id, case_key in case_keys.items():
        put(
            connection, "cases", id=case_id, tenant_id="t", order_number="1",
            buyer_name="Zoraida Quux", buyer_email="Zoraida@Example.com", buyer_locale="en",
            state="filed", direction="buyer_shows", claim_reason="damaged",
            claim_words="Es knackt 裂痕", claim_locale="en", currency="EUR", version=1,
            created_at=AT, updated_at=AT, wrapped_key=case_key, verdict_note="Given back",
        )  # fmt: skip


async def test_the_words_of_cases_are_sealed_and_open(url: str, keys: KeyRing) -> None:
    """Name, address, claim and note; nothing of a case whose key is gone."""
    engine = engine_of(url)
    with engine.begin() as connection:
        move(connection, "0038")
        put_cases(connection, keys)
    with pytest.raises(SetupError, match="migrate"), engine.begin() as connection:
        move(connection, "0039")
    with engine.begin() as connection:
        move(connection, "0039", keys=keys)
        columns = connection.execute(text("SELECT * FROM cases WHERE 1 = 0")).keys()
        assert not {"buyer_name", "buyer_email", "claim_words", "verdict_note"} & set(columns)
    engine.dispose()
    database = Database(url)
    await database.migrate(keys)
    try:
        async with database.read() as tx:
            case = await tx.get_one(Case, "c")
            assert await text_of(tx, keys, case) == CaseText(
                buyer_name="Zoraida Quux",
                buyer_email="zoraida@example.com",
                claim_words="Es knackt 裂痕",
                verdict_note="Given back",
            )
            assert case.buyer_hash == address_hash(
                keys, "t", "zoraida@example.com", ChannelKind.EMAIL
            )
            for gone in ("destroyed", "erased"):
                row = await tx.get_one(Case, gone)
                assert (row.sealed_text, row.buyer_hash) == (None, None)
                with pytest.raises(KeyDestroyed):
                    await text_of(tx, keys, row)
    finally:
        await database.close()
    if database.file is not None:
        folder = database.file.parent
        files = await asyncio.to_thread(lambda: [one.read_bytes() for one in folder.glob("*.db*")])
        assert b"Zoraida" not in b"".join(files)


def test_back_and_forth(url: str, keys: KeyRing) -> None:
    """A step back leaves the columns, empty, and a step forward takes them away again."""
    engine = engine_of(url)
    with engine.begin() as connection:
        move(connection, "0038")
        put_cases(connection, keys)
        move(connection, "0039", keys=keys)
        move(connection, "0038", up=False)
        found = connection.execute(text("SELECT buyer_name, claim_words FROM cases")).all()
        assert [tuple(row) for row in found] == [("", "")] * 3
        move(connection, "0039", keys=keys)
    engine.dispose()
