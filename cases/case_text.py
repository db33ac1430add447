"""What a case says of its buyer, and what was decided, in words: one text, under the case's key.

Nothing of it stands in the clear, so that destroying the key reaches backups of the database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncSession

from cases.case_keys import case_keys
from cases.keys import KeyDestroyed, KeyRing, WrappedCaseKey
from cases.sealing import open_words, seal_words
from cases.tables import Case


class CaseText(BaseModel):
    """The words of one case."""

    model_config = ConfigDict(frozen=True)

    buyer_name: str
    buyer_email: str | None
    """Lower case."""
    claim_words: str
    verdict_note: str | None = None


FORGOTTEN = CaseText(buyer_name="", buyer_email=None, claim_words="")
"""What is left of an erased case's words."""


@dataclass(frozen=True, slots=True)
class SealedText:
    """What a list read of a case to open its words."""

    case_id: str
    key: WrappedCaseKey
    sealed: bytes | None


def seal_case_text(key: bytes, case_id: str, text: CaseText) -> bytes:
    """The words as they are kept."""
    return seal_words(key, _bound_to(case_id), text)


def open_case_text(key: bytes, case: Case) -> CaseText:
    """The words of a case whose key is at hand.

    Raises:
        KeyDestroyed: the case was erased.
    """
    if case.sealed_text is None:
        raise KeyDestroyed
    return open_words(CaseText, key, _bound_to(case.id), case.sealed_text)


async def text_of(tx: AsyncSession, keys: KeyRing, case: Case) -> CaseText:
    """The words of a case.

    Raises:
        KeyDestroyed: the case or its tenant was erased.
    """
    return open_case_text(await keys.key_of(tx, case), case)


async def texts_of(tx: AsyncSession, keys: KeyRing, cases: Collection[Case]) -> dict[str, CaseText]:
    """The words of many cases, by id; ``FORGOTTEN`` of what was erased."""
    opened = await case_keys(tx, keys, {one.id for one in cases})
    return {
        one.id: FORGOTTEN
        if one.sealed_text is None or one.id not in opened
        else open_case_text(opened[one.id], one)
        for one in cases
    }


async def open_texts(keys: KeyRing, sealed: Sequence[SealedText]) -> list[CaseText]:
    """The words of the cases that a list read, in its order; ``FORGOTTEN`` of what was erased."""
    return await asyncio.to_thread(_open, keys, sealed)


def _open(keys: KeyRing, sealed: Sequence[SealedText]) -> list[CaseText]:
    opened = keys.open_case_keys([one.key for one in sealed])
    return [
        FORGOTTEN
        if key is None or one.sealed is None
        else open_words(CaseText, key, _bound_to(one.case_id), one.sealed)
        for one, key in zip(sealed, opened, strict=True)
    ]


def _bound_to(case_id: str) -> str:
    return f"case text:{case_id}"
