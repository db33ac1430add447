"""Which cases a question finds: all its words must occur, and whole numbers come first.

A rare word leads: its few cases are read and put in order. A common word follows: the list is
walked in its own order and each case asked whether it has it, so that neither reads much.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncSession

from cases.keys import KeyRing, WordKeys
from cases.search_terms import asked_terms, number_piece, term_of
from cases.tables import Case
from cases.term_index import Words, cases_with, has_all, is_one_of

MOST_READ: Final = 2000
"""Up to so many cases a word is rare."""
_MOST_FIRST: Final = 50


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
    words = _together(_choices(key, question, as_seller) for key in known.values())
    if not words:
        return Found(Case.id.in_([]), frozenset())
    number = _together([_number(key, question, as_seller)] for key in known.values())
    found = await cases_with(tx, words, MOST_READ + 1)
    is_rare = len(found) <= MOST_READ
    if is_rare and not any(one.isdigit() for one in question):
        first = await cases_with(tx, number, _MOST_FIRST, among=found)
    else:
        # A number may be spaced otherwise than it was written down, and then has other words.
        first = await cases_with(tx, number, _MOST_FIRST)
    if is_rare:
        return Found(is_one_of(tx, Case.id, sorted({*found, *first})), frozenset(first))
    return Found(has_all(tx, words), frozenset(first))


def _choices(keys: WordKeys, question: str, as_seller: bool) -> Words:
    mine = [keys.everybody, keys.seller] if as_seller else [keys.everybody]
    return [
        frozenset(one) for one in zip(*(asked_terms(key, question) for key in mine), strict=True)
    ]


def _number(keys: WordKeys, question: str, as_seller: bool) -> frozenset[int]:
    mine = [keys.everybody, keys.seller] if as_seller else [keys.everybody]
    return frozenset(term_of(key, number_piece(question)) for key in mine)


def _together(choices: Iterable[Words]) -> Words:
    """The words of several tenants, each with the terms of all of them."""
    return [frozenset().union(*one) for one in zip(*choices, strict=True)]
