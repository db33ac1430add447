"""What the seller's people do with their policy: save, try on some cases, put in force, go back."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from cases.access_policy import Action, CaseFacts, may
from cases.actor import Actor, KeyActor, StaffActor
from cases.case_access import forbidden, not_found
from cases.database import hold
from cases.policy_check import refuse_wrong
from cases.policy_engine import PilotScope
from cases.policy_rules import PolicyDraft
from cases.policy_versions import live_policy, running_pilot
from cases.tables import Policy
from cases.unit import Unit
from runtime.errors import CaseError
from runtime.ids import TenantId, new_id

_FURTHEST: Final = timedelta(days=730)


def policy_tenant(actor: Actor, action: Action) -> TenantId:
    """The tenant whose policies the actor may read or write.

    Raises:
        CaseError: ``not_found`` (404) for who has no tenant, ``forbidden`` (403).
    """
    if not isinstance(actor, StaffActor | KeyActor) or actor.tenant_id is None:
        raise not_found()
    if not may(actor, action, CaseFacts(actor.tenant_id, None, None)):
        raise forbidden()
    return actor.tenant_id


async def load_policy(tx: AsyncSession, actor: Actor, policy_id: str, action: Action) -> Policy:
    """One version, if the actor may do this with it.

    Raises:
        CaseError: ``not_found`` (404) or ``forbidden`` (403).
    """
    tenant_id = policy_tenant(actor, action)
    policy = await tx.get(Policy, policy_id)
    if policy is None or policy.tenant_id != tenant_id:
        raise not_found()
    return policy


async def create_draft(
    unit: Unit, actor: Actor, draft: PolicyDraft, based_on: int | None = None
) -> Policy:
    """A new version that answers nothing yet.

    Raises:
        CaseError: ``forbidden`` (403), or ``policy_refused`` (422) with ``findings``.
    """
    tenant_id = policy_tenant(actor, Action.WRITE_POLICIES)
    await asyncio.to_thread(refuse_wrong, draft)
    return await _new_version(unit, actor, tenant_id, draft.title, _stored(draft), based_on)


async def save_draft(
    unit: Unit, actor: Actor, policy_id: str, draft: PolicyDraft, expected: int | None
) -> Policy:
    """Replace a draft's title and rules; it must be previewed again.

    Raises:
        CaseError: ``not_found``, ``forbidden``, ``policy_refused`` (422) with ``findings``,
            ``policy_fixed`` (409) once it was piloted or published, ``version_conflict`` (412).
    """
    policy = await _to_change(unit, actor, policy_id, expected)
    if policy.pilot_from is not None or policy.effective_from is not None:
        raise CaseError(
            "policy_fixed",
            "This version has been used, so it stays as it is. Save your changes as a new one.",
        )
    await asyncio.to_thread(refuse_wrong, draft)
    policy.title, policy.rules = draft.title, _stored(draft)
    policy.saved_at, policy.saved_by = unit.now, actor.label
    policy.previewed_at = None
    await unit.tx.flush()
    return policy


async def note_preview(unit: Unit, actor: Actor, policy_id: str, revision: int) -> None:
    """Keep that these very rules were previewed; if they changed meanwhile, nothing happens.

    The version's revision stays: what was read before the preview may still be published.
    """
    policy = await load_policy(unit.tx, actor, policy_id, Action.WRITE_POLICIES)
    await unit.tx.execute(
        update(Policy)
        .where(Policy.id == policy.id, Policy.revision == revision)
        .values(previewed_at=unit.now)
    )


async def publish(
    unit: Unit, actor: Actor, policy_id: str, effective_from: datetime | None, expected: int | None
) -> Policy:
    """Put a version in force now or from a date on; a pilot of it ends now.

    Raises:
        CaseError: ``not_found``, ``forbidden``, ``already_published`` (409),
            ``not_previewed`` (409), ``in_the_past`` or ``too_far`` (422),
            ``version_conflict`` (412).
    """
    policy = await _to_change(unit, actor, policy_id, expected)
    if policy.effective_from is not None:
        raise CaseError("already_published", "This version was published already.")
    _need_preview(policy)
    if effective_from is not None and effective_from < unit.now:
        raise CaseError("in_the_past", "A policy cannot begin in the past.", status=422)
    if effective_from is not None and effective_from > unit.now + _FURTHEST:
        raise CaseError("too_far", "A policy begins within two years.", status=422)
    policy.effective_from = effective_from or unit.now
    policy.published_at, policy.published_by = unit.now, actor.label
    if policy.pilot_from is not None and policy.pilot_ended_at is None:
        policy.pilot_ended_at, policy.pilot_ended_by = unit.now, actor.label
    await unit.tx.flush()
    return policy


async def withdraw(unit: Unit, actor: Actor, policy_id: str, expected: int | None) -> Policy:
    """Take a version back whose date has not come yet.

    Raises:
        CaseError: ``not_found``, ``forbidden``, ``not_scheduled`` (409), ``version_conflict``.
    """
    policy = await _to_change(unit, actor, policy_id, expected)
    if policy.effective_from is None or policy.effective_from <= unit.now:
        raise CaseError(
            "not_scheduled",
            "Only a version whose date has not come can be taken back. Roll back instead.",
        )
    policy.effective_from = policy.published_at = policy.published_by = None
    await unit.tx.flush()
    return policy


async def start_pilot(
    unit: Unit, actor: Actor, policy_id: str, scope: PilotScope, expected: int | None
) -> Policy:
    """Let a version answer some cases first.

    Raises:
        CaseError: ``not_found``, ``forbidden``, ``already_published``, ``already_piloted``,
            ``pilot_running`` or ``not_previewed`` (409), ``version_conflict`` (412).
    """
    policy = await _to_change(unit, actor, policy_id, expected)
    if policy.effective_from is not None:
        raise CaseError("already_published", "This version was published already.")
    if policy.pilot_from is not None:
        raise CaseError(
            "already_piloted", "This version was tried already. Save it as a new one to try again."
        )
    _need_preview(policy)
    running = await running_pilot(unit.tx, policy.tenant_id)
    if running is not None:
        raise CaseError(
            "pilot_running",
            f"Version {running.number} is being tried. End that first.",
            policy_id=running.id,
        )
    policy.pilot_scope = scope.model_dump(mode="json")
    policy.pilot_from, policy.pilot_by = unit.now, actor.label
    await unit.tx.flush()
    return policy


async def end_pilot(unit: Unit, actor: Actor, policy_id: str, expected: int | None) -> Policy:
    """Stop trying a version; the version in force answers again.

    Raises:
        CaseError: ``not_found``, ``forbidden``, ``no_pilot`` (409), ``version_conflict``.
    """
    policy = await _to_change(unit, actor, policy_id, expected)
    if policy.pilot_from is None or policy.pilot_ended_at is not None:
        raise CaseError("no_pilot", "This version is not being tried.")
    policy.pilot_ended_at, policy.pilot_ended_by = unit.now, actor.label
    await unit.tx.flush()
    return policy


async def roll_back(unit: Unit, actor: Actor, policy_id: str) -> Policy:
    """Put an earlier version's rules in force again, as a new version.

    Raises:
        CaseError: ``not_found``, ``forbidden``, ``never_in_force`` or ``already_live`` (409).
    """
    source = await _to_change(unit, actor, policy_id, None)
    if source.effective_from is None or source.effective_from > unit.now:
        raise CaseError("never_in_force", "This version was never in force. Publish it instead.")
    live = await live_policy(unit.tx, source.tenant_id, unit.now)
    if live is not None and live.rules == source.rules:
        raise CaseError("already_live", "These rules are in force already.")
    policy = await _new_version(
        unit, actor, TenantId(source.tenant_id), source.title, source.rules, source.number
    )
    policy.previewed_at = policy.published_at = policy.effective_from = unit.now
    policy.published_by = actor.label
    await unit.tx.flush()
    return policy


async def _to_change(unit: Unit, actor: Actor, policy_id: str, expected: int | None) -> Policy:
    policy = await load_policy(unit.tx, actor, policy_id, Action.WRITE_POLICIES)
    # Two people who publish or try at once: the second decides on what the first left.
    await hold(unit.tx, f"policies:{policy.tenant_id}")
    await unit.tx.refresh(policy)
    if expected is not None and policy.revision != expected:
        raise CaseError(
            "version_conflict",
            "Somebody else has changed this policy since you read it.",
            status=412,
            version=policy.revision,
        )
    return policy


async def _new_version(
    unit: Unit,
    actor: Actor,
    tenant_id: TenantId,
    title: str,
    rules: dict[str, object],
    based_on: int | None,
) -> Policy:
    await hold(unit.tx, f"policies:{tenant_id}")
    last = await unit.tx.scalar(
        select(func.max(Policy.number)).where(Policy.tenant_id == tenant_id)
    )
    policy = Policy(
        id=new_id("pol"),
        tenant_id=tenant_id,
        number=(last or 0) + 1,
        title=title,
        rules=rules,
        based_on=based_on,
        created_at=unit.now,
        created_by=actor.label,
        saved_at=unit.now,
        saved_by=actor.label,
    )
    unit.tx.add(policy)
    await unit.tx.flush()
    return policy


def _need_preview(policy: Policy) -> None:
    if policy.previewed_at is None:
        raise CaseError(
            "not_previewed", "Look first at what these rules would have answered to past cases."
        )


def _stored(draft: PolicyDraft) -> dict[str, object]:
    return draft.model_dump(mode="json", exclude={"title"})
