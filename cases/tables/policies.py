"""Return policies: the versions that a seller wrote, and what they answered to cases."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cases.tables.base import Base, Json


class Policy(Base):
    """One version of a seller's policy; once it was piloted or published its rules stay."""

    __tablename__ = "policies"
    id: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    number: Mapped[int]  # counts a tenant's versions from 1
    title: Mapped[str]
    rules: Mapped[dict[str, Any]]  # PolicyRules
    based_on: Mapped[int | None]  # the number of the version that it began as
    revision: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    saved_at: Mapped[datetime]
    saved_by: Mapped[str]
    previewed_at: Mapped[datetime | None]  # NULL again when it is saved
    published_at: Mapped[datetime | None]
    published_by: Mapped[str | None]
    effective_from: Mapped[datetime | None]
    pilot_scope: Mapped[dict[str, Any] | None] = mapped_column(Json)
    pilot_from: Mapped[datetime | None]
    pilot_by: Mapped[str | None]
    pilot_ended_at: Mapped[datetime | None]
    pilot_ended_by: Mapped[str | None]
    __mapper_args__ = {"version_id_col": revision}  # noqa: RUF012 - SQLAlchemy reads it
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        Index("ix_policies_tenant_id_effective_from", "tenant_id", "effective_from"),
    )


class PolicyAnswer(Base):
    """What a policy answered to a case when it was filed; only the buyer's word is added."""

    __tablename__ = "policy_answers"
    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), unique=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    policy_id: Mapped[str] = mapped_column(ForeignKey("policies.id"))
    piloted: Mapped[bool]
    rule: Mapped[str | None]  # its name; NULL when no rule matched
    kind: Mapped[str]  # AnswerKind
    answer: Mapped[dict[str, Any]]  # Answer
    sentence: Mapped[str]  # key of policy_words.SENTENCES
    parameters: Mapped[dict[str, Any]]
    missing: Mapped[list[Any]]  # of Fact
    facts: Mapped[list[Any]]  # of Facts, one per line
    answered_at: Mapped[datetime]
    buyer_word: Mapped[str | None]  # OfferWord; NULL: not answered, or nothing was offered
    buyer_word_at: Mapped[datetime | None]
    __table_args__ = (Index("ix_policy_answers_tenant_id_answered_at", "tenant_id", "answered_at"),)
