"""Sending what webhooks are owed: what is due is ordered, one try is prepared, its end is kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import case, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases import due_tries
from cases.keys import KeyDestroyed, KeyRing
from cases.log import LogKind, Visibility, read_events
from cases.outbox import Outbox
from cases.tables import Case, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from cases.waking import earliest, in_states
from cases.webhook_answers import seal_answer
from cases.webhook_rules import (
    DISABLED_AFTER,
    IN_FLIGHT,
    IN_FLIGHT_FAILING,
    KEPT_FOR,
    ORDER_LASTS,
    DeliveryFailure,
    DeliveryState,
    DisabledNote,
    pause_after,
)
from cases.webhooks import disable_endpoint, open_secrets

DELIVER: Final = "deliver_webhook"
"""The name of the durable work; its subject is a delivery's id and the number of the try."""
_AT_ONCE: Final = 200
_PRUNED_AT_ONCE: Final = 1000
_GONE: Final = 410
_SHOWN: Final = frozenset({Visibility.PARTIES, Visibility.SELLER})


@dataclass(frozen=True, slots=True)
class Message:
    """One try to be made."""

    delivery_id: str
    number: int
    endpoint_id: str
    url: str
    message_id: str
    body: bytes
    secrets: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a try."""

    status: int | None
    failure: DeliveryFailure | None
    latency_ms: int
    answer: bytes
    retry_after_s: int | None = None


async def order_due(tx: AsyncSession, outbox: Outbox, now: datetime) -> int:
    """Order the tries that are due, a few of each endpoint, so that none waits for another's many.

    Marked and ordered in one commit: each try is ordered once, whoever else looks.
    """
    await due_tries.recall_lost(tx, WebhookDelivery, now)
    under_way = (
        select(WebhookDelivery.endpoint_id, func.count().label("count"))
        .where(WebhookDelivery.state == DeliveryState.ORDERED)
        .group_by(WebhookDelivery.endpoint_id)
        .subquery()
    )
    place = func.row_number().over(
        partition_by=WebhookDelivery.endpoint_id, order_by=(WebhookDelivery.due_at)
    )
    due = (
        select(
            WebhookDelivery.id,
            WebhookDelivery.endpoint_id,
            WebhookDelivery.due_at,
            place.label("place"),
        )
        .where(WebhookDelivery.state == DeliveryState.WAITING, WebhookDelivery.due_at <= now)
        .subquery()
    )
    waiting = list(
        await tx.execute(
            select(due.c.id)
            .join(WebhookEndpoint, WebhookEndpoint.id == due.c.endpoint_id)
            .outerjoin(under_way, under_way.c.endpoint_id == due.c.endpoint_id)
            .where(
                due.c.place + func.coalesce(under_way.c.count, 0)
                <= case(
                    (WebhookEndpoint.failing_since.is_(None), IN_FLIGHT),
                    else_=IN_FLIGHT_FAILING,
                )
            )
            .order_by(due.c.due_at)
            .limit(_AT_ONCE)
        )
    )
    keys = [(row.id,) for row in waiting]
    return await due_tries.order(tx, outbox, DELIVER, WebhookDelivery, keys, now + ORDER_LASTS)


async def next_due(tx: AsyncSession) -> datetime | None:
    """When the next try is due, or the end of an ordered one is overdue; takes no lock."""
    waiting = in_states(
        WebhookDelivery.due_at, WebhookDelivery.state, DeliveryState.WAITING, DeliveryState.ORDERED
    )
    return await earliest(tx, *waiting)


async def prepare(
    tx: AsyncSession, keys: KeyRing, subject: str, now: datetime
) -> Message | Result | None:
    """What is to be sent; a result when nothing can be; None when this try is no longer wanted.

    A try that was begun before and whose end was not kept is made again: at least once.
    """
    delivery_id, _, number = subject.partition(":")
    delivery = await tx.get(WebhookDelivery, delivery_id)
    if (
        delivery is None
        or delivery.state != DeliveryState.ORDERED
        or delivery.tries + 1 != int(number)
    ):
        return None
    endpoint = await tx.get_one(WebhookEndpoint, delivery.endpoint_id)
    if endpoint.disabled_at is not None:
        return Result(None, DeliveryFailure.DISABLED, 0, b"")
    try:
        body = await _body(tx, keys, delivery)
        secrets = await open_secrets(tx, keys, endpoint, now)
    except KeyDestroyed:
        return Result(None, DeliveryFailure.ERASED, 0, b"")
    return Message(
        delivery_id=delivery.id,
        number=int(number),
        endpoint_id=endpoint.id,
        url=endpoint.url,
        message_id=delivery.message_id,
        body=body,
        secrets=secrets,
    )


async def settle(
    tx: AsyncSession, keys: KeyRing, subject: str, result: Result, now: datetime
) -> None:
    """Keep what came of a try, and say when the next is due; settling it twice is once."""
    delivery_id, _, number = subject.partition(":")
    known = await tx.get(WebhookDelivery, delivery_id)
    if known is None:
        return
    endpoint = await tx.get_one(WebhookEndpoint, known.endpoint_id, with_for_update=True)
    delivery = await tx.get(WebhookDelivery, delivery_id, with_for_update=True)
    if (
        delivery is None
        or delivery.state != DeliveryState.ORDERED
        or delivery.tries + 1 != int(number)
    ):
        return
    delivery.attempts += 1
    delivery.tries += 1
    attempt = WebhookAttempt(
        delivery_id=delivery.id,
        number=delivery.tries,
        at=now,
        status=result.status,
        failure=result.failure,
        latency_ms=result.latency_ms,
    )
    await seal_answer(tx, keys, endpoint, delivery, attempt, readable(result.answer))
    tx.add(attempt)
    if result.failure is None:
        delivery.state, delivery.delivered_at = DeliveryState.DELIVERED, now
        delivery.due_at = None
        endpoint.failing_since = None
        return
    _plan_next(delivery, result, now)
    if result.failure in (DeliveryFailure.ERASED, DeliveryFailure.DISABLED):
        return
    endpoint.failing_since = endpoint.failing_since or now
    await tx.flush()
    if endpoint.disabled_at is not None:
        return
    if result.status == _GONE:
        await disable_endpoint(tx, endpoint, DisabledNote.GONE, now)
    elif now - endpoint.failing_since >= DISABLED_AFTER:
        await disable_endpoint(tx, endpoint, DisabledNote.FAILED_FOR_DAYS, now)


async def forget_old(tx: AsyncSession, now: datetime) -> int:
    """Drop some of what happened more than thirty days ago; gives how many rows went."""
    old = list(
        await tx.scalars(
            select(WebhookDelivery.id)
            .where(WebhookDelivery.at < now - KEPT_FOR)
            .limit(_PRUNED_AT_ONCE)
        )
    )
    if old:
        await tx.execute(delete(WebhookAttempt).where(WebhookAttempt.delivery_id.in_(old)))
        await tx.execute(delete(WebhookDelivery).where(WebhookDelivery.id.in_(old)))
    return len(old)


def readable(answer: bytes) -> str:
    """The beginning of an answer as text that any database keeps and any page may show."""
    text = answer.decode("utf-8", "replace")
    return "".join(one if one.isprintable() or one in "\n\t" else "\ufffd" for one in text)


def _plan_next(delivery: WebhookDelivery, result: Result, now: datetime) -> None:
    next_at = now + pause_after(delivery.attempts, result.retry_after_s)
    give_up_at = delivery.give_up_at or now
    is_final = result.failure is DeliveryFailure.ERASED or result.status == _GONE
    if result.failure is DeliveryFailure.DISABLED:
        delivery.state, delivery.due_at = DeliveryState.HELD, None
    elif is_final or next_at > give_up_at:
        delivery.state, delivery.due_at = DeliveryState.GIVEN_UP, None
    else:
        delivery.state, delivery.due_at = DeliveryState.WAITING, next_at


async def _body(tx: AsyncSession, keys: KeyRing, delivery: WebhookDelivery) -> bytes:
    """The message: the same bytes at every try, since what the log says never changes."""
    data: dict[str, object] = {}
    if delivery.case_id is not None and delivery.seq is not None:
        about = await tx.get_one(Case, delivery.case_id)
        events = await read_events(
            tx,
            log=LogKind.CASE,
            subject_id=about.id,
            key=await keys.case_key(tx, about.id),
            visibilities=_SHOWN,
            after=delivery.seq - 1,
            limit=1,
        )
        event = events[0] if events and events[0].seq == delivery.seq else None
        if event is None or event.payload is None:
            raise KeyDestroyed
        data = {
            "case_id": about.id,
            "order_number": about.order_number,
            "seq": event.seq,
            "actor": event.actor.partition(":")[0],
            "visibility": event.visibility,
            "payload": event.payload,
        }
    told = {
        "type": delivery.kind,
        "timestamp": delivery.at.isoformat().replace("+00:00", "Z"),
        "data": data,
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
