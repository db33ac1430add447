"""What evidence costs and how soon it is there: behind live, after hang-up, at a seek, in time.

``python -m bench.evidence [--only NAME] [--hours H] [--runs N]`` prints a JSON list:

- ``store_lag_p99``: from a fragment's first packet until it is in store and ledger, 20 calls;
- ``seekable_after_hangup``: from the end of the call until the first byte of the seekable
  recording, of a minute and of two hours, through decryption;
- ``seek_first_frame``: in Chromium, from the seek to the presented picture, two hours long;
- ``sealing_cpu_process``: what hashing and encryption add to the CPU of the recorder process;
- ``sealing_cpu``: what they add to that of its inner parts alone, without tap and event loop;
- ``clock_error``: how far recording time is from the wall clock after two hours of a sender
  whose clock is 200 ppm fast;
- ``film_speed``: seconds of a derived film of ten minutes, two sides, for each second of drawing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

import structlog
from playwright.async_api import async_playwright

from bench.evidence_lag import store_lags_s
from bench.film_speed import film_speed
from bench.long_recording import Recorded, record, worst_error_ms
from bench.result import Result
from bench.sealing_cpu import inner_run, process_run
from recorder.playback import Playback
from recorder.store import DirectoryStore
from tests.support.chromium import FLAGS, chromium_path
from tests.support.range_server import RangeServer, serving
from tests.support.recording_rig import source_of

COMMAND: Final = "proofcall bench evidence --json"
_FIRST_BYTES: Final = 256 * 1024
_SEEKS: Final = 15
_MINUTE_S: Final = 60
_FILM_S: Final = 600


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _result(name: str, runs: Sequence[float], unit: str, target: float, digits: int = 2) -> Result:
    return Result(
        name=name,
        value=round(statistics.median(runs), digits),
        unit=unit,
        target=target,
        peer=None,
        peer_value=None,
        ratio=None,
        runs=tuple(round(one, digits) for one in runs),
        command=COMMAND,
    )


async def _seekable_s(recorded: Recorded, store: DirectoryStore) -> float:
    """From the end of the call until a player has what it needs to seek.

    Everything but the last segments was stored while the call went on, as the uploader does.
    """
    rig = recorded.rig
    await _store_all(recorded, store, after=0)
    stored = len(rig.facts())
    began = time.perf_counter()
    await rig.session.close("ended")
    await _store_all(recorded, store, after=stored)
    file = await Playback(store).open(source_of(rig.facts()))
    async for _ in file.read(0, min(_FIRST_BYTES, file.size)):
        pass
    middle = file.size // 2
    async for _ in file.read(middle, min(middle + _FIRST_BYTES, file.size)):
        pass
    return time.perf_counter() - began


async def _store_all(recorded: Recorded, store: DirectoryStore, *, after: int) -> None:
    outbox = recorded.rig.root / "ses_1" / "outbox"
    for fact in recorded.rig.facts("segment_sealed"):
        if fact["seq"] > after:
            content = (outbox / f"{fact['seq']:08d}.segment").read_bytes()
            await store.put(fact["object_key"], content)


async def _seeks_ms(recorded: Recorded, store: DirectoryStore, seconds: int) -> list[float]:
    """First frames after seeks all over the recording, each at a place not read before."""
    file = await Playback(store).open(source_of(recorded.rig.facts()))
    places = random.Random(1)
    async with serving(RangeServer(file)) as url, async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium_path(), args=list(FLAGS)
        )
        page = await browser.new_page()
        await page.goto(url)
        await page.evaluate("openFile('/media')")
        found = []
        for _ in range(_SEEKS):
            second = places.uniform(1, seconds - 1)
            found.append(float(await page.evaluate(f"seekFrame({second})")))
        await browser.close()
    return found


async def long_ones(hours: float, runs: int) -> list[Result]:
    """What depends on the length: clock, hang-up and seeks, of both containers."""
    seconds = int(hours * 3600) // 10 * 10
    errors, short, long = [], [], []
    seeks: dict[str, list[float]] = {"h264": [], "vp8": []}
    for run in range(runs):
        for codec, found in seeks.items():
            with tempfile.TemporaryDirectory(prefix="pcb-") as folder:
                store = DirectoryStore(Path(folder) / "store")
                recorded = await asyncio.to_thread(record, Path(folder) / "s", codec, seconds)
                long.append(await _seekable_s(recorded, store))
                errors.append(worst_error_ms(recorded))
                one = await _seeks_ms(recorded, store, seconds)
                _say(f"{run} {codec}: hang-up {long[-1]:.2f} s, clock {errors[-1]:.1f} ms, {one}")
                found.append(statistics.median(one))
            with tempfile.TemporaryDirectory(prefix="pcb-") as folder:
                store = DirectoryStore(Path(folder) / "store")
                recorded = record(Path(folder) / "s", codec, _MINUTE_S)
                short.append(await _seekable_s(recorded, store))
    return [
        _result("clock_error", errors, "ms", 100.0, 1),
        _result("seekable_after_hangup_1min", short, "s", 3.0, 3),
        _result("seekable_after_hangup_2h", long, "s", 3.0, 3),
        _result("seek_first_frame_mp4", seeks["h264"], "ms", 300.0, 0),
        _result("seek_first_frame_webm", seeks["vp8"], "ms", 300.0, 0),
    ]


async def sealing(_: float, runs: int) -> list[Result]:
    """The recorder's process and its inner parts, each with and without; a call's media."""
    process, inner = [], []
    for _ in range(runs):
        process.append(await process_run())
        _say(f"process: {process[-1]}")
        inner.append(inner_run())
        _say(f"inner parts: {inner[-1]}")
    return [
        _result(name, [one.percent for one in found], "%", 10.0, 1)
        for name, found in (("sealing_cpu_process", process), ("sealing_cpu", inner))
    ]


async def store_lag(_: float, runs: int) -> list[Result]:
    """Twenty calls of two people through real recorder and uploader processes."""
    found = []
    for _ in range(runs):
        lags = await store_lags_s(calls=20, seconds=40)
        found.append(statistics.quantiles(lags, n=100)[98])
        _say(f"{len(lags)} fragments: median {statistics.median(lags):.2f} s, p99 {found[-1]:.2f}")
    return [_result("store_lag_p99", found, "s", 6.0)]


async def films(_: float, __: int) -> list[Result]:
    """One film of ten minutes; the target is that nobody waits longer than the call was."""
    return [_result("film_speed", [await film_speed(_FILM_S)], "x", 1.0)]


PARTS: Final[dict[str, Callable[[float, int], Awaitable[list[Result]]]]] = {
    "lag": store_lag,
    "sealing": sealing,
    "long": long_ones,
    "films": films,
}


def main() -> None:
    """Measure and print."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=PARTS, action="append")
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--runs", type=int, default=3)
    chosen = parser.parse_args()
    results: list[Result] = []
    for name in chosen.only or PARTS:
        _say(f"{name}: load {os.getloadavg()[0]:.1f}")
        results += asyncio.run(PARTS[name](chosen.hours, chosen.runs))
    print(json.dumps([one.to_json() for one in results]))


if __name__ == "__main__":
    main()
