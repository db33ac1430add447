"""The desk: what changes a case. Each use case loads, decides, and saves with its log entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases import deadlines, keeping, links
from cases.access_policy import Action, CaseFacts, may
from cases.actor import Actor, KeyActor, StaffActor
from cases.case_access import forbidden, load_case, not_found
from cases.case_note import note
from cases.case_text import open_case_text, seal_case_text, text_of
from cases.deadline_plan import THE_BUYERS, DeadlineKind
from cases.desk_hours import desk_hours_of
from cases.keys import KeyRing
from cases.life import next_case_state, takes_buyers
from cases.states import (
    CaseState,
    CaseTrigger,
    Disposition,
    Liability,
    Outcome,
)
from cases.tables import Case
from runtime.errors import CaseError
from runtime.ids import TenantId


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided, as far as it was."""

    outcome: Outcome | None
    disposition: Disposition | None
    liability: Liability | None
    note: str


def opening_tenant(actor: StaffActor | KeyActor) -> TenantId:
    """The tenant for which the actor may open cases.

    Raises:
        CaseError: ``forbidden`` (403).
    """
    tenant_id = actor.tenant_id
    if tenant_id is None or not may(actor, Action.OPEN_CASE, CaseFacts(tenant_id, None, None)):
        raise forbidden()
    return tenant_id


async def issue_link(
    tx: AsyncSession, keys: KeyRing, actor: Actor, case_id: str, now: datetime
) -> str:
    """Give a case a new join link and end the old one; the answer is the token.

    Raises:
        CaseError: ``not_found``, ``forbidden``, ``case_closed`` (409).
    """
    case = await load_case(tx, actor, case_id, Action.INVITE, lock=True)
    return await _issue(tx, keys, case, actor, now)


async def revoke_link(
    tx: AsyncSession,
    keys: KeyRing,
    actor: Actor,
    case_id: str,
    now: datetime,
    *,
    expected_version: int | None = None,
) -> None:
    """End the case's join link; when there is none, nothing happens.

    Raises:
        CaseError: ``not_found``, ``forbidden`` or ``version_conflict`` (412).
    """
    case = await load_case(tx, actor, case_id, Action.INVITE, lock=True)
    refuse_stale(case, expected_version)
    if await links.revoke_links(tx, case.id, now):
        await deadlines.end(tx, case, set(THE_BUYERS), now)
        await note(tx, keys, case, "link_revoked", {}, actor, now)
        await move(tx, keys, case, CaseTrigger.WITHDRAW_OFFER, actor, now)


async def move_case(
    tx: AsyncSession,
    keys: KeyRing,
    case_id: str,
    trigger: CaseTrigger,
    actor: Actor,
    now: datetime,
    *,
    told: Mapping[str, object] | None = None,
) -> CaseState:
    """Move a case as its life allows, and log it when its state changes or something is told.

    Whether the actor may is the caller's question: what moves a case is mostly what
    happens in its sessions.

    Raises:
        CaseError: ``not_found``, ``case_closed``, ``session_open`` or ``wrong_state`` (409).
    """
    case = await tx.scalar(select(Case).where(Case.id == case_id).with_for_update())
    if case is None:
        raise not_found()
    return await move(tx, keys, case, trigger, actor, now, told)


async def note_in_case(
    tx: AsyncSession,
    keys: KeyRing,
    case_id: str,
    kind: str,
    payload: dict[str, object],
    actor: Actor,
    now: datetime,
) -> None:
    """Write into the case's log what happened in one of its sessions."""
    await note(tx, keys, await tx.get_one(Case, case_id), kind, payload, actor, now)


async def decide(
    tx: AsyncSession,
    keys: KeyRing,
    actor: Actor,
    case_id: str,
    verdict: Verdict,
    now: datetime,
    *,
    expected_version: int | None = None,
) -> None:
    """Set a case's verdict; deciding again replaces it, and the log keeps both.

    Raises:
        CaseError: ``not_found``, ``forbidden``, ``version_conflict`` (412) when the case is
            not at ``expected_version``, ``same_decider`` (403) on an appeal,
            ``reason_needed`` (422) without a note where the policy decided otherwise,
            ``session_open`` or ``case_closed`` (409).
        ValueError: the verdict has no outcome.
    """
    if verdict.outcome is None:
        raise ValueError("a verdict needs an outcome")
    case = await load_case(tx, actor, case_id, Action.DECIDE, lock=True)
    refuse_stale(case, expected_version)
    if case.state == CaseState.APPEALED and actor.label == case.verdict_by:
        raise CaseError(
            "same_decider",
            "An appeal is decided by somebody else than who decided before.",
            status=403,
        )
    if (
        is_decided_by_policy(case)
        and case.verdict_outcome != verdict.outcome
        # The policy's own sentence is no reason against it.
        and verdict.note in ("", (await text_of(tx, keys, case)).verdict_note)
    ):
        raise CaseError(
            "reason_needed", "Say why you decide otherwise than the policy did.", status=422
        )
    await pronounce(tx, keys, case, CaseTrigger.DECIDE, verdict, actor, now)


async def pronounce(
    tx: AsyncSession,
    keys: KeyRing,
    case: Case,
    trigger: CaseTrigger,
    verdict: Verdict,
    actor: Actor,
    now: datetime,
    *,
    told: Mapping[str, object] | None = None,
) -> None:
    """Move a case by what decides it and keep the verdict; that the actor may was asked before.

    Raises:
        CaseError: ``session_open``, ``wrong_state`` or ``case_closed`` (409).
    """
    await move(tx, keys, case, trigger, actor, now, told)
    case.verdict_outcome = verdict.outcome
    case.verdict_disposition = verdict.disposition
    case.verdict_liability = verdict.liability
    key = await keys.key_of(tx, case)
    text = open_case_text(key, case).model_copy(update={"verdict_note": verdict.note})
    case.sealed_text = seal_case_text(key, case.id, text)
    case.verdict_at = now
    case.verdict_by = actor.label
    await deadlines.end(tx, case, set(DeadlineKind) - {DeadlineKind.DISPUTE}, now)
    payload = {**verdict_payload(verdict), **(told or {})}
    await note(tx, keys, case, "verdict", payload, actor, now)


def is_decided_by_policy(case: Case) -> bool:
    """Whether the verdict that stands is a policy's, or a buyer's yes to what it offered."""
    return (case.verdict_by or "").partition(":")[0] in ("policy", "buyer", "form")


def refuse_stale(case: Case, expected_version: int | None) -> None:
    """Refuse what was meant for a case as it no longer is; None takes it as it is.

    Raises:
        CaseError: ``version_conflict`` (412).
    """
    if expected_version is not None and case.version != expected_version:
        raise CaseError(
            "version_conflict",
            "Somebody else has changed this case since you read it.",
            status=412,
            version=case.version,
        )


async def close_case(
    tx: AsyncSession,
    keys: KeyRing,
    actor: Actor,
    case_id: str,
    now: datetime,
    *,
    expected_version: int | None = None,
) -> None:
    """End a case for good and with it its join link.

    Raises:
        CaseError: ``not_found``, ``forbidden``, ``version_conflict`` (412), ``session_open`` or
            ``case_closed`` (409).
    """
    case = await load_case(tx, actor, case_id, Action.CLOSE, lock=True)
    refuse_stale(case, expected_version)
    await move(tx, keys, case, CaseTrigger.CLOSE, actor, now)
    await deadlines.end(tx, case, set(DeadlineKind), now)
    await links.revoke_links(tx, case.id, now)


def verdict_payload(verdict: Verdict | None) -> dict[str, object]:
    """A verdict as the logs and the views spell it."""
    return {
        "outcome": verdict.outcome if verdict else None,
        "disposition": verdict.disposition if verdict else None,
        "liability": verdict.liability if verdict else None,
        "note": verdict.note if verdict else "",
    }


async def _issue(tx: AsyncSession, keys: KeyRing, case: Case, actor: Actor, now: datetime) -> str:
    await move(tx, keys, case, CaseTrigger.OFFER, actor, now)
    return await give_link(tx, keys, case, actor, now)


async def give_link(
    tx: AsyncSession, keys: KeyRing, case: Case, actor: Actor, now: datetime
) -> str:
    """Give a case a new join link as it stands; what the buyer has to do lasts as long."""
    lengths = (await desk_hours_of(tx, case.tenant_id)).lengths
    token = await links.issue_link(tx, keys, case.id, now, timedelta(hours=lengths.inspection_h))
    await deadlines.end(tx, case, set(THE_BUYERS), now)
    state = CaseState(case.state)
    if state is CaseState.KEEP_OFFERED:
        await deadlines.begin(tx, case, DeadlineKind.OFFER, now)
    # A filed case waits for a person; of one that is decided the link is for reading.
    elif takes_buyers(state) and state is not CaseState.FILED:
        await deadlines.begin(tx, case, DeadlineKind.INSPECTION, now)
    await note(tx, keys, case, "link_issued", {}, actor, now)
    return token


async def move(
    tx: AsyncSession,
    keys: KeyRing,
    case: Case,
    trigger: CaseTrigger,
    actor: Actor,
    now: datetime,
    told: Mapping[str, object] | None = None,
) -> CaseState:
    """Move a case that is held already, see ``move_case``."""
    before = CaseState(case.state)
    after = next_case_state(before, trigger)
    case.updated_at = now
    if after is not before or told is not None:
        case.state = after
        payload = {**(told or {}), "from": before, "to": after, "trigger": trigger}
        await note(tx, keys, case, "moved", payload, actor, now)
    await tx.flush()
    if after is CaseState.CLOSED and before is not after:
        await keeping.closed(tx, case, now)
    return after
