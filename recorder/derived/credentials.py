"""Content credentials (C2PA): put into a film by a bounded process; their roots are published."""

from __future__ import annotations

import asyncio
import json
import os
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Any, BinaryIO, Final

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.tables import CredentialRoot
from cases.unit import Unit
from recorder.derived.credential_key import CredentialKey
from runtime.confined import stream_apart

log = structlog.get_logger()

# The process needs twice a film's length of memory and has 2 GiB.
MAX_BYTES: Final = 512 * 1024**2
_STALL_S: Final = 300.0


class Credentials(StrEnum):
    """Whether a copy carries them, or why not."""

    SIGNED = "signed"
    TOO_LARGE = "too_large"
    NOT_MADE = "not_made"


async def add_credentials(
    key: CredentialKey, claim: dict[str, Any], film: BinaryIO, signed: BinaryIO
) -> Credentials:
    """Write ``film`` with credentials to ``signed``, which is worth something only if signed."""
    size = await asyncio.to_thread(film.seek, 0, os.SEEK_END)
    if size > MAX_BYTES:
        log.warning("film too large for content credentials", bytes=size)
        return Credentials.TOO_LARGE
    answers: asyncio.Queue[bytes] = asyncio.Queue()

    async def feed() -> AsyncIterator[bytes]:
        wanted = {"claim": claim, "algorithm": key.algorithm, "chain": key.chain}
        yield json.dumps(wanted).encode() + b"\n"
        yield b64encode(await answers.get()) + b"\n"

    async def tell(line: bytes) -> None:
        answers.put_nowait(key.sign(b64decode(json.loads(line)["sign"])))

    files = (film.fileno(), signed.fileno())
    made = await stream_apart(
        "recorder.derived.credential_child", feed(), tell, files=files, stall_s=_STALL_S
    )
    if not made:
        log.warning("content credentials could not be made", bytes=size)
    return Credentials.SIGNED if made else Credentials.NOT_MADE


async def note_root(unit: Unit, key: CredentialKey) -> None:
    """Publish what readers may trust, if it is new."""
    known = await unit.tx.scalars(select(CredentialRoot.pem))
    if key.root not in set(known):
        unit.tx.add(CredentialRoot(pem=key.root, since=unit.now))
        await unit.tx.flush()


async def published_roots(tx: AsyncSession) -> bytes:
    """Every root under which credentials were ever signed, the oldest first; PEM."""
    rows = await tx.scalars(
        select(CredentialRoot.pem).order_by(CredentialRoot.since, CredentialRoot.pem)
    )
    return "".join(rows).encode()
