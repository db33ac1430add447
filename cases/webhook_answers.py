"""What a seller's system answered: sealed under its case's key, of a test under the seller's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from cases.case_keys import case_keys
from cases.keys import KeyDestroyed, KeyRing
from cases.sealing import open_text, seal_text
from cases.tables import WebhookAttempt, WebhookDelivery, WebhookEndpoint


async def seal_answer(
    tx: AsyncSession,
    keys: KeyRing,
    endpoint: WebhookEndpoint,
    delivery: WebhookDelivery,
    attempt: WebhookAttempt,
    answer: str,
) -> None:
    """Keep the answer to a try; of a case that was erased, none."""
    if not answer:
        return
    try:
        if delivery.case_id is None:
            key = await keys.tenant_key(tx, endpoint.tenant_id)
        else:
            key = await keys.case_key(tx, delivery.case_id)
    except KeyDestroyed:
        return
    attempt.sealed_answer = seal_text(key, _bound(attempt), answer)


async def answers_of(
    tx: AsyncSession,
    keys: KeyRing,
    endpoint: WebhookEndpoint,
    deliveries: Iterable[WebhookDelivery],
    attempts: Iterable[WebhookAttempt],
) -> Mapping[tuple[str, int], str]:
    """The answers by delivery and number of the try; none of a case that was erased."""
    cases = {one.id: one.case_id for one in deliveries}
    answered = [one for one in attempts if one.sealed_answer is not None]
    about = {cases[one.delivery_id] for one in answered}
    opened = await case_keys(tx, keys, {one for one in about if one is not None})
    of_tests = await keys.tenant_key(tx, endpoint.tenant_id) if None in about else None
    found: dict[tuple[str, int], str | None] = {}
    for one in answered:
        case_id = cases[one.delivery_id]
        key = opened.get(case_id) if case_id is not None else of_tests
        found[one.delivery_id, one.number] = open_text(key, _bound(one), one.sealed_answer)
    return {name: answer for name, answer in found.items() if answer is not None}


def _bound(attempt: WebhookAttempt) -> str:
    return f"webhook_attempts:{attempt.delivery_id}:{attempt.number}"
