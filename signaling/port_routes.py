"""Integrations: how a seller's ports are set up and tested, and where returns are sent."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from cases import ports
from cases.actor import Actor
from cases.port_commands import (
    PLACEHOLDERS,
    LabelSetup,
    PortKind,
    PortSetup,
    PortTest,
    RefundSetup,
    ReturnAddressIn,
    TrackingSetup,
)
from cases.port_reading import fill_url
from cases.ports import PortView, ReturnAddressView
from cases.unit import Unit
from cases.view import View
from runtime.errors import CaseError
from runtime.outgoing import ForbiddenTarget, checked_url
from signaling import openapi
from signaling.auth import require_key_or_staff
from signaling.bodies import parse_body
from signaling.matching import MATCHED, put_matched, tagged
from signaling.once import IDEMPOTENCY_HEADER, Made, answer_once
from signaling.openapi import route
from signaling.port_testing import PortTested, try_port
from signaling.services import SERVICES, Services


class PortList(View):
    """Every kind of port, set up or not."""

    items: list[PortView]
    next_cursor: None = None


class AddressBook(View):
    """Where returns are sent; ``own`` is for cases without a warehouse, or one without address."""

    items: list[ReturnAddressView]
    next_cursor: None = None


class PushSecret(View):
    """A new secret for pushed scans, told this once."""

    secret: Annotated[str, Field(description="`whsec_…`, as Standard Webhooks libraries take it.")]


_REFUSED = {422: "invalid, url_refused, secret_required"}


def add_routes(app: web.Application) -> None:
    """Serve the routes."""
    openapi.register(
        app,
        [
            get_ports,
            *(_read(kind) for kind in PortKind),
            set_tracking,
            set_label,
            set_refund,
            rotate_push_secret,
            test_port,
            get_addresses,
            set_address,
        ],
    )


@route("GET", "/api/v1/ports", "List the ports", answers={200: PortList})
async def get_ports(request: web.Request) -> web.Response:
    """How tracking, labels and refunds are connected; for admins."""
    actor = await require_key_or_staff(request)
    async with request.app[SERVICES].database.read() as tx:
        items = await ports.list_ports(tx, actor)
    return _json(PortList(items=items))


def _read(kind: PortKind) -> openapi.Operation:
    """The GET beside each PUT."""

    async def read(request: web.Request) -> web.Response:
        actor = await require_key_or_staff(request)
        async with request.app[SERVICES].database.read() as tx:
            view = await _port(tx, actor, kind)
        return tagged(view)

    read.__name__ = f"get_{kind.value}_port"
    summary = f"How the {kind.value} port is set up"
    return route("GET", f"/api/v1/ports/{kind.value}", summary, answers={200: PortView})(read)


@route(
    "PUT",
    "/api/v1/ports/tracking",
    "Connect the tracking of parcels",
    body=TrackingSetup,
    headers=MATCHED,
    answers={200: PortView},
    errors=_REFUSED,
)
async def set_tracking(request: web.Request) -> web.Response:
    """Where the way of parcels is asked for, or how it is pushed."""
    return await _set_up(request, PortKind.TRACKING, TrackingSetup)


@route(
    "PUT",
    "/api/v1/ports/label",
    "Connect the making of labels",
    body=LabelSetup,
    headers=MATCHED,
    answers={200: PortView},
    errors=_REFUSED,
)
async def set_label(request: web.Request) -> web.Response:
    """Where labels are ordered."""
    return await _set_up(request, PortKind.LABEL, LabelSetup)


@route(
    "PUT",
    "/api/v1/ports/refund",
    "Connect the payment service",
    body=RefundSetup,
    headers=MATCHED,
    answers={200: PortView},
    errors=_REFUSED,
)
async def set_refund(request: web.Request) -> web.Response:
    """Where money is given back."""
    return await _set_up(request, PortKind.REFUND, RefundSetup)


@route(
    "POST",
    "/api/v1/ports/tracking/push-secret",
    "Make a new secret for pushed scans; the old one ends at once",
    headers=IDEMPOTENCY_HEADER,
    answers={200: PushSecret},
    errors={404: "not_found: tracking is not set up"},
)
async def rotate_push_secret(request: web.Request) -> web.Response:
    """Told once."""
    actor = await require_key_or_staff(request)

    async def act(unit: Unit) -> Made:
        return Made(200, PushSecret(secret=await ports.rotate_push_secret(unit, actor)))

    return await answer_once(request, actor, actor.tenant_id, act)


@route(
    "POST",
    "/api/v1/ports/{kind}/test",
    "Ask a port something harmless",
    body=PortTest,
    answers={200: PortTested},
    errors={409: "not_set_up", 422: "invalid, nothing_to_ask"},
    repeat="it is asked again, without harm.",
)
async def test_port(request: web.Request) -> web.Response:
    """The request, the answer and what we read in it."""
    actor = await require_key_or_staff(request)
    command = await parse_body(request, PortTest)
    kind = _kind(request)
    return _json(await try_port(request.app[SERVICES], actor, kind, command))


@route(
    "GET",
    "/api/v1/return-addresses",
    "Read where returns are sent",
    answers={200: AddressBook},
)
async def get_addresses(request: web.Request) -> web.Response:
    """The seller's own place and each warehouse that works for it."""
    actor = await require_key_or_staff(request)
    async with request.app[SERVICES].database.read() as tx:
        items = await ports.list_addresses(tx, actor)
    return _json(AddressBook(items=items))


@route(
    "PUT",
    "/api/v1/return-addresses/{place}",
    "Say where returns for a warehouse are sent",
    body=ReturnAddressIn,
    answers={200: AddressBook},
)
async def set_address(request: web.Request) -> web.Response:
    """``place`` is a warehouse's id, or ``own``."""
    actor = await require_key_or_staff(request)
    command = await parse_body(request, ReturnAddressIn)
    place = request.match_info["place"]

    async def act(unit: Unit) -> AddressBook:
        await ports.set_address(unit, actor, place, command.address)
        return AddressBook(items=await ports.list_addresses(unit.tx, actor))

    return _json(await request.app[SERVICES].run(act))


async def _set_up(request: web.Request, kind: PortKind, model: type[PortSetup]) -> web.Response:
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    setup = await parse_body(request, model)
    tenant_id = ports.ports_tenant(actor)
    _check_urls(services, setup)
    return await put_matched(
        request,
        tenant_id,
        lambda tx: _port(tx, actor, kind),
        lambda unit: ports.set_up(unit, actor, kind, setup),
    )


async def _port(tx: AsyncSession, actor: Actor, kind: PortKind) -> PortView:
    return next(one for one in await ports.list_ports(tx, actor) if one.kind is kind)


def _kind(request: web.Request) -> PortKind:
    try:
        return PortKind(request.match_info["kind"])
    except ValueError as error:
        raise CaseError("not_found", "There is no such port.", status=404) from error


def _check_urls(services: Services, setup: PortSetup) -> None:
    """Refuse addresses that may not be asked, with every word filled in.

    Raises:
        CaseError: ``url_refused`` (422).
    """
    filled = {word: "x" for words in PLACEHOLDERS.values() for word in words}
    for name, value in setup.model_dump().items():
        if name.endswith("url") and isinstance(value, str):
            try:
                checked_url(fill_url(value, filled), private=services.settings.webhooks_to_private)
            except ForbiddenTarget as error:
                raise CaseError("url_refused", str(error), status=422) from error


def _json(view: View) -> web.Response:
    return web.json_response(text=view.model_dump_json())
