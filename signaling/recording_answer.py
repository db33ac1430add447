"""A recording as the answer to a request: whole or by range, noted before it goes out."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from cases.access_log import SERVED_BLOCK_MS, Deed
from cases.actor import Actor
from cases.tables import Session
from recorder.playback import VirtualFile
from runtime.errors import StoreError
from signaling.byte_range import NotModified, Part, Whole, choose
from signaling.noting import note
from signaling.services import SERVICES

log = structlog.get_logger()

_WRITE_TIMEOUT_S: Final = 60.0


async def send_recording(
    request: web.Request,
    actor: Actor,
    session: Session,
    file: VirtualFile,
    *,
    disposition: str = "inline",
) -> web.StreamResponse:
    """The bytes that were asked for; each five minutes of them are noted before they go out."""
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": f'"{file.etag}"',
        "Cache-Control": "private, no-cache",
        "Content-Disposition": disposition,
    }
    match choose(request.headers, request.method, file.size, f'"{file.etag}"'):
        case NotModified():
            return web.Response(status=304, headers=headers)
        case Whole():
            status, start, end = 200, 0, file.size
        case Part(start, end):
            status = 206
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size}"
        case None:
            headers["Content-Range"] = f"bytes */{file.size}"
            return web.Response(status=416, headers=headers)
    response = web.StreamResponse(status=status, headers=headers)
    response.content_type = file.content_type
    response.content_length = end - start
    noted = _Noted(request, actor, session, file)
    chunks = file.read(start, end)
    # The first bytes are read before the head is sent, so that a store that is away is
    # still an error and not a torn answer.
    first = b"" if request.method == "HEAD" or start == end else await anext(chunks)
    if first:
        await noted.note(start, start + len(first))
    await response.prepare(request)
    if request.method == "HEAD":
        return response
    try:
        async with asyncio.timeout(None) as limit:
            await response.write(first)
            at = start + len(first)
            async for chunk in chunks:
                limit.reschedule(asyncio.get_running_loop().time() + _WRITE_TIMEOUT_S)
                await noted.note(at, at + len(chunk))
                await response.write(chunk)
                at += len(chunk)
            await response.write_eof()
    except (ConnectionResetError, TimeoutError):
        # The viewer jumped elsewhere, went away, or stopped reading.
        _cut(request)
    except (StoreError, SQLAlchemyError):
        # The head promised more than we can give, or note: only cutting the line says so.
        log.exception("playback torn", recording_id=file.source.recording_id)
        _cut(request)
    return response


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


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
