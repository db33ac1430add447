"""Derived copies: films with the wall clock, redacted ones, originals with credentials."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal, Self

from aiohttp import web
from pydantic import BaseModel, Field, StringConstraints, model_validator
from sqlalchemy.ext.asyncio import AsyncSession

from cases.access_log import Deed
from cases.access_policy import Action
from cases.actor import Actor
from cases.case_access import load_case
from cases.commands import Command
from cases.tables import Case, DerivedCopy
from cases.unit import Unit
from recorder.derived.kept_order import opened_statement
from recorder.derived.making import copies_of, order_copy, orders_of, see_copy
from recorder.derived.order import CopyOrder, MaskOrder, MuteOrder
from recorder.derived.original import order_original
from recorder.part_order import find_part
from runtime.errors import CaseError
from signaling.auth import require_key_or_staff
from signaling.bodies import parse_body
from signaling.byte_answer import RANGE_HEADERS
from signaling.made_file_answer import check_ready, send_made
from signaling.noting import note
from signaling.once import IDEMPOTENCY_HEADER, Made, answer_once
from signaling.openapi import register, route
from signaling.proof_routes import PartOut, PartWanted
from signaling.services import SERVICES, Services

_OF_CASE: Final = "/api/v1/cases/{id}/derived-copies"
_ONE: Final = "/api/v1/derived-copies/{id}"
_MAX_MS: Final = 253_402_300_799_999

Millis = Annotated[int, Field(ge=0, le=_MAX_MS, examples=[1_795_856_412_500])]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, examples=[0.25])]


class _Span(Command):
    """Two moments, Unix milliseconds, both included."""

    from_ms: Millis
    to_ms: Millis

    @model_validator(mode="after")
    def _is_forward(self) -> Self:
        if self.from_ms > self.to_ms:
            raise ValueError("the end is before the start")
        return self


class BoxIn(Command):
    """A region in shares of the picture's width and height."""

    left: Share
    top: Share
    width: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False, examples=[0.25])]
    height: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False, examples=[0.25])]


class MaskIn(_Span):
    """Covers ``box`` as it is in the picture of ``from_ms``, and follows it until ``to_ms``."""

    participant_id: Annotated[str, Field(max_length=80, examples=["par_01kb3v8q5f"])]
    box: BoxIn


class MuteIn(_Span):
    """A span in which nobody is heard."""


class DerivedCopyWanted(Command):
    """A film of a part; with masks or mutes it is a redacted copy and needs a reason.

    Or an original recording (MP4) with content credentials, without masks and mutes.
    """

    part: PartWanted | None = None
    recording_id: Annotated[
        str | None,
        Field(
            max_length=80,
            examples=[None],
            description="In place of a part: this recording as it is, with content credentials",
        ),
    ] = None
    masks: Annotated[tuple[MaskIn, ...], Field(max_length=20)] = ()
    mutes: Annotated[tuple[MuteIn, ...], Field(max_length=100)] = ()
    reason: Annotated[
        Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]
        | None,
        Field(examples=["A bystander's face"]),
    ] = None

    @model_validator(mode="after")
    def _says_why(self) -> Self:
        if bool(self.masks or self.mutes) != (self.reason is not None):
            raise ValueError("a reason goes with masks or mutes, and they with a reason")
        if (self.part is None) == (self.recording_id is None):
            raise ValueError("either a part or a recording")
        if self.recording_id is not None and self.reason is not None:
            raise ValueError("an original is handed out as it is")
        return self


class MaskOut(BaseModel):
    """A mask; from ``lost_ms`` on the whole picture is covered, since the region was lost."""

    participant_id: str
    from_ms: int
    to_ms: int
    lost_ms: Annotated[int | None, Field(examples=[None])]


class MuteOut(BaseModel):
    """A span without sound."""

    from_ms: int
    to_ms: int


class DerivedCopyOut(BaseModel):
    """A copy: ``done_ms`` of ``total_ms`` while it is drawn, then its size and digest."""

    id: Annotated[str, Field(examples=["drv_01kb3v8q5f"])]
    case_id: Annotated[str, Field(examples=["cas_01kb3v7xqm"])]
    kind: Literal["burned_in", "redacted", "credentialed"]
    part: PartOut
    masks: list[MaskOut]
    mutes: list[MuteOut]
    reason: Annotated[str | None, Field(examples=[None])]
    recording_id: Annotated[str | None, Field(examples=[None])]
    credentials: Annotated[
        Literal["signed", "too_large", "not_made"] | None,
        Field(description="Whether the file carries content credentials (C2PA), or why not"),
    ]
    state: Annotated[
        Literal["waiting", "wanted", "ready", "failed"],
        Field(description="waiting: for the seal of the inspection, which has it made"),
    ]
    done_ms: int
    total_ms: int | None
    size: int | None
    sha256: str | None
    failure: Annotated[
        str | None,
        Field(
            description="nothing_sealed, nothing_recorded, no_picture, not_drawable, too_large, "
            "not_made (no credentials for an original), erased, store or bucket_refused (the "
            "bucket's owner must mend that)",
            examples=[None],
        ),
    ]
    created_at: datetime
    finished_at: datetime | None


class DerivedCopyList(BaseModel):
    """The newest first, at most fifty."""

    items: list[DerivedCopyOut]


def add_routes(app: web.Application) -> None:
    """Serve them."""
    register(app, [order, listed, look, fetch, statement])
    app.router.add_route("HEAD", fetch.path, fetch.handler)


@route(
    "POST",
    _OF_CASE,
    "Have a film made of a part of an inspection: both sides, the wall clock and gaps drawn in; "
    "with regions covered and sound silenced where asked for; or of an original recording with "
    "content credentials",
    body=DerivedCopyWanted,
    headers=IDEMPOTENCY_HEADER,
    answers={202: DerivedCopyOut},
    errors={
        409: "copies_under_way",
        422: "invalid, which_session, bad_part, no_credentials_in_webm, key_reused, bad_key_header",
    },
)
async def order(request: web.Request) -> web.Response:
    """Order one; it is made by durable work."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    case_id = request.match_info["id"]
    wanted = await parse_body(request, DerivedCopyWanted)
    ordered: list[str] = []

    async def act(unit: Unit) -> Made:
        await load_case(unit.tx, actor, case_id, Action.REVIEW)
        order = await _order(unit.tx, case_id, wanted)
        made = await order_copy(unit, actor, case_id, order)
        ordered[:] = [made.id]
        return Made(202, _shown(made, order))

    answer = await answer_once(request, actor, actor.tenant_id, act)
    for copy_id in ordered:
        await _note(services, actor, case_id, Deed.ORDERED, copy_id)
    return answer


@route("GET", _OF_CASE, "The case's derived copies", answers={200: DerivedCopyList})
async def listed(request: web.Request) -> web.Response:
    """Which there are, and how far they are."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    async with services.database.read() as tx:
        case = await load_case(tx, actor, request.match_info["id"], Action.REVIEW)
        found = await copies_of(tx, case.id)
        orders = await orders_of(tx, services.keys, found)
    answer = DerivedCopyList(items=[_shown(one, orders[one.id]) for one in found])
    return web.json_response(answer.model_dump(mode="json"))


@route("GET", _ONE, "How far a derived copy is", answers={200: DerivedCopyOut})
async def look(request: web.Request) -> web.Response:
    """One copy."""
    services = request.app[SERVICES]
    _, found = await _seen(request)
    async with services.database.read() as tx:
        orders = await orders_of(tx, services.keys, [found])
    return web.json_response(_shown(found, orders[found.id]).model_dump(mode="json"))


@route(
    "GET",
    f"{_ONE}/file",
    "The derived copy itself; ranges are honoured",
    answers={200: "video/mp4", 206: "video/mp4", 304: None},
    headers=RANGE_HEADERS,
    errors={409: "copy_not_ready", 410: "erased"},
)
async def fetch(request: web.Request) -> web.StreamResponse:
    """The MP4; every download is noted."""
    actor, found = await _seen(request)
    file_name = f"proofcall-{found.kind}-{found.id}.mp4"
    return await send_made(
        request, actor, found, what="copy", file_name=file_name, content_type="video/mp4"
    )


@route(
    "GET",
    f"{_ONE}/statement",
    "What the operator signed of a derived copy: the file's SHA-256, the originals' roots",
    answers={200: "application/jose"},
    errors={409: "copy_not_ready"},
)
async def statement(request: web.Request) -> web.Response:
    """A compact JWS, for proofcall verify --statement."""
    services = request.app[SERVICES]
    actor, found = await _seen(request)
    check_ready(found, "copy")
    async with services.database.read() as tx:
        signed = opened_statement(await services.keys.session_key(tx, found.session_id), found)
    await _note(services, actor, found.case_id, Deed.LOOKED, found.id)
    name = f"proofcall-{found.kind}-{found.id}.jws"
    return web.Response(
        body=signed.encode(),
        content_type="application/jose",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "private, no-store",
        },
    )


async def _seen(request: web.Request) -> tuple[Actor, DerivedCopy]:
    actor = await require_key_or_staff(request)
    async with request.app[SERVICES].database.read() as tx:
        return actor, await see_copy(tx, actor, request.match_info["id"])


async def _order(tx: AsyncSession, case_id: str, wanted: DerivedCopyWanted) -> CopyOrder:
    if wanted.recording_id is not None:
        return await order_original(tx, case_id, wanted.recording_id)
    part = wanted.part
    assert part is not None
    found = await find_part(tx, case_id, part.session_id, part.participants, *part.moments())
    covered = {one.participant_id for one in wanted.masks}
    if part.participants and not covered.issubset(part.participants):
        raise CaseError("bad_part", "There is no such part of this inspection.", status=422)
    return CopyOrder(
        found,
        [
            MaskOrder(
                one.participant_id,
                one.from_ms,
                one.to_ms,
                (one.box.left, one.box.top, one.box.width, one.box.height),
            )
            for one in wanted.masks
        ],
        [MuteOrder(one.from_ms, one.to_ms) for one in wanted.mutes],
        wanted.reason,
    )


def _shown(found: DerivedCopy, order: CopyOrder) -> DerivedCopyOut:
    fields = {
        name: getattr(found, name) for name in DerivedCopyOut.model_fields if hasattr(found, name)
    }
    wanted = order.as_json()
    return DerivedCopyOut.model_validate(
        {
            **fields,
            **{name: wanted.get(name) for name in ("masks", "mutes", "reason", "recording_id")},
            "part": wanted,
        }
    )


async def _note(services: Services, actor: Actor, case_id: str, deed: Deed, copy_id: str) -> None:
    async with services.database.read() as tx:
        case = await tx.get_one(Case, case_id)
    await note(services, actor, case, deed, "copy", copy_id)
