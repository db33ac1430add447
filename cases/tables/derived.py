"""What durable work makes of recordings: derived copies, and tries to store any made file."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from cases.tables.base import Base


class DerivedCopy(Base):
    """A copy that somebody ordered; its bytes are in the store, in parts sealed by the session."""

    __tablename__ = "derived_copies"
    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), index=True)
    ordered_by: Mapped[str]
    kind: Mapped[str]  # CopyKind: burned_in, redacted, credentialed
    sealed_order: Mapped[bytes | None]  # CopyOrder, with the session's key
    state: Mapped[str]  # MadeState: waiting, wanted, ready, failed
    done_ms: Mapped[int] = mapped_column(BigInteger)
    total_ms: Mapped[int | None] = mapped_column(BigInteger)
    size: Mapped[int | None] = mapped_column(BigInteger)
    object_prefix: Mapped[str | None]
    parts: Mapped[int | None]
    sha256: Mapped[str | None]
    sealed_statement: Mapped[bytes | None]  # compact JWS, with the session's key: it says why
    credentials: Mapped[str | None]  # Credentials: signed, too_large, not_made
    failure: Mapped[str | None]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class CredentialRoot(Base):
    """A certificate under which content credentials were signed; published for good."""

    __tablename__ = "credential_roots"
    pem: Mapped[str] = mapped_column(Text, primary_key=True)
    since: Mapped[datetime]


class FileTry(Base):
    """A try to store a package, an export or a copy that is not the file, or not yet."""

    __tablename__ = "file_tries"
    prefix: Mapped[str] = mapped_column(primary_key=True)  # of the names of its objects
    file_id: Mapped[str] = mapped_column(index=True)
    case_id: Mapped[str | None] = mapped_column(ForeignKey("cases.id"), index=True)
    parts: Mapped[int]  # how many objects there may be
    # When they are to be deleted; NULL while they are stored.
    clear_at: Mapped[datetime | None] = mapped_column(index=True)
