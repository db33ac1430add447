"""Which version of a seller's policy counts now: the one in force, and the one on trial."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.policy_engine import PilotScope
from cases.policy_rules import PolicyRules
from cases.tables import Policy

_SCOPE: Final[TypeAdapter[PilotScope]] = TypeAdapter(PilotScope)


class PolicyState(StrEnum):
    """Where a version stands."""

    DRAFT = "draft"
    PILOT = "pilot"  # answers some cases
    TRIED = "tried"  # was piloted, answers none now
    SCHEDULED = "scheduled"  # will answer from a date
    LIVE = "live"
    PAST = "past"  # a later one answers


async def live_policy(tx: AsyncSession, tenant_id: str, now: datetime) -> Policy | None:
    """The version in force: of those that have begun, the one that began last."""
    found: Policy | None = await tx.scalar(
        select(Policy)
        .where(Policy.tenant_id == tenant_id, Policy.effective_from <= now)
        .order_by(Policy.effective_from.desc(), Policy.number.desc())
        .limit(1)
    )
    return found


async def running_pilot(tx: AsyncSession, tenant_id: str) -> Policy | None:
    """The version on trial; there is one at most."""
    found: Policy | None = await tx.scalar(
        select(Policy).where(
            Policy.tenant_id == tenant_id,
            Policy.pilot_from.is_not(None),
            Policy.pilot_ended_at.is_(None),
        )
    )
    return found


def state_of(policy: Policy, live: Policy | None, now: datetime) -> PolicyState:
    """Where a version stands, beside the one in force."""
    if policy.effective_from is not None:
        if policy.effective_from > now:
            return PolicyState.SCHEDULED
        return PolicyState.LIVE if live is not None and live.id == policy.id else PolicyState.PAST
    if policy.pilot_from is not None:
        return PolicyState.PILOT if policy.pilot_ended_at is None else PolicyState.TRIED
    return PolicyState.DRAFT


def rules_of(policy: Policy) -> PolicyRules:
    """A version's rules."""
    return PolicyRules.model_validate(policy.rules)


def scope_of(policy: Policy) -> PilotScope | None:
    """Which cases a version is or was tried on."""
    return _SCOPE.validate_python(policy.pilot_scope) if policy.pilot_scope is not None else None


async def policies_by_id(tx: AsyncSession, ids: Sequence[str]) -> dict[str, Policy]:
    """Versions by their ids."""
    found = await tx.scalars(select(Policy).where(Policy.id.in_(ids)))
    return {policy.id: policy for policy in found}
