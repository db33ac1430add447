"""What a recording made over a bad network is worth: is the code readable, is sound missing."""

from __future__ import annotations

import io
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import av
import numpy as np

from tests.support.frame_code import read_code
from tests.support.held_code import EVERY_MS, held_at, read_held

_MOMENTS = 75
_STALE_MS = 2000.0


@dataclass(frozen=True, slots=True)
class Recorded:
    """A stretch of a recording."""

    legibility: float
    """Share of the moments looked at whose picture shows the held code readably."""
    height: int
    frame_rate: float
    audio_gap_ratio: float


def recorded(parts: Sequence[tuple[float, bytes]], *, from_ms: float, to_ms: float) -> Recorded:
    """Decode a person's recordings and judge what lies between two moments of the wall clock.

    ``parts`` are (wall clock of recording time 0 in ms, file), in order. The moments looked
    at are spread evenly over time; the picture of a moment is the last one before it, as a
    reviewer sees it, and one older than two seconds is none. It runs for seconds: call it in
    a thread.
    """
    looks = _Looks(list(np.linspace(from_ms, to_ms, _MOMENTS, endpoint=False)))
    heard_ms = 0.0
    heights: list[int] = []
    for t0_ms, media in parts:
        with av.open(io.BytesIO(media)) as container:
            for frame in _decoded(container):
                at_ms = t0_ms + 1000 * float(frame.time or 0.0)
                if isinstance(frame, av.AudioFrame):
                    until_ms = at_ms + 1000 * frame.samples / frame.sample_rate
                    heard_ms += max(0.0, min(to_ms, until_ms) - max(from_ms, at_ms))
                elif isinstance(frame, av.VideoFrame):
                    looks.next_picture(at_ms, frame)
                    if from_ms <= at_ms <= to_ms:
                        heights.append(frame.height)
    looks.next_picture(to_ms, None)
    return Recorded(
        legibility=looks.legible / _MOMENTS,
        height=round(statistics.median(heights or [0])),
        frame_rate=len(heights) / (to_ms - from_ms) * 1000,
        audio_gap_ratio=max(0.0, 1 - heard_ms / (to_ms - from_ms)),
    )


def _decoded(container: av.container.InputContainer) -> Iterator[object]:
    """What can be decoded: over a bad network a picture may refer to one that never came."""
    for packet in container.demux(*container.streams.video, *container.streams.audio):
        try:
            yield from packet.decode()
        except av.error.InvalidDataError:
            continue


class _Looks:
    """Looks at the picture that stands at each of some moments."""

    def __init__(self, moments_ms: list[float]) -> None:
        self._moments_ms = moments_ms
        self._at_ms = 0.0
        self._picture: av.VideoFrame | None = None
        self.legible = 0

    def next_picture(self, at_ms: float, picture: av.VideoFrame | None) -> None:
        """Judge the moments before this picture by the one that stood until then."""
        verdict: bool | None = None
        while self._moments_ms and self._moments_ms[0] < at_ms:
            moment_ms = self._moments_ms.pop(0)
            if self._picture is None or moment_ms - self._at_ms > _STALE_MS:
                continue
            if verdict is None:
                verdict = _is_legible(self._picture)
            self.legible += verdict
        self._at_ms, self._picture = at_ms, picture


def _is_legible(frame: av.VideoFrame) -> bool:
    """The code can be read, and is one that was held when the picture was drawn."""
    luma = np.asarray(frame.to_ndarray(format="gray"), dtype=np.uint8)
    number = read_held(luma)
    if number is None:
        return False
    cells = read_code(luma)
    if cells is None or cells.clock_ms is None:
        return True
    # Drawn in one go, but the clock may tick over between the two.
    return number in (held_at(cells.clock_ms), held_at(cells.clock_ms - EVERY_MS // 20))
