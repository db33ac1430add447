"""How long a call stands still after outages, with real browsers and a line of 80 ms round trip.

``python -m bench.outages [--runs N] [--only NAME]`` prints a JSON list. The buyer is in a network
of their own that is cut, moved or left alone; each figure is the later of the two people's first
new picture, counted from the end of the outage (or from the crash, the reload, the new address).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bench.result import Result
from tests.support.journeys import Call, by
from tests.support.network_line import NEAR
from tests.support.outage_call import (
    Outages,
    first_frame_after,
    longest_pause_s,
    now_ms,
    outages,
    peers_made,
)

COMMAND = "proofcall bench outages --json"
_SETTLE_S = 2.5
# Pictures that were on their way when an address went are shown for a moment longer.
_STALE_MS = 250

Run = Callable[[Outages, Call], Awaitable[float]]


@dataclass(frozen=True, slots=True)
class Outage:
    """One row: what is done, how often, and how good it has to be."""

    name: str
    run: Run
    runs: int
    target_s: float
    p95: bool = False


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


async def _later(held: Call, at_ms: float) -> float:
    pages = (held.host_page, held.buyer_page)
    return max(await asyncio.gather(*(first_frame_after(page, at_ms) for page in pages)))


def blackout(seconds: float) -> Run:
    """Nothing passes for a while."""

    async def run(world: Outages, held: Call) -> float:
        return await _later(held, await world.bed.blackout(seconds))

    return run


async def roaming(world: Outages, held: Call) -> float:
    """The buyer's address goes and another comes."""
    at_ms = await world.bed.roam()
    return await _later(held, at_ms + _STALE_MS) + _STALE_MS / 1000


async def rebinding(world: Outages, held: Call) -> float:
    """The buyer's NAT maps the same socket to another port: the longest pause of either picture."""
    at_ms = await world.bed.rebind()
    await asyncio.sleep(4)
    pages = (held.host_page, held.buyer_page)
    return max(await asyncio.gather(*(longest_pause_s(page, at_ms, now_ms()) for page in pages)))


async def told(world: Outages, held: Call) -> float:
    """From the last packet to the words on the other person's page."""
    began_s = time.monotonic()
    await world.bed.darken()
    try:
        await by(held.host_page, "other-lost").wait_for(timeout=10_000)
        return time.monotonic() - began_s
    finally:
        end_ms = await world.bed.lighten()
        await _later(held, end_ms)


async def reload(world: Outages, held: Call) -> float:
    """The buyer's page is loaded again, from the touch to both pictures."""
    at_ms = now_ms()
    await held.buyer_page.reload(wait_until="commit")
    return await _later(held, at_ms + _STALE_MS) + _STALE_MS / 1000


async def media_crash(world: Outages, held: Call) -> float:
    """``kill -9`` of the media process; the next run waits until another spare is loaded."""
    await asyncio.sleep(10)
    world.machine.kill("media")
    at_ms = now_ms()
    return await _later(held, at_ms + _STALE_MS) + _STALE_MS / 1000


async def web_restart(world: Outages, held: Call) -> float:
    """``kill -9`` of web: the longest pause of either picture until it serves again and 3 s on."""
    at_ms = now_ms()
    made = await peers_made(held.buyer_page) + await peers_made(held.host_page)
    world.machine.kill("web-and-jobs")
    await asyncio.sleep(1)
    async with asyncio.timeout(30):
        while not await _ready(world):
            await asyncio.sleep(0.2)
    await asyncio.sleep(3)
    assert await peers_made(held.buyer_page) + await peers_made(held.host_page) == made
    pages = (held.host_page, held.buyer_page)
    return max(await asyncio.gather(*(longest_pause_s(page, at_ms, now_ms()) for page in pages)))


async def _ready(world: Outages) -> bool:
    try:
        async with world.machine.api() as http, http.get("/readyz") as response:
            return response.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False


ROWS = (
    Outage("outage_blackout_1s", blackout(1), 3, 1.0),
    Outage("outage_blackout_2s", blackout(2), 3, 1.0),
    Outage("blackout_4s_recovery", blackout(4), 3, 1.0),
    Outage("outage_blackout_8s", blackout(8), 3, 1.0),
    Outage("outage_blackout_20s", blackout(20), 2, 5.0),
    Outage("outage_roaming_p95", roaming, 10, 3.0, p95=True),
    Outage("outage_rebinding", rebinding, 5, 3.0),
    Outage("outage_told", told, 5, 2.0),
    Outage("outage_reload", reload, 3, 5.0),
    Outage("outage_media_crash", media_crash, 3, 5.0),
    Outage("outage_web_restart_pause", web_restart, 2, 0.5),
)


async def measure(runs: int | None, only: str | None) -> list[Result]:
    """Every row, in one call after the other."""
    results = []
    with tempfile.TemporaryDirectory() as folder:
        async with outages(Path(folder), NEAR) as world:
            for row in ROWS:
                if only is not None and only not in row.name:
                    continue
                figures = []
                async with world.call() as held:
                    for _ in range(runs or row.runs):
                        await asyncio.sleep(_SETTLE_S)
                        figures.append(await row.run(world, held))
                _say(f"{row.name}: {[round(one, 2) for one in figures]}")
                results.append(_result(row, figures))
    return results


def _result(row: Outage, figures: list[float]) -> Result:
    ordered = sorted(figures)
    value = ordered[math.ceil(0.95 * len(ordered)) - 1] if row.p95 else statistics.median(ordered)
    return Result(
        name=row.name,
        value=round(value, 3),
        unit="s",
        target=row.target_s,
        peer=None,
        peer_value=None,
        ratio=None,
        runs=tuple(round(one, 3) for one in figures),
        command=COMMAND,
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=None, help="As many runs of every row.")
    parser.add_argument("--only", default=None, help="Only rows whose name contains this.")
    chosen = parser.parse_args()
    results = asyncio.run(measure(chosen.runs, chosen.only))
    json.dump([result.to_json() for result in results], sys.stdout)


if __name__ == "__main__":
    main()
