"""What people agree to: in every language, and no two words under one version."""

from __future__ import annotations

import pytest

from cases.consent_text import BUYER_WORDS, GUEST_WORDS, STAFF_WORDS, ConsentWords

ALL = (BUYER_WORDS, STAFF_WORDS, GUEST_WORDS)


@pytest.mark.parametrize("words", ALL)
def test_each_is_told_in_five_languages(words: ConsentWords) -> None:
    """And with as many paragraphs in each."""
    assert set(words.text) == {"en", "zh-Hans", "es", "de", "ar"}
    assert len({text.count("\n") for text in words.text.values()}) == 1
    assert all(text == text.strip() for text in words.text.values())


def test_a_version_names_one_text() -> None:
    """Whose words somebody agreed to follows from the version alone."""
    assert len({words.version for words in ALL}) == len(ALL)
    assert len({words.sha256(locale) for words in ALL for locale in words.text}) == 15


def test_a_language_without_words_is_shown_english() -> None:
    """The digest is of what was read."""
    assert STAFF_WORDS.sha256("fr") == STAFF_WORDS.sha256("en") != STAFF_WORDS.sha256("de")
