"""Orders, filings, names of files, held messages and repeated answers stand under keys."""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from alembic import op
from cryptography.exceptions import InvalidTag

from cases.key_wrapping import make_order_key
from cases.keys import WrappedCaseKey
from cases.migrations.sealing import batches, case_keys, ring, tenant_keys
from cases.sealing import seal, unseal

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

_AT_ONCE: Final = 8
_BATCH: Final = 500
_FILINGS: Final = sa.table(
    "filings",
    *(sa.column(name) for name in ("id", "tenant_id", "case_id", "wrapped_key", "buyer_email")),
    sa.column("order", sa.JSON(none_as_null=True)),
    sa.column("order_known"),
    sa.column("sealed_words"),
)
_ORDERS: Final = sa.table(
    "orders",
    *(sa.column(name) for name in ("id", "tenant_id", "wrapped_key", "sealed_words")),
    sa.column("content", sa.JSON()),
)
_ATTACHMENTS: Final = sa.table(
    "attachments",
    *(sa.column(name) for name in ("id", "filing_id", "case_id", "name", "sealed_name")),
)
_HELD: Final = sa.table("held_acts", *(sa.column(name) for name in ("id", "case_id", "sealed")))
_ANSWERS: Final = sa.table(
    "idempotent_answers",
    *(sa.column(name) for name in ("api_key_id", "key", "request_sha256", "body", "digest")),
    sa.column("created_at", sa.DateTime(timezone=True)),
)
_TENANTS: Final = sa.table("tenants", sa.column("id"), sa.column("wrapped_key"))


def upgrade() -> None:
    """Encrypt what is there; what has no key any more is forgotten."""
    _seal_names()
    _seal_filings()
    _seal_orders()
    _reseal_held()
    _rekey_answers()
    op.add_column("erasures", sa.Column("order_key", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    """Put the columns back, empty: nothing is decrypted. What is nothing without words goes."""
    op.drop_column("erasures", "order_key")
    op.execute("DELETE FROM idempotent_answers")
    op.alter_column("idempotent_answers", "key_digest", new_column_name="key")
    op.alter_column("idempotent_answers", "request_digest", new_column_name="request_sha256")
    op.execute("DELETE FROM held_acts WHERE sealed IS NOT NULL")
    op.execute("DELETE FROM orders")
    with op.batch_alter_table("orders") as table:
        table.drop_column("sealed_words")
        table.drop_column("wrapped_key")
        table.add_column(sa.Column("content", sa.JSON(), nullable=False))
    op.drop_column("filings", "sealed_words")
    op.drop_column("filings", "order_known")
    op.add_column("filings", sa.Column("order", sa.JSON(), nullable=True))
    op.add_column("filings", sa.Column("buyer_email", sa.String(), nullable=True))
    op.drop_column("attachments", "sealed_name")
    op.add_column("attachments", sa.Column("name", sa.String(), nullable=False, server_default=""))


def _seal_names() -> None:
    op.add_column("attachments", sa.Column("sealed_name", sa.LargeBinary(), nullable=True))
    for rows in batches(_ATTACHMENTS, "filing_id", "case_id", "name"):
        of_cases = case_keys([row.case_id for row in rows if row.case_id])
        of_filings = _filing_keys([row.filing_id for row in rows if row.case_id is None])
        for row in rows:
            key = of_cases.get(row.case_id) or of_filings.get(row.filing_id)
            sealed = key and seal(key, f"attachments:{row.id}", row.name.encode())
            _set(_ATTACHMENTS, row.id, sealed_name=sealed, name="")
    op.drop_column("attachments", "name")


def _seal_filings() -> None:
    op.add_column(
        "filings",
        sa.Column("order_known", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column("filings", sa.Column("sealed_words", sa.LargeBinary(), nullable=True))
    for rows in batches(_FILINGS, "buyer_email", "order"):
        keys = _filing_keys([row.id for row in rows])
        for row in rows:
            words = {"email": row.buyer_email, "order": row.order}
            key = keys.get(row.id)
            sealed = key and seal(key, f"filings:{row.id}", _json(words))
            known = row.order is not None
            _set(
                _FILINGS,
                row.id,
                order_known=known,
                sealed_words=sealed,
                buyer_email=None,
                order=None,
            )
    op.drop_column("filings", "order")
    op.drop_column("filings", "buyer_email")


def _seal_orders() -> None:
    op.add_column("orders", sa.Column("wrapped_key", sa.LargeBinary(), nullable=True))
    op.add_column("orders", sa.Column("sealed_words", sa.LargeBinary(), nullable=True))
    for rows in batches(_ORDERS, "tenant_id", "content"):
        tenants = tenant_keys([row.tenant_id for row in rows])
        living = [row for row in rows if row.tenant_id in tenants]
        keys = ring().erasure_keys
        # A file each, and synced: many wait for the disk together.
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            made = list(pool.map(lambda _, keys=keys: keys.make(), living))
        for row, erasure in zip(living, made, strict=True):
            fresh = make_order_key(tenants[row.tenant_id], row.id, erasure)
            sealed = seal(fresh.plain, f"orders:{row.id}", _json(row.content))
            _set(_ORDERS, row.id, wrapped_key=fresh.wrapped, sealed_words=sealed, content={})
    # Of a seller who is gone.
    op.execute("DELETE FROM orders WHERE sealed_words IS NULL")
    with op.batch_alter_table("orders") as table:
        table.alter_column("wrapped_key", existing_type=sa.LargeBinary(), nullable=False)
        table.alter_column("sealed_words", existing_type=sa.LargeBinary(), nullable=False)
        table.drop_column("content")


def _reseal_held() -> None:
    for rows in batches(_HELD, "case_id", "sealed"):
        held = [row for row in rows if row.sealed is not None]
        keys = case_keys([row.case_id for row in held])
        for row in held:
            key, words = keys.get(row.case_id), ring().unseal(f"held:{row.id}", row.sealed)
            _set(_HELD, row.id, sealed=key and seal(key, f"held_acts:{row.id}", words))


def _rekey_answers() -> None:
    """A repeat is told the same, for the day that it is."""
    op.add_column("idempotent_answers", sa.Column("digest", sa.String(), nullable=True))
    yesterday = datetime.now(UTC) - timedelta(days=1)
    op.get_bind().execute(sa.delete(_ANSWERS).where(_ANSWERS.c.created_at <= yesterday))
    while True:
        rows = (
            op.get_bind()
            .execute(sa.select(_ANSWERS).where(_ANSWERS.c.digest.is_(None)).limit(_BATCH))
            .all()
        )
        if not rows:
            break
        tenants = _tenants_of([row.api_key_id for row in rows])
        keys = tenant_keys(list(tenants.values()))
        for row in rows:
            _rekey(row, keys.get(tenants.get(row.api_key_id, "")))
    op.execute("UPDATE idempotent_answers SET key = digest")
    op.drop_column("idempotent_answers", "digest")
    op.alter_column("idempotent_answers", "key", new_column_name="key_digest")
    op.alter_column("idempotent_answers", "request_sha256", new_column_name="request_digest")


def _rekey(row: sa.Row[Any], tenant_key: bytes | None) -> None:
    this = (_ANSWERS.c.api_key_id == row.api_key_id) & (_ANSWERS.c.key == row.key)
    try:
        if tenant_key is None:
            raise InvalidTag
        body = unseal(tenant_key, f"{row.api_key_id}:{row.key}", row.body)
    except InvalidTag:
        # Nobody can be told it again.
        op.get_bind().execute(sa.delete(_ANSWERS).where(this))
        return
    whose = f"{row.api_key_id}\n{row.key}".encode()
    digest = hmac.digest(tenant_key, b"idempotency key:" + whose, "sha256").hex()
    answer_key = hmac.digest(tenant_key, b"idempotent answer:" + whose, "sha256")
    changed = {
        "digest": digest,
        "request_sha256": hmac.digest(answer_key, row.request_sha256.encode(), "sha256").hex(),
        "body": seal(answer_key, f"idempotent_answers:{digest}", body),
    }
    op.get_bind().execute(sa.update(_ANSWERS).where(this).values(changed))


def _tenants_of(askers: Sequence[str]) -> dict[str, str]:
    """Whose keys, people and buyers these are, by their labels."""
    ids: sa.BindParameter[Any] = sa.bindparam(
        "ids", sorted({one.partition(":")[2] for one in askers}), expanding=True
    )
    found: dict[str, str] = {}
    for kind, query in (
        ("key", "SELECT id, tenant_id FROM api_keys WHERE id IN :ids"),
        ("staff", "SELECT id, tenant_id FROM staff WHERE tenant_id IS NOT NULL AND id IN :ids"),
        (
            "buyer",
            "SELECT devices.id, cases.tenant_id FROM devices"
            " JOIN join_links ON join_links.id = devices.join_link_id"
            " JOIN cases ON cases.id = join_links.case_id WHERE devices.id IN :ids",
        ),
    ):
        rows = op.get_bind().execute(sa.text(query).bindparams(ids))
        found |= {f"{kind}:{id_}": tenant_id for id_, tenant_id in rows}
    return found


def _filing_keys(filing_ids: Sequence[str]) -> dict[str, bytes]:
    """The keys of these filings: each its case's, a draft's its own."""
    columns = _FILINGS.c
    rows = (
        op.get_bind()
        .execute(
            sa.select(
                columns.id,
                columns.tenant_id,
                columns.case_id,
                columns.wrapped_key.label("own"),
                _TENANTS.c.wrapped_key.label("tenants"),
            )
            .join(_TENANTS, _TENANTS.c.id == columns.tenant_id)
            .where(columns.id.in_(sorted(set(filing_ids))))
        )
        .all()
    )
    of_cases = case_keys([row.case_id for row in rows if row.case_id])
    keys = {row.id: of_cases[row.case_id] for row in rows if row.case_id in of_cases}
    drafts = [row for row in rows if row.case_id is None]
    wrapped = [WrappedCaseKey(one.tenant_id, one.own, one.tenants) for one in drafts]
    opened = ring().open_case_keys(wrapped) if wrapped else []
    return keys | {row.id: key for row, key in zip(drafts, opened, strict=True) if key is not None}


def _set(table: sa.TableClause, id_: str, **values: object) -> None:
    op.get_bind().execute(sa.update(table).where(table.c.id == id_).values(values))


def _json(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
