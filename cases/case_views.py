"""What is shown of one case: to staff and machines, and to its buyer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.access_policy import Action
from cases.actor import Actor, StaffActor
from cases.case_access import not_found
from cases.case_marks import tags_of
from cases.case_reading import read_case
from cases.commands import from_minor
from cases.desk import is_decided_by_policy
from cases.keys import KeyRing
from cases.life import next_step
from cases.move_views import (
    CheckView,
    ParcelView,
    SettlementView,
    check_view,
    moves_of,
    parcel_views,
    settlement_views,
    settlements_of,
)
from cases.policy_answers import (
    BuyerPolicyAnswerView,
    PolicyAnswerView,
    buyer_policy_answer_view,
    owed_minor,
    policy_answer_view,
)
from cases.states import (
    CaseState,
    CaseTrigger,
    ClaimReason,
    Direction,
    Disposition,
    Liability,
    LinkState,
    Outcome,
    SessionState,
)
from cases.tables import (
    ApiKey,
    Case,
    ItemLine,
    JoinLink,
    Recording,
    Session,
    Staff,
)
from cases.view import View


class TenantView(View):
    """A seller, by name."""

    id: str
    name: str


class WarehouseView(View):
    """A warehouse, by name and place."""

    id: str
    name: str
    city: str


class BuyerView(View):
    """The buyer; their e-mail address is for the seller alone."""

    name: str
    email: str | None
    locale: str


class ClaimView(View):
    """What the buyer says is wrong."""

    reason: ClaimReason
    words: str
    locale: str


class ListingView(View):
    """The frozen listing."""

    title: str
    pictures: list[str]
    properties: dict[str, str]


class ItemView(View):
    """One line of the order, and how it came back."""

    sku: str
    quantity: int
    price: str
    listing: ListingView
    checked: CheckView | None


class LinkView(View):
    """The case's newest join link, without its token."""

    state: LinkState
    expires_at: datetime | None
    first_joined_at: datetime | None


class VerdictView(View):
    """What was decided, when and by whom."""

    outcome: Outcome
    disposition: Disposition | None
    liability: Liability | None
    note: str
    decided_at: datetime
    decided_by: str
    by_policy: bool
    """Decided by a policy, or by the buyer's yes to its offer: deciding otherwise needs a note."""


class SessionView(View):
    """One inspection of the case."""

    id: str
    state: SessionState
    direction: Direction
    created_at: datetime
    live_at: datetime | None
    ended_at: datetime | None
    duration_s: float | None
    recorded: bool


class CaseView(View):
    """All of a case that staff may see."""

    id: str
    state: CaseState
    version: int
    order_number: str
    buyer: BuyerView
    currency: str
    direction: Direction
    claim: ClaimView
    items: list[ItemView]
    tenant: TenantView
    warehouse: WarehouseView | None
    link: LinkView
    policy_answer: PolicyAnswerView | None
    verdict: VerdictView | None
    parcels: list[ParcelView]
    settlements: list[SettlementView]
    moves: list[CaseTrigger]
    """What the asker may do next, besides inviting, deciding and closing."""
    next_step: CaseTrigger | None
    """The one thing to do next, whoever may; null while there is nothing but to wait."""
    sessions: list[SessionView]
    tags: list[str]
    snoozed_until: datetime | None
    """Out of sight until then; it may be past."""
    kept_until: datetime | None
    """When it will be erased; null while nothing says so (``/keeping`` says why)."""
    legal_hold: bool
    created_at: datetime
    updated_at: datetime


class BuyerItemView(View):
    """One line of the order, for the buyer."""

    sku: str
    title: str
    quantity: int
    picture: str | None


class BuyerCaseView(View):
    """The part of a case that its buyer may see."""

    id: str
    order_number: str
    buyer_name: str
    buyer_locale: str
    state: CaseState
    claim: ClaimView
    items: list[BuyerItemView]
    direction: Direction
    policy_answer: BuyerPolicyAnswerView | None


async def case_view(
    tx: AsyncSession, keys: KeyRing, actor: Actor, case_id: str, now: datetime
) -> dict[str, Any]:
    """A ``CaseView`` as JSON.

    Raises:
        CaseError: ``not_found`` (404) or ``forbidden`` (403).
    """
    read = await read_case(tx, actor, case_id, Action.VIEW_CASE)
    case, warehouse = read.case, read.warehouse
    items = list(
        await tx.scalars(
            select(ItemLine).where(ItemLine.case_id == case_id).order_by(ItemLine.position)
        )
    )
    has_notes = any(one.sealed_check_note for one in items)
    key = await keys.key_of(tx, case) if has_notes else None
    settled = await settlements_of(tx, case.id) if read.has_settlements else []
    owed = owed_minor(case, read.policy_answer, sum(one.amount_minor or 0 for one in settled))
    of_the_seller = not (isinstance(actor, StaffActor) and actor.tenant_id is None)
    return CaseView(
        id=case.id,
        state=CaseState(case.state),
        version=case.version,
        order_number=case.order_number,
        buyer=BuyerView(
            name=case.buyer_name,
            email=case.buyer_email if of_the_seller else None,
            locale=case.buyer_locale,
        ),
        currency=case.currency,
        direction=Direction(case.direction),
        claim=_claim(case),
        items=[
            ItemView(
                sku=item.sku,
                quantity=item.quantity,
                price=from_minor(item.price_minor, case.currency),
                listing=ListingView.model_validate(item.listing),
                checked=check_view(key, item),
            )
            for item in items
        ],
        tenant=TenantView(id=case.tenant_id, name=read.tenant_name),
        warehouse=(
            WarehouseView(id=warehouse.id, name=warehouse.name, city=warehouse.city)
            if warehouse
            else None
        ),
        link=_link(read.link, now),
        policy_answer=(
            policy_answer_view(case, read.policy_answer, read.policy_number, owed)
            if read.policy_answer is not None and read.policy_number is not None
            else None
        ),
        verdict=_verdict(case, read.decided_by),
        parcels=await parcel_views(tx, case.id) if read.has_parcels else [],
        settlements=settlement_views(case, settled),
        moves=moves_of(actor, case),
        next_step=next_step(
            CaseState(case.state),
            Outcome(case.verdict_outcome) if case.verdict_outcome else None,
            owed,
        ),
        sessions=await _sessions(tx, case.id) if read.has_sessions else [],
        tags=(await tags_of(tx, [case.id]))[case.id] if read.has_tags else [],
        snoozed_until=read.snoozed_until,
        kept_until=read.kept_until,
        legal_hold=read.is_held,
        created_at=case.created_at,
        updated_at=case.updated_at,
    ).model_dump(mode="json")


async def buyer_case_view(tx: AsyncSession, case_id: str) -> dict[str, Any]:
    """A ``BuyerCaseView`` as JSON; that the caller is the buyer was found out before.

    Raises:
        CaseError: ``not_found`` (404).
    """
    case = await tx.get(Case, case_id)
    if case is None:
        raise not_found()
    items = await tx.scalars(
        select(ItemLine).where(ItemLine.case_id == case_id).order_by(ItemLine.position)
    )
    return BuyerCaseView(
        id=case.id,
        order_number=case.order_number,
        buyer_name=case.buyer_name,
        buyer_locale=case.buyer_locale,
        state=CaseState(case.state),
        claim=_claim(case),
        items=[
            BuyerItemView(
                sku=item.sku,
                title=item.listing["title"],
                quantity=item.quantity,
                picture=first_picture(item.listing["pictures"]),
            )
            for item in items
        ],
        direction=Direction(case.direction),
        policy_answer=await buyer_policy_answer_view(tx, case),
    ).model_dump(mode="json")


def _claim(case: Case) -> ClaimView:
    return ClaimView(
        reason=ClaimReason(case.claim_reason), words=case.claim_words, locale=case.claim_locale
    )


def _link(link: JoinLink | None, now: datetime) -> LinkView:
    if link is None:
        return LinkView(state=LinkState.NONE, expires_at=None, first_joined_at=None)
    state = LinkState.ACTIVE
    if link.revoked_at is not None:
        state = LinkState.REVOKED
    elif link.expires_at <= now:
        state = LinkState.EXPIRED
    return LinkView(state=state, expires_at=link.expires_at, first_joined_at=link.first_joined_at)


def _verdict(case: Case, decided_by: str | None) -> VerdictView | None:
    if case.verdict_outcome is None or case.verdict_at is None:
        return None
    return VerdictView(
        outcome=Outcome(case.verdict_outcome),
        disposition=Disposition(case.verdict_disposition) if case.verdict_disposition else None,
        liability=Liability(case.verdict_liability) if case.verdict_liability else None,
        note=case.verdict_note or "",
        decided_at=case.verdict_at,
        decided_by=decided_by or nameless(case.verdict_by or "system"),
        by_policy=is_decided_by_policy(case),
    )


async def name_of(tx: AsyncSession, label: str) -> str:
    """The name a person knows an actor by."""
    kind, _, subject_id = label.partition(":")
    name: str | None = None
    if kind == "staff":
        name = await tx.scalar(select(Staff.name).where(Staff.id == subject_id))
    elif kind == "key":
        name = await tx.scalar(select(ApiKey.name).where(ApiKey.id == subject_id))
    return name or nameless(label)


def nameless(label: str) -> str:
    """What an actor is called who has no name."""
    kind, _, subject_id = label.partition(":")
    return f"policy {subject_id}" if kind == "policy" else kind


async def _sessions(tx: AsyncSession, case_id: str) -> list[SessionView]:
    rows = await tx.execute(
        select(Session, exists().where(Recording.session_id == Session.id))
        .where(Session.case_id == case_id)
        .order_by(Session.created_at, Session.id)
    )
    return [
        SessionView(
            id=session.id,
            state=SessionState(session.state),
            direction=Direction(session.direction),
            created_at=session.created_at,
            live_at=session.live_at,
            ended_at=session.ended_at,
            duration_s=(
                round((session.ended_at - session.live_at).total_seconds(), 3)
                if session.ended_at and session.live_at
                else None
            ),
            recorded=recorded,
        )
        for session, recorded in rows
    ]


def first_picture(pictures: list[str]) -> str | None:
    return pictures[0] if pictures else None
