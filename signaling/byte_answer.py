"""Bytes as the answer to a request: whole or by range, read and noted before the head is sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

import structlog
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from runtime.errors import StoreError
from signaling.byte_range import NotModified, Part, Whole, choose

log = structlog.get_logger()

RANGE_HEADERS: Final = {
    "Range": "bytes=first-last (RFC 9110)",
    "If-Range": "an ETag",
    "If-None-Match": "",
}
"""What an operation that answers by ``send_bytes`` looks at."""
_WRITE_TIMEOUT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Served:
    """What is served: ``read`` gives the bytes from a start (included) to an end (excluded)."""

    size: int
    tag: str
    """A strong entity tag, without its quotes."""
    content_type: str
    read: Callable[[int, int], AsyncIterator[bytes]]


async def send_bytes(
    request: web.Request,
    served: Served,
    headers: Mapping[str, str],
    before: Callable[[int, int], Awaitable[None]],
) -> web.StreamResponse:
    """The bytes that were asked for; ``before`` is called with the span of each piece.

    Raises:
        StoreError, CaseError: as ``read`` and ``before`` do of the first piece; after that only
            cutting the line says that the head promised more than there is.
    """
    etag = f'"{served.tag}"'
    head = {"Accept-Ranges": "bytes", "ETag": etag, **headers}
    match choose(request.headers, request.method, served.size, etag):
        case NotModified():
            return web.Response(status=304, headers=head)
        case Whole():
            status, start, end = 200, 0, served.size
        case Part(start, end):
            status = 206
            head["Content-Range"] = f"bytes {start}-{end - 1}/{served.size}"
        case None:
            head["Content-Range"] = f"bytes */{served.size}"
            return web.Response(status=416, headers=head)
    response = web.StreamResponse(status=status, headers=head)
    response.content_type = served.content_type
    response.content_length = end - start
    if request.method == "HEAD" or start == end:
        await response.prepare(request)
        return response
    pieces = served.read(start, end)
    first = await anext(pieces)
    await before(start, start + len(first))
    await response.prepare(request)
    try:
        async with asyncio.timeout(None) as limit:
            await response.write(first)
            at = start + len(first)
            async for piece in pieces:
                limit.reschedule(asyncio.get_running_loop().time() + _WRITE_TIMEOUT_S)
                await before(at, at + len(piece))
                await response.write(piece)
                at += len(piece)
            await response.write_eof()
    except (ConnectionResetError, TimeoutError):
        # Whoever reads jumped elsewhere, went away, or stopped reading.
        _cut(request)
    except (StoreError, SQLAlchemyError):
        log.exception("answer torn", path=request.path)
        _cut(request)
    return response


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
