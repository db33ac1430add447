"""The bytes of attachments: sealed into the store part by part, looked at when whole, read back."""

from __future__ import annotations

import asyncio
from typing import Final

from cases.sniffing import (
    HEAD_BYTES,
    MAX_STILL_BYTES,
    bad,
    clip_type,
    refuse_two_in_one,
    still_type,
)
from cases.states import Refusal
from cases.tables import AttachmentPart
from recorder.crypt import open_sealed, seal
from recorder.picture_preview import preview
from runtime.ids import new_id
from signaling.services import Services

PART_BYTES: Final = 1024 * 1024


async def put_sealed(services: Services, key: bytes, folder: str, kind: str, content: bytes) -> str:
    """Seal bytes into the store; gives their object key, which begins with ``kind``."""
    object_key = f"{folder}/{new_id(kind)}"
    sealed = await asyncio.to_thread(seal, key, object_key, content)
    await services.store.put(object_key, sealed)
    return object_key


async def read_part(services: Services, key: bytes, part: AttachmentPart) -> bytes:
    """A part's bytes out of the store."""
    stored = await services.store.get(part.object_key)
    return await asyncio.to_thread(open_sealed, key, part.object_key, stored)


async def look_at(
    services: Services, key: bytes, folder: str, *, start: bytes, tail: bytes, size: int
) -> tuple[str, str | None]:
    """The media type of a file by its own bytes, and the object key of a picture's preview.

    ``start`` is the whole of what may be a picture, and at least the first bytes of a clip;
    ``tail`` is the end of the file.

    Raises:
        CaseError: ``bad_attachment`` (422).
    """
    refuse_two_in_one(start, tail, size)
    clip = clip_type(start[:HEAD_BYTES])
    if clip is not None:
        return clip, None
    if size > MAX_STILL_BYTES:
        raise bad(Refusal.TOO_LARGE)
    media_type = await asyncio.to_thread(still_type, start)
    small = await preview(start)
    return media_type, await put_sealed(services, key, folder, "prv", small)
