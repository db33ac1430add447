"""What participants of a session ask for over HTTP: its state, its events, media, and its end."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from typing import Annotated, Literal, Self

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from sqlalchemy.ext.asyncio import AsyncSession

from cases import consenting, desk, joining, links, sessions, stills
from cases.actor import BuyerActor, StaffActor
from cases.case_access import not_found
from cases.commands import Words
from cases.consenting import Withdrawn
from cases.joining import Joined, Seat, SeatMedia
from cases.log import Visibility
from cases.session_access import buyer_in, see_as_host, see_as_participant
from cases.session_views import events_after, snapshot, visible_to
from cases.states import Disposition, Liability, Outcome
from cases.unit import Unit
from runtime.control import ControlError
from runtime.errors import CaseError
from signaling.bodies import parse_body, parse_query
from signaling.media_join import Candidates, Offer, StartBps, Wish, join, peer_json
from signaling.media_pool import Place
from signaling.messages import ClientId
from signaling.participation import Person, participant_actor
from signaling.precheck import PrecheckIn, record_precheck
from signaling.services import SERVICES

_MAX_PREVIEW_BYTES = 700_000
# A browser repeats a request for some seconds; its idea of our clock is wrong by less than one.
_OWN_FRAME_AGE_MS = 60_000
_CLOCK_ERROR_MS = 1_000


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HostJoinIn(_Body):
    """A host comes in, by what they agreed to when they came on shift."""

    offer: Offer | None = None
    candidates: Candidates = []
    precheck: PrecheckIn | None = None


class PeerIn(_Body):
    """A fresh peer connection."""

    offer: Offer
    candidates: Candidates = []
    start_bps: StartBps | None = None


class CandidatesIn(_Body):
    """More addresses of a browser; none ends them."""

    candidates: Candidates


class StillIn(_Body):
    """The frame that the host sees now: of somebody else by its RTP timestamp, or of their own
    camera by the server's time, since no browser is told the timestamps of what it sends.
    """

    client_id: ClientId
    mid: Annotated[str, StringConstraints(min_length=1, max_length=32)] | None = None
    rtp_timestamp: Annotated[int, Field(ge=0, le=0xFFFFFFFF)] | None = None
    own_at_ms: Annotated[int, Field(ge=0, le=2**53)] | None = None
    preview: Annotated[str, StringConstraints(max_length=_MAX_PREVIEW_BYTES * 4 // 3 + 8)]

    @model_validator(mode="after")
    def _names_one_frame(self) -> Self:
        named = {self.mid is not None, self.rtp_timestamp is not None, self.own_at_ms is None}
        if len(named) != 1:
            raise ValueError("give either mid and rtp_timestamp, or own_at_ms")
        return self


class DeviceAnswerIn(_Body):
    """The host's word on another device."""

    answer: Literal["yes", "no"]


class WithdrawIn(_Body):
    """Nothing: whoever asks stops the recording of themselves, and of nobody else."""


class EndIn(_Body):
    """The host's last word."""

    outcome: Outcome | None = None
    disposition: Disposition | None = None
    liability: Liability | None = None
    note: Words = ""
    client_id: ClientId


class EventsQuery(BaseModel):
    """From where to read on."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    after: Annotated[int, Field(ge=0, le=2**31)] = 0


def add_routes(app: web.Application) -> None:
    """Serve the participants' routes."""
    add_get, add_post = app.router.add_get, app.router.add_post
    add_get("/api/sessions/{id}", show)
    add_get("/api/sessions/{id}/events", events)
    add_post("/api/sessions/{id}/join", host_join)
    add_post("/api/sessions/{id}/peer", fresh_peer)
    add_post("/api/sessions/{id}/peer/{peer_id}/candidates", candidates)
    add_post("/api/sessions/{id}/stills", take_still)
    add_post("/api/sessions/{id}/devices/{device_id}", answer_device)
    add_post("/api/sessions/{id}/release", release)
    add_post("/api/sessions/{id}/end", end)
    add_post("/api/sessions/{id}/hang-up", hang_up)
    add_post("/api/sessions/{id}/withdraw-consent", withdraw_consent)


async def show(request: web.Request) -> web.Response:
    """The snapshot a page starts from."""
    services = request.app[SERVICES]
    actor = await _actor(request)
    async with services.database.read() as tx:
        return web.json_response(
            await snapshot(tx, services.keys, actor, request.match_info["id"], services.clock)
        )


async def events(request: web.Request) -> web.Response:
    """What happened after an event."""
    services = request.app[SERVICES]
    query = parse_query(request, EventsQuery)
    session_id = request.match_info["id"]
    actor = await _actor(request)
    async with services.database.read() as tx:
        found = await events_after(tx, services.keys, session_id, visible_to(actor), query.after)
    return web.json_response(found)


async def host_join(request: web.Request) -> web.Response:
    """The host's media."""
    body = await parse_body(request, HostJoinIn)
    actor = await _host(request)
    wish = Wish(
        body.offer,
        [candidate.model_dump() for candidate in body.candidates],
        body.precheck.uplink_bps if body.precheck else None,
    )
    return await _join(request, actor, wish, body.precheck, consents=True)


async def fresh_peer(request: web.Request) -> web.Response:
    """A new peer connection after an outage or a reload."""
    body = await parse_body(request, PeerIn)
    actor = await _actor(request)
    wish = Wish(
        body.offer,
        [candidate.model_dump() for candidate in body.candidates],
        body.start_bps,
    )
    return await _join(request, actor, wish, None, consents=False)


async def candidates(request: web.Request) -> web.Response:
    """Addresses that the browser found after its offer."""
    services = request.app[SERVICES]
    body = await parse_body(request, CandidatesIn)
    actor = await _actor(request)
    peer_id = request.match_info["peer_id"]
    async with services.database.read() as tx:
        session, _case, me = await see_as_participant(tx, actor, request.match_info["id"])
    if me.peer_id != peer_id or session.media_worker is None or session.media_epoch is None:
        raise not_found()
    await services.media.add_candidates(
        Place(session.media_worker, session.media_epoch),
        peer_id,
        [candidate.model_dump() for candidate in body.candidates],
    )
    return web.json_response({})


async def take_still(request: web.Request) -> web.Response:
    """A photograph of the frame that the host sees."""
    services = request.app[SERVICES]
    body = await parse_body(request, StillIn)
    actor = await _host(request)
    session_id = request.match_info["id"]
    preview = _jpeg(body.preview)
    async with services.database.read() as tx:
        session, _case, me = await see_as_host(tx, actor, session_id)
        known = await stills.already_taken(tx, services.keys, actor, session_id, body.client_id)
    if known is not None:
        return web.json_response({"still_id": known[0], "seq": known[1]})
    if me.peer_id is None or session.media_worker is None or session.media_epoch is None:
        raise CaseError("frame_unknown", "There is no picture to take a still of.")
    now_ns = services.clock.wall_ns()
    if body.mid is not None and body.rtp_timestamp is not None:
        place = Place(session.media_worker, session.media_epoch)
        located = await services.media.locate(place, me.peer_id, body.mid, body.rtp_timestamp)
        frame = stills.WantedFrame(
            located.participant_id, located.track_id, located.rtp_timestamp, at_ns=now_ns
        )
    else:
        frame = stills.WantedFrame(me.id, None, None, at_ns=_own_at_ns(body, now_ns))

    async def act(unit: Unit) -> tuple[str, int]:
        return await stills.want(unit, actor, session_id, frame, preview, body.client_id)

    still_id, seq = await services.run(act)
    return web.json_response({"still_id": still_id, "seq": seq})


async def answer_device(request: web.Request) -> web.Response:
    """Let another browser of the buyer in, or not."""
    services = request.app[SERVICES]
    body = await parse_body(request, DeviceAnswerIn)
    actor = await _host(request)
    session_id, device_id = request.match_info["id"], request.match_info["device_id"]

    async def act(unit: Unit) -> None:
        session, _case, _me = await see_as_host(unit.tx, actor, session_id, lock=True)
        await links.answer_device(
            unit.tx,
            device_id,
            case_id=session.case_id,
            yes=body.answer == "yes",
            answered_by=actor.label,
            now=unit.now,
        )
        if body.answer == "yes":
            buyer = await buyer_in(unit.tx, session_id)
            if buyer is not None and buyer.socket_id is not None:
                # The first device is no longer the buyer's: its socket ends as well.
                unit.changes.replaced_sockets.append(buyer.socket_id)
        await unit.record(
            session_id,
            "device_answered",
            {"device_id": device_id, "answer": body.answer},
            actor,
            visibility=Visibility.SELLER,
        )

    await services.run(act)
    return web.json_response({})


async def release(request: web.Request) -> web.Response:
    """Put the buyer back into the queue."""
    services = request.app[SERVICES]
    actor = await _host(request)

    async def act(unit: Unit) -> None:
        await sessions.release(unit, actor, request.match_info["id"])

    await services.run(act)
    return web.json_response({})


async def end(request: web.Request) -> web.Response:
    """End the inspection with a verdict, or leave that to the seller."""
    services = request.app[SERVICES]
    body = await parse_body(request, EndIn)
    actor = await _host(request)
    session_id = request.match_info["id"]
    verdict = desk.Verdict(
        outcome=body.outcome,
        disposition=body.disposition,
        liability=body.liability,
        note=body.note,
    )

    async def act(unit: Unit) -> None:
        await sessions.finish(unit, actor, session_id, verdict, body.client_id)

    await services.run(act)
    async with services.database.read() as tx:
        return web.json_response(
            {"session": await snapshot(tx, services.keys, actor, session_id, services.clock)}
        )


async def hang_up(request: web.Request) -> web.Response:
    """The buyer leaves."""
    services = request.app[SERVICES]
    actor = await _actor(request)
    if not isinstance(actor, BuyerActor):
        raise CaseError("wrong_role", "Only the buyer hangs up; others leave or end.", status=403)

    async def act(unit: Unit) -> None:
        await sessions.hang_up(unit, actor, request.match_info["id"])

    await services.run(act)
    return web.json_response({})


async def withdraw_consent(request: web.Request) -> web.Response:
    """Stop the recording of oneself."""
    services = request.app[SERVICES]
    await parse_body(request, WithdrawIn)
    actor = await _actor(request)
    session_id = request.match_info["id"]

    async def act(unit: Unit) -> Withdrawn:
        return await consenting.withdraw_consent(unit, actor, session_id)

    said = await services.run(act)
    try:
        await services.recorder.stop_participant(session_id, said.participant_id, "stopped")
    except ControlError as error:
        if said.is_new:
            # A recorder that is back before it is told must not be sent what comes meanwhile.
            await services.run(
                lambda unit: consenting.renew_unrecorded(unit, session_id, said.participant_id)
            )
        raise CaseError(
            "recording_unavailable", "The recorder did not answer; try again.", status=503
        ) from error
    return web.json_response({})


async def _join(
    request: web.Request,
    actor: Person,
    wish: Wish,
    precheck: PrecheckIn | None,
    *,
    consents: bool,
) -> web.Response:
    services = request.app[SERVICES]
    session_id = request.match_info["id"]

    async def find_seat(tx: AsyncSession) -> Seat:
        return await joining.find_own_seat(tx, services.keys, actor, session_id, consents=consents)

    async def take_seat(unit: Unit, seat: Seat, media: SeatMedia | None) -> Joined:
        joined = await joining.take_own_seat(unit, actor, seat, media, consents=consents)
        await record_precheck(unit, joined, precheck)
        return joined

    joined, peer = await join(services, f"{session_id}:{actor.label}", find_seat, take_seat, wish)
    if not consents:
        return web.json_response({"peer": peer_json(peer)})
    async with services.database.read() as tx:
        shown = await snapshot(tx, services.keys, actor, session_id, services.clock)
    return web.json_response(
        {"session": shown, "participant_id": joined.participant_id, "peer": peer_json(peer)}
    )


async def _actor(request: web.Request) -> Person:
    async with request.app[SERVICES].database.read() as tx:
        return await participant_actor(request, tx, request.match_info["id"])


async def _host(request: web.Request) -> StaffActor:
    actor = await _actor(request)
    if not isinstance(actor, StaffActor):
        raise CaseError("wrong_role", "Only the host can do this.", status=403)
    return actor


def _own_at_ns(body: StillIn, now_ns: int) -> int:
    now_ms = now_ns // 1_000_000
    at_ms = -1 if body.own_at_ms is None else body.own_at_ms
    if not now_ms - _OWN_FRAME_AGE_MS <= at_ms <= now_ms + _CLOCK_ERROR_MS:
        raise CaseError(
            "bad_moment",
            "A photo of your own picture must be of the last 60 seconds, in the server's time.",
            status=422,
        )
    return min(at_ms, now_ms) * 1_000_000


def _jpeg(text: str) -> bytes:
    try:
        jpeg = b64decode(text.partition(",")[2] if text.startswith("data:") else text)
    except (Base64Error, ValueError) as error:
        raise CaseError("bad_preview", "The preview is not base64.", status=422) from error
    if not jpeg.startswith(b"\xff\xd8\xff") or len(jpeg) > _MAX_PREVIEW_BYTES:
        raise CaseError("bad_preview", "The preview is not a JPEG of up to 700 kB.", status=422)
    return jpeg
