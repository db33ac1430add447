"""What a request with an ``Idempotency-Key`` was answered: for a day, a repeat is told the same.

Answers hold join links, which are kept nowhere in the clear: they are encrypted with the
tenant's key.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from cases.tables import IdempotentAnswer
from runtime.errors import CaseError

REMEMBERED_FOR: Final = timedelta(hours=24)
_NONCE_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a JSON body."""

    status: int
    body: bytes


async def recall(
    tx: AsyncSession,
    *,
    asker: str,
    key: str,
    request_sha256: str,
    encryption_key: bytes,
    now: datetime,
) -> Answer | None:
    """What this asker's request was answered before, if it was.

    Raises:
        CaseError: ``key_reused`` (422): the key came with another body.
    """
    known = await tx.get(IdempotentAnswer, (asker, key))
    if known is None or known.created_at <= now - REMEMBERED_FOR:
        return None
    if known.request_sha256 != request_sha256:
        raise CaseError(
            "key_reused", "This Idempotency-Key came with another request before.", status=422
        )
    nonce, sealed = known.body[:_NONCE_BYTES], known.body[_NONCE_BYTES:]
    return Answer(known.status, AESGCM(encryption_key).decrypt(nonce, sealed, _bound(asker, key)))


async def remember(
    tx: AsyncSession,
    answer: Answer,
    *,
    asker: str,
    key: str,
    request_sha256: str,
    encryption_key: bytes,
    now: datetime,
) -> None:
    """Keep an answer in the transaction that carries out the request; two at once conflict."""
    await tx.execute(
        delete(IdempotentAnswer).where(
            IdempotentAnswer.api_key_id == asker,
            IdempotentAnswer.created_at <= now - REMEMBERED_FOR,
        )
    )
    nonce = os.urandom(_NONCE_BYTES)
    sealed = AESGCM(encryption_key).encrypt(nonce, answer.body, _bound(asker, key))
    tx.add(
        IdempotentAnswer(
            api_key_id=asker,
            key=key,
            request_sha256=request_sha256,
            status=answer.status,
            body=nonce + sealed,
            created_at=now,
        )
    )
    await tx.flush()


def _bound(asker: str, key: str) -> bytes:
    return f"{asker}:{key}".encode()
