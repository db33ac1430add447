"""Webhook endpoints as a seller's admins see and change them, and what was sent to each."""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from cases.actor import Actor
from cases.case_access import not_found
from cases.cursors import read_cursor, write_cursor
from cases.developer_commands import EndpointIn, ReplaySpan
from cases.developers import tenant_of
from cases.keys import KeyRing
from cases.states import Role, Scope
from cases.tables import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from cases.view import View
from cases.webhook_rules import (
    MAX_ENDPOINTS,
    OLD_SECRET_LASTS,
    ROUND_LASTS,
    SECRET_BYTES,
    TEST_KIND,
    DeliveryFailure,
    DeliveryState,
    DisabledNote,
    checked_kinds,
    secret_text,
)
from runtime.errors import CaseError
from runtime.ids import TenantId, new_id

_NONCE_BYTES: Final = 12
_SETTLED: Final = (DeliveryState.DELIVERED, DeliveryState.GIVEN_UP, DeliveryState.HELD)


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


class AttemptView(View):
    """One try to deliver a message."""

    number: int
    at: datetime
    status: int | None
    failure: DeliveryFailure | None
    latency_ms: int
    answer: str


class DeliveryView(View):
    """A message to one endpoint, with its last try."""

    id: str
    message_id: str
    kind: str
    case_id: str | None
    at: datetime
    state: DeliveryState
    tries: int
    due_at: datetime | None
    delivered_at: datetime | None
    last: AttemptView | None


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
        secret=_sealed(await keys.tenant_key(tx, tenant_id), endpoint_id, secret),
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
    endpoint.secret = _sealed(key, endpoint.id, secret)
    await tx.flush()
    return endpoint_view(endpoint), secret_text(secret)


async def send_test(
    tx: AsyncSession, actor: Actor, endpoint_id: str, now: datetime
) -> DeliveryView:
    """Owe the endpoint a message that is about nothing.

    Raises:
        CaseError: ``forbidden`` (403), ``not_found`` (404), ``endpoint_disabled`` (409).
    """
    endpoint = await load_endpoint(tx, actor, endpoint_id)
    _enabled(endpoint)
    delivery = WebhookDelivery(
        id=new_id("dlv"),
        endpoint_id=endpoint.id,
        message_id=new_id("msg"),
        case_id=None,
        kind=TEST_KIND,
        at=now,
        state=DeliveryState.WAITING,
        due_at=now,
        give_up_at=now + ROUND_LASTS,
        attempts=0,
        tries=0,
    )
    tx.add(delivery)
    await tx.flush()
    return _delivery_view(delivery, None)


async def replay_one(
    tx: AsyncSession, actor: Actor, endpoint_id: str, delivery_id: str, now: datetime
) -> DeliveryView:
    """Send one message again, under the same id.

    Raises:
        CaseError: ``forbidden`` (403), ``not_found`` (404), ``endpoint_disabled`` (409),
            ``being_sent`` (409).
    """
    endpoint = await load_endpoint(tx, actor, endpoint_id, lock=True)
    _enabled(endpoint)
    delivery = await tx.get(WebhookDelivery, delivery_id, with_for_update=True)
    if delivery is None or delivery.endpoint_id != endpoint.id:
        raise not_found()
    if delivery.state == DeliveryState.ORDERED:
        raise CaseError("being_sent", "This message is being sent just now.")
    delivery.state, delivery.due_at, delivery.attempts = DeliveryState.WAITING, now, 0
    delivery.give_up_at = now + ROUND_LASTS
    await tx.flush()
    last = await _last_attempts(tx, [delivery])
    return _delivery_view(delivery, last.get(delivery.id))


async def replay_span(
    tx: AsyncSession, actor: Actor, endpoint_id: str, span: ReplaySpan, now: datetime
) -> int:
    """Send what happened in a span again; gives how many messages that are.

    Raises:
        CaseError: ``forbidden`` (403), ``not_found`` (404), ``endpoint_disabled`` (409).
    """
    endpoint = await load_endpoint(tx, actor, endpoint_id, lock=True)
    _enabled(endpoint)
    states = [one for one in _SETTLED if not span.only_missed or one != DeliveryState.DELIVERED]
    result: Any = await tx.execute(
        update(WebhookDelivery)
        .where(
            WebhookDelivery.endpoint_id == endpoint.id,
            WebhookDelivery.at >= span.since,
            WebhookDelivery.at < span.until,
            WebhookDelivery.state.in_(states),
        )
        .values(state=DeliveryState.WAITING, due_at=now, attempts=0, give_up_at=now + ROUND_LASTS)
        .execution_options(synchronize_session=False)
    )
    return int(result.rowcount)


async def list_deliveries(
    tx: AsyncSession,
    actor: Actor,
    endpoint_id: str,
    *,
    state: DeliveryState | None,
    limit: int,
    cursor: str | None,
) -> tuple[list[DeliveryView], str | None]:
    """What was or is to be sent to an endpoint, newest event first, and where the next page begins.

    Raises:
        CaseError: ``forbidden`` (403), ``not_found`` (404), ``bad_cursor`` (422).
    """
    endpoint = await load_endpoint(tx, actor, endpoint_id)
    query = (
        select(WebhookDelivery)
        .where(WebhookDelivery.endpoint_id == endpoint.id)
        .order_by(WebhookDelivery.at.desc(), WebhookDelivery.id.desc())
        .limit(limit + 1)
    )
    if state is not None:
        query = query.where(WebhookDelivery.state == state)
    if cursor is not None:
        at, delivery_id = read_cursor(cursor)
        query = query.where(
            (WebhookDelivery.at < at)
            | ((WebhookDelivery.at == at) & (WebhookDelivery.id < delivery_id))
        )
    rows = list(await tx.scalars(query))
    page = rows[:limit]
    last = await _last_attempts(tx, page)
    more = write_cursor(page[-1].at, page[-1].id) if len(rows) > limit else None
    return [_delivery_view(row, last.get(row.id)) for row in page], more


async def list_attempts(
    tx: AsyncSession, actor: Actor, endpoint_id: str, delivery_id: str
) -> list[AttemptView]:
    """Every try of one message, oldest first.

    Raises:
        CaseError: ``forbidden`` (403), ``not_found`` (404).
    """
    endpoint = await load_endpoint(tx, actor, endpoint_id)
    delivery = await tx.get(WebhookDelivery, delivery_id)
    if delivery is None or delivery.endpoint_id != endpoint.id:
        raise not_found()
    found = await tx.scalars(
        select(WebhookAttempt)
        .where(WebhookAttempt.delivery_id == delivery.id)
        .order_by(WebhookAttempt.number)
    )
    return [_attempt_view(attempt) for attempt in found]


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
    return [
        AESGCM(key).decrypt(one[:_NONCE_BYTES], one[_NONCE_BYTES:], _bound(endpoint.id))
        for one in sealed
    ]


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


def _enabled(endpoint: WebhookEndpoint) -> None:
    if endpoint.disabled_at is not None:
        raise CaseError("endpoint_disabled", "This endpoint is disabled. Enable it first.")


def _disable(endpoint: WebhookEndpoint, note: DisabledNote, now: datetime) -> None:
    endpoint.disabled_at, endpoint.disabled_note = now, note


def _bound(endpoint_id: str) -> bytes:
    return f"webhook:{endpoint_id}".encode()


def _sealed(key: bytes, endpoint_id: str, secret: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, secret, _bound(endpoint_id))


async def _last_attempts(
    tx: AsyncSession, deliveries: list[WebhookDelivery]
) -> dict[str, WebhookAttempt]:
    tried = {delivery.id: delivery.tries for delivery in deliveries if delivery.tries}
    found = await tx.scalars(
        select(WebhookAttempt)
        .join(WebhookDelivery, WebhookDelivery.id == WebhookAttempt.delivery_id)
        .where(
            WebhookAttempt.delivery_id.in_(tried),
            WebhookAttempt.number == WebhookDelivery.tries,
        )
    )
    return {attempt.delivery_id: attempt for attempt in found}


def _attempt_view(attempt: WebhookAttempt) -> AttemptView:
    return AttemptView(
        number=attempt.number,
        at=attempt.at,
        status=attempt.status,
        failure=DeliveryFailure(attempt.failure) if attempt.failure else None,
        latency_ms=attempt.latency_ms,
        answer=attempt.answer,
    )


def _delivery_view(delivery: WebhookDelivery, last: WebhookAttempt | None) -> DeliveryView:
    return DeliveryView(
        id=delivery.id,
        message_id=delivery.message_id,
        kind=delivery.kind,
        case_id=delivery.case_id,
        at=delivery.at,
        state=DeliveryState(delivery.state),
        tries=delivery.tries,
        due_at=delivery.due_at,
        delivered_at=delivery.delivered_at,
        last=_attempt_view(last) if last is not None else None,
    )
