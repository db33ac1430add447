"""How far a thread was read, and the tenants' reply scripts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "thread_reads",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("reader", sa.String(), nullable=False),
        sa.Column("read_to", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_thread_reads_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("case_id", "reader", name=op.f("pk_thread_reads")),
    )
    op.create_table(
        "reply_scripts",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("scene", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_reply_scripts_tenant_id_tenants")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "name", "locale", name=op.f("pk_reply_scripts")),
    )


def downgrade() -> None:
    """Take both back."""
    op.drop_table("reply_scripts")
    op.drop_table("thread_reads")
