"""Words about people of an inspection are encrypted: names, notes, browsers, reasons of copies."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from cases.migrations.sealing import batches, case_keys, session_keys
from cases.sealing import seal

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

_KeysOf = Callable[[Sequence[str]], dict[str, bytes]]

_EMPTY: Final[Mapping[str, Any]] = {"name": "", "note": "", "user_agent": "", "wanted": {}}
"""What stands in a column until it goes; NULL in the others."""
_LINKS = sa.table("join_links", sa.column("id"), sa.column("case_id"))


def upgrade() -> None:
    """Encrypt them; of what was erased nothing is kept."""
    _seal("participants", "name", "sealed_name", "participant", "session_id", session_keys)
    _seal("handovers", "note", "sealed_note", "handover", "session_id", session_keys)
    _seal("devices", "user_agent", "sealed_user_agent", "device", "join_link_id", _keys_of_links)
    _seal("item_lines", "check_note", "sealed_check_note", "item_line", "case_id", case_keys)
    _seal("derived_copies", "wanted", "sealed_order", "derived_copy", "session_id", session_keys)
    _seal(
        "derived_copies",
        "statement",
        "sealed_statement",
        "derived_copy.statement",
        "session_id",
        session_keys,
    )


def downgrade() -> None:
    """Put the columns back, empty: what was sealed is not decrypted again.

    Copies of inspections go, since their orders cannot be read: what the store has of them
    stays there, sealed.
    """
    op.execute("DELETE FROM derived_copies")
    for table, clear, kind, sealed, empty in (
        ("participants", "name", sa.String(), "sealed_name", ""),
        ("handovers", "note", sa.Text(), "sealed_note", ""),
        ("devices", "user_agent", sa.String(), "sealed_user_agent", ""),
        ("derived_copies", "wanted", sa.JSON(), "sealed_order", "{}"),
    ):
        op.add_column(table, sa.Column(clear, kind, nullable=False, server_default=empty))
        op.drop_column(table, sealed)
    op.add_column("item_lines", sa.Column("check_note", sa.Text(), nullable=True))
    op.drop_column("item_lines", "sealed_check_note")
    op.add_column("derived_copies", sa.Column("statement", sa.String(), nullable=True))
    op.drop_column("derived_copies", "sealed_statement")


def _seal(table: str, clear: str, sealed: str, bound_to: str, of: str, keys_of: _KeysOf) -> None:
    """Encrypt one column into another, under the keys by what ``of`` names, and drop it."""
    op.add_column(table, sa.Column(sealed, sa.LargeBinary(), nullable=True))
    kind = sa.JSON() if clear == "wanted" else sa.Text()
    rows_of = sa.table(
        table,
        *(sa.column(name) for name in ("id", of)),
        sa.column(clear, kind),
        sa.column(sealed, sa.LargeBinary()),
    )
    # Emptied, too: a dropped column's bytes stay in the file until its row is rewritten.
    change = (
        rows_of.update()
        .where(rows_of.c.id == sa.bindparam("of_id"))
        # Emptied, too: a dropped column's bytes stay in the file until its row is rewritten.
        .values({sealed: sa.bindparam("words"), clear: _EMPTY.get(clear)})
    )
    for batch in batches(rows_of, of, clear):
        found = [(row.id, getattr(row, of), getattr(row, clear)) for row in batch]
        keys = keys_of([of_id for _, of_id, words in found if words])
        done = [
            {"of_id": id_, "words": _sealed(keys.get(of_id), f"{bound_to}:{id_}", words)}
            for id_, of_id, words in found
            if words
        ]
        if done:
            op.get_bind().execute(change, done)
    op.drop_column(table, clear)


def _sealed(key: bytes | None, bound_to: str, words: Any) -> bytes | None:
    if key is None:
        return None
    text = words if isinstance(words, str) else json.dumps(words)
    return seal(key, bound_to, text.encode())


def _keys_of_links(link_ids: Sequence[str]) -> dict[str, bytes]:
    """The keys of the cases that these links lead to, by link."""
    of_links = sa.select(_LINKS).where(_LINKS.c.id.in_(sorted(set(link_ids))))
    case_of = {link.id: link.case_id for link in op.get_bind().execute(of_links)}
    keys = case_keys(list(case_of.values()))
    return {link_id: keys[case_id] for link_id, case_id in case_of.items() if case_id in keys}
