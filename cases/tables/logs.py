"""The three logs, and the answers that are given twice."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cases.tables.base import Base


class Event(Base):
    """One immutable fact in one of the three logs."""

    __tablename__ = "events"
    log: Mapped[str] = mapped_column(primary_key=True)  # LogKind: session, case, access
    subject_id: Mapped[str] = mapped_column(primary_key=True)  # session, case or tenant id
    seq: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    visibility: Mapped[str]  # Visibility: parties, seller, internal
    at: Mapped[datetime]
    actor: Mapped[str]  # staff:…, buyer:…, key:…, system
    client_id: Mapped[str | None]  # what makes a browser's message idempotent
    payload: Mapped[bytes | None]  # encrypted, its salt with it; NULL once erased
    commitment: Mapped[str]
    previous: Mapped[str]
    hash: Mapped[str]
    __table_args__ = (UniqueConstraint("log", "subject_id", "actor", "client_id"),)


class CaseAccess(Base):
    """Which entries of a tenant's access log are about which case."""

    __tablename__ = "case_accesses"
    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[str]
    __table_args__ = (Index("ix_case_accesses_case_id_seq", "case_id", "seq"),)


class IdempotentAnswer(Base):
    """What a request with an Idempotency-Key was answered."""

    __tablename__ = "idempotent_answers"
    api_key_id: Mapped[str] = mapped_column(primary_key=True)
    key_digest: Mapped[str] = mapped_column(primary_key=True)
    request_digest: Mapped[str]
    status: Mapped[int]
    body: Mapped[bytes]  # under a key that follows from the Idempotency-Key
    created_at: Mapped[datetime]
