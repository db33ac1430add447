"""What goes wrong on a person's side, in real browsers: each has a defined result and says so."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from itertools import pairwise
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.support.cameras import Camera
from tests.support.chromium import PHONE, TABLET, Chromium, SyncedCamera, chromium
from tests.support.journeys import STEP_MS, Call, Json, by, come_on_shift, download, meet
from tests.support.journeys import timeline_when as complete_timeline
from tests.support.machine import Machine, running_machine
from tests.support.media_probe import MediaProbe, probe_media
from tests.support.screen import wait_for_code

pytestmark = [
    pytest.mark.alone,
    pytest.mark.browser,
    pytest.mark.usefixtures("chromium_binary"),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(90),
]

BACK_WITHIN_S = 8.0
SEEN_WITHIN_S = 15.0
SEALED_WITHIN_S = 6.0
BUYER = SyncedCamera(Camera.BUYER, width=640, height=360, fps=20)
HOST = SyncedCamera(Camera.HOST, width=640, height=360, fps=20)

# A camera that can be pulled out and plugged in again, as the page's script sees it.
PLUG_JS = """
(() => {
  const devices = navigator.mediaDevices;
  if (!devices) return;
  const open = devices.getUserMedia.bind(devices);
  const tracks = [];
  let unplugged = false;
  devices.getUserMedia = async (wanted) => {
    if (unplugged && wanted.video) throw new DOMException("no camera", "NotFoundError");
    const stream = await open(wanted);
    tracks.push(...stream.getVideoTracks());
    return stream;
  };
  window.__unplug = () => {
    unplugged = true;
    for (const track of tracks.splice(0)) {
      track.stop();
      track.dispatchEvent(new Event("ended"));
    }
  };
  window.__plugIn = () => {
    unplugged = false;
    devices.dispatchEvent(new Event("devicechange"));
  };
})();
"""
# The fake permission dialog says no: getUserMedia rejects with NotAllowedError.
REFUSING = "--use-fake-ui-for-media-stream=deny"
CLICK_AT_JS = """(button, atMs) => new Promise((resolve) => setTimeout(() => {
  button.click();
  resolve();
}, atMs - Date.now()))"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def machine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Machine]:
    """A machine with every process, for all faults of this file."""
    async with running_machine(tmp_path_factory.mktemp("machine") / "data") as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mara(machine: Machine) -> AsyncIterator[Chromium]:
    """The inspector's browser, signed in by the first test that needs it."""
    async with chromium(HOST, viewport=TABLET) as browser:
        yield browser


@asynccontextmanager
async def face_to_face(
    machine: Machine, host: Chromium, buyer: Chromium | None = None
) -> AsyncIterator[Call]:
    """A call whose session and pages are over afterwards, whatever the test has seen."""
    opened = await english_case(machine)
    async with AsyncExitStack() as stack:
        if buyer is None:
            buyer = await stack.enter_async_context(chromium(BUYER, viewport=PHONE))
        held = await meet(machine, buyer, host, opened)
        session_id = await held.session_id()
        try:
            yield held
        finally:
            await host.context.request.post(
                f"{machine.url}/api/sessions/{session_id}/end",
                headers={"X-Proofcall": "1"},
                data={"outcome": None, "note": "", "client_id": "the-test-is-over"},
            )
            for page in host.context.pages:
                await page.close()


async def english_case(machine: Machine) -> Json:
    """A case whose buyer reads the words that the tests look for."""
    return await machine.open_case(
        buyer={"name": "Ada Byrne", "email": None, "locale": "en"},
        claim={"reason": "damaged", "words": "A tear at the seam.", "locale": "en"},
    )


async def see(machine: Machine, case_id: str) -> Json:
    """The case as the API shows it."""
    async with machine.api() as http, http.get(f"/api/v1/cases/{case_id}") as response:
        view: Json = await response.json()
        assert response.status == 200, view
        return view


def now_ms() -> int:
    """Unix time."""
    return round(time.time() * 1000)


async def shows(page: Page, camera: Camera) -> None:
    """The other person's picture on the page goes on: one drawn from now on arrives."""
    await wait_for_code(
        by(page, "remote-video"), camera=camera, drawn_after_ms=now_ms(), timeout_s=SEEN_WITHIN_S
    )


async def recording_of(machine: Machine, timeline: Json, role: str) -> tuple[Json, MediaProbe]:
    """The one recording of a person, and what its pictures say."""
    found = [one for one in timeline["recordings"] if one["participant"]["role"] == role]
    assert len(found) == 1, f"{role}: one recording holds everything"
    media = await download(machine, found[0]["url"])
    probe = await asyncio.to_thread(probe_media, media)
    clocks = [frame.clock_ms for frame in probe.frames if frame.clock_ms is not None]
    assert clocks, "no picture can be read"
    assert all(b >= a for a, b in pairwise(clocks)), "a picture is out of order"
    return found[0], probe


def shown_between(probe: MediaProbe, from_ms: float, to_ms: float) -> int:
    """How many recorded pictures were drawn between two moments."""
    return sum(from_ms < (frame.clock_ms or 0) < to_ms for frame in probe.frames)


async def test_reloaded_pages_are_back_in_the_same_session(
    machine: Machine, mara: Chromium
) -> None:
    """Buyer, then host, reload mid-call: pictures move again, one recording each, nothing more."""
    async with face_to_face(machine, mara) as held:
        session_id = await held.session_id()
        await held.sees_the_other()
        began_ms = now_ms()
        for name, page in (("buyer", held.buyer_page), ("host", held.host_page)):
            reloaded = time.monotonic()
            await page.reload(wait_until="commit", timeout=STEP_MS)
            await held.sees_the_other(drawn_after_ms=now_ms())
            back_s = time.monotonic() - reloaded
            print(f"{name} back after a reload in {back_s:.2f} s")
            assert back_s <= BACK_WITHIN_S
        sessions = (await see(machine, held.case["id"]))["sessions"]
        assert [one["id"] for one in sessions] == [session_id]
        assert sessions[0]["state"] == "live"
        back_ms = now_ms()
        await asyncio.sleep(1)
        await held.end()
        timeline = await complete_timeline(machine, session_id, within_s=SEALED_WITHIN_S)
    for role, camera in (("buyer", Camera.BUYER), ("host", Camera.HOST)):
        _, probe = await recording_of(machine, timeline, role)
        assert probe.cameras() == {camera}
        assert shown_between(probe, 0, began_ms), "what was shown before the reloads is kept"
        assert shown_between(probe, back_ms, back_ms + 60_000), "what came after them is kept"


async def test_a_killed_browser_comes_back_as_another_device(
    machine: Machine, mara: Chromium
) -> None:
    """The host is told, lets the new device in, and one recording holds both parts and the gap."""
    async with face_to_face(machine, mara) as held:
        session_id = await held.session_id()
        await held.sees_the_other()
        await asyncio.sleep(1)
        killed_ms, killed = now_ms(), time.monotonic()
        held.buyer.kill()
        gone = held.host_page.locator('[data-test="buyer-away"], [data-test="buyer-left"]')
        await gone.wait_for(timeout=SEEN_WITHIN_S * 1000)
        print(f"the host is told of a killed browser in {time.monotonic() - killed:.1f} s")
        buyer_name = held.case["buyer"]["name"]
        await expect(gone.locator("h2")).to_contain_text(buyer_name)
        assert (await see(machine, held.case["id"]))["sessions"][0]["state"] == "live"
        async with chromium(BUYER, viewport=PHONE) as other:
            held.buyer_page = page = await other.open(held.join_url)
            await by(page, "problem-other_device").wait_for(timeout=STEP_MS)
            await by(page, "ask-host").click()
            await by(page, "problem-asking").wait_for(timeout=STEP_MS)
            dialog = by(held.host_page, "device-dialog")
            await expect(dialog).to_contain_text("Chrome", timeout=STEP_MS)
            await by(dialog, "device-yes").click()
            await by(page, "join").click(timeout=STEP_MS)
            back_ms = now_ms()
            await held.sees_the_other(drawn_after_ms=back_ms)
            await expect(gone).to_be_hidden()
            await expect(dialog).to_be_hidden()
            assert await held.session_id() == session_id
            await asyncio.sleep(1)
            await held.end()
            await by(page, "ended").wait_for(timeout=STEP_MS)
            timeline = await complete_timeline(machine, session_id, within_s=SEALED_WITHIN_S)
    recording, probe = await recording_of(machine, timeline, "buyer")
    assert probe.cameras() == {Camera.BUYER}
    assert shown_between(probe, killed_ms - 1_000, killed_ms + 500), "up to the kill is kept"
    assert shown_between(probe, back_ms, back_ms + 60_000), "the other device's part is kept"
    clocks = [frame.clock_ms for frame in probe.frames if frame.clock_ms is not None]
    last_ms = max(clock for clock in clocks if clock < killed_ms + 1_000)
    next_ms = min(clock for clock in clocks if clock > killed_ms + 1_000)
    gaps = [gap for gap in timeline["gaps"] if gap["recording_id"] == recording["recording_id"]]
    covering = [
        gap
        for gap in gaps
        if gap["from_ms"] <= last_ms + 500 and gap["to_ms"] >= min(next_ms, back_ms) - 500
    ]
    assert len(covering) == 1, gaps
    kinds = [event["kind"] for event in timeline["events"]]
    assert kinds.index("device_asked") < kinds.index("device_answered")


async def test_a_second_tab_takes_over_and_the_first_can_take_back(
    machine: Machine, mara: Chromium
) -> None:
    """Only one page is in the call; the other says so and offers to go on there."""
    async with face_to_face(machine, mara) as held:
        for browser, first, url, inside in (
            (held.buyer, held.buyer_page, held.join_url, "in-call"),
            (held.host, held.host_page, f"{machine.url}/inspect", "host-call"),
        ):
            second = await browser.open(url)
            await by(second, inside).wait_for(timeout=STEP_MS)
            await expect(by(first, "replaced")).to_contain_text("another tab", timeout=STEP_MS)
            await shows(second, Camera.HOST if browser is held.buyer else Camera.BUYER)
            await first.bring_to_front()
            await by(first, "use-here").click(timeout=STEP_MS)
            await by(first, inside).wait_for(timeout=STEP_MS)
            await by(second, "replaced").wait_for(timeout=STEP_MS)
            await second.close()
            await held.sees_the_other(drawn_after_ms=now_ms())
        sessions = (await see(machine, held.case["id"]))["sessions"]
        assert [one["state"] for one in sessions] == ["live"]


async def test_a_refused_camera_is_explained_and_the_call_is_held_without(
    machine: Machine, mara: Chromium
) -> None:
    """The page says what to do; the buyer sees the host and is heard in writing."""
    async with (
        chromium(viewport=PHONE, permissions=(), flags=[REFUSING]) as buyer,
        face_to_face(machine, mara, buyer) as held,
    ):
        page = held.buyer_page
        help_page = by(page, "camera-refused")
        await expect(help_page).to_contain_text("allow camera and microphone", timeout=STEP_MS)
        await by(help_page, "camera-again").click()
        await by(help_page, "without-camera").click(timeout=STEP_MS)
        await expect(help_page).to_have_count(0, timeout=STEP_MS)
        await by(page, "in-call").wait_for(timeout=STEP_MS)
        await by(held.host_page, "buyer-no-camera").wait_for(timeout=STEP_MS)
        await shows(page, Camera.HOST)
        await by(page, "write").click()
        await by(page, "message-input").fill("My camera is not allowed.")
        await by(page, "message-send").click()
        await by(held.host_page, "tab-messages").click()
        said = by(held.host_page, "message").filter(has_text="My camera is not allowed.")
        await said.wait_for(timeout=STEP_MS)


async def test_a_camera_that_vanishes_is_told_and_the_call_goes_on(
    machine: Machine, mara: Chromium
) -> None:
    """Both are told; the host stays in the picture; the camera comes back when plugged in."""
    async with chromium(BUYER, viewport=PHONE) as buyer:
        await buyer.context.add_init_script(PLUG_JS)
        async with face_to_face(machine, mara, buyer) as held:
            page = held.buyer_page
            await held.sees_the_other()
            await page.evaluate("window.__unplug()")
            gone = by(page, "camera-lost")
            await expect(gone).to_contain_text("The camera has gone", timeout=STEP_MS)
            await expect(gone).to_contain_text("The call goes on")
            await by(held.host_page, "buyer-no-camera").wait_for(timeout=STEP_MS)
            await shows(page, Camera.HOST)
            await page.evaluate("window.__plugIn()")
            await expect(gone).to_have_count(0, timeout=STEP_MS)
            await by(held.host_page, "buyer-no-camera").wait_for(state="detached", timeout=STEP_MS)
            await shows(held.host_page, Camera.BUYER)


async def test_links_that_lead_nowhere_each_say_why(machine: Machine) -> None:
    """Unknown, revoked and expired have pages of their own, without a way into a call."""
    revoked, expired = await english_case(machine), await english_case(machine)
    case_id = revoked["case"]["id"]
    async with machine.api() as http, http.delete(f"/api/v1/cases/{case_id}/link") as response:
        assert response.status < 300, await response.text()
    await asyncio.to_thread(expire_link, machine.settings.data, expired["case"]["id"])
    token = revoked["join_url"].rpartition("/")[2]
    async with chromium(viewport=PHONE) as browser:
        for url, problem, words in (
            (f"{machine.url}/j/{token[::-1]}", "unknown", "Open it again from the message"),
            (f"{machine.url}/j/not-a-token", "unknown", "ask the seller for a new one"),
            (revoked["join_url"], "revoked", "Look for a newer link"),
            (expired["join_url"], "expired", "your return is not lost"),
        ):
            page = await browser.open(url)
            await expect(by(page, f"problem-{problem}")).to_contain_text(words, timeout=STEP_MS)
            await expect(by(page, "join")).to_have_count(0)
            await page.close()


def expire_link(data: Path, case_id: str) -> None:
    """Let a case's link have run out, as if two weeks had passed."""
    with closing(sqlite3.connect(data / "proofcall.db", timeout=10)) as database, database:
        changed = database.execute(
            "UPDATE join_links SET expires_at = '2020-01-01 00:00:00.000000' WHERE case_id = ?",
            (case_id,),
        )
        assert changed.rowcount == 1


async def test_looking_at_a_link_changes_nothing(machine: Machine) -> None:
    """Ten previews of chat apps bind no device and open no session; the page sets no cookie."""
    opened = await machine.open_case()
    path = opened["join_url"].removeprefix(machine.url)
    before = await see(machine, opened["case"]["id"])
    async with aiohttp.ClientSession(machine.url) as preview:
        for _ in range(10):
            async with preview.get(path) as response:
                assert response.status == 200
                assert "Set-Cookie" not in response.headers
            async with preview.get(f"/api/join/{path.rpartition('/')[2]}") as response:
                assert response.status == 200
    after = await see(machine, opened["case"]["id"])
    assert after["link"]["first_joined_at"] is None
    assert after == before


async def test_of_two_hosts_who_take_the_same_buyer_one_is_told(
    machine: Machine, mara: Chromium
) -> None:
    """Exactly one is in the call; the other reads why not, and stays at the desk."""
    async with (
        chromium(BUYER, viewport=PHONE) as buyer,
        chromium(HOST, viewport=TABLET) as jonas,
    ):
        hosts = [
            await come_on_shift(machine, mara),
            await come_on_shift(machine, jonas, "inspector 2"),
        ]
        opened = await english_case(machine)
        buyer_page = await buyer.open(opened["join_url"])
        await by(buyer_page, "join").click(timeout=STEP_MS)
        entry = f'[data-test="waiting-entry"][data-case="{opened["case"]["id"]}"]'
        takes = [by(page.locator(entry), "take") for page in hosts]
        for take in takes:
            await take.wait_for(timeout=STEP_MS)
        moment_ms = now_ms() + 500
        await asyncio.gather(*(take.evaluate(CLICK_AT_JS, moment_ms) for take in takes))
        told = re.compile("Somebody else has just taken this one")
        outcome = await asyncio.gather(*(_in_call_or_told(page, told) for page in hosts))
        assert sorted(outcome) == ["in the call", "told"]
        winner, loser = (hosts[outcome.index(word)] for word in ("in the call", "told"))
        await expect(by(loser, "desk")).to_be_visible()
        await expect(loser.locator(entry)).to_have_count(0, timeout=STEP_MS)
        await expect(by(loser, "host-call")).to_have_count(0)
        await asyncio.gather(shows(winner, Camera.BUYER), shows(buyer_page, Camera.HOST))
        sessions = (await see(machine, opened["case"]["id"]))["sessions"]
        assert [one["state"] for one in sessions] == ["live"]
        await by(winner, "end").click()
        await by(winner, "end-yes").wait_for(timeout=STEP_MS)
        await by(winner, "outcome-later").check(force=True)
        await by(winner, "end-yes").click()
        await by(winner, "desk").wait_for(timeout=STEP_MS)


async def _in_call_or_told(page: Page, told: re.Pattern[str]) -> str:
    """Which of the two a host's page shows first."""
    toast = by(page, "toast").filter(has_text=told)
    await by(page, "host-call").or_(toast).first.wait_for(timeout=STEP_MS)
    return "told" if await toast.count() else "in the call"
