"""How much of what was paid for a case can still be given back."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.commands import from_minor, minor_digits, to_minor
from cases.refund_states import OPEN
from cases.tables import Case, ItemLine, RefundOrder, Settlement
from runtime.errors import CaseError


async def paid_minor(tx: AsyncSession, case_id: str) -> int:
    """What the buyer paid for all lines, in minor units."""
    paid = await tx.scalar(
        select(func.coalesce(func.sum(ItemLine.price_minor * ItemLine.quantity), 0)).where(
            ItemLine.case_id == case_id
        )
    )
    return int(paid or 0)


async def given_minor(tx: AsyncSession, case_id: str) -> int:
    """What was given back, in minor units."""
    given = await tx.scalar(
        select(func.coalesce(func.sum(Settlement.amount_minor), 0)).where(
            Settlement.case_id == case_id
        )
    )
    return int(given or 0)


async def under_way_minor(tx: AsyncSession, case_id: str) -> int:
    """What may be on its way to the buyer, in minor units: an unclear refund counts."""
    found = await tx.scalar(
        select(func.coalesce(func.sum(RefundOrder.amount_minor), 0)).where(
            RefundOrder.case_id == case_id, RefundOrder.state.in_(sorted(OPEN))
        )
    )
    return int(found or 0)


async def checked_amount(tx: AsyncSession, case: Case, amount: str) -> tuple[int, int]:
    """An amount and what is left, in minor units; the case is locked by the caller.

    Raises:
        CaseError: ``bad_amount`` (422) for nothing or too many decimals, ``too_much`` (422)
            for more than is left beside what is under way.
    """
    if len(amount.partition(".")[2]) > minor_digits(case.currency):
        raise CaseError(
            "bad_amount",
            f"{case.currency} has {minor_digits(case.currency)} decimals, not {amount}.",
            status=422,
        )
    wanted = to_minor(amount, case.currency)
    paid = await paid_minor(tx, case.id)
    left = paid - await given_minor(tx, case.id) - await under_way_minor(tx, case.id)
    if not 0 < wanted <= left:
        raise CaseError(
            "too_much" if wanted > left else "bad_amount",
            f"Of {from_minor(paid, case.currency)} {case.currency} paid, "
            f"{from_minor(left, case.currency)} can still be refunded.",
            status=422,
        )
    return wanted, left
