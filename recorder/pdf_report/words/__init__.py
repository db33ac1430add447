"""PURE. What a printed report and a derived film say, by language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from recorder.pdf_report.words.arabic import ARABIC
from recorder.pdf_report.words.chinese import CHINESE
from recorder.pdf_report.words.english import ENGLISH
from recorder.pdf_report.words.german import GERMAN
from recorder.pdf_report.words.spanish import SPANISH

LANGUAGES: Final[Mapping[str, Mapping[str, str]]] = {
    "en": ENGLISH,
    "zh-Hans": CHINESE,
    "es": SPANISH,
    "de": GERMAN,
    "ar": ARABIC,
}
RIGHT_TO_LEFT: Final = frozenset({"ar"})
