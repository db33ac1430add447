"""PURE. Which places the uploader cannot store in, since when, whose fault, and who waits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from runtime.errors import StoreError, StoreFault

_MOST_SESSIONS: Final = 200


@dataclass(frozen=True, slots=True)
class StoreOutage:
    """A place that takes nothing now; ``waiting_facts`` are on this machine's disk, safe.

    ``reason`` is a ``StoreReason``; ``message`` is for operators.
    """

    place: str
    fault: StoreFault
    reason: str
    message: str
    since_ns: int
    sessions: tuple[str, ...]
    waiting_facts: int

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> StoreOutage:
        """What ``fields`` of it were.

        Raises:
            KeyError, ValueError, TypeError: it is no outage.
        """
        return cls(
            place=str(given["place"]),
            fault=StoreFault(given["fault"]),
            reason=str(given["reason"]),
            message=str(given["message"]),
            since_ns=int(given["since_ns"]),
            sessions=tuple(map(str, given["sessions"])),
            waiting_facts=int(given["waiting_facts"]),
        )

    def fields(self) -> dict[str, Any]:
        """JSON values."""
        return {**asdict(self), "sessions": list(self.sessions)}


@dataclass(frozen=True, slots=True)
class _Failure:
    place: str
    fault: StoreFault
    reason: str
    message: str
    since_ns: int
    last_ns: int


class Outages:
    """Kept by session, since one object may fail while its place is well."""

    def __init__(self) -> None:
        self._failures: dict[str, _Failure] = {}

    def failed(self, session_id: str, place: str, error: StoreError, now_ns: int) -> None:
        """The store did not take a segment of this session."""
        before = self._failures.get(session_id)
        since = before.since_ns if before is not None and before.place == place else now_ns
        self._failures[session_id] = _Failure(
            place, error.fault, error.reason, str(error), since, now_ns
        )

    def stored(self, session_id: str) -> None:
        """The store took one, or the session is done."""
        self._failures.pop(session_id, None)

    @property
    def sessions(self) -> list[str]:
        """The sessions that wait."""
        return sorted(self._failures)

    def by_place(self, waiting: Mapping[str, int]) -> list[StoreOutage]:
        """One for each place, in order; ``waiting`` are the facts of each session."""
        places: dict[str, dict[str, _Failure]] = {}
        for session_id, failure in sorted(self._failures.items()):
            places.setdefault(failure.place, {})[session_id] = failure
        return [self._of(place, found, waiting) for place, found in sorted(places.items())]

    @staticmethod
    def _of(place: str, found: Mapping[str, _Failure], waiting: Mapping[str, int]) -> StoreOutage:
        latest = max(found.values(), key=lambda one: one.last_ns)
        return StoreOutage(
            place=place,
            fault=latest.fault,
            reason=latest.reason,
            message=latest.message,
            since_ns=min(one.since_ns for one in found.values()),
            sessions=tuple(found)[:_MOST_SESSIONS],
            waiting_facts=sum(waiting.get(session_id, 0) for session_id in found),
        )


def read_outages(given: Iterable[Mapping[str, Any]]) -> list[StoreOutage]:
    """The outages in an uploader's status."""
    return [StoreOutage.from_json(one) for one in given]
