"""Fake-camera pictures and microphone tones with readable content, as files for Chromium.

Chromium takes ``.mjpeg`` at 30 frames a second and starts again at its end:
``--use-file-for-fake-video-capture=`` and ``--use-file-for-fake-audio-capture=``.
The two files start at moments of their own, so lip sync is measured with
``synced_source.js`` instead.
"""

from __future__ import annotations

import io
import tempfile
import wave
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from tests.support.frame_code import (
    CELL,
    COLUMNS,
    GRID_LEFT,
    GRID_TOP,
    HEIGHT,
    MARGIN,
    RING,
    ROWS,
    WIDTH,
    Camera,
    Frame,
    FrameCode,
    encode_cells,
    looks_warm,
    read_clock,
    read_code,
    read_counter,
)

__all__ = [
    "BEEP_EVERY_S",
    "BEEP_S",
    "FPS",
    "LOOP_FRAMES",
    "TONE_HZ",
    "Camera",
    "Frame",
    "FrameCode",
    "camera_file",
    "camera_frames",
    "draw_frame",
    "find_tone",
    "looks_warm",
    "read_clock",
    "read_code",
    "read_counter",
    "tone_file",
    "tone_wav",
]

FPS = 30
LOOP_FRAMES = 900
BEEP_EVERY_S = 1.0
BEEP_S = 0.1
TONE_HZ = {Camera.BUYER: 1000, Camera.HOST: 1600, Camera.THIRD: 2300}
WAV_RATE_HZ = 48_000
MEDIA_VERSION = 1
"""Raised whenever the drawing changes, so that no old cached file is used."""

CACHE_DIR = Path(__file__).resolve().parents[2] / "build" / "test-media"


def draw_frame(camera: Camera, counter: int, *, clock_ms: int | None = None) -> Frame:
    """Draw one whole picture: (720, 1280, 3), BGR as OpenCV has it."""
    return _draw_over(_scene(camera), FrameCode(camera, counter, clock_ms, counter % FPS < 3))


def camera_frames(camera: Camera, count: int, *, first: int = 0) -> Iterator[Frame]:
    """Draw ``count`` consecutive pictures, BGR; each is the caller's own."""
    scene = _scene(camera)
    for counter in range(first, first + count):
        yield _draw_over(scene, FrameCode(camera, counter, None, counter % FPS < 3))


def camera_file(camera: Camera, *, frames: int = LOOP_FRAMES, folder: Path = CACHE_DIR) -> Path:
    """Return an MJPEG file for Chromium, 1280 × 720 at 30 fps, made once and kept.

    The counter runs from 0 to ``frames`` - 1 and starts again with the file.
    """
    path = folder / f"{camera.name.lower()}-{frames}-v{MEDIA_VERSION}.mjpeg"
    if not path.exists():
        jpegs = []
        for frame in camera_frames(camera, frames):
            good, jpeg = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 80])
            if not good:
                raise RuntimeError("OpenCV could not encode a test picture")
            jpegs.append(jpeg.tobytes())
        _write_whole(path, b"".join(jpegs))
    return path


def tone_file(camera: Camera, *, folder: Path = CACHE_DIR) -> Path:
    """Return the WAV file that goes with a camera: a beep a second at ``TONE_HZ[camera]``."""
    path = folder / f"{camera.name.lower()}-v{MEDIA_VERSION}.wav"
    return path if path.exists() else tone_wav(path, TONE_HZ[camera])


def tone_wav(path: Path, hz: float, *, seconds: float = LOOP_FRAMES / FPS) -> Path:
    """Write 16-bit mono PCM at 48 kHz: 100 ms of ``hz`` at the start of each second."""
    at_s = np.arange(int(seconds * WAV_RATE_HZ)) / WAV_RATE_HZ
    within_s = at_s % BEEP_EVERY_S
    # Ramps of 5 ms keep the beep's edge free of clicks in other bands.
    ramp = np.clip(np.minimum(within_s, BEEP_S - within_s) / 0.005, 0, 1)
    # A faint hiss keeps codecs and echo cancellers from calling the line dead.
    hiss = np.random.default_rng(7).normal(0, 20, at_s.size)
    samples = (12_000 * ramp * np.sin(2 * np.pi * hz * at_s) + hiss).astype("<i2")
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = io.BytesIO()
    with wave.open(whole, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(WAV_RATE_HZ)
        out.writeframes(samples.tobytes())
    _write_whole(path, whole.getvalue())
    return path


def find_tone(samples: npt.NDArray[np.generic], rate: int, hz: float) -> list[float]:
    """Return the seconds at which a beep of ``hz`` begins, to about 5 ms.

    ``samples`` is mono of any scale, or (n, channels). A beep is at least
    40 ms in which ``hz`` holds most of the sound; silence gives [].
    """
    mono = samples.astype(np.float64)
    if mono.ndim == 2:
        mono = mono.mean(axis=1)
    hop, window = max(1, rate // 500), rate // 100
    if mono.size < window:
        return []
    at_s = np.arange(mono.size) / rate
    turned = np.concatenate(([0], np.cumsum(mono * np.exp(-2j * np.pi * hz * at_s))))
    power = np.concatenate(([0.0], np.cumsum(mono**2)))
    starts = np.arange(0, mono.size - window + 1, hop)
    amplitude = np.abs(turned[starts + window] - turned[starts]) * 2 / window
    total = (power[starts + window] - power[starts]) / window
    purity = (amplitude**2 / 2) / np.maximum(total, 1e-12)
    peak = float(np.percentile(amplitude, 99.5))
    on = (amplitude > peak * 0.5) & (purity > 0.6) & (amplitude > 0)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], on.astype(np.int8), [0]))))
    found: list[float] = []
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        begins_s = float((starts[first] + window / 2) / rate)
        long_enough = (last - first) * hop / rate >= 0.04
        if long_enough and (not found or begins_s - found[-1] > BEEP_EVERY_S / 2):
            found.append(begins_s)
    return found


def _write_whole(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as out:
        out.write(content)
    made = Path(out.name)
    made.chmod(0o644)
    # Shown under its name all at once, so that two test runs can share it.
    made.replace(path)


def _draw_over(scene: Frame, code: FrameCode) -> Frame:
    frame = scene.copy()
    right, bottom = GRID_LEFT + COLUMNS * CELL, GRID_TOP + ROWS * CELL
    cells = encode_cells(code).astype(np.uint8) * 235 + 10
    block = np.repeat(np.repeat(cells, CELL, axis=0), CELL, axis=1)
    frame[GRID_TOP:bottom, GRID_LEFT:right] = block[..., None]
    name = f"{code.camera.name} {code.counter:06d}"
    (text_width, _), _ = cv2.getTextSize(name, cv2.FONT_HERSHEY_DUPLEX, 1.2, 2)
    origin = ((WIDTH - text_width) // 2, bottom + 78)
    cv2.putText(frame, name, origin, cv2.FONT_HERSHEY_DUPLEX, 1.2, (20, 20, 20), 2, cv2.LINE_AA)
    lamp = (255, 255, 255) if code.flash else (40, 40, 40)
    cv2.rectangle(frame, (1080, 60), (1220, 160), lamp, -1)
    # Something moves at all times, as in a hand-held picture.
    x = 60 + (code.counter * 4) % 300
    cv2.circle(frame, (x, 620), 26, (70, 70, 200), -1, cv2.LINE_AA)
    return frame


def _scene(camera: Camera) -> Frame:
    """Paint what stays: a parcel with its label on a table, warm at home, cool in the warehouse."""
    if camera is Camera.BUYER:
        wall, table, box, side = (150, 195, 235), (60, 105, 165), (95, 150, 205), (75, 125, 180)
    else:
        wall, table, box, side = (215, 190, 160), (150, 125, 95), (185, 170, 140), (160, 145, 115)
    frame = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    shade = np.linspace(1.05, 0.85, HEIGHT)[:, None, None]
    frame[:] = np.clip(np.array(wall)[None, None, :] * shade, 0, 255).astype(np.uint8)
    frame[540:] = table
    if camera is Camera.BUYER:
        cv2.rectangle(frame, (80, 80), (300, 300), (205, 225, 240), -1)
        cv2.rectangle(frame, (80, 80), (300, 300), (60, 90, 130), 8)
        cv2.line(frame, (190, 80), (190, 300), (60, 90, 130), 6)
        cv2.ellipse(frame, (1120, 520), (70, 24), 0, 0, 360, (70, 90, 210), -1, cv2.LINE_AA)
        cv2.rectangle(frame, (1050, 440), (1190, 520), (70, 90, 210), -1)
        cv2.ellipse(frame, (1120, 440), (70, 22), 0, 0, 360, (40, 50, 90), -1, cv2.LINE_AA)
    else:
        for shelf in (150, 300, 450):
            cv2.rectangle(frame, (40, shelf), (360, shelf + 14), (130, 100, 60), -1)
            for parcel in range(3):
                left = 60 + parcel * 100
                cv2.rectangle(frame, (left, shelf - 70), (left + 76, shelf), (170, 150, 110), -1)
        cv2.rectangle(frame, (1050, 300), (1230, 540), (140, 120, 70), -1)
        cv2.circle(frame, (1140, 420), 60, (230, 225, 215), -1, cv2.LINE_AA)
    cv2.rectangle(frame, (430, 90), (850, 690), box, -1)
    side_face = np.array([(850, 90), (960, 50), (960, 620), (850, 690)])
    cv2.fillPoly(frame, [side_face], side)
    lid = np.array([(430, 90), (540, 50), (960, 50), (850, 90)])
    cv2.fillPoly(frame, [lid], tuple(min(255, channel + 20) for channel in box))
    outer = MARGIN + RING
    left, top = GRID_LEFT - outer, GRID_TOP - outer
    right, bottom = GRID_LEFT + COLUMNS * CELL + outer, GRID_TOP + ROWS * CELL + outer
    cv2.rectangle(frame, (left, bottom), (right - 1, bottom + 76), (250, 250, 250), -1)
    frame[top:bottom, left:right] = (200, 0, 200)
    frame[top + RING : bottom - RING, left + RING : right - RING] = 245
    return frame
