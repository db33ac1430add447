"""PURE. What somebody wrote themselves in an answered mail: quotes and signature are cut off."""

from __future__ import annotations

import re
from typing import Final

_SIGNATURE: Final = re.compile(r"^-- ?$")
_BEGINS_QUOTE: Final = re.compile(
    r"^(on .{5,200} wrote:|am .{5,200} schrieb.*:|el .{5,200} escribió:|在.{2,200}写道[：:]"
    r"|.{2,200}于.{2,200}写道[：:]|في .{2,200} كتب.*:"
    r"|-{2,} ?(original message|ursprüngliche nachricht|mensaje original|原始邮件)[ -]*"
    r"|_{10,}|(from|von|de|发件人|من)[：:] .{2,200}@.{2,200})$",
    re.IGNORECASE,
)
_FOLDED: Final = re.compile(r"^(on|am|el|في) .{5,200}$", re.IGNORECASE)
_WROTE: Final = re.compile(r".*(wrote|schrieb.*|escribió|كتب.*):$", re.IGNORECASE)
_MAX_LINES: Final = 500


def own_words(text: str) -> str:
    """The text above the first quote or signature; the whole of it if that leaves nothing."""
    kept: list[str] = []
    lines = text.replace("\r\n", "\n").split("\n")[:_MAX_LINES]
    for number, line in enumerate(lines):
        plain = line.strip()[:400]
        following = lines[number + 1].strip()[:400] if number + 1 < len(lines) else ""
        if _SIGNATURE.match(line) or _BEGINS_QUOTE.match(plain):
            break
        # Mail programs fold a long "On … wrote:" over two lines.
        if _FOLDED.match(plain) and _WROTE.match(following):
            break
        if not plain.startswith(">"):
            kept.append(line.rstrip())
    return "\n".join(kept).strip()
