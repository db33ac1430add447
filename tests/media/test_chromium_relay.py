"""Two real Chromium pages through the relay, joined as browsers join: offer, answer, trickle."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Page, async_playwright

from runtime.errors import CaseError
from tests.support.media_worker import Running, running_worker, until

pytestmark = [pytest.mark.alone, pytest.mark.browser]

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--use-fake-device-for-media-stream=fps=30",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
]

_PAGE = """<!doctype html><video id=v autoplay playsinline muted></video><script>
let pc, T = {};
async function media() {
  window.stream = await navigator.mediaDevices.getUserMedia(
    {video: {width: 640, height: 480, frameRate: 30}, audio: true});
}
async function join(role, codec) {
  T.start = performance.now();
  pc = new RTCPeerConnection({bundlePolicy: 'max-bundle'});
  const only = codec && RTCRtpReceiver.getCapabilities('video').codecs.filter(
    c => c.mimeType === 'video/' + codec || c.mimeType === 'video/rtx');
  for (const [kind, direction] of [['audio', 'sendrecv'], ['video', 'sendrecv'],
       ['audio', 'recvonly'], ['video', 'recvonly'], ['video', 'recvonly']]) {
    const track = stream.getTracks().find(t => t.kind === kind);
    const t = direction === 'sendrecv'
      ? pc.addTransceiver(track, {direction, streams: [stream]})
      : pc.addTransceiver(kind, {direction});
    if (only && kind === 'video') t.setCodecPreferences(only);
  }
  const v = document.getElementById('v'), got = new MediaStream();
  pc.ontrack = e => { if (['0', '1'].includes(e.transceiver.mid)) {
    got.addTrack(e.track); v.srcObject = got; } };
  v.requestVideoFrameCallback((_, m) => { T.frame = performance.now(); T.rtp = m.rtpTimestamp; });
  let id = null; const early = [];
  const post = (url, body) => fetch(url, {method: 'POST', body: JSON.stringify(body)})
    .then(r => r.json());
  const trickle = c => post('/candidates', {id, candidates: [{candidate: c.candidate,
    sdp_mid: c.sdpMid, sdp_m_line_index: c.sdpMLineIndex}]});
  pc.onicecandidate = e => {
    if (e.candidate) id ? trickle(e.candidate) : early.push(e.candidate);
  };
  await pc.setLocalDescription();
  const opened = await post('/peers', {role, offer: pc.localDescription.sdp});
  id = opened.peer_id;
  await pc.setRemoteDescription({type: 'answer', sdp: opened.answer});
  early.forEach(trickle);
  return opened;
}
async function stats() {
  const o = {T};
  (await pc.getStats()).forEach(s => {
    if (s.type === 'inbound-rtp' && s.kind === 'video' && s.mid === '1')
      o.video = {frames: s.framesDecoded, dropped: s.framesDropped, lost: s.packetsLost,
                 keys: s.keyFramesDecoded, plis: s.pliCount, nacks: s.nackCount, codec: s.codecId,
                 playout: s.estimatedPlayoutTimestamp};
    if (s.type === 'inbound-rtp' && s.kind === 'audio' && s.mid === '0')
      o.audio = {packets: s.packetsReceived, energy: s.totalAudioEnergy};
    if (s.type === 'codec') (o.codecs ||= {})[s.id] = s.mimeType + ' ' + s.sdpFmtpLine;
    if (s.type === 'transport') o.srtp = s.srtpCipher;
    if (s.type === 'candidate-pair' && s.nominated) o.available = s.availableOutgoingBitrate;
    if (s.type === 'outbound-rtp' && s.kind === 'video')
      o.out = {target: s.targetBitrate, key: s.keyFramesEncoded, pli: s.pliCount};
  });
  return o;
}
</script>"""


@asynccontextmanager
async def _site(running: Running) -> AsyncIterator[str]:
    """A page and the two commands it needs, straight to the worker."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=_PAGE, content_type="text/html")

    async def peers(request: web.Request) -> web.Response:
        given = await request.json()
        role = given["role"]
        body = {"session_id": "ses_1", "participant_id": f"p_{role}", "record": False, **given}
        return web.json_response(await running.worker.open_peer({}, body))

    async def candidates(request: web.Request) -> web.Response:
        given = await request.json()
        try:
            await running.worker.add_candidates({"peer_id": given["id"]}, given)
        except CaseError as error:
            return web.json_response({"code": error.code}, status=error.status)
        return web.json_response({})

    app = web.Application()
    app.add_routes(
        [web.get("/", page), web.post("/peers", peers), web.post("/candidates", candidates)]
    )
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def _frames(page: Page, at_least: int, timeout_s: float = 12.0) -> dict[str, Any]:
    deadline = asyncio.get_running_loop().time() + timeout_s
    while True:
        found: dict[str, Any] = await page.evaluate("stats()")
        if (found.get("video") or {}).get("frames", 0) >= at_least:
            return found
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"no picture: {found}")
        await asyncio.sleep(0.05)


async def test_two_browsers_see_and_hear_each_other(chromium_binary: str) -> None:
    """H.264 both ways over AES-GCM; a newcomer with VP8 only turns the other's reload to VP8."""
    async with (
        running_worker() as running,
        _site(running) as url,
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(executable_path=chromium_binary, args=_FLAGS)
        try:
            pages = {}
            for role in ("host", "buyer"):
                page = pages[role] = await (await browser.new_context()).new_page()
                await page.goto(url)
                await page.evaluate("media()")
            await pages["host"].evaluate("join('host')")
            opened = await pages["buyer"].evaluate("join('buyer')")
            assert [track["mid"] for track in opened["tracks"]] == ["0", "1"]
            for page in pages.values():
                found = await _frames(page, 45)
                assert "H264" in found["codecs"][found["video"]["codec"]]
                assert "42e01f" in found["codecs"][found["video"]["codec"]]
                assert "AEAD_AES" in found["srtp"]
                assert found["audio"]["packets"] > 20
            # Browsers begin to tell their downlink's estimate after some five seconds.
            out = running.worker._legs[opened["peer_id"]].egresses["1"]
            assert await until(lambda: out.cap.estimate_bps, 12) > 100_000
            rtp = await pages["buyer"].evaluate("T.rtp")
            located = await running.worker.locate(
                {"peer_id": opened["peer_id"]}, {"mid": "1", "rtp_timestamp": rtp}
            )
            assert located["participant_id"] == "p_host"
            await pages["buyer"].reload()
            await pages["buyer"].evaluate("media()")
            await pages["buyer"].evaluate("join('buyer', 'VP8')")
            await pages["host"].reload()
            await pages["host"].evaluate("media()")
            await pages["host"].evaluate("join('host')")
            for page in pages.values():
                found = await _frames(page, 20)
                assert "VP8" in found["codecs"][found["video"]["codec"]]
            kinds = running.facts.kinds()
            assert kinds.count("peer_connected") == 4
        finally:
            await browser.close()
