"""A seller's messenger accounts and where its buyers are reached; secrets are sealed at rest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from pydantic import SecretStr
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.access_policy import Action
from cases.actor import Actor
from cases.address_hash import address_hash
from cases.case_access import load_case, not_found
from cases.channel_rules import SECRETS_OF, ChannelIn, checked_address
from cases.developers import tenant_of
from cases.keys import KeyRing
from cases.notice_kinds import ChannelKind
from cases.sealing import seal, unseal
from cases.states import Role, Scope
from cases.tables import NoticeChannel, NoticeContact
from cases.unit import Unit
from cases.view import View
from runtime.errors import CaseError
from runtime.ids import TenantId, new_id

_MAX_SHOWN: Final = 4


class ChannelView(View):
    """An account, without its secrets."""

    id: str
    kind: ChannelKind
    enabled: bool
    options: dict[str, str]
    hook_path: str
    """Where the provider posts what buyers write."""
    updated_at: datetime


class ContactView(View):
    """Where a buyer is reached, all but its end hidden."""

    kind: ChannelKind
    address: str
    heard_at: datetime | None


def notice_tenant(actor: Actor) -> TenantId:
    """The seller whose notices the actor may arrange.

    Raises:
        CaseError: ``forbidden`` (403).
    """
    return tenant_of(actor, Role.ADMIN, scope=Scope.WEBHOOKS_WRITE)


async def list_channels(tx: AsyncSession, actor: Actor) -> list[ChannelView]:
    """The seller's accounts."""
    found = await tx.scalars(
        select(NoticeChannel)
        .where(NoticeChannel.tenant_id == notice_tenant(actor))
        .order_by(NoticeChannel.kind)
    )
    return [channel_view(row) for row in found]


async def load_channel(tx: AsyncSession, actor: Actor, kind: str) -> NoticeChannel:
    """The seller's account of this kind.

    Raises:
        CaseError: ``forbidden`` (403), ``not_found`` (404).
    """
    found = await tx.scalar(
        select(NoticeChannel).where(
            NoticeChannel.tenant_id == notice_tenant(actor), NoticeChannel.kind == kind
        )
    )
    if found is None:
        raise not_found()
    return found


async def set_channel(unit: Unit, actor: Actor, command: ChannelIn) -> ChannelView:
    """Set an account up, or change how it is; the caller has checked the URL.

    Raises:
        CaseError: ``forbidden`` (403); ``secret_required`` (422): it is new, or its address is
            at another host than before, where kept secrets must not go unseen.
    """
    tenant_id = notice_tenant(actor)
    given: dict[str, str] = {}
    options: dict[str, str] = {}
    wanted = SECRETS_OF[command.kind]
    for name, value in command:
        if isinstance(value, SecretStr):
            given[name] = value.get_secret_value()
        elif name not in ("kind", "enabled", *wanted):
            options[name] = str(value)
    key = await unit.keys.tenant_key(unit.tx, tenant_id)
    row = await unit.tx.scalar(
        select(NoticeChannel)
        .where(NoticeChannel.tenant_id == tenant_id, NoticeChannel.kind == command.kind)
        .with_for_update()
    )
    if row is None:
        row = NoticeChannel(
            id=new_id("nch"), tenant_id=tenant_id, kind=command.kind, created_at=unit.now
        )
        unit.tx.add(row)
    elif _host(row.options) == _host(options):
        given = {**await open_secrets(unit.tx, unit.keys, row), **given}
    if lacking := [name for name in wanted if name not in given]:
        raise CaseError("secret_required", f"This must be given: {', '.join(lacking)}.", status=422)
    row.options, row.enabled = options, command.enabled
    row.secrets = seal(key, row.id, json.dumps(given).encode())
    row.updated_at, row.updated_by = unit.now, actor.label
    await unit.tx.flush()
    return channel_view(row)


async def drop_channel(unit: Unit, actor: Actor, kind: str) -> None:
    """Take an account away; what waits for it goes over the next.

    Raises:
        CaseError: ``forbidden`` (403), ``not_found`` (404).
    """
    await unit.tx.delete(await load_channel(unit.tx, actor, kind))


async def open_secrets(tx: AsyncSession, keys: KeyRing, row: NoticeChannel) -> Mapping[str, str]:
    """The account's secrets, by name.

    Raises:
        KeyDestroyed: the seller was erased.
    """
    opened = unseal(await keys.tenant_key(tx, row.tenant_id), row.id, row.secrets)
    secrets: dict[str, str] = json.loads(opened)
    return secrets


def _host(options: Mapping[str, str]) -> tuple[str, str]:
    """Where an account sends its secrets."""
    parts = urlsplit(options["base_url"])
    return parts.scheme, parts.netloc


def channel_view(row: NoticeChannel) -> ChannelView:
    """What is told of an account."""
    return ChannelView(
        id=row.id,
        kind=ChannelKind(row.kind),
        enabled=row.enabled,
        options=dict(row.options),
        hook_path=f"/hooks/{row.id}",
        updated_at=row.updated_at,
    )


async def list_contacts(
    tx: AsyncSession, keys: KeyRing, actor: Actor, case_id: str
) -> list[ContactView]:
    """Where the buyer of a case is reached besides by mail.

    Raises:
        CaseError: ``not_found``, ``forbidden``.
    """
    case = await load_case(tx, actor, case_id, Action.VIEW_CASE)
    key = await keys.key_of(tx, case)
    rows = await tx.scalars(
        select(NoticeContact).where(NoticeContact.case_id == case.id).order_by(NoticeContact.kind)
    )
    return [
        ContactView(
            kind=ChannelKind(row.kind),
            address="…" + unseal(key, _bound(row), row.address).decode()[-_MAX_SHOWN:],
            heard_at=row.heard_at,
        )
        for row in rows
    ]


async def set_contact(
    unit: Unit, actor: Actor, case_id: str, kind: ChannelKind, address: str
) -> None:
    """Say where the buyer of a case is reached.

    Raises:
        CaseError: ``not_found``, ``forbidden``, ``bad_address`` (422).
    """
    case = await load_case(unit.tx, actor, case_id, Action.WRITE, lock=True)
    plain = checked_address(kind, address)
    key = await unit.keys.key_of(unit.tx, case)
    row = await unit.tx.get(NoticeContact, (case.id, kind))
    if row is None:
        row = NoticeContact(
            case_id=case.id, kind=kind, tenant_id=case.tenant_id, created_at=unit.now
        )
        unit.tx.add(row)
    row.address = seal(key, _bound(row), plain.encode())
    row.address_hash = address_hash(unit.keys, case.tenant_id, plain, kind)
    row.heard_at = None
    await unit.tx.flush()


async def drop_contact(unit: Unit, actor: Actor, case_id: str, kind: ChannelKind) -> None:
    """Forget where the buyer of a case is reached.

    Raises:
        CaseError: ``not_found``, ``forbidden``.
    """
    case = await load_case(unit.tx, actor, case_id, Action.WRITE)
    await unit.tx.execute(
        delete(NoticeContact).where(NoticeContact.case_id == case.id, NoticeContact.kind == kind)
    )


async def address_of(tx: AsyncSession, keys: KeyRing, row: NoticeContact) -> str:
    """The address itself.

    Raises:
        KeyDestroyed: the case was erased.
    """
    return unseal(await keys.case_key(tx, row.case_id), _bound(row), row.address).decode()


def _bound(row: NoticeContact) -> str:
    return f"contact:{row.case_id}:{row.kind}"
