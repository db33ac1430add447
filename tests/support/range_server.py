"""A virtual file served by HTTP Range, as web does, and a page that opens and seeks it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from recorder.playback import VirtualFile

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
async function seekFrame(second) {
  const began = performance.now();
  const shown = new Promise(done => v.requestVideoFrameCallback(() => done()));
  v.currentTime = second;
  await shown;
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


@asynccontextmanager
async def serving(server: RangeServer) -> AsyncIterator[str]:
    """The page's address, on a free port of loopback."""
    app = web.Application()
    app.router.add_get("/", server.page)
    app.router.add_get("/media", server.media)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()
