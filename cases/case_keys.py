"""The keys of many cases, for lists: one statement, one call on a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.keys import KeyRing, WrappedCaseKey
from cases.tables import Case, Tenant


async def case_keys(
    tx: AsyncSession, keys: KeyRing, case_ids: Collection[str]
) -> Mapping[str, bytes]:
    """The keys of these cases; those that were destroyed are left out.

    Raises:
        SetupError: the master key is another one, or the erasure keys are not there.
    """
    if not case_ids:
        return {}
    rows = (
        await tx.execute(
            select(
                Case.id,
                Case.tenant_id,
                Case.wrapped_key.label("own"),
                Tenant.wrapped_key.label("tenants"),
            )
            .join(Tenant, Tenant.id == Case.tenant_id)
            .where(Case.id.in_(sorted(set(case_ids))))
        )
    ).all()
    wrapped = [WrappedCaseKey(row.tenant_id, row.own, row.tenants) for row in rows]
    opened = await asyncio.to_thread(keys.open_case_keys, wrapped)
    return {row.id: key for row, key in zip(rows, opened, strict=True) if key is not None}
