"""The drawn pictures and the sound of the demo inspection: a dented kettle and an inspector."""

from __future__ import annotations

import math
from functools import cache
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""Height × width × 3, BGR, 8 bits."""

WIDTH, HEIGHT = 1280, 720
_CANVAS_W, _CANVAS_H = 1920, 1080
_AA = cv2.LINE_AA

# (second, centre x, centre y on the canvas, zoom): what the buyer's camera looks at.
_CAMERA_PATH = (
    (0.0, 960.0, 540.0, 0.72),
    (4.0, 960.0, 560.0, 0.80),
    (7.0, 1120.0, 560.0, 1.9),
    (11.0, 1130.0, 575.0, 2.1),
    (14.0, 800.0, 780.0, 2.3),
    (18.0, 800.0, 785.0, 2.5),
    (22.0, 960.0, 540.0, 0.75),
)


def buyer_picture(at_s: float, clock: str) -> Picture:
    """What the buyer's phone shows ``at_s`` seconds into the call, with a small clock."""
    x, y, zoom = _camera_at(at_s)
    sway_x, sway_y = 6 * math.sin(at_s * 1.3), 5 * math.cos(at_s * 1.7)
    matrix = np.array(
        [
            [zoom, 0.0, WIDTH / 2 - zoom * (x + sway_x)],
            [0.0, zoom, HEIGHT / 2 - zoom * (y + sway_y)],
        ]
    )
    picture = cv2.warpAffine(
        _kitchen(), matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE
    ).astype(np.uint8)
    cv2.putText(picture, clock, (24, 696), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (250, 250, 250), 2, _AA)
    return picture


def host_picture(at_s: float, clock: str) -> Picture:
    """What the inspector's tablet shows: a person before the shelves, nodding now and then."""
    picture = _hall().copy()
    nod = int(8 * max(0.0, math.sin(at_s * 1.1)) ** 3)
    blink = at_s % 3.4 < 0.15
    _person(picture, nod, closed_eyes=blink)
    cv2.putText(picture, clock, (24, 696), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (250, 250, 250), 2, _AA)
    return picture


def voice(at_s: float, samples: int, rate: int, pitch_hz: float) -> NDArray[np.int16]:
    """``samples`` of a humming voice from ``at_s`` on: speech-like bursts, never loud."""
    t = at_s + np.arange(samples) / rate
    syllables = np.clip(np.sin(2 * np.pi * 2.3 * t), 0, 1) * (np.sin(2 * np.pi * 0.21 * t) > -0.2)
    tone = sum(np.sin(2 * np.pi * pitch_hz * k * t) / k for k in (1, 2, 3, 5))
    return (tone * syllables * 2200).astype(np.int16)


def _camera_at(at_s: float) -> tuple[float, float, float]:
    path = _CAMERA_PATH
    if at_s >= path[-1][0]:
        return path[-1][1:]
    for (t0, *start), (t1, *end) in pairwise(path):
        if at_s < t1:
            share = (at_s - t0) / (t1 - t0)
            smooth = share * share * (3 - 2 * share)
            x, y, zoom = (a + (b - a) * smooth for a, b in zip(start, end, strict=True))
            return x, y, zoom
    return path[0][1:]


@cache
def _kitchen() -> Picture:
    rows = np.linspace(0, 1, _CANVAS_H)[:, None, None]
    wall = np.array([206, 216, 222]) * (1 - rows) + np.array([172, 186, 196]) * rows
    canvas = np.repeat(wall, _CANVAS_W, axis=1).astype(np.uint8)
    table = canvas[700:]
    grain = np.random.default_rng(7).normal(0, 5, (table.shape[0], 1, 1)) + np.linspace(
        0, -30, table.shape[0]
    ).reshape(-1, 1, 1)
    table[:] = np.clip(np.array([104, 142, 178]) + grain, 0, 255).astype(np.uint8)
    _box(canvas)
    _kettle(canvas)
    _label(canvas)
    noise = np.random.default_rng(3).normal(0, 2.0, canvas.shape)
    return np.clip(canvas + noise, 0, 255).astype(np.uint8)


def _box(canvas: Picture) -> None:
    cv2.fillPoly(
        canvas, [np.array([[250, 470], [620, 430], [620, 800], [250, 850]])], (122, 160, 196), _AA
    )
    cv2.fillPoly(
        canvas, [np.array([[620, 430], [740, 500], [740, 830], [620, 800]])], (92, 128, 164), _AA
    )
    cv2.line(canvas, (250, 560), (620, 522), (150, 190, 220), 16, _AA)
    cv2.putText(canvas, "FRAGILE", (300, 700), cv2.FONT_HERSHEY_DUPLEX, 2.0, (60, 70, 190), 5, _AA)


def _kettle(canvas: Picture) -> None:
    body = np.array([[830, 880], [880, 420], [1160, 420], [1230, 880]])
    shade = np.zeros_like(canvas)
    cv2.fillPoly(shade, [body], (1, 1, 1), _AA)
    columns = np.clip(1.0 - np.abs(np.arange(_CANVAS_W) - 960) / 330, 0.25, 1.0)
    steel = (np.array([190, 184, 178]) * columns[:, None]).astype(np.uint8)[None]
    mask = shade.astype(bool)
    canvas[mask] = np.broadcast_to(steel, canvas.shape)[mask]
    cv2.ellipse(canvas, (1020, 420), (140, 26), 0, 0, 360, (70, 66, 62), -1, _AA)
    cv2.ellipse(canvas, (1020, 402), (34, 22), 0, 0, 360, (40, 40, 40), -1, _AA)
    cv2.ellipse(canvas, (1255, 610), (95, 165), 0, -95, 95, (46, 44, 42), 34, _AA)
    cv2.fillPoly(canvas, [np.array([[880, 470], [780, 520], [872, 600]])], (150, 146, 140), _AA)
    # The dent: a dark hollow with a bright rim, and a scratch beside it.
    cv2.ellipse(canvas, (1110, 570), (54, 40), 20, 0, 360, (96, 92, 88), -1, _AA)
    cv2.ellipse(canvas, (1120, 580), (36, 25), 20, 0, 360, (70, 68, 64), -1, _AA)
    cv2.ellipse(canvas, (1104, 562), (58, 44), 20, 150, 290, (232, 230, 226), 5, _AA)
    cv2.line(canvas, (1070, 640), (1150, 662), (220, 220, 216), 3, _AA)


def _label(canvas: Picture) -> None:
    cv2.rectangle(canvas, (640, 720), (960, 850), (244, 246, 246), -1, _AA)
    cv2.rectangle(canvas, (640, 720), (960, 850), (90, 90, 90), 2, _AA)
    lines = ("KETTLE 1.7 L  2200 W", "MODEL NK-170 S", "S/N 4471-0938-22", "220-240 V ~ 50 Hz")
    for row, text in enumerate(lines):
        cv2.putText(
            canvas,
            text,
            (656, 750 + 28 * row),
            cv2.FONT_HERSHEY_SIMPLEX,
            0.72,
            (30, 30, 30),
            2,
            _AA,
        )


@cache
def _hall() -> Picture:
    canvas = np.full((HEIGHT, WIDTH, 3), (96, 88, 78), np.uint8)
    random = np.random.default_rng(11)
    for shelf in range(4):
        y = 60 + shelf * 170
        x = 20
        while x < WIDTH - 60:
            w, h = int(random.integers(70, 150)), int(random.integers(60, 130))
            tone = int(random.integers(-18, 18))
            colour = (104 + tone, 140 + tone, 172 + tone)
            cv2.rectangle(canvas, (x, y + 140 - h), (x + w, y + 140), colour, -1)
            cv2.line(canvas, (x + w // 2, y + 140 - h), (x + w // 2, y + 140), (130, 165, 195), 6)
            x += w + int(random.integers(8, 40))
        cv2.rectangle(canvas, (0, y + 140), (WIDTH, y + 156), (150, 96, 52), -1)
    return cv2.GaussianBlur(canvas, (0, 0), 7).astype(np.uint8)


def _person(picture: Picture, nod: int, *, closed_eyes: bool) -> None:
    cv2.ellipse(picture, (640, 800), (330, 300), 0, 180, 360, (70, 104, 40), -1, _AA)
    cv2.rectangle(picture, (600, 440), (680, 540), (140, 172, 214), -1)
    cv2.ellipse(picture, (640, 340 + nod), (118, 150), 0, 0, 360, (150, 184, 226), -1, _AA)
    cv2.ellipse(picture, (640, 270 + nod), (128, 110), 0, 180, 360, (44, 52, 66), -1, _AA)
    for x in (598, 682):
        if closed_eyes:
            cv2.line(picture, (x - 14, 340 + nod), (x + 14, 340 + nod), (60, 70, 90), 4, _AA)
        else:
            cv2.circle(picture, (x, 340 + nod), 9, (48, 44, 40), -1, _AA)
    cv2.ellipse(picture, (640, 410 + nod), (38, 18), 0, 10, 170, (84, 96, 170), 5, _AA)
    cv2.ellipse(picture, (640, 345 + nod), (124, 140), 0, 185, 355, (40, 40, 44), 12, _AA)
    cv2.rectangle(picture, (505, 315 + nod), (535, 390 + nod), (40, 40, 44), -1)
    cv2.rectangle(picture, (745, 315 + nod), (775, 390 + nod), (40, 40, 44), -1)
