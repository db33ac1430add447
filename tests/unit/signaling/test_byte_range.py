"""Ranges and conditions of RFC 9110."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.byte_range import NotModified, Part, Whole, choose

ETAG = '"abc"'


@pytest.mark.parametrize(
    ("headers", "answer"),
    [
        ({}, Whole()),
        ({"Range": "bytes=0-0"}, Part(0, 1)),
        ({"Range": "bytes=90-200"}, Part(90, 100)),
        ({"Range": "bytes=10-"}, Part(10, 100)),
        ({"Range": "bytes=-7"}, Part(93, 100)),
        ({"Range": "bytes=-700"}, Part(0, 100)),
        ({"Range": "Bytes=5-6"}, Part(5, 7)),
        ({"Range": "bytes=100-"}, None),
        ({"Range": "bytes=-0"}, None),
        ({"Range": "bytes=7-3"}, Whole()),
        ({"Range": "bytes=0-1,4-5"}, Whole()),
        ({"Range": "lines=0-1"}, Whole()),
        ({"Range": "bytes=-"}, Whole()),
        ({"Range": "bytes=a-b"}, Whole()),
        ({"Range": "bytes=0-1", "If-Range": ETAG}, Part(0, 2)),
        ({"Range": "bytes=0-1", "If-Range": '"old"'}, Whole()),
        ({"Range": "bytes=0-1", "If-Range": 'W/"abc"'}, Whole()),
        ({"If-None-Match": ETAG}, NotModified()),
        ({"If-None-Match": '"x", W/"abc"'}, NotModified()),
        ({"If-None-Match": "*"}, NotModified()),
        ({"If-None-Match": '"x"', "Range": "bytes=0-1"}, Part(0, 2)),
    ],
)
def test_each_form_of_a_range_has_its_answer(headers: dict[str, str], answer: object) -> None:
    """None stands for 416."""
    assert choose(headers, "GET", 100, ETAG) == answer


def test_a_range_counts_only_for_get() -> None:
    """RFC 9110, 14.2: other methods ignore it."""
    assert choose({"Range": "bytes=0-1"}, "HEAD", 100, ETAG) == Whole()


@given(st.text(alphabet="bytes=-0123456789, ", max_size=40), st.integers(0, 10**12))
def test_no_range_reaches_outside_the_file(wanted: str, size: int) -> None:
    """Whatever is asked, what is answered lies inside."""
    answer = choose({"Range": wanted}, "GET", size, ETAG)
    if isinstance(answer, Part):
        assert 0 <= answer.start < answer.end <= size
