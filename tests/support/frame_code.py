"""The machine-readable cells drawn into every test picture, and their only reader in Python.

Geometry, in the units of a 1280 × 720 picture and scaled with it: a grid of
8 × 11 cells of 32 units stands in the middle, in a white margin of 8 units and
a magenta ring of 16. The four corner cells are references (white on the left,
black on the right, so that a mirrored picture is recognised). The other 84
cells hold, row by row, most significant bit first: camera (4 bits), flash (1),
zero (1), counter (20, Gray code), wall clock in Unix milliseconds (42, Gray
code; zero is none), CRC-16/CCITT-FALSE of the nine bytes of the 68 bits before.
``synced_source.js`` draws the same.

The block is centred and narrow so that it stays whole when a page shows the
picture with ``object-fit: cover`` on a phone held upright.
"""

from __future__ import annotations

import binascii
import itertools
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

Frame = npt.NDArray[np.uint8]

WIDTH = 1280
HEIGHT = 720
CELL = 32
COLUMNS = 8
ROWS = 11
GRID_LEFT = (WIDTH - COLUMNS * CELL) // 2
GRID_TOP = (HEIGHT - ROWS * CELL) // 2
MARGIN = 8
RING = 16
COUNTER_BITS = 20
CLOCK_BITS = 42
PAYLOAD_BITS = 4 + 1 + 1 + COUNTER_BITS + CLOCK_BITS
CRC_BITS = 16
SAMPLES_PER_CELL = 6
MIN_CONTRAST = 40
"""The least difference in luma between the white and black references."""


class Camera(IntEnum):
    """Who a picture shows; the value is the one in the cells."""

    BUYER = 1
    HOST = 2


@dataclass(frozen=True, slots=True)
class FrameCode:
    """What the cells of one picture say."""

    camera: Camera
    counter: int
    clock_ms: int | None
    flash: bool


@dataclass(frozen=True, slots=True)
class _Placement:
    """Where the 1280 × 720 picture lies in a frame: origin and pixels per unit."""

    left: float
    top: float
    scale_x: float
    scale_y: float


def _data_cells() -> npt.NDArray[np.bool_]:
    cells = np.ones((ROWS, COLUMNS), dtype=np.bool_)
    cells[[0, 0, -1, -1], [0, -1, 0, -1]] = False
    return cells


DATA_CELLS = _data_cells()


def encode_cells(code: FrameCode) -> npt.NDArray[np.bool_]:
    """Return the grid, shape (ROWS, COLUMNS), true where a cell is white."""
    if not 0 <= code.counter < 1 << COUNTER_BITS:
        raise ValueError(f"counter {code.counter} does not fit {COUNTER_BITS} bits")
    clock = code.clock_ms or 0
    if not 0 <= clock < 1 << CLOCK_BITS:
        raise ValueError(f"clock {clock} does not fit {CLOCK_BITS} bits")
    word = (int(code.camera) << 2) | (int(code.flash) << 1)
    word = (word << COUNTER_BITS) | (code.counter ^ (code.counter >> 1))
    word = (word << CLOCK_BITS) | (clock ^ (clock >> 1))
    word = (word << CRC_BITS) | binascii.crc_hqx(word.to_bytes(9, "big"), 0xFFFF)
    total = PAYLOAD_BITS + CRC_BITS
    grid = np.zeros((ROWS, COLUMNS), dtype=np.bool_)
    grid[0, 0] = grid[-1, 0] = True
    grid[DATA_CELLS] = [(word >> (total - 1 - bit)) & 1 for bit in range(total)]
    return grid


def read_code(frame: Frame) -> FrameCode | None:
    """Read the cells of a picture, or say None.

    ``frame`` is (height, width) luma or (height, width, 3), RGB or BGR, of the
    whole picture at any size, or of a page's video element showing it filled,
    contained or covered, mirrored or not. Anything else is looked for by its
    magenta ring (three channels only).
    """
    height, width = frame.shape[:2]
    if height < ROWS or width < COLUMNS:
        return None
    for placement in _likely_placements(width, height):
        code = _read_at(frame, placement)
        if code is not None:
            return code
    if frame.ndim == 3:
        found = _find_ring(frame)
        if found is not None:
            return _read_at(frame, found)
    return None


def read_counter(frame: Frame) -> int | None:
    """Return the counter that a picture carries; see ``read_code`` for shapes."""
    code = read_code(frame)
    return None if code is None else code.counter


def read_clock(frame: Frame) -> int | None:
    """Return the Unix time in milliseconds at which a picture was drawn, if it carries one."""
    code = read_code(frame)
    return None if code is None else code.clock_ms


def looks_warm(frame: Frame) -> bool:
    """Say whether an RGB picture is the buyer's warm scene rather than the host's cool one."""
    means = frame.reshape(-1, frame.shape[-1]).mean(axis=0)
    return bool(means[0] > means[2])


def _likely_placements(width: int, height: int) -> list[_Placement]:
    """Fill, contain and cover, without repeating equal ones."""
    fill_x, fill_y = width / WIDTH, height / HEIGHT
    placements = [_Placement(0.0, 0.0, fill_x, fill_y)]
    if abs(fill_x - fill_y) * WIDTH > 1:
        for scale in (max(fill_x, fill_y), min(fill_x, fill_y)):
            left = (width - WIDTH * scale) / 2
            top = (height - HEIGHT * scale) / 2
            placements.append(_Placement(left, top, scale, scale))
    return placements


def _find_ring(frame: Frame) -> _Placement | None:
    """Find the magenta ring's outer box by its projections."""
    red, green, blue = (frame[..., channel].astype(np.int16) for channel in range(3))
    magenta = (red - green > 50) & (blue - green > 50)
    # A horizontal side fills a row for the ring's width; strays and the two
    # vertical sides fill far less.
    rows, columns = magenta.sum(axis=1), magenta.sum(axis=0)
    if rows.max() < COLUMNS or columns.max() < ROWS:
        return None
    ys = np.flatnonzero(rows > rows.max() * 0.6)
    xs = np.flatnonzero(columns > columns.max() * 0.6)
    left, right, top, bottom = int(xs[0]), int(xs[-1]) + 1, int(ys[0]), int(ys[-1]) + 1
    scale_x = (right - left) / (COLUMNS * CELL + 2 * (MARGIN + RING))
    scale_y = (bottom - top) / (ROWS * CELL + 2 * (MARGIN + RING))
    outer_left, outer_top = GRID_LEFT - MARGIN - RING, GRID_TOP - MARGIN - RING
    return _Placement(left - outer_left * scale_x, top - outer_top * scale_y, scale_x, scale_y)


def _cell_lumas(frame: Frame, placement: _Placement) -> npt.NDArray[np.float64] | None:
    """Average the middle half of each cell, or None if the grid leaves the frame."""
    inside = (np.arange(SAMPLES_PER_CELL) + 0.5) / SAMPLES_PER_CELL * 0.5 + 0.25
    units_x = GRID_LEFT + (np.arange(COLUMNS)[:, None] + inside).ravel() * CELL
    units_y = GRID_TOP + (np.arange(ROWS)[:, None] + inside).ravel() * CELL
    xs = np.floor(placement.left + units_x * placement.scale_x).astype(np.intp)
    ys = np.floor(placement.top + units_y * placement.scale_y).astype(np.intp)
    if xs[0] < 0 or ys[0] < 0 or xs[-1] >= frame.shape[1] or ys[-1] >= frame.shape[0]:
        return None
    taken = frame[np.ix_(ys, xs)].astype(np.float64)
    if taken.ndim == 3:
        taken = taken[..., :3].mean(axis=2)
    cells: npt.NDArray[np.float64] = taken.reshape(
        ROWS, SAMPLES_PER_CELL, COLUMNS, SAMPLES_PER_CELL
    ).mean(axis=(1, 3))
    return cells


def _read_at(frame: Frame, placement: _Placement) -> FrameCode | None:
    lumas = _cell_lumas(frame, placement)
    return None if lumas is None else read_lumas(lumas)


def read_lumas(lumas: npt.NDArray[np.float64]) -> FrameCode | None:
    """Read a grid that was measured already: shape (ROWS, COLUMNS), the luma of each cell."""
    if lumas[0, 0] < lumas[0, -1]:
        lumas = lumas[:, ::-1]
    white = float(min(lumas[0, 0], lumas[-1, 0]))
    black = float(max(lumas[0, -1], lumas[-1, -1]))
    if white - black < MIN_CONTRAST:
        return None
    margins = lumas[DATA_CELLS] - (white + black) / 2
    bits = margins > 0
    # The code has no error correction, so the three least certain cells are
    # tried both ways; the CRC and the fixed bits decide.
    doubtful = np.argsort(np.abs(margins))[:3]
    for flips in itertools.product((False, True), repeat=3):
        tried = bits.copy()
        tried[doubtful] ^= np.array(flips)
        code = _decode(tried)
        if code is not None:
            return code
    return None


def _decode(bits: npt.NDArray[np.bool_]) -> FrameCode | None:
    word = int("".join("1" if bit else "0" for bit in bits), 2)
    payload, crc = word >> CRC_BITS, word & 0xFFFF
    if binascii.crc_hqx(payload.to_bytes(9, "big"), 0xFFFF) != crc:
        return None
    clock = _from_gray(payload & ((1 << CLOCK_BITS) - 1))
    counter = _from_gray((payload >> CLOCK_BITS) & ((1 << COUNTER_BITS) - 1))
    head = payload >> (CLOCK_BITS + COUNTER_BITS)
    if head & 1 or head >> 2 not in tuple(Camera):
        return None
    return FrameCode(Camera(head >> 2), counter, clock or None, bool(head >> 1 & 1))


def _from_gray(gray: int) -> int:
    value = gray
    while gray := gray >> 1:
        value ^= gray
    return value
