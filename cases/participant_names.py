"""Names of those in an inspection, sealed with its key: they are erased with it."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncSession

from cases.keys import KeyRing
from cases.sealing import seal, unseal
from cases.tables import Participant


def sealed_name(key: bytes, participant_id: str, name: str) -> bytes:
    """For a participant's row, with the key of their session."""
    return seal(key, _bound_to(participant_id), name.encode())


def opened_name(key: bytes | None, person: Participant) -> str:
    """What a participant is called; nothing once it is erased, or where there is no key.

    Raises:
        InvalidTag: the key is of another session.
    """
    if key is None or person.sealed_name is None:
        return ""
    return unseal(key, _bound_to(person.id), person.sealed_name).decode()


async def opened_names(
    tx: AsyncSession, keys: KeyRing, people: Iterable[Participant]
) -> dict[str, str]:
    """The names by id of people of any sessions, each session's key opened once."""
    known = list(people)
    opened = await keys.session_keys(tx, {one.session_id for one in known})
    return {one.id: opened_name(opened.get(one.session_id), one) for one in known}


def _bound_to(participant_id: str) -> str:
    return f"participant:{participant_id}"
