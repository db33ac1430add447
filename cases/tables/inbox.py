"""How a seller's people keep their inbox: saved filters, tags, snoozes, what can be taken back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from cases.tables.base import Base


class SavedFilter(Base):
    """A list of cases that somebody wants again, alone or with everybody of the organisation."""

    __tablename__ = "saved_filters"
    id: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[str]  # tenant or warehouse
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"))  # who made it
    shared: Mapped[bool]
    name: Mapped[str]
    wanted: Mapped[dict[str, Any]]  # cases.saved_filters.Narrowed
    created_at: Mapped[datetime]
    __table_args__ = (
        Index("ix_saved_filters_organisation_id_shared", "organisation_id", "shared"),
        Index("ix_saved_filters_staff_id", "staff_id"),
    )


class CaseTag(Base):
    """A word that somebody of the seller put on a case."""

    __tablename__ = "case_tags"
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    tag: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    created_at: Mapped[datetime]
    __table_args__ = (Index("ix_case_tags_tenant_id_tag", "tenant_id", "tag"),)


class Snooze(Base):
    """A case that nobody of the seller has to see until then, or until the buyer writes."""

    __tablename__ = "snoozes"
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    until: Mapped[datetime]
    snoozed_by: Mapped[str]  # the actor's label
    created_at: Mapped[datetime]


class HeldAct(Base):
    """What somebody did and may take back until it is carried out, once."""

    __tablename__ = "held_acts"
    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    kind: Mapped[str]  # HeldKind
    sealed: Mapped[bytes | None]  # the words under the case's key; NULL once it is over
    state: Mapped[str]  # HeldState
    failure: Mapped[str | None]  # the code with which it was refused
    due_at: Mapped[datetime]
    next_at: Mapped[datetime | None] = mapped_column(index=True)  # NULL: nothing to do
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    __table_args__ = (Index("ix_held_acts_case_id_created_at", "case_id", "created_at"),)
