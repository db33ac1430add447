"""Cutting a still out of a recording: the exact picture, decoded in a child process.

The child reads one group of pictures from its standard input and gives a JPEG. It has
bounds on processor time, memory and files, and no network where the system allows that,
since what it decodes came from a stranger.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from hashlib import sha256
from struct import Struct
from typing import BinaryIO, Literal

from recorder.h264_parameters import to_annex_b
from recorder.playback import VirtualFile
from recorder.sample_index import VIDEO_RATE, needed_to_decode, picture_shown_at, picture_with
from recorder.virtual_file import Container
from runtime.confined import confine, run_apart
from runtime.errors import CaseError

JPEG_QUALITY = 94
_LIMIT_S = 30.0
_MAX_INPUT_BYTES = 256 * 1024 * 1024
_SIZE = Struct("!I")


@dataclass(frozen=True, slots=True)
class Still:
    """One picture of a recording: a JPEG, and which picture it is."""

    jpeg: bytes
    sha256: str
    width: int
    height: int
    ms: float
    rtp_timestamp: int


async def cut_frame(
    file: VirtualFile,
    *,
    rtp_timestamp: int | None = None,
    ms: float | None = None,
    over: bool = True,
) -> Still:
    """The picture with an RTP timestamp (``ms`` then says about where), or the one at ``ms``.

    ``over`` says that the recording will not grow: only then is its last picture surely
    the one of a later moment.

    Raises:
        CaseError: ``frame_not_found`` (404) when there is no such picture (yet),
            ``frame_undecodable`` (422) when it does not decode.
        StoreError: the recording cannot be read.
    """
    table = file.table
    row: int | None = None
    if rtp_timestamp is not None:
        row = picture_with(table, rtp_timestamp, near_ms=ms)
    elif ms is not None:
        row = picture_shown_at(table, ms, over=over)
    if row is None:
        raise CaseError("frame_not_found", "the recording holds no such picture", status=404)
    samples = [await file.sample(at) for at in needed_to_decode(table, row)]
    h264 = file.source.container is Container.MP4
    answer = await _decode_apart("h264" if h264 else "vp8", samples)
    head, _, jpeg = answer.partition(b"\n")
    try:
        size = json.loads(head)
        width, height = int(size["width"]), int(size["height"])
    except (ValueError, KeyError, TypeError) as error:
        raise _undecodable() from error
    return Still(
        jpeg,
        sha256(jpeg).hexdigest(),
        width,
        height,
        int(table["time"][row]) * 1000 / VIDEO_RATE,
        int(table["rtp"][row]),
    )


def _undecodable() -> CaseError:
    return CaseError("frame_undecodable", "the picture does not decode", status=422)


async def _decode_apart(codec: str, samples: list[bytes]) -> bytes:
    request = b"".join(part for sample in samples for part in (_SIZE.pack(len(sample)), sample))
    answer = await run_apart("recorder.frame_cut", codec, content=request, limit_s=_LIMIT_S)
    if not answer:
        raise _undecodable()
    return answer


def _read_samples(source: BinaryIO) -> list[bytes]:
    content = source.read(_MAX_INPUT_BYTES)
    samples = []
    position = 0
    while position + _SIZE.size <= len(content):
        (size,) = _SIZE.unpack_from(content, position)
        position += _SIZE.size
        samples.append(content[position : position + size])
        position += size
    return samples


def main() -> int:
    """The child: decode the samples on standard input, write size and JPEG of the last."""
    import av
    import cv2

    confine()
    codec: Literal["vp8", "h264"] = "vp8" if sys.argv[1:] == ["vp8"] else "h264"
    samples = _read_samples(sys.stdin.buffer)
    decoder = av.CodecContext.create(codec, "r")
    decoder.thread_count = 1
    wanted = None
    for number, sample in enumerate([*samples, None]):
        packet = None
        if sample is not None:
            packet = av.Packet(to_annex_b(sample) if codec == "h264" else sample)
            packet.pts = number
        try:
            for frame in decoder.decode(packet):
                if frame.pts == len(samples) - 1:
                    wanted = frame
        except av.error.InvalidDataError:
            # A picture damaged on its way; the decoder conceals it in those that follow.
            continue
    if wanted is None:
        return 1
    done, jpeg = cv2.imencode(
        ".jpg", wanted.to_ndarray(format="bgr24"), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    )
    if not done:
        return 1
    head = json.dumps({"width": wanted.width, "height": wanted.height}).encode()
    sys.stdout.buffer.write(head + b"\n" + jpeg.tobytes())
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
