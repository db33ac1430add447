"""What a policy is told about a case: its lines, its delivery, and the buyer's earlier returns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.policy_rules import HISTORY_DAYS, Facts
from cases.states import AttachmentState, ClaimReason, Outcome
from cases.tables import Attachment, Case, Filing, ItemLine

_MOST_EARLIER: Final = 500
_DAY_S: Final = 86_400
NO_CURRENCY: Final = "XXX"
"""ISO 4217's code for no currency: that of an order nobody told us, whose price is not known."""
_IS_PHOTOGRAPH: Final = (Attachment.state == AttachmentState.KEPT) & (
    Attachment.media_type.startswith("image/")
)


def _market(country: str | None) -> str | None:
    """A country as conditions name it."""
    return ("GB" if country.upper() == "UK" else country.upper()) if country else None


def _category(word: str | None) -> str | None:
    """A category as conditions name it."""
    return word.strip().casefold() if word and word.strip() else None


@dataclass(frozen=True, slots=True)
class EarlierCase:
    """What counts of a case that the buyer opened before."""

    case_id: str
    opened_at: datetime
    outcome: Outcome | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class History:
    """A buyer's earlier returns: how many in each of ``HISTORY_DAYS``, and percent refused."""

    returns: tuple[int, int, int]
    refused_share: int


def policy_facts(
    case: Case, lines: Sequence[ItemLine], history: History | None, photographs: int | None
) -> list[Facts]:
    """What is known of each line; who gave no e-mail address has no known ``history``.

    ``photographs`` is None for a case that came by a way on which none can be sent.
    """
    priced = case.currency != NO_CURRENCY
    value_minor = sum(line.price_minor * line.quantity for line in lines)
    return [
        Facts(
            days_since_delivery=days_between(case.delivered_at, case.created_at),
            market=_market(case.market),
            category=_category(line.category),
            reason=ClaimReason(case.claim_reason),
            currency=case.currency if priced else None,
            price_minor=line.price_minor if priced else None,
            value_minor=value_minor if priced else None,
            quantity=line.quantity,
            returns=history.returns if history else None,
            refused_share=history.refused_share if history else None,
            photographs=photographs,
        )
        for line in lines
    ]


def days_between(delivered_at: datetime | None, filed_at: datetime) -> int | None:
    """Whole days of 24 hours since the delivery: in doubt the buyer has a day more."""
    if delivered_at is None:
        return None
    return max(0, int((filed_at - delivered_at).total_seconds() // _DAY_S))


def history_at(earlier: Iterable[EarlierCase], case_id: str, at: datetime) -> History:
    """What was known at a moment; the case itself does not count."""
    before = [one for one in earlier if one.case_id != case_id and one.opened_at <= at]
    decided = [one for one in before if one.decided_at is not None and one.decided_at <= at]
    refused = [one for one in decided if one.outcome is Outcome.REJECT]
    in_30, in_90, in_365 = (
        sum(one.opened_at > at - timedelta(days=days) for one in before) for days in HISTORY_DAYS
    )
    share = 100 * len(refused) // len(decided) if decided else 0
    return History((in_30, in_90, in_365), share)


async def history_of(tx: AsyncSession, case: Case) -> History | None:
    """The history of a case's buyer when they opened it; None without an e-mail address."""
    found = await earlier_cases(tx, case.tenant_id, [case])
    return history_in(found, case)


def history_in(found: Mapping[bytes, Sequence[EarlierCase]], case: Case) -> History | None:
    """The same, from what ``earlier_cases`` found."""
    if case.buyer_hash is None:
        return None
    return history_at(found.get(case.buyer_hash, ()), case.id, case.created_at)


async def photographs_of(tx: AsyncSession, case_ids: Sequence[str]) -> dict[str, int]:
    """How many photographs were sent with each of these cases that came by the form."""
    rows = await tx.execute(
        select(Filing.case_id, func.count(Attachment.id).filter(_IS_PHOTOGRAPH))
        .outerjoin(Attachment, Attachment.filing_id == Filing.id)
        .where(Filing.case_id.in_(case_ids))
        .group_by(Filing.case_id)
    )
    return {case_id: count for case_id, count in rows if case_id is not None}


async def photographs_sent(tx: AsyncSession, filing_id: str) -> int:
    """How many whole photographs a filing has; clips are none."""
    found = await tx.scalar(
        select(func.count()).where(Attachment.filing_id == filing_id, _IS_PHOTOGRAPH)
    )
    return found or 0


async def earlier_cases(
    tx: AsyncSession, tenant_id: str, cases: Sequence[Case]
) -> dict[bytes, list[EarlierCase]]:
    """The cases of these cases' buyers, by ``buyer_hash``, the last 500 for each case asked."""
    wanted = {case.buyer_hash for case in cases if case.buyer_hash is not None}
    if not wanted:
        return {}
    since = min(case.created_at for case in cases) - timedelta(days=HISTORY_DAYS[-1])
    rows = await tx.execute(
        select(Case.buyer_hash, Case.id, Case.created_at, Case.verdict_outcome, Case.verdict_at)
        .where(
            Case.tenant_id == tenant_id,
            Case.buyer_hash.in_(sorted(wanted)),
            Case.created_at > since,
        )
        .order_by(Case.created_at.desc())
        .limit(_MOST_EARLIER * len(cases))
    )
    found: dict[bytes, list[EarlierCase]] = {}
    for buyer, case_id, opened_at, outcome, decided_at in rows:
        found.setdefault(buyer or b"", []).append(
            EarlierCase(case_id, opened_at, Outcome(outcome) if outcome else None, decided_at)
        )
    return found
