"""Notices: what buyers are told, over which channels, and what they do not want."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables and the sealed token of a join link."""
    moment = sa.DateTime(timezone=True)
    op.add_column("join_links", sa.Column("sealed_token", sa.LargeBinary(), nullable=True))
    op.create_table(
        "notices",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column("tried", sa.JSON(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(), nullable=True),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("words", sa.String(), nullable=True),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("due_at", moment, nullable=True),
        sa.Column("give_up_at", moment, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("mail_id", sa.String(), nullable=True),
        sa.Column("sent_at", moment, nullable=True),
        _tenant("notices"),
        _case("notices"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint(
            "case_id", "kind", "subject", name=op.f("uq_notices_case_id_kind_subject")
        ),
    )
    op.create_index("ix_notices_state_due_at", "notices", ["state", "due_at"])
    op.create_index("ix_notices_tenant_id_id", "notices", ["tenant_id", "id"])
    op.create_index(op.f("ix_notices_mail_id"), "notices", ["mail_id"])
    op.create_table(
        "notice_settings",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("quiet_from", sa.Integer(), nullable=False),
        sa.Column("quiet_until", sa.Integer(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("off", sa.JSON(), nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        _tenant("notice_settings"),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_notice_settings")),
    )
    op.create_table(
        "notice_templates",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("button", sa.String(), nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.Column("updated_by", sa.String(), nullable=False),
        _tenant("notice_templates"),
        sa.PrimaryKeyConstraint("tenant_id", "kind", "locale", name=op.f("pk_notice_templates")),
    )
    op.create_table(
        "notice_channels",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("secrets", sa.LargeBinary(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.Column("updated_by", sa.String(), nullable=False),
        _tenant("notice_channels"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_channels")),
        sa.UniqueConstraint("tenant_id", "kind", name=op.f("uq_notice_channels_tenant_id_kind")),
    )
    op.create_table(
        "notice_contacts",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("heard_at", moment, nullable=True),
        sa.Column("created_at", moment, nullable=False),
        _tenant("notice_contacts"),
        _case("notice_contacts"),
        sa.PrimaryKeyConstraint("case_id", "kind", name=op.f("pk_notice_contacts")),
    )
    op.create_index(
        "ix_notice_contacts_tenant_id_kind",
        "notice_contacts",
        ["tenant_id", "kind", "address_hash"],
    )
    op.create_table(
        "notice_opt_outs",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("group", sa.String(), nullable=False),
        sa.Column("at", moment, nullable=False),
        _tenant("notice_opt_outs"),
        sa.PrimaryKeyConstraint(
            "tenant_id", "address_hash", "group", name=op.f("pk_notice_opt_outs")
        ),
    )
    op.create_table(
        "inbound_messages",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("provider_id", sa.LargeBinary(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=True),
        sa.Column("at", moment, nullable=False),
        _tenant("inbound_messages"),
        _case("inbound_messages"),
        sa.PrimaryKeyConstraint(
            "tenant_id", "channel", "provider_id", name=op.f("pk_inbound_messages")
        ),
    )


def downgrade() -> None:
    """Take them away again."""
    for table in (
        "inbound_messages",
        "notice_opt_outs",
        "notice_contacts",
        "notice_channels",
        "notice_templates",
        "notice_settings",
        "notices",
    ):
        op.drop_table(table)
    op.drop_column("join_links", "sealed_token")


def _tenant(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id"], ["tenants.id"], name=op.f(f"fk_{table}_tenant_id_tenants")
    )


def _case(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["case_id"], ["cases.id"], name=op.f(f"fk_{table}_case_id_cases")
    )
