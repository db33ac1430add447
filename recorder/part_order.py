"""Which part of which inspection somebody asks for, before anything of it is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.case_access import not_found
from cases.tables import Participant, Session
from recorder.proof.part_scope import MAX_MS, Scope
from runtime.errors import CaseError

Moment = datetime | timedelta
"""On the wall clock, or after the start of the inspection's timeline."""

_MS = timedelta(milliseconds=1)
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@dataclass(frozen=True, slots=True)
class PartOrder:
    """A part of one inspection; without participants, of everybody who was recorded."""

    session_id: str
    scope: Scope

    def as_json(self) -> dict[str, Any]:
        """How an order is kept, and shown."""
        return {
            "session_id": self.session_id,
            "participants": list(self.scope.participants),
            "from_ms": self.scope.from_ms,
            "to_ms": self.scope.to_ms,
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        """What ``as_json`` gave."""
        return cls(kept["session_id"], Scope(kept["participants"], kept["from_ms"], kept["to_ms"]))


async def find_part(
    tx: AsyncSession,
    case_id: str,
    session_id: str | None,
    participants: Sequence[str],
    start: Moment,
    end: Moment,
) -> PartOrder:
    """The part of a case's inspection; it may go unnamed when there is only one.

    Raises:
        CaseError: ``not_found`` (404), ``which_session`` (422), ``bad_part`` (422): the end is
            before the start, or somebody was not there.
    """
    sessions = list(await tx.scalars(select(Session).where(Session.case_id == case_id)))
    found = [one for one in sessions if session_id in (None, one.id)]
    if not found:
        raise not_found()
    if len(found) > 1:
        raise CaseError("which_session", "Say of which inspection: there are several.", status=422)
    (session,) = found
    people = set(
        await tx.scalars(select(Participant.id).where(Participant.session_id == session.id))
    )
    from_ms, to_ms = _on_the_clock(session, start), _on_the_clock(session, end)
    if not (0 <= from_ms <= to_ms <= MAX_MS and people.issuperset(participants)):
        raise CaseError("bad_part", "There is no such part of this inspection.", status=422)
    return PartOrder(session.id, Scope(sorted(set(participants)), from_ms, to_ms))


def _on_the_clock(session: Session, moment: Moment) -> int:
    at = session.created_at + moment if isinstance(moment, timedelta) else moment
    return (at - _EPOCH) // _MS
