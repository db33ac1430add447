"""Whether this process lives, whether it can serve calls, and its figures."""

from __future__ import annotations

import asyncio

from aiohttp import web
from sqlalchemy import func, select
from sqlalchemy import text as sql
from sqlalchemy.exc import SQLAlchemyError

from cases.states import SessionState
from cases.tables import Session
from runtime.errors import StoreError
from signaling.services import SERVICES, Services

_TIMEOUT_S = 3.0


def add_routes(app: web.Application) -> None:
    """Serve ``/healthz``, ``/readyz`` and ``/metrics``."""
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)


async def healthz(_request: web.Request) -> web.Response:
    """The process answers."""
    return web.json_response({"status": "ok"})


async def readyz(request: web.Request) -> web.Response:
    """A call could be begun now; otherwise what is missing."""
    services = request.app[SERVICES]
    database, store = await asyncio.gather(_database(services), _store(services))
    there = {
        "media": bool(services.media_pool.places),
        "recorder": services.recorder.status is not None,
        "database": database,
        "store": store,
    }
    missing = [name for name, is_there in there.items() if not is_there]
    if missing:
        return web.json_response({"status": "not_ready", "missing": missing}, status=503)
    return web.json_response({"status": "ok"})


async def metrics(request: web.Request) -> web.Response:
    """Prometheus's text format."""
    services = request.app[SERVICES]
    await _measure(services)
    return web.Response(
        body=services.metrics.text(),
        headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"},
    )


async def _measure(services: Services) -> None:
    figures = services.metrics
    async with services.database.read() as tx:
        rows = await tx.execute(
            select(Session.state, func.count())
            .where(Session.state != SessionState.ENDED)
            .group_by(Session.state)
        )
    counts: dict[str, int] = {row[0]: row[1] for row in rows}
    for state in (SessionState.WAITING, SessionState.HELD, SessionState.LIVE):
        figures.sessions.labels(state).set(counts.get(state, 0))
    status = services.recorder.status
    figures.recorder_up.set(status is not None)
    if status is not None:
        figures.spool_bytes.set(status.spool_bytes)
        figures.recorder_free_bytes.set(status.free_bytes)
    load = services.media_pool.load
    figures.media_workers.set(len(load))
    figures.media_cpu.clear()
    for worker, share in load.items():
        figures.media_cpu.labels(worker).set(share)


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
            await services.store.exists("readyz")
    except (StoreError, TimeoutError):
        return False
    return True
