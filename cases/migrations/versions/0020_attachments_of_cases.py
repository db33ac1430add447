"""An attachment belongs to its case, whether it was filed or came by mail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, fill it from the filings, and let an attachment have no filing."""
    _alter(to_nullable=True)
    op.execute(
        "UPDATE attachments SET case_id ="
        " (SELECT case_id FROM filings WHERE filings.id = attachments.filing_id)"
    )
    op.create_index(op.f("ix_attachments_case_id"), "attachments", ["case_id"])


def downgrade() -> None:
    """Take it away again, with the attachments that only it can hold."""
    op.execute(
        "DELETE FROM attachment_parts WHERE attachment_id IN"
        " (SELECT id FROM attachments WHERE filing_id IS NULL)"
    )
    op.execute("DELETE FROM attachments WHERE filing_id IS NULL")
    op.drop_index(op.f("ix_attachments_case_id"), "attachments")
    _alter(to_nullable=False)


def _alter(*, to_nullable: bool) -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if is_sqlite:
        # SQLite changes a table by copying it, and lets none go that others refer to.
        op.execute("CREATE TEMPORARY TABLE held_parts AS SELECT * FROM attachment_parts")
        op.execute("DELETE FROM attachment_parts")
    with op.batch_alter_table("attachments") as table:
        table.alter_column("filing_id", existing_type=sa.String(), nullable=to_nullable)
        if to_nullable:
            table.add_column(sa.Column("case_id", sa.String(), nullable=True))
            table.create_foreign_key(
                op.f("fk_attachments_case_id_cases"), "cases", ["case_id"], ["id"]
            )
        else:
            table.drop_constraint(op.f("fk_attachments_case_id_cases"), type_="foreignkey")
            table.drop_column("case_id")
    if is_sqlite:
        op.execute("INSERT INTO attachment_parts SELECT * FROM held_parts")
        op.execute("DROP TABLE held_parts")
