"""What somebody who works here did: calls, entries of the case and session logs, looks.

Of returns that the asker may not see stand number, time and kind, and nothing that was said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.keys import KeyDestroyed, KeyRing
from cases.log import LogKind, Visibility, opened
from cases.participant_names import opened_names
from cases.tables import Case, CaseAccess, Consent, Event, Gap, Participant, Recording, Session
from cases.timeline import extent_of
from recorder.person_export.moments import told_at, told_ns, told_span, told_spans

Shown = dict[str, Any]


@dataclass(slots=True)
class Seen:
    """What the asker may see: ``tenants`` are whose logs are looked through, with their names.

    ``open_tenants`` are those whose returns the asker may see now.
    """

    keys: KeyRing
    tenants: Mapping[str, str]
    open_tenants: frozenset[str]
    may_see: Callable[[Case], bool]
    is_own: bool
    _keys: dict[str, bytes | None] = field(default_factory=dict)

    def place(self, case: Case) -> Shown:
        """Which return, as much as the asker may know of it."""
        if not self.may_see(case):
            return {"case_id": case.id, "withheld": True}
        return {
            "case_id": case.id,
            "order_number": case.order_number,
            "seller": self.tenants.get(case.tenant_id),
        }

    async def key(self, tx: AsyncSession, case: Case, session_id: str | None) -> bytes | None:
        """What opens a log of a return that the asker may see; None for what is not to be read."""
        if not self.may_see(case):
            return None
        subject = session_id or case.id
        if subject not in self._keys:
            try:
                self._keys[subject] = (
                    await self.keys.session_key(tx, session_id)
                    if session_id is not None
                    else await self.keys.case_key(tx, case.id)
                )
            except KeyDestroyed:
                self._keys[subject] = None
        return self._keys[subject]


async def calls_of(tx: AsyncSession, seen: Seen, staff_id: str) -> list[Shown]:
    """The inspections that the person was in, with what was agreed to and recorded of them."""
    result = await tx.execute(
        select(Participant, Session, Case)
        .join(Session, Session.id == Participant.session_id)
        .join(Case, Case.id == Session.case_id)
        .where(Participant.staff_id == staff_id)
        .order_by(Participant.joined_at, Participant.id)
    )
    rows = [(person, session, case) for person, session, case in result]
    names = await opened_names(tx, seen.keys, [person for person, _, _ in rows])
    return [
        {
            "id": session.id,
            **seen.place(case),
            "role": person.role,
            "capacity": person.capacity,
            "name": names[person.id],
            "locale": person.locale,
            "joined_at": told_at(person.joined_at),
            "left_at": told_at(person.left_at),
            "consents": await _consents(tx, person.id),
            "recordings": await _recordings(tx, person.id),
            "gaps": await _gaps(tx, person.id),
        }
        for person, session, case in rows
    ]


async def deeds_of(tx: AsyncSession, seen: Seen, label: str) -> list[Shown]:
    """Every entry of a case or session log that the person signed, their own words in it."""
    of_cases = select(Case.id).where(Case.tenant_id.in_(sorted(seen.tenants)))
    of_sessions = select(Session.id).where(Session.tenant_id.in_(sorted(seen.tenants)))
    found: list[tuple[Event, Case, str | None]] = []
    cases = await tx.execute(
        select(Event, Case)
        .join(Case, Case.id == Event.subject_id)
        .where(Event.log == LogKind.CASE, Event.subject_id.in_(of_cases), Event.actor == label)
    )
    found += [(event, case, None) for event, case in cases]
    sessions = await tx.execute(
        select(Event, Case)
        .join(Session, Session.id == Event.subject_id)
        .join(Case, Case.id == Session.case_id)
        .where(
            Event.log == LogKind.SESSION, Event.subject_id.in_(of_sessions), Event.actor == label
        )
    )
    found += [(event, case, event.subject_id) for event, case in sessions]
    found.sort(key=lambda one: (one[0].at, one[0].log, one[0].subject_id, one[0].seq))
    return [await _deed(tx, seen, *one) for one in found]


async def _deed(
    tx: AsyncSession, seen: Seen, event: Event, case: Case, session_id: str | None
) -> Shown:
    # What only the operator reads is the person's own affair, and no admin's.
    is_readable = seen.is_own or event.visibility != Visibility.INTERNAL
    key = await seen.key(tx, case, session_id) if is_readable else None
    return {
        "at": told_at(event.at),
        "what": event.kind,
        **seen.place(case),
        "inspection": session_id,
        "details": opened(event, key).payload,
    }


async def looks_of(tx: AsyncSession, seen: Seen, label: str) -> list[Shown]:
    """What the person looked at, replayed, downloaded or changed, by the sellers' access logs."""
    rows = await tx.execute(
        select(Event, Case)
        .outerjoin(
            CaseAccess, (CaseAccess.tenant_id == Event.subject_id) & (CaseAccess.seq == Event.seq)
        )
        .outerjoin(Case, Case.id == CaseAccess.case_id)
        .where(
            Event.log == LogKind.ACCESS,
            Event.subject_id.in_(sorted(seen.tenants)),
            Event.actor == label,
        )
        .order_by(Event.at, Event.subject_id, Event.seq)
    )
    found = []
    for event, of_case in rows:
        case: Case | None = of_case
        one: Shown = {"at": told_at(event.at), "what": event.kind}
        if case is not None:
            one |= seen.place(case)
        elif event.subject_id not in seen.open_tenants:
            one["withheld"] = True
        if not one.get("withheld"):
            key = await seen.keys.tenant_key(tx, event.subject_id)
            payload = opened(event, key).payload or {}
            one |= {
                "thing": payload.get("what"),
                "id": payload.get("id"),
                "spans": told_spans(payload.get("spans")),
            }
        found.append(one)
    return found


async def _consents(tx: AsyncSession, participant_id: str) -> list[Shown]:
    rows = await tx.scalars(
        select(Consent).where(Consent.participant_id == participant_id).order_by(Consent.given_at)
    )
    return [
        {
            "version": one.text_version,
            "locale": one.locale,
            "given_at": told_at(one.given_at),
            "withdrawn_at": told_at(one.withdrawn_at),
        }
        for one in rows
    ]


async def _recordings(tx: AsyncSession, participant_id: str) -> list[Shown]:
    rows = await tx.scalars(
        select(Recording)
        .where(Recording.participant_id == participant_id)
        .order_by(Recording.t0_ns, Recording.id)
    )
    return [
        {
            "id": one.id,
            "began_at": told_ns(one.t0_ns),
            "duration_s": round((await extent_of(tx, one)).duration_ms / 1000, 3),
            "container": one.container,
            "root": one.root,
        }
        for one in rows
    ]


async def _gaps(tx: AsyncSession, participant_id: str) -> list[Shown]:
    rows = await tx.scalars(
        select(Gap).where(Gap.participant_id == participant_id).order_by(Gap.from_ns, Gap.id)
    )
    return [{**told_span(one.from_ns, one.to_ns), "cause": one.cause} for one in rows]
