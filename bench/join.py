"""From the tap to the first picture, and from the hang-up to the replay, with real browsers.

``python -m bench.join [--runs N]`` prints a JSON list. The machine, a waiting inspector and
the buyer all run here on loopback; every run is a new case in a new browser.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.async_api import Page, Playwright, async_playwright

from bench.result import Result
from tests.support.chromium import PHONE, TABLET, chromium
from tests.support.journeys import STEP_MS, be_ready, by, sign_in, timeline_when
from tests.support.machine import Machine, running_machine

COMMAND = "proofcall bench join --json"
_FIRST_FRAME_TARGET_MS = 600.0
_PLAYABLE_TARGET_S = 3.0
_PAGE_TARGET_BYTES = 60_000.0
_TALK_S = 5.0

# The tap is the trusted click itself; the first frame is the first that was presented.
_WATCH_JS = """
window.__bench = {};
addEventListener('click', (event) => {
  if (event.target.closest('[data-test="join"]')) window.__bench.tap ??= performance.now();
}, true);
const seen = new WeakSet();
new MutationObserver(() => {
  const video = document.querySelector('video[data-test="remote-video"]');
  if (!video || seen.has(video)) return;
  seen.add(video);
  video.requestVideoFrameCallback((now) => { window.__bench.frame ??= now; });
}).observe(document, { childList: true, subtree: true });
"""


async def _one_join(machine: Machine, host_page: Page, playwright: Playwright) -> float:
    """Milliseconds from the tap to the first remote picture; the host already waits."""
    opened = await machine.open_case()
    case_id = opened["case"]["id"]
    entry = host_page.locator(f'[data-test="expected-entry"][data-case="{case_id}"]')
    await entry.locator('[data-test="take-expected"]').click(timeout=STEP_MS)
    await by(host_page, "host-call").wait_for(timeout=STEP_MS)
    # Chromium's own fake devices cost no drawing, unlike the tests' readable cameras.
    async with chromium(viewport=PHONE, playwright=playwright) as buyer:
        await buyer.context.add_init_script(_WATCH_JS)
        page = await buyer.open(opened["join_url"])
        await by(page, "join").wait_for(timeout=STEP_MS)
        # What a person does before the tap: read for a moment.
        await asyncio.sleep(1.5)
        await by(page, "join").click(timeout=STEP_MS)
        # The page's policy forbids waiting by a text that is evaluated inside it.
        async with asyncio.timeout(STEP_MS / 1000):
            while not await page.evaluate("'frame' in window.__bench"):
                await asyncio.sleep(0.1)
        return float(await page.evaluate("window.__bench.frame - window.__bench.tap"))


async def _end(host_page: Page) -> float:
    """End the running call; gives the monotonic time of the hang-up."""
    await by(host_page, "end").click()
    await by(host_page, "outcome-refund").check(force=True)
    await by(host_page, "verdict-note").fill("Bench.")
    hung_up = time.monotonic()
    await by(host_page, "end-yes").click()
    await by(host_page, "desk").wait_for(timeout=STEP_MS)
    return hung_up


async def measure(runs: int) -> list[Result]:
    """Every figure of this part."""
    first_frames: list[float] = []
    playable: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        async with (
            running_machine(Path(folder) / "data") as machine,
            async_playwright() as playwright,
            chromium(viewport=TABLET, playwright=playwright) as host,
        ):
            host_page = await host.open(f"{machine.url}/inspect")
            await sign_in(host_page, machine.people["inspector"])
            await be_ready(host_page)
            for _ in range(runs):
                first_frames.append(await _one_join(machine, host_page, playwright))
                await asyncio.sleep(_TALK_S)
                session_id = await _live_session(machine)
                hung_up = await _end(host_page)
                await timeline_when(machine, session_id, within_s=30)
                playable.append(time.monotonic() - hung_up)
    return [
        _result("join_first_frame", first_frames, "ms", _FIRST_FRAME_TARGET_MS),
        _result("playable_after_hangup", playable, "s", _PLAYABLE_TARGET_S),
        _result("buyer_page_gzip", [_page_bytes()], "B", _PAGE_TARGET_BYTES),
    ]


async def _live_session(machine: Machine) -> str:
    live = {"state": "live"}
    async with machine.api() as http, http.get("/api/v1/cases", params=live) as response:
        found: dict[str, Any] = await response.json()
    session_id: str = found["items"][0]["last_session_id"]
    return session_id


def _page_bytes() -> float:
    """What the buyer downloads to join, in gzip bytes."""
    web = Path(__file__).resolve().parent.parent / "web"
    printed = subprocess.run(
        ["node", "size.mjs"],
        cwd=web,
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    return float(json.loads(printed)["buyer_page_gzip"])


def _result(name: str, runs: list[float], unit: str, target: float) -> Result:
    return Result(
        name=name,
        value=round(statistics.median(runs), 3),
        unit=unit,
        target=target,
        peer=None,
        peer_value=None,
        ratio=None,
        runs=tuple(round(run, 3) for run in runs),
        command=COMMAND,
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    chosen = parser.parse_args()
    results = asyncio.run(measure(chosen.runs))
    json.dump([result.to_json() for result in results], sys.stdout)


if __name__ == "__main__":
    main()
