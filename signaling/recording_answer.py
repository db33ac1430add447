"""A recording as the answer to a request: whole or by range, noted before it goes out."""

from __future__ import annotations

from aiohttp import web

from cases.access_log import SERVED_BLOCK_MS, Deed
from cases.actor import Actor
from cases.tables import Session
from recorder.playback import VirtualFile
from signaling.byte_answer import Served, send_bytes
from signaling.noting import note
from signaling.services import SERVICES


async def send_recording(
    request: web.Request,
    actor: Actor,
    session: Session,
    file: VirtualFile,
    *,
    disposition: str = "inline",
) -> web.StreamResponse:
    """The bytes that were asked for; each five minutes of them are noted before they go out."""
    return await send_bytes(
        request,
        Served(file.size, file.etag, file.content_type, file.read),
        {"Cache-Control": "private, no-cache", "Content-Disposition": disposition},
        _Noted(request, actor, session, file).note,
    )


class _Noted:
    """Which blocks of a recording's time this answer has noted."""

    def __init__(
        self, request: web.Request, actor: Actor, session: Session, file: VirtualFile
    ) -> None:
        self._services = request.app[SERVICES]
        self._actor, self._session, self._file = actor, session, file
        self._blocks: set[int] = set()

    async def note(self, start: int, end: int) -> None:
        """Note the blocks that these bytes of the file belong to."""
        moments = self._file.moments(start, end)
        if moments is None:
            return
        first, last = moments[0] // SERVED_BLOCK_MS, (moments[1] - 1) // SERVED_BLOCK_MS
        for block in range(first, max(first, last) + 1):
            if block not in self._blocks:
                self._blocks.add(block)
                await self._note_block(block)

    async def _note_block(self, block: int) -> None:
        source = self._file.source
        begin = source.t0_ns // 1_000_000 + block * SERVED_BLOCK_MS
        await note(
            self._services,
            self._actor,
            self._session,
            Deed.SERVED,
            "recording",
            source.recording_id,
            spans=((begin, begin + SERVED_BLOCK_MS),),
        )
