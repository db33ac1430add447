"""Which reasons a tenant's form offers for which category, and in which words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final

from pydantic import AfterValidator, Field, StringConstraints, field_validator
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.commands import Command, Locale, Word, one_line
from cases.states import ClaimReason
from cases.tables import ReasonChoice
from cases.unit import Unit
from cases.view import View
from runtime.errors import CaseError

EVERYTHING: Final = "*"
"""The category of what has no choice of its own."""
_MOST: Final = 200

_Words = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=60),
    AfterValidator(one_line),
]


class OfferedReason(Command):
    """A reason, with the tenant's words in place of the shipped ones by language."""

    reason: ClaimReason
    words: Annotated[dict[Locale, _Words], Field(default_factory=dict, max_length=20)]


class SetReasons(Command):
    """What the form offers for one category, in this order."""

    reasons: Annotated[
        list[OfferedReason],
        Field(min_length=1, max_length=len(ClaimReason), examples=[[{"reason": "damaged"}]]),
    ]

    @field_validator("reasons")
    @classmethod
    def _once(cls, reasons: list[OfferedReason]) -> list[OfferedReason]:
        if len({one.reason for one in reasons}) < len(reasons):
            raise ValueError("each reason once")
        return reasons


class CategoryReasons(View):
    """What the form offers for one category; ``*`` is every category without its own."""

    category: str
    reasons: list[OfferedReason]
    updated_at: datetime


async def offered(tx: AsyncSession, tenant_id: str) -> list[CategoryReasons]:
    """Every choice of the tenant, by category; none: the form offers all reasons."""
    rows = await tx.scalars(
        select(ReasonChoice)
        .where(ReasonChoice.tenant_id == tenant_id)
        .order_by(ReasonChoice.category)
    )
    return [
        CategoryReasons(
            category=row.category,
            reasons=[OfferedReason.model_validate(one) for one in row.reasons],
            updated_at=row.updated_at,
        )
        for row in rows
    ]


async def offered_for(tx: AsyncSession, tenant_id: str, category: str) -> CategoryReasons | None:
    """The choice of one category; None where it has none of its own."""
    choices = await offered(tx, tenant_id)
    return next((one for one in choices if one.category == category), None)


async def check_offered(
    tx: AsyncSession, tenant_id: str, reason: ClaimReason, categories: Iterable[str | None]
) -> None:
    """That the form offers ``reason`` for one of ``categories``, as ``offeredFor`` in the page.

    Raises:
        CaseError: ``reason_not_offered`` (422).
    """
    choices = {one.category: one.reasons for one in await offered(tx, tenant_id)}
    for category in categories:
        choice = choices.get(category or EVERYTHING, choices.get(EVERYTHING))
        if choice is None or reason in [one.reason for one in choice]:
            return
    raise CaseError("reason_not_offered", "The shop does not offer this reason.", status=422)


async def set_reasons(unit: Unit, tenant_id: str, category: Word, wanted: SetReasons) -> None:
    """Offer these for a category from now on; that the asker may is the caller's question.

    Raises:
        CaseError: ``too_many_categories`` (422).
    """
    row = await unit.tx.get(ReasonChoice, (tenant_id, category))
    if row is None:
        has = await unit.tx.scalar(
            select(func.count())
            .select_from(ReasonChoice)
            .where(ReasonChoice.tenant_id == tenant_id)
        )
        if (has or 0) >= _MOST:
            raise CaseError("too_many_categories", f"{_MOST} are the most.", status=422)
        row = ReasonChoice(tenant_id=tenant_id, category=category)
        unit.tx.add(row)
    row.reasons = [one.model_dump(mode="json") for one in wanted.reasons]
    row.updated_at = unit.now
    await unit.tx.flush()


async def drop_reasons(unit: Unit, tenant_id: str, category: Word) -> None:
    """Offer for a category what is offered for all again; nothing to drop is no error."""
    row = await unit.tx.get(ReasonChoice, (tenant_id, category))
    if row is not None:
        await unit.tx.delete(row)
        await unit.tx.flush()
