"""A mail as a mail server posts it, read without trust: who wrote what, and is it an answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr
from hashlib import sha256
from html.parser import HTMLParser
from typing import Final

_AUTOMATIC: Final = ("bulk", "junk", "list", "auto_reply")
_MAX_TEXT: Final = 40_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What counts of a mail."""

    sender: str
    message_id: str
    text: str
    attachments: int


def read_answer(raw: bytes) -> Answer | None:
    """The mail, or None when a machine wrote it or it says nothing: nobody answers a robot."""
    message = message_from_bytes(raw, EmailMessage, policy=policy.default)
    if _is_automatic(message):
        return None
    sender = parseaddr(str(message.get("From", "")))[1]
    if not re.fullmatch(r"[^\s@<>\"]{1,64}@[^\s@<>\"]{1,189}", sender):
        return None
    message_id = str(message.get("Message-ID", "")).strip() or sha256(raw).hexdigest()
    part = message.get_body(("plain", "html"))
    if part is None:
        return None
    try:
        content = part.get_content()
    except (LookupError, ValueError, KeyError):
        return None
    text = str(content)[:_MAX_TEXT]
    if part.get_content_type() == "text/html":
        text = _text_of(text)
    return Answer(sender, message_id[:500], text, sum(1 for _ in message.iter_attachments()))


def _is_automatic(message: EmailMessage) -> bool:
    submitted = str(message.get("Auto-Submitted", "no")).strip().lower()
    precedence = str(message.get("Precedence", "")).strip().lower()
    return (
        submitted.partition(";")[0].strip() != "no"
        or precedence in _AUTOMATIC
        or message.get("X-Autoreply") is not None
        or message.get_content_type() == "multipart/report"
    )


class _Words(HTMLParser):
    """The text of markup; scripts, styles and quotes are left out."""

    _LEFT_OUT: Final = ("script", "style", "head", "blockquote", "title")
    _BREAKS: Final = ("br", "p", "div", "tr", "li")

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._LEFT_OUT:
            self._depth += 1
        elif tag in self._BREAKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._LEFT_OUT and self._depth:
            self._depth -= 1

    def handle_data(self, data: str) -> None:
        if not self._depth:
            self.parts.append(re.sub(r"\s+", " ", data))


def _text_of(html: str) -> str:
    words = _Words()
    words.feed(html)
    words.close()
    return re.sub(r"\n{3,}", "\n\n", "".join(words.parts))
