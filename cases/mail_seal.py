"""How mails are sealed: under their case's key, the key ring's own where they are of no case."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from cases.case_keys import case_keys
from cases.keys import KeyRing
from cases.sealing import seal, unseal
from cases.tables import Mail, MailTry

Words = Mapping[str, Any]


class MailSeal:
    """Seals and opens what one mail and its tries say."""

    def __init__(self, keys: KeyRing, mail_id: str, key: bytes | None) -> None:
        self._keys, self._mail_id, self._key = keys, mail_id, key

    def seal(self, words: Words) -> bytes:
        """What a mail says, as it is kept."""
        return self._seal(f"mail:{self._mail_id}", json.dumps(words).encode())

    def open(self, mail: Mail) -> dict[str, Any]:
        """What ``seal`` was given."""
        words: dict[str, Any] = json.loads(self._open(f"mail:{self._mail_id}", mail.sealed))
        return words

    def seal_try(self, try_id: str, words: str) -> bytes | None:
        """What the server said, as it is kept."""
        return self._seal(f"mail_tries:{try_id}", words.encode()) if words else None

    def open_try(self, one: MailTry) -> str:
        """What ``seal_try`` was given."""
        if one.sealed_words is None:
            return ""
        return self._open(f"mail_tries:{one.id}", one.sealed_words).decode()

    def _seal(self, purpose: str, plain: bytes) -> bytes:
        if self._key is None:
            return self._keys.seal(purpose, plain)
        return seal(self._key, purpose, plain)

    def _open(self, purpose: str, sealed: bytes) -> bytes:
        if self._key is None:
            return self._keys.unseal(purpose, sealed)
        return unseal(self._key, purpose, sealed)


async def seal_of(tx: AsyncSession, keys: KeyRing, mail_id: str, case_id: str | None) -> MailSeal:
    """The seal of one mail.

    Raises:
        KeyDestroyed: its case was erased.
    """
    key = await keys.case_key(tx, case_id) if case_id is not None else None
    return MailSeal(keys, mail_id, key)


async def seals_of(
    tx: AsyncSession, keys: KeyRing, mails: Sequence[Mail]
) -> Mapping[str, MailSeal]:
    """The seals by the mail's id; those whose case was erased are left out."""
    opened = await case_keys(tx, keys, {one.case_id for one in mails if one.case_id is not None})
    return {
        one.id: MailSeal(keys, one.id, opened[one.case_id] if one.case_id is not None else None)
        for one in mails
        if one.case_id is None or one.case_id in opened
    }


async def recipients_of(
    tx: AsyncSession, keys: KeyRing, mails: Sequence[Mail]
) -> Mapping[str, str]:
    """To which address each mail goes or went, by its id."""
    seals = await seals_of(tx, keys, mails)
    return {one.id: str(seals[one.id].open(one)["to"]) for one in mails if one.id in seals}
