"""Each case's date: kept beside it, worked out anew when anything changes that it depends on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from cases import erasing
from cases.access_policy import Action, CaseFacts, may
from cases.actor import KeyActor, StaffActor
from cases.case_access import forbidden
from cases.keep_rules import KeepRules, Kept, KeptFacts, KeptWhy, kept_at_least_until, kept_until
from cases.states import CaseState, ClaimReason
from cases.tables import Case, Keeping, KeepSetting, LegalHold
from cases.unit import Unit
from runtime.errors import CaseError

BATCH: Final = 100
_AGAIN_AFTER: Final = timedelta(hours=1)


async def keep_rules_of(tx: AsyncSession, tenant_id: str) -> KeepRules:
    """A tenant's rules."""
    row = await tx.get(KeepSetting, tenant_id)
    return KeepRules() if row is None else KeepRules.model_validate(row.rules)


async def set_keep_rules(unit: Unit, actor: StaffActor | KeyActor, wanted: KeepRules) -> None:
    """Replace a tenant's rules; the dates of its closed cases follow soon.

    Raises:
        CaseError: ``forbidden`` (403) for who is not the tenant's admin, nor a key for it.
    """
    tenant_id = actor.tenant_id
    if tenant_id is None or not may(actor, Action.KEEP, CaseFacts(tenant_id, None, None)):
        raise forbidden()
    row = await unit.tx.get(KeepSetting, tenant_id)
    rules = wanted.model_dump(mode="json")
    if row is None:
        unit.tx.add(
            KeepSetting(
                tenant_id=tenant_id, rules=rules, updated_at=unit.now, updated_by=actor.label
            )
        )
    else:
        row.rules, row.updated_at, row.updated_by = rules, unit.now, actor.label
    await unit.tx.execute(
        update(Keeping)
        .where(Keeping.tenant_id == tenant_id, Keeping.closed_at.is_not(None))
        .values(next_at=unit.now)
    )


async def open_hold(tx: AsyncSession, case_id: str) -> LegalHold | None:
    """The legal hold that stands on a case."""
    found: LegalHold | None = await tx.scalar(
        select(LegalHold).where(LegalHold.case_id == case_id, LegalHold.released_at.is_(None))
    )
    return found


async def kept(tx: AsyncSession, case: Case) -> Kept:
    """How long a case is kept as things stand."""
    row = await tx.get(Keeping, case.id)
    return kept_until(
        _facts(case, row.closed_at if row else None),
        await keep_rules_of(tx, case.tenant_id),
        held=await open_hold(tx, case.id) is not None,
    )


async def closed(tx: AsyncSession, case: Case, now: datetime) -> None:
    """A case was closed: from now on its days count."""
    row = await _row(tx, case)
    row.closed_at = now
    await settle(tx, case, now)


async def evidence_sealed(tx: AsyncSession, case_id: str, now: datetime) -> None:
    """There is more for the store to keep."""
    case = await tx.get_one(Case, case_id)
    (await _row(tx, case)).store_at = now


async def settle(tx: AsyncSession, case: Case, now: datetime) -> Kept:
    """Write down the date as things stand, and have the store told."""
    row = await _row(tx, case)
    await tx.flush()
    found = await kept(tx, case)
    row.until, row.next_at, row.store_at = found.until, found.until, now
    return found


async def store_term(tx: AsyncSession, case: Case, now: datetime) -> tuple[datetime | None, bool]:
    """Until when the store is to keep what is there of a case, and whether it is held."""
    found = await kept(tx, case)
    if found.why in (KeptWhy.OPEN, KeptWhy.DISPUTED):
        rules = await keep_rules_of(tx, case.tenant_id)
        return kept_at_least_until(_facts(case, None), rules, now), False
    return found.until, found.why is KeptWhy.HELD


async def next_due(tx: AsyncSession) -> datetime | None:
    """When the next case is to be looked at."""
    return await tx.scalar(select(func.min(Keeping.next_at)))


async def due_cases(tx: AsyncSession, now: datetime) -> list[str]:
    """The cases to look at, a batch at most."""
    rows = await tx.scalars(
        select(Keeping.case_id).where(Keeping.next_at <= now).order_by(Keeping.next_at).limit(BATCH)
    )
    return list(rows)


async def look_at(unit: Unit, case_id: str) -> str | None:
    """Erase a case whose date has passed, or write down its date anew; says what was done."""
    case = await unit.tx.get_one(Case, case_id, with_for_update=True)
    row = await unit.tx.get_one(Keeping, case_id, with_for_update=True)
    if row.next_at is None or row.next_at > unit.now:
        return None
    if case.erased_at is not None:
        row.next_at = None
        return None
    found = await settle(unit.tx, case, unit.now)
    if found.until is None or found.until > unit.now or found.rule is None:
        return "dated"
    try:
        await erasing.order_by_rule(unit, case, found.rule.days)
    except CaseError as error:
        if error.code != "evidence_pending":
            raise
        row.next_at = unit.now + _AGAIN_AFTER
        return None
    row.next_at = None
    return "erased"


async def postpone(unit: Unit, case_id: str) -> None:
    """Look again later at what could not be done."""
    await unit.tx.execute(
        update(Keeping)
        .where(Keeping.case_id == case_id, Keeping.next_at.is_not(None))
        .values(next_at=unit.now + _AGAIN_AFTER)
    )


async def _row(tx: AsyncSession, case: Case) -> Keeping:
    row = await tx.get(Keeping, case.id)
    if row is None:
        row = Keeping(case_id=case.id, tenant_id=case.tenant_id, store_tries=0)
        tx.add(row)
    return row


def _facts(case: Case, closed_at: datetime | None) -> KeptFacts:
    return KeptFacts(CaseState(case.state), ClaimReason(case.claim_reason), case.market, closed_at)
