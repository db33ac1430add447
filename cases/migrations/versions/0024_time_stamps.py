"""Time-stamps of manifests (RFC 3161): what an authority is to be asked, and what it said."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; every manifest that there is waits for an authority, once one is set."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "time_stamps",
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("renewal", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", moment, nullable=True),
        sa.Column("words", sa.String(), nullable=True),
        sa.Column("response", sa.LargeBinary(), nullable=True),
        sa.Column("authority", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id", "number"],
            ["manifests.session_id", "manifests.number"],
            name=op.f("fk_time_stamps_session_id_number_manifests"),
        ),
        sa.PrimaryKeyConstraint("session_id", "number", "renewal", name=op.f("pk_time_stamps")),
    )
    op.create_index("ix_time_stamps_state_due_at", "time_stamps", ["state", "due_at"])
    op.execute(
        "INSERT INTO time_stamps (session_id, number, renewal, state, tries, due_at)"
        " SELECT session_id, number, 0, 'waiting', 0, created_at FROM manifests"
    )
    op.drop_column("manifests", "time_stamp_token")


def downgrade() -> None:
    """Take it away again, with what authorities said."""
    op.add_column("manifests", sa.Column("time_stamp_token", sa.LargeBinary(), nullable=True))
    op.drop_index("ix_time_stamps_state_due_at", "time_stamps")
    op.drop_table("time_stamps")
