"""A call of an inspector beside the server with a buyer whose network can be cut."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from playwright.async_api import Page, async_playwright

from tests.support.cameras import Camera
from tests.support.chromium import PHONE, TABLET, Chromium, SyncedCamera, chromium
from tests.support.journeys import Call, meet
from tests.support.machine import Machine, free_port, running_machine
from tests.support.network_bed import NetworkBed, network_bed
from tests.support.network_line import OPEN, Profile

BUYER = SyncedCamera(Camera.BUYER, width=640, height=360, fps=20)
HOST = SyncedCamera(Camera.HOST, width=640, height=360, fps=20)

# When each picture of the other person was presented, and every connection ever made.
_WATCH_JS = """
(() => {
  window.__frames = [];
  const seen = new WeakSet();
  const watch = () => {
    const video = document.querySelector('video[data-test="remote-video"]');
    if (!video || seen.has(video)) return;
    seen.add(video);
    const shown = () => {
      window.__frames.push(Date.now());
      if (window.__frames.length > 20000) window.__frames.splice(0, 10000);
      video.requestVideoFrameCallback(shown);
    };
    video.requestVideoFrameCallback(shown);
  };
  new MutationObserver(watch).observe(document, { childList: true, subtree: true });
  const Native = RTCPeerConnection;
  window.__made = 0;
  window.RTCPeerConnection = class extends Native {
    addTransceiver(...given) {
      if (!this.getTransceivers().length) window.__made += 1;
      return super.addTransceiver(...given);
    }
  };
})();
"""
_FIRST_JS = "(at) => window.__frames.find((one) => one > at) ?? null"
_BETWEEN_JS = "([from, to]) => window.__frames.filter((one) => one >= from && one <= to)"


def now_ms() -> int:
    """Unix time; browsers on this machine have the same clock."""
    return round(time.time() * 1000)


async def first_frame_after(page: Page, at_ms: float, timeout_s: float = 30.0) -> float:
    """Seconds from a moment to the first picture of the other person presented after it.

    Raises:
        AssertionError: none came in time.
    """
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        found = await page.evaluate(
            "(at) => window.__frames.find((one) => one > at) ?? null", at_ms
        )
        if found is not None:
            return (float(found) - at_ms) / 1000
        await asyncio.sleep(0.05)
    raise AssertionError(f"no picture within {timeout_s} s")


async def longest_pause_s(page: Page, from_ms: float, to_ms: float) -> float:
    """The longest time without a new picture between two moments."""
    frames = await page.evaluate(_BETWEEN_JS, [from_ms, to_ms])
    return max(b - a for a, b in pairwise([from_ms, *frames, to_ms])) / 1000


async def peers_made(page: Page) -> int:
    """How many peer connections for a call the page has ever made (a check before it is none)."""
    return int(await page.evaluate("window.__made"))


@dataclass(slots=True)
class Outages:
    """The machine, the buyer's network and the two browsers of one test file or bench."""

    machine: Machine
    bed: NetworkBed
    buyer: Chromium
    host: Chromium

    @asynccontextmanager
    async def call(self) -> AsyncIterator[Call]:
        """A call that is over afterwards, whatever was seen."""
        opened = await self.machine.open_case(
            buyer={"name": "Ada Byrne", "email": None, "locale": "en"},
            claim={"reason": "damaged", "words": "A tear at the seam.", "locale": "en"},
        )
        held = await meet(self.machine, self.buyer, self.host, opened)
        session_id = await held.session_id()
        try:
            await held.sees_the_other()
            yield held
        finally:
            await self.host.context.request.post(
                f"{self.machine.url}/api/sessions/{session_id}/end",
                headers={"X-Proofcall": "1"},
                data={"outcome": None, "note": "", "client_id": "the-test-is-over"},
            )
            for browser in (self.host, self.buyer):
                for page in browser.context.pages:
                    await page.close()


@asynccontextmanager
async def outages(
    folder: Path, profile: Profile = OPEN, **settings: object
) -> AsyncIterator[Outages]:
    """Everything up: one machine, a buyer's browser on a line of its own, a host's beside it."""
    async with AsyncExitStack() as stack:
        bed = await stack.enter_async_context(network_bed(profile))
        http = f"{bed.server}:{free_port()}"
        machine = await stack.enter_async_context(
            running_machine(folder / "data", http=http, **settings)
        )
        playwright = await stack.enter_async_context(async_playwright())
        buyer = await stack.enter_async_context(
            bed.chromium(BUYER, viewport=PHONE, secure=machine.url, playwright=playwright)
        )
        # Cameras are for secure pages only; loopback is one, a line's address is not.
        secure = f"--unsafely-treat-insecure-origin-as-secure={machine.url}"
        host = await stack.enter_async_context(
            chromium(HOST, viewport=TABLET, flags=[secure], playwright=playwright)
        )
        for browser in (buyer, host):
            await browser.context.add_init_script(_WATCH_JS)
        yield Outages(machine, bed, buyer, host)
