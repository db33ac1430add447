"""What the person at the other end of a bad network sees and hears, as their browser tells it."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from playwright.async_api import Page

from tests.support.frame_code import COLUMNS, ROWS, FrameCode, read_lumas

VIEWER_JS = Path(__file__).with_name("network_viewer.js").read_text()

_COUNTED = ("framesDecoded", "freezeCount", "totalFreezesDuration")
_HEARD = ("concealedSamples", "silentConcealedSamples", "totalSamplesReceived")
_STATS_JS = """async (names) => {
  const sums = Object.fromEntries(names.map((name) => [name, 0]));
  for (const peer of window.__peers)
    for (const one of (await peer.getStats()).values())
      if (one.type === "inbound-rtp")
        for (const name of names) sums[name] += one[name] ?? 0;
  return sums;
}"""
_TAKE_JS = "() => window.__seen.frames.splice(0)"


@dataclass(frozen=True, slots=True)
class SeenFrame:
    """A picture that was presented; ``code`` is None where its cells were not readable."""

    at_ms: float
    width: int
    height: int
    code: FrameCode | None

    @property
    def delay_ms(self) -> float | None:
        """From its drawing to its presentation, on the machine's one clock."""
        if self.code is None or self.code.clock_ms is None:
            return None
        return self.at_ms - self.code.clock_ms


@dataclass(frozen=True, slots=True)
class Viewed:
    """A stretch of a call as its viewer had it."""

    seconds: float
    freeze_ratio: float
    freezes: int
    longest_gap_s: float
    """The longest time without a new picture, the edges of the stretch included."""
    frame_rate: float
    height: int
    delays_ms: tuple[float, ...]
    concealed_ratio: float


async def counters(page: Page) -> dict[str, float]:
    """What the page's receivers have counted up to now."""
    found: dict[str, float] = await page.evaluate(_STATS_JS, [*_COUNTED, *_HEARD])
    return found


async def take_frames(page: Page) -> list[SeenFrame]:
    """The pictures presented since the last time, in order."""
    raw: list[list[Any]] = await page.evaluate(_TAKE_JS)
    return [SeenFrame(at_ms, width, height, _code(lumas)) for at_ms, width, height, lumas in raw]


def viewed(
    frames: list[SeenFrame],
    before: dict[str, float],
    after: dict[str, float],
    *,
    from_ms: float,
    to_ms: float,
) -> Viewed:
    """Sum up the stretch between two moments of the wall clock."""
    within = [frame for frame in frames if from_ms <= frame.at_ms <= to_ms]
    seconds = (to_ms - from_ms) / 1000
    edges = [from_ms, *(frame.at_ms for frame in within), to_ms]
    grown = {name: after[name] - before[name] for name in after}
    heard = grown["totalSamplesReceived"]
    return Viewed(
        seconds=seconds,
        freeze_ratio=grown["totalFreezesDuration"] / seconds,
        freezes=round(grown["freezeCount"]),
        longest_gap_s=float(np.diff(edges).max()) / 1000,
        frame_rate=len(within) / seconds,
        height=round(statistics.median([frame.height for frame in within] or [0])),
        delays_ms=tuple(d for frame in within if (d := frame.delay_ms) is not None),
        # Silence between talk spurts is concealed too, but nothing was missing then.
        concealed_ratio=(grown["concealedSamples"] - grown["silentConcealedSamples"])
        / (heard or 1.0),
    )


def _code(lumas: list[int]) -> FrameCode | None:
    return read_lumas(np.array(lumas, np.float64).reshape(ROWS, COLUMNS))
