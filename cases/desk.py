"""The desk: what changes a case. Each use case loads, decides, and saves with its log entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases import chain, deadlines, links
from cases.access_policy import Action, CaseFacts, may
from cases.actor import Actor, KeyActor, StaffActor
from cases.case_access import forbidden, load_case, not_found
from cases.case_note import note
from cases.commands import OpenCase, OrderLine, to_minor
from cases.deadline_plan import DeadlineKind
from cases.keys import KeyRing
from cases.life import next_case_state, takes_buyers
from cases.policy_answers import answer_by_policy
from cases.states import (
    CaseState,
    CaseTrigger,
    Disposition,
    Liability,
    Outcome,
)
from cases.tables import Case, ItemLine
from cases.tenants import granted_warehouses
from runtime.errors import CaseError
from runtime.ids import CaseId, TenantId, WarehouseId, new_id


@dataclass(frozen=True, slots=True)
class OpenedCase:
    """A new case and the token of its join link, which is told once."""

    case_id: CaseId
    token: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided, as far as it was."""

    outcome: Outcome | None
    disposition: Disposition | None
    liability: Liability | None
    note: str


async def open_case(
    tx: AsyncSession,
    keys: KeyRing,
    actor: StaffActor | KeyActor,
    command: OpenCase,
    now: datetime,
) -> OpenedCase:
    """Open a case of the actor's tenant, answer it by policy, and issue its join link.

    Pictures are URLs by now: what came as ``data:`` is in the store.

    Raises:
        CaseError: ``forbidden`` (403), ``warehouse_not_granted`` (422) or, when several are
            granted and none is named, ``warehouse_required`` (422).
    """
    tenant_id = opening_tenant(actor)
    wrapped_key = await keys.new_case_key(tx, tenant_id)
    return await open_for(tx, keys, tenant_id, actor, command, wrapped_key, now)


async def open_for(
    tx: AsyncSession,
    keys: KeyRing,
    tenant_id: TenantId,
    actor: Actor,
    command: OpenCase,
    wrapped_key: bytes,
    now: datetime,
) -> OpenedCase:
    """Open a case of the tenant under its key; whether the actor may is the caller's question."""
    case = Case(
        id=new_id("cas"),
        tenant_id=tenant_id,
        warehouse_id=await _warehouse_for(tx, tenant_id, command.warehouse_id),
        order_number=command.order_number,
        buyer_name=command.buyer.name,
        # Whoever writes it in capitals is the same buyer to the policy.
        buyer_email=command.buyer.email.lower() if command.buyer.email else None,
        buyer_locale=command.buyer.locale,
        state=CaseState.FILED,
        direction=command.direction,
        claim_reason=command.claim.reason,
        claim_words=command.claim.words,
        claim_locale=command.claim.locale,
        currency=command.currency,
        market=command.market,
        delivered_at=command.delivered_at,
        wrapped_key=wrapped_key,
        search_text=_search_text(command),
        created_at=now,
        updated_at=now,
    )
    tx.add(case)
    await tx.flush()
    lines = [
        _item_line(case.id, position, line, command.currency)
        for position, line in enumerate(command.items)
    ]
    tx.add_all(lines)
    await deadlines.begin(tx, case, DeadlineKind.FIRST_ANSWER, now)
    await note(
        tx,
        keys,
        case,
        "case_opened",
        {"order_number": case.order_number, "claim_reason": case.claim_reason},
        actor,
        now,
    )
    await answer_by_policy(tx, keys, case, lines, now)
    token = await _issue(tx, keys, case, actor, now)
    return OpenedCase(CaseId(case.id), token)


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
        await deadlines.end(tx, case, {DeadlineKind.INSPECTION}, now)
        await note(tx, keys, case, "link_revoked", {}, actor, now)
        await _move(tx, keys, case, CaseTrigger.WITHDRAW_OFFER, actor, now)


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
    return await _move(tx, keys, case, trigger, actor, now, told)


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
            not at ``expected_version``, ``same_decider`` (403) on an appeal, ``session_open``
            or ``case_closed`` (409).
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
    await _move(tx, keys, case, CaseTrigger.DECIDE, actor, now)
    case.verdict_outcome = verdict.outcome
    case.verdict_disposition = verdict.disposition
    case.verdict_liability = verdict.liability
    case.verdict_note = verdict.note
    case.verdict_at = now
    case.verdict_by = actor.label
    await deadlines.end(tx, case, set(DeadlineKind) - {DeadlineKind.DISPUTE}, now)
    await note(tx, keys, case, "verdict", verdict_payload(verdict), actor, now)


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
    await _move(tx, keys, case, CaseTrigger.CLOSE, actor, now)
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
    after = await _move(tx, keys, case, CaseTrigger.OFFER, actor, now)
    token = await links.issue_link(tx, case.id, now)
    await deadlines.end(tx, case, {DeadlineKind.INSPECTION}, now)
    # A link to a case that is decided is for reading: nobody waits for the buyer to show.
    if takes_buyers(after):
        await deadlines.begin(tx, case, DeadlineKind.INSPECTION, now)
    await note(tx, keys, case, "link_issued", {}, actor, now)
    return token


async def _move(
    tx: AsyncSession,
    keys: KeyRing,
    case: Case,
    trigger: CaseTrigger,
    actor: Actor,
    now: datetime,
    told: Mapping[str, object] | None = None,
) -> CaseState:
    before = CaseState(case.state)
    after = next_case_state(before, trigger)
    case.updated_at = now
    if after is not before or told is not None:
        case.state = after
        payload = {**(told or {}), "from": before, "to": after, "trigger": trigger}
        await note(tx, keys, case, "moved", payload, actor, now)
    await tx.flush()
    return after


async def _warehouse_for(
    tx: AsyncSession, tenant_id: TenantId, wanted: str | None
) -> WarehouseId | None:
    granted = await granted_warehouses(tx, tenant_id)
    if wanted is not None:
        if wanted not in granted:
            raise CaseError(
                "warehouse_not_granted", "This warehouse does not work for you.", status=422
            )
        return WarehouseId(wanted)
    if len(granted) > 1:
        raise CaseError(
            "warehouse_required", "Several warehouses work for you: name one.", status=422
        )
    # Without a warehouse the tenant's own people inspect.
    return granted[0] if granted else None


def _item_line(case_id: str, position: int, line: OrderLine, currency: str) -> ItemLine:
    listing = line.listing.model_dump(mode="json")
    return ItemLine(
        id=new_id("itm"),
        case_id=case_id,
        position=position,
        sku=line.sku,
        quantity=line.quantity,
        price_minor=to_minor(line.price, currency),
        listing=listing,
        listing_sha256=sha256(chain.canonical(listing)).hexdigest(),
        category=line.category,
    )


def _search_text(command: OpenCase) -> str:
    parts = [command.order_number, command.buyer.name]
    for line in command.items:
        parts += [line.sku, line.listing.title]
    return " ".join(parts).casefold()
