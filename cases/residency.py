"""In which place a tenant's evidence is kept: the operator's choice for what comes from now on."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.tables import DerivedCopy, EvidencePackage, FileTry, PersonExport, Session, Tenant
from runtime.errors import CaseError
from runtime.place_names import DEFAULT_PLACE, place_of, placed


async def placed_for(tx: AsyncSession, tenant_id: str | None, name: str) -> str:
    """The name of a new object of this tenant, in the tenant's place; of none, in the default."""
    return placed(await tx.scalar(select(Tenant.store_place).where(Tenant.id == tenant_id)), name)


async def keep_in(tx: AsyncSession, tenant_id: str, place: str, now: datetime) -> int:
    """Keep the tenant's new evidence in this place; gives how many inspections stay elsewhere.

    What is stored already stays where it is; an inspection that goes on ends where it began.

    Raises:
        CaseError: ``not_found`` (404).
    """
    tenant = await tx.get(Tenant, tenant_id, with_for_update=True)
    if tenant is None:
        raise CaseError("not_found", f"There is no tenant {tenant_id}.", status=404)
    wanted = None if place == DEFAULT_PLACE else place
    if tenant.store_place != wanted:
        tenant.store_place, tenant.store_place_since = wanted, now
    prefixes = await tx.scalars(select(Session.object_prefix).where(Session.tenant_id == tenant_id))
    return sum(place_of(prefix) != place for prefix in prefixes)


async def places_in_use(tx: AsyncSession) -> set[str]:
    """The places other than the default that tenants, inspections and packages need."""
    chosen = set(await tx.scalars(select(Tenant.store_place).distinct()))
    found = {place for place in chosen if place is not None}
    for column in (
        Session.object_prefix,
        EvidencePackage.object_prefix,
        PersonExport.object_prefix,
        DerivedCopy.object_prefix,
        FileTry.prefix,
    ):
        # Every object's name begins with its place; the part before the first slash will do.
        names = await tx.scalars(select(column).where(column.like("at\\_%", escape="\\")))
        found |= {place_of(name) for name in names if name is not None}
    return found - {DEFAULT_PLACE}
