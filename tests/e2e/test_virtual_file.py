"""Chromium opens, plays and seeks the virtual files by range, and quickly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright

from recorder.depacketise import Codec
from recorder.playback import VirtualFile
from tests.support.chromium import FLAGS
from tests.support.range_server import RangeServer, serving
from tests.support.recording_rig import SpoolRig
from tests.support.tap_feed import (
    EncodedFrame,
    Packet,
    encode_audio,
    encode_video,
    packetise,
)

pytestmark = pytest.mark.browser

LOOP_S = 10
MINUTES = 3


async def long_recording(tmp_path: Path, codec: str) -> VirtualFile:
    """Three minutes whose pictures count up to the loop's length again and again."""
    rig = SpoolRig(tmp_path)
    pictures = encode_video(codec, LOOP_S * 30, keyframe_every=90)
    sounds = encode_audio(LOOP_S)
    video = rig.session.open_track("par_1", "trk_v", "peer_1", Codec(codec))
    audio = rig.session.open_track("par_1", "trk_a", "peer_1", Codec.OPUS)
    assert video
    assert audio

    def repeated(frames: list[EncodedFrame], name: str) -> list[Packet]:
        return packetise(
            name,
            [
                replace(frame, at_s=frame.at_s + turn * LOOP_S)
                for turn in range(MINUTES * 60 // LOOP_S)
                for frame in frames
            ],
        )

    rig.feed((video, repeated(pictures, codec)), (audio, repeated(sounds, "opus")))
    await rig.session.close("ended")
    return await rig.open()


async def seek_and_read(page: Page, second: float) -> tuple[float, int]:
    """Milliseconds the seek took, and the number in the picture shown."""
    took = await page.evaluate(f"seekTo({second})")
    return took, await page.evaluate("grey()")


@pytest.mark.parametrize("codec", ["h264", "vp8"])
async def test_chromium_opens_plays_and_seeks_quickly(
    tmp_path: Path, codec: str, chromium_binary: str
) -> None:
    """Open and seek well under the seconds a file without index takes; the right pictures show."""
    file = await long_recording(tmp_path, codec)
    async with serving(RangeServer(file)) as url, async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium_binary, args=list(FLAGS)
        )
        page = await browser.new_page()
        await page.goto(url)
        opened = await page.evaluate("openFile('/media')")
        assert abs(opened["duration"] - MINUTES * 60) < 0.1
        assert opened["width"] == 320
        assert opened["ms"] < 3_000
        for second in (100.02, 7.52, 171.02):
            took, number = await seek_and_read(page, second)
            expected = int(second % LOOP_S * 30)
            assert abs(number - expected) <= 1, (second, number)
            assert took < 3_000
        played = await page.evaluate("playFor(700)")
        assert played > 0.3
        await browser.close()
