"""What proves evidence elsewhere: packages, receipts, and the published keys."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Final, Literal, Self

from aiohttp import web
from pydantic import AwareDatetime, BaseModel, Field, model_validator
from sqlalchemy.ext.asyncio import AsyncSession

from cases.access_log import Deed
from cases.access_policy import Action
from cases.case_access import load_case
from cases.commands import Command
from cases.receipts import Receipt, receipt_for, receipt_for_buyer, receipt_name
from cases.session_access import see_session
from cases.tables import Case, EvidencePackage
from cases.unit import Unit
from recorder.derived.credentials import published_roots
from recorder.key_history import published_keys
from recorder.packaging import (
    order_package,
    packages_of,
    see_package,
)
from recorder.part_order import Moment, PartOrder, find_part
from signaling.auth import device_secret, require_key_or_staff
from signaling.bodies import parse_body
from signaling.byte_answer import RANGE_HEADERS
from signaling.made_file_answer import send_made
from signaling.noting import note
from signaling.once import IDEMPOTENCY_HEADER, Made, answer_once
from signaling.openapi import register, route
from signaling.services import SERVICES, Services

_OF_CASE: Final = "/api/v1/cases/{id}/evidence-packages"
_ONE: Final = "/api/v1/evidence-packages/{id}"
_MAX_OFFSET_MS: Final = 366 * 86_400_000


class PartWanted(Command):
    """Two moments, both on the wall clock or both after the timeline's ``start_ms``.

    ``session_id`` may be left out when the case has one inspection; without ``participants``
    the part is of everybody who was recorded.
    """

    session_id: str | None = None
    participants: Annotated[tuple[str, ...], Field(max_length=20)] = ()
    start: Annotated[
        AwareDatetime | None, Field(alias="from", examples=["2026-11-28T09:00:12.5Z"])
    ] = None
    end: Annotated[AwareDatetime | None, Field(alias="to", examples=["2026-11-28T09:00:22.5Z"])] = (
        None
    )
    from_ms: Annotated[int | None, Field(ge=0, le=_MAX_OFFSET_MS, examples=[None])] = None
    to_ms: Annotated[int | None, Field(ge=0, le=_MAX_OFFSET_MS, examples=[None])] = None

    @model_validator(mode="after")
    def _says_both_in_one_way(self) -> Self:
        given = [value is not None for value in (self.start, self.end, self.from_ms, self.to_ms)]
        if given not in ([True, True, False, False], [False, False, True, True]):
            raise ValueError("give from and to, or from_ms and to_ms")
        return self

    def moments(self) -> tuple[Moment, Moment]:
        """Start and end."""
        if self.start is not None and self.end is not None:
            return self.start, self.end
        start_ms, end_ms = self.from_ms or 0, self.to_ms or 0
        return timedelta(milliseconds=start_ms), timedelta(milliseconds=end_ms)


class EvidencePackageWanted(Command):
    """What the package is to be of: a part, or without one (or without a body) the whole case."""

    part: PartWanted | None = None


class PartOut(BaseModel):
    """The part that was asked for; Unix milliseconds."""

    session_id: str
    participants: list[str]
    from_ms: int
    to_ms: int


class EvidencePackageOut(BaseModel):
    """A package: ``done_bytes`` of ``total_bytes`` while it is made, then its size and digest."""

    id: Annotated[str, Field(examples=["pkg_01kb3v8q5f"])]
    case_id: Annotated[str, Field(examples=["cas_01kb3v7xqm"])]
    part: Annotated[PartOut | None, Field(description="None of a whole case", examples=[None])]
    state: Annotated[
        Literal["waiting", "wanted", "ready", "failed"],
        Field(description="waiting: for the seal of the inspection, which has it made"),
    ]
    done_bytes: int
    total_bytes: int | None
    size: int | None
    sha256: str | None
    failure: Annotated[
        str | None,
        Field(
            description="nothing_sealed (and never will be), nothing_recorded, erased, store or "
            "bucket_refused (the bucket's owner must mend that)",
            examples=[None],
        ),
    ]
    created_at: datetime
    finished_at: datetime | None


class EvidencePackageList(BaseModel):
    """The newest first, at most twenty."""

    items: list[EvidencePackageOut]


def add_routes(app: web.Application) -> None:
    """Serve them."""
    register(app, [order, listed, look, fetch, receipt])
    app.router.add_get("/api/join/{token}/receipt", buyers_receipt)
    app.router.add_get("/.well-known/proofcall-keys.json", keys)
    app.router.add_get("/.well-known/proofcall-credentials.pem", credential_roots)


@route(
    "POST",
    _OF_CASE,
    "Have an evidence package made, of a case or a part of an inspection: media, log, manifests, "
    "signatures and a verifier page",
    body=EvidencePackageWanted,
    headers=IDEMPOTENCY_HEADER,
    answers={202: EvidencePackageOut},
    errors={
        409: "packages_under_way",
        422: "invalid, which_session, bad_part, key_reused, bad_key_header",
    },
)
async def order(request: web.Request) -> web.Response:
    """Order one; it is made by durable work."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    case_id = request.match_info["id"]
    part = (
        (await parse_body(request, EvidencePackageWanted)).part if request.can_read_body else None
    )
    ordered: list[str] = []

    async def find(tx: AsyncSession, case_id: str) -> PartOrder:
        assert part is not None
        return await find_part(tx, case_id, part.session_id, part.participants, *part.moments())

    async def act(unit: Unit) -> Made:
        made = await order_package(unit, actor, case_id, None if part is None else find)
        ordered[:] = [made.id]
        return Made(202, _shown(made))

    answer = await answer_once(request, actor, actor.tenant_id, act)
    for package_id in ordered:
        await note(
            services, actor, await _case(services, case_id), Deed.ORDERED, "package", package_id
        )
    return answer


@route("GET", _OF_CASE, "The case's evidence packages", answers={200: EvidencePackageList})
async def listed(request: web.Request) -> web.Response:
    """Which there are, and how far they are."""
    actor = await require_key_or_staff(request)
    async with request.app[SERVICES].database.read() as tx:
        case = await load_case(tx, actor, request.match_info["id"], Action.REVIEW)
        found = await packages_of(tx, case.id)
    answer = EvidencePackageList(items=[_shown(one) for one in found])
    return web.json_response(answer.model_dump(mode="json"))


@route("GET", _ONE, "How far an evidence package is", answers={200: EvidencePackageOut})
async def look(request: web.Request) -> web.Response:
    """One package."""
    actor = await require_key_or_staff(request)
    async with request.app[SERVICES].database.read() as tx:
        found = await see_package(tx, actor, request.match_info["id"])
    return web.json_response(_shown(found).model_dump(mode="json"))


@route(
    "GET",
    f"{_ONE}/file",
    "The evidence package itself",
    answers={200: "application/zip", 206: "application/zip", 304: None},
    headers=RANGE_HEADERS,
    errors={409: "package_not_ready", 410: "erased"},
)
async def fetch(request: web.Request) -> web.StreamResponse:
    """The ZIP; every download is noted."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    async with services.database.read() as tx:
        found = await see_package(tx, actor, request.match_info["id"])
    return await send_made(request, actor, found, what="package", file_name=_file_name(found))


@route(
    "GET",
    "/api/v1/sessions/{id}/receipt",
    "The receipt of a sealed inspection: one line, for proofcall verify --receipt",
    answers={200: "text/plain"},
    errors={404: "not_found, not_sealed"},
)
async def receipt(request: web.Request) -> web.Response:
    """What both sides hold."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    async with services.database.read() as tx:
        found = await receipt_for(tx, actor, request.match_info["id"])
        seen = await see_session(tx, actor, found.session_id, Action.REVIEW)
    await note(services, actor, seen.case, Deed.DOWNLOADED, "receipt", found.session_id)
    name = f"{receipt_name(found.session_id)}.txt"
    return web.Response(
        text=f"{found.text}\n",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "private, no-store",
        },
    )


async def buyers_receipt(request: web.Request) -> web.Response:
    """The receipt on the buyer's page: ``none``, ``sealing``, or ``sealed`` with it."""
    services = request.app[SERVICES]
    async with services.database.read() as tx:
        inspected, found = await receipt_for_buyer(
            tx, request.match_info["token"], device_secret(request), services.clock.now()
        )
    told: dict[str, object] = {"state": "sealing" if inspected else "none"}
    return web.json_response(
        told if found is None else _receipt(found), headers={"Cache-Control": "no-store"}
    )


async def keys(request: web.Request) -> web.Response:
    """Every key that ever signed for this operator; anybody may know them."""
    async with request.app[SERVICES].database.read() as tx:
        content = await published_keys(tx)
    return web.Response(
        body=content,
        content_type="application/json",
        headers={"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"},
    )


async def credential_roots(request: web.Request) -> web.Response:
    """What a reader of content credentials may be told to trust; anybody may know it."""
    async with request.app[SERVICES].database.read() as tx:
        content = await published_roots(tx)
    return web.Response(
        body=content,
        content_type="application/x-pem-file",
        headers={"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"},
    )


def _receipt(found: Receipt) -> dict[str, object]:
    return {
        "state": "sealed",
        "session_id": found.session_id,
        "number": found.number,
        "sealed_at": found.sealed_at.isoformat(),
        "root": found.root,
        "receipt": found.text,
    }


def _file_name(found: EvidencePackage) -> str:
    of_what = "part-" if found.part is not None else ""
    return f"proofcall-{of_what}{found.case_id}.zip"


def _shown(found: EvidencePackage) -> EvidencePackageOut:
    return EvidencePackageOut.model_validate(found, from_attributes=True)


async def _case(services: Services, case_id: str) -> Case:
    async with services.database.read() as tx:
        return await tx.get_one(Case, case_id)
