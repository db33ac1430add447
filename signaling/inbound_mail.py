"""A mail as a mail server posts it, read without trust: who wrote what, with which files.

Reading is done in a child process (``read_apart``): a stranger's mail may be made so that it
takes all memory or time of whoever takes it apart.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart
from email.utils import parseaddr
from hashlib import sha256
from html.parser import HTMLParser
from typing import Final

from runtime.confined import confine, run_apart
from runtime.errors import CaseError

MAX_MAIL_BYTES: Final = 25 * 1024 * 1024
MOST_LOOKED_AT: Final = 20
"""Files of a mail whose bytes are looked at; of those after them, only the name is kept."""
_MOST_NAMED: Final = 40
_LOGO_BYTES: Final = 20_000
_AUTOMATIC: Final = ("bulk", "junk", "list", "auto_reply")
_SIGNATURES: Final = (
    "application/pgp-signature",
    "application/pkcs7-signature",
    "application/x-pkcs7-signature",
)
_MAX_TEXT: Final = 40_000
_MAX_NAME: Final = 200
_LIMIT_S: Final = 15.0
_MEMORY_LIMIT_BYTES: Final = 768 * 1024**2


@dataclass(frozen=True, slots=True)
class MailedFile:
    """A file of a mail; ``content`` is None for one after the first twenty."""

    name: str
    content: bytes | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What counts of a mail."""

    sender: str
    message_id: str
    text: str
    files: tuple[MailedFile, ...]


async def read_apart(raw: bytes) -> Answer | None:
    """The same as ``read_answer``, in a child.

    Raises:
        CaseError: ``unreadable_mail`` (422), it takes more time or memory than any mail may.
    """
    told = await run_apart("signaling.inbound_mail", content=raw, limit_s=_LIMIT_S)
    if told is None:
        raise CaseError("unreadable_mail", "This mail cannot be read.", status=422)
    return _unpack(told) if told else None


def read_answer(raw: bytes) -> Answer | None:
    """The mail, or None when a machine wrote it or nobody did: nobody answers a robot."""
    message = message_from_bytes(raw, EmailMessage, policy=policy.default)
    if _is_automatic(message):
        return None
    sender = parseaddr(str(message.get("From", "")))[1]
    if not re.fullmatch(r"[^\s@<>\"]{1,64}@[^\s@<>\"]{1,189}", sender):
        return None
    message_id = str(message.get("Message-ID", "")).strip() or sha256(raw).hexdigest()
    body = message.get_body(("plain", "html"))
    texts = [_words_of(body)] if body is not None else []
    files: list[MailedFile] = []
    for part, is_mixed in _leaves(message, is_mixed=True):
        if part is body:
            continue
        if _is_text(part):
            # Phones write on below a picture; other texts are the same one in another form.
            if is_mixed:
                texts.append(_words_of(part))
            continue
        if part.get_content_type() in _SIGNATURES or len(files) >= _MOST_NAMED:
            continue
        content = _bytes_of(part)
        if not _is_logo(part, content):
            kept = content if len(files) < MOST_LOOKED_AT else None
            files.append(MailedFile((part.get_filename() or "")[:_MAX_NAME], kept))
    text = "\n".join(texts)[:_MAX_TEXT]
    return Answer(sender, message_id[:500], text, tuple(files))


def _leaves(message: MIMEPart, *, is_mixed: bool) -> Iterator[tuple[MIMEPart, bool]]:
    """Every part that holds no others, and whether it is one after the other of a sequence.

    A forwarded mail is one file: what is in it is not the sender's to attach.
    """
    if message.get_content_maintype() != "multipart":
        yield message, is_mixed
        return
    within = message.get_content_subtype()
    for part in message.iter_parts():
        yield from _leaves(part, is_mixed=is_mixed and within in ("mixed", "signed"))


def _is_text(part: MIMEPart) -> bool:
    return (
        part.get_content_type() in ("text/plain", "text/html")
        and part.get_filename() is None
        and part.get_content_disposition() != "attachment"
    )


def _words_of(part: MIMEPart) -> str:
    try:
        text = str(part.get_content())
    except (LookupError, ValueError):
        # Whatever it says of its characters, the words are kept.
        text = _bytes_of(part).decode("utf-8", "replace")
    text = text[:_MAX_TEXT]
    return _text_of(text) if part.get_content_type() == "text/html" else text


def _bytes_of(part: MIMEPart) -> bytes:
    if part.get_content_type() == "message/rfc822":
        return b"".join(bytes(one) for one in part.iter_parts())
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _is_logo(part: MIMEPart, content: bytes) -> bool:
    """Whether this is what signatures and layouts are made of: a tiny picture of the text's own."""
    return (
        part.get("Content-ID") is not None
        and part.get_content_maintype() == "image"
        and part.get_content_disposition() != "attachment"
        and len(content) <= _LOGO_BYTES
    )


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


def _pack(answer: Answer) -> bytes:
    """A line of JSON, then the files' bytes one after the other."""
    head = asdict(answer)
    head["files"] = [
        [one.name, None if one.content is None else len(one.content)] for one in answer.files
    ]
    return b"\n".join(
        (json.dumps(head).encode(), b"".join(one.content or b"" for one in answer.files))
    )


def _unpack(told: bytes) -> Answer:
    line, _, rest = told.partition(b"\n")
    head = json.loads(line)
    files, at = [], 0
    for name, size in head.pop("files"):
        content = None if size is None else rest[at : at + size]
        at += size or 0
        files.append(MailedFile(name, content))
    return Answer(**head, files=tuple(files))


def main() -> int:
    """The child: a mail on standard input, what counts of it on standard output, or nothing."""
    confine(memory_bytes=_MEMORY_LIMIT_BYTES)
    answer = read_answer(sys.stdin.buffer.read(MAX_MAIL_BYTES))
    if answer is not None:
        sys.stdout.buffer.write(_pack(answer))
        sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
