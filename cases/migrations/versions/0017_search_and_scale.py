"""Searching by keyed words, indices in the order that lists are read in, figures' times."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_TIMES = {"answer_s": "answered_at", "decision_s": "decided_at", "refund_s": "refunded_at"}


def upgrade() -> None:
    """Make the table of words, put indices in place, work out what took how long."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    op.create_table(
        "case_words",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column(
            "terms",
            sa.LargeBinary().with_variant(postgresql.ARRAY(sa.BigInteger()), "postgresql"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_case_words_tenant_id_tenants")
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_case_words_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "case_id", name=op.f("pk_case_words")),
        sqlite_with_rowid=False,
    )
    if not is_sqlite:
        op.create_index(
            op.f("ix_case_words_terms"), "case_words", ["terms"], postgresql_using="gin"
        )
    # The processes fill the table for cases that are there already: only they have the keys.
    op.drop_column("cases", "search_text")
    op.drop_index("ix_cases_tenant_id_updated_at", "cases")
    op.drop_index("ix_cases_tenant_id_state", "cases")
    op.drop_index("ix_cases_warehouse_id", "cases")
    op.create_index(
        op.f("ix_cases_tenant_id_updated_at"), "cases", ["tenant_id", "updated_at", "id"]
    )
    op.create_index(
        op.f("ix_cases_tenant_id_state"), "cases", ["tenant_id", "state", "updated_at", "id"]
    )
    op.create_index(
        op.f("ix_cases_warehouse_id_updated_at"), "cases", ["warehouse_id", "updated_at", "id"]
    )
    for name, end in _TIMES.items():
        op.add_column("case_figures", sa.Column(name, sa.Integer(), nullable=True))
        seconds = (
            f"(julianday({end}) - julianday(opened_at)) * 86400.0"
            if is_sqlite
            else f"extract(epoch from {end} - opened_at)"
        )
        op.execute(
            f"UPDATE case_figures SET {name} = CAST(round({seconds}) AS INTEGER) "  # noqa: S608
            f"WHERE {end} IS NOT NULL"
        )


def downgrade() -> None:
    """Take all of it away again; what cases were found by is empty until they are opened anew."""
    for name in _TIMES:
        op.drop_column("case_figures", name)
    op.drop_index("ix_cases_warehouse_id_updated_at", "cases")
    op.drop_index("ix_cases_tenant_id_state", "cases")
    op.drop_index("ix_cases_tenant_id_updated_at", "cases")
    op.create_index(op.f("ix_cases_warehouse_id"), "cases", ["warehouse_id"])
    op.create_index(op.f("ix_cases_tenant_id_state"), "cases", ["tenant_id", "state"])
    op.create_index(op.f("ix_cases_tenant_id_updated_at"), "cases", ["tenant_id", "updated_at"])
    op.add_column("cases", sa.Column("search_text", sa.Text(), nullable=False, server_default=""))
    op.drop_table("case_words")
