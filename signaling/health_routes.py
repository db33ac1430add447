"""Whether this process lives, whether it can serve calls, and its figures."""

from __future__ import annotations

import asyncio
import hmac
from datetime import timedelta

from aiohttp import web
from sqlalchemy import func, select
from sqlalchemy import text as sql
from sqlalchemy.exc import SQLAlchemyError

from cases.states import ParticipantRole, Presence, SessionState
from cases.tables import Participant, Session
from recorder.reconciling import mismatched
from recorder.stamp_orders import StampsLate, stamps_late
from runtime.errors import CaseError, StoreError
from signaling.auth import client_address, is_within
from signaling.services import SERVICES, Services

_TIMEOUT_S = 3.0
_PROXY_HEADERS = ("Via", "Forwarded", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")


def add_routes(app: web.Application) -> None:
    """Serve ``/healthz``, ``/readyz`` and ``/metrics``."""
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)


async def healthz(_request: web.Request) -> web.Response:
    """The process answers."""
    return web.json_response({"status": "ok"})


async def readyz(request: web.Request) -> web.Response:
    """A call could be begun now; otherwise what is missing, or that we are leaving."""
    services = request.app[SERVICES]
    database, store = await asyncio.gather(_database(services), _store(services))
    workers = {place.worker for place in services.media_pool.places}
    draining = sorted(services.media_pool.draining)
    there = {
        "media": bool(workers),
        "recorder": services.recorder.status is not None,
        "database": database,
        "store": store,
    }
    missing = [name for name, is_there in there.items() if not is_there]
    if missing:
        body = {"status": "not_ready", "missing": missing, "draining": draining}
        return web.json_response(body, status=503)
    if workers <= set(draining):
        body = {"status": "draining", "missing": [], "draining": draining}
        return web.json_response(body, status=503)
    return web.json_response({"status": "ok", "draining": draining})


async def metrics(request: web.Request) -> web.Response:
    """Prometheus's text format, for those who may know how we do.

    Raises:
        CaseError: ``bad_key`` (401) or ``forbidden`` (403).
    """
    check_metrics_reader(request)
    services = request.app[SERVICES]
    await _measure(services)
    return web.Response(
        body=services.metrics.text(),
        headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"},
    )


def check_metrics_reader(request: web.Request) -> None:
    """Let on whoever has the token, or comes from a network that needs none.

    Raises:
        CaseError: ``bad_key`` (401), another token; ``forbidden`` (403), none, and from elsewhere.
    """
    settings = request.app[SERVICES].settings
    given = request.headers.get("Authorization")
    if given is not None:
        token = settings.metrics_token.get_secret_value() if settings.metrics_token else ""
        if token and hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
            return
        raise CaseError("bad_key", "This token is not valid.", status=401)
    # Behind a proxy that does not say for whom it asks, anybody would come from its address.
    hidden = "X-Forwarded-For" not in request.headers and any(
        name in request.headers for name in _PROXY_HEADERS
    )
    if hidden or not is_within(client_address(request), settings.metrics_from):
        raise CaseError("forbidden", "The figures are not public.", status=403)


async def _measure(services: Services) -> None:
    figures = services.metrics
    try:
        async with asyncio.timeout(_TIMEOUT_S), services.database.read() as tx:
            sessions = await tx.execute(
                select(Session.state, func.count())
                .where(Session.state != SessionState.ENDED)
                .group_by(Session.state)
            )
            people = await tx.execute(
                select(Participant.role, func.count())
                .join(Session, Session.id == Participant.session_id)
                .where(Session.state != SessionState.ENDED, Participant.presence != Presence.LEFT)
                .group_by(Participant.role)
            )
            unmatched = await mismatched(tx)
            late = await stamps_late(tx) if services.settings.tsa_url else StampsLate(None, 0)
        counts: dict[str, int] = {row[0]: row[1] for row in sessions}
        roles: dict[str, int] = {row[0]: row[1] for row in people}
        for state in (SessionState.WAITING, SessionState.HELD, SessionState.LIVE):
            figures.sessions.labels(state).set(counts.get(state, 0))
        for role in ParticipantRole:
            figures.participants.labels(role).set(roles.get(role, 0))
        figures.evidence_mismatches.set(unmatched)
        waited = services.clock.now() - late.oldest if late.oldest else timedelta()
        figures.time_stamp_oldest_s.set(waited.total_seconds())
        figures.time_stamp_renewals_late.set(late.renewals)
        figures.database_up.set(1)
    except (SQLAlchemyError, OSError, TimeoutError):
        # The other figures matter most just now.
        figures.sessions.clear()
        figures.participants.clear()
        figures.database_up.set(0)
    if services.figures is not None:
        recorder = services.recorder.status
        await services.figures.refresh(
            media=services.media_pool.statuses,
            recorder=recorder.fields if recorder is not None else None,
            web=services.vitals.fields(),
        )


async def _database(services: Services) -> bool:
    try:
        async with asyncio.timeout(_TIMEOUT_S), services.database.read() as tx:
            await tx.execute(sql("SELECT 1"))
    except (SQLAlchemyError, OSError, TimeoutError):
        return False
    return True


async def _store(services: Services) -> bool:
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            await services.store.size("readyz")
    except (StoreError, TimeoutError):
        return False
    return True
