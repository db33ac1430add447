"""PURE. What a verifier found: one of four words, and what, where and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Final


class Answer(StrEnum):
    """The four answers."""

    VERIFIED = "verified"
    WITH_GAPS = "verified_with_gaps"
    ORIGIN_UNCONFIRMED = "consistent_origin_unconfirmed"
    NOT_VERIFIED = "not_verified"


EXIT_STATUS: Final = {
    Answer.VERIFIED: 0,
    Answer.WITH_GAPS: 3,
    Answer.NOT_VERIFIED: 4,
    Answer.ORIGIN_UNCONFIRMED: 5,
}

ANSWER_WORDS: Final = {
    Answer.VERIFIED: "verified",
    Answer.WITH_GAPS: "verified with gaps",
    Answer.ORIGIN_UNCONFIRMED: "consistent, origin unconfirmed",
    Answer.NOT_VERIFIED: "not verified",
}

PROBLEM_WORDS: Final = {
    "zip": "the file is not in the form of a package",
    "checksum": "the checksum of the ZIP does not fit",
    "missing": "the file is missing",
    "unlisted": "the file does not belong to the package",
    "size": "the file has another length than was signed",
    "digest": "the file is not what was signed",
    "too_large": "the file is larger than such a file can be",
    "not_canonical": "the file is not written in the one way it must be",
    "format": "the file does not say what such a file says",
    "place": "the file belongs elsewhere",
    "key": "the key is not what its name says",
    "unknown_key": "the signing key is not among the package's keys",
    "signature": "the signature does not fit",
    "order": "the numbers do not follow each other",
    "previous": "it does not cite what came before it",
    "chain": "an event is missing, moved or changed",
    "payload": "an event's words are not what was committed to",
    "log_head": "the log is not the one that was sealed",
    "table": "the list of fragments is not the one that was sealed",
    "fragment": "a fragment is not what was recorded",
    "root": "the Merkle root does not fit",
    "shrunk": "less is stated than before",
    "moments": "the part is not of the moments, people or recordings that it says",
    "unread_moment": "the fragment does not say when it was",
    "still": "the photograph is not the one that was sealed",
    "device_key": "nothing that was sealed names the device that countersigned",
    "receipt": "the receipt is for other evidence",
    "wrong_key": "another key has signed than the one given",
    "bad_receipt": "the given receipt cannot be read",
    "bad_key": "the given key cannot be read",
    "tsa_unreadable": "the file is not the answer of a time-stamping authority (RFC 3161)",
    "tsa_refused": "the authority refused to give a time-stamp",
    "tsa_imprint": "the time-stamp is of something else than a manifest of this package",
    "tsa_algorithm": "the time-stamp is signed in a way that is not supported",
    "tsa_signature": "the time-stamp's signature does not fit",
    "tsa_purpose": "the time-stamp's certificate is not one for time-stamping",
    "tsa_validity": "the time-stamp's certificate was not valid at that time",
    "tsa_future": "the time-stamp is from the future",
    "tsa_chain": "the time-stamp's certificate does not stand under a trusted authority",
    "tsa_renewal": "the time-stamp was not renewed while the one before it was valid",
    "bad_tsa_ca": "the certificates of authorities cannot be read",
}
"""Why, in English, by code; the page has its own languages."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as it must be: ``path`` in the package, ``at`` a number inside it.

    ``at`` is a fragment, an event, a checkpoint or a byte, by ``code``.
    """

    code: str
    path: str
    at: int | None = None

    @property
    def words(self) -> str:
        """One line for people."""
        where = self.path if self.at is None else f"{self.path}, {self.at}"
        return f"{where}: {PROBLEM_WORDS[self.code]}"


@dataclass(frozen=True, slots=True)
class GapFound:
    """Evidence that is missing and admitted; nanoseconds as text, ``at`` what it is about."""

    session_id: str
    participant_id: str
    from_ns: str
    to_ns: str
    cause: str


@dataclass(frozen=True, slots=True)
class TimestampFound:
    """A manifest that existed ``at`` a time, says an authority; ``confirmed``: one that was given.

    ``until`` is the end of the certificate that signed the last of its ``renewals``.
    """

    session_id: str
    number: int
    at: str
    until: str
    renewals: int
    confirmed: bool

    @property
    def words(self) -> str:
        """One line for people."""
        by = "the authority given" if self.confirmed else "an authority that was not confirmed"
        renewed = f"; renewals since: {self.renewals}" if self.renewals else ""
        return (
            f"{self.session_id}: manifest {self.number} was time-stamped {self.at} by {by}{renewed}"
        )


@dataclass(frozen=True, slots=True)
class Covered:
    """From the first sample of a recording in a part to the last one; Unix milliseconds."""

    recording_id: str
    participant_id: str
    from_ms: int
    to_ms: int


@dataclass(frozen=True, slots=True)
class PartFound:
    """That a package is of a part: the moments asked for, and what covers them, as proven."""

    session_id: str
    from_ms: int
    to_ms: int
    covered: Sequence[Covered]


@dataclass(slots=True)
class SessionReport:
    """What was checked of one inspection.

    ``withheld`` counts events whose words are not in the package (they are not the parties',
    or were erased); ``countersigned`` counts checkpoints by participant.
    """

    session_id: str
    manifests: int = 0
    recordings: int = 0
    fragments: int = 0
    stills: int = 0
    events: int = 0
    withheld: int = 0
    checkpoints: int = 0
    countersigned: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a verifier has to say."""

    answer: Answer
    problems: Sequence[Problem]
    gaps: Sequence[GapFound]
    sessions: Sequence[SessionReport]
    signed_by: Sequence[str]
    confirmed_by: Sequence[str]
    """``receipt``, ``key``: what from outside the package vouches for the signing keys."""
    timestamps: Sequence[TimestampFound] = ()
    part: PartFound | None = None
    """None for a whole package."""

    def as_json(self) -> dict[str, Any]:
        """For machines; the page's answer has the same form."""
        said: dict[str, Any] = {
            "answer": str(self.answer),
            "problems": [asdict(problem) for problem in self.problems],
            "gaps": [asdict(gap) for gap in self.gaps],
            "sessions": [asdict(session) for session in self.sessions],
            "signed_by": list(self.signed_by),
            "confirmed_by": list(self.confirmed_by),
            "timestamps": [asdict(one) for one in self.timestamps],
        }
        if self.part is not None:
            said["part"] = asdict(self.part)
        return said


def conclude(problems: Sequence[Problem], gaps: Sequence[GapFound], confirmed: bool) -> Answer:
    """The word for what was found."""
    if problems:
        return Answer.NOT_VERIFIED
    if not confirmed:
        return Answer.ORIGIN_UNCONFIRMED
    return Answer.WITH_GAPS if gaps else Answer.VERIFIED
