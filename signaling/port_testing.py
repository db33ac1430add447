"""The test button of a port: one harmless question, told with its answer in plain words."""

from __future__ import annotations

import asyncio
from typing import Annotated

from pydantic import Field

from cases.actor import Actor
from cases.delivering import readable
from cases.port_commands import (
    LabelSetup,
    PortKind,
    PortTest,
    RefundSetup,
    TrackingSetup,
)
from cases.port_reading import UnreadableAnswer, fill_url, parse_answer, read_scans
from cases.ports import find_port, headers_of, ports_tenant, setup_of
from cases.tables import Port
from cases.tracking import in_order
from cases.view import View
from runtime.errors import CaseError
from runtime.outgoing import Outcome
from signaling.port_work import send, trouble
from signaling.services import Services

_SHOWN_CHARS = 2000
_NOBODY = "proofcall-test"
"""A reference that no refund has."""


class PortTested(View):
    """What was asked, what came back, and what we read in it; the secret is never shown."""

    ok: bool
    request: Annotated[str, Field(examples=["GET https://carrier.example/v1/trackings/X1"])]
    sent_header: str | None
    status: int | None
    latency_ms: int
    answer: str
    words: str


async def try_port(
    services: Services, actor: Actor, kind: PortKind, command: PortTest
) -> PortTested:
    """Ask what makes no label and moves no money.

    Raises:
        CaseError: ``forbidden`` (403); ``not_set_up`` (409); ``nothing_to_ask`` (422) when the
            set-up names no address that could be asked without harm.
    """
    tenant_id = ports_tenant(actor)
    async with services.database.read() as tx:
        port = await find_port(tx, tenant_id, kind)
        if port is None:
            raise CaseError("not_set_up", "Save the set-up first.")
        headers = await headers_of(tx, services.keys, port)
    url = _url(port, kind, command)
    outcome = await send(services, "GET", url, headers)
    ok, words = await asyncio.to_thread(_words, port, kind, outcome)
    return PortTested(
        ok=ok,
        request=f"GET {url}",
        sent_header=port.header if headers else None,
        status=outcome.status,
        latency_ms=outcome.latency_ms,
        answer=readable(outcome.answer)[:_SHOWN_CHARS],
        words=words,
    )


def _url(port: Port, kind: PortKind, command: PortTest) -> str:
    found: str | None
    match kind:
        case PortKind.TRACKING:
            found = setup_of(port, TrackingSetup).url
            words = {"tracking_number": command.tracking_number or "", "carrier": ""}
            if command.tracking_number is None:
                raise CaseError("nothing_to_ask", "Name a tracking number.", status=422)
        case PortKind.LABEL:
            found = setup_of(port, LabelSetup).check_url
            words = dict.fromkeys(("reference", "order_number", "buyer_name", "address"), _NOBODY)
        case PortKind.REFUND:
            found = setup_of(port, RefundSetup).status_url
            words = dict.fromkeys(
                ("reference", "order_number", "amount", "amount_minor", "currency", "kind"), _NOBODY
            )
    if found is None:
        raise CaseError(
            "nothing_to_ask", "There is no address that can be asked without harm.", status=422
        )
    return fill_url(found, words)


def _words(port: Port, kind: PortKind, outcome: Outcome) -> tuple[bool, str]:
    if kind is PortKind.REFUND and outcome.status == 404 and outcome.failure is None:
        return True, "The service is there and, rightly, knows no such refund."
    wrong = trouble(outcome)
    if wrong is not None:
        return False, wrong
    if kind is not PortKind.TRACKING:
        return True, "The service answered."
    try:
        told = read_scans(parse_answer(outcome.answer), setup_of(port, TrackingSetup))
    except UnreadableAnswer as error:
        return False, str(error)
    scans = in_order(one.scan for one in told.scans)
    newest = f" The newest: {scans[-1].status.replace('_', ' ')}." if scans else ""
    return not told.unread, " ".join([f"{len(scans)} scans read.{newest}", *told.unread])
