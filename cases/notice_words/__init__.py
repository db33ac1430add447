"""PURE. What our notices say, by language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cases.notice_template import Language
from cases.notice_words.arabic import ARABIC
from cases.notice_words.chinese import CHINESE
from cases.notice_words.english import ENGLISH
from cases.notice_words.german import GERMAN
from cases.notice_words.spanish import SPANISH

LANGUAGES: Final[Mapping[str, Language]] = {
    "en": ENGLISH,
    "zh-Hans": CHINESE,
    "es": SPANISH,
    "de": GERMAN,
    "ar": ARABIC,
}


def notice_locale(wanted: str, second: str) -> str:
    """The language of ours for a reader of ``wanted``, else of ``second``, else English."""
    for tag in (wanted, second):
        language = tag.partition("-")[0].lower()
        for ours in LANGUAGES:
            if ours.partition("-")[0] == language:
                return ours
    return "en"
