"""Through a firewall: real calls that may use nothing but the TURN server, each way to it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
import pytest_asyncio
from playwright.async_api import Page

from infra.local.coturn import Coturn
from tests.support.cameras import Camera
from tests.support.chromium import PHONE, TABLET, Chromium, chromium
from tests.support.journeys import Call, by, light_camera, meet, timeline_when
from tests.support.machine import Machine, running_machine

pytestmark = [
    pytest.mark.alone,
    pytest.mark.browser,
    pytest.mark.usefixtures("chromium_binary"),
    pytest.mark.asyncio(loop_scope="module"),
]

# Every peer connection of the page may use only the TURN URLs that fit, and only relayed.
_RELAY_ONLY_JS = """
(() => {
  const wanted = %s;
  const Native = RTCPeerConnection;
  window.__peers = [];
  window.RTCPeerConnection = class extends Native {
    constructor(config = {}) {
      const iceServers = (config.iceServers ?? []).map((one) => ({
        ...one, urls: one.urls.filter((url) => url === wanted),
      }));
      super({ ...config, iceServers, iceTransportPolicy: 'relay' });
      window.__peers.push(this);
    }
  };
})();
"""
_NAMES_JS = """() => window.__peers.flatMap((peer) =>
  peer.getConfiguration().iceServers.map((server) => server.username))"""
_WAYS_JS = """async () => {
  const ways = [];
  for (const peer of window.__peers) {
    const stats = [...(await peer.getStats()).values()];
    for (const pair of stats)
      if (pair.type === 'candidate-pair' && pair.nominated && pair.bytesReceived > 5000) {
        const local = stats.find((one) => one.id === pair.localCandidateId);
        ways.push([local.candidateType, local.relayProtocol]);
      }
  }
  return ways;
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def machine(
    coturn: Coturn, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Machine]:
    """A machine whose settings name the TURN server."""
    data = tmp_path_factory.mktemp("machine") / "data"
    settings = {"turn_urls": coturn.urls, "turn_secret": coturn.secret, "turn_ttl_s": 60}
    async with running_machine(data, **settings) as running:
        yield running


@asynccontextmanager
async def relayed_call(machine: Machine, coturn: Coturn, url: str) -> AsyncIterator[Call]:
    """A call whose both ends reach the server by one TURN URL alone."""
    opened = await machine.open_case()
    # The one certificate of the TURN server is accepted, as a public one would be.
    flags = (f"--ignore-certificate-errors-spki-list={coturn.certificate_hash}",)
    async with AsyncExitStack() as stack:
        browsers: list[Chromium] = []
        for camera, viewport in ((Camera.BUYER, PHONE), (Camera.HOST, TABLET)):
            browser = await stack.enter_async_context(
                chromium(light_camera(camera), viewport=viewport, flags=flags)
            )
            await browser.context.add_init_script(_RELAY_ONLY_JS % json.dumps(url))
            browsers.append(browser)
        yield await meet(machine, browsers[0], browsers[1], opened)


async def ways_of(page: Page) -> set[tuple[str, str]]:
    """Candidate type and transport towards the relay of every path that carries media."""
    return {(kind, way) for kind, way in await page.evaluate(_WAYS_JS)}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("way", ["udp", "tcp", "tls"])
async def test_a_call_is_held_through_the_relay_alone(
    machine: Machine, coturn: Coturn, way: str
) -> None:
    """Both see each other and are recorded, whichever way to the TURN server is open."""
    url = {"udp": coturn.url, "tcp": coturn.tcp_url, "tls": coturn.tls_url}[way]
    async with relayed_call(machine, coturn, url) as held:
        began = time.monotonic()
        await held.sees_the_other()
        print(f"first frames {time.monotonic() - began:.2f} s after the take, by {way}")
        assert await ways_of(held.buyer_page) == {("relay", way)}
        assert await ways_of(held.host_page) == {("relay", way)}
        session_id = await held.session_id()
        await asyncio.sleep(2)
        await held.end()
        await by(held.buyer_page, "ended").wait_for(timeout=15_000)
    timeline = await timeline_when(machine, session_id, within_s=10)
    assert {one["participant"]["role"] for one in timeline["recordings"]} == {"buyer", "host"}


@pytest.mark.timeout(120)
async def test_a_fresh_peer_takes_fresh_credentials(machine: Machine, coturn: Coturn) -> None:
    """A page that is old in a call has asked for new ones before it needs them."""
    async with relayed_call(machine, coturn, coturn.url) as held:
        await held.sees_the_other()
        pages = (held.buyer_page, held.host_page)
        # They hold for a minute here; after half of it they are replaced.
        async with (
            held.buyer_page.expect_response(lambda one: one.url.endswith("/ice"), timeout=60_000),
            held.host_page.expect_response(lambda one: one.url.endswith("/ice"), timeout=60_000),
        ):
            before = [await page.evaluate(_NAMES_JS) for page in pages]
        machine.kill("media")
        killed_ms = round(time.time() * 1000)
        await held.sees_the_other(drawn_after_ms=killed_ms + 500)
        for page, old in zip(pages, before, strict=True):
            newest = (await page.evaluate(_NAMES_JS))[-1]
            assert newest > max(old)
            assert newest.partition(":")[2] == old[0].partition(":")[2]
        await held.end()
