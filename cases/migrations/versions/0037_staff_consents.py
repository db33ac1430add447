"""What staff agreed to before being recorded; exports about them; when an export goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "staff_consents",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("staff_id", sa.String(), nullable=False),
        sa.Column("text_version", sa.String(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("given_at", moment, nullable=False),
        sa.Column("withdrawn_at", moment, nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_staff_consents_staff_id_staff")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_consents")),
    )
    op.create_index(op.f("ix_staff_consents_staff_id"), "staff_consents", ["staff_id"])
    with op.batch_alter_table("person_exports") as table:
        table.alter_column("case_id", existing_type=sa.String(), nullable=True)
        table.add_column(sa.Column("staff_id", sa.String(), nullable=True))
        table.add_column(sa.Column("wrapped_key", sa.LargeBinary(), nullable=True))
        table.add_column(sa.Column("expires_at", moment, nullable=True))
        table.create_foreign_key(
            op.f("fk_person_exports_staff_id_staff"), "staff", ["staff_id"], ["id"]
        )
        table.create_check_constraint(
            op.f("ck_person_exports_one_person"), "(case_id IS NULL) <> (staff_id IS NULL)"
        )
    op.create_index(op.f("ix_person_exports_staff_id"), "person_exports", ["staff_id"])
    op.create_index(op.f("ix_person_exports_expires_at"), "person_exports", ["expires_at"])
    # What was made before is kept for a week from now on.
    a_week = datetime.now(UTC) + timedelta(days=7)
    exports = sa.table("person_exports", sa.column("state"), sa.column("expires_at", moment))
    op.execute(exports.update().where(exports.c.state == "ready").values(expires_at=a_week))


def downgrade() -> None:
    """Take it away."""
    op.execute("DELETE FROM person_exports WHERE case_id IS NULL")
    op.drop_index(op.f("ix_person_exports_expires_at"), "person_exports")
    op.drop_index(op.f("ix_person_exports_staff_id"), "person_exports")
    with op.batch_alter_table("person_exports") as table:
        table.drop_constraint(op.f("ck_person_exports_one_person"), type_="check")
        table.drop_constraint(op.f("fk_person_exports_staff_id_staff"), type_="foreignkey")
        for column in ("expires_at", "wrapped_key", "staff_id"):
            table.drop_column(column)
        table.alter_column("case_id", existing_type=sa.String(), nullable=False)
    op.drop_table("staff_consents")
