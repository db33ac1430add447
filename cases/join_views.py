"""What a join link shows before the tap, to whoever opens it; looking changes nothing."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases import hosting, links
from cases.case_access import not_found
from cases.case_text import open_case_text
from cases.case_views import buyer_case_view
from cases.consent_text import BUYER_WORDS
from cases.desk import is_decided_by_policy
from cases.joining import is_over
from cases.keys import KeyRing
from cases.life import moves_by_hand
from cases.links import Binding
from cases.move_views import parcel_views, settlement_views
from cases.session_access import buyer_in, open_session_of
from cases.settlements import settlements_of
from cases.states import CaseState, CaseTrigger, StillState
from cases.tables import Case, Session, Still, Tenant, Warehouse
from runtime.errors import CaseError

Shown = dict[str, object]


async def join_view(
    tx: AsyncSession, keys: KeyRing, token: str, secret: str | None, now: datetime
) -> Shown:
    """The answer of ``GET /api/join/{token}``.

    Raises:
        CaseError: ``link_unknown`` (404), ``link_expired``, ``link_revoked``, ``case_closed``,
            ``erased`` (410), ``device_refused`` (403).
    """
    link = await links.find_link(tx, token, now)
    binding = await links.binding_of(tx, link.link_id, secret)
    if binding is Binding.REFUSED:
        raise CaseError("device_refused", "The host did not let this device in.", status=403)
    case = await tx.get(Case, link.case_id)
    if case is None:
        raise not_found()
    mine = binding is Binding.BOUND
    over = await is_over(tx, case)
    tenant = await tx.get_one(Tenant, case.tenant_id)
    warehouse = await tx.get(Warehouse, case.warehouse_id) if case.warehouse_id else None
    shown = await buyer_case_view(tx, keys, case.id)
    if binding in (Binding.ASKING, Binding.OTHER_DEVICE):
        shown["policy_answer"] = None
    hosts_ready, queue_length, expected_wait_s = await hosting.queue_before_joining(tx, case)
    return {
        "state": _state(binding, CaseState(case.state), over),
        "tenant": {"name": tenant.name},
        "warehouse": {"name": warehouse.name, "city": warehouse.city} if warehouse else None,
        "case": shown,
        "session": await _session(tx, case) if mine else None,
        "hosts_ready": hosts_ready,
        "queue_length": queue_length,
        "expected_wait_s": expected_wait_s,
        "consent": BUYER_WORDS.shown(),
        # What was found is for the buyer's own browser, not for whoever was sent the link.
        "outcome": await _outcome(tx, keys, case)
        if mine or _is_the_first_word(binding, case)
        else None,
    }


def _is_the_first_word(binding: Binding, case: Case) -> bool:
    """Whether nobody has opened the link yet, and it says what a policy decided at once."""
    return binding is Binding.FREE and is_decided_by_policy(case)


def _state(binding: Binding, state: CaseState, over: bool) -> str:
    if binding is Binding.ASKING:
        return "asking"
    if binding is Binding.OTHER_DEVICE:
        return "other_device"
    if state is CaseState.KEEP_OFFERED:
        return "offer"
    return "ended" if over else "open"


async def _session(tx: AsyncSession, case: Case) -> Shown | None:
    session = await open_session_of(tx, case.id)
    buyer = await buyer_in(tx, session.id) if session else None
    if session is None or buyer is None:
        return None
    return {"id": session.id, "state": session.state, "participant_id": buyer.id}


async def _outcome(tx: AsyncSession, keys: KeyRing, case: Case) -> Shown | None:
    if case.verdict_outcome is None or case.verdict_at is None:
        return None
    stills = await tx.execute(
        select(Still.id, Still.at_ns)
        .join(Session, Session.id == Still.session_id)
        .where(Session.case_id == case.id, Still.state != StillState.FAILED)
        .order_by(Still.at_ns)
    )
    seen = await tx.scalar(
        select(Session.id).where(Session.case_id == case.id, Session.live_at.is_not(None)).limit(1)
    )
    key = await keys.key_of(tx, case)
    return {
        "outcome": case.verdict_outcome,
        "note": open_case_text(key, case).verdict_note or "",
        "by_policy": is_decided_by_policy(case),
        "seen": seen is not None,
        "decided_at": case.verdict_at.isoformat(),
        "stills": [{"still_id": id_, "at_ms": at_ns // 1_000_000} for id_, at_ns in stills],
        "parcels": [one.model_dump(mode="json") for one in await parcel_views(tx, key, case.id)],
        "settlements": [
            one.model_dump(mode="json")
            for one in settlement_views(key, case, await settlements_of(tx, case.id))
        ],
        "currency": case.currency,
        "may_appeal": CaseTrigger.APPEAL in moves_by_hand(CaseState(case.state)),
    }
