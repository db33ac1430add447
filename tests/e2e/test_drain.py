"""One of two media workers is drained while people are in a call: in real browsers nobody drops."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import Page

from proofcall.machine import environment
from tests.support.journeys import by, call, timeline_when
from tests.support.machine import Machine, running_machine

pytestmark = [
    pytest.mark.alone,
    pytest.mark.browser,
    pytest.mark.usefixtures("chromium_binary"),
    pytest.mark.timeout(180),
]

WATCH_JS = """() => {
  const video = document.querySelector('[data-test="remote-video"]');
  let before = performance.now();
  window.__widestMs = 0;
  const shown = (now) => {
    window.__widestMs = Math.max(window.__widestMs, now - before);
    before = now;
    video.requestVideoFrameCallback(shown);
  };
  video.requestVideoFrameCallback(shown);
}"""


async def watch(page: Page) -> None:
    """Begin to measure the widest hole between two pictures on a page."""
    await page.evaluate(WATCH_JS)


async def widest_ms(page: Page) -> float:
    """The widest hole since then."""
    return float(await page.evaluate("window.__widestMs"))


async def drain(machine: Machine, *words: str) -> str:
    """``proofcall admin drain``, waited for."""
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "proofcall", "admin", "drain", "--wait", *words),
        env=environment(machine.settings),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await asyncio.wait_for(command.communicate(), 60)
    assert command.returncode == 0, printed.decode()
    return printed.decode()


async def workers(machine: Machine, wanted: int) -> None:
    """Wait until so many media processes run."""
    async with asyncio.timeout(30):
        while len(machine.pids("media")) != wanted:
            await asyncio.sleep(0.1)


async def figures(machine: Machine) -> list[str]:
    """The lines of ``/metrics``."""
    async with aiohttp.ClientSession(machine.url) as http, http.get("/metrics") as response:
        return (await response.text()).splitlines()


async def busy_worker(machine: Machine) -> str:
    """The index of the worker that holds the call."""
    (line,) = [
        line
        for line in await figures(machine)
        if line.startswith("proofcall_media_sessions{") and not line.endswith(" 0.0")
    ]
    return line.split('worker="media-')[1].split('"')[0]


async def test_a_call_moves_to_the_other_worker_without_being_dropped(tmp_path: Path) -> None:
    """The pictures stand for less than a second, the session and its recordings go on, and the
    supervisor starts the worker again, or does not when told so."""
    async with running_machine(tmp_path / "data", media_workers=2) as machine:
        await workers(machine, 2)
        async with call(machine) as held:
            session_id = await held.session_id()
            for turn, more in enumerate(((), ("--stay-down",))):
                before = set(machine.pids("media"))
                worker = await busy_worker(machine)
                for page in (held.buyer_page, held.host_page):
                    await watch(page)
                began = time.monotonic()
                printed = await drain(machine, "--worker", worker, "--limit", "0", *more)
                assert f"media-{worker}: takes nothing new; calls 1, people 2" in printed
                print(f"drained in {time.monotonic() - began:.1f} s")
                await held.sees_the_other(drawn_after_ms=round(time.time() * 1000))
                for name, page in (("buyer", held.buyer_page), ("host", held.host_page)):
                    hole_ms = await widest_ms(page)
                    print(f"turn {turn}: widest hole on the {name}'s page: {hole_ms:.0f} ms")
                    assert hole_ms < 1_000
                await by(held.buyer_page, "in-call").wait_for()
                await workers(machine, 1 if more else 2)
                after = set(machine.pids("media"))
                assert len(after & before) == 1
                if not more:
                    await _ready(machine)
            assert await held.session_id() == session_id
            await held.end()
            timeline = await timeline_when(machine, session_id, within_s=15)
        kinds = [event["kind"] for event in timeline["events"]]
        assert "peer_lost" not in kinds
        for role in ("buyer", "host"):
            (recording,) = [r for r in timeline["recordings"] if r["participant"]["role"] == role]
            mine = [
                gap["to_ms"] - gap["from_ms"]
                for gap in timeline["gaps"]
                if gap["recording_id"] == recording["recording_id"]
            ]
            print(f"{role}: gaps of {mine} ms in {recording['duration_ms']} ms")
            assert sum(mine) < 1_000
        # Long enough for a supervisor that did not listen to start another.
        await asyncio.sleep(2)
        assert len(machine.pids("media")) == 1


async def _ready(machine: Machine) -> None:
    """Wait until both workers take calls again."""
    async with asyncio.timeout(30):
        while "proofcall_media_workers 2.0" not in await figures(machine):
            await asyncio.sleep(0.2)
