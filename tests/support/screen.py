"""Reads what the videos of a page show, by screenshot or by the element's own decoded picture."""

from __future__ import annotations

import asyncio
import base64
import time
from typing import Literal

import numpy as np
from playwright.async_api import Locator

from tests.support.cameras import Camera
from tests.support.chromium import grab
from tests.support.frame_code import FrameCode, read_code

READ_WIDTH = 640
READ_HEIGHT = 360

READ_VIDEO_JS = """(video, [width, height]) => {
  if (!video.videoWidth) return null;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(video, 0, 0, width, height);
  const pixels = context.getImageData(0, 0, width, height).data;
  let text = "";
  for (let at = 1; at < pixels.length; at += 4) text += String.fromCharCode(pixels[at]);
  return btoa(text);
}"""


async def read_video(video: Locator) -> FrameCode | None:
    """Read the picture that a <video> has decoded last, whatever lies over it on the page."""
    green = await video.evaluate(READ_VIDEO_JS, [READ_WIDTH, READ_HEIGHT], timeout=5_000)
    if green is None:
        return None
    frame = np.frombuffer(base64.b64decode(green), np.uint8).reshape(READ_HEIGHT, READ_WIDTH)
    return read_code(frame)


async def read_screen(video: Locator) -> FrameCode | None:
    """Read the picture that a person sees where the element stands; about 0.2 s."""
    return read_code(await grab(video))


async def wait_for_code(
    video: Locator,
    *,
    camera: Camera | None = None,
    after: int | None = None,
    drawn_after_ms: int | None = None,
    by: Literal["video", "screen"] = "video",
    timeout_s: float = 10,
) -> FrameCode:
    """Wait until a video shows a readable picture: of ``camera``, beyond counter ``after``.

    ``drawn_after_ms`` (Unix time, synced source only) tells a live picture from
    a frozen one after a reconnection, when counters may have started again.
    Raises AssertionError with what was seen last.
    """
    deadline = time.monotonic() + timeout_s
    seen: FrameCode | None = None
    while time.monotonic() < deadline:
        code = await (read_video if by == "video" else read_screen)(video)
        seen = code or seen
        if (
            code is not None
            and camera in (None, code.camera)
            and (after is None or code.counter > after)
            and (drawn_after_ms is None or (code.clock_ms or 0) > drawn_after_ms)
        ):
            return code
        await asyncio.sleep(0.03)
    raise AssertionError(f"the video did not show what was awaited in {timeout_s} s; last: {seen}")
