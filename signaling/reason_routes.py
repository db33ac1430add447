"""The reasons that the seller's form offers, by category, over ``/api/v1``."""

from __future__ import annotations

from functools import partial

from aiohttp import web
from pydantic import TypeAdapter

from cases import filing, reasons
from cases.case_access import not_found
from cases.commands import Word
from cases.reasons import CategoryReasons, SetReasons
from cases.view import View
from signaling import openapi
from signaling.auth import require_key_or_staff
from signaling.bodies import parse_body
from signaling.matching import MATCHED, put_matched, tagged
from signaling.openapi import route
from signaling.services import SERVICES

_CATEGORY: TypeAdapter[str] = TypeAdapter(Word)


class ReasonChoices(View):
    """Every category with reasons of its own; ``*`` is all others."""

    items: list[CategoryReasons]


def add_routes(app: web.Application) -> None:
    """Serve them."""
    openapi.register(app, [get_reasons, get_reasons_of, put_reasons, delete_reasons])


@route(
    "GET",
    "/api/v1/reasons",
    "The reasons that the form offers, by category",
    answers={200: ReasonChoices},
)
async def get_reasons(request: web.Request) -> web.Response:
    """Without any, the form offers all."""
    tenant_id = filing.filing_tenant(await require_key_or_staff(request))
    async with request.app[SERVICES].database.read() as tx:
        answer = ReasonChoices(items=await reasons.offered(tx, tenant_id))
    return web.json_response(answer.model_dump(mode="json"))


@route(
    "GET",
    "/api/v1/reasons/{category}",
    "The reasons that the form offers for a category with its own",
    answers={200: CategoryReasons},
    errors={422: "invalid"},
)
async def get_reasons_of(request: web.Request) -> web.Response:
    """Not found without reasons of its own: what is offered for all is at ``*``."""
    tenant_id = filing.filing_tenant(await require_key_or_staff(request))
    category = _CATEGORY.validate_python(request.match_info["category"])
    async with request.app[SERVICES].database.read() as tx:
        found = await reasons.offered_for(tx, tenant_id, category)
    if found is None:
        raise not_found()
    return tagged(found)


@route(
    "PUT",
    "/api/v1/reasons/{category}",
    "Set the reasons that the form offers for a category",
    body=SetReasons,
    headers=MATCHED,
    answers={204: None},
    errors={422: "invalid, too_many_categories"},
)
async def put_reasons(request: web.Request) -> web.Response:
    """In this order, each with words of one's own where there are any; ``*`` is the rest."""
    tenant_id = filing.filing_tenant(await require_key_or_staff(request))
    category = _CATEGORY.validate_python(request.match_info["category"])
    put = partial(
        reasons.set_reasons,
        tenant_id=tenant_id,
        category=category,
        wanted=await parse_body(request, SetReasons),
    )
    return await put_matched(
        request, tenant_id, lambda tx: reasons.offered_for(tx, tenant_id, category), put
    )


@route(
    "DELETE",
    "/api/v1/reasons/{category}",
    "Offer for a category what is offered for all",
    answers={204: None},
    errors={422: "invalid"},
)
async def delete_reasons(request: web.Request) -> web.Response:
    """A category without reasons of its own is no error."""
    tenant_id = filing.filing_tenant(await require_key_or_staff(request))
    drop = partial(
        reasons.drop_reasons,
        tenant_id=tenant_id,
        category=_CATEGORY.validate_python(request.match_info["category"]),
    )
    await request.app[SERVICES].run(drop)
    return web.Response(status=204)
