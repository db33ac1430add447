"""Neither side learns the other's address: not from anything that a page is ever given."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from playwright.async_api import Error, Page, Response, WebSocket

from tests.support.chromium import Chromium
from tests.support.far_browsers import meeting, office
from tests.support.journeys import STEP_MS, by, download, timeline_when
from tests.support.machine import free_port, running_machine
from tests.support.namespaces import Network, network
from tests.support.servers import start_or_skip

pytestmark = [pytest.mark.alone, pytest.mark.browser, pytest.mark.usefixtures("chromium_binary")]

# The page never hears of its own candidates: the server has to find the browser by its checks.
_TELL_NOTHING_JS = """
(() => {
  const listen = RTCPeerConnection.prototype.addEventListener;
  RTCPeerConnection.prototype.addEventListener = function (kind, ...rest) {
    if (kind !== 'icecandidate') listen.call(this, kind, ...rest);
  };
})();
"""
_KNOWN_JS = """async () => {
  const known = [];
  for (const peer of window.__peers) {
    known.push(peer.remoteDescription?.sdp ?? '');
    for (const one of (await peer.getStats()).values())
      if (one.type !== 'local-candidate') known.push(JSON.stringify(one));
  }
  return known;
}"""


_OWN_JS = """async () => {
  const own = [];
  for (const peer of window.__peers) {
    const stats = [...(await peer.getStats()).values()];
    for (const pair of stats)
      if (pair.type === 'candidate-pair' && pair.nominated && pair.bytesReceived > 5000)
        own.push(stats.find((one) => one.id === pair.localCandidateId).address);
  }
  return own;
}"""


@pytest.fixture
def net() -> Iterator[Network]:
    """A network to build; skips without root."""
    with ExitStack() as stack:
        yield start_or_skip(lambda: stack.enter_context(network()))


class Heard:
    """Everything the server gives to the pages of one browser."""

    def __init__(self, browser: Chromium) -> None:
        self.texts: list[str] = []
        self.sent: list[str] = []
        self._reading: set[asyncio.Task[None]] = set()
        browser.context.on("request", lambda request: self.sent.append(request.post_data or ""))
        browser.context.on("response", self._answer)
        browser.context.on("page", lambda page: page.on("websocket", self._socket))

    def _answer(self, response: Response) -> None:
        reading = asyncio.ensure_future(self._read(response))
        self._reading.add(reading)
        reading.add_done_callback(self._reading.discard)

    async def _read(self, response: Response) -> None:
        self.texts.append(json.dumps(await response.all_headers()))
        with suppress(Error):
            self.texts.append((await response.body()).decode("utf-8", "replace"))

    def _socket(self, socket: WebSocket) -> None:
        socket.on(
            "framereceived",
            lambda frame: self.texts.append(
                frame if isinstance(frame, str) else frame.decode("utf-8", "replace")
            ),
        )

    async def all(self, page: Page) -> str:
        """The above, and what the page's peer connections know of the other end."""
        await asyncio.gather(*self._reading)
        return "\n".join([*self.texts, *await page.evaluate(_KNOWN_JS)])


@pytest.mark.timeout(150)
@pytest.mark.parametrize("told", [True, False], ids=["candidates", "peer-reflexive"])
async def test_nothing_given_to_one_side_names_the_other(
    net: Network, tmp_path: Path, told: bool
) -> None:
    """Answers, events, quality, SDP and statistics, then timeline, recording and logs."""
    third = os.getpid() % 250
    server_ip, buyer_ip, host_ip = f"10.75.{third}.1", f"10.75.{third}.2", f"10.76.{third}.2"
    buyer_at = office(net, f"{buyer_ip}/24", f"{server_ip}/24")
    host_at = office(net, f"{host_ip}/24", f"10.76.{third}.1/24")
    heard: dict[str, Heard] = {}

    def watch(buyer: Chromium, host: Chromium) -> None:
        heard.update(buyer=Heard(buyer), host=Heard(host))

    async with running_machine(
        tmp_path / "data", http=f"{server_ip}:{free_port()}", log_level="debug"
    ) as machine:
        async with meeting(
            machine,
            buyer_at.browser(tmp_path),
            host_at=host_at.browser(tmp_path),
            scripts=() if told else (_TELL_NOTHING_JS,),
            watch=watch,
        ) as held:
            session_id = await held.session_id()
            await by(held.host_page, "still").click()
            await held.mark()
            # Two rounds of what is told about the connections.
            await asyncio.sleep(5)
            to_buyer = await heard["buyer"].all(held.buyer_page)
            to_host = await heard["host"].all(held.host_page)
            # The server does know both, from the pages themselves or from their packets.
            for side, page, own in (
                ("buyer", held.buyer_page, buyer_ip),
                ("host", held.host_page, host_ip),
            ):
                assert own in await page.evaluate(_OWN_JS)
                assert any(own in sent for sent in heard[side].sent) is told
            # What has been heard is what it should be, so that an address would be found.
            assert "quality" in to_buyer
            assert session_id in to_buyer
            assert session_id in to_host
            assert server_ip in to_buyer
            assert host_ip not in to_buyer
            assert buyer_ip not in to_host
            await held.end()
            await by(held.buyer_page, "ended").wait_for(timeout=STEP_MS)
            assert host_ip not in await heard["buyer"].all(held.buyer_page)
        timeline = await timeline_when(machine, session_id, within_s=10)
        kept = json.dumps(timeline).encode()
        for recording in timeline["recordings"]:
            kept += await download(machine, recording["url"])
        for address in (buyer_ip, host_ip):
            assert address.encode() not in kept
            assert address not in machine.log.read_text()
