"""What a buyer, an inspector and a reviewer do on the pages, step by step, in real browsers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Locator, Page, async_playwright

from tests.support.cameras import Camera
from tests.support.chromium import (
    PHONE,
    TABLET,
    Chromium,
    Codec,
    SyncedCamera,
    chromium,
)
from tests.support.machine import Machine
from tests.support.screen import wait_for_code

Json = dict[str, Any]

STEP_MS = 15_000

KEEP_PEERS_JS = """
(() => {
  const Native = RTCPeerConnection;
  window.__peers = [];
  window.RTCPeerConnection = class extends Native {
    constructor(...given) { super(...given); window.__peers.push(this); }
  };
})();
"""
_FRAMES_SENT_JS = """async () => {
  let sent = 0;
  for (const peer of window.__peers)
    for (const one of (await peer.getStats()).values())
      if (one.type === 'outbound-rtp' && one.kind === 'video') sent += one.framesSent ?? 0;
  return sent;
}"""


async def frames_sent(page: Page) -> int:
    """How many pictures this page's browser says it has sent."""
    return int(await page.evaluate(_FRAMES_SENT_JS))


def light_camera(camera: Camera) -> SyncedCamera:
    """A readable camera that two browsers and a server on two cores can encode in time."""
    return SyncedCamera(camera, width=960, height=540, fps=20)


def by(page: Page | Locator, test: str) -> Locator:
    """The element that carries ``data-test``."""
    return page.locator(f'[data-test="{test}"]')


async def sign_in(page: Page, person: Json) -> None:
    """Sign a member of staff in."""
    await by(page, "email").fill(person["email"], timeout=STEP_MS)
    await by(page, "password").fill(person["password"])
    await page.keyboard.press("Enter")


async def be_ready(page: Page) -> None:
    """Say "ready" on the inspector's desk."""
    switch = by(page, "ready")
    await switch.wait_for(timeout=STEP_MS)
    if await switch.get_attribute("aria-checked") != "true":
        await switch.click()


@dataclass(slots=True)
class Call:
    """Two browsers in one session."""

    machine: Machine
    case: Json
    join_url: str
    buyer: Chromium
    host: Chromium
    buyer_page: Page
    host_page: Page

    async def sees_the_other(self, *, drawn_after_ms: int | None = None) -> None:
        """Wait until each page shows the other's live picture."""
        await asyncio.gather(
            wait_for_code(
                by(self.host_page, "remote-video"),
                camera=Camera.BUYER,
                drawn_after_ms=drawn_after_ms,
                timeout_s=20,
            ),
            wait_for_code(
                by(self.buyer_page, "remote-video"),
                camera=Camera.HOST,
                drawn_after_ms=drawn_after_ms,
                timeout_s=20,
            ),
        )

    async def mark(self, name: str = "damage") -> None:
        """The host sets one of the offered markers."""
        await by(self.host_page, "marker").click()
        await by(self.host_page, f"marker-{name}").click()

    async def end(self, outcome: str = "resolved_without_return", note: str = "Seen.") -> None:
        """The host ends with a verdict."""
        await by(self.host_page, "end").click()
        # The choice's own box is not drawn: forcing it does not wait for the dialog.
        await by(self.host_page, "end-yes").wait_for(timeout=STEP_MS)
        await by(self.host_page, f"outcome-{outcome}").check(force=True)
        await by(self.host_page, "verdict-note").fill(note)
        await by(self.host_page, "end-yes").click()
        await by(self.host_page, "desk").wait_for(timeout=STEP_MS)

    async def session_id(self) -> str:
        """The id of the case's newest session."""
        path = f"/api/v1/cases/{self.case['id']}"
        async with self.machine.api() as http, http.get(path) as response:
            view: Json = await response.json()
        newest = max(view["sessions"], key=lambda one: one["created_at"])
        session_id: str = newest["id"]
        return session_id


@asynccontextmanager
async def call(
    machine: Machine, *, codec: Codec | None = None, direction: str = "buyer_shows"
) -> AsyncIterator[Call]:
    """A buyer on a phone and an inspector on a tablet, face to face."""
    opened = await machine.open_case(direction=direction)
    async with AsyncExitStack() as stack:
        driver = await stack.enter_async_context(async_playwright())
        buyer, host = [
            await stack.enter_async_context(
                chromium(light_camera(who), viewport=viewport, codec=codec, playwright=driver)
            )
            for who, viewport in ((Camera.BUYER, PHONE), (Camera.HOST, TABLET))
        ]
        for browser in (buyer, host):
            await browser.context.add_init_script(KEEP_PEERS_JS)
        running = await meet(machine, buyer, host, opened)
        await running.sees_the_other()
        yield running


async def come_on_shift(machine: Machine, host: Chromium, who: str = "inspector") -> Page:
    """A host's desk in a new page, signed in and ready."""
    page = await host.open(f"{machine.url}/inspect")
    await by(page, "ready").or_(by(page, "email")).first.wait_for(timeout=STEP_MS)
    if await by(page, "email").count():
        await sign_in(page, machine.people[who])
    await be_ready(page)
    return page


async def meet(machine: Machine, buyer: Chromium, host: Chromium, opened: Json) -> Call:
    """The host is ready, the buyer joins by the case's link and waits, the host takes them."""
    host_page = await come_on_shift(machine, host)
    buyer_page = await buyer.open(opened["join_url"])
    await by(buyer_page, "join").click(timeout=STEP_MS)
    await by(buyer_page, "waiting-page").wait_for(timeout=STEP_MS)
    await by(host_page, "take-next").click(timeout=STEP_MS)
    await by(host_page, "host-call").wait_for(timeout=STEP_MS)
    return Call(machine, opened["case"], opened["join_url"], buyer, host, buyer_page, host_page)


async def timeline_when(machine: Machine, session_id: str, *, within_s: float) -> Json:
    """The session's timeline as soon as it says ``complete``.

    Raises:
        AssertionError: not complete in time.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    async with machine.api() as http:
        while True:
            async with http.get(f"/api/v1/sessions/{session_id}/timeline") as response:
                timeline: Json = await response.json()
                assert response.status == 200, timeline
            if timeline["complete"]:
                return timeline
            assert loop.time() < deadline, {**timeline, "events": "…", "case": "…"}
            await asyncio.sleep(0.1)


async def download(machine: Machine, url: str) -> bytes:
    """A whole recording, as an API client gets it."""
    async with machine.api() as http, http.get(url) as response:
        assert response.status == 200, await response.text()
        return await response.read()
