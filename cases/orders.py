"""What the seller's system tells of its orders, each sealed under a key of its own.

There may never be a case whose key it could be. An order goes with the erasure of the last case
that is about it, and its erasure key with it.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases import desk
from cases.actor import KeyActor, StaffActor
from cases.database import hold
from cases.filing_commands import TellOrder
from cases.keys import KeyDestroyed, KeyRing
from cases.sealing import open_words, seal_words
from cases.tables import Case, Order
from cases.unit import Unit
from runtime.ids import new_id


async def tell(unit: Unit, actor: StaffActor | KeyActor, told: TellOrder) -> str:
    """Keep an order; telling it again replaces what was known. Gives its id.

    Raises:
        CaseError: ``forbidden`` (403).
    """
    tenant_id = desk.opening_tenant(actor)
    await hold_order(unit.tx, tenant_id, told.order_number)
    order = await _find(unit.tx, tenant_id, told.order_number)
    key = None if order is None else await _key_of(unit.tx, unit.keys, order)
    if order is None:
        order = Order(id=new_id("ord"), tenant_id=tenant_id, order_number=told.order_number)
    if key is None:
        fresh = await unit.keys.new_order_key(unit.tx, tenant_id, order.id)
        order.wrapped_key, key = fresh.wrapped, fresh.plain
    order.sealed_words = seal_words(key, _bound(order), told)
    order.updated_at = unit.now
    unit.tx.add(order)
    await unit.tx.flush()
    return order.id


async def told_of(
    tx: AsyncSession, keys: KeyRing, tenant_id: str, order_number: str
) -> TellOrder | None:
    """What was told of an order, if it was."""
    order = await _find(tx, tenant_id, order_number)
    key = None if order is None else await _key_of(tx, keys, order)
    if order is None or key is None:
        return None
    return open_words(TellOrder, key, _bound(order), order.sealed_words)


async def take_away(tx: AsyncSession, case: Case) -> bytes | None:
    """Delete an erased case's order, unless another case is about it, too.

    Gives its wrapped key, which the caller keeps in the same commit and then destroys.
    """
    await hold_order(tx, case.tenant_id, case.order_number)
    other = await tx.scalar(
        select(Case.id)
        .where(
            Case.tenant_id == case.tenant_id,
            Case.order_number == case.order_number,
            Case.id != case.id,
            Case.erased_at.is_(None),
        )
        .limit(1)
    )
    order = await _find(tx, case.tenant_id, case.order_number)
    if other is not None or order is None:
        return None
    await tx.delete(order)
    return order.wrapped_key


async def hold_order(tx: AsyncSession, tenant_id: str, order_number: str) -> None:
    """Whatever is done with an order of this number is done one after the other."""
    await hold(tx, f"order:{tenant_id}:{order_number}")


async def _find(tx: AsyncSession, tenant_id: str, order_number: str) -> Order | None:
    found: Order | None = await tx.scalar(
        select(Order).where(Order.tenant_id == tenant_id, Order.order_number == order_number)
    )
    return found


async def _key_of(tx: AsyncSession, keys: KeyRing, order: Order) -> bytes | None:
    """Its key; None of an order that was erased and came back with a backup."""
    try:
        return await keys.order_key(tx, order)
    except KeyDestroyed:
        return None


def _bound(order: Order) -> str:
    return f"orders:{order.id}"
