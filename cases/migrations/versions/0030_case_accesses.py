"""Which entries of the access log are about which case; those before this are in the log alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; what older entries are about is sealed in them."""
    op.create_table(
        "case_accesses",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "seq", name=op.f("pk_case_accesses")),
    )
    op.create_index("ix_case_accesses_case_id_seq", "case_accesses", ["case_id", "seq"])


def downgrade() -> None:
    """Take it away again."""
    op.drop_index("ix_case_accesses_case_id_seq", "case_accesses")
    op.drop_table("case_accesses")
