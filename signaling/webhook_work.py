"""The durable work behind webhooks: what is due is ordered, and each order is one try."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Final

import structlog

from cases import delivering
from cases.delivering import Message, Result
from cases.unit import Unit
from cases.webhook_rules import DeliveryFailure, signatures
from runtime.outgoing import Outcome, post
from signaling.services import Services

log = structlog.get_logger()

_AGENT: Final = f"Proofcall/{version('proofcall')} (webhooks)"


async def order_due_webhooks(services: Services) -> int:
    """Order every try that is due now, as far as the endpoints' shares go."""
    return await services.run(
        lambda unit: delivering.order_due(unit.tx, unit.outbox, unit.now),
    )


async def deliver_webhook(services: Services, subject: str) -> None:
    """Make one try and keep what came of it; a repeat after a crash sends it again."""
    async with services.database.read() as tx:
        found = await delivering.prepare(tx, services.keys, subject, services.clock.now())
    if found is None:
        return
    result = await _sent(services, found) if isinstance(found, Message) else found
    log.info(
        "webhook tried",
        delivery=subject,
        status=result.status,
        failure=result.failure,
        ms=result.latency_ms,
    )

    async def act(unit: Unit) -> None:
        await delivering.settle(unit.tx, unit.keys, subject, result, unit.now)

    await services.run(act)


async def _sent(services: Services, message: Message) -> Result:
    outcome = await post(
        message.url,
        message.body,
        headers_of(message, int(services.clock.now().timestamp())),
        private=services.settings.webhooks_to_private,
    )
    return Result(
        status=outcome.status,
        failure=_failure(outcome),
        latency_ms=outcome.latency_ms,
        answer=outcome.answer,
        retry_after_s=outcome.retry_after_s,
    )


def headers_of(message: Message, timestamp_s: int) -> Mapping[str, str]:
    """The headers of a try, as Standard Webhooks names them."""
    return {
        "Content-Type": "application/json",
        "User-Agent": _AGENT,
        "webhook-id": message.message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": signatures(
            message.secrets, message.message_id, timestamp_s, message.body
        ),
    }


def _failure(outcome: Outcome) -> DeliveryFailure | None:
    if outcome.failure is not None:
        return DeliveryFailure(outcome.failure)
    if outcome.status is not None and 200 <= outcome.status < 300:
        return None
    is_redirect = outcome.status is not None and 300 <= outcome.status < 400
    return DeliveryFailure.REDIRECT if is_redirect else DeliveryFailure.REFUSED
