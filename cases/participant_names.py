"""Names of those in an inspection, sealed with its key: they are erased with it."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncSession

from cases.keys import KeyRing
from cases.sealing import open_text, seal_text
from cases.tables import Participant


def sealed_name(key: bytes, participant_id: str, name: str) -> bytes | None:
    """For a participant's row, with the key of their session."""
    return seal_text(key, _bound_to(participant_id), name)


def opened_name(key: bytes | None, person: Participant) -> str:
    """What a participant is called; nothing once it is erased, or where there is no key.

    Raises:
        InvalidTag: the key is of another session.
    """
    return open_text(key, _bound_to(person.id), person.sealed_name) or ""


async def opened_names(
    tx: AsyncSession, keys: KeyRing, people: Iterable[Participant]
) -> dict[str, str]:
    """The names by id of people of any sessions, each session's key opened once."""
    known = list(people)
    opened = await keys.session_keys(tx, {one.session_id for one in known})
    return {one.id: opened_name(opened.get(one.session_id), one) for one in known}


def _bound_to(participant_id: str) -> str:
    return f"participant:{participant_id}"
