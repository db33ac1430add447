"""Retention, legal holds and erasure; every closed case gets a row, whose date follows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_OPEN = sa.text("released_at IS NULL")


def upgrade() -> None:
    """Make the tables, and a row to be looked at for every case that is closed."""
    moment = sa.DateTime(timezone=True)
    op.add_column("cases", sa.Column("erased_at", moment, nullable=True))
    op.add_column("cases", sa.Column("erased_because", sa.String(), nullable=True))
    op.create_table(
        "keep_settings",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.Column("updated_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_keep_settings_tenant_id_tenants")
        ),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_keep_settings")),
    )
    op.create_table(
        "keepings",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("closed_at", moment, nullable=True),
        sa.Column("until", moment, nullable=True),
        sa.Column("next_at", moment, nullable=True),
        sa.Column("store_at", moment, nullable=True),
        sa.Column("store_tries", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_keepings_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_keepings_tenant_id_tenants")
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_keepings")),
    )
    for column in ("tenant_id", "next_at", "store_at"):
        op.create_index(op.f(f"ix_keepings_{column}"), "keepings", [column])
    op.create_table(
        "legal_holds",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("placed_at", moment, nullable=False),
        sa.Column("placed_by", sa.String(), nullable=False),
        sa.Column("released_at", moment, nullable=True),
        sa.Column("released_by", sa.String(), nullable=True),
        sa.Column("release_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_legal_holds_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_holds")),
    )
    op.create_index(op.f("ix_legal_holds_case_id"), "legal_holds", ["case_id"])
    op.create_index(
        "uq_legal_holds_open_case",
        "legal_holds",
        ["case_id"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.create_table(
        "erasures",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ordered_at", moment, nullable=False),
        sa.Column("ordered_by", sa.String(), nullable=False),
        sa.Column("unreadable_at", moment, nullable=True),
        sa.Column("done_at", moment, nullable=True),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("manifests", sa.JSON(), nullable=False),
        sa.Column("left", sa.JSON(), nullable=False),
        sa.Column("left_why", sa.String(), nullable=True),
        sa.Column("next_at", moment, nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_erasures_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_erasures_tenant_id_tenants")
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_erasures")),
    )
    op.create_index(op.f("ix_erasures_next_at"), "erasures", ["next_at"])
    # A finding's words stand in the session's log, under its key; here they were never read.
    op.drop_column("findings", "words")
    op.drop_column("findings", "answer_words")
    # Previews lay in the clear; only processes have keys to seal them with, and they are no
    # evidence: the still is.
    op.drop_table("previews")
    _make_previews("sealed")
    op.execute(
        "INSERT INTO keepings (case_id, tenant_id, closed_at, next_at, store_at, store_tries)"
        " SELECT id, tenant_id, updated_at, updated_at, updated_at, 0 FROM cases"
        " WHERE state = 'closed'"
    )


def downgrade() -> None:
    """Take it away again; what was erased stays erased."""
    for table in ("erasures", "legal_holds", "keepings", "keep_settings"):
        op.drop_table(table)
    op.drop_table("previews")
    _make_previews("jpeg")
    op.add_column("findings", sa.Column("answer_words", sa.Text(), nullable=True))
    op.add_column("findings", sa.Column("words", sa.Text(), nullable=False, server_default=""))
    op.drop_column("cases", "erased_because")
    op.drop_column("cases", "erased_at")


def _make_previews(content: str) -> None:
    op.create_table(
        "previews",
        sa.Column("still_id", sa.String(), nullable=False),
        sa.Column(content, sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["still_id"], ["stills.id"], name=op.f("fk_previews_still_id_stills")
        ),
        sa.PrimaryKeyConstraint("still_id", name=op.f("pk_previews")),
    )
