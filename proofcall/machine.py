"""One machine with every process: start, wait until ready, seed, say where to go, end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path

import aiohttp

from proofcall.lan import present_lan
from proofcall.supervise import Supervisor, plan
from runtime.control import load_control_secret
from runtime.errors import SetupError
from runtime.logging import configure_logging
from runtime.settings import Settings

_READY_WITHIN_S = 60.0


async def run_machine(settings: Settings, *, demo: bool) -> None:
    """Run until SIGINT or SIGTERM; a second signal ends everything at once.

    Raises:
        SetupError: the processes did not become ready.
    """
    configure_logging(settings.log_level, settings.log_format, "supervisor")
    load_control_secret(settings.keys_dir)
    stop = asyncio.Event()
    supervisor = Supervisor(plan(settings), environment(settings), drain_s=settings.drain_s)
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        if stop.is_set():
            supervisor.kill()
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    await supervisor.start()
    try:
        if not await _ready_or_stopped(settings, stop):
            return
        if demo:
            from proofcall.demo import present, seed

            seeded = asyncio.ensure_future(seed(settings))
            stopped = asyncio.ensure_future(stop.wait())
            await asyncio.wait({seeded, stopped}, return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            if not seeded.done():
                seeded.cancel()
                return
            known = seeded.result()
            print(present(known), flush=True)
            link = known["links"]["buyer"]
        else:
            link = settings.public_url
            print(f"Proofcall is ready at {link}", flush=True)
        if settings.lan:
            print(present_lan(settings, link), flush=True)
        await stop.wait()
        print("\nEnding: recordings are being put away.", flush=True)
    finally:
        await supervisor.close()


def environment(settings: Settings) -> dict[str, str]:
    """The environment that gives a child process exactly these settings."""
    child = {
        key: value for key, value in os.environ.items() if not key.upper().startswith("PROOFCALL_")
    }
    given = settings.model_dump(exclude_defaults=True, exclude={"config", "places"})
    for name, value in given.items():
        secret = getattr(value, "get_secret_value", None)
        plain = secret() if secret else value.absolute() if isinstance(value, Path) else value
        child[f"PROOFCALL_{name.upper()}"] = str(plain)
    if settings.places:
        places = settings.model_dump_json(include={"places"}, exclude_defaults=True)
        child["PROOFCALL_PLACES"] = json.dumps(json.loads(places)["places"])
    return child


async def _ready_or_stopped(settings: Settings, stop: asyncio.Event) -> bool:
    """Wait for ``/readyz``; False when told to stop before.

    Raises:
        SetupError: not ready in time.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _READY_WITHIN_S
    missing = "web"
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as http:
        while loop.time() < deadline:
            if stop.is_set():
                return False
            try:
                async with http.get(f"http://{settings.http}/readyz") as response:
                    if response.status == 200:
                        return True
                    missing = ", ".join((await response.json()).get("missing", ["web"]))
            except (aiohttp.ClientError, TimeoutError, ValueError):
                missing = "web"
            await asyncio.sleep(0.1)
    raise SetupError(f"not ready after {_READY_WITHIN_S:.0f} s, missing: {missing}; see the log")
