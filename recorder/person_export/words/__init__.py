"""PURE. What the page of an export says, by language; fields go by their names in the index."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from recorder.person_export.words.arabic import ARABIC
from recorder.person_export.words.chinese import CHINESE
from recorder.person_export.words.english import ENGLISH
from recorder.person_export.words.german import GERMAN
from recorder.person_export.words.spanish import SPANISH

LANGUAGES: Final[Mapping[str, Mapping[str, str]]] = {
    "en": ENGLISH,
    "zh-Hans": CHINESE,
    "es": SPANISH,
    "de": GERMAN,
    "ar": ARABIC,
}
