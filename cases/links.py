"""Join links: unguessable, hashed, expiring, revocable, and bound to the first device that joins.

A browser holds one secret for all its links; a device row keeps the SHA-256 of that secret
and the link together, so that a buyer with two returns is known in both.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from cases.actor import BuyerActor
from cases.keys import KeyRing
from cases.sealing import open_text, seal, seal_text, unseal
from cases.states import CaseState, DeviceState
from cases.tables import Case, Device, JoinLink
from runtime.errors import CaseError
from runtime.ids import CaseId, JoinLinkId, TenantId, new_id

_TOKEN_BYTES: Final = 18  # 144 bits, 24 characters: short enough to paste into any chat
_SECRET_BYTES: Final = 32
_MAX_DEVICES: Final = 8
_SECRET_FORM: Final = re.compile(r"[A-Za-z0-9_-]{43}")


class Binding(StrEnum):
    """What a browser is to a link."""

    FREE = "free"  # nobody has joined yet: whoever taps first is bound
    BOUND = "bound"  # this browser is the buyer's
    ASKING = "asking"  # this browser has asked the host
    REFUSED = "refused"  # the host said no
    OTHER_DEVICE = "other_device"  # another browser is the buyer's


@dataclass(frozen=True, slots=True)
class LinkFound:
    """A link that may be used now."""

    link_id: JoinLinkId
    case_id: CaseId
    tenant_id: TenantId
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class DeviceFound:
    """A browser as a link knows it; ``secret`` belongs into the browser's cookie."""

    device_id: str
    state: DeviceState
    secret: str


async def issue_link(
    tx: AsyncSession, keys: KeyRing, case_id: str, now: datetime, lifetime: timedelta
) -> str:
    """Make a new link, revoke the case's older ones, and give its token.

    It is kept sealed with the case's key alone, so that every notice leads to the same link.
    """
    await revoke_links(tx, case_id, now)
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    link_id = new_id("lnk")
    tx.add(
        JoinLink(
            id=link_id,
            case_id=case_id,
            token_hash=_token_hash(token),
            sealed_token=seal(await keys.case_key(tx, case_id), link_id, token.encode()),
            created_at=now,
            expires_at=now + lifetime,
        )
    )
    await tx.flush()
    return token


async def token_of(tx: AsyncSession, keys: KeyRing, case_id: str, now: datetime) -> str | None:
    """The token of the case's open link, for what its buyer is sent; None without one.

    Raises:
        KeyDestroyed: the case was erased.
    """
    link = await tx.scalar(
        select(JoinLink)
        .where(
            JoinLink.case_id == case_id,
            JoinLink.revoked_at.is_(None),
            JoinLink.expires_at > now,
            JoinLink.sealed_token.is_not(None),
        )
        .order_by(JoinLink.created_at.desc(), JoinLink.id.desc())
        .limit(1)
    )
    if link is None or link.sealed_token is None:
        return None
    return unseal(await keys.case_key(tx, case_id), link.id, link.sealed_token).decode()


async def revoke_links(tx: AsyncSession, case_id: str, now: datetime) -> bool:
    """End every link of the case and with it its devices' access; say whether one was open."""
    revoked = await tx.execute(
        update(JoinLink)
        .where(JoinLink.case_id == case_id, JoinLink.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(JoinLink.id)
    )
    return bool(revoked.all())


async def find_link(tx: AsyncSession, token: str, now: datetime) -> LinkFound:
    """What a token opens.

    Raises:
        CaseError: ``link_unknown`` (404); ``erased``, ``case_closed``, ``link_revoked`` or
            ``link_expired`` (410).
    """
    row = (
        await tx.execute(
            select(JoinLink, Case.tenant_id, Case.state, Case.erased_at)
            .join(Case, Case.id == JoinLink.case_id)
            .where(JoinLink.token_hash == _token_hash(token))
        )
    ).first()
    if row is None:
        raise CaseError("link_unknown", "This link does not exist.", status=404)
    link, tenant_id, state, erased_at = row
    if erased_at is not None:
        # Why is the seller's business: the buyer learns that it is gone for good.
        raise CaseError("erased", "This return was erased.", status=410)
    if link.revoked_at is not None:
        # Closing a case ends its links: there is no newer one to look for.
        if state == CaseState.CLOSED:
            raise CaseError("case_closed", "This return is closed.", status=410)
        raise CaseError("link_revoked", "This link was replaced or withdrawn.", status=410)
    if link.expires_at <= now:
        raise CaseError("link_expired", "This link has expired.", status=410)
    return LinkFound(
        JoinLinkId(link.id), CaseId(link.case_id), TenantId(tenant_id), link.expires_at
    )


async def binding_of(tx: AsyncSession, link_id: str, secret: str | None) -> Binding:
    """What the browser with this cookie is to the link; changes nothing."""
    device = await _device(tx, link_id, secret)
    if device is not None and device.state != DeviceState.REPLACED:
        return Binding(device.state)
    return Binding.OTHER_DEVICE if await _bound_device(tx, link_id) else Binding.FREE


async def bind_device(
    tx: AsyncSession,
    keys: KeyRing,
    link_id: str,
    secret: str | None,
    *,
    user_agent: str,
    public_key: Mapping[str, Any] | None,
    now: datetime,
) -> DeviceFound:
    """Bind the link to this browser, or find that it is.

    Raises:
        CaseError: ``other_device`` (409) or ``device_refused`` (403).
    """
    link = await _locked_link(tx, link_id)
    device = await _device(tx, link_id, secret)
    if device is not None and device.state == DeviceState.REFUSED:
        raise _refused()
    if device is not None and device.state == DeviceState.BOUND and secret is not None:
        if public_key is not None:
            device.public_key = dict(public_key)
        return DeviceFound(device.id, DeviceState.BOUND, secret)
    if device is not None or await _bound_device(tx, link_id) is not None:
        raise CaseError("other_device", "This link is in use on another device.")
    link.first_joined_at = link.first_joined_at or now
    return await _add_device(
        tx, keys, link, secret, DeviceState.BOUND, user_agent, now, public_key=public_key
    )


async def ask(
    tx: AsyncSession,
    keys: KeyRing,
    link_id: str,
    secret: str | None,
    *,
    user_agent: str,
    now: datetime,
) -> DeviceFound:
    """Ask for this browser to be let in; asking again changes nothing.

    Raises:
        CaseError: ``device_refused`` (403), or ``too_many_devices`` (429) have asked.
    """
    link = await _locked_link(tx, link_id)
    device = await _device(tx, link_id, secret)
    if device is not None and secret is not None:
        if device.state == DeviceState.REFUSED:
            raise _refused()
        if device.state == DeviceState.REPLACED:
            device.state = DeviceState.ASKING
        return DeviceFound(device.id, DeviceState(device.state), secret)
    known = await tx.scalar(
        select(func.count()).select_from(Device).where(Device.join_link_id == link_id)
    )
    if (known or 0) >= _MAX_DEVICES:
        raise CaseError("too_many_devices", "Too many devices have asked.", status=429)
    return await _add_device(tx, keys, link, secret, DeviceState.ASKING, user_agent, now)


def user_agent_of(key: bytes, device: Device) -> str:
    """What browser a device said it is, with the case's key; nothing once it is erased."""
    return open_text(key, _bound_to(device.id), device.sealed_user_agent) or ""


async def answer_device(
    tx: AsyncSession,
    device_id: str,
    *,
    case_id: str,
    yes: bool,
    answered_by: str,
    now: datetime,
) -> None:
    """The host's word on a browser that asked; a yes replaces the one that was bound.

    Raises:
        CaseError: ``not_found`` (404), no browser of this case asks under this id.
    """
    device = await tx.scalar(
        select(Device)
        .join(JoinLink, JoinLink.id == Device.join_link_id)
        .where(Device.id == device_id, JoinLink.case_id == case_id)
    )
    if device is None:
        raise CaseError("not_found", "No such device.", status=404)
    await _locked_link(tx, device.join_link_id)
    await tx.refresh(device)
    wanted = DeviceState.BOUND if yes else DeviceState.REFUSED
    if device.state == wanted:
        return
    if device.state != DeviceState.ASKING:
        raise CaseError("not_found", "This device no longer asks.", status=404)
    if yes:
        bound = await _bound_device(tx, device.join_link_id)
        if bound is not None:
            bound.state = DeviceState.REPLACED
    device.state = wanted
    device.answered_at = now
    device.answered_by = answered_by
    await tx.flush()


async def buyer_of_case(
    tx: AsyncSession, secret: str | None, case_id: str, now: datetime
) -> BuyerActor | None:
    """The buyer behind a browser's cookie, in this case; None once the link was revoked.

    A link that expires during a call does not end it: only new joins need one that is open.
    """
    del now
    if not _well_formed(secret):
        return None
    links = await tx.scalars(
        select(JoinLink.id).where(JoinLink.case_id == case_id, JoinLink.revoked_at.is_(None))
    )
    for link_id in links:
        device = await _device(tx, link_id, secret)
        if device is not None and device.state == DeviceState.BOUND:
            return BuyerActor(CaseId(case_id), JoinLinkId(link_id), device.id)
    return None


def _token_hash(token: str) -> bytes:
    return sha256(token.encode("utf-8", "replace")).digest()


def new_device_secret() -> str:
    """What a browser that has none yet is to hold."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def _secret_hash(secret: str, link_id: str) -> bytes:
    return sha256(f"{secret}:{link_id}".encode()).digest()


def _bound_to(device_id: str) -> str:
    return f"device:{device_id}"


def _well_formed(secret: str | None) -> bool:
    return secret is not None and _SECRET_FORM.fullmatch(secret) is not None


def _refused() -> CaseError:
    return CaseError("device_refused", "The host did not let this device in.", status=403)


async def _locked_link(tx: AsyncSession, link_id: str) -> JoinLink:
    """The link's row, held so that two devices cannot be first at once."""
    link = await tx.scalar(select(JoinLink).where(JoinLink.id == link_id).with_for_update())
    if link is None:
        raise CaseError("link_unknown", "This link does not exist.", status=404)
    return link


async def _device(tx: AsyncSession, link_id: str, secret: str | None) -> Device | None:
    if secret is None or not _well_formed(secret):
        return None
    found: Device | None = await tx.scalar(
        select(Device).where(Device.secret_hash == _secret_hash(secret, link_id))
    )
    return found


async def _bound_device(tx: AsyncSession, link_id: str) -> Device | None:
    found: Device | None = await tx.scalar(
        select(Device).where(Device.join_link_id == link_id, Device.state == DeviceState.BOUND)
    )
    return found


async def _add_device(
    tx: AsyncSession,
    keys: KeyRing,
    link: JoinLink,
    secret: str | None,
    state: DeviceState,
    user_agent: str,
    now: datetime,
    public_key: Mapping[str, Any] | None = None,
) -> DeviceFound:
    if secret is None or not _well_formed(secret):
        secret = new_device_secret()
    device_id, key = new_id("dev"), await keys.case_key(tx, link.case_id)
    device = Device(
        id=device_id,
        join_link_id=link.id,
        secret_hash=_secret_hash(secret, link.id),
        state=state,
        sealed_user_agent=seal_text(key, _bound_to(device_id), user_agent[:300]),
        public_key=dict(public_key) if public_key is not None else None,
        created_at=now,
    )
    tx.add(device)
    await tx.flush()
    return DeviceFound(device.id, state, secret)
