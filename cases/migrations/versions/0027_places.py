"""Where evidence is kept: a place for each tenant, and the names of labels' files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Everything that there is lies in the default place."""
    op.add_column("tenants", sa.Column("store_place", sa.String(), nullable=True))
    moment = sa.DateTime(timezone=True)
    op.add_column("tenants", sa.Column("store_place_since", moment, nullable=True))
    op.add_column("labels", sa.Column("object_key", sa.String(), nullable=True))
    op.execute("UPDATE labels SET object_key = 'labels/' || id")
    with op.batch_alter_table("labels") as labels:
        labels.alter_column("object_key", nullable=False)


def downgrade() -> None:
    """Take them away; evidence in other places is not found then."""
    op.drop_column("labels", "object_key")
    op.drop_column("tenants", "store_place_since")
    op.drop_column("tenants", "store_place")
