"""What an address does not want: told by one click on a signed link, taken back the same way."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.keys import KeyRing
from cases.notice_kinds import NoticeGroup
from cases.tables import NoticeOptOut, Tenant
from runtime.errors import CaseError

OPTIONAL: Final = tuple(group for group in NoticeGroup if group is not NoticeGroup.ESSENTIAL)
_PURPOSE: Final = "notice opt-out"
_MAX_TOKEN_CHARS: Final = 400


@dataclass(frozen=True, slots=True)
class OptOutLink:
    """Whose link it is, and from which group's notice."""

    tenant_id: str
    address_hash: bytes
    group: NoticeGroup
    locale: str


def write_token(
    keys: KeyRing, tenant_id: str, address_hash: bytes, group: NoticeGroup, locale: str
) -> str:
    """The token of a link; it names no address and is good as long as the mail lies around."""
    told = json.dumps([tenant_id, _encode(address_hash), group, locale], separators=(",", ":"))
    content = told.encode()
    return f"{_encode(content)}.{_encode(keys.proof(_PURPOSE, content)[:16])}"


def read_token(keys: KeyRing, token: str) -> OptOutLink:
    """What a link says.

    Raises:
        CaseError: ``link_unknown`` (404): it was not made by us.
    """
    content, _, proof = token.partition(".")
    if len(token) <= _MAX_TOKEN_CHARS:
        try:
            told = _decode(content)
            if hmac.compare_digest(keys.proof(_PURPOSE, told)[:16], _decode(proof)):
                tenant_id, hashed, group, locale = json.loads(told)
                return OptOutLink(tenant_id, _decode(hashed), NoticeGroup(group), locale)
        except (ValueError, binascii.Error):
            pass
    raise CaseError("link_unknown", "This link does not exist.", status=404)


async def opted_out(tx: AsyncSession, link: OptOutLink) -> frozenset[NoticeGroup]:
    """The groups that the link's address does not want."""
    found = await tx.scalars(
        select(NoticeOptOut.group).where(
            NoticeOptOut.tenant_id == link.tenant_id,
            NoticeOptOut.address_hash == link.address_hash,
        )
    )
    return frozenset(NoticeGroup(group) for group in found)


async def has_opted_out(
    tx: AsyncSession, tenant_id: str, address_hash: bytes, group: NoticeGroup
) -> bool:
    """Whether the address does not want this group."""
    return await tx.get(NoticeOptOut, (tenant_id, address_hash, group)) is not None


async def opt_out(tx: AsyncSession, link: OptOutLink, group: NoticeGroup, now: datetime) -> None:
    """The address wants this group no more; twice is once, and essentials always go."""
    known = await has_opted_out(tx, link.tenant_id, link.address_hash, group)
    if not known and group in OPTIONAL:
        tx.add(
            NoticeOptOut(
                tenant_id=link.tenant_id, address_hash=link.address_hash, group=group, at=now
            )
        )
        await tx.flush()


async def opt_in(tx: AsyncSession, link: OptOutLink, group: NoticeGroup) -> None:
    """The address wants this group again."""
    await tx.execute(
        delete(NoticeOptOut).where(
            NoticeOptOut.tenant_id == link.tenant_id,
            NoticeOptOut.address_hash == link.address_hash,
            NoticeOptOut.group == group,
        )
    )


async def seller_name(tx: AsyncSession, link: OptOutLink) -> str:
    """Who writes, for the page.

    Raises:
        CaseError: ``link_unknown`` (404): the seller is no more.
    """
    name = await tx.scalar(select(Tenant.name).where(Tenant.id == link.tenant_id))
    if name is None:
        raise CaseError("link_unknown", "This link does not exist.", status=404)
    return name


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
