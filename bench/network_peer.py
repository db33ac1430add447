"""The same two people without a server between them, for the delay that the relay adds."""

from __future__ import annotations

import asyncio
from pathlib import Path

from playwright.async_api import Route

from bench.network_call import BUYER_CAMERA, HOST_CAMERA, Hall, held_call
from bench.network_viewer import VIEWER_JS, take_frames
from tests.support.chromium import PHONE, TABLET

PEER_JS = Path(__file__).with_name("network_peer.js").read_text()
MAX_VIDEO_BPS = 2_500_000
"""What the pages ask for; see ``web/src/live/peer.ts``."""

# Each would hide its address behind a name that the other cannot resolve.
_PLAIN_ADDRESSES = ("--disable-features=WebRtcHideLocalIpsWithMdns",)
_SETTLE_S = 6.0
_OPENED_WITHIN_S = 20.0


async def relayed_delays_ms(hall: Hall, seconds: float) -> list[float]:
    """Glass to glass of the buyer's pictures on the host's page, a call like any other."""
    async with held_call(hall):
        await asyncio.sleep(_SETTLE_S)
        await take_frames(hall.host_page)
        await asyncio.sleep(seconds)
        frames = await take_frames(hall.host_page)
    return [delay for frame in frames if (delay := frame.delay_ms) is not None]


async def direct_delays_ms(hall: Hall, seconds: float) -> list[float]:
    """The same from peer to peer, with the cameras, the codec and the networks of the call."""
    # An empty page of the machine's origin: the machine's own data pages are sandboxed.
    url = f"{hall.machine.url}/peer"
    async with (
        hall.buyer_bed.chromium(
            BUYER_CAMERA,
            viewport=PHONE,
            secure=hall.machine.url,
            codec="H264",
            flags=_PLAIN_ADDRESSES,
            playwright=hall.playwright,
        ) as one,
        hall.host_bed.chromium(
            HOST_CAMERA,
            viewport=TABLET,
            secure=hall.machine.url,
            codec="H264",
            flags=_PLAIN_ADDRESSES,
            playwright=hall.playwright,
        ) as other,
    ):
        pages = []
        for browser in (one, other):
            await browser.context.add_init_script(VIEWER_JS)
            await browser.context.add_init_script(PEER_JS)
            await browser.context.route(url, _blank)
            pages.append(await browser.open(url))
        sender, viewer = pages
        async with asyncio.timeout(_OPENED_WITHIN_S):
            offer = await sender.evaluate("(most) => __peer.offer(most)", MAX_VIDEO_BPS)
            answer = await viewer.evaluate(
                "([most, sdp]) => __peer.answer(most, sdp)", [MAX_VIDEO_BPS, offer]
            )
            await sender.evaluate("(sdp) => __peer.accept(sdp)", answer)
        await asyncio.sleep(_SETTLE_S)
        await take_frames(viewer)
        await asyncio.sleep(seconds)
        frames = await take_frames(viewer)
    return [delay for frame in frames if (delay := frame.delay_ms) is not None]


async def _blank(route: Route) -> None:
    await route.fulfill(body="<!doctype html><body>", content_type="text/html")
