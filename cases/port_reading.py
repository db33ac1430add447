"""PURE. What is sent to a port and what its answer says: templates, JSON pointers, outcomes."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final
from urllib.parse import quote

from pydantic import JsonValue

from cases.port_commands import MAX_SCANS, PLACEHOLDER, LabelSetup, RefundSetup, TrackingSetup
from cases.tracking import Scan
from cases.tracking_words import status_of

_MAX_WORDS_CHARS: Final = 100
_MISSING: Final = object()


class UnreadableAnswer(Exception):  # noqa: N818 - says what it is
    """The answer is not what the set-up describes; says in a sentence why."""


class RefundWord(StrEnum):
    """What a provider says of a refund."""

    CONFIRMED = "confirmed"
    REFUSED = "refused"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class ScanFound:
    """A scan in an answer, with the number of its parcel where the answer names one."""

    tracking_number: str | None
    scan: Scan


@dataclass(frozen=True, slots=True)
class ScansFound:
    """What an answer told, and what of it could not be read, each in a sentence."""

    scans: list[ScanFound]
    unread: list[str]


@dataclass(frozen=True, slots=True)
class LabelFound:
    """A label in an answer: its bytes, or the address at which they are."""

    tracking_number: str | None
    content: bytes | None
    url: str | None


@dataclass(frozen=True, slots=True)
class RefundFound:
    """What a provider says of a refund, and its own id for it."""

    word: RefundWord
    remote_id: str | None


def fill_url(template: str, words: Mapping[str, str]) -> str:
    """The address, every word percent-encoded so that none can leave its place."""
    return PLACEHOLDER.sub(lambda found: quote(words[found[1]], safe=""), template)


def fill_body(body: JsonValue, words: Mapping[str, str | int]) -> JsonValue:
    """The body; a text that is one word alone takes its kind, so that amounts stay numbers."""
    if isinstance(body, dict):
        return {key: fill_body(value, words) for key, value in body.items()}
    if isinstance(body, list):
        return [fill_body(value, words) for value in body]
    if not isinstance(body, str):
        return body
    whole = PLACEHOLDER.fullmatch(body)
    if whole is not None:
        return words[whole[1]]
    return PLACEHOLDER.sub(lambda found: str(words[found[1]]), body)


def parse_answer(answer: bytes) -> JsonValue:
    """The JSON of an answer.

    Raises:
        UnreadableAnswer: it is none.
    """
    try:
        parsed: JsonValue = json.loads(answer.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise UnreadableAnswer("The answer is not JSON.") from error
    return parsed


def read_scans(answer: JsonValue, setup: TrackingSetup) -> ScansFound:
    """The scans that an answer holds.

    Raises:
        UnreadableAnswer: there is no list where the set-up says.
    """
    items = at(answer, setup.scans_at)
    if not isinstance(items, list):
        raise UnreadableAnswer(f"There is no list of scans at {setup.scans_at or 'the top'}.")
    number = _text(at(answer, setup.number_at))
    scans: list[ScanFound] = []
    unread = []
    for place, item in enumerate(items[:MAX_SCANS], start=1):
        read = _scan(item, setup)
        if isinstance(read, str):
            unread.append(f"Scan {place}: {read}")
        else:
            scans.append(ScanFound(_text(at(item, setup.number_at)) or number, read))
    if len(items) > MAX_SCANS:
        unread.append(f"There are {len(items)} scans; the first {MAX_SCANS} were read.")
    return ScansFound(scans, unread)


def read_time(value: object) -> datetime | None:
    """A moment as carriers write it: ISO 8601 (without a zone: UTC) or seconds since 1970."""
    try:
        if isinstance(value, bool) or value is None:
            return None
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value / (1000 if value > 1e11 else 1), UTC)
        if isinstance(value, str):
            found = datetime.fromisoformat(value.strip())
            found = found if found.tzinfo else found.replace(tzinfo=UTC)
            return found.astimezone(UTC) if 1970 <= found.year < 2200 else None
    except (ValueError, OverflowError, OSError):
        return None
    return None


def read_label(answer: JsonValue, setup: LabelSetup) -> LabelFound:
    """The label that an answer holds.

    Raises:
        UnreadableAnswer: neither an address nor base64 stands where the set-up says.
    """
    told = at(answer, setup.label_at)
    if not isinstance(told, str) or not told:
        raise UnreadableAnswer(f"There is no label at {setup.label_at or 'the top'}.")
    number = _text(at(answer, setup.number_at))
    if told.startswith(("https://", "http://")):
        return LabelFound(number, None, told)
    if told.startswith("data:"):
        told = told.partition(",")[2]
    try:
        return LabelFound(number, base64.b64decode("".join(told.split()), validate=True), None)
    except (binascii.Error, ValueError) as error:
        raise UnreadableAnswer(
            f"What stands at {setup.label_at} is neither base64 nor an address."
        ) from error


def read_refund(answer: JsonValue, setup: RefundSetup, amount_minor: int) -> RefundFound:
    """What an answer says of a refund; a word that is in neither list is *pending*.

    Raises:
        UnreadableAnswer: there is no such word, or the amount is another one.
    """
    word = _text(at(answer, setup.status_at))
    if word is None:
        raise UnreadableAnswer(f"There is no status at {setup.status_at or 'the top'}.")
    if setup.amount_at is not None and at(answer, setup.amount_at) != amount_minor:
        raise UnreadableAnswer("The answer names another amount than was ordered.")
    remote_id = _text(at(answer, setup.id_at))
    said = word.casefold()
    if said in (one.casefold() for one in setup.confirmed):
        return RefundFound(RefundWord.CONFIRMED, remote_id)
    if said in (one.casefold() for one in setup.refused):
        return RefundFound(RefundWord.REFUSED, remote_id)
    return RefundFound(RefundWord.PENDING, remote_id)


def at(value: JsonValue, pointer: str) -> object:
    """What stands at a JSON pointer (RFC 6901); None when nothing does."""
    found: object = value
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict):
            found = found.get(name, _MISSING)
        elif isinstance(found, list) and name.isascii() and name.isdigit() and len(name) < 6:
            found = found[int(name)] if int(name) < len(found) else _MISSING
        else:
            found = _MISSING
        if found is _MISSING:
            return None
    return found


def printable(value: str) -> str:
    """A stranger's words on one line, as any database keeps and any page may show them."""
    shown = "".join(one if one.isprintable() else " " for one in value)
    return " ".join(shown.split())[:_MAX_WORDS_CHARS]


def _scan(item: JsonValue, setup: TrackingSetup) -> Scan | str:
    words = _text(at(item, setup.status_at))
    if words is None:
        return f"there is no status at {setup.status_at}."
    status = status_of(words, setup.words)
    if status is None:
        return f"the word {words!r} is not known."
    when = read_time(at(item, setup.time_at))
    if when is None:
        return f"there is no time at {setup.time_at}."
    return Scan(status, when, _text(at(item, setup.place_at)) or "", words)


def _text(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return printable(str(value)) or None
