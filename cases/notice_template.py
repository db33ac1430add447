"""PURE. A notice's template: data with named placeholders, checked when saved, never a program."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cases.mail_texts import Letter, Template, letter
from cases.notice_kinds import NoticeKind
from runtime.errors import CaseError

_ALWAYS: Final = ("seller_name", "buyer_name", "order_number", "item_title")
_OF_KIND: Final[Mapping[NoticeKind, tuple[str, ...]]] = {
    NoticeKind.FILED: ("answer",),
    NoticeKind.ANSWERED: ("answer",),
    NoticeKind.APPOINTMENT: ("when",),
    NoticeKind.APPOINTMENT_REMINDER: ("when",),
    NoticeKind.APPOINTMENT_MISSED: ("when",),
    NoticeKind.MESSAGE: ("message",),
    NoticeKind.DECIDED: ("outcome", "decision_note"),
    NoticeKind.LABEL: ("carrier", "tracking_number", "return_address"),
    NoticeKind.SHIPPED: ("carrier", "tracking_number"),
    NoticeKind.REFUNDED: ("amount",),
    NoticeKind.SENT_OUT: ("carrier", "tracking_number"),
    NoticeKind.PARCEL_ANOMALY: ("anomaly", "carrier", "tracking_number"),
    NoticeKind.RECEIPT: ("receipt_file",),
}
_BRACED: Final = re.compile(r"\{([^{}]*)\}")
_MAX_NAME_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class Words:
    """A template: ``body`` in paragraphs; the button leads to the buyer's link."""

    subject: str
    body: str
    button: str


@dataclass(frozen=True, slots=True)
class Footer:
    """What stands below every notice in one language."""

    reply: str
    stop: str  # with {unsubscribe_url}


@dataclass(frozen=True, slots=True)
class Language:
    """Everything that notices say in one language."""

    words: Mapping[NoticeKind, Words]
    outcomes: Mapping[str, str]
    anomalies: Mapping[str, str]
    footer: Footer


def placeholders(kind: NoticeKind) -> tuple[str, ...]:
    """All that a template of this kind may ask for."""
    return (*_ALWAYS, *_OF_KIND.get(kind, ()))


def check_words(kind: NoticeKind, words: Words) -> None:
    """Refuse what no notice of this kind could fill.

    Raises:
        CaseError: ``unknown_placeholder``, ``open_brace`` or ``subject_breaks`` (422).
    """
    if any(character in words.subject + words.button for character in "\r\n"):
        raise CaseError("subject_breaks", "Subject and button are one line each.", status=422)
    known = placeholders(kind)
    for part in (words.subject, words.body, words.button):
        for name in _BRACED.findall(part):
            if name not in known:
                raise CaseError(
                    "unknown_placeholder",
                    f"There is no {{{name[:_MAX_NAME_SHOWN]}}} in this notice. "
                    f"It knows {', '.join(known)}.",
                    status=422,
                )
        if re.search(r"[{}]", _BRACED.sub("", part)):
            raise CaseError(
                "open_brace", "A brace stands alone; a placeholder is {name}.", status=422
            )


def empty_in(words: Words, values: Mapping[str, str]) -> list[str]:
    """The placeholders for which there is nothing to put in, in order."""
    found = _BRACED.findall(f"{words.subject}\n{words.body}\n{words.button}")
    return [name for name in dict.fromkeys(found) if not values.get(name, "").strip()]


def render(words: Words, locale: str, values: Mapping[str, str], *, url: str, small: str) -> Letter:
    """The notice as text and as HTML; a paragraph that has nothing to say is left out.

    ``url`` without ``http`` shows no button. Values never become markup, a header or a template.
    """
    plain = {name: value for name, value in values.items() if name != "url"}
    known = {**dict.fromkeys(_BRACED.findall(words.body + words.subject), ""), **plain}
    lines = tuple(
        part.strip()
        for part in re.split(r"\n+", words.body)
        if part.strip() and not _says_nothing(part, plain)
    )
    button = words.button if url.startswith(("https://", "http://")) else None
    template = Template(words.subject, lines, button or None, small)
    # The link is ours; a template has no {url} that a value could move.
    return letter(template, locale, {**known, "url": url})


def _says_nothing(paragraph: str, values: Mapping[str, str]) -> bool:
    names = _BRACED.findall(paragraph)
    return bool(names) and all(not values.get(name, "").strip() for name in names)
