"""The buyer's appointment: offered times, booking, moving, giving back, the calendar file."""

from __future__ import annotations

from datetime import UTC
from typing import Annotated, Final

from aiohttp import web
from pydantic import BaseModel, ConfigDict, StringConstraints
from sqlalchemy.ext.asyncio import AsyncSession

from cases import appointments, links
from cases.actor import SystemActor
from cases.calendar_entry import CalendarEntry, calendar_file
from cases.calendar_words import words_for
from cases.case_access import not_found
from cases.commands import Moment
from cases.links import Binding
from cases.tables import Case, Tenant
from cases.unit import Unit
from runtime.errors import CaseError
from signaling.auth import device_secret
from signaling.bodies import parse_body
from signaling.services import SERVICES

_OPEN_TO: Final = frozenset({Binding.FREE, Binding.BOUND})


class BookIn(BaseModel):
    """One of the offered times, and the zone in which the buyer read it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    starts_at: Moment
    zone: Annotated[str, StringConstraints(min_length=1, max_length=64)]


def add_routes(app: web.Application) -> None:
    """Serve the buyer's appointment."""
    app.router.add_get("/api/join/{token}/appointment", look)
    app.router.add_put("/api/join/{token}/appointment", book)
    app.router.add_delete("/api/join/{token}/appointment", cancel)
    app.router.add_get("/api/join/{token}/appointment.ics", calendar)


async def look(request: web.Request) -> web.Response:
    """What may be booked and what is."""
    services = request.app[SERVICES]
    now = services.clock.now()
    async with services.database.read() as tx:
        case = await tx.get_one(Case, await _case_id(request, tx))
        found = await appointments.offered(tx, case, now)
    return web.json_response(found.model_dump(mode="json"))


async def book(request: web.Request) -> web.Response:
    """Book a time, or move the one that is booked."""
    services = request.app[SERVICES]
    wanted = await parse_body(request, BookIn)

    async def act(unit: Unit) -> appointments.AppointmentView:
        case_id = await _case_id(request, unit.tx)
        starts_at = wanted.starts_at.astimezone(UTC)
        return await appointments.book(unit, SystemActor(), case_id, starts_at, wanted.zone)

    booked = await services.run(act)
    return web.json_response(booked.model_dump(mode="json"))


async def cancel(request: web.Request) -> web.Response:
    """Give the time back; a repeat changes nothing."""

    async def act(unit: Unit) -> None:
        await appointments.cancel(unit, SystemActor(), await _case_id(request, unit.tx))

    await request.app[SERVICES].run(act)
    return web.Response(status=204)


async def calendar(request: web.Request) -> web.Response:
    """The booked time for the buyer's calendar."""
    services = request.app[SERVICES]
    token = request.match_info["token"]
    async with services.database.read() as tx:
        case = await tx.get_one(Case, await _case_id(request, tx))
        booked = await appointments.booked_of(tx, case.id)
        if booked is None:
            raise not_found()
        tenant = await tx.get_one(Tenant, case.tenant_id)
    url = f"{services.settings.public_url}/j/{token}"
    words = words_for(case.buyer_locale)
    text = calendar_file(
        CalendarEntry(
            uid=f"{booked.id}@proofcall",
            sequence=booked.sequence,
            made_at=booked.updated_at,
            starts_at=booked.starts_at,
            ends_at=booked.ends_at,
            summary=words.summary.format(seller=tenant.name, order=case.order_number),
            description=f"{words.description}\n{url}",
            url=url,
        )
    )
    return web.Response(
        text=text,
        content_type="text/calendar",
        charset="utf-8",
        headers={
            "Content-Disposition": 'attachment; filename="video-call.ics"',
            "Cache-Control": "no-store",
        },
    )


async def _case_id(request: web.Request, tx: AsyncSession) -> str:
    """The case of a link, for who has it or could still take it."""
    now = request.app[SERVICES].clock.now()
    link = await links.find_link(tx, request.match_info["token"], now)
    if await links.binding_of(tx, link.link_id, device_secret(request)) not in _OPEN_TO:
        raise CaseError("device_refused", "Another device uses this link.", status=403)
    case_id: str = link.case_id
    return case_id
