"""Whether derived copies carry content credentials, and the roots under which they are signed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add column and table."""
    op.add_column("derived_copies", sa.Column("credentials", sa.String(), nullable=True))
    op.create_table(
        "credential_roots",
        sa.Column("pem", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("pem", name=op.f("pk_credential_roots")),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_table("credential_roots")
    op.drop_column("derived_copies", "credentials")
