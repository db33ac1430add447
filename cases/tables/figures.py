"""What figures are counted from: one narrow row per case, kept in the commit that changes it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from cases.tables.base import Base


class CaseFigure(Base):
    """When a case came to each step, what it is counted by, and what it is worth."""

    __tablename__ = "case_figures"
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    state: Mapped[str]  # CaseState
    reason: Mapped[str]  # ClaimReason
    product: Mapped[str]  # SKU of the first line
    category: Mapped[str | None]
    market: Mapped[str | None]
    language: Mapped[str]
    carrier: Mapped[str | None]
    policy_version: Mapped[str | None]
    outcome: Mapped[str | None]
    liability: Mapped[str | None]
    currency: Mapped[str]
    value_minor: Mapped[int] = mapped_column(BigInteger)  # of all its lines
    opened_at: Mapped[datetime]
    offered_at: Mapped[datetime | None]  # an inspection was first offered
    answered_at: Mapped[datetime | None]  # first step of the seller that the buyer can see
    live_at: Mapped[datetime | None]  # first inspection by video
    inspected_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]  # the last decision
    refunded_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    answer_s: Mapped[int | None]  # from opening to ``answered_at``, and so on
    decision_s: Mapped[int | None]
    refund_s: Mapped[int | None]
    __table_args__ = (Index("ix_case_figures_tenant_id_opened_at", "tenant_id", "opened_at"),)
