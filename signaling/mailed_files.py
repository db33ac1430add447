"""The files of an answer by mail: looked at and stored as uploads are, or refused by name."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from cases.attachments import WholeFile, plain_name
from cases.inbound import Brought, Expected
from cases.states import Refusal
from cases.thread import MOST_ATTACHED, RefusedFile
from runtime.errors import CaseError
from signaling.attachment_files import PART_BYTES, look_at, put_sealed
from signaling.inbound_mail import MailedFile
from signaling.services import Services

_REFUSAL: Final = "bad_attachment"


async def bring(services: Services, expected: Expected, files: tuple[MailedFile, ...]) -> Brought:
    """Store what can be taken, as far as there is room; nothing is the case's yet.

    Raises:
        StoreError: the store is away.
    """
    room, folder, key = expected.room, expected.folder, expected.key
    taken: list[WholeFile] = []
    refused: list[RefusedFile] = []
    for file in files:
        size = sum(part_bytes for one in taken for part_bytes, _ in one.parts)
        is_full = (
            file.content is None
            or len(taken) >= min(MOST_ATTACHED, room.files)
            or size + len(file.content) > room.size
        )
        if is_full or file.content is None:
            refused.append(RefusedFile(name=plain_name(file.name), reason=Refusal.TOO_MANY))
            continue
        try:
            taken.append(await _store(services, folder, key, file.name, file.content))
        except CaseError as error:
            if error.code != _REFUSAL:
                raise
            reason = Refusal(str(error.fields["reason"]))
            refused.append(RefusedFile(name=plain_name(file.name), reason=reason))
    return Brought(tuple(taken), tuple(refused))


async def _store(
    services: Services, folder: str, key: bytes, name: str, content: bytes
) -> WholeFile:
    media_type, preview_key = await look_at(
        services, key, folder, start=content, tail=content, size=len(content)
    )
    parts = []
    for at in range(0, len(content), PART_BYTES):
        part = content[at : at + PART_BYTES]
        parts.append((len(part), await put_sealed(services, key, folder, "prt", part)))
    return WholeFile(name, media_type, sha256(content).hexdigest(), tuple(parts), preview_key)
