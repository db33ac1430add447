"""What buyers attached, for those who may view the case; every look is noted."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from aiohttp import web
from pydantic import BaseModel

from cases import attachments, filing
from cases.access_log import Deed
from cases.tables import Attachment, AttachmentPart
from recorder.crypt import open_sealed
from runtime.errors import CaseError
from signaling.attachment_files import read_part
from signaling.auth import require_key_or_staff
from signaling.noting import note
from signaling.openapi import register, route
from signaling.services import SERVICES

_PATH: Final = "/api/v1/cases/{id}/attachments"


class AttachmentShown(BaseModel):
    """A photograph or a clip of the buyer's."""

    id: str
    name: str
    size: int
    media_type: str
    sha256: str
    has_preview: bool


class AttachmentList(BaseModel):
    """What the buyer filed or mailed; ``order_known`` is None where no form was filed."""

    order_known: bool | None
    items: list[AttachmentShown]


def add_routes(app: web.Application) -> None:
    """Serve attachments."""
    register(app, [list_attachments, get_content, get_preview])


@route("GET", _PATH, "What the buyer attached", answers={200: AttachmentList})
async def list_attachments(request: web.Request) -> web.Response:
    """The case's attachments."""
    actor = await require_key_or_staff(request)
    services, case_id = request.app[SERVICES], request.match_info["id"]
    async with services.database.read() as tx:
        filed = await filing.filing_of(tx, actor, case_id)
        found = await attachments.of_case(tx, case_id)
        key = await services.keys.case_key(tx, case_id)
    answer = AttachmentList(
        order_known=filed.order_known if filed else None,
        items=[
            AttachmentShown(
                id=one.id,
                name=attachments.name_of(one, key),
                size=one.size,
                media_type=one.media_type or "",
                sha256=one.sha256 or "",
                has_preview=one.preview_key is not None,
            )
            for one in found
        ],
    )
    return web.json_response(answer.model_dump(mode="json"))


@route("GET", _PATH + "/{attachment_id}", "An attachment, unchanged", answers={200: "*/*"})
async def get_content(request: web.Request) -> web.StreamResponse:
    """The bytes as they were uploaded; never shown as a page."""
    found, key, parts = await _opened(request, Deed.DOWNLOADED)
    name = quote(attachments.name_of(found, key))
    response = web.StreamResponse(
        headers={
            "Content-Type": found.media_type or "application/octet-stream",
            "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        }
    )
    response.content_length = found.size
    await response.prepare(request)
    for part in parts:
        await response.write(await read_part(request.app[SERVICES], key, part))
    await response.write_eof()
    return response


@route(
    "GET",
    _PATH + "/{attachment_id}/preview",
    "A photograph, smaller and without its metadata",
    answers={200: "image/jpeg"},
)
async def get_preview(request: web.Request) -> web.Response:
    """The preview."""
    found, key, _parts = await _opened(request, Deed.LOOKED)
    if found.preview_key is None:
        raise CaseError("not_found", "There is no preview of this.", status=404)
    stored = await request.app[SERVICES].store.get(found.preview_key)
    content = open_sealed(key, found.preview_key, stored)
    return web.Response(body=content, content_type="image/jpeg")


async def _opened(
    request: web.Request, deed: Deed
) -> tuple[Attachment, bytes, list[AttachmentPart]]:
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    case_id = request.match_info["id"]
    async with services.database.read() as tx:
        case, found = await attachments.load_kept(
            tx, actor, case_id, request.match_info["attachment_id"]
        )
        key = await services.keys.case_key(tx, case_id)
        parts = await attachments.parts_of(tx, found.id)
    await note(services, actor, case, deed, "attachment", found.id)
    return found, key, parts
