"""Asking for cases by their terms, on either database.

PostgreSQL has an inverted index of arrays (GIN). On SQLite the terms of ``case_words`` are
mirrored by triggers (migration 0021) in rows of a term and a case's number, in that order.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    LargeBinary,
    Select,
    String,
    and_,
    any_,
    bindparam,
    column,
    exists,
    func,
    select,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from cases.search_terms import signed_pack
from cases.tables import Case, CaseWords

Words = Sequence[frozenset[int]]
"""For each word the terms that stand for it. No two tenants share a term."""

_rows = table("case_word_rows", column("number", Integer), column("case_id", String))
_terms = table("case_word_terms", column("term", LargeBinary), column("number", Integer))

# Of a term that is none of the most common the planner guesses one row in two hundred, and with
# a limit then rather reads the table: seconds of it, where the index finds nothing at once.
# Until the end of this transaction, which reads.
_BY_THE_INDEX = text("SET LOCAL enable_seqscan = off")


async def cases_with(
    tx: AsyncSession, words: Words, limit: int, among: list[str] | None = None
) -> list[str]:
    """Up to so many cases that have all words, of certain ones or of all tenants.

    Nothing narrows this to tenants but their keys: PostgreSQL would read all of a tenant's
    rows to do so. The list that a case is shown in shows no other tenant's.
    """
    if among == []:
        return []
    name: Any = CaseWords.case_id
    query: Select[Any] = select(name).where(*map(_overlaps, words))
    if _is_postgresql(tx):
        await tx.execute(_BY_THE_INDEX)
    else:
        name = _rows.c.case_id
        query = await _led_by_the_rarest(tx, words, limit)
    if among is not None:
        query = query.where(is_one_of(tx, name, among))
    return list(await tx.scalars(query.limit(limit)))


def has_all(tx: AsyncSession, words: Words) -> ColumnElement[bool]:
    """Whether a row of ``Case`` has all words, asked case by case: as one value, so that the
    planner cannot turn it round and read every match."""
    if _is_postgresql(tx):
        return (
            select(and_(*map(_overlaps, words)))
            .where(CaseWords.tenant_id == Case.tenant_id, CaseWords.case_id == Case.id)
            .scalar_subquery()
        )
    number = (
        select(_rows.c.number).where(_rows.c.case_id == Case.id).correlate(Case).scalar_subquery()
    )
    return and_(*(_stands_for(number, terms) for terms in words))


def is_one_of(tx: AsyncSession, name: Any, case_ids: list[str]) -> Any:
    """One parameter however many there are: the statement is compiled and planned once."""
    if _is_postgresql(tx):
        return name == any_(bindparam(None, case_ids, type_=ARRAY(String), unique=True))
    found = func.json_each(json.dumps(case_ids)).table_valued("value")
    return name.in_(select(found.c.value))


def _is_postgresql(tx: AsyncSession) -> bool:
    return tx.get_bind().dialect.name == "postgresql"


def _overlaps(terms: Collection[int]) -> ColumnElement[bool]:
    wanted = bindparam(None, sorted(terms), type_=ARRAY(BigInteger), unique=True)
    return CaseWords.terms.op("&&", is_comparison=True)(wanted)


async def _led_by_the_rarest(tx: AsyncSession, words: Words, limit: int) -> Select[Any]:
    """The rows of the word that has the fewest, each asked whether it has the others.

    SQLite has no figures of how often a term occurs: up to the limit they are counted.
    """
    counts = [
        await tx.scalar(
            select(func.count()).select_from(
                select(_terms.c.number).where(_is_in(_terms, one)).limit(limit).subquery()
            )
        )
        or 0
        for one in words
    ]
    rarest = counts.index(min(counts))
    lead = _terms.alias()
    return (
        select(_rows.c.case_id)
        .distinct()
        .select_from(lead.join(_rows, _rows.c.number == lead.c.number))
        .where(
            _is_in(lead, words[rarest]),
            *(_stands_for(lead.c.number, one) for at, one in enumerate(words) if at != rarest),
        )
    )


def _stands_for(number: Any, terms: Collection[int]) -> ColumnElement[bool]:
    other = _terms.alias()
    return exists().where(_is_in(other, terms), other.c.number == number)


def _is_in(rows: Any, terms: Collection[int]) -> ColumnElement[bool]:
    wanted: ColumnElement[bool] = rows.c.term.in_([signed_pack([one]) for one in sorted(terms)])
    return wanted
