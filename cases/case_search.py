"""Which cases a question finds: all its words must occur, and whole numbers come first.

A rare word leads: its few cases are read and put in order. A common word follows: the list is
walked in its own order and each case asked whether it has it, so that neither reads much.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    LargeBinary,
    String,
    any_,
    bindparam,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from cases.keys import KeyRing, WordKeys
from cases.search_terms import asked_terms, number_piece, signed_pack, term_of
from cases.tables import Case, CaseWords

MOST_READ: Final = 1000
"""Up to so many cases a word is rare."""
_MOST_FIRST: Final = 50

Choice = Sequence[frozenset[int]]
"""For each word the terms of one tenant that stand for it."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a list is narrowed to, and the cases that come first because a number is theirs."""

    narrowed: ColumnElement[bool]
    first: frozenset[str]


async def search(
    tx: AsyncSession,
    keys: KeyRing,
    tenant_ids: Collection[str],
    question: str,
    *,
    as_seller: bool,
) -> Found:
    """Look a question up among tenants; only their own people find by a buyer's address.

    A tenant that was erased has no cases to find.
    """
    known = await keys.known_word_keys(tx, tenant_ids)
    words = {one: _choices(key, question, as_seller) for one, key in known.items()}
    words = {one: choice for one, choice in words.items() if choice}
    if not words:
        return Found(Case.id.in_([]), frozenset())
    numbers = {one: [_number(key, question, as_seller)] for one, key in known.items()}
    found = await _cases_with(tx, words, MOST_READ + 1)
    is_rare = len(found) <= MOST_READ
    if is_rare and not any(one.isdigit() for one in question):
        first = await _cases_with(tx, numbers, _MOST_FIRST, among=found)
    else:
        # A number may be spaced otherwise than it was written down, and then has other words.
        first = await _cases_with(tx, numbers, _MOST_FIRST)
    if is_rare:
        return Found(_is_one_of(tx, Case.id, sorted({*found, *first})), frozenset(first))
    # A subquery of one value: the planner cannot turn it round and read every match.
    has_all = (
        select(_has(tx, words))
        .where(CaseWords.tenant_id == Case.tenant_id, CaseWords.case_id == Case.id)
        .scalar_subquery()
    )
    return Found(has_all, frozenset(first))


def _choices(keys: WordKeys, question: str, as_seller: bool) -> Choice:
    mine = [keys.everybody, keys.seller] if as_seller else [keys.everybody]
    return [
        frozenset(one) for one in zip(*(asked_terms(key, question) for key in mine), strict=True)
    ]


def _number(keys: WordKeys, question: str, as_seller: bool) -> frozenset[int]:
    mine = [keys.everybody, keys.seller] if as_seller else [keys.everybody]
    return frozenset(term_of(key, number_piece(question)) for key in mine)


async def _cases_with(
    tx: AsyncSession, words: Mapping[str, Choice], limit: int, among: list[str] | None = None
) -> list[str]:
    if among == []:
        return []
    # Nothing narrows this to the tenants but their keys: PostgreSQL would read all of a
    # tenant's rows to do so. The list itself shows no other tenant's case.
    query = select(CaseWords.case_id).where(_has(tx, words)).limit(limit)
    if among is not None:
        query = query.where(_is_one_of(tx, CaseWords.case_id, among))
    return list(await tx.scalars(query))


def _is_one_of(
    tx: AsyncSession, column: InstrumentedAttribute[str], case_ids: list[str]
) -> ColumnElement[bool]:
    """One parameter however many there are: the statement is compiled and planned once."""
    if tx.get_bind().dialect.name == "postgresql":
        return column == any_(bindparam(None, case_ids, type_=ARRAY(String), unique=True))
    found = func.json_each(json.dumps(case_ids)).table_valued("value")
    return column.in_(select(found.c.value))


def _has(tx: AsyncSession, words: Mapping[str, Choice]) -> ColumnElement[Any]:
    """Whether a row has, for each word, one of the terms of its own tenant."""
    if tx.get_bind().dialect.name == "postgresql":
        # No two tenants share a term, so theirs can be asked for together.
        together = [frozenset().union(*one) for one in zip(*words.values(), strict=True)]
        return _all_of([_overlaps(one) for one in together])
    return _any_of(
        [
            _all_of([CaseWords.tenant_id == one, *(_lies_in(terms) for terms in choice)])
            for one, choice in words.items()
        ]
    )


def _overlaps(terms: Collection[int]) -> ColumnElement[bool]:
    wanted = bindparam(None, sorted(terms), type_=ARRAY(BigInteger), unique=True)
    return CaseWords.terms.op("&&", is_comparison=True)(wanted)


def _lies_in(terms: Collection[int]) -> ColumnElement[bool]:
    packed = (bindparam(None, signed_pack([one]), type_=LargeBinary, unique=True) for one in terms)
    return _any_of([func.instr(CaseWords.terms, one) > 0 for one in packed])


def _all_of(conditions: Sequence[ColumnElement[bool]]) -> ColumnElement[bool]:
    first, *others = conditions
    for one in others:
        first = first & one
    return first


def _any_of(conditions: Sequence[ColumnElement[bool]]) -> ColumnElement[bool]:
    """One of many, nested by halves: SQLite refuses expressions a thousand deep."""
    if len(conditions) == 1:
        return conditions[0]
    half = len(conditions) // 2
    return or_(_any_of(conditions[:half]).self_group(), _any_of(conditions[half:]).self_group())
