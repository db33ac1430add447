"""A return: its lines, its links, the devices and the consents of those who come by them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cases.tables.base import Base


class Case(Base):
    """One return."""

    __tablename__ = "cases"
    id: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    warehouse_id: Mapped[str | None] = mapped_column(ForeignKey("warehouses.id"))
    order_number: Mapped[str]
    # cases.case_text: who the buyer is, the claim's and the verdict's words; NULL once erased.
    sealed_text: Mapped[bytes | None]
    buyer_hash: Mapped[bytes | None]  # address_hash of the buyer's e-mail; NULL: none, or erased
    buyer_locale: Mapped[str]
    state: Mapped[str]  # CaseState
    direction: Mapped[str]  # Direction of the next session: buyer_shows, warehouse_shows
    claim_reason: Mapped[str]  # ClaimReason
    claim_locale: Mapped[str]
    currency: Mapped[str]
    market: Mapped[str | None]  # ISO 3166 country of sale
    delivered_at: Mapped[datetime | None]
    verdict_outcome: Mapped[str | None]  # Outcome
    verdict_disposition: Mapped[str | None]
    verdict_liability: Mapped[str | None]
    verdict_at: Mapped[datetime | None]
    verdict_by: Mapped[str | None]
    wrapped_key: Mapped[bytes | None]  # NULL once erased
    erased_at: Mapped[datetime | None]  # when its erasure was ordered: nobody reads it any more
    erased_because: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)
    assignee_staff_id: Mapped[str | None]  # whose it is
    due_at: Mapped[datetime | None]  # the earliest of its open deadlines
    parcel_anomaly: Mapped[str | None]  # Anomaly of one of its parcels
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy reads it
    __table_args__ = (
        # In the order of the lists, so that a page is read and nothing else.
        Index("ix_cases_tenant_id_updated_at", "tenant_id", "updated_at", "id"),
        Index("ix_cases_tenant_id_state", "tenant_id", "state", "updated_at", "id"),
        Index("ix_cases_warehouse_id_updated_at", "warehouse_id", "updated_at", "id"),
        Index("ix_cases_tenant_id_order_number", "tenant_id", "order_number"),
        # A buyer's earlier returns, for the seller's policy.
        Index("ix_cases_tenant_id_buyer_hash", "tenant_id", "buyer_hash", "created_at"),
        Index("ix_cases_tenant_id_due_at", "tenant_id", "due_at"),
        Index("ix_cases_assignee_staff_id_due_at", "assignee_staff_id", "due_at"),
    )


class ItemLine(Base):
    """One line of the order that the case is about, with its listing as it was sold."""

    __tablename__ = "item_lines"
    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    position: Mapped[int]
    sku: Mapped[str]
    quantity: Mapped[int]
    price_minor: Mapped[int]  # in the currency's minor unit
    listing: Mapped[dict[str, Any]]  # frozen: title, pictures, properties
    listing_sha256: Mapped[str]
    # As it was found in the warehouse; NULL while nobody has looked.
    returned: Mapped[int | None]  # how many of ``quantity`` came back
    grade: Mapped[str | None]  # Grade
    disposition: Mapped[str | None]  # Disposition
    liability: Mapped[str | None]  # Liability
    sealed_check_note: Mapped[bytes | None]  # with the case's key
    category: Mapped[str | None]  # a word of the tenant's own list
    __table_args__ = (UniqueConstraint("case_id", "position"),)


class JoinLink(Base):
    """The unguessable URL that lets one buyer into one case."""

    __tablename__ = "join_links"
    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    sealed_token: Mapped[bytes | None]  # with the case's key: notices lead to the same link
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    first_joined_at: Mapped[datetime | None]


class Device(Base):
    """A browser that a join link is bound to, or that asks to be let in."""

    __tablename__ = "devices"
    id: Mapped[str] = mapped_column(primary_key=True)
    join_link_id: Mapped[str] = mapped_column(ForeignKey("join_links.id"), index=True)
    secret_hash: Mapped[bytes] = mapped_column(unique=True)  # of cookie and link together
    state: Mapped[str]  # DeviceState: bound, asking, refused, replaced
    sealed_user_agent: Mapped[bytes | None]  # with the case's key
    public_key: Mapped[dict[str, Any] | None]  # JWK made at joining, for countersigning
    created_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None]


class Consent(Base):
    """Somebody agreed to being recorded, to which words, and when."""

    __tablename__ = "consents"
    id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), index=True)
    participant_id: Mapped[str] = mapped_column(ForeignKey("participants.id"))
    text_version: Mapped[str]
    locale: Mapped[str]
    given_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
