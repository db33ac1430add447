"""The buyer's form: whose it is, a draft, and filing it; and the seller's orders and rules."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web
from pydantic import BaseModel

from cases import attachments, filed, filing, orders, reasons
from cases.filing import FilingWords
from cases.filing_commands import FileReturn, FilingRules, TellOrder, WantDraft
from cases.tables import Filing
from cases.unit import Unit
from signaling.auth import client_address, device_secret, remember_device, require_key_or_staff
from signaling.bodies import parse_body
from signaling.join_routes import OfferAnswerIn
from signaling.limits import Counted
from signaling.matching import MATCHED, put_matched, tagged
from signaling.openapi import register, route
from signaling.services import SERVICES

DRAFT_HEADER: Final = "X-Filing"


class OrderTold(BaseModel):
    """The order is known now."""

    id: str
    order_number: str


class FilingRulesSet(BaseModel):
    """The rules, and the secret that signs links with HS256."""

    secret: str
    public_key: str | None
    origins: list[str]


def add_routes(app: web.Application) -> None:
    """Serve the form's routes."""
    app.router.add_get("/api/filing/sellers/{slug}", get_seller)
    app.router.add_post("/api/filing/sellers/{slug}/drafts", begin)
    app.router.add_get("/api/filing/draft", get_draft)
    app.router.add_post("/api/filing/draft/file", file_return)
    app.router.add_post("/api/filing/draft/offer", answer_offer)
    app.router.add_post("/api/filing/draft/photographs", leave_at_photographs)
    register(app, [tell_order, get_rules, set_rules])


async def get_seller(request: web.Request) -> web.Response:
    """Whose form this is, and which reasons it offers for which category."""
    async with request.app[SERVICES].database.read() as tx:
        tenant = await filing.seller_of(tx, request.match_info["slug"])
        choices = await reasons.offered(tx, tenant.id)
    return web.json_response(
        {
            "name": tenant.name,
            "locale": tenant.default_locale,
            "reasons": {
                one.category: [reason.model_dump(mode="json") for reason in one.reasons]
                for one in choices
            },
        }
    )


async def begin(request: web.Request) -> web.Response:
    """Begin a draft; guesses at one order's e-mail are counted, from wherever they come."""
    services = request.app[SERVICES]
    slug = request.match_info["slug"]
    want = await parse_body(request, WantDraft)
    now_s = services.clock.now().timestamp()
    await services.limits.check(Counted.FILING, client_address(request), now_s)
    if want.order_number is not None:
        await services.limits.check(Counted.ORDER_GUESS, f"{slug}:{want.order_number}", now_s)

    async def act(unit: Unit) -> dict[str, Any]:
        draft = await filing.begin(unit, slug, want)
        return {"secret": draft.secret, **_shown(draft.filing, draft.words)}

    return web.json_response(await services.run(act), status=201)


async def get_draft(request: web.Request) -> web.Response:
    """Where this browser's filing stands; once filed, the wait as it is now."""

    async def act(unit: Unit) -> dict[str, Any]:
        found = await filing.load_draft(unit, draft_secret(request))
        key = await filing.key_of(unit, found)
        parts = await attachments.of_filing(unit.tx, found.id)
        return {
            **_shown(found, filing.words_of(found, key)),
            "filed": await _filed(unit, found) if found.case_id else None,
            "attachments": [
                {
                    "id": one.id,
                    "name": attachments.name_of(one, key),
                    "size": one.size,
                    "received": one.received,
                }
                for one in parts
            ],
        }

    return web.json_response(await request.app[SERVICES].run(act))


async def file_return(request: web.Request) -> web.Response:
    """File it and be answered; a second tap is told how the first stands."""
    services = request.app[SERVICES]
    form = await parse_body(request, FileReturn)
    secret = draft_secret(request)

    async def act(unit: Unit) -> tuple[filing.Filed, dict[str, Any]]:
        made = await filing.file_return(
            unit,
            secret,
            form,
            device=device_secret(request),
            user_agent=request.headers.get("User-Agent", ""),
        )
        return made, await _filed(unit, await filing.load_draft(unit, secret))

    made, shown = await services.run(act)
    response = web.json_response({"join_path": f"/j/{made.token}", **shown})
    if made.device_secret is not None:
        remember_device(request, response, made.device_secret)
    return response


async def answer_offer(request: web.Request) -> web.Response:
    """Accept or decline what the policy offered; a repeat is told the same."""
    word = (await parse_body(request, OfferAnswerIn)).word
    secret = draft_secret(request)

    async def act(unit: Unit) -> dict[str, Any]:
        return await _filed(unit, await filed.answer_offer(unit, secret, word))

    return web.json_response(await request.app[SERVICES].run(act))


async def leave_at_photographs(request: web.Request) -> web.Response:
    """Have a person answer by the photographs."""
    secret = draft_secret(request)

    async def act(unit: Unit) -> dict[str, Any]:
        return await _filed(unit, await filed.leave_at_photographs(unit, secret))

    return web.json_response(await request.app[SERVICES].run(act))


@route(
    "POST",
    "/api/v1/orders",
    "Tell an order, so that its buyer finds it in the form",
    body=TellOrder,
    answers={200: OrderTold},
    repeat="the order by this number is replaced.",
)
async def tell_order(request: web.Request) -> web.Response:
    """Keep an order; a repeat replaces it."""
    actor = await require_key_or_staff(request)
    filing.filing_tenant(actor)
    told = await parse_body(request, TellOrder)
    id_ = await request.app[SERVICES].run(lambda unit: orders.tell(unit, actor, told))
    return web.json_response({"id": id_, "order_number": told.order_number})


@route(
    "GET",
    "/api/v1/filing",
    "Who may embed the form and sign its links",
    answers={200: FilingRules},
)
async def get_rules(request: web.Request) -> web.Response:
    """Without the secret, which is told to whoever sets the rules."""
    tenant_id = filing.filing_tenant(await require_key_or_staff(request))
    async with request.app[SERVICES].database.read() as tx:
        rules = await filing.rules_of(tx, tenant_id)
    return tagged(rules)


@route(
    "PUT",
    "/api/v1/filing",
    "Set who may embed the form and sign its links, and get the signing secret",
    body=FilingRules,
    headers=MATCHED,
    answers={200: FilingRulesSet},
)
async def set_rules(request: web.Request) -> web.Response:
    """Set the rules."""
    actor = await require_key_or_staff(request)
    tenant_id = filing.filing_tenant(actor)
    rules = await parse_body(request, FilingRules)

    async def change(unit: Unit) -> FilingRulesSet:
        secret = await filing.set_rules(unit, actor, rules)
        return FilingRulesSet(secret=secret, **rules.model_dump())

    return await put_matched(request, tenant_id, lambda tx: filing.rules_of(tx, tenant_id), change)


def draft_secret(request: web.Request) -> str:
    """What the browser holds for its draft; no cookie, so that it works in another's frame."""
    return request.headers.get(DRAFT_HEADER, "")[:200]


async def _filed(unit: Unit, found: Filing) -> dict[str, Any]:
    return (await filed.filed_view(unit.tx, found)).model_dump(mode="json")


def _shown(found: Filing, words: FilingWords) -> dict[str, Any]:
    order = words.order
    return {
        "order_number": found.order_number,
        "order": order
        and {
            "currency": order.currency,
            "buyer": {"name": order.buyer.name, "locale": order.buyer.locale},
            "items": [
                {
                    "title": item.listing.title,
                    "picture": next(iter(item.listing.pictures), None),
                    "quantity": item.quantity,
                    "category": item.category,
                }
                for item in order.items
            ],
        },
        "expires_at": found.expires_at.isoformat(),
    }
