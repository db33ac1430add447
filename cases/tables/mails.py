"""What is sent by mail, and how each try to send it went."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from cases.tables.base import Base


class Mail(Base):
    """One mail; its words are sealed, and once it was sent only to whom and about what."""

    __tablename__ = "mails"
    id: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[str]  # tenant or warehouse
    case_id: Mapped[str | None] = mapped_column(ForeignKey("cases.id"), index=True)
    kind: Mapped[str]
    locale: Mapped[str]
    sealed: Mapped[bytes]  # cases.mail_seal
    state: Mapped[str]  # MailState: queued, sent, refused, no_server
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    orders: Mapped[int] = mapped_column(default=1)  # how often its sending was ordered
    __table_args__ = (Index("ix_mails_organisation_id_id", "organisation_id", "id"),)


class MailTry(Base):
    """One try to hand a mail to the mail server."""

    __tablename__ = "mail_tries"
    id: Mapped[str] = mapped_column(primary_key=True)
    mail_id: Mapped[str] = mapped_column(ForeignKey("mails.id"), index=True)
    at: Mapped[datetime]
    outcome: Mapped[str]  # sent, failed, refused
    sealed_words: Mapped[bytes | None]  # what the server said, sealed as the mail is
