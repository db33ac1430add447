"""The buyer's way in: what the link shows, the tap, and asking for another device."""

from __future__ import annotations

from typing import Annotated, Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator
from sqlalchemy.ext.asyncio import AsyncSession

from cases import answering, joining, links, moving
from cases.actor import SystemActor
from cases.commands import Locale, Words
from cases.consent_text import ConsentGiven
from cases.join_views import join_view
from cases.joining import Joined, Seat, SeatMedia, Tap
from cases.links import Binding, DeviceFound
from cases.log import Visibility
from cases.session_access import open_session_of
from cases.session_views import snapshot
from cases.states import OfferWord, SessionState
from cases.unit import Unit
from runtime.errors import CaseError
from signaling.auth import device_secret, remember_device
from signaling.bodies import parse_body
from signaling.media_join import Candidates, Offer, Wish, join, peer_json
from signaling.network_routes import ice_for_buyer
from signaling.precheck import PrecheckIn, record_precheck
from signaling.services import SERVICES

_MAX_KEY_MEMBERS = 12


class ConsentIn(BaseModel):
    """Which words somebody agrees to."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    version: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    locale: Locale


class AppealIn(BaseModel):
    """Why the buyer does not agree."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    words: Annotated[Words, Field(min_length=1)]


class OfferAnswerIn(BaseModel):
    """What the buyer says to an offer."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    word: OfferWord


class TapIn(BaseModel):
    """The one button."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    consent: ConsentIn
    locale: Locale
    offer: Offer | None = None
    candidates: Candidates = []
    precheck: PrecheckIn | None = None
    public_key: (
        Annotated[
            dict[str, Annotated[str, StringConstraints(max_length=1000)] | bool | list[str]],
            Field(max_length=_MAX_KEY_MEMBERS),
        ]
        | None
    ) = None

    @field_validator("public_key")
    @classmethod
    def _no_private_part(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        if value is not None and ("kty" not in value or "d" in value):
            raise ValueError("expected a public JSON Web Key")
        return value


def add_routes(app: web.Application) -> None:
    """Serve the buyer's routes."""
    app.router.add_get("/api/join/{token}", look)
    app.router.add_post("/api/join/{token}", tap)
    app.router.add_post("/api/join/{token}/ask", ask)
    app.router.add_post("/api/join/{token}/appeal", appeal)
    app.router.add_post("/api/join/{token}/offer", answer_offer)


async def look(request: web.Request) -> web.Response:
    """What the link is about; changes nothing, since previews and scanners fetch links."""
    services, secret = request.app[SERVICES], device_secret(request)
    async with services.database.read() as tx:
        shown = await join_view(
            tx, services.keys, request.match_info["token"], secret, services.clock.now()
        )
    response = web.json_response({**shown, "ice": ice_for_buyer(services, shown)})
    if secret is None:
        # Held before the tap: a tap whose answer is lost was this browser's all the same.
        remember_device(request, response, links.new_device_secret())
    return response


async def tap(request: web.Request) -> web.Response:
    """Consent, camera and joining in one."""
    services = request.app[SERVICES]
    body = await parse_body(request, TapIn)
    tapped = Tap(
        token=request.match_info["token"],
        secret=device_secret(request),
        consent=ConsentGiven(body.consent.version, body.consent.locale),
        locale=body.locale,
        user_agent=request.headers.get("User-Agent", ""),
        public_key=body.public_key,
    )

    async def find_seat(tx: AsyncSession) -> Seat:
        return await joining.find_buyer_seat(tx, services.keys, tapped, services.clock.now())

    async def take_seat(unit: Unit, seat: Seat, media: SeatMedia | None) -> Joined:
        joined = await joining.take_buyer_seat(unit, tapped, seat, media)
        await record_precheck(unit, joined, body.precheck)
        return joined

    # Counted per browser, so that somebody else with the link cannot keep the buyer out.
    name = f"link:{tapped.token[:64]}:{tapped.secret or request.remote}"
    wish = Wish(
        body.offer,
        [candidate.model_dump() for candidate in body.candidates],
        body.precheck.uplink_bps if body.precheck else None,
    )
    joined, peer = await join(services, name, find_seat, take_seat, wish)
    async with services.database.read() as tx:
        shown = await snapshot(tx, services.keys, joined.actor, joined.session_id, services.clock)
    response = web.json_response(
        {"session": shown, "participant_id": joined.participant_id, "peer": peer_json(peer)}
    )
    if joined.secret is not None:
        remember_device(request, response, joined.secret)
    return response


async def appeal(request: web.Request) -> web.Response:
    """The buyer does not agree with what was decided; told to the seller, shown again."""
    services = request.app[SERVICES]
    words = (await parse_body(request, AppealIn)).words
    token, secret = request.match_info["token"], device_secret(request)

    user_agent = request.headers.get("User-Agent", "")[:300]

    async def act(unit: Unit) -> DeviceFound:
        case, device = await moving.appeal(unit, token, secret, user_agent, words)
        unit.changes.desks.add(case.tenant_id)
        return device

    return await _shown_to(request, await services.run(act))


async def answer_offer(request: web.Request) -> web.Response:
    """The buyer accepts or declines what was offered; this browser is the buyer's from then on."""
    services = request.app[SERVICES]
    word = (await parse_body(request, OfferAnswerIn)).word
    token, secret = request.match_info["token"], device_secret(request)
    user_agent = request.headers.get("User-Agent", "")[:300]

    async def act(unit: Unit) -> DeviceFound:
        return await answering.answer_offer_by_link(unit, token, secret, user_agent, word)

    return await _shown_to(request, await services.run(act))


async def _shown_to(request: web.Request, device: DeviceFound) -> web.Response:
    """The page as this browser, which is the buyer's by now, may see it."""
    services, token = request.app[SERVICES], request.match_info["token"]
    async with services.database.read() as tx:
        shown = await join_view(tx, services.keys, token, device.secret, services.clock.now())
    response = web.json_response({**shown, "ice": ice_for_buyer(services, shown)})
    remember_device(request, response, device.secret)
    return response


async def ask(request: web.Request) -> web.Response:
    """Have the host decide about this browser."""
    services = request.app[SERVICES]
    token, secret = request.match_info["token"], device_secret(request)
    user_agent = request.headers.get("User-Agent", "")[:300]

    async def act(unit: Unit) -> DeviceFound | None:
        link = await links.find_link(unit.tx, token, unit.now)
        binding = await links.binding_of(unit.tx, link.link_id, secret)
        if binding in (Binding.FREE, Binding.BOUND):
            return None
        session = await open_session_of(unit.tx, link.case_id)
        if session is None or session.state == SessionState.WAITING:
            raise CaseError("no_host", "Nobody is there yet who could let this device in.")
        device = await links.ask(
            unit.tx, unit.keys, link.link_id, secret, user_agent=user_agent, now=unit.now
        )
        unit.changes.device_asks.append((session.id, device.device_id, user_agent))
        if binding is not Binding.ASKING:
            await unit.record(
                session.id,
                "device_asked",
                {"device_id": device.device_id, "user_agent": user_agent},
                # Whoever it is, they are not the buyer yet.
                SystemActor(),
                visibility=Visibility.SELLER,
            )
        return device

    device = await services.run(act)
    response = web.json_response({"state": "asking" if device else "open"})
    if device is not None:
        remember_device(request, response, device.secret)
    return response
