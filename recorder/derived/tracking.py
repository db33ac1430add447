"""Following a region from picture to picture, and saying so as soon as that is not sure.

Corners inside the region are followed from the picture before, then set right against a
picture of reference, so that errors do not add up. Whatever is doubtful ends it: whoever
covers the region has to cover the whole picture from then on.
"""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from recorder.derived.film_plan import Box

Rectangle = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels; right and bottom are outside."""

_MIN_POINTS: Final = 8
_MAX_POINTS: Final = 150
_MAX_RETURN_PX: Final = 1.0
_MIN_FOLLOWED: Final = 0.4
_MIN_AGREEING: Final = 0.5
_SCALES: Final = (0.8, 1.25)
_MIN_VISIBLE: Final = 0.35
_MAX_STEP_PX: Final = 120.0
_MAX_PAUSE_NS: Final = 1_000_000_000
_PATCH: Final = 48
_MIN_LIKE_REFERENCE: Final = 0.35
_MIN_LIKE_FIRST: Final = 0.15
_MARGIN_SHARE: Final = 0.12
_MARGIN_PX: Final = 8

Luma = NDArray[np.uint8]
Points = NDArray[np.float32]
Matrix = NDArray[np.float64]


class Follower:
    """One region; ``lost`` once it is not known any more where it is, and for good."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._at_ns = 0
        self._before: Luma | None = None
        self._corners: Points = np.empty((0, 2), np.float32)
        self._reference: _Reference | None = None
        self._first: Luma | None = None
        self.lost = False

    def follow(self, luma: Luma, at_ns: int) -> Rectangle | None:
        """What has to be covered in this picture; None for all of it. Call it for every picture."""
        if self._before is None:
            self._begin(luma)
        elif not self.lost:
            self.lost = at_ns - self._at_ns > _MAX_PAUSE_NS or not self._step(luma)
        self._before, self._at_ns = luma, at_ns
        return None if self.lost else _grown(self._corners, luma)

    def _begin(self, luma: Luma) -> None:
        height, width = luma.shape
        left, top, wide, high = self._box
        corners = [(0, 0), (1, 0), (1, 1), (0, 1)]
        self._corners = np.array(
            [((left + x * wide) * width, (top + y * high) * height) for x, y in corners],
            np.float32,
        )
        self._reference = _Reference(luma, self._corners)
        self._first = self._reference.patch

    def _step(self, luma: Luma) -> bool:
        before, reference = self._before, self._reference
        assert before is not None
        assert reference is not None
        assert self._first is not None
        if before.shape != luma.shape:
            return False
        points = _features(before, self._corners)
        step = _motion(before, luma, points)
        if step is None:
            return False
        guess = _moved(step, self._corners)
        if np.abs(guess.mean(0) - self._corners.mean(0)).max() > _MAX_STEP_PX:
            return False
        better = reference.corners_in(luma, guess)
        if better is None:
            reference = self._reference = _Reference(before, self._corners)
        corners = guess if better is None else better
        patch = _patch(luma, corners)
        self._corners = corners
        return (
            _visible(corners, luma) >= _MIN_VISIBLE
            and _likeness(patch, reference.patch) >= _MIN_LIKE_REFERENCE
            and _likeness(patch, self._first) >= _MIN_LIKE_FIRST
        )


class _Reference:
    """A picture in which it was known where the region is."""

    def __init__(self, luma: Luma, corners: Points) -> None:
        self._luma = luma
        self._corners = corners
        self._points = _features(luma, corners)
        self.patch = _patch(luma, corners)

    def corners_in(self, luma: Luma, guess: Points) -> Points | None:
        """Where the region is in a later picture, near a guess; None if that cannot be said."""
        if len(self._points) < _MIN_POINTS:
            return None
        roughly: Any = cv2.estimateAffinePartial2D(self._corners, guess)[0]
        if roughly is None:
            return None
        found = _motion(self._luma, luma, self._points, _moved(roughly, self._points))
        if found is None:
            return None
        corners = _moved(found, self._corners)
        size = float(np.ptp(guess, axis=0).max())
        return corners if np.abs(corners - guess).max() <= max(0.1 * size, 4.0) else None


def _features(luma: Luma, corners: Points) -> Points:
    left, top, right, bottom = _bounds(corners, luma, 0)
    if right - left < 4 or bottom - top < 4:
        return np.empty((0, 2), np.float32)
    inside = np.ascontiguousarray(luma[top:bottom, left:right])
    found: Any = cv2.goodFeaturesToTrack(inside, _MAX_POINTS, 0.01, 4)
    if found is None:
        return np.empty((0, 2), np.float32)
    points: Points = found.reshape(-1, 2) + np.array((left, top), np.float32)
    return points


def _motion(before: Luma, luma: Luma, points: Points, guess: Points | None = None) -> Matrix | None:
    """How most of the points moved (turn, scale, shift); None if they do not agree."""
    if len(points) < _MIN_POINTS:
        return None
    flags = 0 if guess is None else cv2.OPTFLOW_USE_INITIAL_FLOW
    start: Any = None if guess is None else guess.copy()
    there, went, _ = cv2.calcOpticalFlowPyrLK(before, luma, points, start, flags=flags)
    back, came, _ = cv2.calcOpticalFlowPyrLK(
        luma, before, there, points.copy(), flags=cv2.OPTFLOW_USE_INITIAL_FLOW
    )
    near = np.abs(back - points).max(axis=1) <= _MAX_RETURN_PX
    good = (went.ravel() == 1) & (came.ravel() == 1) & near
    if good.sum() < max(_MIN_POINTS, _MIN_FOLLOWED * len(points)):
        return None
    matrix, agree = cv2.estimateAffinePartial2D(points[good], there[good])
    if matrix is None or agree.sum() < max(_MIN_POINTS, _MIN_AGREEING * good.sum()):
        return None
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if guess is None and not _SCALES[0] <= scale <= _SCALES[1]:
        return None
    found: Matrix = matrix
    return found


def _moved(matrix: Matrix, points: Points) -> Points:
    return (points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)


def _patch(luma: Luma, corners: Points) -> Luma:
    square = np.array([(0, 0), (_PATCH, 0), (_PATCH, _PATCH), (0, _PATCH)], np.float32)
    turned = cv2.getPerspectiveTransform(corners, square)
    patch: Any = cv2.warpPerspective(
        luma, turned, (_PATCH, _PATCH), borderMode=cv2.BORDER_REPLICATE
    )
    small: Luma = patch
    return small


def _likeness(one: Luma, other: Luma) -> float:
    return float(cv2.matchTemplate(one, other, cv2.TM_CCOEFF_NORMED)[0, 0])


def _visible(corners: Points, luma: Luma) -> float:
    wide, high = np.ptp(corners, axis=0)
    left, top, right, bottom = _bounds(corners, luma, 0)
    return max(right - left, 0) * max(bottom - top, 0) / max(float(wide * high), 1.0)


def _grown(corners: Points, luma: Luma) -> Rectangle:
    size = float(np.ptp(corners, axis=0).max())
    return _bounds(corners, luma, round(_MARGIN_SHARE * size) + _MARGIN_PX)


def _bounds(corners: Points, luma: Luma, margin: int) -> Rectangle:
    """The upright rectangle around them inside the picture, on even numbers, outward."""
    height, width = luma.shape
    left, top = np.floor(corners.min(axis=0)).astype(int) - margin
    right, bottom = np.ceil(corners.max(axis=0)).astype(int) + margin
    return (
        min(max(int(left) // 2 * 2, 0), width),
        min(max(int(top) // 2 * 2, 0), height),
        min(max(-(-int(right) // 2) * 2, 0), width),
        min(max(-(-int(bottom) // 2) * 2, 0), height),
    )
