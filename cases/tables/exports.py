"""What a person is given of themselves: all that is kept about a case's buyer, or of staff."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from cases.tables.base import Base


class PersonExport(Base):
    """An export that somebody ordered; its bytes are in the store, in sealed parts.

    About the buyer of a case they are sealed with its key; about a member of staff with
    one of its own (``wrapped_key``), which is destroyed before the file goes.
    """

    __tablename__ = "person_exports"
    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str | None] = mapped_column(ForeignKey("cases.id"), index=True)
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"), index=True)
    wrapped_key: Mapped[bytes | None]
    ordered_by: Mapped[str]
    state: Mapped[str]  # MadeState: wanted, ready, failed, expired
    done_bytes: Mapped[int] = mapped_column(BigInteger)
    total_bytes: Mapped[int | None] = mapped_column(BigInteger)
    size: Mapped[int | None] = mapped_column(BigInteger)
    object_prefix: Mapped[str | None]
    parts: Mapped[int | None]
    sha256: Mapped[str | None]
    failure: Mapped[str | None]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None] = mapped_column(index=True)  # NULL: nothing to delete
    __table_args__ = (
        CheckConstraint("(case_id IS NULL) <> (staff_id IS NULL)", name="one_person"),
    )
