"""The text a buyer receives: short, in their language, with one link at the end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.invitation import closest_locale, invitation

URL = "https://returns.example/j/abcdefghijklmnopqrstuvwx"


@pytest.mark.parametrize("locale", ["en", "zh-Hans", "es", "de"])
@pytest.mark.parametrize("warehouse_shows", [False, True])
def test_each_language_says_who_what_and_where(locale: str, warehouse_shows: bool) -> None:
    """Name, order, title and link are there, and it fits into one chat message."""
    made = invitation(
        locale=locale,
        buyer_name="Ana",
        order_number="LL-1",
        title="Lamp",
        warehouse_shows=warehouse_shows,
        url=URL,
    )
    assert made.locale == locale
    assert made.text.endswith(URL)
    assert all(part in made.text for part in ("Ana", "LL-1", "Lamp"))
    assert "\n" not in made.text
    assert len(made.text) <= 300


@pytest.mark.parametrize(
    ("wanted", "ours"),
    [
        ("en-GB", "en"),
        ("es-MX", "es"),
        ("de-AT", "de"),
        ("zh-CN", "zh-Hans"),
        ("zh-Hant-TW", "zh-Hans"),
        ("fr", "en"),
        ("fil", "en"),
    ],
)
def test_the_closest_language_is_chosen(wanted: str, ours: str) -> None:
    """By language first; English when there is none of ours."""
    assert closest_locale(wanted) == ours


@given(st.text(max_size=400), st.text(max_size=100), st.text(max_size=100))
def test_no_text_can_move_or_double_the_link(title: str, name: str, order: str) -> None:
    """Braces in a title are words, and a long title is shortened."""
    made = invitation(
        locale="en",
        buyer_name=name,
        order_number=order,
        title="{url}{buyer}" + title,
        warehouse_shows=False,
        url=URL,
    )
    assert made.text.endswith(URL)
    assert made.text.count(URL) == 1
    assert len(made.text) < 500
