"""Return policies, their answers, and the way to a buyer's earlier returns."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0004"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)
_JSON = sa.JSON(none_as_null=True)


def upgrade() -> None:
    """Add the two tables and the index."""
    op.create_table(
        "policies",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("rules", _JSON, nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("saved_at", _AT, nullable=False),
        sa.Column("saved_by", sa.String(), nullable=False),
        sa.Column("previewed_at", _AT, nullable=True),
        sa.Column("published_at", _AT, nullable=True),
        sa.Column("published_by", sa.String(), nullable=True),
        sa.Column("effective_from", _AT, nullable=True),
        sa.Column("pilot_scope", _JSON, nullable=True),
        sa.Column("pilot_from", _AT, nullable=True),
        sa.Column("pilot_by", sa.String(), nullable=True),
        sa.Column("pilot_ended_at", _AT, nullable=True),
        sa.Column("pilot_ended_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_policies_tenant_id_tenants")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policies")),
        sa.UniqueConstraint("tenant_id", "number", name=op.f("uq_policies_tenant_id_number")),
    )
    op.create_index(
        "ix_policies_tenant_id_effective_from", "policies", ["tenant_id", "effective_from"]
    )
    op.create_table(
        "policy_answers",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("policy_id", sa.String(), nullable=False),
        sa.Column("piloted", sa.Boolean(), nullable=False),
        sa.Column("rule", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("answer", _JSON, nullable=False),
        sa.Column("sentence", sa.String(), nullable=False),
        sa.Column("parameters", _JSON, nullable=False),
        sa.Column("missing", _JSON, nullable=False),
        sa.Column("facts", _JSON, nullable=False),
        sa.Column("answered_at", _AT, nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_policy_answers_case_id_cases")
        ),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["policies.id"], name=op.f("fk_policy_answers_policy_id_policies")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_policy_answers_tenant_id_tenants")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_answers")),
        sa.UniqueConstraint("case_id", name=op.f("uq_policy_answers_case_id")),
    )
    op.create_index(
        "ix_policy_answers_tenant_id_answered_at", "policy_answers", ["tenant_id", "answered_at"]
    )
    op.create_index(
        "ix_cases_tenant_id_buyer_email", "cases", ["tenant_id", "buyer_email", "created_at"]
    )


def downgrade() -> None:
    """Take them away again."""
    op.drop_index("ix_cases_tenant_id_buyer_email", table_name="cases")
    op.drop_table("policy_answers")
    op.drop_table("policies")
