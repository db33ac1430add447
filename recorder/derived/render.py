"""The process that draws a film: decodes what came from strangers, bounded, into a file.

Standard input gives the plan and then the samples of all lanes in order of time; progress
goes to standard output, the MP4 to the open file whose number is the argument.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from struct import Struct
from typing import IO, BinaryIO, Final

import av
import numpy as np
from av.video.frame import VideoFrame

from recorder.derived.canvas import HEIGHT, Canvas, fitted, short_clock
from recorder.derived.covering import Covering
from recorder.derived.film_plan import FilmPlan, Hole
from recorder.derived.lettering import Lettering, Plane
from recorder.derived.mixing import RATE, Mixer, Sound
from recorder.h264_parameters import to_annex_b
from recorder.pdf_report.happenings import cause_words, fill
from recorder.sample_index import AUDIO, STALE_MS
from runtime.confined import confine

FILMS_PER_S: Final = 15
CARD_S: Final = 2
END_LANE: Final = 255
RECORD: Final = Struct("!BBQI")
"""Before each sample: lane, track, Unix nanoseconds, size. ``END_LANE`` says that all was given."""

MAX_FILE_BYTES: Final = 8 * 1024**3
_MEMORY_BYTES: Final = 2 * 1024**3
_CPU_S_BEFORE: Final = 60
_CPU_S_PER_S: Final = 8
_MAX_SAMPLE_BYTES: Final = 16 * 1024 * 1024
_MAX_SIDE_PX: Final = 8192
_TELL_EVERY: Final = FILMS_PER_S * 2
_GOP: Final = FILMS_PER_S * 2
_SETTLED_NS: Final = 200_000_000
_STALE_NS: Final = STALE_MS * 1_000_000
_MARK_NS: Final = 1_500_000_000


@dataclass(slots=True)
class _Shown:
    """A side's newest picture, as it may be seen: already covered where that was asked for."""

    at_ns: int
    frame: VideoFrame | None
    planes: tuple[Plane, tuple[Plane, Plane]] | None = None


class Film:
    """Draws the pictures of the film's clock one after the other."""

    def __init__(self, plan: FilmPlan, file: IO[bytes]) -> None:
        self._plan = plan
        self._lettering = Lettering(plan.language, [plan.heading, *plan.card, plan.zone])
        self._canvas = Canvas(len(plan.sides), plan.zone, self._lettering)
        self._covering = [
            Covering([one for one in plan.masks if one.side == side])
            for side in range(len(plan.sides))
        ]
        self._shown: list[_Shown | None] = [None for _ in plan.sides]
        self._drawn: list[object] = [None for _ in plan.sides]
        self._pictures = [_picture_decoder(lane.codec) for lane in plan.lanes]
        self._sounds = [_SoundDecoder() for _ in plan.lanes]
        self._mixer = Mixer(plan.from_ns, plan.mutes)
        self._out = _Output(file, self._canvas.width, plan.comment)
        self._number = 0
        self._out.card(self._canvas, plan.card)

    @property
    def lost(self) -> list[int | None]:
        """Of each mask from when on the whole side is covered."""
        left = [iter(one.lost) for one in self._covering]
        return [next(left[mask.side]) for mask in self._plan.masks]

    def take(self, lane: int, track: int, at_ns: int, sample: bytes) -> None:
        """One sample, in order of time."""
        if track == AUDIO:
            for sound in self._sounds[lane].decode(sample):
                self._mixer.add(lane, at_ns, sound)
            return
        side = self._plan.lanes[lane].side
        h264 = self._plan.lanes[lane].codec == "h264"
        packet = av.Packet(to_annex_b(sample) if h264 else sample)
        packet.pts = at_ns
        try:
            frames = self._pictures[lane].decode(packet)
        except av.error.InvalidDataError:
            # A picture damaged on its way; the decoder conceals it in those that follow.
            return
        for frame in frames:
            if side is not None and frame.pts is not None:
                self._show(side, frame, frame.pts)

    def until(self, at_ns: int) -> None:
        """Draw what is before a moment."""
        while self._now_ns < min(at_ns, self._plan.to_ns):
            self._draw(self._now_ns)
            self._number += 1
            if self._number % _TELL_EVERY == 0:
                _tell({"done_ms": (self._now_ns - self._plan.from_ns) // 1_000_000})

    def close(self) -> None:
        """Draw the rest and end the file."""
        self.until(self._plan.to_ns)
        self._out.sound(self._mixer.take(self._plan.to_ns))
        self._out.close()

    @property
    def _now_ns(self) -> int:
        return self._plan.from_ns + self._number * 1_000_000_000 // FILMS_PER_S

    def _show(self, side: int, frame: VideoFrame, at_ns: int) -> None:
        if max(frame.width, frame.height) > _MAX_SIDE_PX:
            raise ValueError("a picture larger than any camera's")
        shown = _Shown(at_ns, frame)
        if self._covering[side].is_needed(at_ns):
            shown.planes = luma, chroma = _planes(frame)
            shown.frame = None
            self._covering[side].cover(luma, chroma, at_ns)
        self._shown[side] = shown

    def _draw(self, at_ns: int) -> None:
        self._canvas.heading(self._plan.heading, at_ns)
        for side, title in enumerate(self._plan.sides):
            shown = self._shown[side]
            hole = self._hole(side, at_ns)
            lacking = self._lacking(shown, hole, at_ns)
            what = lacking if lacking is not None else shown
            if what != self._drawn[side] or what is shown is None:
                self._drawn[side] = what
                if lacking is not None:
                    self._canvas.notice(side, *lacking)
                elif shown is not None:
                    if shown.planes is None and shown.frame is not None:
                        shown.planes, shown.frame = _planes(shown.frame), None
                    assert shown.planes is not None
                    self._canvas.picture(side, *shown.planes)
            seen = shown if lacking is None else None
            self._canvas.foot(side, *self._foot(title, seen, hole))
        self._out.picture(self._canvas)
        self._out.sound(self._mixer.take(at_ns - _SETTLED_NS))

    def _hole(self, side: int, at_ns: int) -> Hole | None:
        """The hole of now, or of just before: a short one is marked long enough to be read."""
        found = [
            one
            for one in self._plan.holes
            if one.side == side and one.from_ns <= at_ns < max(one.to_ns, one.from_ns + _MARK_NS)
        ]
        return max(found, key=lambda one: one.to_ns, default=None)

    def _lacking(
        self, shown: _Shown | None, hole: Hole | None, at_ns: int
    ) -> tuple[tuple[str, ...], str] | None:
        """What stands in the place of a side's picture when there is none: words, and moments."""
        said = self._lettering.said
        if (
            hole is not None
            and at_ns < hole.to_ns
            and (shown is None or shown.at_ns <= hole.from_ns)
        ):
            span = f"{short_clock(hole.from_ns)} - {short_clock(hole.to_ns)} UTC"
            return (fill(said["film.gap"], cause=cause_words(said, hole.cause)),), span
        if shown is None:
            return (said["film.no_picture"],), ""
        if at_ns - shown.at_ns > _STALE_NS:
            last = f"{short_clock(shown.at_ns)} UTC"
            return (said["film.no_picture"], said["film.last"]), last
        return None

    def _foot(self, title: str, shown: _Shown | None, hole: Hole | None) -> tuple[str, str]:
        """The time of the picture that a side shows, if it shows one, and words."""
        said = self._lettering.said
        time = "" if shown is None else f"{short_clock(shown.at_ns)} UTC"
        words = title if shown is None else fill(said["film.shown"], name=title)
        if hole is not None:
            lasted_ms = (hole.to_ns - hole.from_ns) // 1_000_000
            cause = cause_words(said, hole.cause)
            words += f"   {fill(said['film.short_gap'], length=lasted_ms, cause=cause)}"
        return time, words


def _planes(frame: VideoFrame) -> tuple[Plane, tuple[Plane, Plane]]:
    width, height = fitted(frame.width, frame.height)
    small = frame.reformat(width, height, "yuv420p")
    luma, *chroma = (
        np.frombuffer(memoryview(plane), np.uint8)
        .reshape(plane.height, plane.line_size)[:, : plane.width]
        .copy()
        for plane in small.planes
    )
    return luma, (chroma[0], chroma[1])


def _picture_decoder(codec: str) -> av.VideoCodecContext:
    decoder = av.CodecContext.create(codec, "r")
    assert isinstance(decoder, av.VideoCodecContext)
    decoder.thread_count = 1
    decoder.flags |= av.codec.context.Flags.low_delay
    return decoder


class _SoundDecoder:
    """Opus packets to mono."""

    def __init__(self) -> None:
        decoder = av.CodecContext.create("opus", "r")
        assert isinstance(decoder, av.AudioCodecContext)
        decoder.sample_rate = RATE
        decoder.layout = "stereo"
        self._decoder = decoder

    def decode(self, sample: bytes) -> Iterator[Sound]:
        try:
            frames = self._decoder.decode(av.Packet(sample))
        except av.error.InvalidDataError:
            return
        for frame in frames:
            sound = frame.to_ndarray().astype(np.float32)
            if not frame.format.is_planar:
                sound = sound.reshape(-1, len(frame.layout.channels)).T
            if frame.format.name.startswith("s16"):
                sound /= 32768
            yield sound.mean(axis=0)


class _Output:
    """The MP4 that is written."""

    def __init__(self, file: IO[bytes], width: int, comment: str) -> None:
        self._container = av.open(file, "w", "mp4", buffer_size=1024 * 1024)
        self._container.metadata["comment"] = comment
        self._video = self._container.add_stream(
            "libx264",
            rate=FILMS_PER_S,
            width=width,
            height=HEIGHT,
            pix_fmt="yuv420p",
            options={"preset": "veryfast", "crf": "24"},
        )
        self._video.gop_size = _GOP
        self._video.thread_count = 2
        self._audio = self._container.add_stream("aac", rate=RATE, layout="mono", bit_rate=64_000)
        self._pictures = 0
        self._samples = 0
        self._rest: Sound = np.zeros(0, np.float32)

    def card(self, canvas: Canvas, lines: Sequence[str]) -> None:
        """The first seconds."""
        canvas.card(lines)
        for _ in range(CARD_S * FILMS_PER_S):
            self.picture(canvas)
        self.sound(np.zeros(CARD_S * RATE, np.float32))
        canvas.card(())

    def picture(self, canvas: Canvas) -> None:
        """The next picture."""
        frame = VideoFrame.from_ndarray(canvas.planes, "yuv420p")
        frame.pts, frame.time_base = self._pictures, Fraction(1, FILMS_PER_S)
        self._pictures += 1
        self._container.mux(self._video.encode(frame))

    def sound(self, sound: Sound) -> None:
        """The next sound, in the encoder's own measure."""
        sound = np.concatenate((self._rest, sound))
        size = self._audio.codec_context.frame_size or 1024
        whole = len(sound) // size * size
        for at in range(0, whole, size):
            self._encode(sound[at : at + size])
        self._rest = sound[whole:]

    def close(self) -> None:
        """End the file."""
        if len(self._rest):
            self._encode(self._rest)
        self._container.mux(self._video.encode(None))
        self._container.mux(self._audio.encode(None))
        self._container.close()

    def _encode(self, sound: Sound) -> None:
        frame = av.AudioFrame.from_ndarray(sound.reshape(1, -1), "fltp", "mono")
        frame.sample_rate, frame.pts = RATE, self._samples
        frame.time_base = Fraction(1, RATE)
        self._samples += len(sound)
        self._container.mux(self._audio.encode(frame))


def _samples(source: BinaryIO) -> Iterator[tuple[int, int, int, bytes]]:
    """Every sample; ends only where whoever feeds us said that all was given."""
    while True:
        head = source.read(RECORD.size)
        lane, track, at_ns, size = RECORD.unpack(head)
        if lane == END_LANE:
            return
        if size > _MAX_SAMPLE_BYTES:
            raise ValueError("a sample larger than any picture")
        yield lane, track, at_ns, source.read(size)


def _tell(said: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


def main() -> int:
    """The child."""
    os.nice(5)
    plan = FilmPlan.from_json(sys.stdin.buffer.readline())
    seconds = (plan.to_ns - plan.from_ns) // 1_000_000_000
    with os.fdopen(int(sys.argv[1]), "r+b") as file:
        film = Film(plan, file)
        confine(
            _MEMORY_BYTES,
            cpu_s=_CPU_S_BEFORE + _CPU_S_PER_S * seconds,
            file_bytes=MAX_FILE_BYTES,
        )
        for lane, track, at_ns, sample in _samples(sys.stdin.buffer):
            film.until(at_ns)
            film.take(lane, track, at_ns, sample)
        film.close()
    _tell({"lost_ns": film.lost})
    return 0


if __name__ == "__main__":
    sys.exit(main())
