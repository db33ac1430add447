"""Webhooks, what is told of API keys, and the rows that figures are counted from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0006"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)
_KEY_COLUMNS = (("beginning", sa.String()), ("created_by", sa.String()), ("last_used_at", _AT))

# What is known of the cases that are there already; their first answers are not.
_FILL = """
INSERT INTO case_figures (
    case_id, tenant_id, state, reason, product, language, outcome, liability, currency,
    value_minor, opened_at, live_at, inspected_at, decided_at, closed_at
)
SELECT c.id, c.tenant_id, c.state, c.claim_reason,
    COALESCE((SELECT i.sku FROM item_lines i WHERE i.case_id = c.id AND i.position = 0), ''),
    c.buyer_locale, c.verdict_outcome, c.verdict_liability, c.currency,
    COALESCE((SELECT SUM(i.price_minor * i.quantity) FROM item_lines i WHERE i.case_id = c.id), 0),
    c.created_at,
    (SELECT MIN(s.live_at) FROM sessions s WHERE s.case_id = c.id),
    (SELECT MIN(s.ended_at) FROM sessions s WHERE s.case_id = c.id AND s.live_at IS NOT NULL),
    c.verdict_at,
    CASE WHEN c.state = 'closed' THEN c.updated_at END
FROM cases c
"""


def upgrade() -> None:
    """Add the columns and tables, and a row of figures for each case."""
    for name, kind in _KEY_COLUMNS:
        op.add_column("api_keys", sa.Column(name, kind, nullable=True))
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kinds", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("old_secret", sa.LargeBinary(), nullable=True),
        sa.Column("old_secret_until", _AT, nullable=True),
        sa.Column("disabled_at", _AT, nullable=True),
        sa.Column("disabled_note", sa.String(), nullable=True),
        sa.Column("failing_since", _AT, nullable=True),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_webhook_endpoints_tenant_id_tenants")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoints")),
    )
    op.create_index(op.f("ix_webhook_endpoints_tenant_id"), "webhook_endpoints", ["tenant_id"])
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("endpoint_id", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=True),
        sa.Column("seq", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", _AT, nullable=True),
        sa.Column("give_up_at", _AT, nullable=True),
        sa.Column("delivered_at", _AT, nullable=True),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhook_endpoints.id"],
            name=op.f("fk_webhook_deliveries_endpoint_id_webhook_endpoints"),
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_webhook_deliveries_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
        sa.UniqueConstraint(
            "endpoint_id", "message_id", name=op.f("uq_webhook_deliveries_endpoint_id_message_id")
        ),
    )
    for columns in (("state", "due_at"), ("endpoint_id", "at", "id"), ("endpoint_id", "state")):
        name = "_".join(column for column in columns if column != "id")
        op.create_index(f"ix_webhook_deliveries_{name}", "webhook_deliveries", list(columns))
    op.create_index("ix_webhook_deliveries_at", "webhook_deliveries", ["at"])
    op.create_table(
        "webhook_attempts",
        sa.Column("delivery_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("failure", sa.String(), nullable=True),
        sa.Column("latency_ms", sa.Integer(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["webhook_deliveries.id"],
            name=op.f("fk_webhook_attempts_delivery_id_webhook_deliveries"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("delivery_id", "number", name=op.f("pk_webhook_attempts")),
    )
    op.create_table(
        "case_figures",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("market", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("carrier", sa.String(), nullable=True),
        sa.Column("policy_version", sa.String(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("liability", sa.String(), nullable=True),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("value_minor", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", _AT, nullable=False),
        sa.Column("offered_at", _AT, nullable=True),
        sa.Column("answered_at", _AT, nullable=True),
        sa.Column("live_at", _AT, nullable=True),
        sa.Column("inspected_at", _AT, nullable=True),
        sa.Column("decided_at", _AT, nullable=True),
        sa.Column("refunded_at", _AT, nullable=True),
        sa.Column("closed_at", _AT, nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_case_figures_case_id_cases")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_case_figures_tenant_id_tenants")
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_case_figures")),
    )
    op.create_index(
        "ix_case_figures_tenant_id_opened_at", "case_figures", ["tenant_id", "opened_at"]
    )
    op.execute(_FILL)


def downgrade() -> None:
    """Take them away again."""
    op.drop_table("case_figures")
    op.drop_table("webhook_attempts")
    op.drop_table("webhook_deliveries")
    op.drop_table("webhook_endpoints")
    for name, _ in reversed(_KEY_COLUMNS):
        op.drop_column("api_keys", name)
