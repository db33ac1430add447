"""What buyers are told, over which channels, in whose words, and what they do not want."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cases.tables.base import Base


class Notice(Base):
    """One thing one buyer is told once; its words are made when it goes and kept nowhere here."""

    __tablename__ = "notices"
    id: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    kind: Mapped[str]  # NoticeKind
    subject: Mapped[str]  # what it is about: the same event is told once
    seq: Mapped[int]  # of the entry in the case's log that it follows from
    channel: Mapped[str | None]  # ChannelKind; NULL until one is chosen
    tried: Mapped[list[Any]]  # channels that failed for good
    address_hash: Mapped[bytes | None]
    locale: Mapped[str]
    state: Mapped[str]  # NoticeState
    reason: Mapped[str | None]  # NoticeReason, where it did not go
    sealed_words: Mapped[bytes | None]  # what the other side said last, under the case's key
    created_at: Mapped[datetime]
    due_at: Mapped[datetime | None]  # of the next look, while it waits
    give_up_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)  # over the channel that is tried now
    tries: Mapped[int] = mapped_column(default=0)  # ever
    mail_id: Mapped[str | None] = mapped_column(index=True)
    sent_at: Mapped[datetime | None]
    __table_args__ = (
        UniqueConstraint("case_id", "kind", "subject"),
        Index("ix_notices_state_due_at", "state", "due_at"),
        Index("ix_notices_tenant_id_id", "tenant_id", "id"),
    )


class NoticeSetting(Base):
    """When a seller's buyers are left alone, and what they are not told at all."""

    __tablename__ = "notice_settings"
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    quiet_from: Mapped[int]  # minutes of the buyer's day
    quiet_until: Mapped[int]
    zone: Mapped[str]  # for buyers of whom no zone is known
    off: Mapped[list[Any]]  # of NoticeKind
    updated_at: Mapped[datetime]


class NoticeTemplate(Base):
    """A seller's own words in place of ours."""

    __tablename__ = "notice_templates"
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    locale: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str]
    body: Mapped[str] = mapped_column(Text)
    button: Mapped[str]
    updated_at: Mapped[datetime]
    updated_by: Mapped[str]


class NoticeChannel(Base):
    """A seller's account with a messenger, or the system that sends for it; one of each kind."""

    __tablename__ = "notice_channels"
    id: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    kind: Mapped[str]  # ChannelKind
    options: Mapped[dict[str, Any]]
    secrets: Mapped[bytes]  # encrypted with the tenant's key
    enabled: Mapped[bool]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    updated_by: Mapped[str]
    __table_args__ = (UniqueConstraint("tenant_id", "kind"),)


class NoticeContact(Base):
    """Where the buyer of a case is reached besides by mail."""

    __tablename__ = "notice_contacts"
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    address: Mapped[bytes]  # encrypted with the case's key
    address_hash: Mapped[bytes]
    heard_at: Mapped[datetime | None]  # when the buyer last wrote there
    created_at: Mapped[datetime]
    __table_args__ = (
        Index("ix_notice_contacts_tenant_id_kind", "tenant_id", "kind", "address_hash"),
    )


class NoticeOptOut(Base):
    """An address does not want a group of a seller's notices."""

    __tablename__ = "notice_opt_outs"
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    address_hash: Mapped[bytes] = mapped_column(primary_key=True)
    group: Mapped[str] = mapped_column(primary_key=True)  # NoticeGroup
    at: Mapped[datetime]


class InboundMessage(Base):
    """A message that came in over a channel, so that its repeat is not a second one."""

    __tablename__ = "inbound_messages"
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    provider_id: Mapped[bytes] = mapped_column(primary_key=True)  # SHA-256 of the provider's id
    case_id: Mapped[str | None] = mapped_column(ForeignKey("cases.id"))  # NULL: nobody's we know
    at: Mapped[datetime]
