"""Webhooks for a seller's admins and machines: endpoints, what was sent to them, sending again."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from cases import webhook_deliveries, webhooks
from cases.actor import KeyActor, StaffActor
from cases.developer_commands import EndpointIn, ReplaySpan
from cases.unit import Unit
from cases.view import View
from cases.webhook_deliveries import AttemptView, DeliveryView
from cases.webhook_rules import PUBLIC_KINDS, DeliveryState
from cases.webhooks import EndpointView
from runtime.errors import CaseError
from runtime.outgoing import ForbiddenTarget, checked_url
from signaling import openapi
from signaling.auth import require_key_or_staff
from signaling.bodies import PageWanted, parse_body, parse_query
from signaling.matching import MATCHED, put_matched, tagged
from signaling.once import IDEMPOTENCY_HEADER, Made, answer_once
from signaling.openapi import route
from signaling.services import SERVICES, Services


class EndpointList(View):
    """One page of a seller's webhook endpoints, oldest first."""

    items: list[EndpointView]
    next_cursor: str | None


class EndpointSecret(View):
    """An endpoint with a new secret, which is told this once."""

    endpoint: EndpointView
    secret: Annotated[str, Field(description="`whsec_…`, as Standard Webhooks libraries take it.")]


class KindView(View):
    """A kind of event, in words."""

    kind: str
    words: str


class KindList(View):
    """What webhooks tell today; newer kinds of the case log come by themselves."""

    items: list[KindView]
    next_cursor: None = None


class DeliveryList(View):
    """One page of messages, the newest event first."""

    items: list[DeliveryView]
    next_cursor: str | None


class AttemptList(View):
    """Every try of one message, oldest first."""

    items: list[AttemptView]
    next_cursor: None = None


class Replayed(View):
    """How many messages are sent again."""

    count: int


class DeliveriesWanted(PageWanted):
    """What the list is narrowed to."""

    state: DeliveryState | None = None


_BAD_URL = "invalid, url_refused, unknown_kind"


def add_routes(app: web.Application) -> None:
    """Serve the webhook routes."""
    openapi.register(
        app,
        [
            get_kinds,
            get_endpoints,
            make_endpoint,
            get_endpoint,
            change_endpoint,
            delete_endpoint,
            rotate_secret,
            send_test,
            get_deliveries,
            get_attempts,
            replay_delivery,
            replay_span,
        ],
    )


@route("GET", "/api/v1/webhook-kinds", "List what webhooks tell", answers={200: KindList})
async def get_kinds(request: web.Request) -> web.Response:
    """The catalogue of public kinds."""
    webhooks.webhook_tenant(await require_key_or_staff(request))
    items = [KindView(kind=kind, words=words) for kind, words in PUBLIC_KINDS.items()]
    return _json(KindList(items=items))


@route(
    "GET",
    "/api/v1/webhooks",
    "List the webhook endpoints",
    query=PageWanted,
    answers={200: EndpointList},
)
async def get_endpoints(request: web.Request) -> web.Response:
    """The seller's endpoints."""
    actor = await require_key_or_staff(request)
    wanted = parse_query(request, PageWanted)
    async with request.app[SERVICES].database.read() as tx:
        items, cursor = await webhooks.list_endpoints(
            tx, actor, limit=wanted.limit, cursor=wanted.cursor
        )
    return _json(EndpointList(items=items, next_cursor=cursor))


@route(
    "POST",
    "/api/v1/webhooks",
    "Make a webhook endpoint and get its secret",
    body=EndpointIn,
    headers=IDEMPOTENCY_HEADER,
    answers={201: EndpointSecret},
    errors={409: "too_many_endpoints", 422: _BAD_URL},
)
async def make_endpoint(request: web.Request) -> web.Response:
    """A new endpoint; its address must be on the public internet, unless the settings say else."""
    actor = await require_key_or_staff(request)
    command = await parse_body(request, EndpointIn)
    tenant_id = webhooks.webhook_tenant(actor)
    _check_url(request.app[SERVICES], command.url)

    async def act(unit: Unit) -> Made:
        endpoint, secret = await webhooks.make_endpoint(
            unit.tx, unit.keys, actor, command, unit.now
        )
        return Made(201, EndpointSecret(endpoint=endpoint, secret=secret))

    return await answer_once(request, actor, tenant_id, act)


@route("GET", "/api/v1/webhooks/{id}", "Read a webhook endpoint", answers={200: EndpointView})
async def get_endpoint(request: web.Request) -> web.Response:
    """One endpoint."""
    actor = await require_key_or_staff(request)
    async with request.app[SERVICES].database.read() as tx:
        view = await _endpoint(tx, actor, request.match_info["id"])
    return tagged(view)


@route(
    "PUT",
    "/api/v1/webhooks/{id}",
    "Change, disable or enable a webhook endpoint",
    body=EndpointIn,
    headers=MATCHED,
    answers={200: EndpointView},
    errors={422: _BAD_URL},
)
async def change_endpoint(request: web.Request) -> web.Response:
    """Its name, address, kinds, and whether it is told anything."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    command = await parse_body(request, EndpointIn)
    tenant_id = webhooks.webhook_tenant(actor)
    endpoint_id = request.match_info["id"]

    async def change(unit: Unit) -> EndpointView:
        await webhooks.load_endpoint(unit.tx, actor, endpoint_id)
        _check_url(services, command.url)
        return await webhooks.change_endpoint(unit.tx, actor, endpoint_id, command, unit.now)

    return await put_matched(
        request, tenant_id, lambda tx: _endpoint(tx, actor, endpoint_id), change
    )


async def _endpoint(tx: AsyncSession, actor: StaffActor | KeyActor, id_: str) -> EndpointView:
    return webhooks.endpoint_view(await webhooks.load_endpoint(tx, actor, id_))


@route("DELETE", "/api/v1/webhooks/{id}", "Delete a webhook endpoint", answers={204: None})
async def delete_endpoint(request: web.Request) -> web.Response:
    """The endpoint and the log of what was sent to it."""
    actor = await require_key_or_staff(request)
    endpoint_id = request.match_info["id"]

    async def act(unit: Unit) -> None:
        await webhooks.delete_endpoint(unit.tx, actor, endpoint_id)

    await request.app[SERVICES].run(act)
    return web.Response(status=204)


@route(
    "POST",
    "/api/v1/webhooks/{id}/secret",
    "Rotate the secret; for a day the old one signs too",
    headers=IDEMPOTENCY_HEADER,
    answers={200: EndpointSecret},
)
async def rotate_secret(request: web.Request) -> web.Response:
    """A new secret, told once."""
    actor = await require_key_or_staff(request)
    endpoint_id = request.match_info["id"]

    async def act(unit: Unit) -> Made:
        endpoint, secret = await webhooks.rotate_secret(
            unit.tx, unit.keys, actor, endpoint_id, unit.now
        )
        return Made(200, EndpointSecret(endpoint=endpoint, secret=secret))

    return await answer_once(request, actor, actor.tenant_id, act)


@route(
    "POST",
    "/api/v1/webhooks/{id}/test",
    "Send a test message",
    headers=IDEMPOTENCY_HEADER,
    answers={202: DeliveryView},
    errors={409: "endpoint_disabled"},
)
async def send_test(request: web.Request) -> web.Response:
    """A message of the kind ``webhook.test``; the list of deliveries tells what came of it."""
    actor = await require_key_or_staff(request)
    endpoint_id = request.match_info["id"]

    async def act(unit: Unit) -> Made:
        return Made(202, await webhook_deliveries.send_test(unit.tx, actor, endpoint_id, unit.now))

    return await answer_once(request, actor, actor.tenant_id, act)


@route(
    "GET",
    "/api/v1/webhooks/{id}/deliveries",
    "List what was sent, and what came of it",
    query=DeliveriesWanted,
    answers={200: DeliveryList},
)
async def get_deliveries(request: web.Request) -> web.Response:
    """One page of messages, each with its last try."""
    actor = await require_key_or_staff(request)
    wanted = parse_query(request, DeliveriesWanted)
    services = request.app[SERVICES]
    async with services.database.read() as tx:
        items, cursor = await webhook_deliveries.list_deliveries(
            tx,
            services.keys,
            actor,
            request.match_info["id"],
            state=wanted.state,
            limit=wanted.limit,
            cursor=wanted.cursor,
        )
    return _json(DeliveryList(items=items, next_cursor=cursor))


@route(
    "GET",
    "/api/v1/webhooks/{id}/deliveries/{delivery_id}/attempts",
    "List every try of one message",
    answers={200: AttemptList},
)
async def get_attempts(request: web.Request) -> web.Response:
    """Status, time taken and the first bytes of each answer."""
    actor = await require_key_or_staff(request)
    services = request.app[SERVICES]
    endpoint_id, delivery_id = request.match_info["id"], request.match_info["delivery_id"]
    async with services.database.read() as tx:
        items = await webhook_deliveries.list_attempts(
            tx, services.keys, actor, endpoint_id, delivery_id
        )
    return _json(AttemptList(items=items))


@route(
    "POST",
    "/api/v1/webhooks/{id}/deliveries/{delivery_id}/replay",
    "Send one message again",
    headers=IDEMPOTENCY_HEADER,
    answers={202: DeliveryView},
    errors={409: "endpoint_disabled, being_sent"},
)
async def replay_delivery(request: web.Request) -> web.Response:
    """The same message under the same ``webhook-id``."""
    actor = await require_key_or_staff(request)
    endpoint_id, delivery_id = request.match_info["id"], request.match_info["delivery_id"]

    async def act(unit: Unit) -> Made:
        view = await webhook_deliveries.replay_one(
            unit.tx, unit.keys, actor, endpoint_id, delivery_id, unit.now
        )
        return Made(202, view)

    return await answer_once(request, actor, actor.tenant_id, act)


@route(
    "POST",
    "/api/v1/webhooks/{id}/replay",
    "Send everything of a span again",
    body=ReplaySpan,
    headers=IDEMPOTENCY_HEADER,
    answers={202: Replayed},
    errors={409: "endpoint_disabled"},
)
async def replay_span(request: web.Request) -> web.Response:
    """What happened in a span, or what of it was missed."""
    actor = await require_key_or_staff(request)
    span = await parse_body(request, ReplaySpan)
    endpoint_id = request.match_info["id"]

    async def act(unit: Unit) -> Made:
        count = await webhook_deliveries.replay_span(unit.tx, actor, endpoint_id, span, unit.now)
        return Made(202, Replayed(count=count))

    return await answer_once(request, actor, actor.tenant_id, act)


def _check_url(services: Services, url: str) -> None:
    try:
        checked_url(url, private=services.settings.webhooks_to_private)
    except ForbiddenTarget as error:
        raise CaseError("url_refused", str(error), status=422) from error


def _json(view: View) -> web.Response:
    return web.json_response(text=view.model_dump_json())
