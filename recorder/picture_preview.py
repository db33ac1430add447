"""A small JPEG of a stranger's photograph, without its metadata, decoded in a child process."""

from __future__ import annotations

import asyncio
import sys
from typing import Final

from cases.sniffing import bad
from cases.states import Refusal
from runtime.confined import confine, run_apart

_LIMIT_S: Final = 20.0
_SIDE_PX: Final = 1280
_QUALITY: Final = 82
_AT_ONCE: Final = asyncio.Semaphore(2)


async def preview(content: bytes) -> bytes:
    """The preview, upright and at most 1280 pixels wide or high.

    Raises:
        CaseError: ``bad_attachment`` (422): it does not decode within the child's bounds.
    """
    async with _AT_ONCE:
        answer = await run_apart("recorder.picture_preview", content=content, limit_s=_LIMIT_S)
    if not answer:
        raise bad(Refusal.BROKEN)
    return answer


def main() -> int:
    """The child: a photograph on standard input, its preview on standard output."""
    import cv2
    import numpy

    confine()
    cv2.setNumThreads(1)
    content = numpy.frombuffer(sys.stdin.buffer.read(), dtype=numpy.uint8)
    # OpenCV turns it upright by its EXIF; what it encodes has none.
    picture = cv2.imdecode(content, cv2.IMREAD_COLOR)
    if picture is None:
        return 1
    height, width = picture.shape[:2]
    scale = min(1.0, _SIDE_PX / max(height, width))
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    done, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        return 1
    sys.stdout.buffer.write(jpeg.tobytes())
    return 0


if __name__ == "__main__":
    sys.exit(main())
