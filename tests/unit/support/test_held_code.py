"""A code of 20 mm can be read as long as the picture is sharp enough for a person's eyes."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from tests.support.held_code import CODE_PX, CODES, EVERY_MS, MODULES, drawing, held_at, read_held


def picture_of(number: int, *, width_px: float = CODE_PX) -> npt.NDArray[np.uint8]:
    """720p luma with the code at its size, or smaller."""
    dots = np.array([int(dot) for dot in drawing()["codes"][number]], np.uint8)
    large = np.kron(255 - 255 * dots.reshape(MODULES, MODULES), np.ones((10, 10), np.uint8))
    size = round(width_px)
    small = cv2.resize(large, (size, size), interpolation=cv2.INTER_AREA)
    picture = np.full((720, 1280), 240, np.uint8)
    picture[300 : 300 + size, 200 : 200 + size] = small
    return picture


def test_every_code_is_read_as_itself() -> None:
    """At the size of 20 mm at 25 cm."""
    assert [read_held(picture_of(number)) for number in range(0, CODES, 7)] == list(
        range(0, CODES, 7)
    )


def test_a_blurred_code_is_not_read() -> None:
    """Blur of a module and a half is what a picture of a third of the size would have."""
    blurred = cv2.GaussianBlur(picture_of(5), (0, 0), 1.5 * CODE_PX / MODULES)
    assert read_held(np.asarray(blurred, np.uint8)) is None


def test_a_code_of_a_picture_sent_at_a_quarter_of_the_size_is_not_read() -> None:
    """180 lines leave about a pixel to a module."""
    quarter = cv2.resize(picture_of(5), (320, 180), interpolation=cv2.INTER_AREA)
    enlarged = cv2.resize(quarter, (1280, 720), interpolation=cv2.INTER_LINEAR)
    assert read_held(np.asarray(enlarged, np.uint8)) is None


def test_an_empty_picture_holds_no_code() -> None:
    """None, not a wrong number."""
    assert read_held(np.full((720, 1280), 128, np.uint8)) is None


def test_the_hand_holds_the_next_code_after_a_second_and_begins_again() -> None:
    """What was held can be told from the clock in the picture."""
    assert held_at(EVERY_MS * 3) + 1 == held_at(EVERY_MS * 4)
    assert held_at(EVERY_MS * CODES) == held_at(0) == 0
