"""Which pixels of a side's pictures are gone for good: its masks, each followed by a follower."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from recorder.derived.film_plan import WHOLE_PICTURE, Mask
from recorder.derived.lettering import Plane
from recorder.derived.tracking import Follower, Rectangle

_BLACK: Final = 16
_COLOURLESS: Final = 128


class Covering:
    """The masks of one side; ``lost`` says of each from when on the whole picture is covered."""

    def __init__(self, masks: Sequence[Mask]) -> None:
        self._masks = masks
        self._followers = [Follower(one.box) for one in masks]
        self.lost: list[int | None] = [None for _ in masks]

    def is_needed(self, at_ns: int) -> bool:
        """Whether a picture of this moment has to be seen before it may be shown."""
        return any(one.from_ns <= at_ns <= one.to_ns for one in self._masks)

    def cover(self, luma: Plane, chroma: tuple[Plane, Plane], at_ns: int) -> None:
        """Blacken what is masked at this moment, in place."""
        seen = luma.copy()
        height, width = luma.shape
        for number, (mask, follower) in enumerate(zip(self._masks, self._followers, strict=True)):
            if not mask.from_ns <= at_ns <= mask.to_ns:
                continue
            found: Rectangle | None = None
            if mask.box != WHOLE_PICTURE:
                found = follower.follow(seen, at_ns)
                if found is None and self.lost[number] is None:
                    self.lost[number] = at_ns
            left, top, right, bottom = found or (0, 0, width, height)
            luma[top:bottom, left:right] = _BLACK
            for plane in chroma:
                plane[top // 2 : -(-bottom // 2), left // 2 : -(-right // 2)] = _COLOURLESS
