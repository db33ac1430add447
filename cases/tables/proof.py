"""What makes evidence checkable elsewhere: checkpoints, device keys, published keys, packages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from cases.tables.base import Base


class Checkpoint(Base):
    """A signed statement, during the call, of what was durable then; each cites the one before."""

    __tablename__ = "checkpoints"
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)  # from 1
    jws: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str]  # of the signed body
    created_at: Mapped[datetime]


class DeviceKey(Base):
    """The public key that a device made at joining; the session log names it, too."""

    __tablename__ = "device_keys"
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), primary_key=True)
    participant_id: Mapped[str] = mapped_column(ForeignKey("participants.id"), primary_key=True)
    kid: Mapped[str] = mapped_column(primary_key=True)
    jwk: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class Countersignature(Base):
    """A participant's device says that it was given a checkpoint."""

    __tablename__ = "countersignatures"
    session_id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    participant_id: Mapped[str] = mapped_column(primary_key=True)
    jws: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(
            ["session_id", "number"], ["checkpoints.session_id", "checkpoints.number"]
        ),
    )


class PublishedKey(Base):
    """A key that signs or has signed statements; its public half, kept for good."""

    __tablename__ = "signing_keys"
    kid: Mapped[str] = mapped_column(primary_key=True)
    x: Mapped[str]  # base64url
    since: Mapped[datetime]
    until: Mapped[datetime | None]


class EvidenceCheck(Base):
    """When a recorded session was last held against the store, and what did not match."""

    __tablename__ = "evidence_checks"
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), primary_key=True)
    next_at: Mapped[datetime] = mapped_column(index=True)
    checked_at: Mapped[datetime | None]
    whole_at: Mapped[datetime | None]  # when every object was last read and hashed
    mismatches: Mapped[int] = mapped_column(default=0)
    found: Mapped[list[Any]] = mapped_column(default=list)  # [{kind, subject}], the first hundred
    __table_args__ = (
        Index(
            "ix_evidence_checks_mismatches",
            "mismatches",
            sqlite_where=text("mismatches > 0"),
            postgresql_where=text("mismatches > 0"),
        ),
    )


class TimeStamp(Base):
    """What a time-stamping authority is to be asked of a manifest, and what it said (RFC 3161).

    Renewal 0 is the first; each later one stamps the manifest and the one before.
    """

    __tablename__ = "time_stamps"
    session_id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    renewal: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]  # StampState: waiting, ordered, kept, lapsed
    tries: Mapped[int]
    due_at: Mapped[datetime | None]
    words: Mapped[str | None]  # why the last try came to nothing
    response: Mapped[bytes | None]  # TimeStampResp
    authority: Mapped[bytes | None]  # the certificate (PEM) under which it was believed
    __table_args__ = (
        ForeignKeyConstraint(
            ["session_id", "number"], ["manifests.session_id", "manifests.number"]
        ),
        Index("ix_time_stamps_state_due_at", "state", "due_at"),
    )


class EvidencePackage(Base):
    """A package that somebody ordered; its bytes are in the store, in sealed parts."""

    __tablename__ = "evidence_packages"
    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    ordered_by: Mapped[str]
    part: Mapped[dict[str, Any] | None]  # PartOrder; none of a whole case
    state: Mapped[str]  # MadeState: waiting, wanted, ready, failed
    done_bytes: Mapped[int] = mapped_column(BigInteger)
    total_bytes: Mapped[int | None] = mapped_column(BigInteger)
    size: Mapped[int | None] = mapped_column(BigInteger)
    object_prefix: Mapped[str | None]
    parts: Mapped[int | None]
    sha256: Mapped[str | None]
    failure: Mapped[str | None]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
