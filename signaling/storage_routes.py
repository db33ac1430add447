"""Where the evidence of a case is kept, who keeps it from being deleted, and whether it refuses."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import structlog
from aiohttp import web
from pydantic import BaseModel, Field
from sqlalchemy import select

from cases.access_policy import Action
from cases.case_access import load_case
from cases.tables import Session
from recorder.outages import StoreOutage
from recorder.store import LockKeeper, LockMode
from recorder.store_faults import StoreReason
from runtime.errors import StoreError, StoreFault
from runtime.place_names import place_of
from signaling.auth import require_key_or_staff
from signaling.openapi import register, route
from signaling.services import SERVICES, Services

log = structlog.get_logger()

_LIMIT_S = 3.0


class EvidencePlaceOut(BaseModel):
    """A place with evidence of the case.

    ``lock`` says who refuses to delete what is retained or held: the store itself (Object
    Lock), or the application alone. It is None, as ``versions`` is, while the place cannot
    be asked.
    """

    place: Annotated[str, Field(examples=["eu"])]
    label: Annotated[str | None, Field(examples=["Frankfurt"])]
    region: Annotated[str | None, Field(examples=["eu-central-1"])]
    sessions: list[str]
    versions: bool | None
    lock: LockKeeper | None
    lock_mode: LockMode | None
    lacks: Annotated[
        list[str], Field(description="no_versions, no_object_lock", examples=[["no_object_lock"]])
    ]
    fault: Annotated[
        StoreFault | None,
        Field(description="customer: the bucket refuses, its owner must mend it; ours: it passes"),
    ]
    reason: Annotated[
        str | None,
        Field(
            description="credentials, denied, no_bucket, region, lock, quota; away, disk, object, "
            "place",
            examples=["denied"],
        ),
    ]
    since: Annotated[datetime | None, Field(description="of the fault, where it is known")]
    waiting: Annotated[
        list[str], Field(description="Sessions whose evidence waits on our disk, safe and sealed")
    ]


class EvidencePlaceList(BaseModel):
    """One for each place, the newest inspection's first; none before the first inspection."""

    items: list[EvidencePlaceOut]


def add_routes(app: web.Application) -> None:
    """Serve it."""
    register(app, [places_of_case])


@route(
    "GET",
    "/api/v1/cases/{id}/evidence-places",
    "Where the case's evidence is kept, and how",
    answers={200: EvidencePlaceList},
)
async def places_of_case(request: web.Request) -> web.Response:
    """By place; what a place does is asked of it, ten minutes old at most."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    async with services.database.read() as tx:
        case = await load_case(tx, actor, request.match_info["id"], Action.REVIEW)
        rows = await tx.execute(
            select(Session.id, Session.object_prefix)
            .where(Session.case_id == case.id)
            .order_by(Session.created_at.desc(), Session.id)
        )
        prefixes = [(row[0], row[1]) for row in rows]
    outages = await services.figures.store_outages() if services.figures is not None else []
    by_place: dict[str, dict[str, str]] = {}
    for session_id, prefix in prefixes:
        by_place.setdefault(place_of(prefix), {})[session_id] = prefix
    items = await asyncio.gather(
        *(
            _told(services, place, sessions, next((o for o in outages if o.place == place), None))
            for place, sessions in by_place.items()
        )
    )
    answer = EvidencePlaceList(items=list(items))
    return web.json_response(answer.model_dump(mode="json"))


async def _told(
    services: Services, place: str, sessions: dict[str, str], outage: StoreOutage | None
) -> EvidencePlaceOut:
    known = services.settings.all_places.get(place)
    told = EvidencePlaceOut(
        place=place,
        label=known.label if known else None,
        region=known.region if known else None,
        sessions=list(sessions),
        versions=None,
        lock=None,
        lock_mode=None,
        lacks=[],
        fault=None,
        reason=None,
        since=None,
        waiting=[],
    )
    try:
        async with asyncio.timeout(_LIMIT_S):
            found = await services.store.capabilities(next(iter(sessions.values())) + "/")
        told.versions, told.lock, told.lock_mode = found.versions, found.lock, found.lock_mode
        told.lacks = list(found.shortcomings)
    except StoreError as error:
        log.warning("a place does not answer", place=place, error=str(error))
        told.fault, told.reason = error.fault, error.reason or None
    except TimeoutError:
        log.warning("a place does not answer", place=place, error="no answer in time")
        told.fault, told.reason = StoreFault.OURS, StoreReason.AWAY
    if outage is not None:
        told.fault, told.reason = outage.fault, outage.reason
        told.since = datetime.fromtimestamp(outage.since_ns / 1e9, UTC)
        # Of other cases nothing is told here, were they the same seller's or not.
        told.waiting = [one for one in outage.sessions if one in sessions]
    return told
