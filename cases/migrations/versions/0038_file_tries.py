"""Tries to store a made file, so that what one left is deleted; days that a rule kept a case."""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "file_tries",
        sa.Column("prefix", sa.String(), nullable=False),
        sa.Column("file_id", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=True),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("clear_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_file_tries_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("prefix", name=op.f("pk_file_tries")),
    )
    for column in ("case_id", "clear_at", "file_id"):
        op.create_index(op.f(f"ix_file_tries_{column}"), "file_tries", [column])
    op.add_column("erasures", sa.Column("kept_days", sa.Integer(), nullable=True))
    erasures = sa.table(
        "erasures", *(sa.column(name) for name in ("case_id", "cause", "reason", "kept_days"))
    )
    by_rule = sa.select(erasures.c.case_id, erasures.c.reason).where(
        erasures.c.cause == "retention"
    )
    for row in op.get_bind().execute(by_rule).all():
        days = re.search(r"\d+", row.reason)
        if days is not None:
            changed = sa.update(erasures).where(erasures.c.case_id == row.case_id)
            op.execute(changed.values(kept_days=int(days[0])))


def downgrade() -> None:
    """Take it away."""
    op.drop_column("erasures", "kept_days")
    op.drop_table("file_tries")
