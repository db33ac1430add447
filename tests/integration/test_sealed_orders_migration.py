"""Orders, filings, files, held messages and answers from before stand under keys, and open."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select, text

from cases import attachments, filing, idempotency, orders
from cases.database import Database
from cases.erasure_keys import ErasureKeys
from cases.filing_commands import TellOrder
from cases.keys import KeyRing, make_case_key
from cases.sealing import open_words, seal
from cases.tables import Attachment, Filing, HeldAct, Order
from cases.thread import SayAsStaff
from cases.unit import Unit
from infra.local.postgres import Postgres
from tests.integration.test_filing import order
from tests.support.migrating import engine_of, move, put
from tests.support.seller_site import NoOutbox

NOW = datetime.now(UTC)
PLANTED = ("Ana Ruiz", "ana@example.com", "lamp of Ana", "told-once", "Dear Ana", "Brass desk lamp")
SAID = SayAsStaff(client_id="m1", text="Dear Ana", locale="en")


def everything(connection: Connection) -> str:
    """All rows of all tables, as text."""
    dialect = connection.dialect.name
    names = connection.execute(
        text(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
            if dialect == "sqlite"
            else "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        )
    )
    rows = [row for (name,) in names for row in connection.execute(text(f'SELECT * FROM "{name}"'))]
    return "\n".join(str(tuple(row)) for row in rows)


def plant(connection: Connection, keys: KeyRing) -> dict[str, bytes]:
    """Rows of a case, of one that is erased, of drafts and of a seller who is gone."""
    at, later, told = str(NOW), str(NOW + timedelta(days=1)), json.dumps(order())
    wrapped = keys.new_tenant_key("t")
    tenant_key = keys.open_tenant_key("t", wrapped)
    erased, living, draft = (keys.erasure_keys.make() for _ in range(3))
    own = {one: make_case_key(tenant_key, "t", key) for one, key in
           (("erased", erased), ("living", living), ("draft", draft))}  # fmt: skip
    for id_, tenants in (("t", wrapped), ("gone", None)):
        put(
            connection, "tenants", id=id_, slug=id_, name="n", default_locale="en",
            wrapped_key=tenants, created_at=at,
        )  # fmt: skip
        put(
            connection, "orders", id=f"ord_{id_}", tenant_id=id_, order_number="LL-20871",
            content=told, updated_at=at,
        )  # fmt: skip
    for id_ in ("erased", "living"):
        put(
            connection, "cases", id=id_, tenant_id="t", order_number="LL-20871", buyer_name="",
            buyer_locale="en", state="closed", direction="buyer_shows", claim_reason="damaged",
            claim_words="", claim_locale="en", currency="EUR", version=1, created_at=at,
            updated_at=at, wrapped_key=own[id_].wrapped,
        )  # fmt: skip
    for id_, case_id, known in (("erased", "erased", told), ("living", "living", told),
                                ("draft", None, None), ("expired", None, None)):  # fmt: skip
        put(
            connection, "filings", id=id_, tenant_id="t", secret_hash=sha256(b"s").digest(),
            order_number="LL-20871", case_id=case_id, created_at=at, expires_at=later,
            buyer_email=None if id_ == "expired" else "ana@example.com", order=known,
            wrapped_key=own[id_].wrapped if id_ in own else None,
        )  # fmt: skip
    for id_, filing_id, case_id in (("a", "living", "living"), ("b", "draft", None),
                                    ("c", None, "living"), ("d", "erased", "erased"),
                                    ("e", "expired", None)):  # fmt: skip
        put(
            connection, "attachments", id=id_, filing_id=filing_id, case_id=case_id,
            name="lamp of Ana.jpg", size=1, received=1, state="kept", created_at=at,
        )  # fmt: skip
    put(
        connection, "attachment_parts", attachment_id="a", position=0, size=1, object_key="k"
    )  # fmt: skip
    put(
        connection, "staff", id="stf", tenant_id="t", email="b@example.com", name="Ben",
        roles="[]", locale="en", created_at=at, password_hash="",
    )  # fmt: skip
    put(
        connection, "api_keys", id="apk", tenant_id="t", name="k", secret_hash=b"h", scopes="[]",
        created_at=at,
    )  # fmt: skip
    for id_, case_id in (("hld_1", "living"), ("hld_2", "erased")):
        put(
            connection, "held_acts", id=id_, case_id=case_id, staff_id="stf", kind="message",
            sealed=keys.seal(f"held:{id_}", SAID.model_dump_json().encode()), state="held",
            due_at=later, next_at=later, created_at=at,
        )  # fmt: skip
    old = str(NOW - timedelta(days=2))
    for asker, key, made, body in (("key:apk", "told-once", at, b"answer"),
                                   ("staff:stf", "told-once", at, b"other"),
                                   ("key:apk", "old", old, b"too old"),
                                   ("key:nobody", "x", at, b"of nobody")):  # fmt: skip
        put(
            connection, "idempotent_answers", api_key_id=asker, key=key, request_sha256="f" * 64,
            status=201, body=seal(tenant_key, f"{asker}:{key}", body), created_at=made,
        )  # fmt: skip
    keys.erasure_keys.destroy(erased.id)
    return {name: one.plain for name, one in own.items()} | {"tenant": tenant_key}


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty database is."""
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        return server.fresh_database()
    return f"sqlite+aiosqlite:///{tmp_path / 'older.db'}"


async def test_rows_from_before_are_sealed_and_open(url: str, tmp_path: Path) -> None:
    """Not a word of them is left; what has no key any more is forgotten; going back is empty."""
    engine = engine_of(url)
    keys = KeyRing(os.urandom(32), ErasureKeys(tmp_path / "erasure"))
    with engine.begin() as connection:
        move(connection, "0038")
        known = plant(connection, keys)
        before = everything(connection)
    assert not [one for one in PLANTED if one not in before and one != "Dear Ana"]
    with engine.begin() as connection:
        move(connection, "head", keys=keys)
        after = everything(connection)
        assert not [one for one in PLANTED if one in after]
        assert connection.execute(text("SELECT count(*) FROM attachment_parts")).scalar() == 1
    database = Database(url)
    try:
        await _opens(database, keys, known)
    finally:
        await database.close()
    with engine.begin() as connection:
        move(connection, "0038", up=False)
        move(connection, "head", keys=keys)
        assert connection.execute(text("SELECT count(*) FROM filings")).scalar() == 4
        assert connection.execute(text("SELECT count(*) FROM orders")).scalar() == 0
    engine.dispose()


async def _opens(database: Database, keys: KeyRing, known: dict[str, bytes]) -> None:
    told = TellOrder.model_validate_json(json.dumps(order()))
    async with database.begin() as tx:
        unit = Unit(tx, keys, NoOutbox(), NOW)
        rows = {one.id: one for one in await tx.scalars(select(Filing))}
        words = {
            name: filing.words_of(rows[name], await filing.key_of(unit, rows[name]))
            for name in ("living", "draft")
        }
        assert words["living"] == filing.FilingWords(email="ana@example.com", order=told)
        assert words["draft"] == filing.FilingWords(email="ana@example.com", order=None)
        assert {name: one.order_known for name, one in rows.items()} == {
            "living": True, "erased": True, "draft": False, "expired": False,
        }  # fmt: skip
        assert (rows["erased"].sealed_words, rows["expired"].sealed_words) == (None, None)
        named = {one.id: one for one in await tx.scalars(select(Attachment))}
        for id_, key in (("a", "living"), ("b", "draft"), ("c", "living")):
            assert attachments.name_of(named[id_], known[key]) == "lamp of Ana.jpg"
        assert {one.sealed_name for one in (named["d"], named["e"])} == {None}
        assert [one.id for one in await tx.scalars(select(Order))] == ["ord_t"]
        assert await orders.told_of(tx, keys, "t", "LL-20871") == told
        held = {one.id: one for one in await tx.scalars(select(HeldAct))}
        sealed = held["hld_1"].sealed or b""
        assert open_words(SayAsStaff, known["living"], "held_acts:hld_1", sealed) == SAID
        assert held["hld_2"].sealed is None
        await _told_again(unit, known["tenant"])


async def _told_again(unit: Unit, tenant_key: bytes) -> None:
    for asker, body in (("key:apk", b"answer"), ("staff:stf", b"other")):
        asked = idempotency.Asked(asker, "t", "told-once", "f" * 64)
        told = await idempotency.recall(unit.tx, asked, tenant_key, NOW)
        assert told == idempotency.Answer(201, body)
    kept: Any = await unit.tx.scalar(text("SELECT count(*) FROM idempotent_answers"))
    assert kept == 2
