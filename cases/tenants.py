"""Organisations: tenants, warehouses, and the grants that let one work for the other."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from cases.keys import KeyRing
from cases.tables import Grant, Tenant, Warehouse
from runtime.errors import CaseError
from runtime.ids import TenantId, WarehouseId, new_id


async def create_tenant(
    tx: AsyncSession,
    keys: KeyRing,
    *,
    name: str,
    slug: str,
    locale: str,
    now: datetime,
) -> TenantId:
    """A new seller with a key of its own.

    Raises:
        CaseError: ``slug_taken`` (409).
    """
    if await tx.scalar(select(Tenant.id).where(Tenant.slug == slug)) is not None:
        raise CaseError("slug_taken", f"There is already a tenant called {slug}.")
    tenant_id = TenantId(new_id("ten"))
    tx.add(
        Tenant(
            id=tenant_id,
            name=name,
            slug=slug,
            default_locale=locale,
            wrapped_key=keys.new_tenant_key(tenant_id),
            created_at=now,
        )
    )
    await tx.flush()
    return tenant_id


async def create_warehouse(
    tx: AsyncSession, *, name: str, city: str, time_zone: str, now: datetime
) -> WarehouseId:
    """A new warehouse; it sees nothing until a tenant grants it work."""
    warehouse_id = WarehouseId(new_id("whs"))
    tx.add(Warehouse(id=warehouse_id, name=name, city=city, time_zone=time_zone, created_at=now))
    await tx.flush()
    return warehouse_id


async def grant_work(tx: AsyncSession, *, tenant_id: str, warehouse_id: str, now: datetime) -> None:
    """Let the warehouse work on the tenant's cases; granting again after a revocation counts."""
    grant = await tx.scalar(
        select(Grant).where(Grant.tenant_id == tenant_id, Grant.warehouse_id == warehouse_id)
    )
    if grant is None:
        tx.add(
            Grant(id=new_id("grt"), tenant_id=tenant_id, warehouse_id=warehouse_id, created_at=now)
        )
    elif grant.revoked_at is not None:
        grant.created_at, grant.revoked_at = now, None
    await tx.flush()


async def revoke_grant(
    tx: AsyncSession, *, tenant_id: str, warehouse_id: str, now: datetime
) -> None:
    """From now on the warehouse sees none of the tenant's cases."""
    await tx.execute(
        update(Grant)
        .where(
            Grant.tenant_id == tenant_id,
            Grant.warehouse_id == warehouse_id,
            Grant.revoked_at.is_(None),
        )
        .values(revoked_at=now)
    )


async def granted_tenants(tx: AsyncSession, warehouse_id: str) -> frozenset[TenantId]:
    """The tenants whose cases the warehouse may see now."""
    found = await tx.scalars(
        select(Grant.tenant_id).where(
            Grant.warehouse_id == warehouse_id, Grant.revoked_at.is_(None)
        )
    )
    return frozenset(TenantId(tenant_id) for tenant_id in found)


async def granted_warehouses(tx: AsyncSession, tenant_id: str) -> list[WarehouseId]:
    """The warehouses that may work for the tenant now, oldest grant first."""
    found = await tx.scalars(
        select(Grant.warehouse_id)
        .where(Grant.tenant_id == tenant_id, Grant.revoked_at.is_(None))
        .order_by(Grant.created_at, Grant.id)
    )
    return [WarehouseId(warehouse_id) for warehouse_id in found]
