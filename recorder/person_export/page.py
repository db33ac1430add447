"""PURE. The index as a plain page: every value of it, in the buyer's language, without a script.

Words of strangers stand in it as text alone: escaped, isolated from the direction of what is
around them, and without characters that nobody sees.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any, Final

from recorder.pdf_report.clean_text import clean
from recorder.pdf_report.words import LANGUAGES as REPORT_WORDS
from recorder.pdf_report.words import RIGHT_TO_LEFT
from recorder.person_export.words import LANGUAGES

_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;"
    "color:#1b1b1b;background:#fff}h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.5rem;"
    "border-bottom:2px solid #ccc}article{border:1px solid #ccc;border-radius:8px;"
    "padding:.5rem 1rem;margin:.75rem 0}dl{display:grid;gap:.25rem 1rem;"
    "grid-template-columns:minmax(8rem,14rem) 1fr;margin:.5rem 0}dt{color:#555}"
    "dd{margin:0;white-space:pre-wrap;overflow-wrap:anywhere}"
    "@media(max-width:34rem){dl{grid-template-columns:1fr}dt{margin-top:.5rem}}"
)
_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"
)
_CODED: Final[Mapping[str, str]] = {
    "reason": "reason",
    "outcome": "outcome",
    "role": "role",
    "direction": "direction",
    "cause": "cause",
}
"""Fields whose codes the printed report has words for, with the beginning of their keys there."""


def page_of(index: Mapping[str, Any], language: str, *, intro: str = "page_intro") -> str:
    """The whole page; ``intro`` names the words that say what is in it."""
    words = LANGUAGES[language]
    direction = "rtl" if language in RIGHT_TO_LEFT else "ltr"
    sections = "".join(
        f"<section><h2>{escape(words[name])}</h2>{_section(value, words, language)}</section>"
        for name, value in index.items()
    )
    return (
        f'<!doctype html><html lang="{language}" dir="{direction}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(words['page_title'])}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(words['page_title'])}</h1><p>{escape(words[intro])}</p>"
        f"{sections}</body></html>\n"
    )


def _section(value: Any, words: Mapping[str, str], language: str) -> str:
    if not value:
        return f"<p>{escape(words['page_none'])}</p>"
    if isinstance(value, list):
        return "".join(f"<article>{_record(one, words, language)}</article>" for one in value)
    return _record(value, words, language)


def _record(record: Mapping[str, Any], words: Mapping[str, str], language: str) -> str:
    rows = "".join(
        f"<dt>{_label(name, words)}</dt><dd>{_value(name, value, words, language)}</dd>"
        for name, value in record.items()
        # What has words of ours needs no technical form beside them; the index has both.
        if value not in (None, "", [], {})
        and not (name in ("details", "what") and record.get("words"))
    )
    return f"<dl>{rows}</dl>"


def _label(name: str, words: Mapping[str, str]) -> str:
    return escape(words[name]) if name in words else f"<code>{_text(name)}</code>"


def _value(name: str, value: Any, words: Mapping[str, str], language: str) -> str:
    if isinstance(value, Mapping):
        return _record(value, words, language)
    if isinstance(value, list):
        parts = [_value(name, one, words, language) for one in value]
        return "".join(f"<div>{part}</div>" for part in parts)
    if isinstance(value, bool):
        return escape(words["page_yes" if value else "page_no"])
    if name == "file":
        return f'<a href="{escape(str(value))}">{_text(value)}</a>'
    coded = REPORT_WORDS[language].get(f"{_CODED[name]}.{value}") if name in _CODED else None
    return escape(coded) if coded is not None else f'<bdi dir="auto">{_text(value)}</bdi>'


def _text(value: Any) -> str:
    return escape("\n".join(clean(str(value))))
