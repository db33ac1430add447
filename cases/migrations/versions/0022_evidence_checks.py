"""When each recorded session was last held against the store; those that are there begin now."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, with a row for every session that was recorded and has ended."""
    op.create_table(
        "evidence_checks",
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("whole_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mismatches", sa.Integer(), nullable=False),
        sa.Column("found", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_evidence_checks_session_id_sessions")
        ),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_evidence_checks")),
    )
    op.create_index(op.f("ix_evidence_checks_next_at"), "evidence_checks", ["next_at"])
    op.create_index(
        "ix_evidence_checks_mismatches",
        "evidence_checks",
        ["mismatches"],
        sqlite_where=sa.text("mismatches > 0"),
        postgresql_where=sa.text("mismatches > 0"),
    )
    op.execute(
        "INSERT INTO evidence_checks (session_id, next_at, mismatches, found)"
        " SELECT id, ended_at, 0, '[]' FROM sessions WHERE ended_at IS NOT NULL"
        " AND EXISTS (SELECT 1 FROM recordings WHERE recordings.session_id = sessions.id)"
    )


def downgrade() -> None:
    """Forget what was found."""
    op.drop_table("evidence_checks")
