"""What a request with an ``Idempotency-Key`` was answered: for a day, a repeat is told the same.

Answers hold join links and what cases say of people. Each is encrypted with a key that follows
from the tenant's and from the request's own ``Idempotency-Key``, of which a keyed digest alone is
kept: without the request nothing opens it, so an erasure need not reach it in a backup.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from cases.sealing import seal, unseal
from cases.tables import IdempotentAnswer
from runtime.errors import CaseError

REMEMBERED_FOR: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a JSON body."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to be carried out once: whose, by which ``Idempotency-Key``, and what was sent."""

    asker: str
    tenant_id: str
    key: str
    request_sha256: str


async def recall(tx: AsyncSession, asked: Asked, tenant_key: bytes, now: datetime) -> Answer | None:
    """What this asker's request was answered before, if it was.

    Raises:
        CaseError: ``key_reused`` (422): the key came with another body.
    """
    kept = _kept_as(asked, tenant_key)
    known = await tx.get(IdempotentAnswer, (asked.asker, kept.key_digest))
    if known is None or known.created_at <= now - REMEMBERED_FOR:
        return None
    if not hmac.compare_digest(known.request_digest, kept.request_digest):
        raise CaseError(
            "key_reused", "This Idempotency-Key came with another request before.", status=422
        )
    return Answer(known.status, unseal(kept.answer_key, kept.bound_to, known.body))


async def remember(
    tx: AsyncSession, answer: Answer, asked: Asked, tenant_key: bytes, now: datetime
) -> None:
    """Keep an answer in the transaction that carries out the request; two at once conflict."""
    await tx.execute(
        delete(IdempotentAnswer).where(
            IdempotentAnswer.api_key_id == asked.asker,
            IdempotentAnswer.created_at <= now - REMEMBERED_FOR,
        )
    )
    kept = _kept_as(asked, tenant_key)
    tx.add(
        IdempotentAnswer(
            api_key_id=asked.asker,
            key_digest=kept.key_digest,
            request_digest=kept.request_digest,
            status=answer.status,
            body=seal(kept.answer_key, kept.bound_to, answer.body),
            created_at=now,
        )
    )
    await tx.flush()


@dataclass(frozen=True, slots=True)
class _Kept:
    """What a request is found by, told from others by, and its answer is sealed with."""

    key_digest: str
    request_digest: str
    answer_key: bytes
    bound_to: str


def _kept_as(asked: Asked, tenant_key: bytes) -> _Kept:
    whose = f"{asked.asker}\n{asked.key}".encode()
    key_digest = hmac.digest(tenant_key, b"idempotency key:" + whose, "sha256").hex()
    answer_key = hmac.digest(tenant_key, b"idempotent answer:" + whose, "sha256")
    # Keyed as well: the bare digest of a body would confirm a guess at whom it names.
    request_digest = hmac.digest(answer_key, asked.request_sha256.encode(), "sha256").hex()
    return _Kept(key_digest, request_digest, answer_key, f"idempotent_answers:{key_digest}")
