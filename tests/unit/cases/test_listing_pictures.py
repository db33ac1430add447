"""Listing pictures: real ones are taken with their size, everything else is refused."""

from __future__ import annotations

import base64
import contextlib

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.listing_pictures import MAX_PICTURE_BYTES, decode_picture, look_at
from runtime.errors import CaseError


def picture(extension: str, width: int = 37, height: int = 21) -> bytes:
    """A real picture of some colours."""
    pixels = np.random.default_rng(1).integers(0, 255, (height, width, 3), dtype=np.uint8)
    done, encoded = cv2.imencode(extension, pixels)
    assert done
    return encoded.tobytes()


def data_url(content: bytes) -> str:
    """As it comes in a body."""
    return "data:image/png;base64," + base64.b64encode(content).decode()


@pytest.mark.parametrize(
    ("extension", "media_type"),
    [(".jpg", "image/jpeg"), (".png", "image/png"), (".webp", "image/webp")],
)
def test_a_real_picture_is_recognised_by_its_content(extension: str, media_type: str) -> None:
    """The label said PNG; the content says what it is, and how large."""
    content = picture(extension)
    found = decode_picture(data_url(content))
    assert (found.media_type, found.width, found.height) == (media_type, 37, 21)
    assert found.content == content


@pytest.mark.parametrize("extension", [".jpg", ".png", ".webp"])
@given(cut=st.floats(0, 0.98))
def test_a_picture_cut_short_is_refused(extension: str, cut: float) -> None:
    """Half a picture is none."""
    content = picture(extension)
    with pytest.raises(CaseError) as caught:
        look_at(content[: int(len(content) * cut)])
    assert caught.value.code == "bad_picture"


@given(
    st.sampled_from([b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF....WEBPVP8 ", b""]), st.binary()
)
def test_random_bytes_never_crash_the_look(head: bytes, tail: bytes) -> None:
    """Whatever comes, the answer is a size or an error that says so; it always ends."""
    with contextlib.suppress(CaseError):
        look_at(head + tail)


def test_a_picture_may_be_half_a_megabyte_and_no_more() -> None:
    """The limit counts bytes, not characters."""
    png = picture(".png")
    whole = png[:-12] + b"\0" * (MAX_PICTURE_BYTES - len(png)) + png[-12:]
    assert len(decode_picture(data_url(whole)).content) == MAX_PICTURE_BYTES
    with pytest.raises(CaseError) as caught:
        decode_picture(data_url(whole[:-12] + b"\0" + whole[-12:]))
    assert caught.value.code == "picture_too_large"


def test_a_bomb_of_pixels_is_refused() -> None:
    """A small file that claims a gigantic picture is not passed on to browsers."""
    png = bytearray(picture(".png"))
    png[16:24] = (60_000).to_bytes(4, "big") * 2
    with pytest.raises(CaseError, match="size in pixels"):
        look_at(bytes(png))
