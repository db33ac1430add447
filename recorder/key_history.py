"""The published history of the keys that sign: who knows it from elsewhere can name the signer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import rfc8785
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from cases.chain import rfc3339
from cases.tables import PublishedKey
from recorder.proof.formats import KEYS_FORMAT
from recorder.signing import SigningKey


async def note_key(tx: AsyncSession, key: SigningKey, now: datetime) -> None:
    """Publish the key of now, if it is new; the one before it is then over."""
    if await tx.get(PublishedKey, key.key_id) is not None:
        return
    await tx.execute(update(PublishedKey).where(PublishedKey.until.is_(None)).values(until=now))
    tx.add(PublishedKey(kid=key.key_id, x=key.jwk["x"], since=now, until=None))
    await tx.flush()


async def key_history(tx: AsyncSession) -> dict[str, Any]:
    """Every key that ever signed, the oldest first: a JWK set (RFC 7517) with its format."""
    rows = await tx.scalars(select(PublishedKey).order_by(PublishedKey.since, PublishedKey.kid))
    return {
        "format": KEYS_FORMAT,
        "keys": [
            {
                "crv": "Ed25519",
                "kid": row.kid,
                "kty": "OKP",
                "since": rfc3339(row.since),
                "until": rfc3339(row.until) if row.until else None,
                "x": row.x,
            }
            for row in rows
        ],
    }


async def published_keys(tx: AsyncSession) -> bytes:
    """The history as canonical JSON: the file in a package and at the well-known address."""
    return rfc8785.dumps(await key_history(tx))
