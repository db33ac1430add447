"""What the other side said last of a notice: sealed under the key of its case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from cases.case_keys import case_keys
from cases.keys import KeyDestroyed, KeyRing
from cases.sealing import open_text, seal_text
from cases.tables import Notice


async def set_said(tx: AsyncSession, keys: KeyRing, notice: Notice, words: str) -> None:
    """Keep these words in place of those from before; of a case that was erased, none."""
    notice.sealed_words = None
    if words:
        try:
            key = await keys.case_key(tx, notice.case_id)
        except KeyDestroyed:
            return
        notice.sealed_words = seal_text(key, _bound(notice), words)


async def said_of(
    tx: AsyncSession, keys: KeyRing, notices: Iterable[Notice]
) -> Mapping[str, str | None]:
    """The words by the notice's id, of those that have any; opens no other case's key."""
    saying = [one for one in notices if one.sealed_words is not None]
    opened = await case_keys(tx, keys, {one.case_id for one in saying})
    return {
        one.id: open_text(opened.get(one.case_id), _bound(one), one.sealed_words) for one in saying
    }


def _bound(notice: Notice) -> str:
    return f"notices:{notice.id}"
