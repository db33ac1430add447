"""PURE. Words of strangers as a page can show them: only letters, and nothing unseen."""

from __future__ import annotations

import unicodedata
from typing import Final

REPLACEMENT: Final = "\ufffd"
"""Stands where a character cannot be shown, so that a reader sees that there was one."""

_MAX_MARKS: Final = 3
_SPACES: Final = frozenset("\t\u00a0\u2028\u2029\u202f\u3000")
# They join letters of scripts that need them, and show nothing by themselves.
_JOINERS: Final = frozenset("\u200c\u200d")
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def clean(text: str) -> list[str]:
    """The lines of a text, with single spaces.

    Control characters, overrides of direction and what is no character become a visible
    replacement; of marks piled on one letter the first three stay.
    """
    return [_clean_line(line) for line in text.replace("\r\n", "\n").split("\n")]


def clean_line(text: str) -> str:
    """A text as one line."""
    return " ".join(line for line in clean(text) if line)


def _clean_line(line: str) -> str:
    shown: list[str] = []
    marks = 0
    for character in line:
        category = unicodedata.category(character)
        if category.startswith("M"):
            marks += 1
            # What chooses the look of the character before has no look of its own.
            if marks > _MAX_MARKS or "\ufe00" <= character <= "\ufe0f":
                continue
        else:
            marks = 0
        if character in _SPACES or category == "Zs":
            shown.append(" ")
        elif category in _UNSEEN and character not in _JOINERS:
            shown.append(REPLACEMENT)
        else:
            shown.append(character)
    return " ".join("".join(shown).split())
