"""Packages of a part: which part was ordered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("evidence_packages", sa.Column("part", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Take it away."""
    op.drop_column("evidence_packages", "part")
