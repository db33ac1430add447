"""Hours, deadlines, weekly shifts, appointments; whose a case is and when it is due."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_OPEN = sa.text("ended_at IS NULL")
_BOOKED = sa.text("state = 'booked'")


def _at(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    """Add the tables, and the two columns of a case that lists filter by."""
    op.add_column("cases", sa.Column("assignee_staff_id", sa.String(), nullable=True))
    op.add_column("cases", _at("due_at", nullable=True))
    op.create_index("ix_cases_tenant_id_due_at", "cases", ["tenant_id", "due_at"])
    op.create_index("ix_cases_assignee_staff_id_due_at", "cases", ["assignee_staff_id", "due_at"])
    op.create_table(
        "desk_hours",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("hours", sa.JSON(), nullable=False),
        sa.Column("lengths", sa.JSON(), nullable=False),
        _at("updated_at"),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_desk_hours_tenant_id_tenants")
        ),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_desk_hours")),
    )
    op.create_table(
        "deadlines",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        _at("started_at"),
        _at("due_at", nullable=True),
        _at("warn_at", nullable=True),
        _at("next_at", nullable=True),
        sa.Column("left_s", sa.Integer(), nullable=True),
        sa.Column("warn_left_s", sa.Integer(), nullable=True),
        _at("paused_at", nullable=True),
        _at("warned_at", nullable=True),
        _at("missed_at", nullable=True),
        _at("ended_at", nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_deadlines_tenant_id_tenants")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_deadlines_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deadlines")),
    )
    op.create_index(op.f("ix_deadlines_case_id"), "deadlines", ["case_id"])
    op.create_index(op.f("ix_deadlines_next_at"), "deadlines", ["next_at"])
    op.create_index(
        "uq_deadlines_open_kind",
        "deadlines",
        ["case_id", "kind"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.create_table(
        "rosters",
        sa.Column("staff_id", sa.String(), nullable=False),
        sa.Column("hours", sa.JSON(), nullable=False),
        sa.Column("languages", sa.JSON(), nullable=False),
        sa.Column("categories", sa.JSON(), nullable=False),
        _at("updated_at"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_rosters_staff_id_staff")),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_rosters")),
    )
    op.create_table(
        "appointments",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("queue_id", sa.String(), nullable=False),
        _at("starts_at"),
        _at("ends_at"),
        sa.Column("seat", sa.Integer(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("reminders", sa.Integer(), nullable=False),
        _at("next_at", nullable=True),
        _at("created_at"),
        _at("updated_at"),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_appointments_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointments")),
    )
    op.create_index("ix_appointments_case_id_starts_at", "appointments", ["case_id", "starts_at"])
    op.create_index(op.f("ix_appointments_next_at"), "appointments", ["next_at"])
    op.create_index(
        "uq_appointments_seat",
        "appointments",
        ["queue_id", "starts_at", "seat"],
        unique=True,
        sqlite_where=_BOOKED,
        postgresql_where=_BOOKED,
    )
    op.create_index(
        "uq_appointments_open_case",
        "appointments",
        ["case_id"],
        unique=True,
        sqlite_where=_BOOKED,
        postgresql_where=_BOOKED,
    )


def downgrade() -> None:
    """Take them away again."""
    for table in ("appointments", "rosters", "deadlines", "desk_hours"):
        op.drop_table(table)
    op.drop_index("ix_cases_assignee_staff_id_due_at", table_name="cases")
    op.drop_index("ix_cases_tenant_id_due_at", table_name="cases")
    op.drop_column("cases", "due_at")
    op.drop_column("cases", "assignee_staff_id")
