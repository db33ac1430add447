"""Calls over bad networks: buyer and inspector in real Chromium, each with their own network."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.async_api import Page, Playwright, async_playwright

from bench.network_recording import Recorded, recorded
from bench.network_viewer import VIEWER_JS, SeenFrame, Viewed, counters, take_frames, viewed
from tests.support.cameras import Camera
from tests.support.chromium import PHONE, TABLET, Chromium, SyncedCamera
from tests.support.journeys import STEP_MS, Json, be_ready, by, download, sign_in, timeline_when
from tests.support.machine import Machine, free_port, running_machine
from tests.support.network_bed import NetworkBed, network_bed
from tests.support.network_line import OPEN, Profile

BUYER_CAMERA = SyncedCamera(Camera.BUYER, fps=20, holds_code=True)
HOST_CAMERA = SyncedCamera(Camera.HOST, width=640, height=360, fps=15)
NEVER_S = 30.0
"""What is written for a picture that did not come (back) within this time."""

_PAGE_MS = 60_000
_READ_S = 1.5


@dataclass(slots=True)
class Hall:
    """A machine, an inspector on shift, and a network for each of two people."""

    machine: Machine
    playwright: Playwright
    buyer_bed: NetworkBed
    host_bed: NetworkBed
    host: Chromium
    host_page: Page

    def bed(self, who: Literal["buyer", "host"]) -> NetworkBed:
        """The network of a person."""
        return self.buyer_bed if who == "buyer" else self.host_bed


@dataclass(frozen=True, slots=True)
class Measured:
    """One call over one network."""

    page_ready_ms: float
    first_frame_ms: float
    viewed: Viewed
    recorded: Recorded
    sent_bps: float


@dataclass(slots=True)
class HeldCall:
    """A call that goes on."""

    hall: Hall
    session_id: str
    page_ready_ms: float
    first_frame_ms: float
    buyer_page: Page


@asynccontextmanager
async def hall(folder: Path) -> AsyncIterator[Hall]:
    """Everything but the buyer; both networks are open."""
    async with AsyncExitStack() as stack:
        buyer_bed = await stack.enter_async_context(network_bed())
        host_bed = await stack.enter_async_context(network_bed())
        machine = await stack.enter_async_context(
            running_machine(folder / "data", http=f"{buyer_bed.server}:{free_port()}")
        )
        playwright = await stack.enter_async_context(async_playwright())
        host = await stack.enter_async_context(
            host_bed.chromium(
                HOST_CAMERA, viewport=TABLET, secure=machine.url, playwright=playwright
            )
        )
        await host.context.add_init_script(VIEWER_JS)
        page = await host.open(f"{machine.url}/inspect")
        await sign_in(page, machine.people["inspector"])
        await be_ready(page)
        yield Hall(machine, playwright, buyer_bed, host_bed, host, page)


@asynccontextmanager
async def held_call(
    hall: Hall,
    profile: Profile = OPEN,
    *,
    on: Literal["buyer", "host"] = "buyer",
    permissions: Sequence[str] = ("camera", "microphone"),
) -> AsyncIterator[HeldCall]:
    """A call over a network from before the buyer's page is opened; open again at its end.

    It has begun when the buyer sees the host, and is ended by the host's verdict; what the
    buyer's ``permissions`` leave out their browser refuses.
    """
    page = hall.host_page
    opened = await hall.machine.open_case()
    case_id = opened["case"]["id"]
    entry = page.locator(f'[data-test="expected-entry"][data-case="{case_id}"]')
    await entry.locator('[data-test="take-expected"]').click(timeout=STEP_MS)
    await by(page, "host-call").wait_for(timeout=STEP_MS)
    async with hall.buyer_bed.chromium(
        BUYER_CAMERA,
        viewport=PHONE,
        secure=hall.machine.url,
        permissions=permissions,
        playwright=hall.playwright,
    ) as buyer:
        await buyer.context.add_init_script(VIEWER_JS)
        await hall.bed(on).apply(profile)
        try:
            buyer_page = await buyer.context.new_page()
            began_s = time.monotonic()
            await buyer_page.goto(opened["join_url"], timeout=_PAGE_MS, wait_until="commit")
            await by(buyer_page, "join").wait_for(timeout=_PAGE_MS)
            ready_ms = (time.monotonic() - began_s) * 1000
            # What a person does before the tap: read for a moment.
            await asyncio.sleep(_READ_S)
            await by(buyer_page, "join").click(timeout=STEP_MS)
            first_ms = await _first_frame_ms(buyer_page)
            session_id = await _session_of(hall.machine, case_id)
            yield HeldCall(hall, session_id, ready_ms, first_ms, buyer_page)
        finally:
            await hall.buyer_bed.apply(OPEN)
            await hall.host_bed.apply(OPEN)
        await _end(page)


async def measure_call(
    hall: Hall,
    profile: Profile,
    *,
    on: Literal["buyer", "host"] = "buyer",
    settle_s: float = 8.0,
    seconds: float = 25.0,
) -> Measured:
    """Hold a call over a network and measure a stretch of it, once it has settled."""
    page = hall.host_page
    async with held_call(hall, profile, on=on) as call:
        await asyncio.sleep(settle_s)
        await take_frames(page)
        before, passed = await counters(page), await hall.buyer_bed.passed()
        from_ms = time.time() * 1000
        await asyncio.sleep(seconds)
        after, passed_then = await counters(page), await hall.buyer_bed.passed()
        to_ms = time.time() * 1000
        frames = await take_frames(page)
    timeline = await timeline_when(hall.machine, call.session_id, within_s=60)
    parts = await _recordings(hall.machine, timeline, "buyer")
    judged = await asyncio.to_thread(recorded, parts, from_ms=from_ms, to_ms=to_ms)
    sent_bytes = passed_then["up"]["bytes"] - passed["up"]["bytes"]
    return Measured(
        call.page_ready_ms,
        call.first_frame_ms,
        viewed(frames, before, after, from_ms=from_ms, to_ms=to_ms),
        judged,
        sent_bytes * 8000 / (to_ms - from_ms),
    )


async def back_after_s(page: Page, *, from_ms: float, drawn_after_ms: float) -> float:
    """Seconds from a moment to the first picture presented after it that is no old one."""
    deadline_s = time.monotonic() + NEVER_S
    while time.monotonic() < deadline_s:
        for frame in await take_frames(page):
            if frame.at_ms > from_ms and _drawn_ms(frame) > drawn_after_ms:
                return (frame.at_ms - from_ms) / 1000
        await asyncio.sleep(0.1)
    return NEVER_S


def _drawn_ms(frame: SeenFrame) -> float:
    return (frame.code.clock_ms or 0) if frame.code is not None else 0


async def _first_frame_ms(page: Page) -> float:
    """From the tap to the first presented picture of the host."""
    deadline_s = time.monotonic() + NEVER_S
    while time.monotonic() < deadline_s:
        took = await page.evaluate("__seen.firstMs === null ? null : __seen.firstMs - __seen.tapMs")
        if took is not None:
            return float(took)
        await asyncio.sleep(0.1)
    return NEVER_S * 1000


async def _session_of(machine: Machine, case_id: str) -> str:
    async with machine.api() as http, http.get(f"/api/v1/cases/{case_id}") as response:
        view: Json = await response.json()
    session_id: str = max(view["sessions"], key=lambda one: one["created_at"])["id"]
    return session_id


async def _recordings(machine: Machine, timeline: Json, role: str) -> list[tuple[float, bytes]]:
    found = [one for one in timeline["recordings"] if one["participant"]["role"] == role]
    found.sort(key=lambda one: one["start_ms"])
    return [(float(one["start_ms"]), await download(machine, one["url"])) for one in found]


async def _end(page: Page) -> None:
    await by(page, "end").click(timeout=STEP_MS)
    # The choice's own box is not drawn: forcing it does not wait for the dialog.
    await by(page, "end-yes").wait_for(timeout=STEP_MS)
    await by(page, "outcome-refund").check(force=True)
    await by(page, "verdict-note").fill("Bench.")
    await by(page, "end-yes").click()
    await by(page, "desk").wait_for(timeout=STEP_MS)
