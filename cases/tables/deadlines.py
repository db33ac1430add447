"""When things are due: hours, deadlines, weekly shifts and appointments."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from cases.tables.base import Base

_OPEN = text("ended_at IS NULL")
_BOOKED = text("state = 'booked'")


class DeskHours(Base):
    """When a tenant's desk works and how long what may take; without a row, the defaults."""

    __tablename__ = "desk_hours"
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    hours: Mapped[dict[str, Any]]  # cases.desk_hours.HoursIn
    lengths: Mapped[dict[str, Any]]  # cases.desk_hours.LengthsIn
    updated_at: Mapped[datetime]


class Deadline(Base):
    """Something of a case that is due; ``next_at`` is when the sweeper has to look."""

    __tablename__ = "deadlines"
    id: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    kind: Mapped[str]  # DeadlineKind
    started_at: Mapped[datetime]
    due_at: Mapped[datetime | None]  # NULL while paused
    warn_at: Mapped[datetime | None]
    next_at: Mapped[datetime | None] = mapped_column(index=True)  # NULL: nothing to do
    left_s: Mapped[int | None]  # while paused: the time that is left
    warn_left_s: Mapped[int | None]
    paused_at: Mapped[datetime | None]
    warned_at: Mapped[datetime | None]
    missed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    __table_args__ = (
        Index(
            "uq_deadlines_open_kind",
            "case_id",
            "kind",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
    )


class Roster(Base):
    """When a member of staff is on shift, and what they can do."""

    __tablename__ = "rosters"
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    hours: Mapped[dict[str, Any]]  # cases.desk_hours.HoursIn
    languages: Mapped[list[Any]]  # of Locale; empty: any
    categories: Mapped[list[Any]]  # of words; empty: any
    updated_at: Mapped[datetime]


class Appointment(Base):
    """A time that a buyer has booked; ``seat`` counts who can host at once."""

    __tablename__ = "appointments"
    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    queue_id: Mapped[str]  # the warehouse, or the tenant when its own people inspect
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    seat: Mapped[int]
    zone: Mapped[str]  # the buyer's
    state: Mapped[str]  # AppointmentState
    sequence: Mapped[int] = mapped_column(default=0)  # of the calendar entry
    reminders: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime | None] = mapped_column(index=True)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    __table_args__ = (
        Index(
            "uq_appointments_seat",
            "queue_id",
            "starts_at",
            "seat",
            unique=True,
            sqlite_where=_BOOKED,
            postgresql_where=_BOOKED,
        ),
        Index(
            "uq_appointments_open_case",
            "case_id",
            unique=True,
            sqlite_where=_BOOKED,
            postgresql_where=_BOOKED,
        ),
        Index("ix_appointments_case_id_starts_at", "case_id", "starts_at"),
    )
