"""A derived copy and its signed statement: whether they belong together, and who vouches."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, BinaryIO, Final

from recorder.proof import formats, shapes
from recorder.proof.jws import Jwk, canonical_json, check_public_jwk, is_signed_by, read_jws
from recorder.proof.report import Answer

_CHUNK_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class DerivedReport:
    """The answer, why not if not, and what the statement says (None if it is unreadable)."""

    answer: Answer
    problem: str | None
    said: Any


def verify_derived(file: BinaryIO, statement: bytes, keys: bytes) -> DerivedReport:
    """Check a copy against its statement; ``keys`` are the operator's published ones (JSON).

    A good answer is about the copy: signed by the operator, these very bytes. What it was made
    from is proven by the package of its originals, whose roots the statement names.
    """
    try:
        jws = read_jws(statement.decode("ascii").strip())
        said = canonical_json(jws.payload)
    except ValueError:
        return DerivedReport(Answer.NOT_VERIFIED, "the statement is unreadable", None)
    known = said.get("format") if isinstance(said, dict) else None
    if jws.typ != formats.DERIVED_TYPE or known != formats.DERIVED_FORMAT:
        return DerivedReport(Answer.NOT_VERIFIED, "it states no derived copy", None)
    if not shapes.fits(said, shapes.DERIVED):
        return DerivedReport(Answer.NOT_VERIFIED, "the statement has another shape", None)
    try:
        trusted = _keys(keys)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return DerivedReport(Answer.NOT_VERIFIED, "the keys are unreadable", said)
    if not any(is_signed_by(jws, key) for key in trusted):
        return DerivedReport(Answer.NOT_VERIFIED, "none of the keys signed the statement", said)
    digest, size = sha256(), 0
    while part := file.read(_CHUNK_BYTES):
        digest.update(part)
        size += len(part)
    if said["file"] != {"bytes": size, "sha256": digest.hexdigest()}:
        return DerivedReport(Answer.NOT_VERIFIED, "the statement is of another file", said)
    return DerivedReport(Answer.VERIFIED, None, said)


def _keys(content: bytes) -> list[Jwk]:
    """Every key of a published list.

    Raises:
        ValueError: it is none.
    """
    value: Any = json.loads(content)
    return [check_public_jwk(one) for one in value["keys"]]
