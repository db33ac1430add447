"""The door to a case: what an actor may not see does not exist."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.access_policy import Action, CaseFacts, may, sees
from cases.actor import Actor
from cases.tables import Case
from runtime.errors import CaseError
from runtime.ids import CaseId, TenantId, WarehouseId


def facts_of(case: Case) -> CaseFacts:
    """What the policy decides by."""
    return CaseFacts(
        tenant_id=TenantId(case.tenant_id),
        warehouse_id=WarehouseId(case.warehouse_id) if case.warehouse_id else None,
        case_id=CaseId(case.id),
    )


def not_found() -> CaseError:
    """The one answer for what is not there and for what may not be seen."""
    return CaseError("not_found", "There is nothing here for you.", status=404)


def forbidden() -> CaseError:
    """The answer to somebody who sees a case but may not do this."""
    return CaseError("forbidden", "You may not do this.", status=403)


async def load_case(
    tx: AsyncSession, actor: Actor, case_id: str, action: Action, *, lock: bool = False
) -> Case:
    """The case, if the actor may do this with it; ``lock`` holds it until the commit.

    Raises:
        CaseError: ``not_found`` (404) for who may not see it, ``forbidden`` (403).
    """
    query = select(Case).where(Case.id == case_id)
    return admitted(await tx.scalar(query.with_for_update() if lock else query), actor, action)


def erased(case: Case) -> CaseError:
    """The answer to whoever would read a case if it had not been erased."""
    at = case.erased_at.isoformat() if case.erased_at else ""
    return CaseError(
        "erased",
        f"This was erased on {at[:10]}, because: {case.erased_because}",
        status=410,
        case_id=case.id,
        erased_at=at,
        because=case.erased_because,
    )


def admitted(case: Case | None, actor: Actor, action: Action) -> Case:
    """The case that was read, if it is there and the actor may do this with it.

    Raises:
        CaseError: ``not_found`` (404) for who may not see it, ``forbidden`` (403), ``erased``
            (410).
    """
    found = sees_erased(case, actor, action)
    if found.erased_at is not None:
        raise erased(found)
    return found


def sees_erased(case: Case | None, actor: Actor, action: Action) -> Case:
    """The same, for what is left of a case that was erased as well.

    Raises:
        CaseError: ``not_found`` (404) for who may not see it, ``forbidden`` (403).
    """
    if case is None or not sees(actor, facts_of(case)):
        raise not_found()
    if not may(actor, action, facts_of(case)):
        raise forbidden()
    return case
