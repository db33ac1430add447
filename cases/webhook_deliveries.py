"""What was or is to be sent to webhook endpoints, as a seller's admins see and replay it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from cases.actor import Actor
from cases.case_access import not_found
from cases.cursors import read_cursor, write_cursor
from cases.developer_commands import ReplaySpan
from cases.keys import KeyRing
from cases.tables import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from cases.view import View
from cases.webhook_answers import answers_of
from cases.webhook_rules import (
    ROUND_LASTS,
    TEST_KIND,
    DeliveryFailure,
    DeliveryState,
)
from cases.webhooks import check_enabled, load_endpoint
from runtime.errors import CaseError
from runtime.ids import new_id

_SETTLED: Final = (DeliveryState.DELIVERED, DeliveryState.GIVEN_UP, DeliveryState.HELD)


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


async def send_test(
    tx: AsyncSession, actor: Actor, endpoint_id: str, now: datetime
) -> DeliveryView:
    """Owe the endpoint a message that is about nothing.

    Raises:
        CaseError: ``forbidden`` (403), ``not_found`` (404), ``endpoint_disabled`` (409).
    """
    endpoint = await load_endpoint(tx, actor, endpoint_id)
    check_enabled(endpoint)
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
    tx: AsyncSession,
    keys: KeyRing,
    actor: Actor,
    endpoint_id: str,
    delivery_id: str,
    now: datetime,
) -> DeliveryView:
    """Send one message again, under the same id.

    Raises:
        CaseError: ``forbidden`` (403), ``not_found`` (404), ``endpoint_disabled`` (409),
            ``being_sent`` (409).
    """
    endpoint = await load_endpoint(tx, actor, endpoint_id, lock=True)
    check_enabled(endpoint)
    delivery = await tx.get(WebhookDelivery, delivery_id, with_for_update=True)
    if delivery is None or delivery.endpoint_id != endpoint.id:
        raise not_found()
    if delivery.state == DeliveryState.ORDERED:
        raise CaseError("being_sent", "This message is being sent just now.")
    delivery.state, delivery.due_at, delivery.attempts = DeliveryState.WAITING, now, 0
    delivery.give_up_at = now + ROUND_LASTS
    await tx.flush()
    last = await _last_attempts(tx, keys, endpoint, [delivery])
    return _delivery_view(delivery, last.get(delivery.id))


async def replay_span(
    tx: AsyncSession, actor: Actor, endpoint_id: str, span: ReplaySpan, now: datetime
) -> int:
    """Send what happened in a span again; gives how many messages that are.

    Raises:
        CaseError: ``forbidden`` (403), ``not_found`` (404), ``endpoint_disabled`` (409).
    """
    endpoint = await load_endpoint(tx, actor, endpoint_id, lock=True)
    check_enabled(endpoint)
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
    keys: KeyRing,
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
    last = await _last_attempts(tx, keys, endpoint, page)
    more = write_cursor(page[-1].at, page[-1].id) if len(rows) > limit else None
    return [_delivery_view(row, last.get(row.id)) for row in page], more


async def list_attempts(
    tx: AsyncSession, keys: KeyRing, actor: Actor, endpoint_id: str, delivery_id: str
) -> list[AttemptView]:
    """Every try of one message, oldest first.

    Raises:
        CaseError: ``forbidden`` (403), ``not_found`` (404).
    """
    endpoint = await load_endpoint(tx, actor, endpoint_id)
    delivery = await tx.get(WebhookDelivery, delivery_id)
    if delivery is None or delivery.endpoint_id != endpoint.id:
        raise not_found()
    found = list(
        await tx.scalars(
            select(WebhookAttempt)
            .where(WebhookAttempt.delivery_id == delivery.id)
            .order_by(WebhookAttempt.number)
        )
    )
    answers = await answers_of(tx, keys, endpoint, [delivery], found)
    return [_attempt_view(one, answers.get((one.delivery_id, one.number), "")) for one in found]


async def _last_attempts(
    tx: AsyncSession, keys: KeyRing, endpoint: WebhookEndpoint, deliveries: list[WebhookDelivery]
) -> dict[str, AttemptView]:
    tried = [delivery.id for delivery in deliveries if delivery.tries]
    rows = await tx.scalars(
        select(WebhookAttempt)
        .join(WebhookDelivery, WebhookDelivery.id == WebhookAttempt.delivery_id)
        .where(
            WebhookAttempt.delivery_id.in_(tried),
            WebhookAttempt.number == WebhookDelivery.tries,
        )
    )
    found = list(rows)
    answers = await answers_of(tx, keys, endpoint, deliveries, found)
    return {
        one.delivery_id: _attempt_view(one, answers.get((one.delivery_id, one.number), ""))
        for one in found
    }


def _attempt_view(attempt: WebhookAttempt, answer: str) -> AttemptView:
    return AttemptView(
        number=attempt.number,
        at=attempt.at,
        status=attempt.status,
        failure=DeliveryFailure(attempt.failure) if attempt.failure else None,
        latency_ms=attempt.latency_ms,
        answer=answer,
    )


def _delivery_view(delivery: WebhookDelivery, last: AttemptView | None) -> DeliveryView:
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
        last=last,
    )
