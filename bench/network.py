"""Calls over the networks that people have, and through their outages, with real browsers.

``python -m bench.network [--profile NAME]…`` prints a JSON list; it needs root, as each
person has a network namespace (``tests/support/network_bed.py``). Everything runs on this
machine; the buyer shows QR codes of 20 mm (``tests/support/held_code.py``), and the figures
are the inspector's, who looks at them, and the recording's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal

from bench.network_call import Hall, Measured, back_after_s, hall, held_call, measure_call
from bench.network_peer import delays_ms
from bench.network_viewer import take_frames
from bench.result import Result
from runtime.errors import SetupError
from tests.support.network_bed import refuse_without_rights
from tests.support.network_line import BAD, FAR, FIBRE, FOUR_G, NEAR, THREE_G, Profile

COMMAND = "proofcall bench network --json"
_BLACKOUTS_S = (4.0, 4.0, 4.0, 1.0, 2.0, 8.0)
_ROAMS = 3
_DIRECT_CALLS = 3
_DIRECT_ROUNDS = 4
_BETWEEN_S = 5.0
_ONE_WITHIN_S = 360.0

_CALLS: dict[str, tuple[Profile, Literal["buyer", "host"]]] = {
    "fibre": (FIBRE, "buyer"),
    "4g": (FOUR_G, "buyer"),
    "3g": (THREE_G, "buyer"),
    "bad": (BAD, "buyer"),
    "far": (FAR, "buyer"),
    "near": (NEAR, "buyer"),
    "3g_host": (THREE_G, "host"),
}
_TARGETS = {
    "3g_longest_gap": 1.0,
    "3g_legibility": 0.95,
    "3g_audio_gap_ratio": 0.02,
    "far_glass_p95": 600.0,
}
_JOINS = 7
_FIRST_FRAME_TARGETS_MS = {"near": 1000.0, "3g": 3000.0}
_BACK_TARGET_S = 1.0
_ROAMED_TARGET_S = 3.0
_RELAY_ADDS_TARGET_MS = 5.0


async def _call(hall: Hall, name: str) -> list[Result]:
    profile, on = _CALLS[name]
    return call_results(name, await measure_call(hall, profile, on=on))


def call_results(name: str, measured: Measured) -> list[Result]:
    """The figures of a call over one network."""
    seen, kept = measured.viewed, measured.recorded
    delays = sorted(seen.delays_ms) or [0.0]
    figures = {
        "freeze_ratio": (seen.freeze_ratio, ""),
        "freezes": (seen.freezes, ""),
        "longest_gap": (seen.longest_gap_s, "s"),
        "height": (seen.height, "px"),
        "frame_rate": (seen.frame_rate, "1/s"),
        "legibility": (kept.legibility, ""),
        "recorded_height": (kept.height, "px"),
        "recorded_frame_rate": (kept.frame_rate, "1/s"),
        "audio_gap_ratio": (kept.audio_gap_ratio, ""),
        "concealed_ratio": (seen.concealed_ratio, ""),
        "sent": (measured.sent_bps / 1000, "kb/s"),
        "page_ready": (measured.page_ready_ms, "ms"),
        "first_frame": (measured.first_frame_ms, "ms"),
        "glass_p50": (statistics.median(delays), "ms"),
        "glass_p95": (delays[int(0.95 * (len(delays) - 1))], "ms"),
    }
    return [
        _result(f"network_{name}_{figure}", [value], unit, _TARGETS.get(f"{name}_{figure}"))
        for figure, (value, unit) in figures.items()
    ]


async def _blackouts(hall: Hall) -> list[Result]:
    back_s: dict[float, list[float]] = {}
    async with held_call(hall, FOUR_G):
        await asyncio.sleep(_BETWEEN_S)
        for length_s in _BLACKOUTS_S:
            await take_frames(hall.host_page)
            dark_ms = await hall.buyer_bed.darken()
            await asyncio.sleep(length_s)
            light_ms = await hall.buyer_bed.lighten()
            took_s = await back_after_s(hall.host_page, from_ms=light_ms, drawn_after_ms=dark_ms)
            back_s.setdefault(length_s, []).append(took_s)
            await asyncio.sleep(_BETWEEN_S)
    return [
        _result(f"blackout_{length_s:g}s_recovery", runs, "s", _BACK_TARGET_S)
        for length_s, runs in sorted(back_s.items())
    ]


async def _roaming(hall: Hall) -> list[Result]:
    back_s = []
    async with held_call(hall, FOUR_G):
        await asyncio.sleep(_BETWEEN_S)
        for _ in range(_ROAMS):
            await take_frames(hall.host_page)
            roamed_ms = await hall.buyer_bed.roam(gap_s=0.3)
            back_s.append(
                await back_after_s(hall.host_page, from_ms=roamed_ms, drawn_after_ms=roamed_ms)
            )
            await asyncio.sleep(_BETWEEN_S)
    return [_result("roaming_recovery", back_s, "s", _ROAMED_TARGET_S)]


async def _joins(hall: Hall) -> list[Result]:
    """From the tap to the host's first picture, often: one lost packet costs a round trip."""
    results = []
    for name, target in _FIRST_FRAME_TARGETS_MS.items():
        took_ms = []
        for _ in range(_JOINS):
            async with held_call(hall, _CALLS[name][0]) as call:
                took_ms.append(call.first_frame_ms)
        results.append(_result(f"network_{name}_join", took_ms, "ms", target))
    return results


async def _direct(hall: Hall) -> list[Result]:
    """The pair is one call's: each round shows one way, then the other."""
    relayed: list[float] = []
    direct: list[float] = []
    for _ in range(_DIRECT_CALLS):
        measured = await delays_ms(hall, _DIRECT_ROUNDS)
        relayed += measured["relayed"]
        direct += measured["direct"]
    peer_value = statistics.median(direct)
    value = statistics.median(relayed)
    return [
        Result(
            "network_open_glass_p50",
            round(value, 1),
            "ms",
            round(peer_value + _RELAY_ADDS_TARGET_MS, 1),
            "peer-to-peer",
            round(peer_value, 1),
            round(peer_value / value, 2),
            tuple(round(run, 1) for run in relayed),
            COMMAND,
        )
    ]


_PARTS: dict[str, Callable[[Hall], Awaitable[list[Result]]]] = {
    "joins": _joins,
    "blackout": _blackouts,
    "roaming": _roaming,
    "direct": _direct,
}
NAMES = (*_CALLS, *_PARTS)


async def measure(names: tuple[str, ...] = NAMES) -> list[Result]:
    """The figures of these networks, each on a machine of its own.

    ``network_<name>_held`` is 0 for one on which no call could be held to its end; its other
    figures are missing, and what went wrong goes to standard error.
    """
    refuse_without_rights()
    results: list[Result] = []
    for name in names:
        began_s = time.monotonic()
        found: list[Result] = []
        try:
            with tempfile.TemporaryDirectory(prefix="pc-net-") as folder:
                async with asyncio.timeout(_ONE_WITHIN_S), hall(Path(folder)) as ready:
                    part = _PARTS.get(name)
                    found = await (part(ready) if part else _call(ready, name))
        except Exception:  # noqa: BLE001 - the other networks are measured all the same
            traceback.print_exc()
        results += [_result(f"network_{name}_held", [float(bool(found))], "", 1.0), *found]
        _print_row(name, found, time.monotonic() - began_s)
    return results


def _print_row(name: str, found: list[Result], took_s: float) -> None:
    """For the person who waits, on standard error."""
    figures = " · ".join(
        f"{one.name.removeprefix(f'network_{name}_')} {one.value:.4g}{one.unit and ' ' + one.unit}"
        for one in found
    )
    print(f"{name} ({took_s:.0f} s): {figures or 'no call could be held'}", file=sys.stderr)


def _result(name: str, runs: list[float], unit: str, target: float | None) -> Result:
    return Result(
        name=name,
        value=round(statistics.median(runs), 4),
        unit=unit,
        target=target,
        peer=None,
        peer_value=None,
        ratio=None,
        runs=tuple(round(run, 4) for run in runs),
        command=COMMAND,
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", action="append", choices=NAMES)
    chosen = parser.parse_args()
    try:
        results = asyncio.run(measure(tuple(chosen.profile or NAMES)))
    except SetupError as error:
        sys.exit(f"bench network: {error}")
    json.dump([result.to_json() for result in results], sys.stdout)


if __name__ == "__main__":
    main()
