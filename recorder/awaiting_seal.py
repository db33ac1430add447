"""What was ordered of an inspection before its seal: it waits, and the seal has it made."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.tables import DerivedCopy, EvidencePackage, Manifest, Session
from cases.unit import Unit
from recorder.made_kinds import NAMING, Kind, MadeFile, MadeState
from recorder.sealed_evidence import sealed_sessions


class Seal(StrEnum):
    """Whether there is anything to make a file from."""

    THERE = "there"
    TO_COME = "to_come"
    NEVER = "never"


async def seal_of(tx: AsyncSession, case_id: str, made: MadeFile) -> Seal:
    """How it stands with the seal that a file needs; of a whole case the first one will do."""
    wanted = _session_of(made)
    sealed = [session.id for session, _ in await sealed_sessions(tx, case_id)]
    if wanted in sealed or (wanted is None and sealed):
        return Seal.THERE
    open_ids = await tx.scalars(
        select(Session.id).where(
            Session.case_id == case_id,
            ~exists().where(Manifest.session_id == Session.id),
        )
    )
    return Seal.TO_COME if any(wanted in (None, one) for one in open_ids) else Seal.NEVER


async def make_what_waited(unit: Unit, case_id: str, session_id: str) -> None:
    """Have everything made that waited for this inspection's seal; the case is locked."""
    kinds: tuple[Kind, ...] = (EvidencePackage, DerivedCopy)
    for kind in kinds:
        rows: list[MadeFile] = list(
            await unit.tx.scalars(
                select(kind)
                .where(kind.case_id == case_id, kind.state == MadeState.WAITING)
                .with_for_update()
            )
        )
        for row in rows:
            if _session_of(row) in (None, session_id):
                row.state = MadeState.WANTED
                work = NAMING[kind].work
                await unit.outbox.enqueue(unit.tx, work, f"{work}:{row.id}:sealed", row.id)


def _session_of(made: MadeFile) -> str | None:
    """The inspection that a file is made from; None of a whole case."""
    if isinstance(made, DerivedCopy):
        return made.session_id
    if isinstance(made, EvidencePackage) and made.part is not None:
        session_id: str = made.part["session_id"]
        return session_id
    return None
