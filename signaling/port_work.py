"""The durable work behind ports: what is due is ordered, and each order is one try."""

from __future__ import annotations

import asyncio
from datetime import datetime
from functools import partial
from importlib.metadata import version
from typing import Final, Literal

import structlog

from cases import errands, labels, parcels, refunds
from cases.actor import SystemActor
from cases.errands import Try
from cases.keys import KeyDestroyed
from cases.label_files import label_type
from cases.labels import LabelPlace
from cases.parcel_words import read_parcel
from cases.port_commands import LabelSetup, PortKind, TrackingSetup
from cases.port_reading import (
    UnreadableAnswer,
    fill_url,
    parse_answer,
    read_label,
    read_scans,
)
from cases.ports import find_port, headers_of, setup_of
from cases.refund_states import Answered, RefundState, after_looking, after_sending
from cases.tables import Parcel
from cases.tracking import ScanSource
from cases.unit import Unit
from recorder.crypt import seal
from runtime.errors import CaseError
from runtime.outgoing import Outcome, ask
from signaling.services import Services

log = structlog.get_logger()

_AGENT: Final = f"Proofcall/{version('proofcall')} (ports)"
_AGAIN: Final = frozenset({408, 409, 425, 429})


async def order_due_errands(services: Services) -> int:
    """Order every errand that is due now, as far as the sellers' shares go."""
    return await services.run(lambda unit: errands.order_due(unit.tx, unit.outbox, unit.now))


async def run_errand(services: Services, subject: str) -> None:
    """Make one try; safe to repeat after a crash at any place."""
    async with services.database.read() as tx:
        found = await errands.take(tx, subject, services.clock.now())
    if found is None:
        return
    run = {PortKind.TRACKING: _track, PortKind.LABEL: _label, PortKind.REFUND: _refund}
    try:
        words = await run[found.kind](services, subject, found)
    except KeyDestroyed:
        words = "The case was erased."
        await services.run(lambda unit: errands.end(unit, subject, words))
    log.info("port asked", errand=subject, kind=found.kind, subject_id=found.subject_id)


async def send(
    services: Services,
    method: Literal["GET", "POST"],
    url: str,
    headers: dict[str, str],
    body: bytes | None = None,
) -> Outcome:
    """Ask a stranger's server by the one way out."""
    return await ask(
        method,
        url,
        {"User-Agent": _AGENT, "Accept": "application/json", **headers},
        body=body,
        private=services.settings.webhooks_to_private,
    )


def trouble(outcome: Outcome) -> str | None:
    """Why an answer is none to be read, in a sentence; None for a good one."""
    if outcome.failure is not None:
        return f"No whole answer: {outcome.failure.replace('_', ' ')}."
    if outcome.status is None or not 200 <= outcome.status < 300:
        return f"The service answered {outcome.status}."
    return None


async def _track(services: Services, subject: str, found: Try) -> str:
    async with services.database.read() as tx:
        parcel = await tx.get_one(Parcel, found.subject_id)
        port = await find_port(tx, found.tenant_id, PortKind.TRACKING)
        setup = setup_of(port, TrackingSetup) if port is not None and port.enabled else None
        headers = await headers_of(tx, services.keys, port) if port is not None else {}
        key = await services.keys.case_key(tx, parcel.case_id)
        number, carrier = read_parcel(key, parcel).tracking_number, parcel.carrier
    if setup is None or setup.url is None or number is None:
        return await _end(services, subject, "Tracking is no longer connected.")
    url = fill_url(setup.url, {"tracking_number": number, "carrier": carrier or ""})
    outcome = await send(services, "GET", url, headers)
    wrong = trouble(outcome)
    if wrong is not None:
        is_passing = outcome.status is None or outcome.status >= 500 or outcome.status in _AGAIN
        if is_passing and not found.is_last:
            return await _again(services, subject, wrong, outcome.retry_after_s)
        return await _end(services, subject, wrong)
    try:
        told = read_scans(await asyncio.to_thread(parse_answer, outcome.answer), setup)
    except UnreadableAnswer as error:
        return await _end(services, subject, str(error))
    scans = [one.scan for one in told.scans if one.tracking_number in (None, number)]
    words = " ".join([f"{len(scans)} scans.", *told.unread])

    async def keep(unit: Unit) -> None:
        if await errands.end(unit, subject, words):
            await parcels.add_scans(unit, found.subject_id, scans, ScanSource.PORT, SystemActor())

    await services.run(keep)
    return words


async def _label(services: Services, subject: str, found: Try) -> str:
    request = await services.run(lambda unit: labels.prepare(unit, found.subject_id))
    if request is None:
        return await _end(services, subject, "There is nothing to do any more.")
    outcome = await send(services, "POST", request.url, request.headers, request.body)
    wrong = trouble(outcome)
    if wrong is not None:
        # The same key of idempotency: whoever made it already gives it again.
        is_passing = outcome.status is None or outcome.status >= 500 or outcome.status in _AGAIN
        if is_passing and outcome.failure != "forbidden_address" and not found.is_last:
            return await _again(services, subject, wrong, outcome.retry_after_s)
        return await _no_label(services, subject, found, wrong)
    try:
        told = read_label(await asyncio.to_thread(parse_answer, outcome.answer), request.setup)
        content = told.content
        if content is None:
            # Whatever the address is, the carrier's secret is not for it.
            fetched = await send(services, "GET", told.url or "", {"Accept": "*/*"})
            wrong = trouble(fetched)
            if wrong is not None and not found.is_last:
                return await _again(services, subject, f"The label's file: {wrong}")
            if wrong is not None:
                return await _no_label(services, subject, found, wrong)
            content = fetched.answer
        label_type(content)
    except UnreadableAnswer as error:
        return await _no_label(services, subject, found, str(error))
    except CaseError as error:
        return await _no_label(services, subject, found, error.message)
    return await _keep_label(services, subject, found, request.setup, content, told.tracking_number)


async def _keep_label(
    services: Services,
    subject: str,
    found: Try,
    setup: LabelSetup,
    content: bytes,
    tracking_number: str | None,
) -> str:
    place = await services.run(lambda unit: labels.place_of_label(unit, found.subject_id))
    await store_label(services, place, content)

    async def keep(unit: Unit) -> None:
        if await errands.end(unit, subject, "The label came."):
            await labels.make(unit, found.subject_id, content, setup.carrier, tracking_number)

    await services.run(keep)
    return "The label came."


async def store_label(services: Services, place: LabelPlace, content: bytes) -> None:
    """Put a label's file into the store, sealed under its name."""
    sealed = await asyncio.to_thread(seal, place.key, place.object_key, content)
    await services.store.put(place.object_key, sealed)


async def _no_label(services: Services, subject: str, found: Try, why: str) -> str:
    async def keep(unit: Unit) -> None:
        if await errands.end(unit, subject, why):
            await labels.refuse(unit, found.subject_id, why)

    await services.run(keep)
    return why


async def _refund(services: Services, subject: str, found: Try) -> str:
    request = await services.run(lambda unit: refunds.begin(unit, found.subject_id))
    if request is None:
        return await _end(services, subject, "There is nothing to do any more.")
    if request.body is None:
        outcome = await send(services, "GET", request.url, request.headers)
        answered = Answered(outcome.status, outcome.failure, outcome.answer)
        decided = after_looking(
            answered, request.setup, request.amount_minor, request.sent_at, _now(services)
        )
    else:
        outcome = await send(services, "POST", request.url, request.headers, request.body)
        answered = Answered(outcome.status, outcome.failure, outcome.answer)
        decided = after_sending(answered, request.setup, request.amount_minor)
    can_look = request.setup.status_url is not None

    async def keep(unit: Unit) -> str:
        state = await refunds.conclude(
            unit, found.subject_id, decided, is_last=found.is_last, can_look=can_look
        )
        if state in (RefundState.ORDERED, RefundState.SENT):
            await errands.again(unit, subject, decided.why, outcome.retry_after_s)
        else:
            await errands.end(unit, subject, decided.why)
        return decided.why

    return await services.run(keep)


def _now(services: Services) -> datetime:
    return services.clock.now()


async def _end(services: Services, subject: str, words: str) -> str:
    await services.run(partial(_ended, subject, words))
    return words


async def _ended(subject: str, words: str, unit: Unit) -> None:
    await errands.end(unit, subject, words)


async def _again(services: Services, subject: str, words: str, asked_s: int | None = None) -> str:
    await services.run(lambda unit: errands.again(unit, subject, words, asked_s))
    return words
