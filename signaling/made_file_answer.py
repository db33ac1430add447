"""The answer with a ZIP that durable work has made, noted before its first byte goes out."""

from __future__ import annotations

from aiohttp import web

from cases.access_log import Deed
from cases.actor import Actor
from cases.keys import KeyDestroyed
from cases.tables import Case
from recorder.made_files import MadeFile, MadeState, read_made
from runtime.errors import CaseError
from signaling.noting import note
from signaling.services import SERVICES


async def send_made(
    request: web.Request, actor: Actor, made: MadeFile, *, what: str, file_name: str
) -> web.StreamResponse:
    """The file of what is ready; ``what`` is its name in the access log.

    Raises:
        CaseError: ``{what}_not_ready`` (409), ``erased`` (410).
        StoreError: its first part is missing or altered, or the store is away.
    """
    services = request.app[SERVICES]
    if made.state != MadeState.READY:
        raise CaseError(f"{what}_not_ready", f"This {what} is not there yet.", retry_after_s=2)
    parts = read_made(services, made)
    try:
        # Before the head is sent, so that a store that is away is still an error.
        first = await anext(parts)
    except KeyDestroyed as error:
        raise CaseError("erased", "This evidence was erased.", status=410) from error
    async with services.database.read() as tx:
        case = await tx.get_one(Case, made.case_id)
    await note(services, actor, case, Deed.DOWNLOADED, what, made.id)
    response = web.StreamResponse(
        headers={
            "Content-Type": "application/zip",
            "Content-Disposition": f'attachment; filename="{file_name}"',
            "Cache-Control": "private, no-store",
            "ETag": f'"{made.sha256}"',
        }
    )
    response.content_length = made.size
    await response.prepare(request)
    await response.write(first)
    async for part in parts:
        await response.write(part)
    await response.write_eof()
    return response
