"""Every browser's codec: who can show what, and what follows for those who send."""

from __future__ import annotations

import asyncio
import re

import pytest

from tests.support.media_worker import Running, running_worker, until
from tests.support.rtp_peer import RtpPeer, h264_frame, vp8_frame


def _first_codec(answer: str) -> str:
    """What the answer makes a browser send on line 1."""
    section = next(one for one in answer.split("\nm=") if "\na=mid:1" in one)
    found = re.search(r"a=rtpmap:\d+ (\w+)/", section)
    assert found is not None
    return found[1]


def _unsuited(running: Running) -> list[str]:
    return [one["participant_id"] for one in running.facts.all if one["kind"] == "peer_unsuited"]


async def test_who_came_first_switches_to_what_the_second_can_show() -> None:
    """Both formats, then VP8 alone: the first is told, comes again, and is answered VP8."""
    async with running_worker() as running:
        first, second, again = RtpPeer(), RtpPeer(offered=("VP8",), video="VP8"), RtpPeer()
        opened = await running.join(first, "p_buyer", "buyer")
        assert _first_codec(opened["answer"]) == "H264"
        await running.join(second, "p_host", "host")
        await until(lambda: _unsuited(running) == ["p_buyer"])
        opened = await running.join(again, "p_buyer", "buyer")
        assert _first_codec(opened["answer"]) == "VP8"
        await until(lambda: "peer_closed" in running.facts.kinds())
        assert _unsuited(running) == ["p_buyer"], "it is told once"
        for peer in (first, second, again):
            await peer.close()


@pytest.mark.parametrize("codecs", [("H264",), ("VP8",), ("VP8", "H264")])
async def test_two_who_share_a_codec_are_left_alone(codecs: tuple[str, ...]) -> None:
    """Nobody has to come again."""
    async with running_worker() as running:
        first, second = RtpPeer(offered=codecs), RtpPeer(offered=codecs)
        await running.join(first, "p_buyer", "buyer")
        opened = await running.join(second, "p_host", "host")
        assert _first_codec(opened["answer"]) == ("H264" if "H264" in codecs else "VP8")
        assert _unsuited(running) == []
        for peer in (first, second):
            await peer.close()


async def test_two_without_a_common_codec_hear_each_other() -> None:
    """H.264 alone and VP8 alone: sound both ways, no picture, and nobody is told to come again."""
    async with running_worker() as running:
        buyer = RtpPeer(offered=("H264",))
        host = RtpPeer(offered=("VP8",), video="VP8")
        await running.join(buyer, "p_buyer", "buyer")
        await running.join(host, "p_host", "host")
        for number in range(30):
            await buyer.send("0", b"sound", advance=960)
            await host.send("0", b"sound", advance=960)
            await buyer.send("1", h264_frame(number, key=True))
            await host.send("1", vp8_frame(number, key=True))
            await asyncio.sleep(0.01)
        await until(lambda: len(buyer.of_mid("0")) > 20 and len(host.of_mid("0")) > 20)
        assert buyer.of_mid("1") == host.of_mid("1") == []
        assert _unsuited(running) == []
        for peer in (buyer, host):
            await peer.close()


async def test_without_camera_or_microphone_one_sees_and_hears() -> None:
    """Lines that only receive are answered; the other side's media comes."""
    lines = tuple((kind, "recvonly") for kind in ("audio", "video", "audio", "video", "video"))
    async with running_worker() as running:
        silent, host = RtpPeer(lines), RtpPeer()
        await running.join(silent, "p_buyer", "buyer", record=True)
        await running.join(host, "p_host", "host")
        for number in range(40):
            await host.send("0", b"sound", advance=960)
            await host.send("1", h264_frame(number, key=True))
            await asyncio.sleep(0.01)
        await until(lambda: len(silent.of_mid("0")) > 20 and len(silent.of_mid("1")) > 20)
        for peer in (silent, host):
            await peer.close()
