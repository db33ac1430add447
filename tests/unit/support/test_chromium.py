"""Real Chromium shows the readable cameras, and what it sends can be measured."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, Playwright, Route, async_playwright

from tests.support.cameras import Camera
from tests.support.chromium import (
    DESK,
    PHONE,
    Chromium,
    Codec,
    FileCamera,
    SyncedCamera,
    Viewport,
    chromium,
    screenshot,
)
from tests.support.media_probe import probe_media
from tests.support.screen import wait_for_code

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("chromium_binary")]

PAGE = """<!doctype html><title>camera</title>
<style>body{margin:0} video{width:100vw;height:100vh;object-fit:cover;display:block}</style>
<video id=view autoplay playsinline muted></video>
<script>
async function show() {
  window.stream = await navigator.mediaDevices.getUserMedia(
    {audio: true, video: {width: 1280, height: 720, frameRate: 30}});
  view.srcObject = stream;
  await view.play();
}
async function loop() {
  const [a, b] = [new RTCPeerConnection(), new RTCPeerConnection()];
  a.onicecandidate = (e) => b.addIceCandidate(e.candidate);
  b.onicecandidate = (e) => a.addIceCandidate(e.candidate);
  const far = new MediaStream();
  b.ontrack = (e) => far.addTrack(e.track);
  stream.getTracks().forEach((track) => a.addTrack(track, stream));
  await a.setLocalDescription();
  await b.setRemoteDescription(a.localDescription);
  await b.setLocalDescription();
  await a.setRemoteDescription(b.localDescription);
  view.srcObject = far;
  await view.play();
  window.ends = [a, b];
  return far;
}
async function codec() {
  for (const report of (await ends[0].getStats()).values())
    if (report.type === "codec" && report.mimeType.startsWith("video/")) return report.mimeType;
  return null;
}
async function record(stream, mimeType, ms) {
  const recorder = new MediaRecorder(stream, {mimeType, videoBitsPerSecond: 4e6});
  const parts = [];
  recorder.ondataavailable = (e) => parts.push(e.data);
  const stopped = new Promise((done) => { recorder.onstop = done; });
  recorder.start(200);
  await new Promise((done) => setTimeout(done, ms));
  recorder.stop();
  await stopped;
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 32768)
    text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return btoa(text);
}
</script>"""


@pytest.fixture
async def playwright() -> AsyncIterator[Playwright]:
    """One driver for the browsers of a test."""
    async with async_playwright() as driver:
        yield driver


async def open_page(browser: Chromium) -> Page:
    """Open the page above under a name that counts as secure."""

    async def answer(route: Route) -> None:
        await route.fulfill(body=PAGE, content_type="text/html")

    await browser.context.route("http://localhost/*", answer)
    return await browser.open("http://localhost/page")


@pytest.mark.parametrize("viewport", [PHONE, DESK])
async def test_a_file_camera_is_read_from_the_screen(
    playwright: Playwright, viewport: Viewport
) -> None:
    """Chromium plays the camera's file and the picture on the page tells its counter."""
    camera = FileCamera(Camera.HOST)
    async with chromium(camera, viewport=viewport, playwright=playwright) as browser:
        page = await open_page(browser)
        await page.evaluate("show()")
        video = page.locator("video")
        first = await wait_for_code(video, camera=Camera.HOST, by="screen")
        later = await wait_for_code(video, after=first.counter)
        assert later.counter - first.counter < 300
        assert browser.console_errors == []


@pytest.mark.parametrize("codec", ["H264", "VP8"])
async def test_wall_clock_and_lip_sync_survive_a_call(playwright: Playwright, codec: Codec) -> None:
    """Through a peer connection of the chosen codec: every counter, clock and beep in its place."""
    async with chromium(SyncedCamera(Camera.BUYER), codec=codec, playwright=playwright) as browser:
        page = await open_page(browser)
        await page.evaluate("show()")
        await page.evaluate("loop().then((far) => { window.far = far; })")
        code = await wait_for_code(page.locator("video"), drawn_after_ms=1)
        assert code.clock_ms is not None
        assert abs(code.clock_ms / 1000 - time.time()) < 2
        # What a page does to its own camera must not be refused.
        await page.evaluate(
            "stream.getVideoTracks()[0].applyConstraints({frameRate: {max: 30}, width: 1280})"
        )
        assert await page.evaluate("codec()") == f"video/{codec}"
        assert browser.console_errors == []
        encoded = await page.evaluate("record(far, 'video/webm;codecs=vp8,opus', 4000)")
    probe = await asyncio.to_thread(probe_media, base64.b64decode(encoded))
    assert probe.cameras() == {Camera.BUYER}
    assert len(probe.beeps_s) >= 3
    # Chromium's playout and MediaRecorder add some 90 ms of their own to the sound.
    assert all(abs(offset) < 0.25 for offset in probe.lip_sync_s())
    starts = probe.wall_starts_s()
    assert max(starts) - min(starts) < 0.25


@pytest.mark.alone
async def test_a_file_camera_beeps_and_counts(playwright: Playwright) -> None:
    """What Chromium captures from the two files has their counters in order and their beeps."""
    async with chromium(FileCamera(Camera.HOST), playwright=playwright) as browser:
        page = await open_page(browser)
        await page.evaluate("show()")
        encoded = await page.evaluate("record(stream, 'video/webm;codecs=vp8,opus', 3500)")
    probe = await asyncio.to_thread(probe_media, base64.b64decode(encoded))
    assert probe.cameras() == {Camera.HOST}
    assert probe.unreadable() == []
    assert len(probe.beeps_s) >= 2
    # MediaRecorder on a busy machine leaves pictures out, so the pace is what counts.
    first, last = probe.frames[0], probe.frames[-1]
    assert first.counter is not None
    assert last.counter is not None
    pace = (last.counter - first.counter) / (last.pts_s - first.pts_s)
    assert pace == pytest.approx(30, rel=0.1)


async def test_a_killed_browser_is_gone_and_its_test_goes_on(playwright: Playwright) -> None:
    """SIGKILL ends the browser at once; closing it afterwards is no error."""
    async with chromium(playwright=playwright) as browser:
        gone = asyncio.Event()
        browser.browser.on("disconnected", lambda _: gone.set())
        await open_page(browser)
        browser.kill()
        await asyncio.wait_for(gone.wait(), 10)
        browser.kill()


async def test_console_errors_and_screens_are_kept(playwright: Playwright, tmp_path: Path) -> None:
    """An uncaught exception and a console error are collected; a screenshot lands in its folder."""
    async with chromium(playwright=playwright, locale="de-DE") as browser:
        page = await open_page(browser)
        assert await page.evaluate("navigator.language") == "de-DE"
        await page.evaluate("console.error('broken'); setTimeout(() => { throw Error('worse') })")
        deadline = time.monotonic() + 5
        while len(browser.console_errors) < 2 and time.monotonic() < deadline:
            await page.evaluate("new Promise(requestAnimationFrame)")
        assert [error.split(": ", 1)[1] for error in browser.console_errors] == ["broken", "worse"]
        path = await screenshot(page, tmp_path / "shots", "page")
        assert path.stat().st_size > 0
