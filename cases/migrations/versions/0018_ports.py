"""Ports: their set-up and errands, scans, labels, refunds by port, carrier claims."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)
_PARCEL = (
    ("status", sa.String()),
    ("status_at", _AT),
    ("place", sa.String()),
    ("anomaly", sa.String()),
    ("anomaly_since", _AT),
    ("look_at", _AT),
)
_TEXT, _STRING, _INTEGER, _BIG = sa.Text(), sa.String(), sa.Integer(), sa.BigInteger()
_JSON, _BYTES, _BOOLEAN = sa.JSON(none_as_null=True), sa.LargeBinary(), sa.Boolean()


def upgrade() -> None:
    """Add the columns and tables."""
    op.add_column("cases", sa.Column("parcel_anomaly", _STRING, nullable=True))
    for name, kind in _PARCEL:
        op.add_column("parcels", sa.Column(name, kind, nullable=True))
    op.create_index("ix_parcels_look_at", "parcels", ["look_at"])
    _table(
        "ports",
        {"tenant_id": "tenants"},
        ("id", _STRING),
        ("tenant_id", _STRING),
        ("kind", _STRING),
        ("enabled", _BOOLEAN),
        ("setup", _JSON),
        ("header", _STRING),
        ("secret", _BYTES, True),
        ("push_secret", _BYTES, True),
        ("changed_at", _AT),
        ("changed_by", _STRING),
        unique=("tenant_id", "kind"),
    )
    _table(
        "return_addresses",
        {"tenant_id": "tenants"},
        ("tenant_id", _STRING),
        ("place", _STRING),
        ("address", _TEXT),
        ("changed_at", _AT),
        key=("tenant_id", "place"),
    )
    _table(
        "errands",
        {"tenant_id": "tenants"},
        ("id", _STRING),
        ("tenant_id", _STRING),
        ("kind", _STRING),
        ("subject_id", _STRING),
        ("state", _STRING),
        ("tries", _INTEGER),
        ("due_at", _AT, True),
        ("give_up_at", _AT),
        ("words", _STRING, True),
        ("made_at", _AT),
    )
    op.create_index("ix_errands_state_due_at", "errands", ["state", "due_at"])
    op.create_index("ix_errands_tenant_id_state", "errands", ["tenant_id", "state"])
    op.create_index("ix_errands_subject_id", "errands", ["subject_id"])
    _table(
        "scans",
        {"parcel_id": "parcels"},
        ("id", _STRING),
        ("parcel_id", _STRING),
        ("status", _STRING),
        ("at", _AT),
        ("place", _STRING),
        ("words", _STRING),
        ("source", _STRING),
        ("known_at", _AT),
        unique=("parcel_id", "status", "at", "place"),
    )
    _table(
        "labels",
        {"case_id": "cases", "parcel_id": "parcels"},
        ("id", _STRING),
        ("case_id", _STRING),
        ("parcel_id", _STRING, True),
        ("state", _STRING),
        ("address", _TEXT, True),
        ("carrier", _STRING, True),
        ("tracking_number", _STRING, True),
        ("media_type", _STRING, True),
        ("size", _INTEGER, True),
        ("sha256", _STRING, True),
        ("why", _STRING, True),
        ("made_at", _AT),
        ("by", _STRING),
    )
    op.create_index("ix_labels_case_id", "labels", ["case_id"])
    _table(
        "refund_orders",
        {"case_id": "cases"},
        ("id", _STRING),
        ("case_id", _STRING),
        ("state", _STRING),
        ("amount_minor", _BIG),
        ("currency", _STRING),
        ("remote_id", _STRING, True),
        ("why", _STRING, True),
        ("ordered_at", _AT),
        ("sent_at", _AT, True),
        ("ended_at", _AT, True),
        ("by", _STRING),
    )
    op.create_index("ix_refund_orders_case_id", "refund_orders", ["case_id"])
    _table(
        "carrier_claims",
        {"case_id": "cases", "parcel_id": "parcels"},
        ("id", _STRING),
        ("case_id", _STRING),
        ("parcel_id", _STRING),
        ("state", _STRING),
        ("note", _TEXT),
        ("evidence", _JSON),
        ("reference", _STRING, True),
        ("amount_minor", _BIG, True),
        ("answer", _STRING, True),
        ("made_at", _AT),
        ("filed_at", _AT, True),
        ("answered_at", _AT, True),
        ("by", _STRING),
    )
    op.create_index("ix_carrier_claims_case_id", "carrier_claims", ["case_id"])


def downgrade() -> None:
    """Take them away again."""
    for name in (
        "carrier_claims",
        "refund_orders",
        "labels",
        "scans",
        "errands",
        "return_addresses",
        "ports",
    ):
        op.drop_table(name)
    op.drop_index("ix_parcels_look_at", "parcels")
    for name, _ in reversed(_PARCEL):
        op.drop_column("parcels", name)
    op.drop_column("cases", "parcel_anomaly")


def _table(
    table: str,
    foreign: dict[str, str],
    *columns: tuple[object, ...],
    key: tuple[str, ...] = ("id",),
    unique: tuple[str, ...] = (),
) -> None:
    """One table, with the names of its constraints as the models make them."""
    made: list[sa.Column[object]] = [
        sa.Column(str(name), kind, nullable=bool(null))  # type: ignore[arg-type]
        for name, kind, *null in columns
    ]
    constraints: list[sa.Constraint] = [
        sa.ForeignKeyConstraint([own], [f"{other}.id"], name=op.f(f"fk_{table}_{own}_{other}"))
        for own, other in foreign.items()
    ]
    constraints.append(sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{table}")))
    if unique:
        name = op.f(f"uq_{table}_{'_'.join(unique)}")
        constraints.append(sa.UniqueConstraint(*unique, name=name))
    op.create_table(table, *made, *constraints)
