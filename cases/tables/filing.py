"""A return as the buyer files it: the seller's orders, the draft, and what was photographed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cases.tables.base import Base


class FilingSetting(Base):
    """A tenant's filing key and the origins that may embed its form."""

    __tablename__ = "filing_settings"
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    sealed_secret: Mapped[bytes]  # HS256, under the tenant's key
    public_key: Mapped[str | None]  # Ed25519, base64url, for EdDSA
    origins: Mapped[list[Any]]
    updated_at: Mapped[datetime]


class ReasonChoice(Base):
    """Which reasons a tenant's form offers for one category; ``*`` is every other."""

    __tablename__ = "reason_choices"
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    category: Mapped[str] = mapped_column(primary_key=True)
    reasons: Mapped[list[Any]]  # of cases.reasons.OfferedReason
    updated_at: Mapped[datetime]


class Order(Base):
    """What the seller's system told of one order, under a key of its own."""

    __tablename__ = "orders"
    id: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    order_number: Mapped[str]
    wrapped_key: Mapped[bytes]
    sealed_words: Mapped[bytes]  # TellOrder
    updated_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("tenant_id", "order_number"),)


class Filing(Base):
    """A return being filed; with its case it shares the key."""

    __tablename__ = "filings"
    id: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    secret_hash: Mapped[bytes]
    order_number: Mapped[str]
    order_known: Mapped[bool]  # whether the seller's system or a signed link told it
    sealed_words: Mapped[bytes | None]  # cases.filing.FilingWords; NULL once they are forgotten
    wrapped_key: Mapped[bytes | None]  # NULL once the draft has expired
    case_id: Mapped[str | None] = mapped_column(ForeignKey("cases.id"), index=True)
    sealed_answer: Mapped[bytes | None]
    photographs_only_at: Mapped[datetime | None]  # the buyer shows nothing else
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Attachment(Base):
    """A photograph or a clip; until it is whole and looked at, an upload."""

    __tablename__ = "attachments"
    id: Mapped[str] = mapped_column(primary_key=True)
    filing_id: Mapped[str | None] = mapped_column(
        ForeignKey("filings.id"), index=True
    )  # NULL: it came by mail
    case_id: Mapped[str | None] = mapped_column(
        ForeignKey("cases.id"), index=True
    )  # NULL: its filing is a draft
    sealed_name: Mapped[bytes | None]  # under its case's key; NULL once it is forgotten
    size: Mapped[int]
    received: Mapped[int] = mapped_column(default=0)
    state: Mapped[str]  # AttachmentState
    media_type: Mapped[str | None]
    sha256: Mapped[str | None]
    preview_key: Mapped[str | None]
    created_at: Mapped[datetime]


class AttachmentPart(Base):
    """Consecutive bytes of an attachment, sealed in the store."""

    __tablename__ = "attachment_parts"
    attachment_id: Mapped[str] = mapped_column(ForeignKey("attachments.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)  # of the first byte
    size: Mapped[int]
    object_key: Mapped[str]
