"""Bodies of commands: money, languages and texts, parsed once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from cases.commands import Email, Locale, Word, Words, from_minor, to_minor


class _Fields(BaseModel):
    word: Word = "x"
    words: Words = ""
    locale: Locale = "en"
    email: Email | None = None


@given(st.integers(0, 10**9), st.sampled_from(["EUR", "USD", "JPY", "KWD", "VND", "ISK"]))
def test_amounts_come_back_as_they_were(amount: int, currency: str) -> None:
    """Minor units to text and back, for every kind of currency."""
    assert to_minor(from_minor(amount, currency), currency) == amount


@pytest.mark.parametrize(
    ("price", "currency", "minor"),
    [("148.00", "EUR", 14800), ("148", "EUR", 14800), ("0.5", "EUR", 50), ("1.234", "KWD", 1234)],
)
def test_a_price_becomes_minor_units(price: str, currency: str, minor: int) -> None:
    """No float is ever involved."""
    assert to_minor(price, currency) == minor


@pytest.mark.parametrize(
    "given_fields",
    [
        {"word": "a\0b"},
        {"word": "a\nb"},
        {"word": " "},
        {"word": "x" * 101},
        {"word": "\x1b[31m"},
        {"words": "a\0b"},
        {"words": "x" * 4001},
        {"locale": "EN"},
        {"locale": "zh_Hans"},
        {"locale": "../../etc"},
        {"email": "nobody"},
        {"email": "a b@c"},
        {"email": "a@b\r\nBcc: c@d"},
    ],
)
def test_a_field_that_does_not_fit_is_refused(given_fields: dict[str, str]) -> None:
    """Control characters, lengths and forms."""
    with pytest.raises(ValidationError):
        _Fields.model_validate(given_fields)


def test_line_breaks_are_words_too() -> None:
    """A claim may have paragraphs; its ends are trimmed."""
    assert _Fields(words=" one\n\ttwo ").words == "one\n\ttwo"
