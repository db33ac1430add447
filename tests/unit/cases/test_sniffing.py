"""What an attachment is, by its bytes: mutations never crash, foreign files never pass."""

from __future__ import annotations

import contextlib
import io
import struct
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.attachments import plain_name
from cases.sniffing import TAIL_BYTES, clip_type, refuse_two_in_one, still_type
from runtime.errors import CaseError

MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + b"\x00" * 40
WEBM = b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\x82\x84webm" + b"\x00" * 40


def png(width: int, height: int) -> bytes:
    """A PNG that claims a size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return struct.pack("!I", len(data)) + checked + struct.pack("!I", zlib.crc32(checked))

    head = struct.pack("!IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 4)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_clips_are_known_by_their_first_bytes() -> None:
    """MP4, what an iPhone films, and WebM."""
    assert clip_type(MP4) == "video/mp4"
    assert clip_type(MP4.replace(b"ftypmp42", b"ftypqt  ")) == "video/quicktime"
    assert clip_type(WEBM) == "video/webm"
    assert clip_type(MP4.replace(b"ftypmp42", b"ftypheic")) is None


@pytest.mark.parametrize(
    "content",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"PK\x03\x04" + b"\0" * 60,
        b"<!doctype html><script>alert(1)</script>",
        b"GIF89a" + b"\0" * 60,
        b"%PDF-1.7\n",
        b"MZ" + b"\0" * 60,
        png(12_000, 12_000),
        png(1, 1)[:-6],
    ],
)
def test_foreign_files_and_bombs_are_refused(content: bytes) -> None:
    """SVG, ZIP, HTML, GIF, PDF, a program, a pixel bomb, a picture cut short."""
    assert clip_type(content) is None
    with pytest.raises(CaseError, match="cannot be used"):
        still_type(content)


def archive(comment: bytes = b"") -> bytes:
    """A ZIP archive of one file."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        made.writestr("a.html", "<script>")
        made.comment = comment
    return packed.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        png(3, 3) + archive(),
        png(3, 3) + archive(b"c" * 0xFFFF),
        MP4 + archive() + b"PK\5\6" + b"\xff" * 18,
        MP4[:40] + b"%PDF-1.7",
        # What follows the locator of ZIP64 has no directory of its own.
        MP4 + b"PK\6\7" + b"\0" * 16 + b"PK\5\6" + b"\0" * 8 + b"\xff" * 8 + b"\0\0",
    ],
)
def test_a_picture_that_is_something_else_as_well_is_refused(content: bytes) -> None:
    """Archives, with the longest comment and behind a decoy, and PDFs."""
    with pytest.raises(CaseError) as caught:
        refuse_two_in_one(content, content[-TAIL_BYTES:], len(content))
    assert caught.value.fields["reason"] == "two_in_one"


def test_bytes_of_a_picture_that_happen_to_look_like_an_archives_end_are_none() -> None:
    """What they would call its directory is larger than the file; the mark may be cut off."""
    for content in (
        MP4 + b"PK\5\6" + b"\xff" * 18,
        MP4 + b"PK\5\6",
        b"PK\5\6",
        b"",
        b"x" * 2000 + b"%PDF-",
    ):
        refuse_two_in_one(content, content[-TAIL_BYTES:], len(content))


@given(st.sampled_from([MP4, WEBM, png(3, 3)]), st.data())
def test_a_mutation_is_refused_or_still_the_same_kind(content: bytes, data: st.DataObject) -> None:
    """No input crashes the look at it, and none becomes a type that we do not take."""
    changed = bytearray(content)
    for _ in range(data.draw(st.integers(1, 6))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    known = {
        "video/mp4", "video/quicktime", "video/webm", "image/png", "image/jpeg", "image/webp"
    }  # fmt: skip
    found = clip_type(bytes(changed))
    if found is None:
        with contextlib.suppress(CaseError):
            found = still_type(bytes(changed))
    assert found is None or found in known


@given(st.text())
def test_a_name_never_has_a_path(name: str) -> None:
    """What a download is called is one plain name."""
    plain = plain_name(name)
    assert plain
    assert not set(plain) & set('/\\"<>\0\n')
    assert plain not in (".", "..")
