"""Opening a case: what was told becomes a case that its seller's policy has answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy.ext.asyncio import AsyncSession

from cases import answering, case_words, chain, deadlines, desk
from cases.actor import Actor, KeyActor, StaffActor
from cases.address_hash import address_hash
from cases.case_note import note
from cases.case_text import CaseText, seal_case_text
from cases.commands import OpenCase, OrderLine, to_minor
from cases.deadline_plan import DeadlineKind
from cases.keys import KeyRing
from cases.notice_kinds import ChannelKind
from cases.policy_answers import Known
from cases.states import CaseState
from cases.tables import Case, ItemLine
from cases.tenants import granted_warehouses
from runtime.errors import CaseError
from runtime.ids import CaseId, TenantId, WarehouseId, new_id


@dataclass(frozen=True, slots=True)
class OpenedCase:
    """A new case and the token of its join link, which is told once."""

    case_id: CaseId
    token: str


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
    tenant_id = desk.opening_tenant(actor)
    wrapped_key = await keys.new_case_key(tx, tenant_id)
    return await open_for(tx, keys, tenant_id, actor, command, wrapped_key, Known(), now)


async def open_for(
    tx: AsyncSession,
    keys: KeyRing,
    tenant_id: TenantId,
    actor: Actor,
    command: OpenCase,
    wrapped_key: bytes,
    known: Known,
    now: datetime,
) -> OpenedCase:
    """Open a case of the tenant under its key; whether the actor may is the caller's question."""
    case_id, buyer = new_id("cas"), command.buyer
    # Whoever writes it in capitals is the same buyer to the policy.
    email = buyer.email.lower() if buyer.email else None
    text = CaseText(buyer_name=buyer.name, buyer_email=email, claim_words=command.claim.words)
    key = await keys.open_case_key(tx, tenant_id, wrapped_key)
    case = Case(
        id=case_id,
        tenant_id=tenant_id,
        warehouse_id=await _warehouse_for(tx, tenant_id, command.warehouse_id),
        order_number=command.order_number,
        sealed_text=seal_case_text(key, case_id, text),
        buyer_hash=address_hash(keys, tenant_id, email, ChannelKind.EMAIL) if email else None,
        buyer_locale=buyer.locale,
        state=CaseState.FILED,
        direction=command.direction,
        claim_reason=command.claim.reason,
        claim_locale=command.claim.locale,
        currency=command.currency,
        market=command.market,
        delivered_at=command.delivered_at,
        wrapped_key=wrapped_key,
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
    await tx.flush()
    await case_words.index_case(tx, keys, case)
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
    token = await answering.answer(tx, keys, case, lines, actor, known, now)
    return OpenedCase(CaseId(case.id), token)


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
