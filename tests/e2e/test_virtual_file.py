"""Chromium opens, plays and seeks the virtual files by range, and quickly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Page, async_playwright

from recorder.depacketise import Codec
from recorder.playback import VirtualFile
from tests.support.chromium import FLAGS
from tests.support.recording_rig import SpoolRig
from tests.support.tap_feed import (
    EncodedFrame,
    Packet,
    encode_audio,
    encode_video,
    packetise,
)

pytestmark = pytest.mark.browser

LOOP_S = 10
MINUTES = 3
PAGE = """<!doctype html><video id=v muted width=640></video><script>
const v = document.getElementById('v');
function waitFor(name) {
  return new Promise((done, failed) => {
    v.addEventListener(name, () => done(), {once: true});
    v.addEventListener('error', () => failed(new Error(v.error.message)), {once: true});
  });
}
async function openFile(url) {
  const began = performance.now();
  const ready = waitFor('loadeddata');
  v.src = url;
  await ready;
  return {ms: performance.now() - began, duration: v.duration, width: v.videoWidth};
}
async function seekTo(second) {
  const began = performance.now();
  const done = waitFor('seeked');
  v.currentTime = second;
  await done;
  return performance.now() - began;
}
function grey() {
  const canvas = document.createElement('canvas');
  canvas.width = v.videoWidth; canvas.height = v.videoHeight;
  const context = canvas.getContext('2d');
  context.drawImage(v, 0, 0);
  const row = context.getImageData(0, Math.floor(canvas.height / 8), canvas.width, 1).data;
  const cell = Math.floor(canvas.width / 16);
  let number = 0;
  for (let bit = 0; bit < 16; bit++) {
    if (row[(bit * cell + (cell >> 1)) * 4] > 125) number |= 1 << bit;
  }
  return number;
}
async function playFor(ms) {
  await v.play();
  const from = v.currentTime;
  await new Promise(done => setTimeout(done, ms));
  v.pause();
  return v.currentTime - from;
}
</script>"""


async def long_recording(tmp_path: Path, codec: str) -> VirtualFile:
    """Three minutes whose pictures count up to the loop's length again and again."""
    rig = SpoolRig(tmp_path)
    pictures = encode_video(codec, LOOP_S * 30, keyframe_every=90)
    sounds = encode_audio(LOOP_S)
    video = rig.session.open_track("par_1", "trk_v", "peer_1", Codec(codec))
    audio = rig.session.open_track("par_1", "trk_a", "peer_1", Codec.OPUS)
    assert video
    assert audio

    def repeated(frames: list[EncodedFrame], name: str) -> list[Packet]:
        return packetise(
            name,
            [
                replace(frame, at_s=frame.at_s + turn * LOOP_S)
                for turn in range(MINUTES * 60 // LOOP_S)
                for frame in frames
            ],
        )

    rig.feed((video, repeated(pictures, codec)), (audio, repeated(sounds, "opus")))
    await rig.session.close("ended")
    return await rig.open()


class RangeServer:
    """Serves one virtual file by HTTP Range, as web does."""

    def __init__(self, file: VirtualFile) -> None:
        self._file = file
        self.requests = 0
        self.served_bytes = 0

    async def page(self, _: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    async def media(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        start = request.http_range.start or 0
        end = min(request.http_range.stop or self._file.size, self._file.size)
        response = web.StreamResponse(
            status=206,
            headers={
                "Content-Type": self._file.content_type,
                "Accept-Ranges": "bytes",
                "Content-Range": f"bytes {start}-{end - 1}/{self._file.size}",
                "Content-Length": str(end - start),
            },
        )
        await response.prepare(request)
        try:
            async for part in self._file.read(start, end):
                await response.write(part)
                self.served_bytes += len(part)
        except ConnectionResetError:
            # The browser has what it wanted.
            return response
        return response


async def seek_and_read(page: Page, second: float) -> tuple[float, int]:
    """Milliseconds the seek took, and the number in the picture shown."""
    took = await page.evaluate(f"seekTo({second})")
    return took, await page.evaluate("grey()")


@pytest.mark.parametrize("codec", ["h264", "vp8"])
async def test_chromium_opens_plays_and_seeks_quickly(
    tmp_path: Path, codec: str, chromium_binary: str
) -> None:
    """Open and seek well under the seconds a file without index takes; the right pictures show."""
    file = await long_recording(tmp_path, codec)
    server = RangeServer(file)
    app = web.Application()
    app.router.add_get("/", server.page)
    app.router.add_get("/media", server.media)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=chromium_binary, args=list(FLAGS)
            )
            page = await browser.new_page()
            await page.goto(f"http://127.0.0.1:{port}/")
            opened = await page.evaluate("openFile('/media')")
            assert abs(opened["duration"] - MINUTES * 60) < 0.1
            assert opened["width"] == 320
            assert opened["ms"] < 3_000
            for second in (100.02, 7.52, 171.02):
                took, number = await seek_and_read(page, second)
                expected = int(second % LOOP_S * 30)
                assert abs(number - expected) <= 1, (second, number)
                assert took < 3_000
            played = await page.evaluate("playFor(700)")
            assert played > 0.3
            await browser.close()
    finally:
        await runner.cleanup()
