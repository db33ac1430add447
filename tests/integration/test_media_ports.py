"""The configured port range, with real processes: kept to, and clear when it is used up."""

from __future__ import annotations

import contextlib
import random
import re
import socket

from tests.support.live import CONSENT, running_live, until
from tests.support.rtp_peer import RtpPeer

PORTS = 4


def free_range() -> tuple[int, int]:
    """The first and last of some UDP ports that nobody has, below those of outgoing sockets."""
    for first in random.sample(range(20_000, 32_000, PORTS), 100):
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for port in range(first, first + PORTS):
                probe = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                probe.bind(("", port))
            return first, first + PORTS - 1
    raise AssertionError("no ports are free")


async def test_a_used_up_port_range_is_a_clear_refusal_and_passes() -> None:
    """One port of each address for the echo, the rest for calls; then 503 until one is free."""
    first, last = free_range()
    async with running_live([("media", 0), ("recorder", 0)], udp_ports=f"{first}-{last}") as live:
        joined: list[tuple[str, RtpPeer]] = []
        async with live.browser() as browser:
            while True:
                _, token = await live.invited()
                peer = RtpPeer()
                browser.peers.append(peer)
                body = {"consent": CONSENT, "locale": "en", "offer": await peer.offer()}
                status, answer = await browser.call("POST", f"/api/join/{token}", body)
                if status != 200:
                    break
                assert len(joined) < PORTS
                named = re.findall(r"candidate:\S+ 1 udp \d+ \S+ (\d+)", answer["peer"]["answer"])
                assert named
                assert all(first <= int(port) <= last for port in named)
                joined.append((answer["session"]["id"], peer))
            assert joined
            assert (status, answer["code"]) == (503, "media_unavailable")
            assert "PROOFCALL_UDP_PORTS" in live.log_of("media-0")
            await browser.ok("POST", f"/api/sessions/{joined[0][0]}/hang-up", {})

            worker = live.services.media_pool._workers["media-0"]
            await until(lambda: worker.peers < len(joined), 10.0, "after somebody hung up")
            peer = RtpPeer()
            browser.peers.append(peer)
            body = {"consent": CONSENT, "locale": "en", "offer": await peer.offer()}
            await browser.ok("POST", f"/api/join/{token}", body)
