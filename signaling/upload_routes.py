"""Resumable uploads as tus 1.0 has them: core, creation, expiration, termination.

A part is sealed and stored as it comes, so that a lost connection costs at most one part and
any web process can go on. When all is there, its bytes say what it is.
"""

from __future__ import annotations

import base64
import binascii
from email.utils import format_datetime
from functools import partial
from hashlib import sha256
from typing import Final

from aiohttp import web

from cases import attachments
from cases.sniffing import MAX_CLIP_BYTES, MAX_STILL_BYTES, TAIL_BYTES
from cases.states import AttachmentState
from cases.unit import Unit
from runtime.errors import CaseError
from signaling.attachment_files import PART_BYTES, look_at, put_sealed, read_part
from signaling.filing_routes import draft_secret
from signaling.services import SERVICES, Services

_PATH: Final = "/api/filing/uploads"
_TUS: Final = {"Tus-Resumable": "1.0.0"}


def add_routes(app: web.Application) -> None:
    """Serve uploads."""
    app.router.add_route("OPTIONS", _PATH, options)
    app.router.add_post(_PATH, create)
    app.router.add_route("HEAD", _PATH + "/{upload_id}", look)
    app.router.add_route("PATCH", _PATH + "/{upload_id}", send)
    app.router.add_delete(_PATH + "/{upload_id}", remove)


async def options(_request: web.Request) -> web.Response:
    """What this server speaks."""
    return web.Response(
        status=204,
        headers={
            **_TUS,
            "Tus-Version": "1.0.0",
            "Tus-Extension": "creation,expiration,termination",
            "Tus-Max-Size": str(MAX_CLIP_BYTES),
        },
    )


async def create(request: web.Request) -> web.Response:
    """Begin an upload."""
    _check_version(request)
    size = _number(request, "Upload-Length")
    name = _file_name(request.headers.get("Upload-Metadata", ""))
    secret = draft_secret(request)

    async def act(unit: Unit) -> tuple[str, str]:
        made, draft = await attachments.create(unit, secret, size=size, name=name)
        return made.id, format_datetime(draft.expires_at, usegmt=True)

    id_, expires = await request.app[SERVICES].run(act)
    return web.Response(
        status=201,
        headers={**_TUS, "Location": f"{_PATH}/{id_}", "Upload-Expires": expires},
    )


async def look(request: web.Request) -> web.Response:
    """How far it is."""
    _check_version(request)
    secret, id_ = draft_secret(request), request.match_info["upload_id"]

    async def act(unit: Unit) -> dict[str, str]:
        found = await attachments.load(unit, secret, id_)
        return {
            "Upload-Offset": str(found.attachment.received),
            "Upload-Length": str(found.attachment.size),
            "Upload-Expires": format_datetime(found.filing.expires_at, usegmt=True),
        }

    told = await request.app[SERVICES].run(act)
    return web.Response(headers={**_TUS, **told, "Cache-Control": "no-store"})


async def send(request: web.Request) -> web.Response:
    """Take what comes next, part by part; what has come before a cut stays."""
    _check_version(request)
    if request.content_type != "application/offset+octet-stream":
        raise CaseError("wrong_type", "Send application/offset+octet-stream.", status=415)
    services = request.app[SERVICES]
    secret, id_ = draft_secret(request), request.match_info["upload_id"]
    at = _number(request, "Upload-Offset")
    upload = await services.run(lambda unit: attachments.load(unit, secret, id_))
    size = upload.attachment.size
    if upload.attachment.state == AttachmentState.KEPT and at == size:
        # The answer to the last part was lost: there is nothing left to do.
        return web.Response(status=204, headers={**_TUS, "Upload-Offset": str(at)})
    attachments.check_offset(upload.attachment, at)
    if request.content_length is not None and at + request.content_length > size:
        raise CaseError("too_large", "This is more than was announced.", status=413)
    cut = False
    while at < size and not cut:
        content, cut = await _next_part(request, min(PART_BYTES, size - at))
        if not content:
            break
        folder = upload.folder
        object_key = await put_sealed(services, upload.key, folder, "prt", content)
        at = await services.run(
            partial(
                attachments.add_part,
                secret=secret,
                attachment_id=id_,
                at=at,
                size=len(content),
                object_key=object_key,
            )
        )
    if at == size:
        await _finish(services, upload.key, upload.folder, id_, size)
    return web.Response(status=204, headers={**_TUS, "Upload-Offset": str(at)})


async def remove(request: web.Request) -> web.Response:
    """Give it up."""
    _check_version(request)
    secret, id_ = draft_secret(request), request.match_info["upload_id"]
    await request.app[SERVICES].run(lambda unit: attachments.remove(unit, secret, id_))
    return web.Response(status=204, headers=_TUS)


async def _next_part(request: web.Request, wanted: int) -> tuple[bytes, bool]:
    """Up to ``wanted`` bytes, and whether no more will come."""
    content = bytearray()
    try:
        while len(content) < wanted:
            piece = await request.content.read(wanted - len(content))
            if not piece:
                return bytes(content), True
            content += piece
    except (ConnectionError, web.RequestPayloadError, TimeoutError):
        return bytes(content), True
    return bytes(content), False


async def _finish(services: Services, key: bytes, folder: str, id_: str, size: int) -> None:
    """Look at the whole; what is not ours is refused for good."""
    async with services.database.read() as tx:
        parts = await attachments.parts_of(tx, id_)
    digest = sha256()
    start, tail = bytearray(), b""
    for part in parts:
        content = await read_part(services, key, part)
        digest.update(content)
        tail = (tail + content)[-TAIL_BYTES:]
        if len(start) < MAX_STILL_BYTES:
            start += content
    try:
        media_type, preview_key = await look_at(
            services, key, folder, start=bytes(start), tail=tail, size=size
        )
    except CaseError:
        await services.run(lambda unit: attachments.refuse(unit, id_))
        raise
    kept = partial(
        attachments.keep,
        attachment_id=id_,
        media_type=media_type,
        sha256=digest.hexdigest(),
        preview_key=preview_key,
    )
    await services.run(kept)


def _check_version(request: web.Request) -> None:
    if request.headers.get("Tus-Resumable") != "1.0.0":
        raise CaseError("wrong_tus", "Speak tus 1.0.0.", status=412)


def _number(request: web.Request, header: str) -> int:
    value = request.headers.get(header, "")
    if not (value.isascii() and value.isdigit() and len(value) <= 12):
        raise CaseError("bad_header", f"{header} is a number of bytes.", status=400)
    return int(value)


def _file_name(metadata: str) -> str:
    for pair in metadata[:2000].split(","):
        key, _, value = pair.strip().partition(" ")
        if key == "filename":
            try:
                return base64.b64decode(value, validate=True).decode("utf-8", "replace")
            except (binascii.Error, ValueError):
                return ""
    return ""
