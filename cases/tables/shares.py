"""Shares: somebody named looks at one inspection, or a part of it, by a link of their own."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from cases.tables.base import Base


class Share(Base):
    """The unguessable URL by which a named viewer replays a recorded inspection, until when."""

    __tablename__ = "shares"
    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), index=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    sealed_viewer: Mapped[bytes]  # name and e-mail as JSON, sealed with the case's key
    from_ms: Mapped[int | None] = mapped_column(BigInteger)  # wall clock; both None: the whole
    to_ms: Mapped[int | None] = mapped_column(BigInteger)
    may_download: Mapped[bool] = mapped_column(default=False)
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_seen_at: Mapped[datetime | None]
