"""Placeholders in replies: a closed list, put in once, and nothing that could run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.reply_words import PLACEHOLDERS, Scene, fill, left_in, unknown_in
from cases.shipped_phrases import PHRASES
from cases.shipped_scripts import SHIPPED

LANGUAGES = {"en", "zh-Hans", "es", "de", "ar"}


def test_a_reply_says_what_the_case_knows_and_what_it_lacks() -> None:
    """Empty ones stay visible, and are named once."""
    made = fill("Dear {buyer_name}: {deadline}, {deadline}.", {"buyer_name": "Ana"})
    assert made.words == "Dear Ana: {deadline}, {deadline}."
    assert made.empty == ("deadline",)
    assert left_in(made.words) == ("deadline",)


def test_a_value_is_never_read_as_a_placeholder() -> None:
    """A buyer who calls themselves {order_number} is called that."""
    made = fill(
        "{buyer_name} {order_number}", {"buyer_name": "{order_number}", "order_number": "7"}
    )
    assert made.words == "{order_number} 7"


@pytest.mark.parametrize(
    "attack",
    [
        "{buyer_name.__class__}",
        "{buyer_name!r}",
        "{buyer_name:>999999999}",
        "{0}",
        "{}",
        "{{buyer_name}}",
        "{% for x in y %}",
        "${7*7}",
        "{seller_key}",
        "{buyer_name",
        "buyer_name}",
    ],
)
def test_nothing_but_a_placeholder_may_stand_in_braces(attack: str) -> None:
    """It is refused when it is saved, and would be left as it is."""
    assert unknown_in(attack)
    assert "Ana" not in fill(attack, {"buyer_name": "Ana"}).words or attack == "{{buyer_name}}"


@given(st.text(), st.dictionaries(st.sampled_from(PLACEHOLDERS), st.text(max_size=20)))
def test_any_text_can_be_filled(words: str, values: dict[str, str]) -> None:
    """No text makes it fail, and without braces it stays the text."""
    made = fill(words, values)
    if "{" not in words:
        assert made.words == words
        assert made.empty == ()


def test_every_shipped_reply_is_sound_in_every_language() -> None:
    """Five scenes, five languages, the same placeholders in each."""
    assert {one.scene for one in SHIPPED} == set(Scene)
    by_name: dict[str, dict[str, tuple[str, ...]]] = {}
    for one in SHIPPED:
        assert unknown_in(one.words) == ()
        by_name.setdefault(one.name, {})[one.locale] = tuple(sorted(left_in(one.words)))
    for name, used in by_name.items():
        assert set(used) == LANGUAGES, name
        assert len(set(used.values())) == 1, name


def test_every_quick_phrase_is_shipped_in_every_language() -> None:
    """Nobody is asked in a language they do not read."""
    for name, words in PHRASES.items():
        assert set(words) == LANGUAGES, name
