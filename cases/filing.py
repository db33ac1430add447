"""Filing: a buyer names an order, says what is wrong, and has a case with its way in."""

from __future__ import annotations

import hmac
import json
import os
import secrets
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Final

from pydantic import BaseModel, ValidationError
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from cases import desk, links, opening, orders
from cases.access_policy import Action
from cases.actor import Actor, FormActor, KeyActor, StaffActor
from cases.case_access import load_case
from cases.commands import (
    Buyer,
    Listing,
    OpenCase,
    OrderLine,
)
from cases.filing_commands import FileReturn, FilingRules, TellOrder, WantDraft
from cases.keys import KeyDestroyed
from cases.policy_answers import Known
from cases.policy_facts import NO_CURRENCY, photographs_sent
from cases.policy_rules import Fact
from cases.reasons import check_offered
from cases.sealing import open_words, seal, seal_words, unseal
from cases.signed_link import encode, open_link
from cases.tables import Attachment, Case, Filing, FilingSetting, Tenant
from cases.tenants import granted_warehouses
from cases.unit import Unit
from runtime.errors import CaseError
from runtime.ids import TenantId, new_id

DRAFT_LIFETIME: Final = timedelta(hours=48)


class FilingWords(BaseModel):
    """What a filing says of its buyer, kept sealed; ``order`` is None where nobody told it."""

    email: str | None
    order: TellOrder | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A begun filing; ``secret`` is told once."""

    filing: Filing
    words: FilingWords
    secret: str


@dataclass(frozen=True, slots=True)
class Filed:
    """What filing made; ``device_secret`` belongs into the browser's cookie."""

    case_id: str
    token: str
    device_secret: str | None


def filing_tenant(actor: StaffActor | KeyActor) -> TenantId:
    """The tenant whose orders and filing rules the actor may change.

    Raises:
        CaseError: ``forbidden`` (403).
    """
    return desk.opening_tenant(actor)


async def rules_of(tx: AsyncSession, tenant_id: str) -> FilingRules:
    """The tenant's rules; without any nobody else signs or embeds."""
    found = await tx.get(FilingSetting, tenant_id)
    if found is None:
        return FilingRules(origins=[])
    return FilingRules(public_key=found.public_key, origins=found.origins)


async def set_rules(unit: Unit, actor: StaffActor | KeyActor, rules: FilingRules) -> str:
    """Set who may sign and embed, and give the tenant's HS256 secret (base64url).

    Raises:
        CaseError: ``forbidden`` (403).
    """
    tenant_id = filing_tenant(actor)
    key = await unit.keys.tenant_key(unit.tx, tenant_id)
    found = await unit.tx.get(FilingSetting, tenant_id)
    if found is None:
        sealed = seal(key, f"filing:{tenant_id}", os.urandom(32))
        found = FilingSetting(tenant_id=tenant_id, sealed_secret=sealed)
        unit.tx.add(found)
    found.public_key, found.origins, found.updated_at = rules.public_key, rules.origins, unit.now
    await unit.tx.flush()
    return encode(unseal(key, f"filing:{tenant_id}", found.sealed_secret))


async def seller_of(tx: AsyncSession, slug: str) -> Tenant:
    """The tenant whose form this is.

    Raises:
        CaseError: ``seller_unknown`` (404).
    """
    tenant = await tx.scalar(select(Tenant).where(Tenant.slug == slug))
    if tenant is None or tenant.wrapped_key is None:
        raise CaseError("seller_unknown", "There is no shop at this address.", status=404)
    return tenant


async def origins_of(tx: AsyncSession, slug: str) -> list[str]:
    """The origins that may frame the seller's form; none for an unknown seller."""
    found = await tx.scalar(
        select(FilingSetting.origins)
        .join(Tenant, Tenant.id == FilingSetting.tenant_id)
        .where(Tenant.slug == slug)
    )
    return [str(origin) for origin in found or []]


async def begin(unit: Unit, slug: str, want: WantDraft) -> Draft:
    """Begin a filing. A wrong e-mail is answered like an order that nobody told us.

    Raises:
        CaseError: ``seller_unknown`` (404), ``link_forged`` (403), ``link_expired`` (410).
    """
    tenant = await seller_of(unit.tx, slug)
    if want.token is not None:
        signed = await _signed_order(unit, tenant, want.token)
        order: TellOrder | None = signed
        number, email = signed.order_number, signed.buyer.email
    else:
        assert want.order_number is not None
        assert want.email is not None
        number, email = want.order_number, want.email
        told = await orders.told_of(unit.tx, unit.keys, tenant.id, number)
        order = _matching(told, email)
    words = FilingWords(email=email, order=order)
    filing_id, wrapped = new_id("fil"), await unit.keys.new_case_key(unit.tx, tenant.id)
    key = await unit.keys.open_case_key(unit.tx, tenant.id, wrapped)
    secret = secrets.token_urlsafe(32)
    filing = Filing(
        id=filing_id,
        tenant_id=tenant.id,
        secret_hash=sha256(secret.encode()).digest(),
        order_number=number,
        order_known=order is not None,
        sealed_words=seal_words(key, _bound(filing_id), words),
        wrapped_key=wrapped,
        created_at=unit.now,
        expires_at=unit.now + DRAFT_LIFETIME,
    )
    unit.tx.add(filing)
    await unit.tx.flush()
    return Draft(filing, words, f"{filing.id}.{secret}")


async def load_draft(unit: Unit, secret: str, *, lock: bool = False) -> Filing:
    """The filing that this browser began.

    Raises:
        CaseError: ``draft_unknown`` (404) or ``draft_expired`` (410).
    """
    id_, _, rest = secret.partition(".")
    query = select(Filing).where(Filing.id == id_)
    filing = await unit.tx.scalar(query.with_for_update() if lock else query)
    digest = sha256(rest.encode("utf-8", "replace")).digest()
    if filing is None or not hmac.compare_digest(filing.secret_hash, digest):
        raise CaseError("draft_unknown", "This form is not known. Begin again.", status=404)
    if filing.wrapped_key is None or (filing.case_id is None and filing.expires_at <= unit.now):
        raise CaseError("draft_expired", "This form has expired. Begin again.", status=410)
    return filing


async def key_of(unit: Unit, filing: Filing) -> bytes:
    """The key of the filing's words and attachments: its case's, before and after.

    Raises:
        KeyDestroyed: the case was erased.
    """
    if filing.case_id is not None:
        return await unit.keys.case_key(unit.tx, filing.case_id)
    if filing.wrapped_key is None:
        raise KeyDestroyed
    return await unit.keys.open_case_key(unit.tx, filing.tenant_id, filing.wrapped_key)


def words_of(filing: Filing, key: bytes) -> FilingWords:
    """What it says of its buyer, by the key that ``key_of`` gave; nothing once forgotten."""
    if filing.sealed_words is None:
        return FilingWords(email=None, order=None)
    return open_words(FilingWords, key, _bound(filing.id), filing.sealed_words)


async def file_return(
    unit: Unit, secret: str, form: FileReturn, *, device: str | None, user_agent: str
) -> Filed:
    """Open the case, once: a repeat is told the same. ``bind`` gives this browser the link.

    Raises:
        CaseError: what ``load_draft`` raises, ``bad_lines`` or ``reason_not_offered`` (422).
    """
    filing = await load_draft(unit, secret, lock=True)
    key = await key_of(unit, filing)
    if filing.sealed_answer is not None:
        told = json.loads(unseal(key, filing.id, filing.sealed_answer))
        return Filed(told["case_id"], told["token"], told["device_secret"])
    assert filing.wrapped_key is not None
    command = await _command(unit.tx, filing, words_of(filing, key), form)
    categories = [item.category for item in command.items]
    await check_offered(unit.tx, filing.tenant_id, command.claim.reason, categories)
    # Two filings of one order come one after the other, so that the second is seen as one.
    await orders.hold_order(unit.tx, filing.tenant_id, command.order_number)
    known = Known(
        photographs=await photographs_sent(unit.tx, filing.id),
        doubted=await _doubted(unit.tx, filing),
    )
    actor = FormActor(filing.id)
    opened = await opening.open_for(
        unit.tx,
        unit.keys,
        TenantId(filing.tenant_id),
        actor,
        command,
        filing.wrapped_key,
        known,
        unit.now,
    )
    device_secret = None
    if form.bind:
        link = await links.find_link(unit.tx, opened.token, unit.now)
        bound = await links.bind_device(
            unit.tx,
            unit.keys,
            link.link_id,
            device,
            user_agent=user_agent,
            public_key=None,
            now=unit.now,
        )
        device_secret = bound.secret
    filing.case_id = opened.case_id
    await unit.tx.execute(
        update(Attachment).where(Attachment.filing_id == filing.id).values(case_id=opened.case_id)
    )
    told = {"case_id": opened.case_id, "token": opened.token, "device_secret": device_secret}
    filing.sealed_answer = seal(key, filing.id, json.dumps(told).encode())
    payload: dict[str, object] = {"order_known": filing.order_known}
    await desk.note_in_case(
        unit.tx, unit.keys, opened.case_id, "buyer_filed", payload, actor, unit.now
    )
    await unit.tx.flush()
    unit.changes.desks.add(filing.tenant_id)
    if command.warehouse_id:
        unit.changes.desks.add(command.warehouse_id)
    return Filed(opened.case_id, opened.token, device_secret)


async def filing_of(tx: AsyncSession, actor: Actor, case_id: str) -> Filing | None:
    """How a case was filed, if the buyer filed it and the actor may view it.

    Raises:
        CaseError: ``not_found`` or ``forbidden``.
    """
    await load_case(tx, actor, case_id, Action.VIEW_CASE)
    found: Filing | None = await tx.scalar(select(Filing).where(Filing.case_id == case_id))
    return found


async def expire_drafts(unit: Unit) -> int:
    """Destroy the keys of the drafts that nobody filed in time: what was uploaded is gone."""
    rows = await unit.tx.scalars(
        select(Filing)
        .where(
            Filing.expires_at <= unit.now,
            Filing.case_id.is_(None),
            Filing.wrapped_key.is_not(None),
        )
        .with_for_update()
    )
    expired = rows.all()
    for draft in expired:
        await unit.keys.destroy(draft.wrapped_key or b"")
        draft.wrapped_key, draft.sealed_words = None, None
    return len(expired)


async def _signed_order(unit: Unit, tenant: Tenant, token: str) -> TellOrder:
    found = await unit.tx.get(FilingSetting, tenant.id)
    if found is None:
        raise CaseError("link_forged", "This link was not made by this shop.", status=403)
    key = await unit.keys.tenant_key(unit.tx, tenant.id)
    content = open_link(
        token,
        slug=tenant.slug,
        secret=unseal(key, f"filing:{tenant.id}", found.sealed_secret),
        public_key=found.public_key,
        now=unit.now,
    )
    try:
        return TellOrder.model_validate_json(json.dumps(content))
    except ValidationError as error:
        raise CaseError("link_unreadable", "The order in this link does not fit.") from error


def _matching(told: TellOrder | None, email: str) -> TellOrder | None:
    known = (told.buyer.email or "") if told else ""
    # Digests, so that neither length nor the first difference is told by the time it takes.
    same = hmac.compare_digest(
        sha256(known.casefold().encode()).digest(), sha256(email.casefold().encode()).digest()
    )
    return told if same else None


async def _doubted(tx: AsyncSession, filing: Filing) -> tuple[Fact, ...]:
    """What nobody vouches for: an order nobody told us, or one that was filed before."""
    if not filing.order_known:
        return (Fact.VALUE,)
    before = await tx.scalar(
        select(Case.id)
        .where(Case.tenant_id == filing.tenant_id, Case.order_number == filing.order_number)
        .limit(1)
    )
    return (Fact.RETURNS,) if before is not None else ()


async def _command(
    tx: AsyncSession, filing: Filing, words: FilingWords, form: FileReturn
) -> OpenCase:
    granted = await granted_warehouses(tx, TenantId(filing.tenant_id))
    warehouse = granted[0] if granted else None
    order = words.order
    if order is None:
        if form.name is None or form.title is None:
            raise CaseError("bad_lines", "Say who you are and what you bought.", status=422)
        line = OrderLine(sku="?", quantity=1, price="0", listing=Listing(title=form.title))
        return OpenCase(
            order_number=filing.order_number,
            buyer=Buyer(name=form.name, email=words.email, locale=form.locale),
            currency=NO_CURRENCY,
            warehouse_id=warehouse,
            claim=form.claim,
            items=[line],
        )
    picked = {line.index: line.quantity for line in form.lines}
    if not picked or len(picked) != len(form.lines):
        raise CaseError("bad_lines", "Choose what you return.", status=422)
    if any(i >= len(order.items) or n > order.items[i].quantity for i, n in picked.items()):
        raise CaseError("bad_lines", "The order does not have that many.", status=422)
    return OpenCase(
        order_number=order.order_number,
        buyer=order.buyer.model_copy(update={"locale": form.locale}),
        currency=order.currency,
        market=order.market,
        delivered_at=order.delivered_at,
        warehouse_id=warehouse,
        claim=form.claim,
        items=[order.items[i].model_copy(update={"quantity": n}) for i, n in picked.items()],
    )


def _bound(filing_id: str) -> str:
    return f"filings:{filing_id}"
