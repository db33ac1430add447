"""The same two people without a server between them, for the delay that the relay adds."""

from __future__ import annotations

import asyncio
import statistics
from pathlib import Path
from typing import Literal

from playwright.async_api import Page

from bench.network_call import Hall, held_call
from bench.network_viewer import take_frames

_PEER_JS = Path(__file__).with_name("network_peer.js").read_text()
_OPENED_WITHIN_S = 20.0
_SETTLE_S = 8.0
_SHOWN_S = 2.0
_WINDOW_S = 5.0

Way = Literal["relayed", "direct"]


async def delays_ms(hall: Hall, rounds: int) -> dict[Way, list[float]]:
    """Glass to glass, relayed and from peer to peer: the median of each window, in turns.

    Both ways run all the time between the same two pages, with the same camera, codec and
    bounds; only which of them the host's page shows changes, so that drawing the page and
    the machine's other load weigh on both alike. There is no sound: for lip sync a browser
    delays pictures in steps of up to 80 ms, and when it does is chance on either way.
    """
    measured: dict[Way, list[float]] = {"relayed": [], "direct": []}
    async with held_call(hall, permissions=("camera",)) as call:
        sender, viewer = call.buyer_page, hall.host_page
        for page in (sender, viewer):
            await page.evaluate(_PEER_JS)
        async with asyncio.timeout(_OPENED_WITHIN_S):
            offer = await sender.evaluate("__direct.offer()")
            answer = await viewer.evaluate("(sdp) => __direct.answer(sdp)", offer)
            await sender.evaluate("(sdp) => __direct.accept(sdp)", answer)
        await asyncio.sleep(_SETTLE_S)
        await sender.evaluate("__direct.bound()")
        for _ in range(rounds):
            for way, found in measured.items():
                found.append(await _shown(viewer, way))
    return measured


async def _shown(viewer: Page, way: Way) -> float:
    await viewer.evaluate("(way) => __direct.show(way)", way)
    await asyncio.sleep(_SHOWN_S)
    await take_frames(viewer)
    await asyncio.sleep(_WINDOW_S)
    frames = await take_frames(viewer)
    return statistics.median(delay for frame in frames if (delay := frame.delay_ms) is not None)
