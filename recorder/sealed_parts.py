"""A file of any length in the store: parts of one size, each sealed under its own name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from hashlib import sha256
from typing import BinaryIO, Final

from recorder.crypt import open_sealed, seal
from recorder.store import ObjectStore

_PART_BYTES: Final = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class KeptFile:
    """What was stored."""

    size: int
    parts: int
    sha256: str


async def keep_file(store: ObjectStore, key: bytes, prefix: str, file: BinaryIO) -> KeptFile:
    """Store a file from its beginning; the prefix must be new.

    Raises:
        StoreError: the store is away.
    """
    digest, size, parts = sha256(), 0, 0
    file.seek(0)
    while content := await asyncio.to_thread(file.read, _PART_BYTES):
        digest.update(content)
        name = part_key(prefix, parts)
        sealed = await asyncio.to_thread(seal, key, name, content)
        await store.put(name, sealed)
        size, parts = size + len(content), parts + 1
    return KeptFile(size, parts, digest.hexdigest())


async def read_file(
    store: ObjectStore, key: bytes, prefix: str, end: int, start: int = 0
) -> AsyncIterator[bytes]:
    """The bytes from ``start`` (included) to ``end`` (excluded), at most a part at a time.

    Raises:
        StoreError: a part is missing or altered.
    """
    while start < end:
        number, inside = divmod(start, _PART_BYTES)
        name = part_key(prefix, number)
        plain = await asyncio.to_thread(open_sealed, key, name, await store.get(name))
        part = plain[inside : inside + end - start]
        yield part
        start += len(part) or end


def parts_of(size: int) -> int:
    """In how many parts a file of so many bytes is stored."""
    return -(-size // _PART_BYTES)


def part_key(prefix: str, number: int) -> str:
    """Under what a file's part is stored."""
    return f"{prefix}/{number:05d}"
