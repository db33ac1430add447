"""The agreement of who works here to being recorded: given once for each version of the words.

It is asked for when they come on shift, so that nobody reads while a buyer waits; each
session's record then says which words they had agreed to, and when.
"""

from __future__ import annotations

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from cases.actor import StaffActor
from cases.consent_text import STAFF_WORDS, ConsentGiven
from cases.tables import Shift, Staff, StaffConsent
from cases.unit import Unit
from runtime.errors import CaseError
from runtime.ids import new_id


async def agree(unit: Unit, actor: StaffActor, consent: ConsentGiven) -> None:
    """Keep that this person agreed; said again it changes nothing.

    Raises:
        CaseError: ``consent_required`` (409) for other words than those of now.
    """
    STAFF_WORDS.check(consent)
    # One at a time, whatever two tabs try.
    await unit.tx.get_one(Staff, actor.staff_id, with_for_update=True)
    if await _current(unit.tx, actor.staff_id) is not None:
        return
    unit.tx.add(
        StaffConsent(
            id=new_id("sco"),
            staff_id=actor.staff_id,
            text_version=consent.version,
            locale=consent.locale,
            given_at=unit.now,
        )
    )
    await unit.tx.flush()


async def take_back(unit: Unit, actor: StaffActor) -> None:
    """From now on this person takes no call, and is offered none; a call under way goes on."""
    await unit.tx.execute(
        update(StaffConsent)
        .where(StaffConsent.staff_id == actor.staff_id, StaffConsent.withdrawn_at.is_(None))
        .values(withdrawn_at=unit.now)
    )
    await unit.tx.execute(delete(Shift).where(Shift.staff_id == actor.staff_id))
    unit.changes.desks |= {one for one in (actor.tenant_id, actor.warehouse_id) if one}


async def require_agreement(tx: AsyncSession, actor: StaffActor) -> ConsentGiven:
    """What this person has agreed to, for the record of a session.

    Raises:
        CaseError: ``consent_required`` (409) when not to the words of now.
    """
    known = await _current(tx, actor.staff_id)
    if known is None:
        raise CaseError(
            "consent_required",
            "Whoever takes a call is recorded: please read the words on recording and agree.",
            version=STAFF_WORDS.version,
        )
    return ConsentGiven(known.text_version, known.locale, known.given_at)


async def agreement_of(tx: AsyncSession, actor: StaffActor) -> dict[str, object]:
    """The words of now, and ``agreed``: when and in which language, None for not yet."""
    known = await _current(tx, actor.staff_id)
    return {
        **STAFF_WORDS.shown(),
        "agreed": {"locale": known.locale, "at": known.given_at.isoformat()} if known else None,
    }


async def _current(tx: AsyncSession, staff_id: str) -> StaffConsent | None:
    return await tx.scalar(
        select(StaffConsent)
        .where(
            StaffConsent.staff_id == staff_id,
            StaffConsent.text_version == STAFF_WORDS.version,
            StaffConsent.withdrawn_at.is_(None),
        )
        .order_by(StaffConsent.given_at)
        .limit(1)
    )
