"""PURE. The part of DER (X.690) that time-stamps are written in: one spelling, bounded, strict."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
OCTETS: Final = 0x04
OBJECT_ID: Final = 0x06
GENERALIZED_TIME: Final = 0x18
SEQUENCE: Final = 0x30
SET: Final = 0x31

_LONG_TAG: Final = 0x1F
_MAX_LENGTH_BYTES: Final = 4
_TIME_CHARS: Final = len("20261128090000")


class BadDer(ValueError):  # noqa: N818
    """The bytes are not DER, or not what is expected there."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value: its tag's byte, what it holds, and both with the length between them."""

    tag: int
    content: bytes
    whole: bytes

    def items(self) -> Items:
        """What a constructed value holds, to be taken one after another."""
        return Items(self.content)

    def as_tag(self, tag: int) -> bytes:
        """The whole value under another tag, as signed attributes are hashed."""
        return bytes([tag]) + self.whole[1:]


class Items:
    """The values in some bytes, taken in order."""

    def __init__(self, content: bytes) -> None:
        self._rest = content

    @property
    def is_empty(self) -> bool:
        """Whether everything was taken."""
        return not self._rest

    def next_is(self, tag: int) -> bool:
        """Whether a value with this tag comes next."""
        return self._rest[:1] == bytes([tag])

    def take(self, tag: int) -> Value:
        """The next value.

        Raises:
            BadDer: there is none, or it has another tag.
        """
        if not self.next_is(tag):
            raise BadDer(f"expected tag {tag:#04x}")
        value, self._rest = _split(self._rest)
        return value

    def take_any(self) -> Value:
        """The next value, whatever its tag.

        Raises:
            BadDer: there is none.
        """
        value, self._rest = _split(self._rest)
        return value

    def take_optional(self, tag: int) -> Value | None:
        """The next value if it has this tag."""
        return self.take(tag) if self.next_is(tag) else None

    def end(self) -> None:
        """Insist that nothing follows.

        Raises:
            BadDer: something does.
        """
        if self._rest:
            raise BadDer("something follows")


def read_only(content: bytes, tag: int) -> Value:
    """The one value that the bytes are.

    Raises:
        BadDer: they are anything else.
    """
    items = Items(content)
    value = items.take(tag)
    items.end()
    return value


def read_integer(value: Value) -> int:
    """An INTEGER.

    Raises:
        BadDer: it is not written in its shortest form.
    """
    content = value.content
    if not content or (len(content) > 1 and content[0] in (0, 0xFF) and _fits_shorter(content)):
        raise BadDer("not a shortest integer")
    return int.from_bytes(content, signed=True)


def read_time(value: Value) -> datetime:
    """A GeneralizedTime in UTC, with a fraction or without (RFC 3161, section 2.4.2).

    Raises:
        BadDer: it is written otherwise, or there is no such moment.
    """
    try:
        text = value.content.decode("ascii")
    except UnicodeDecodeError as error:
        raise BadDer("not a time") from error
    digits, dot, fraction = text.removesuffix("Z").partition(".")
    well_formed = (
        text.endswith("Z")
        and len(digits) == _TIME_CHARS
        and digits.isdigit()
        and bool(dot) == bool(fraction)
        and (not dot or (fraction.isdigit() and not fraction.endswith("0")))
    )
    if not well_formed:
        raise BadDer("not a time in UTC")
    parts = [digits[:4], *(digits[at : at + 2] for at in range(4, _TIME_CHARS, 2))]
    year, month, day, hour, minute, second = map(int, parts)
    try:
        return datetime(
            year, month, day, hour, minute, second, int(fraction[:6].ljust(6, "0")), tzinfo=UTC
        )
    except ValueError as error:
        raise BadDer("no such moment") from error


def _fits_shorter(content: bytes) -> bool:
    return (content[0] == 0) == (content[1] < 0x80)


def _split(content: bytes) -> tuple[Value, bytes]:
    if len(content) < 2:
        raise BadDer("cut short")
    if content[0] & _LONG_TAG == _LONG_TAG:
        raise BadDer("a tag of several bytes")
    length, start = content[1], 2
    if length >= 0x80:
        count = length - 0x80
        start += count
        if not 1 <= count <= _MAX_LENGTH_BYTES or len(content) < start:
            raise BadDer("no definite length")
        length = int.from_bytes(content[2:start])
        if length < 0x80 or length >> (8 * (count - 1)) == 0:
            raise BadDer("not a shortest length")
    end = start + length
    if len(content) < end:
        raise BadDer("cut short")
    return Value(content[0], content[start:end], content[:end]), content[end:]
