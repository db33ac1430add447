"""Saved filters, tags, snoozes, what can be taken back, and reasons by category."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_TABLES = ("reason_choices", "held_acts", "snoozes", "case_tags", "saved_filters")


def upgrade() -> None:
    """Make the tables."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "saved_filters",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.String(), nullable=False),
        sa.Column("staff_id", sa.String(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("wanted", sa.JSON(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_saved_filters_staff_id_staff")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_filters")),
    )
    op.create_index(
        "ix_saved_filters_organisation_id_shared", "saved_filters", ["organisation_id", "shared"]
    )
    op.create_index("ix_saved_filters_staff_id", "saved_filters", ["staff_id"])
    op.create_table(
        "case_tags",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_tags_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_case_tags_tenant_id_tenants")
        ),
        sa.PrimaryKeyConstraint("case_id", "tag", name=op.f("pk_case_tags")),
    )
    op.create_index("ix_case_tags_tenant_id_tag", "case_tags", ["tenant_id", "tag"])
    op.create_table(
        "snoozes",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("until", moment, nullable=False),
        sa.Column("snoozed_by", sa.String(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_snoozes_case_id_cases")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_snoozes")),
    )
    op.create_table(
        "held_acts",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("staff_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("failure", sa.String(), nullable=True),
        sa.Column("due_at", moment, nullable=False),
        sa.Column("next_at", moment, nullable=True),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("ended_at", moment, nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_held_acts_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_held_acts_staff_id_staff")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_held_acts")),
    )
    op.create_index(op.f("ix_held_acts_next_at"), "held_acts", ["next_at"])
    op.create_index("ix_held_acts_case_id_created_at", "held_acts", ["case_id", "created_at"])
    op.create_table(
        "reason_choices",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_reason_choices_tenant_id_tenants")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "category", name=op.f("pk_reason_choices")),
    )


def downgrade() -> None:
    """Take them away again."""
    for table in _TABLES:
        op.drop_table(table)
