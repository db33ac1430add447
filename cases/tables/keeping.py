"""How long cases are kept: a tenant's rules, each case's date, legal holds, and what was erased."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from cases.tables.base import Base

_OPEN = text("released_at IS NULL")


class KeepSetting(Base):
    """A tenant's rules of retention; without a row nothing is erased by itself."""

    __tablename__ = "keep_settings"
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    rules: Mapped[dict[str, Any]]  # cases.keep_rules.KeepRules
    updated_at: Mapped[datetime]
    updated_by: Mapped[str]


class Keeping(Base):
    """How long one case is kept, and what the store has been told of it."""

    __tablename__ = "keepings"
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), index=True)
    closed_at: Mapped[datetime | None]
    until: Mapped[datetime | None]  # NULL: no date, see cases.keep_rules.KeptWhy
    next_at: Mapped[datetime | None] = mapped_column(index=True)  # when to look again
    store_at: Mapped[datetime | None] = mapped_column(index=True)  # when to tell the store
    store_tries: Mapped[int] = mapped_column(BigInteger, default=0)


class LegalHold(Base):
    """Somebody ordered that nothing of a case may go, until it is released."""

    __tablename__ = "legal_holds"
    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    reason: Mapped[str] = mapped_column(Text)
    placed_at: Mapped[datetime]
    placed_by: Mapped[str]
    released_at: Mapped[datetime | None]
    released_by: Mapped[str | None]
    release_reason: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (
        Index(
            "uq_legal_holds_open_case",
            "case_id",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
    )


class Erasure(Base):
    """The tombstone of a case, and how far its erasure is."""

    __tablename__ = "erasures"
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    state: Mapped[str]  # ErasureState
    cause: Mapped[str]  # ErasureCause
    reason: Mapped[str] = mapped_column(Text)
    kept_days: Mapped[int | None]  # for how long its rule kept it, where a rule erased it
    ordered_at: Mapped[datetime]
    ordered_by: Mapped[str]
    unreadable_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    order_key: Mapped[bytes | None]  # wrapped, of its order, from whose going until it is destroyed
    counts: Mapped[dict[str, Any]]
    manifests: Mapped[list[Any]]  # [{session_id, number, root, manifest_sha256}]
    left: Mapped[list[Any]]  # [[object key, version]] that the store still has, unreadable
    left_why: Mapped[str | None]
    next_at: Mapped[datetime | None] = mapped_column(index=True)
    tries: Mapped[int] = mapped_column(default=0)
