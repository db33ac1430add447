"""The buyer's word on an offer, and who leaves it at photographs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    moment = sa.DateTime(timezone=True)
    op.add_column("policy_answers", sa.Column("buyer_word", sa.String(), nullable=True))
    op.add_column("policy_answers", sa.Column("buyer_word_at", moment, nullable=True))
    op.add_column("filings", sa.Column("photographs_only_at", moment, nullable=True))
