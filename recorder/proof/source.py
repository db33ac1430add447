"""PURE. A package as a verifier reads it: bounded parts, problems noted with their places."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, Protocol
from zlib import crc32

from recorder.proof.jws import (
    Jws,
    canonical_json,
    is_signed_by,
    read_jws,
)
from recorder.proof.report import Problem
from recorder.proof.shapes import Shape, fits
from recorder.proof.zip_form import Entry

MAX_TEXT_BYTES: Final = 64 * 1024 * 1024
MAX_PROBLEMS: Final = 1000
_PART_BYTES: Final = 1024 * 1024

Keys = dict[str, dict[str, str]]
"""Operator keys by name."""


class Bytes(Protocol):
    """Random access to the package."""

    @property
    def size(self) -> int:
        """Its length."""
        ...

    def read(self, start: int, end: int) -> bytes:
        """Bytes ``start`` (included) to ``end`` (excluded)."""
        ...


@dataclass(slots=True)
class Source:
    """The entries of a package; what is wrong is noted once for each place and goes on."""

    content: Bytes
    entries: dict[str, Entry]
    keys: Keys = field(default_factory=dict)
    noted: dict[Problem, None] = field(default_factory=dict)
    signers: set[str] = field(default_factory=set)

    def blame(self, code: str, path: str, at: int | None = None) -> None:
        """Note a problem."""
        if len(self.noted) < MAX_PROBLEMS:
            self.noted[Problem(code, path, at)] = None

    def parts(self, entry: Entry) -> Iterator[bytes]:
        """An entry's bytes, a bounded part at a time."""
        at = entry.start
        while at < entry.end:
            end = min(entry.end, at + _PART_BYTES)
            yield self.content.read(at, end)
            at = end

    def digest(self, entry: Entry) -> str:
        """An entry's SHA-256; its checksum is compared on the way."""
        if entry.size > MAX_TEXT_BYTES:
            self.blame("too_large", entry.name)
            return ""
        digest, crc = sha256(), 0
        for part in self.parts(entry):
            digest.update(part)
            crc = crc32(part, crc)
        if crc != entry.crc:
            self.blame("checksum", entry.name)
        return digest.hexdigest()

    def text(self, path: str) -> bytes | None:
        """A small file's bytes; None, and a problem, when there is none."""
        entry = self.entries.get(path)
        if entry is None:
            self.blame("missing", path)
            return None
        if entry.size > MAX_TEXT_BYTES:
            self.blame("too_large", path)
            return None
        return b"".join(self.parts(entry))

    def json(self, path: str, shape: Shape) -> Any:
        """A canonical JSON file of a shape; None, and a problem, when it is not that."""
        content = self.text(path)
        return None if content is None else self.value(content, shape, path)

    def value(self, content: bytes, shape: Shape, path: str, at: int | None = None) -> Any:
        """A canonical JSON text of a shape; None, and a problem, when it is not that."""
        try:
            value = canonical_json(content)
        except ValueError:
            self.blame("not_canonical", path, at)
            return None
        if not fits(value, shape):
            self.blame("format", path, at)
            return None
        return value

    def jws(self, content: bytes, path: str, at: int | None = None) -> Jws | None:
        """A JWS taken apart; None, and a problem, when it is none."""
        try:
            return read_jws(content.decode("ascii"))
        except ValueError:
            self.blame("not_canonical", path, at)
            return None

    def statement(
        self, content: bytes, typ: str, shape: Shape, path: str, at: int | None = None
    ) -> tuple[Any, str] | None:
        """What the operator signed, and the SHA-256 of the signed body.

        None, and a problem, when the signature or the shape does not fit.
        """
        jws = self.jws(content, path, at)
        if jws is None:
            return None
        key = self.keys.get(jws.kid)
        if key is None:
            self.blame("unknown_key", path, at)
            return None
        if jws.typ != typ or not is_signed_by(jws, key):
            self.blame("signature", path, at)
            return None
        self.signers.add(jws.kid)
        value = self.value(jws.payload, shape, path, at)
        return None if value is None else (value, sha256(jws.payload).hexdigest())
