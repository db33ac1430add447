"""Observers, their links, and hand-overs from one host to another."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_OPEN = sa.text("state <> 'ended'")
_PARTICIPANT_COLUMNS = ("capacity", "voice", "observer_link_id")


def upgrade() -> None:
    """Add what sessions and participants know of them, and their own tables."""
    op.add_column("sessions", sa.Column("successor_staff_id", sa.String(), nullable=True))
    op.create_index(
        "uq_sessions_open_successor",
        "sessions",
        ["successor_staff_id"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    for name in _PARTICIPANT_COLUMNS:
        op.add_column("participants", sa.Column(name, sa.String(), nullable=True))
    op.add_column(
        "participants", sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_table(
        "observer_links",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=True),
        sa.Column("capacity", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_observer_links_session_id_sessions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_observer_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_observer_links_token_hash")),
    )
    op.create_index(
        op.f("ix_observer_links_session_id"), "observer_links", ["session_id"], unique=False
    )
    op.create_table(
        "handovers",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("from_staff_id", sa.String(), nullable=False),
        sa.Column("to_staff_id", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_handovers_session_id_sessions")
        ),
        sa.ForeignKeyConstraint(
            ["from_staff_id"], ["staff.id"], name=op.f("fk_handovers_from_staff_id_staff")
        ),
        sa.ForeignKeyConstraint(
            ["to_staff_id"], ["staff.id"], name=op.f("fk_handovers_to_staff_id_staff")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handovers")),
    )
    op.create_index(op.f("ix_handovers_session_id"), "handovers", ["session_id"], unique=False)
    op.create_index(
        "uq_handovers_open_session",
        "handovers",
        ["session_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def downgrade() -> None:
    """Take them away again."""
    op.drop_table("handovers")
    op.drop_table("observer_links")
    for name in ("removed_at", *reversed(_PARTICIPANT_COLUMNS)):
        op.drop_column("participants", name)
    op.drop_index("uq_sessions_open_successor", table_name="sessions")
    op.drop_column("sessions", "successor_staff_id")
