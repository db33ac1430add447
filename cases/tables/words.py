"""What cases are found by: one row of keyed terms per case, kept in the commit that adds words."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, TypeDecorator
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeEngine

from cases.search_terms import signed_pack, signed_unpack
from cases.tables.base import Base


class TermSet(TypeDecorator[frozenset[int]]):
    """Terms: an array of numbers on PostgreSQL, bytes in a row on SQLite."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(ARRAY(BigInteger))
        return dialect.type_descriptor(LargeBinary())

    def process_bind_param(self, value: frozenset[int] | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        return sorted(value) if dialect.name == "postgresql" else signed_pack(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> frozenset[int] | None:
        if value is None:
            return None
        return frozenset(value) if dialect.name == "postgresql" else signed_unpack(value)


class CaseWords(Base):
    """The terms of a case's words (``cases.search_terms``); goes with the case."""

    __tablename__ = "case_words"
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    terms: Mapped[frozenset[int]] = mapped_column(TermSet)
    __table_args__ = (
        Index("ix_case_words_terms", "terms", postgresql_using="gin").ddl_if(dialect="postgresql"),
        # SQLite reads a tenant's rows from end to end: they lie together.
        {"sqlite_with_rowid": False},
    )
