"""Real peers over loopback: what one sends, the other gets, byte for byte."""

from __future__ import annotations

import asyncio

from tests.support.media_worker import running_worker, until
from tests.support.rtp_peer import RtpPeer, frame_number, h264_frame


async def test_payloads_arrive_byte_for_byte_on_the_fixed_lines() -> None:
    """Buyer and host see and hear each other on mids 0 and 1."""
    async with running_worker() as running:
        buyer, host = RtpPeer(), RtpPeer()
        await running.join(buyer, "p_buyer", "buyer")
        await running.join(host, "p_host", "host")
        for number in range(50):
            await buyer.send("1", h264_frame(number, key=number == 0, size=900))
            await buyer.send("0", b"opus" + bytes((number,)), advance=960)
            await host.send("1", h264_frame(1000 + number, key=number == 0))
            await asyncio.sleep(0.001)
        await until(lambda: len(host.of_mid("1")) >= 50 and len(buyer.of_mid("1")) >= 50)
        await until(lambda: len(host.of_mid("0")) >= 50)
        sent = [h264_frame(number, key=number == 0, size=900) for number in range(50)]
        assert [one.payload for one in host.of_mid("1")] == sent
        assert [frame_number(one.payload) for one in buyer.of_mid("1")] == list(range(1000, 1050))
        sequences = [one.sequence for one in host.of_mid("1")]
        assert sequences == [(sequences[0] + i) & 0xFFFF for i in range(50)]
        assert len({one.ssrc for one in host.of_mid("1")}) == 1
        await buyer.close()
        await host.close()


async def test_a_role_said_later_rewires_living_peers() -> None:
    """A listener's media reaches nobody until web calls them an observer, and not after."""
    async with running_worker() as running:
        buyer, host, third = RtpPeer(), RtpPeer(), RtpPeer()
        await running.join(buyer, "p_buyer", "buyer")
        await running.join(host, "p_host", "host")
        await running.join(third, "p_third", "listener")
        session = {"session_id": "ses_1"}

        async def talk(first: int) -> None:
            for number in range(first, first + 20):
                await third.send("1", h264_frame(number, key=True))
                await host.send("1", h264_frame(1000 + number, key=True))
                await asyncio.sleep(0.002)
            await until(lambda: has(buyer, "1", 1000 + first + 19))

        def has(viewer: RtpPeer, mid: str, number: int) -> bool:
            return number in {frame_number(one.payload) for one in viewer.of_mid(mid)}

        await talk(0)
        assert buyer.of_mid("3") == host.of_mid("3") == []
        # What a listener sends is not fed to anybody, yet they see both of the others.
        await until(lambda: has(third, "3", 1019))
        await running.worker.set_roles(session, {"roles": {"p_third": "observer"}})
        await talk(20)
        await until(lambda: has(buyer, "3", 39) and has(host, "3", 39))
        # Handed over: the second host takes the first one's lines.
        await running.worker.set_roles(
            session, {"roles": {"p_third": "host", "p_host": "listener"}}
        )
        await talk_as_host(third, 40)
        await until(lambda: has(buyer, "1", 59))
        for peer in (buyer, host, third):
            await peer.close()


async def talk_as_host(peer: RtpPeer, first: int) -> None:
    """Twenty pictures on the camera line."""
    for number in range(first, first + 20):
        await peer.send("1", h264_frame(number, key=True))
        await asyncio.sleep(0.002)
