"""A derived copy is checked by its statement: the right file, the right key, nothing else."""

from __future__ import annotations

import io
import json
from hashlib import sha256
from typing import Any

import pytest
import rfc8785

from recorder.proof import formats
from recorder.proof.derived_check import verify_derived
from recorder.proof.report import Answer
from tests.support.packages import signing_key

FILM = b"a film"
KEYS = json.dumps({"keys": [signing_key().jwk]}).encode()
SAID: dict[str, Any] = {
    "format": formats.DERIVED_FORMAT,
    "copy_id": "drv_1",
    "kind": "redacted",
    "case_id": "cas_1",
    "session_id": "ses_1",
    "manifest": {"number": 0, "sha256": "0" * 64},
    "from_ms": 0,
    "to_ms": 1000,
    "originals": [],
    "masks": [],
    "mutes": [{"from_ms": 0, "to_ms": 10}],
    "reason": "an address is said",
    "file": {"bytes": len(FILM), "sha256": sha256(FILM).hexdigest()},
}


def stated(said: dict[str, Any] = SAID, typ: str = formats.DERIVED_TYPE, seed: int = 1) -> bytes:
    """A signed statement."""
    return signing_key(seed).sign(rfc8785.dumps(said), typ).encode()


def test_a_copy_with_its_statement_and_key_is_verified() -> None:
    """The very bytes, signed by the operator."""
    report = verify_derived(io.BytesIO(FILM), stated() + b"\n", KEYS)
    assert (report.answer, report.said["reason"]) == (Answer.VERIFIED, "an address is said")


@pytest.mark.parametrize(
    ("film", "statement", "keys"),
    [
        (FILM + b" ", stated(), KEYS),
        (b"A film", stated(), KEYS),
        (FILM, stated(seed=2), KEYS),
        (FILM, stated(typ=formats.RECEIPT_TYPE), KEYS),
        (FILM, stated({**SAID, "format": "proofcall-derived-2"}), KEYS),
        (FILM, stated({**SAID, "more": 1}), KEYS),
        (FILM, stated()[:-1], KEYS),
        (FILM, "é".encode(), KEYS),
        (FILM, stated(), b"{}"),
        (FILM, stated(), b'{"keys": [1]}'),
        (FILM, stated(), b"no JSON"),
    ],
)
def test_anything_else_is_not(film: bytes, statement: bytes, keys: bytes) -> None:
    """Another file, key, kind, version or shape; a torn statement; keys that are none."""
    assert verify_derived(io.BytesIO(film), statement, keys).answer is Answer.NOT_VERIFIED
