"""The answer with a file that durable work has made, noted before its first byte goes out."""

from __future__ import annotations

from functools import partial

from aiohttp import web

from cases.access_log import Deed
from cases.actor import Actor
from recorder.made_files import read_made
from recorder.made_kinds import MadeFile, MadeState
from runtime.errors import CaseError
from signaling.byte_answer import Served, send_bytes
from signaling.noting import note_made
from signaling.services import SERVICES


def check_ready(made: MadeFile, what: str) -> None:
    """Raise ``{what}_not_ready`` (409) while it is not there, ``{what}_expired`` (410) after."""
    if made.state == MadeState.EXPIRED:
        message = f"This {what} was kept for a week; order another one."
        raise CaseError(f"{what}_expired", message, status=410)
    if made.state != MadeState.READY:
        raise CaseError(f"{what}_not_ready", f"This {what} is not there yet.", retry_after_s=2)


async def send_made(
    request: web.Request,
    actor: Actor,
    made: MadeFile,
    *,
    what: str,
    file_name: str,
    content_type: str = "application/zip",
) -> web.StreamResponse:
    """The file of what is ready, whole or by range; ``what`` is its name in the access log.

    Raises:
        CaseError: ``{what}_not_ready`` (409), ``{what}_expired``, ``erased`` (410).
        StoreError: its first part is missing or altered, or the store is away.
    """
    check_ready(made, what)
    services = request.app[SERVICES]
    noted = False

    async def before(start: int, end: int) -> None:
        nonlocal noted
        if not noted:
            noted = True
            await note_made(services, actor, made, Deed.DOWNLOADED, what)

    return await send_bytes(
        request,
        Served(made.size or 0, made.sha256 or "", content_type, partial(read_made, services, made)),
        {
            "Cache-Control": "private, no-store",
            "Content-Disposition": f'attachment; filename="{file_name}"',
        },
        before,
    )
