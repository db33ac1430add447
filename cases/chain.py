"""PURE. Hash chains over salted commitments: what an event promises without saying it.

``commitment = SHA-256(salt ‖ payload)`` and ``hash = SHA-256(canonical {prev, seq, kind,
visibility, at, actor, commitment})``; JSON is canonical after RFC 8785.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

import rfc8785

from runtime.errors import ProofcallError

SALT_BYTES: Final = 16
GENESIS: Final = "0" * 64
"""What the first event names as its predecessor."""


class ChainBroken(ProofcallError):  # noqa: N818 - the name says what was found
    """A log is not what was written; ``seq`` is the first event that shows it."""

    def __init__(self, seq: int, why: str) -> None:
        super().__init__(f"event {seq}: {why}")
        self.seq = seq
        self.why = why


@dataclass(frozen=True, slots=True)
class ChainLink:
    """One event as the chain knows it; digests are lower-case hex."""

    seq: int
    kind: str
    visibility: str
    at: datetime
    actor: str
    commitment: str
    previous: str
    hash: str


def canonical(payload: Mapping[str, Any]) -> bytes:
    """The one way to write this as JSON (RFC 8785).

    Raises:
        ValueError: it holds what JSON cannot: other types, unsafe integers, lone surrogates.
    """
    try:
        return rfc8785.dumps(dict(payload))
    except (rfc8785.CanonicalizationError, UnicodeError) as error:
        raise ValueError(str(error)) from error


def commit(salt: bytes, payload: bytes) -> str:
    """The commitment to a canonical payload, hex."""
    return sha256(salt + payload).hexdigest()


def rfc3339(at: datetime) -> str:
    """Microseconds, UTC, ``Z``: the form in which a time is hashed.

    Raises:
        ValueError: the time is naive.
    """
    if at.tzinfo is None:
        raise ValueError("a naive datetime has no place in a log")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def link_after(
    previous: str,
    *,
    seq: int,
    kind: str,
    visibility: str,
    at: datetime,
    actor: str,
    commitment: str,
) -> ChainLink:
    """The link that follows the event whose hash is ``previous``."""
    digest = sha256(
        canonical(
            {
                "prev": previous,
                "seq": seq,
                "kind": kind,
                "visibility": visibility,
                "at": rfc3339(at),
                "actor": actor,
                "commitment": commitment,
            }
        )
    ).hexdigest()
    return ChainLink(seq, kind, visibility, at, actor, commitment, previous, digest)


def check_chain(links: Iterable[ChainLink]) -> str:
    """Follow a whole chain from its first event and give the last hash.

    What was cut off at the end cannot be seen from within; compare the answer
    with a hash that somebody else holds.

    Raises:
        ChainBroken: an event is missing, moved or changed.
    """
    previous = GENESIS
    for expected_seq, link in enumerate(links, start=1):
        if link.seq != expected_seq:
            raise ChainBroken(expected_seq, f"expected here, found {link.seq}")
        if link.previous != previous:
            raise ChainBroken(link.seq, "does not follow its predecessor")
        again = link_after(
            previous,
            seq=link.seq,
            kind=link.kind,
            visibility=link.visibility,
            at=link.at,
            actor=link.actor,
            commitment=link.commitment,
        )
        if again.hash != link.hash:
            raise ChainBroken(link.seq, "its hash does not fit its content")
        previous = link.hash
    return previous
