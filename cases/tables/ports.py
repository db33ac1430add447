"""What is asked of carriers and payment providers: set-up, errands, scans, labels, refunds."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cases.tables.base import Base


class Port(Base):
    """How one seller reaches one kind of somebody else's system."""

    __tablename__ = "ports"
    id: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    kind: Mapped[str]  # PortKind
    enabled: Mapped[bool]
    setup: Mapped[dict[str, Any]]  # TrackingSetup, LabelSetup or RefundSetup without its secret
    header: Mapped[str]
    secret: Mapped[bytes | None]  # encrypted with the tenant's key
    push_secret: Mapped[bytes | None]  # tracking: what signs scans that are pushed
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]
    __table_args__ = (UniqueConstraint("tenant_id", "kind"),)


class ReturnAddress(Base):
    """Where a seller's goods are sent back to: one for each warehouse, one for none."""

    __tablename__ = "return_addresses"
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    place: Mapped[str] = mapped_column(primary_key=True)  # the warehouse's id, or ``own``
    address: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime]


class Errand(Base):
    """Something to be asked of a port, again and again until its end is known."""

    __tablename__ = "errands"
    id: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    kind: Mapped[str]  # PortKind
    subject_id: Mapped[str]  # of the parcel, label or refund
    state: Mapped[str]  # ErrandState
    tries: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None]
    give_up_at: Mapped[datetime]
    sealed_words: Mapped[bytes | None]  # what came of the last try, under the case's key
    made_at: Mapped[datetime]
    __table_args__ = (
        Index("ix_errands_state_due_at", "state", "due_at"),
        Index("ix_errands_tenant_id_state", "tenant_id", "state"),
        Index("ix_errands_subject_id", "subject_id"),
    )


class Scan(Base):
    """One fact about a parcel's way, kept once whoever tells it again."""

    __tablename__ = "scans"
    id: Mapped[str] = mapped_column(primary_key=True)
    parcel_id: Mapped[str] = mapped_column(ForeignKey("parcels.id"))
    status: Mapped[str]  # ScanStatus
    at: Mapped[datetime]
    place_digest: Mapped[bytes]
    sealed_words: Mapped[bytes]  # cases.parcel_words.ScanWords, under the case's key
    source: Mapped[str]  # ScanSource
    known_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("parcel_id", "status", "at", "place_digest"),)


class Label(Base):
    """A label for a case: ordered of the port, or uploaded; its file lies sealed in the store."""

    __tablename__ = "labels"
    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    parcel_id: Mapped[str | None] = mapped_column(ForeignKey("parcels.id"))
    state: Mapped[str]  # LabelState
    sealed_words: Mapped[bytes | None]  # cases.labels.LabelWords, under the case's key
    carrier: Mapped[str | None]
    media_type: Mapped[str | None]
    size: Mapped[int | None]
    sha256: Mapped[str | None]
    object_key: Mapped[str]
    made_at: Mapped[datetime]
    by: Mapped[str]


class RefundOrder(Base):
    """Money that the port is to give back, at most once."""

    __tablename__ = "refund_orders"
    id: Mapped[str] = mapped_column(primary_key=True)  # also the key of idempotency
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    state: Mapped[str]  # RefundState
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    remote_id: Mapped[str | None]
    sealed_why: Mapped[bytes | None]  # under the case's key
    ordered_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]  # set before it is sent
    ended_at: Mapped[datetime | None]
    by: Mapped[str]


class CarrierClaim(Base):
    """What the seller asks of a carrier for a parcel."""

    __tablename__ = "carrier_claims"
    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    parcel_id: Mapped[str] = mapped_column(ForeignKey("parcels.id"))
    state: Mapped[str]  # ClaimState
    sealed_words: Mapped[bytes | None]  # cases.carrier_claims.ClaimWords, under the case's key
    evidence: Mapped[list[Any]]  # ids of the case's photographs and attachments
    amount_minor: Mapped[int | None] = mapped_column(BigInteger)
    made_at: Mapped[datetime]
    filed_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    by: Mapped[str]
