"""Evidence to hand over: receipts, checkpoints, device keys, published keys, packages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and the tables."""
    moment = sa.DateTime(timezone=True)
    op.add_column("manifests", sa.Column("receipt", sa.String(), nullable=True))
    op.add_column(
        "manifests",
        sa.Column("complete", sa.Boolean(), nullable=False, server_default=sa.true()),
    )
    op.create_table(
        "checkpoints",
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("jws", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_checkpoints_session_id_sessions")
        ),
        sa.PrimaryKeyConstraint("session_id", "number", name=op.f("pk_checkpoints")),
    )
    op.create_table(
        "device_keys",
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("participant_id", sa.String(), nullable=False),
        sa.Column("kid", sa.String(), nullable=False),
        sa.Column("jwk", sa.JSON(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_device_keys_session_id_sessions")
        ),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participants.id"],
            name=op.f("fk_device_keys_participant_id_participants"),
        ),
        sa.PrimaryKeyConstraint("session_id", "participant_id", "kid", name=op.f("pk_device_keys")),
    )
    op.create_table(
        "countersignatures",
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("participant_id", sa.String(), nullable=False),
        sa.Column("jws", sa.Text(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id", "number"],
            ["checkpoints.session_id", "checkpoints.number"],
            name=op.f("fk_countersignatures_session_id_number_checkpoints"),
        ),
        sa.PrimaryKeyConstraint(
            "session_id", "number", "participant_id", name=op.f("pk_countersignatures")
        ),
    )
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.String(), nullable=False),
        sa.Column("x", sa.String(), nullable=False),
        sa.Column("since", moment, nullable=False),
        sa.Column("until", moment, nullable=True),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_signing_keys")),
    )
    op.create_table(
        "evidence_packages",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("ordered_by", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("done_bytes", sa.BigInteger(), nullable=False),
        sa.Column("total_bytes", sa.BigInteger(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("object_prefix", sa.String(), nullable=True),
        sa.Column("parts", sa.Integer(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("failure", sa.String(), nullable=True),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("finished_at", moment, nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_evidence_packages_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence_packages")),
    )
    op.create_index(op.f("ix_evidence_packages_case_id"), "evidence_packages", ["case_id"])


def downgrade() -> None:
    """Take them away."""
    op.drop_table("evidence_packages")
    op.drop_table("signing_keys")
    op.drop_table("countersignatures")
    op.drop_table("device_keys")
    op.drop_table("checkpoints")
    op.drop_column("manifests", "complete")
    op.drop_column("manifests", "receipt")
