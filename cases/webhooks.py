"""Webhook endpoints as a seller's admins see and change them."""

from __future__ import annotations

import os
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from cases.actor import Actor
from cases.case_access import not_found
from cases.cursors import read_cursor, write_cursor
from cases.developer_commands import EndpointIn
from cases.developers import tenant_of
from cases.keys import KeyRing
from cases.sealing import seal, unseal
from cases.states import Role, Scope
from cases.tables import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from cases.view import View
from cases.webhook_rules import (
    MAX_ENDPOINTS,
    OLD_SECRET_LASTS,
    SECRET_BYTES,
    DeliveryState,
    DisabledNote,
    checked_kinds,
    secret_text,
)
from runtime.errors import CaseError
from runtime.ids import TenantId, new_id


class EndpointView(View):
    """A webhook endpoint, without its secret."""

    id: str
    name: str
    url: str
    kinds: list[str]
    enabled: bool
    disabled_at: datetime | None
    disabled_note: DisabledNote | None
    failing_since: datetime | None
    old_secret_until: datetime | None
    created_at: datetime


def webhook_tenant(actor: Actor) -> TenantId:
    """The seller whose webhooks the actor may see and change.

    Raises:
        CaseError: ``forbidden`` (403).
    """
    return tenant_of(actor, Role.ADMIN, scope=Scope.WEBHOOKS_WRITE)


async def list_endpoints(
    tx: AsyncSession, actor: Actor, *, limit: int, cursor: str | None
) -> tuple[list[EndpointView], str | None]:
    """The seller's endpoints, oldest first, and where the next page begins.

    Raises:
        CaseError: ``forbidden`` (403), ``bad_cursor`` (422).
    """
    query = (
        select(WebhookEndpoint)
        .where(WebhookEndpoint.tenant_id == webhook_tenant(actor))
        .order_by(WebhookEndpoint.created_at, WebhookEndpoint.id)
        .limit(limit + 1)
    )
    if cursor is not None:
        at, endpoint_id = read_cursor(cursor)
        query = query.where(
            (WebhookEndpoint.created_at > at)
            | ((WebhookEndpoint.created_at == at) & (WebhookEndpoint.id > endpoint_id))
        )
    rows = list(await tx.scalars(query))
    page = rows[:limit]
    more = write_cursor(page[-1].created_at, page[-1].id) if len(rows) > limit else None
    return [endpoint_view(endpoint) for endpoint in page], more


async def load_endpoint(
    tx: AsyncSession, actor: Actor, endpoint_id: str, *, lock: bool = False
) -> WebhookEndpoint:
    """The endpoint, if it is the actor's seller's.

    Raises:
        CaseError: ``forbidden`` (403), ``not_found`` (404).
    """
    tenant_id = webhook_tenant(actor)
    query = select(WebhookEndpoint).where(
        WebhookEndpoint.id == endpoint_id, WebhookEndpoint.tenant_id == tenant_id
    )
    endpoint = await tx.scalar(query.with_for_update() if lock else query)
    if endpoint is None:
        raise not_found()
    return endpoint


async def make_endpoint(
    tx: AsyncSession, keys: KeyRing, actor: Actor, command: EndpointIn, now: datetime
) -> tuple[EndpointView, str]:
    """A new endpoint and its secret, which is told once; the caller has checked the URL.

    Raises:
        CaseError: ``forbidden`` (403), ``unknown_kind`` (422), ``too_many_endpoints`` (409).
    """
    tenant_id = webhook_tenant(actor)
    count = await tx.scalar(
        select(func.count())
        .select_from(WebhookEndpoint)
        .where(WebhookEndpoint.tenant_id == tenant_id)
    )
    if (count or 0) >= MAX_ENDPOINTS:
        raise CaseError(
            "too_many_endpoints", f"There are {MAX_ENDPOINTS} endpoints. Delete one first."
        )
    secret = os.urandom(SECRET_BYTES)
    endpoint_id = new_id("whk")
    endpoint = WebhookEndpoint(
        id=endpoint_id,
        tenant_id=tenant_id,
        url=command.url,
        name=command.name,
        kinds=checked_kinds(command.kinds),
        secret=seal(await keys.tenant_key(tx, tenant_id), _bound(endpoint_id), secret),
        created_at=now,
        created_by=actor.label,
    )
    if not command.enabled:
        _disable(endpoint, DisabledNote.BY_HAND, now)
    tx.add(endpoint)
    await tx.flush()
    return endpoint_view(endpoint), secret_text(secret)


async def change_endpoint(
    tx: AsyncSession, actor: Actor, endpoint_id: str, command: EndpointIn, now: datetime
) -> EndpointView:
    """Give an endpoint another name, address or kinds; disable it, or enable it again.

    Raises:
        CaseError: ``forbidden`` (403), ``not_found`` (404), ``unknown_kind`` (422).
    """
    endpoint = await load_endpoint(tx, actor, endpoint_id, lock=True)
    endpoint.name, endpoint.url = command.name, command.url
    endpoint.kinds = checked_kinds(command.kinds)
    if not command.enabled and endpoint.disabled_at is None:
        await disable_endpoint(tx, endpoint, DisabledNote.BY_HAND, now)
    elif command.enabled and endpoint.disabled_at is not None:
        endpoint.disabled_at = endpoint.disabled_note = endpoint.failing_since = None
    await tx.flush()
    return endpoint_view(endpoint)


async def delete_endpoint(tx: AsyncSession, actor: Actor, endpoint_id: str) -> None:
    """Take an endpoint away, with everything that was sent to it.

    Raises:
        CaseError: ``forbidden`` (403), ``not_found`` (404).
    """
    endpoint = await load_endpoint(tx, actor, endpoint_id, lock=True)
    deliveries = select(WebhookDelivery.id).where(WebhookDelivery.endpoint_id == endpoint.id)
    await tx.execute(delete(WebhookAttempt).where(WebhookAttempt.delivery_id.in_(deliveries)))
    await tx.execute(delete(WebhookDelivery).where(WebhookDelivery.endpoint_id == endpoint.id))
    await tx.delete(endpoint)


async def rotate_secret(
    tx: AsyncSession, keys: KeyRing, actor: Actor, endpoint_id: str, now: datetime
) -> tuple[EndpointView, str]:
    """A new secret; for a day the old one signs beside it, so that nothing is missed.

    Raises:
        CaseError: ``forbidden`` (403), ``not_found`` (404).
    """
    endpoint = await load_endpoint(tx, actor, endpoint_id, lock=True)
    secret = os.urandom(SECRET_BYTES)
    key = await keys.tenant_key(tx, endpoint.tenant_id)
    endpoint.old_secret, endpoint.old_secret_until = endpoint.secret, now + OLD_SECRET_LASTS
    endpoint.secret = seal(key, _bound(endpoint.id), secret)
    await tx.flush()
    return endpoint_view(endpoint), secret_text(secret)


async def disable_endpoint(
    tx: AsyncSession, endpoint: WebhookEndpoint, note: DisabledNote, now: datetime
) -> None:
    """Tell an endpoint nothing more; what waits for it is held until it is replayed."""
    _disable(endpoint, note, now)
    await tx.execute(
        update(WebhookDelivery)
        .where(
            WebhookDelivery.endpoint_id == endpoint.id,
            WebhookDelivery.state == DeliveryState.WAITING,
        )
        .values(state=DeliveryState.HELD, due_at=None)
        .execution_options(synchronize_session="fetch")
    )


async def open_secrets(
    tx: AsyncSession, keys: KeyRing, endpoint: WebhookEndpoint, now: datetime
) -> list[bytes]:
    """The secrets that sign now, the newest first.

    Raises:
        KeyDestroyed: the seller was erased.
    """
    key = await keys.tenant_key(tx, endpoint.tenant_id)
    sealed = [endpoint.secret]
    if endpoint.old_secret is not None and (endpoint.old_secret_until or now) > now:
        sealed.append(endpoint.old_secret)
    return [unseal(key, _bound(endpoint.id), one) for one in sealed]


def endpoint_view(endpoint: WebhookEndpoint) -> EndpointView:
    """What is told of an endpoint."""
    note = endpoint.disabled_note
    return EndpointView(
        id=endpoint.id,
        name=endpoint.name,
        url=endpoint.url,
        kinds=list(endpoint.kinds),
        enabled=endpoint.disabled_at is None,
        disabled_at=endpoint.disabled_at,
        disabled_note=DisabledNote(note) if note else None,
        failing_since=endpoint.failing_since,
        old_secret_until=endpoint.old_secret_until,
        created_at=endpoint.created_at,
    )


def check_enabled(endpoint: WebhookEndpoint) -> None:
    """Raise ``endpoint_disabled`` (409) if nothing can be sent to it."""
    if endpoint.disabled_at is not None:
        raise CaseError("endpoint_disabled", "This endpoint is disabled. Enable it first.")


def _disable(endpoint: WebhookEndpoint, note: DisabledNote, now: datetime) -> None:
    endpoint.disabled_at, endpoint.disabled_note = now, note


def _bound(endpoint_id: str) -> str:
    return f"webhook:{endpoint_id}"
