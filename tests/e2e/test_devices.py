"""What phones and loud halls do to a call, in real browsers: sound, interruptions, chat apps."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.support.cameras import Camera
from tests.support.chromium import PHONE, TABLET, chromium, screenshot
from tests.support.journeys import KEEP_PEERS_JS, STEP_MS, Call, by, light_camera, meet
from tests.support.machine import Machine, running_machine

pytestmark = [
    pytest.mark.alone,
    pytest.mark.browser,
    pytest.mark.usefixtures("chromium_binary"),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120),
]

LOOK = os.environ.get("LOOK_AT")

# The page's own tracks, to be silenced and ended as a ringing phone does it, and a voice
# that can be switched on: the readable camera only beeps.
PHONE_JS = """
(() => {
  const devices = navigator.mediaDevices;
  if (!devices) return;
  const open = devices.getUserMedia.bind(devices);
  let tracks = [], ringing = false, voice = 0;
  const gains = [];
  window.__asked = 0;
  window.__voice = (loud) => { voice = loud; for (const gain of gains) gain.gain.value = loud; };
  window.__ring = (how) => {
    ringing = true;
    for (const track of tracks) {
      if (how === "ended") { track.stop(); track.dispatchEvent(new Event("ended")); }
      else {
        Object.defineProperty(track, "muted", { configurable: true, get: () => true });
        track.dispatchEvent(new Event("mute"));
      }
    }
  };
  window.__hangUp = () => { ringing = false; };
  devices.getUserMedia = async (wanted) => {
    window.__asked += 1;
    if (ringing) throw new DOMException("in use", "NotReadableError");
    const stream = await open(wanted);
    const [beeps] = stream.getAudioTracks();
    if (beeps) {
      const context = new AudioContext();
      const out = context.createMediaStreamDestination();
      const tone = new OscillatorNode(context, { frequency: 300 });
      const gain = new GainNode(context, { gain: voice });
      tone.connect(gain).connect(out);
      context.createMediaStreamSource(new MediaStream([beeps])).connect(out);
      tone.start();
      gains.push(gain);
      stream.removeTrack(beeps);
      stream.addTrack(out.stream.getAudioTracks()[0]);
    }
    tracks = [...tracks.filter((track) => track.readyState === "live"), ...stream.getTracks()];
    return stream;
  };
})();
"""
AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
LOCKS_JS = """
(() => {
  window.__locks = [];
  const Lock = window.WakeLock;
  if (!Lock) return;
  const ask = Lock.prototype.request;
  Lock.prototype.request = async function (...given) {
    const lock = await ask.apply(this, given);
    window.__locks.push(lock);
    return lock;
  };
})();
"""
LEVEL_JS = "(element) => Number(element.getAttribute('aria-valuenow'))"
INSTAGRAM = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Version/4.0 Chrome/126.0 Mobile Safari/537.36 Instagram 330.0"
)
WECHAT = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.49"
)


def pretend_js(agent: str) -> str:
    """A browser inside an app that has no camera for pages."""
    return f"""
    Object.defineProperty(Navigator.prototype, "userAgent", {{ get: () => "{agent}" }});
    Object.defineProperty(Navigator.prototype, "mediaDevices", {{ get: () => undefined }});
    """


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def machine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Machine]:
    """One machine for all of these."""
    async with running_machine(tmp_path_factory.mktemp("machine")) as running:
        yield running


@asynccontextmanager
async def face_to_face(machine: Machine) -> AsyncIterator[Call]:
    """A buyer's phone that may ring, and an inspector's tablet."""
    opened = await machine.open_case()
    async with AsyncExitStack() as stack:
        browsers = []
        for camera, viewport in ((Camera.BUYER, PHONE), (Camera.HOST, TABLET)):
            browser = await stack.enter_async_context(
                chromium(light_camera(camera), viewport=viewport)
            )
            for script in (KEEP_PEERS_JS, PHONE_JS, LOCKS_JS):
                await browser.context.add_init_script(script)
            browsers.append(browser)
        held = await meet(machine, browsers[0], browsers[1], opened)
        await held.sees_the_other()
        try:
            yield held
        finally:
            # The next test's inspector must be free, whatever became of this one.
            if await by(held.host_page, "end").count():
                await held.host_page.reload()
                await held.end()
        # Whoever is not signed in yet is told so by a 401.
        wrong = [line for one in browsers for line in one.console_errors if "(Unauth" not in line]
        assert wrong == []


async def look(page: Page, name: str) -> None:
    """Keep the page in light and dark when somebody wants to look (``LOOK_AT=folder``)."""
    if LOOK is None:
        return
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        await screenshot(page, Path(LOOK), f"{name}-{scheme}")
    await page.emulate_media(color_scheme="light")


async def becomes_true(page: Page, expression: str) -> None:
    """Ask a page until it says yes; its policy forbids the driver's own way of waiting."""
    deadline = time.monotonic() + STEP_MS / 1000
    while not await page.evaluate(expression):
        assert time.monotonic() < deadline, f"never true: {expression}"
        await asyncio.sleep(0.05)


async def faults(page: Page) -> list[str]:
    """What axe finds wrong with the page for those who cannot see or touch it."""
    source = await asyncio.to_thread(AXE.read_text)
    await page.evaluate(source)
    found = await page.evaluate("axe.run('dialog[open]').then((done) => done.violations)")
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found]


async def level_of(page: Page, bar: str, *, above: int) -> None:
    """Wait until a level bar has gone above a share of its length, in percent."""
    found = by(page, bar)
    await found.wait_for(timeout=STEP_MS)
    deadline = time.monotonic() + STEP_MS / 1000
    while int(await found.evaluate(LEVEL_JS)) <= above:
        assert time.monotonic() < deadline, f"{bar} stays below {above} %"
        await asyncio.sleep(0.03)


async def test_each_side_sees_its_sound_and_asks_whether_it_is_heard(machine: Machine) -> None:
    """The bars move; the question is answered with one tap, and both are in the log."""
    async with face_to_face(machine) as held:
        host, buyer = held.host_page, held.buyer_page
        for page in (host, buyer):
            await by(page, "sound").click()
            await by(page, "sound-sheet").wait_for(timeout=STEP_MS)
            await level_of(page, "their-level", above=20)
            await level_of(page, "own-level", above=20)
            assert await faults(page) == []
        await look(buyer, "sheet-phone")
        await look(host, "sheet-tablet")
        await host.set_viewport_size({"width": 1440, "height": 900})
        await look(host, "sheet-desk")
        await host.set_viewport_size({"width": 1180, "height": 820})
        await buyer.keyboard.press("Escape")
        await expect(by(buyer, "sound-sheet")).to_have_count(0)

        await by(host, "sound-ask").click()
        await by(buyer, "sound-question").wait_for(timeout=STEP_MS)
        await look(buyer, "question-phone")
        await by(buyer, "sound-yes").click()
        await expect(by(host, "sound-result")).to_have_attribute(
            "data-result", "heard", timeout=STEP_MS
        )
        await expect(by(buyer, "sound-question")).to_have_count(0)
        await host.keyboard.press("Escape")

        await by(buyer, "sound").click()
        await by(buyer, "sound-ask").click()
        await by(host, "sound-question").wait_for(timeout=STEP_MS)
        await look(host, "question-tablet")
        await by(host, "sound-no").click()
        await expect(by(buyer, "sound-result")).to_have_attribute(
            "data-result", "not_heard", timeout=STEP_MS
        )
        await buyer.keyboard.press("Escape")
        session_id = await held.session_id()
        path = f"/api/v1/sessions/{session_id}/timeline"
        async with machine.api() as http, http.get(path) as response:
            events = (await response.json())["events"]
        said = [
            (one["actor"]["role"], one["kind"], one["payload"].get("heard"))
            for one in events
            if one["kind"].startswith("sound_")
        ]
        assert said == [
            ("host", "sound_asked", None),
            ("buyer", "sound_answered", True),
            ("buyer", "sound_asked", None),
            ("host", "sound_answered", False),
        ]


async def test_the_screen_stays_on_during_a_call(machine: Machine) -> None:
    """Asked for once, again when the system took it back, and let go at the end."""
    async with face_to_face(machine) as held:
        buyer = held.buyer_page
        # The driver takes away every permission that it was not told to grant.
        allowed = ["camera", "microphone", "screen-wake-lock"]
        await held.buyer.context.grant_permissions(allowed)
        await buyer.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await becomes_true(buyer, "window.__locks.length === 1")
        await buyer.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await buyer.evaluate("window.__locks[0].release()")
        await buyer.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await becomes_true(buyer, "window.__locks.length === 2 && !window.__locks[1].released")
        await held.end()
        await by(buyer, "ended").wait_for(timeout=STEP_MS)
        await becomes_true(buyer, "window.__locks.every((lock) => lock.released)")


async def test_a_paused_picture_plays_again(machine: Machine) -> None:
    """A telephone call pauses the other's picture; nobody has to touch anything."""
    async with face_to_face(machine) as held:
        picture = by(held.buyer_page, "remote-video")
        await picture.evaluate("(video) => video.pause()")
        began_ms = int(time.time() * 1000)
        await held.sees_the_other(drawn_after_ms=began_ms)
        assert not await picture.evaluate("(video) => video.paused")


async def test_in_a_loud_hall_the_host_is_heard_only_while_they_hold(machine: Machine) -> None:
    """By button and by space bar; the buyer sees when, and losing the window ends it."""
    async with face_to_face(machine) as held:
        host, buyer = held.host_page, held.buyer_page
        await by(host, "sound").click()
        await by(host, "talk-mode").click(timeout=STEP_MS)
        await host.keyboard.press("Escape")
        muted = by(buyer, "other-muted")
        await muted.wait_for(timeout=STEP_MS)
        button = by(host, "talk")
        await button.wait_for(timeout=STEP_MS)
        await look(host, "talk-tablet")
        await button.hover()
        await host.mouse.down()
        await expect(muted).to_have_count(0, timeout=STEP_MS)
        await look(host, "talking-tablet")
        await host.mouse.up()
        await muted.wait_for(timeout=STEP_MS)

        # A focused tool must not be pressed by the same key.
        await by(host, "marker").focus()
        await host.keyboard.down("Space")
        await expect(muted).to_have_count(0, timeout=STEP_MS)
        await host.evaluate("window.dispatchEvent(new Event('blur'))")
        await muted.wait_for(timeout=STEP_MS)
        await host.keyboard.up("Space")
        await expect(by(host, "marker-dialog")).to_have_count(0)

        # While somebody writes, the space bar writes.
        await by(host, "tab-messages").click()
        await by(host, "message-input").press_sequentially("a b")
        assert await by(host, "message-input").input_value() == "a b"
        await expect(button).to_have_attribute("aria-pressed", "false")
        await by(host, "message-input").fill("")
        await by(host, "tab-case").click()


async def test_who_speaks_while_muted_is_told(machine: Machine) -> None:
    """Once, with the way out in the same place."""
    async with face_to_face(machine) as held:
        buyer = held.buyer_page
        await by(buyer, "mute").click()
        hint = by(buyer, "muted-speaking")
        await by(held.host_page, "other-muted").wait_for(timeout=STEP_MS)
        await expect(hint).to_have_count(0)
        await buyer.evaluate("window.__voice(0.3)")
        await hint.wait_for(timeout=STEP_MS)
        await look(buyer, "muted-speaking-phone")
        await by(buyer, "prompt-unmute").click()
        await expect(hint).to_have_count(0, timeout=STEP_MS)
        await expect(by(held.host_page, "other-muted")).to_have_count(0, timeout=STEP_MS)
        await by(buyer, "sound").click()
        await level_of(buyer, "own-level", above=60)
        await buyer.keyboard.press("Escape")


@pytest.mark.parametrize("how", ["muted", "ended"])
async def test_after_a_telephone_call_picture_and_sound_come_back(
    machine: Machine, how: str
) -> None:
    """While it rings the page says so in words; afterwards the same call goes on by itself."""
    async with face_to_face(machine) as held:
        buyer, host = held.buyer_page, held.host_page
        await buyer.evaluate(f"window.__ring('{how}')")
        told = "interrupted" if how == "muted" else "lost"
        await by(buyer, f"camera-{told}").wait_for(timeout=STEP_MS)
        await look(buyer, f"ringing-{how}-phone")
        await by(host, "other-muted").wait_for(timeout=STEP_MS)
        await buyer.evaluate("window.__hangUp()")
        began_ms = int(time.time() * 1000)
        await expect(by(buyer, f"camera-{told}")).to_have_count(0, timeout=20_000)
        await held.sees_the_other(drawn_after_ms=began_ms)
        await expect(by(host, "other-muted")).to_have_count(0, timeout=20_000)
        assert await buyer.evaluate("window.__asked") <= 20


@pytest.mark.parametrize(
    ("agent", "app", "locale"),
    [
        (INSTAGRAM, "instagram", "en"),
        (WECHAT, "wechat", "zh-Hans"),
        (WECHAT, "wechat", "es"),
        (INSTAGRAM, "instagram", "de"),
    ],
)
async def test_a_chat_app_without_a_camera_is_left_before_the_tap(
    machine: Machine, agent: str, app: str, locale: str
) -> None:
    """The page names the way out while the link is not yet bound to the app's browser."""
    opened = await machine.open_case(buyer={"name": "Ana", "email": None, "locale": locale})
    async with chromium(viewport=PHONE) as browser:
        await browser.context.add_init_script(pretend_js(agent))
        page = await browser.open(opened["join_url"])
        help_card = by(page, "in-app")
        await help_card.wait_for(timeout=STEP_MS)
        assert await help_card.get_attribute("data-app") == app
        await expect(page.locator("html")).to_have_attribute("lang", locale)
        # This machine's link is plain HTTP: an intent would leave for another scheme.
        await expect(by(page, "open-outside")).to_have_count(0)
        assert await by(page, "join").is_enabled()
        await by(help_card, "copy-link").scroll_into_view_if_needed()
        await look(page, f"in-app-{app}-{locale}")
        await by(page, "copy-link").click()
        await by(page, "toast").wait_for(timeout=STEP_MS)
