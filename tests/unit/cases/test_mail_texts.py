"""What mails say: every language, and nothing that a value could break out of."""

from __future__ import annotations

import pytest

from cases.mail_texts import MAIL_LOCALES, fill, mail_locale, staff_letter

KINDS = ("staff_invited", "password_reset", "password_changed")
VALUES = {
    "by": "Ana",
    "name": "Ben",
    "organisation": "Lumen & Lark",
    "url": "https://shop.example/accept#token",
    "until": "2026-01-02 03:04 UTC",
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("locale", MAIL_LOCALES)
def test_every_mail_is_whole_in_every_language(kind: str, locale: str) -> None:
    """No placeholder is left, and Arabic runs from right to left."""
    letter = staff_letter(kind, locale, VALUES)
    assert letter.locale == locale
    assert "{" not in letter.subject + letter.text + letter.html
    assert ('dir="rtl"' in letter.html) == (locale == "ar")
    assert "Lumen &amp; Lark" in letter.html or "Lumen" not in letter.text


@pytest.mark.parametrize(
    ("wanted", "ours"), [("de-AT", "de"), ("zh-CN", "zh-Hans"), ("AR", "ar"), ("fr", "en")]
)
def test_the_nearest_language_is_taken(wanted: str, ours: str) -> None:
    """English where there is none."""
    assert mail_locale(wanted) == ours


def test_values_become_neither_markup_nor_lines_nor_placeholders() -> None:
    """A name is a name, whatever it is made of."""
    evil = {
        **VALUES,
        "by": "<script>alert(1)</script>\r\nBcc: all@example.com {url}",
        "organisation": "{by.__class__} {0} {{7*7}} ${x} %s",
    }
    letter = staff_letter("staff_invited", "en", evil)
    assert "<script>" not in letter.html
    assert "\r" not in letter.subject
    assert "\n" not in letter.subject
    assert "{by.__class__} {0} {{7*7}} ${x} %s" in letter.subject
    assert letter.subject.count("https://") == 0


def test_a_link_that_is_none_of_the_web_is_no_button() -> None:
    """No javascript: in anybody's mail."""
    letter = staff_letter("password_reset", "en", {**VALUES, "url": "javascript:alert(1)"})
    assert "href" not in letter.html


def test_a_brace_without_an_end_stays() -> None:
    """Nothing is lost and nothing is tried."""
    assert fill("a { b {name} }", {"name": "X"}) == "a { b X }"
