"""Addresses that a hostile browser names: a public server does not knock at its own network."""

from __future__ import annotations

import pytest

from media.addresses import NetworkPolicy, own_addresses
from tests.support.media_worker import running_worker
from tests.support.rtp_peer import RtpPeer

NAMED = ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::ffff:127.0.0.1", "224.0.0.1", "8.8.8.8"]


def candidate(address: str) -> dict[str, str]:
    return {"candidate": f"candidate:1 1 udp 1 {address} 53 typ host"}


@pytest.mark.parametrize("is_public", [True, False])
async def test_named_addresses_are_checked_only_where_they_may_be(is_public: bool) -> None:
    """In the offer and trickled; the call itself comes up by the browser's own checks."""
    [own, *_] = own_addresses()
    policy = NetworkPolicy(announced=(("93.184.216.34", own),) if is_public else ())
    async with running_worker(policy=policy) as running:
        peer = RtpPeer()
        offer = await peer.offer()
        lines = "".join(f"a={candidate(one)['candidate']}\r\n" for one in NAMED[:3])
        opened = await running.worker.open_peer(
            {},
            {
                "session_id": "ses_1",
                "participant_id": "p_1",
                "role": "buyer",
                "offer": offer.replace("a=end-of-candidates\r\n", lines),
                "record": False,
                "candidates": [candidate(one) for one in NAMED[3:]],
            },
        )
        # The public address of this test is nobody's: the browser finds the server by its own.
        await peer.accept(opened["answer"].replace("93.184.216.34", own))
        connection = running.worker._legs[opened["peer_id"]]._link.connections[0]
        checked = {one.host for one in connection.remote_candidates}
        inner = {"127.0.0.1", "10.1.2.3", "169.254.169.254"}
        assert "8.8.8.8" in checked
        assert checked & set(NAMED) == {"8.8.8.8"} | (set() if is_public else inner)
        await peer.close()
