"""What a seller should know of their evidence: what waits for the store, what does not match."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field

from cases.view import View
from recorder.evidence_notes import EvidenceNotes, notes_of_case, notes_of_seller
from recorder.outages import StoreOutage
from signaling.auth import require_key_or_staff
from signaling.openapi import register, route
from signaling.services import SERVICES, Services


class WaitingView(View):
    """Evidence that waits on the server's disk; ``customer``: the seller's own store refuses it."""

    since: datetime
    sessions: int
    bytes: int
    fault: Literal["ours", "customer"]


class DoesNotMatchView(View):
    """An inspection whose ledger, seal and stored objects do not match."""

    case_id: str
    session_id: str
    mismatches: int
    kinds: Annotated[
        list[str],
        Field(description="not_closed, not_sealed, ledger, seal, missing, size, digest"),
    ]
    checked_at: datetime | None


class EvidenceNotesView(View):
    """Null and empty while all is well; both go away by themselves."""

    waiting: WaitingView | None
    mismatches: list[DoesNotMatchView]


def add_routes(app: web.Application) -> None:
    """Serve them."""
    register(app, [of_seller, of_case])


@route(
    "GET",
    "/api/v1/evidence-notes",
    "Read what waits for the store, and what evidence does not match, of all cases",
    answers={200: EvidenceNotesView},
)
async def of_seller(request: web.Request) -> web.Response:
    """For the seller's admins and machines; at most twenty inspections that do not match."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    outages, waiting = await _late(services)
    async with services.database.read() as tx:
        return _json(await notes_of_seller(tx, actor, outages, waiting))


@route(
    "GET",
    "/api/v1/cases/{id}/evidence-notes",
    "Read what waits for the store, and what evidence does not match, of one case",
    answers={200: EvidenceNotesView},
)
async def of_case(request: web.Request) -> web.Response:
    """For whoever may look at the evidence of the case."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    outages, waiting = await _late(services)
    async with services.database.read() as tx:
        found = await notes_of_case(tx, actor, request.match_info["id"], outages, waiting)
    return _json(found)


async def _late(services: Services) -> tuple[list[StoreOutage], dict[str, int]]:
    if services.figures is None:
        return [], {}
    return await services.figures.store_outages(), await services.figures.waiting_bytes()


def _json(found: EvidenceNotes) -> web.Response:
    shown = EvidenceNotesView.model_validate(found, from_attributes=True)
    return web.json_response(text=shown.model_dump_json())
