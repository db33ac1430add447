"""A join from end to end: find the seat, have it recorded, make its media, take it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

import structlog
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.ext.asyncio import AsyncSession

from cases.bench import place_near_case
from cases.joining import Joined, Seat, SeatGone, SeatMedia
from cases.tables import Session
from cases.unit import Unit
from runtime.control import ControlError
from runtime.errors import CaseError
from signaling.limits import Counted
from signaling.media_orders import PeerAnswer, PlaceLeavesError
from signaling.media_pool import Place
from signaling.services import Services

log = structlog.get_logger()

_ATTEMPTS = 4


class CandidateIn(BaseModel):
    """An address a browser may be reached at."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    candidate: Annotated[str, StringConstraints(max_length=1000)]
    sdp_mid: Annotated[str, StringConstraints(max_length=32)] | None = None
    sdp_m_line_index: Annotated[int, Field(ge=0, le=32)] | None = None


Candidates = Annotated[list[CandidateIn], Field(max_length=60)]
Offer = Annotated[str, StringConstraints(min_length=1, max_length=200_000)]
StartBps = Annotated[int, Field(ge=10_000, le=1_000_000_000)]
"""What a browser's own check found its uplink to carry, in bits a second."""


@dataclass(frozen=True, slots=True)
class Wish:
    """The media a browser asks for; without an offer it joins without any."""

    offer: str | None
    candidates: list[dict[str, Any]]
    start_bps: int | None = None


FindSeat = Callable[[AsyncSession], Awaitable[Seat]]
TakeSeat = Callable[[Unit, Seat, SeatMedia | None], Awaitable[Joined]]


async def join(
    services: Services, name: str, find_seat: FindSeat, take_seat: TakeSeat, wish: Wish
) -> tuple[Joined, PeerAnswer | None]:
    """Give somebody a seat with media; what fails leaves nothing begun.

    ``name`` is whose attempts are counted together.

    Raises:
        CaseError: what ``find_seat`` and ``take_seat`` refuse, ``recording_unavailable``,
            ``media_unavailable`` (503), ``bad_offer`` (422), ``too_many_attempts`` (429).
    """
    await services.limits.check(
        Counted.JOIN,
        name,
        services.clock.now().timestamp(),
        "Too many attempts to connect; please wait a moment.",
    )
    try:
        for _ in range(_ATTEMPTS):
            joined = await _attempt(services, find_seat, take_seat, wish)
            if joined is not None:
                services.metrics.joins.labels("joined").inc()
                log.info(
                    "joined",
                    session_id=joined[0].session_id,
                    participant_id=joined[0].participant_id,
                    peer_id=joined[1].peer_id if joined[1] is not None else None,
                )
                return joined
    except CaseError as error:
        services.metrics.joins.labels(error.code).inc()
        raise
    services.metrics.joins.labels("conflict").inc()
    raise CaseError("version_conflict", "The inspection kept changing; please try again.")


async def _attempt(
    services: Services, find_seat: FindSeat, take_seat: TakeSeat, wish: Wish
) -> tuple[Joined, PeerAnswer | None] | None:
    metrics = services.metrics
    with metrics.join_stage("find"):
        async with services.database.read() as tx:
            seat = await find_seat(tx)
    place = await _place_for(services, seat) if wish.offer is not None else None
    peer: PeerAnswer | None = None
    try:
        with metrics.join_stage("media"):
            peer = await _prepare(services, seat, place, wish)
        media = SeatMedia(place.worker, place.epoch, peer.peer_id) if place and peer else None
        with metrics.join_stage("commit"):
            joined = await services.run(lambda unit: take_seat(unit, seat, media))
    except (SeatGone, PlaceLeavesError):
        await _undo(services, seat, place, peer)
        return None
    except CaseError as error:
        if error.code != "media_unavailable" or place is None or _lives(services, place):
            services.tasks.once("undo join", _undo(services, seat, place, peer))
            raise
        # The worker died under our hands: another one, or its successor, will do.
        await _undo(services, seat, place, peer)
        return None
    except BaseException:
        services.tasks.once("undo join", _undo(services, seat, place, peer))
        raise
    return joined, peer


def _lives(services: Services, place: Place) -> bool:
    return services.media_pool.is_alive(place.worker, place.epoch)


async def _prepare(
    services: Services, seat: Seat, place: Place | None, wish: Wish
) -> PeerAnswer | None:
    """Have recorder and media worker made ready, both at once.

    Packets flow only when the browser has the answer, so the recorder is never late. Who is
    not recorded, in a session that has begun, needs none.
    """
    recorded = _open_recording(services, seat)
    if place is None or wish.offer is None:
        await recorded
        return None
    made = services.media.add_peer(
        place,
        session_id=seat.session_id,
        participant_id=seat.participant_id,
        role=seat.role,
        offer=wish.offer,
        candidates=wish.candidates,
        record=seat.record,
        start_bps=wish.start_bps,
    )
    refusal, peer = await asyncio.gather(recorded, made, return_exceptions=True)
    if refusal is None and isinstance(peer, PeerAnswer):
        return peer
    if isinstance(peer, PeerAnswer):
        await services.media.close_peer(place, peer.peer_id, "not_joined")
    raise refusal if isinstance(refusal, BaseException) else _error(peer)


async def _open_recording(services: Services, seat: Seat) -> None:
    if seat.record or seat.is_new_session:
        await services.recorder.open_session(
            seat.session_id, seat.key_id, seat.key, seat.object_prefix
        )


def _error(result: PeerAnswer | BaseException) -> BaseException:
    assert isinstance(result, BaseException)
    return result


async def _place_for(services: Services, seat: Seat) -> Place:
    """All of a session's people on one worker, for as long as that lives.

    A new one goes where a bench camera of its warehouse is, so that this can be attached
    without coming again.
    """
    if (
        seat.worker is not None
        and seat.epoch is not None
        and services.media_pool.is_alive(seat.worker, seat.epoch)
    ):
        return Place(seat.worker, seat.epoch)
    async with services.database.read() as tx:
        near = await place_near_case(tx, seat.case_id)
    if near is not None and services.media_pool.has_room(Place(*near)):
        return Place(*near)
    return await services.media_pool.place_new()


async def _undo(
    services: Services, seat: Seat, place: Place | None, peer: PeerAnswer | None
) -> None:
    if place is not None and peer is not None:
        await services.media.close_peer(place, peer.peer_id, "not_joined")
    if not seat.is_new_session:
        return
    async with services.database.read() as tx:
        if await session_exists(tx, seat.session_id):
            return
    try:
        await services.recorder.close_session(seat.session_id, "not_joined")
    except ControlError as error:
        log.warning("recorder did not close", session_id=seat.session_id, code=error.code)


async def session_exists(tx: AsyncSession, session_id: str) -> bool:
    """Whether a commit that seemed to fail was carried out after all."""
    return await tx.get(Session, session_id) is not None


def peer_json(peer: PeerAnswer | None) -> dict[str, Any] | None:
    """The ``peer`` of a Joined."""
    if peer is None:
        return None
    return {"peer_id": peer.peer_id, "answer": peer.answer, "tracks": peer.tracks}
