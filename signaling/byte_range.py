"""PURE. Which bytes of a file a request asks for (RFC 9110, sections 13 and 14)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_ONE_RANGE: Final = re.compile(r"bytes=\s*(\d{0,19})\s*-\s*(\d{0,19})\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Whole:
    """Everything, with status 200."""


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes ``start`` (included) to ``end`` (excluded), with status 206."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class NotModified:
    """The client has it already: 304."""


def choose(
    headers: Mapping[str, str], method: str, size: int, etag: str
) -> Whole | Part | NotModified | None:
    """What to answer; ``None`` is 416, a range that cannot be satisfied.

    ``etag`` is quoted and strong. Several ranges at once, other units, and a range that
    does not follow the grammar are ignored, as section 14.2 allows: the whole is sent.
    """
    if _names(headers.get("If-None-Match", ""), etag):
        return NotModified()
    wanted = headers.get("Range")
    if wanted is None or method != "GET":
        return Whole()
    if_range = headers.get("If-Range")
    if if_range is not None and if_range.strip() != etag:
        return Whole()
    match = _ONE_RANGE.fullmatch(wanted)
    if match is None or not (match[1] or match[2]):
        return Whole()
    if not match[1]:
        last_bytes = int(match[2])
        return Part(max(0, size - last_bytes), size) if last_bytes and size else None
    start = int(match[1])
    if match[2] and int(match[2]) < start:
        return Whole()
    if start >= size:
        return None
    return Part(start, min(size, int(match[2]) + 1) if match[2] else size)


def _names(if_none_match: str, etag: str) -> bool:
    """The weak comparison of section 13.1.2."""
    if if_none_match.strip() == "*":
        return True
    return any(tag.strip().removeprefix("W/") == etag for tag in if_none_match.split(","))
