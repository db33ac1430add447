"""What a person is given of themselves: everything that is kept about the buyer in one case."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from cases.tables.base import Base


class PersonExport(Base):
    """An export that somebody ordered; its bytes are in the store, in parts sealed by the case."""

    __tablename__ = "person_exports"
    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    ordered_by: Mapped[str]
    state: Mapped[str]  # MadeState: wanted, ready, failed
    done_bytes: Mapped[int] = mapped_column(BigInteger)
    total_bytes: Mapped[int | None] = mapped_column(BigInteger)
    size: Mapped[int | None] = mapped_column(BigInteger)
    object_prefix: Mapped[str | None]
    parts: Mapped[int | None]
    sha256: Mapped[str | None]
    failure: Mapped[str | None]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
