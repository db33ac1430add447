"""Bench cameras of warehouses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, and name the camera behind a participant."""
    op.create_table(
        "bench_cameras",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("warehouse_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("media_worker", sa.String(), nullable=True),
        sa.Column("media_epoch", sa.String(), nullable=True),
        sa.Column("peer_id", sa.String(), nullable=True),
        sa.Column("codec", sa.String(), nullable=True),
        sa.Column("connected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("session_id", sa.String(), nullable=True),
        sa.Column("participant_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participants.id"],
            name=op.f("fk_bench_cameras_participant_id_participants"),
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_bench_cameras_session_id_sessions")
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id"],
            ["warehouses.id"],
            name=op.f("fk_bench_cameras_warehouse_id_warehouses"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bench_cameras")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_bench_cameras_secret_hash")),
    )
    op.add_column("participants", sa.Column("camera_id", sa.String(), nullable=True))
    op.create_index(op.f("ix_bench_cameras_session_id"), "bench_cameras", ["session_id"])
    op.create_index(op.f("ix_bench_cameras_warehouse_id"), "bench_cameras", ["warehouse_id"])


def downgrade() -> None:
    """Take both back."""
    op.drop_table("bench_cameras")
    op.drop_column("participants", "camera_id")
