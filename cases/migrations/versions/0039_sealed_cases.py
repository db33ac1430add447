"""What a case says of its buyer, and the verdict's words, under the case's key."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

from cases.migrations.sealing import batches, case_keys, ring
from cases.sealing import seal

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

_CLEAR = ("buyer_name", "buyer_email", "claim_words", "verdict_note")
_CASES = sa.table(
    "cases",
    *(sa.column(name) for name in ("id", "tenant_id", "sealed_text", "buyer_hash", *_CLEAR)),
)


def upgrade() -> None:
    """Encrypt them; of a case whose key was destroyed nothing is kept."""
    op.add_column("cases", sa.Column("sealed_text", sa.LargeBinary(), nullable=True))
    op.add_column("cases", sa.Column("buyer_hash", sa.LargeBinary(), nullable=True))
    for rows in batches(_CASES, "tenant_id", *_CLEAR):
        keys = case_keys([row.id for row in rows])
        for row in rows:
            # Emptied, too: a dropped column's bytes stay in the file until its row is rewritten.
            values: dict[str, str | bytes | None] = {
                "buyer_name": "",
                "buyer_email": None,
                "claim_words": "",
                "verdict_note": None,
            }
            if row.id in keys:
                values.update(_sealed(row, keys[row.id]))
            op.execute(sa.update(_CASES).where(_CASES.c.id == row.id).values(values))
    op.drop_index("ix_cases_tenant_id_buyer_email", "cases")
    for name in _CLEAR:
        op.drop_column("cases", name)
    op.create_index(
        "ix_cases_tenant_id_buyer_hash", "cases", ["tenant_id", "buyer_hash", "created_at"]
    )


def _sealed(row: sa.Row[tuple[str, ...]], key: bytes) -> dict[str, bytes | None]:
    email = row.buyer_email.lower() if row.buyer_email else None
    text = {
        "buyer_name": row.buyer_name,
        "buyer_email": email,
        "claim_words": row.claim_words,
        "verdict_note": row.verdict_note,
    }
    plain = json.dumps(text, ensure_ascii=False).encode()
    address = f"{row.tenant_id}:email:{(email or '').strip()}".encode()
    return {
        "sealed_text": seal(key, f"case text:{row.id}", plain),
        "buyer_hash": ring().proof("notice address", address) if email else None,
    }


def downgrade() -> None:
    """Put the columns back, empty: what was encrypted is not decrypted again."""
    op.drop_index("ix_cases_tenant_id_buyer_hash", "cases")
    op.drop_column("cases", "buyer_hash")
    op.drop_column("cases", "sealed_text")
    for name in ("buyer_name", "claim_words"):
        column = sa.Column(name, sa.Text(), nullable=False, server_default="")
        op.add_column("cases", column)
    for name in ("buyer_email", "verdict_note"):
        op.add_column("cases", sa.Column(name, sa.Text(), nullable=True))
    op.create_index(
        "ix_cases_tenant_id_buyer_email", "cases", ["tenant_id", "buyer_email", "created_at"]
    )
