"""PURE. What of a sealed session belongs to a part: the people asked for, between two moments.

Whoever makes a part and whoever checks it ask here, so that nothing can be left out of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

MAX_MS: Final = 253_402_300_799_999
"""The end of the year 9999, the last that the log can write."""

_NS_PER_MS: Final = 1_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NS: Final = re.compile(r"[0-9]{1,19}", re.ASCII)


def ns_to_ms(text: str) -> int:
    """A manifest's nanoseconds as whole milliseconds."""
    return int(text) // _NS_PER_MS


def has_readable_times(manifest: Any) -> bool:
    """Whether every moment that a manifest states is a number of nanoseconds."""
    told = [
        *(one["t0_ns"] for one in manifest["recordings"]),
        *(one["at_ns"] for one in manifest["stills"]),
        *(one[name] for one in manifest["gaps"] for name in ("from_ns", "to_ns")),
    ]
    return all(_NS.fullmatch(one) for one in told)


@dataclass(frozen=True, slots=True)
class Scope:
    """Two moments of a session, both included, in Unix milliseconds; and whose recordings."""

    participants: Sequence[str]
    from_ms: int
    to_ms: int

    def fits(self, manifest: Any) -> bool:
        """Whether these are moments, and people of the session, named in order and once."""
        known = {one["participant_id"] for one in manifest["participants"]}
        return (
            self.from_ms <= self.to_ms <= MAX_MS
            and len(self.participants) > 0
            and list(self.participants) == sorted(set(self.participants))
            and known.issuperset(self.participants)
        )

    def of_everybody(self, manifest: Any) -> Scope:
        """The same moments of everybody who was recorded."""
        people = {one["participant_id"] for one in manifest["recordings"]}
        return replace(self, participants=sorted(people))

    def recordings(self, manifest: Any) -> list[Any]:
        """Every recording of these people that is of this time."""
        return [
            one
            for one in manifest["recordings"]
            if one["participant_id"] in self.participants
            and one["fragments"] > 0
            and ns_to_ms(one["t0_ns"]) <= self.to_ms
            and (
                one["duration_ms"] is None
                or ns_to_ms(one["t0_ns"]) + one["duration_ms"] >= self.from_ms
            )
        ]

    def stills(self, manifest: Any) -> list[Any]:
        """Every photograph of these people at this time."""
        return [
            one
            for one in manifest["stills"]
            if one["participant_id"] in self.participants
            and self.from_ms <= ns_to_ms(one["at_ns"]) <= self.to_ms
        ]

    def gaps(self, manifest: Any, from_ms: int, to_ms: int) -> list[Any]:
        """Every gap of these people that touches what is given."""
        return [
            one
            for one in manifest["gaps"]
            if one["participant_id"] in self.participants
            and ns_to_ms(one["from_ns"]) <= to_ms
            and ns_to_ms(one["to_ns"]) >= from_ms
        ]

    def checkpoints(self, told: Sequence[Any]) -> range:
        """The places of the checkpoints of this time, and of the one that follows it."""
        first = next((at for at, one in enumerate(told) if not self.is_before(one)), len(told))
        reached = [at for at, one in enumerate(told) if not self.is_after(one)]
        return range(first, min((reached[-1] if reached else -1) + 2, len(told)))

    def is_before(self, event: Any) -> bool:
        """Whether an event of the log, or a checkpoint, was before this time."""
        return bool(event["at"] < log_time(self.from_ms))

    def is_after(self, event: Any) -> bool:
        """Whether it was after this time."""
        return bool(event["at"] > log_time(self.to_ms))

    def has(self, event: Any) -> bool:
        """Whether an event of the log is of this time."""
        return not self.is_before(event) and not self.is_after(event)


def log_time(at_ms: int) -> str:
    """A moment as the log writes it; texts of this form sort as the moments do."""
    at = _EPOCH + timedelta(milliseconds=at_ms)
    return f"{at:%Y-%m-%dT%H:%M:%S.%fZ}"
