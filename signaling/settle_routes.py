"""A case's way back by ports: labels, refunds and carrier claims, with their ways by hand."""

from __future__ import annotations

import asyncio
from functools import partial

from aiohttp import web

from cases import carrier_claims, labels, refunds
from cases.access_log import Deed
from cases.access_policy import Action
from cases.carrier_claims import CarrierClaimView
from cases.case_access import load_case
from cases.label_files import ENDINGS, label_type
from cases.labels import LabelFile, LabelView
from cases.port_commands import (
    AnswerClaim,
    FileClaim,
    OpenClaim,
    OrderRefund,
    SettleRefund,
    UploadLabel,
)
from cases.refunds import RefundView
from cases.unit import Unit
from cases.view import View
from cases.way_views import WayView, way_view
from recorder.crypt import open_sealed
from signaling import openapi
from signaling.auth import device_secret, require_key_or_staff
from signaling.bodies import parse_body
from signaling.noting import note
from signaling.once import IDEMPOTENCY_HEADER, Made, answer_once, answered_before
from signaling.openapi import route
from signaling.port_work import store_label
from signaling.services import SERVICES, Services

_CASE = "/api/v1/cases/{id}"
_CLOSED = "wrong_state, session_open, case_closed"


def add_routes(app: web.Application) -> None:
    """Serve the routes."""
    openapi.register(
        app,
        [
            get_way,
            order_label,
            upload_label,
            get_label,
            order_refund,
            settle_refund,
            open_claim,
            file_claim,
            answer_claim,
        ],
    )
    app.router.add_get("/api/join/{token}/labels/{label_id}", get_label_as_buyer)


@route(
    "GET",
    _CASE + "/way",
    "Read parcels with their scans, labels, refunds by port and carrier claims",
    answers={200: WayView},
)
async def get_way(request: web.Request) -> web.Response:
    """The way back of a case."""
    actor = await require_key_or_staff(request)
    services = request.app[SERVICES]
    async with services.database.read() as tx:
        view = await way_view(tx, services.keys, actor, request.match_info["id"])
    return _json(view)


@route(
    "POST",
    _CASE + "/labels",
    "Order a label of the carrier",
    headers=IDEMPOTENCY_HEADER,
    answers={202: LabelView},
    errors={409: f"port_off, label_ordered, {_CLOSED}", 422: "address_missing"},
)
async def order_label(request: web.Request) -> web.Response:
    """The case moves on when the label is there."""
    actor = await require_key_or_staff(request)
    case_id = request.match_info["id"]

    async def act(unit: Unit) -> Made:
        return Made(202, await labels.order_label(unit, actor, case_id))

    return await answer_once(request, actor, actor.tenant_id, act)


@route(
    "POST",
    _CASE + "/labels/upload",
    "Give the buyer a label by hand: a PDF, PNG or ZPL file",
    body=UploadLabel,
    headers=IDEMPOTENCY_HEADER,
    answers={201: LabelView},
    errors={409: _CLOSED, 422: "invalid, bad_label, address_missing"},
)
async def upload_label(request: web.Request) -> web.Response:
    """What the file is, its content says; it lies sealed under the case's key."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    command = await parse_body(request, UploadLabel)
    case_id = request.match_info["id"]
    known = await answered_before(request, actor, actor.tenant_id)
    if known is not None:
        return known

    place = await services.run(lambda unit: labels.begin_upload(unit, actor, case_id))
    label_type(command.content)
    await store_label(services, place, command.content)

    async def keep(unit: Unit) -> Made:
        view = await labels.keep_upload(
            unit,
            actor,
            case_id,
            place,
            command.content,
            carrier=command.carrier,
            tracking_number=command.tracking_number,
        )
        return Made(201, view)

    return await answer_once(request, actor, actor.tenant_id, keep)


@route(
    "GET",
    _CASE + "/labels/{label_id}",
    "Read a label's file",
    answers={200: "application/pdf"},
)
async def get_label(request: web.Request) -> web.Response:
    """A PDF, PNG or ZPL, as a download."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    case_id, label_id = request.match_info["id"], request.match_info["label_id"]
    found = await services.run(lambda unit: labels.file_for_staff(unit, actor, case_id, label_id))
    async with services.database.read() as tx:
        case = await load_case(tx, actor, case_id, Action.VIEW_CASE)
    await note(services, actor, case, Deed.DOWNLOADED, "label", label_id)
    return await _file(services, found)


async def get_label_as_buyer(request: web.Request) -> web.Response:
    """The label on the buyer's own browser."""
    services = request.app[SERVICES]
    token, label_id = request.match_info["token"], request.match_info["label_id"]
    secret = device_secret(request)
    found = await services.run(lambda unit: labels.file_for_buyer(unit, token, secret, label_id))
    return await _file(services, found)


@route(
    "POST",
    _CASE + "/refunds",
    "Have money given back by the payment service",
    body=OrderRefund,
    headers=IDEMPOTENCY_HEADER,
    answers={202: RefundView},
    errors={
        409: f"port_off, {_CLOSED}",
        422: "invalid, bad_currency, bad_amount, too_much",
    },
)
async def order_refund(request: web.Request) -> web.Response:
    """Sent at most once; it counts as given until the service refuses it."""
    actor = await require_key_or_staff(request)
    command = await parse_body(request, OrderRefund)
    case_id = request.match_info["id"]

    async def act(unit: Unit) -> Made:
        return Made(202, await refunds.order_refund(unit, actor, case_id, command))

    return await answer_once(request, actor, actor.tenant_id, act)


@route(
    "POST",
    _CASE + "/refunds/{refund_id}/settle",
    "Say what became of a refund whose end is unclear",
    body=SettleRefund,
    answers={200: RefundView},
    errors={409: "not_unclear"},
    repeat="`not_unclear`, as its end is known by then.",
)
async def settle_refund(request: web.Request) -> web.Response:
    """A person looked at the payment service's own page."""
    actor = await require_key_or_staff(request)
    command = await parse_body(request, SettleRefund)
    case_id, refund_id = request.match_info["id"], request.match_info["refund_id"]
    view = await request.app[SERVICES].run(
        lambda unit: refunds.settle_by_hand(unit, actor, case_id, refund_id, command)
    )
    return _json(view)


@route(
    "POST",
    _CASE + "/carrier-claims",
    "Note that a carrier is to be held liable for a parcel",
    body=OpenClaim,
    headers=IDEMPOTENCY_HEADER,
    answers={201: CarrierClaimView},
    errors={409: "claim_open", 422: "invalid, parcel_unknown, evidence_unknown"},
)
async def open_claim(request: web.Request) -> web.Response:
    """With the photographs and files that show it."""
    actor = await require_key_or_staff(request)
    command = await parse_body(request, OpenClaim)
    case_id = request.match_info["id"]

    async def act(unit: Unit) -> Made:
        return Made(201, await carrier_claims.open_claim(unit, actor, case_id, command))

    return await answer_once(request, actor, actor.tenant_id, act)


@route(
    "POST",
    _CASE + "/carrier-claims/{claim_id}/file",
    "Note that a claim was sent to the carrier",
    body=FileClaim,
    answers={200: CarrierClaimView},
    errors={409: "wrong_claim_state"},
    repeat="`wrong_claim_state`, as it is filed.",
)
async def file_claim(request: web.Request) -> web.Response:
    """By the carrier's reference."""
    actor = await require_key_or_staff(request)
    command = await parse_body(request, FileClaim)
    case_id, claim_id = request.match_info["id"], request.match_info["claim_id"]
    view = await request.app[SERVICES].run(
        lambda unit: carrier_claims.file_claim(unit, actor, case_id, claim_id, command)
    )
    return _json(view)


@route(
    "POST",
    _CASE + "/carrier-claims/{claim_id}/answer",
    "Note what the carrier pays, or that it does not",
    body=AnswerClaim,
    answers={200: CarrierClaimView},
    errors={409: "wrong_claim_state", 422: "invalid, bad_amount"},
    repeat="`wrong_claim_state`, as it is answered.",
)
async def answer_claim(request: web.Request) -> web.Response:
    """An amount, or null for nothing."""
    actor = await require_key_or_staff(request)
    command = await parse_body(request, AnswerClaim)
    case_id, claim_id = request.match_info["id"], request.match_info["claim_id"]
    view = await request.app[SERVICES].run(
        lambda unit: carrier_claims.answer_claim(unit, actor, case_id, claim_id, command)
    )
    return _json(view)


async def _file(services: Services, found: LabelFile) -> web.Response:
    stored = await services.store.get(found.object_key)
    content = await asyncio.to_thread(partial(open_sealed, found.key, found.object_key, stored))
    name = f"label.{ENDINGS[found.media_type]}"
    return web.Response(
        body=content,
        content_type=found.media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _json(view: View) -> web.Response:
    return web.json_response(text=view.model_dump_json())
