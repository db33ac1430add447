"""PURE. What a report tells of a case: values that were read, without words of ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Agreement:
    """Somebody's consent to being recorded."""

    version: str
    language: str
    given_at: datetime
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in an inspection; a camera never agrees to anything."""

    id: str
    name: str
    role: str
    joined_at: datetime
    agreements: Sequence[Agreement]


@dataclass(frozen=True, slots=True)
class Happening:
    """An event that both parties may read."""

    kind: str
    at: datetime
    name: str
    payload: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Shot:
    """A photograph as the manifest states it; ``number`` is its place among the given ones."""

    at: datetime
    participant_id: str
    taken_by: str
    was_cut: bool
    number: int | None


@dataclass(frozen=True, slots=True)
class Hole:
    """Evidence that is missing."""

    at: datetime
    length_s: float
    participant_id: str
    cause: str


@dataclass(frozen=True, slots=True)
class Stamp:
    """An authority's time-stamp: its file, and when it came."""

    file: str
    at: str


@dataclass(frozen=True, slots=True)
class Seal:
    """A manifest."""

    number: int
    sealed_at: datetime
    complete: bool
    sha256: str
    root: str
    kid: str
    receipt: str
    receipt_file: str
    stamps: Sequence[Stamp]


@dataclass(frozen=True, slots=True)
class Inspection:
    """A session that was sealed."""

    id: str
    direction: str
    began_at: datetime
    ended_at: datetime | None
    people: Sequence[Person]
    happenings: Sequence[Happening]
    shots: Sequence[Shot]
    holes: Sequence[Hole]
    seals: Sequence[Seal]
    log_file: str

    def name_of(self, participant_id: object) -> str:
        """What somebody is called; empty for nobody of this inspection."""
        return next((one.name for one in self.people if one.id == participant_id), "")


@dataclass(frozen=True, slots=True)
class Part:
    """That a report is of a part: its two moments, and whose recordings are in it."""

    start: datetime
    end: datetime
    people: Sequence[str]


@dataclass(frozen=True, slots=True)
class Given:
    """What the buyer was given."""

    amount: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Story:
    """A case as both of its parties may read it; of a part what happened within, no more."""

    case_id: str
    order_number: str
    language: str
    zone: str
    seller: str
    warehouse: str | None
    buyer: str
    items: Sequence[tuple[int, str, str]]
    """Quantity, title, article number."""
    reason: str
    claim: str
    policy: str
    buyer_word: str | None
    outcome: str | None
    decided_at: datetime | None
    decision_note: str
    given: Sequence[Given]
    inspections: Sequence[Inspection]
    keys_url: str
    as_of: datetime
    part: Part | None = None
