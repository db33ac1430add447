"""The web process: opens what it needs, serves facts and browsers, and closes in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import structlog
from aiohttp import web

from cases.database import Database
from cases.keys import KeyRing
from cases.outbox import Outbox
from cases.residency import places_in_use
from cases.ringing import carry_rings
from recorder.places import open_store
from recorder.playback import Playback
from runtime.clock import SystemClock
from runtime.control import ControlServer, load_control_secret
from runtime.errors import SetupError
from runtime.settings import Settings
from runtime.tasks import Tasks
from runtime.vitals import Vitals
from signaling.app import build_app
from signaling.fact_intake import FactIntake
from signaling.lan_site import serve_lan
from signaling.limits import Limits
from signaling.media_orders import MediaOrders
from signaling.media_pool import MediaPool
from signaling.metrics import Metrics
from signaling.process_figures import ProcessFigures
from signaling.rate_limit import RateLimit
from signaling.recorder_link import RecorderLink
from signaling.services import Services
from signaling.sockets import Hub
from signaling.turn import turn_access
from signaling.upkeep import Upkeep

log = structlog.get_logger()

_SHUTDOWN_S = 3.0


@asynccontextmanager
async def web_services(settings: Settings, outbox: Outbox) -> AsyncIterator[Services]:
    """Everything the web process lives on, the database migrated; closed in reverse order.

    Raises:
        SetupError: the machine is not ready.
    """
    keys = await asyncio.to_thread(KeyRing.load, settings)
    secret = await asyncio.to_thread(load_control_secret, settings.keys_dir)
    database = Database(settings.database)
    store = open_store(settings)
    clock = SystemClock()
    metrics = Metrics()
    figures = ProcessFigures(settings, secret, clock)
    metrics.registry.register(figures)
    pool = MediaPool(settings, secret)
    services = Services(
        settings=settings,
        clock=clock,
        database=database,
        keys=keys,
        outbox=outbox,
        store=store,
        playback=Playback(store),
        media_pool=pool,
        media=MediaOrders(pool),
        recorder=RecorderLink(settings, secret),
        hub=Hub(settings),
        metrics=metrics,
        tasks=Tasks(),
        vitals=Vitals(clock),
        figures=figures,
        turn=turn_access(settings),
        limits=Limits(settings.redis_url),
        rate_limit=RateLimit(settings.api_rate_per_minute, settings.redis_url),
    )
    try:
        await database.migrate(keys)
        await _check_places(services)
        services.tasks.forever("loop lag", services.vitals.run)
        services.tasks.forever("rings", partial(carry_rings, database))
        yield services
    finally:
        await services.tasks.close()
        if services.rate_limit is not None:
            await services.rate_limit.close()
        await services.limits.close()
        await services.media_pool.close()
        await figures.close()
        await services.recorder.close()
        await store.close()
        await database.close()


async def _check_places(services: Services) -> None:
    async with services.database.read() as tx:
        missing = await places_in_use(tx) - set(services.settings.all_places)
    if missing:
        raise SetupError(
            f"Evidence is kept in {', '.join(sorted(missing))}, which PROOFCALL_PLACES does not "
            "name. Name it as before: without it that evidence cannot be read."
        )


@asynccontextmanager
async def serve_http(services: Services) -> AsyncIterator[int]:
    """Take in facts and serve browsers until the block ends; gives the TCP port.

    Raises:
        SetupError: the port is taken.
    """
    settings = services.settings
    secret = await asyncio.to_thread(load_control_secret, settings.keys_dir)
    intake = FactIntake(services, ControlServer(f"unix://{settings.run_dir / 'web.sock'}", secret))
    services.media_pool.on_lost = intake.lose
    services.media_pool.on_moving = intake.move
    runner = web.AppRunner(
        build_app(services),
        access_log=None,
        shutdown_timeout=_SHUTDOWN_S,
        handler_cancellation=True,
    )
    await runner.setup()
    stack = AsyncExitStack()
    try:
        await services.media_pool.poll()
        Upkeep(services).start()
        await intake.start()
        site = web.TCPSite(runner, settings.http_host, settings.http_port)
        try:
            await site.start()
        except OSError as error:
            raise SetupError(
                f"Cannot listen on {settings.http}: {error.strerror or error}. "
                "Set PROOFCALL_HTTP=host:port to another one."
            ) from error
        port = int(runner.addresses[0][1])
        if settings.lan:
            await stack.enter_async_context(serve_lan(settings, runner))
        log.info("web serves", address=settings.http_host, port=port)
        yield port
    finally:
        # Browsers first, so that nobody hears half of the end; then the facts, which
        # uploader and media keep until the next web process asks for them.
        await stack.aclose()
        await runner.cleanup()
        await intake.close()


async def run_web(
    settings: Settings, outbox: Outbox, *, ready: asyncio.Event | None = None
) -> None:
    """Run the web process until cancelled; calls in progress go on without it.

    Raises:
        SetupError: the machine is not ready.
    """
    async with web_services(settings, outbox) as services, serve_http(services):
        if ready is not None:
            ready.set()
        await asyncio.Event().wait()
