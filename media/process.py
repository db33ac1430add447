"""The process of one media worker: what it is wired from, how it starts and how it ends."""

from __future__ import annotations

import asyncio
import gc
import secrets
import signal
from collections.abc import Coroutine
from typing import Any

import structlog

from media import hooks
from media.addresses import network_policy
from media.echo import Echo
from media.facts import FactQueue
from media.tap import Tap
from media.worker import MediaWorker
from runtime.clock import SystemClock
from runtime.control import ControlClient, ControlServer, load_control_secret
from runtime.settings import Settings
from runtime.tasks import Tasks
from runtime.vitals import Vitals

log = structlog.get_logger()


async def run_worker(settings: Settings, worker_id: str) -> bool:
    """Be media worker ``worker_id`` (``"0"`` serves ``media-0.sock``) until told to end.

    A first SIGTERM or SIGINT drains within ``drain_s`` (at once when that is 0), a second
    ends at once. Gives whether it should stay down: a drain was asked for that says so.
    """
    hooks.install()
    clock = SystemClock()
    secret = load_control_secret(settings.keys_dir)
    run_dir = settings.run_dir
    web = ControlClient(f"unix://{run_dir / 'web.sock'}", secret)
    tap = Tap(run_dir / "tap.sock", clock)
    tasks = Tasks()
    epoch = secrets.token_hex(8)
    facts = FactQueue(web, worker_id, epoch)
    vitals = Vitals(clock)
    policy = network_policy(settings)
    echo = Echo(policy, secret=secret, epoch=epoch, clock=clock)
    echo.open()
    worker = MediaWorker(
        worker_id=worker_id,
        epoch=epoch,
        clock=clock,
        policy=policy,
        tap=tap,
        facts=facts,
        vitals=vitals,
        echo=echo,
    )
    server = ControlServer(f"unix://{run_dir / f'media-{worker_id}.sock'}", secret)
    worker.register(server)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        if worker.draining.asked or not settings.drain_s:
            stop.set()
        else:
            worker.begin_drain(settings.drain_s)

    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, on_signal)
    tasks.forever("timers", worker.turns.run)
    tasks.forever("quality", worker.run_quality)
    tasks.forever("facts", facts.run)
    tasks.forever("tap", tap.run)
    tasks.forever("garbage", worker.garbage.run)
    tasks.forever("loop lag", vitals.run)
    tasks.once("drain", _set_after(stop, worker.drained()))
    await server.start()
    # What is loaded lives for ever; collections that scan it again and again delay packets.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    log.info("media worker ready", worker_id=worker_id, epoch=worker.epoch)
    try:
        await stop.wait()
    finally:
        await worker.close()
        await facts.flush()
        await server.close()
        await tasks.close()
        await web.close()
        log.info("media worker stopped", worker_id=worker_id)
    return worker.draining.stays_down


async def _set_after(event: asyncio.Event, waited_for: Coroutine[Any, Any, None]) -> None:
    await waited_for
    event.set()
