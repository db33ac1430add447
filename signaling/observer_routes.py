"""Observers over HTTP: their links, coming in with or without an account, and the host's word."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
from sqlalchemy.ext.asyncio import AsyncSession

from cases import observer_links, observing
from cases.access_log import Deed
from cases.actor import ObserverActor, StaffActor
from cases.commands import Locale, one_line
from cases.consent_text import GUEST_WORDS, ConsentGiven
from cases.joining import Joined, Seat, SeatMedia
from cases.observing import Arrival
from cases.participant_names import opened_names
from cases.session_views import snapshot
from cases.states import SessionState, Voice
from cases.tables import Case, Session, Staff, Tenant
from cases.unit import Unit
from runtime.ids import CaseId
from signaling.auth import observer_secret, remember_observer, require_staff
from signaling.bodies import parse_body
from signaling.join_routes import ConsentIn
from signaling.media_join import Candidates, Offer, Wish, join, peer_json
from signaling.network_routes import ice_for_guest
from signaling.noting import note
from signaling.participation import participant_actor
from signaling.services import SERVICES

_TURNS_TEXT_ROUND: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _plain_name(value: str) -> str:
    """What others read is what was written: no control character, and none that reorders."""
    if _TURNS_TEXT_ROUND.intersection(value):
        raise ValueError("control characters are not allowed")
    return one_line(value)


Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=80),
    AfterValidator(_plain_name),
]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ObserveIn(_Body):
    """A member of staff comes in; who speaks has agreed to being recorded."""

    voice: Literal["speaks", "silent"]
    locale: Locale
    offer: Offer | None = None
    candidates: Candidates = []


class GuestIn(ObserveIn):
    """Somebody without an account comes in by their link; who speaks agrees."""

    name: Name
    consent: ConsentIn | None = None


class VoiceIn(_Body):
    """The host's word on who is heard."""

    voice: Literal["speaks", "silent"]


class Empty(_Body):
    """Nothing."""


def add_routes(app: web.Application) -> None:
    """Serve the observers' routes."""
    add_get, add_post = app.router.add_get, app.router.add_post
    add_get("/api/observe/{token}", look)
    add_post("/api/observe/{token}", come_in_by_link)
    add_post("/api/sessions/{id}/observe", come_in)
    add_post("/api/sessions/{id}/leave", leave)
    add_get("/api/sessions/{id}/observer-links", links)
    add_post("/api/sessions/{id}/observer-links", invite)
    app.router.add_delete("/api/sessions/{id}/observer-links/{link_id}", revoke)
    add_post("/api/sessions/{id}/observers/{participant_id}", set_voice)
    app.router.add_delete("/api/sessions/{id}/observers/{participant_id}", remove)


async def look(request: web.Request) -> web.Response:
    """What the link is about; changes nothing, and says little: whoever has it may look."""
    services = request.app[SERVICES]
    async with services.database.read() as tx:
        link, session = await observer_links.find_link(tx, request.match_info["token"])
        case = await tx.get_one(Case, session.case_id)
        tenant = await tx.get_one(Tenant, session.tenant_id)
        host = await tx.get(Staff, session.host_staff_id) if session.host_staff_id else None
        mine = observer_links.is_free_for(link, observer_secret(request))
        person = await observer_links.participant_of_link(tx, link.id) if mine else None
        names = await opened_names(tx, services.keys, [person] if person else [])
    has_host = session.state in (SessionState.HELD, SessionState.LIVE)
    removed = person is not None and person.removed_at is not None
    guest = ObserverActor(session.id, CaseId(session.case_id), link.id)
    may_come_in = mine and has_host and not removed
    return web.json_response(
        {
            "state": ("open" if has_host else "waiting") if mine else "other_device",
            "tenant": {"name": tenant.name},
            "host_name": host.name if host and mine else None,
            "host_locale": host.locale if host and mine else None,
            "buyer_locale": case.buyer_locale,
            "session": {"id": session.id, "presence": person.presence} if person else None,
            "name": names[person.id] if person else None,
            "removed": removed,
            "consent": GUEST_WORDS.shown(),
            "ice": ice_for_guest(services, guest) if may_come_in else None,
        }
    )


async def come_in_by_link(request: web.Request) -> web.Response:
    """The guest's one button."""
    body = await parse_body(request, GuestIn)
    token = request.match_info["token"]
    secret = observer_secret(request)
    consent = ConsentGiven(body.consent.version, body.consent.locale) if body.consent else None
    arrival = Arrival(body.name, body.locale, Voice(body.voice), consent, token, secret)
    name = f"observer:{token[:64]}:{secret or request.remote}"
    return await _come_in(request, None, "", arrival, body, name)


async def come_in(request: web.Request) -> web.Response:
    """A member of staff observes."""
    actor = await require_staff(request)
    body = await parse_body(request, ObserveIn)
    session_id = request.match_info["id"]
    arrival = Arrival(actor.name, body.locale, Voice(body.voice), None)
    return await _come_in(request, actor, session_id, arrival, body, f"{session_id}:{actor.label}")


async def _come_in(
    request: web.Request,
    actor: StaffActor | None,
    session_id: str,
    arrival: Arrival,
    body: ObserveIn,
    name: str,
) -> web.Response:
    services = request.app[SERVICES]

    async def find_seat(tx: AsyncSession) -> Seat:
        return await observing.find_seat(tx, services.keys, actor, session_id, arrival)

    async def take_seat(unit: Unit, seat: Seat, media: SeatMedia | None) -> Joined:
        return await observing.take_seat(unit, actor, arrival, seat, media)

    wish = Wish(body.offer, [candidate.model_dump() for candidate in body.candidates])
    joined, peer = await join(services, name, find_seat, take_seat, wish)
    async with services.database.read() as tx:
        shown = await snapshot(tx, services.keys, joined.actor, joined.session_id, services.clock)
        session = await tx.get_one(Session, joined.session_id)
    await note(services, joined.actor, session, Deed.LOOKED, "call", session.id)
    response = web.json_response(
        {"session": shown, "participant_id": joined.participant_id, "peer": peer_json(peer)}
    )
    if joined.secret is not None:
        remember_observer(request, response, joined.secret)
    return response


async def leave(request: web.Request) -> web.Response:
    """An observer goes."""
    services = request.app[SERVICES]
    session_id = request.match_info["id"]
    async with services.database.read() as tx:
        actor = await participant_actor(request, tx, session_id)
    await services.run(lambda unit: observing.leave(unit, actor, session_id))
    return web.json_response({})


async def links(request: web.Request) -> web.Response:
    """The links that still open something."""
    services = request.app[SERVICES]
    actor = await require_staff(request)
    async with services.database.read() as tx:
        found = await observer_links.links_of(tx, services.keys, actor, request.match_info["id"])
    return web.json_response({"links": found})


async def invite(request: web.Request) -> web.Response:
    """Make a link for one observer without an account."""
    services = request.app[SERVICES]
    actor = await require_staff(request)
    await parse_body(request, Empty)
    session_id = request.match_info["id"]
    made = await services.run(lambda unit: observer_links.make_link(unit, actor, session_id))
    url = f"{services.settings.public_url}/o/{made.token}"
    return web.json_response({"link_id": made.link_id, "observe_url": url}, status=201)


async def revoke(request: web.Request) -> web.Response:
    """End a link, and the part of whoever came by it."""
    services = request.app[SERVICES]
    actor = await require_staff(request)
    session_id, link_id = request.match_info["id"], request.match_info["link_id"]
    await services.run(lambda unit: observer_links.revoke_link(unit, actor, session_id, link_id))
    return web.json_response({})


async def set_voice(request: web.Request) -> web.Response:
    """Let an observer speak, or silence them."""
    services = request.app[SERVICES]
    actor = await require_staff(request)
    body = await parse_body(request, VoiceIn)
    session_id, participant_id = request.match_info["id"], request.match_info["participant_id"]
    voice = Voice(body.voice)
    await services.run(
        lambda unit: observing.set_voice(unit, actor, session_id, participant_id, voice)
    )
    return web.json_response({})


async def remove(request: web.Request) -> web.Response:
    """Show an observer out."""
    services = request.app[SERVICES]
    actor = await require_staff(request)
    session_id, participant_id = request.match_info["id"], request.match_info["participant_id"]
    await services.run(lambda unit: observing.remove(unit, actor, session_id, participant_id))
    return web.json_response({})
