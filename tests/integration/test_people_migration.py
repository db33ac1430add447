"""What rows of inspections said of people is encrypted by the migration, on both databases."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from cases.erasure_keys import ErasureKeys
from cases.handing_over import note_of
from cases.key_wrapping import make_case_key, make_session_key
from cases.keys import KeyRing
from cases.links import user_agent_of
from cases.moving import check_note_of
from cases.participant_names import opened_name
from cases.tables import DerivedCopy, Device, Handover, ItemLine, Participant
from recorder.derived.kept_order import opened_order, opened_statement
from recorder.derived.order import CopyOrder
from recorder.part_order import PartOrder
from recorder.proof.part_scope import Scope
from runtime.errors import SetupError
from tests.support.migrating import engine_of, move, put
from tests.support.notice_world import database_url

AT = datetime(2026, 1, 1, tzinfo=UTC)
ORDER = CopyOrder(PartOrder("s_c", Scope(["p_c"], 0, 9)), reason="Zoraida's mirror")
MANY = 501
PERSON = text(
    "INSERT INTO participants (id, session_id, role, name, locale, presence, seen_at, camera,"
    " microphone, connection, joined_at)"
    " VALUES (:id, :of, 'buyer', :name, 'en', 'left', :at, true, true, 'good', :at)"
)
CLEAR = ("name", "note", "user_agent", "check_note", "wanted", "statement")


@pytest.fixture
def keys(tmp_path: Path) -> KeyRing:
    """The keys of an installation."""
    return KeyRing(b"k" * 32, ErasureKeys(tmp_path / "erasure"))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty database is."""
    return database_url(request) or f"sqlite+aiosqlite:///{tmp_path / 'older.db'}"


def put_calls(connection: Connection, keys: KeyRing) -> dict[str, bytes]:
    """A call of a case ``c``, and of one ``gone`` whose keys were destroyed; ``c``'s two keys."""
    wrapped = keys.new_tenant_key("t")
    put(
        connection, "tenants", id="t", slug="s", name="n", default_locale="en", created_at=AT,
        wrapped_key=wrapped,
    )  # fmt: skip
    put(
        connection, "staff", id="stf", tenant_id="t", email="a@example.com", name="Ada",
        password_hash="", roles="[]", locale="en", created_at=AT,
    )  # fmt: skip
    tenant_key = keys.open_tenant_key("t", wrapped)
    opened = {}
    for of in ("c", "gone"):
        erasure = keys.erasure_keys.make()
        case_key = make_case_key(tenant_key, "t", erasure)
        session_key = make_session_key(tenant_key, f"key_{of}", erasure)
        opened |= {f"case {of}": case_key.plain, f"session {of}": session_key.plain}
        if of == "gone":
            keys.erasure_keys.destroy(erasure.id)
        put(
            connection, "cases", id=of, tenant_id="t", order_number="1", buyer_name="",
            buyer_locale="en", state="closed", direction="buyer_shows", claim_reason="damaged",
            claim_words="", claim_locale="en", currency="EUR", version=1, created_at=AT,
            updated_at=AT, wrapped_key=case_key.wrapped,
        )  # fmt: skip
        put(
            connection, "sessions", id=f"s_{of}", case_id=of, tenant_id="t", state="ended",
            direction="buyer_shows", wrapped_key=session_key.wrapped, key_id=f"key_{of}",
            object_prefix="x", version=1, created_at=AT,
        )  # fmt: skip
        people = range(MANY if of == "c" else 1)
        connection.execute(
            PERSON,
            [
                {"id": f"p_{of}{one or ''}", "of": f"s_{of}", "name": f"Zoraida {one}", "at": AT}
                for one in people
            ],
        )
        put(
            connection, "handovers", id=f"h_{of}", session_id=f"s_{of}", from_staff_id="stf",
            note="She stammers 口吃", state="done", created_at=AT, ended_at=AT,
        )  # fmt: skip
        put(
            connection, "join_links", id=f"l_{of}", case_id=of, token_hash=of.encode(),
            created_at=AT, expires_at=AT,
        )  # fmt: skip
        put(
            connection, "devices", id=f"d_{of}", join_link_id=f"l_{of}", secret_hash=of.encode(),
            state="bound", user_agent="Firefox", created_at=AT,
        )  # fmt: skip
        for position, note in enumerate(("She cut it", None)):
            put(
                connection, "item_lines", id=f"i_{of}{position}", case_id=of, position=position,
                sku="L", quantity=1, price_minor=1, listing="{}", listing_sha256="",
                check_note=note,
            )  # fmt: skip
        put(
            connection, "derived_copies", id=f"v_{of}", case_id=of, session_id=f"s_{of}",
            ordered_by="staff:stf", kind="redacted", wanted=json.dumps(ORDER.as_json()),
            state="ready", done_ms=0, statement="a.b.c", created_at=AT,
        )  # fmt: skip
    return opened


def test_words_about_people_are_sealed_and_open(url: str, keys: KeyRing) -> None:
    """By the doors that the code reads them through; nothing of what was destroyed is kept."""
    engine = engine_of(url)
    with engine.begin() as connection:
        move(connection, "0038")
        opened = put_calls(connection, keys)
    with pytest.raises(SetupError, match="migrate"), engine.begin() as connection:
        move(connection, "0041")
    with engine.begin() as connection:
        move(connection, "0041", keys=keys)

        def sealed(table: str, id_: str, *columns: str) -> dict[str, bytes | None]:
            row = connection.execute(
                text(f"SELECT {', '.join(columns)} FROM {table} WHERE id = :id"), {"id": id_}
            ).one()
            return {
                name: bytes(one) if one is not None else None
                for name, one in zip(columns, row, strict=True)
            }

        case_key, session_key = opened["case c"], opened["session c"]
        for number in (0, 1, MANY - 1):
            id_ = f"p_c{number or ''}"
            person = Participant(id=id_, **sealed("participants", id_, "sealed_name"))
            assert opened_name(session_key, person) == f"Zoraida {number}"
        handover = Handover(id="h_c", **sealed("handovers", "h_c", "sealed_note"))
        assert note_of(session_key, handover) == "She stammers 口吃"
        device = Device(id="d_c", **sealed("devices", "d_c", "sealed_user_agent"))
        assert user_agent_of(case_key, device) == "Firefox"
        line = ItemLine(id="i_c0", **sealed("item_lines", "i_c0", "sealed_check_note"))
        assert check_note_of(case_key, line) == "She cut it"
        assert sealed("item_lines", "i_c1", "sealed_check_note") == {"sealed_check_note": None}
        copy = DerivedCopy(
            id="v_c", **sealed("derived_copies", "v_c", "sealed_order", "sealed_statement")
        )
        assert opened_order(session_key, copy).as_json() == ORDER.as_json()
        assert opened_statement(session_key, copy) == "a.b.c"
        for table, id_, column in (
            ("participants", "p_gone", "sealed_name"),
            ("handovers", "h_gone", "sealed_note"),
            ("devices", "d_gone", "sealed_user_agent"),
            ("item_lines", "i_gone0", "sealed_check_note"),
            ("derived_copies", "v_gone", "sealed_order"),
        ):
            assert sealed(table, id_, column) == {column: None}
            columns = connection.execute(text(f"SELECT * FROM {table} WHERE 1 = 0")).keys()
            assert not set(CLEAR) & set(columns)
    engine.dispose()


def test_back_and_forth(url: str, keys: KeyRing) -> None:
    """A step back leaves the columns, empty, and no copies; a step forward takes them away."""
    engine = engine_of(url)
    with engine.begin() as connection:
        move(connection, "0038")
        put_calls(connection, keys)
        move(connection, "0041", keys=keys)
        move(connection, "0038", up=False)
        for asked, expected in (
            ("SELECT DISTINCT name FROM participants", [""]),
            ("SELECT DISTINCT note FROM handovers", [""]),
            ("SELECT DISTINCT user_agent FROM devices", [""]),
            ("SELECT DISTINCT check_note FROM item_lines", [None]),
            ("SELECT id FROM derived_copies", []),
        ):
            assert list(connection.execute(text(asked)).scalars()) == expected
        move(connection, "0041", keys=keys)
    engine.dispose()
