"""A case with what stands beside it, in one statement that also says what else there is to read.

Each statement costs the process more than the database: most cases have no parcel, no
settlement and no tag, and are not asked for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, bindparam, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from cases.access_policy import Action
from cases.actor import Actor
from cases.case_access import admitted, not_found
from cases.tables import (
    ApiKey,
    Case,
    CaseTag,
    JoinLink,
    Keeping,
    LegalHold,
    Parcel,
    Policy,
    PolicyAnswer,
    Session,
    Settlement,
    Snooze,
    Staff,
    Tenant,
    Warehouse,
)


@dataclass(frozen=True, slots=True)
class CaseRead:
    """A case and the one thing of each kind that belongs to it; None where there is none."""

    case: Case
    tenant: Tenant
    """With its key, so that opening the case's asks for nothing more."""
    warehouse: Warehouse | None
    snoozed_until: datetime | None
    link: JoinLink | None
    """The newest."""
    policy_answer: PolicyAnswer | None
    policy_number: int | None
    decided_by: str | None
    """The name of the person or machine that decided."""
    has_parcels: bool
    has_settlements: bool
    has_sessions: bool
    has_tags: bool
    kept_until: datetime | None
    is_held: bool


def _read() -> Select[Any]:
    other = aliased(JoinLink)
    newest = (
        select(other.id)
        .where(other.case_id == Case.id)
        .order_by(other.created_at.desc(), other.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    columns: list[Any] = [
        Case,
        Tenant,
        Warehouse,
        Snooze.until,
        JoinLink,
        PolicyAnswer,
        Policy.number,
        func.coalesce(_name_in(Staff, "staff:"), _name_in(ApiKey, "key:")),
        exists().where(Parcel.case_id == Case.id),
        exists().where(Settlement.case_id == Case.id),
        exists().where(Session.case_id == Case.id),
        exists().where(CaseTag.case_id == Case.id),
        Keeping.until,
        exists().where(LegalHold.case_id == Case.id, LegalHold.released_at.is_(None)),
    ]
    query: Select[Any] = select(*columns)
    return (
        query.join(Tenant, Tenant.id == Case.tenant_id)
        .outerjoin(Warehouse, Warehouse.id == Case.warehouse_id)
        .outerjoin(Snooze, Snooze.case_id == Case.id)
        .outerjoin(JoinLink, JoinLink.id == newest)
        .outerjoin(PolicyAnswer, PolicyAnswer.case_id == Case.id)
        .outerjoin(Keeping, Keeping.case_id == Case.id)
        .outerjoin(Policy, Policy.id == PolicyAnswer.policy_id)
        .where(Case.id == bindparam("case_id"))
    )


def _name_in(table: type[Staff | ApiKey], prefix: str) -> ColumnElement[str]:
    """The name behind the label of who decided, if it is of this kind."""
    return (
        select(table.name)
        .where(
            Case.verdict_by.startswith(prefix),
            table.id == func.substr(Case.verdict_by, len(prefix) + 1),
        )
        .scalar_subquery()
    )


_READ: Final = _read()


async def read_case(tx: AsyncSession, actor: Actor, case_id: str, action: Action) -> CaseRead:
    """The case, if the actor may do this with it.

    Raises:
        CaseError: ``not_found`` (404) for who may not see it, ``forbidden`` (403).
    """
    row = (await tx.execute(_READ, {"case_id": case_id})).first()
    if row is None:
        raise not_found()
    admitted(row[0], actor, action)
    return CaseRead(*row)
