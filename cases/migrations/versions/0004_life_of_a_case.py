"""The way back of the goods, what was given for them, and each line as it was found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_CHECKED = {
    "returned": sa.Integer,
    "grade": sa.String,
    "disposition": sa.String,
    "liability": sa.String,
    "check_note": sa.Text,
}


def upgrade() -> None:
    """Make the tables and the columns."""
    op.create_table(
        "parcels",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("carrier", sa.String(), nullable=True),
        sa.Column("tracking_number", sa.String(), nullable=True),
        sa.Column("label_url", sa.String(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shipped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_parcels_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parcels")),
    )
    op.create_index(op.f("ix_parcels_case_id"), "parcels", ["case_id"])
    op.create_index(op.f("ix_parcels_tracking_number"), "parcels", ["tracking_number"])
    op.create_table(
        "settlements",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_settlements_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlements")),
    )
    op.create_index(op.f("ix_settlements_case_id"), "settlements", ["case_id"])
    for name, kind in _CHECKED.items():
        op.add_column("item_lines", sa.Column(name, kind(), nullable=True))


def downgrade() -> None:
    """Take both back."""
    for name in reversed(_CHECKED):
        op.drop_column("item_lines", name)
    op.drop_table("settlements")
    op.drop_table("parcels")
