"""The reasons that a seller's form offers by category: set, read by the form, and nobody else's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cases.states import ClaimReason, Role, Scope
from tests.integration.test_case_api import OURS, bearer, expect, sign_in
from tests.support.seller_site import SellerSite, seller_site

LAMPS = {
    "reasons": [
        {"reason": "defective", "words": {"es": "No se enciende", "en": "Does not light up"}},
        {"reason": "damaged"},
    ]
}


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[SellerSite]:
    """The seller's routes on a real port."""
    async with seller_site(tmp_path) as running:
        yield running


async def form(site: SellerSite, slug: str) -> Any:
    """What the form of a seller is told of its reasons."""
    response = await site.client.get(f"/api/filing/sellers/{slug}")
    return (await response.json())["reasons"]


async def test_the_form_offers_what_the_seller_set_for_a_category(site: SellerSite) -> None:
    """In the seller's order and words; another seller's form is as it was."""
    headers = await bearer(site)
    assert await form(site, "lumen") == {}
    for category in ("lamps%20%26%20shades", "*"):
        path = f"/api/v1/reasons/{category}"
        response = await site.client.put(path, json=LAMPS, headers=headers)
        assert response.status == 204, await response.text()
    told = await form(site, "lumen")
    assert sorted(told) == ["*", "lamps & shades"]
    assert [one["reason"] for one in told["*"]] == ["defective", "damaged"]
    assert told["*"][0]["words"]["es"] == "No se enciende"
    assert await form(site, "sole") == {}
    shown = await (await site.client.get("/api/v1/reasons", headers=headers)).json()
    assert [one["category"] for one in shown["items"]] == ["*", "lamps & shades"]
    for _ in range(2):
        await site.client.delete("/api/v1/reasons/*", headers=headers)
    assert list(await form(site, "lumen")) == ["lamps & shades"]


@pytest.mark.parametrize(
    "reasons",
    [
        [],
        [{"reason": "bored"}],
        [{"reason": "damaged"}, {"reason": "damaged"}],
        [{"reason": "damaged", "words": {"es": ""}}],
        [{"reason": "damaged", "words": {"es": "x" * 61}}],
        [{"reason": "damaged", "words": {"es": "a\u0000b"}}],
        [{"reason": "damaged", "words": {"../x": "y"}}],
        [{"reason": "damaged", "icon": "x"}],
        [{"reason": str(one)} for one in ClaimReason] + [{"reason": "other"}],
    ],
)
async def test_reasons_that_cannot_be_are_refused(site: SellerSite, reasons: Any) -> None:
    """Nothing of them is kept."""
    response = await site.client.put(
        "/api/v1/reasons/*", json={"reasons": reasons}, headers=await bearer(site)
    )
    await expect(response, 422, "invalid")
    assert await form(site, "lumen") == {}


async def test_only_the_seller_s_agents_change_its_reasons(site: SellerSite) -> None:
    """A reviewer, a warehouse, a key that only reads, nobody; a stranger changes their own."""
    await site.client.put("/api/v1/reasons/*", json=LAMPS, headers=await bearer(site))
    strangers = await bearer(site, tenant=site.seller.shoes)
    assert (await (await site.client.get("/api/v1/reasons", headers=strangers)).json()) == {
        "items": []
    }
    await site.client.delete("/api/v1/reasons/*", headers=strangers)
    assert list(await form(site, "lumen")) == ["*"]

    async def refused(headers: dict[str, str], status: int, code: str) -> None:
        for method in ("GET", "PUT", "DELETE"):
            path = "/api/v1/reasons" + ("" if method == "GET" else "/*")
            response = await site.client.request(
                method, path, json=LAMPS if method == "PUT" else None, headers=headers
            )
            await expect(response, status, code)

    await refused(await bearer(site, Scope.CASES_READ), 403, "forbidden")
    await sign_in(site, Role.REVIEWER)
    await refused(OURS, 403, "forbidden")
    await sign_in(site, Role.ADMIN, warehouse=site.seller.hall)
    await refused(OURS, 403, "forbidden")
    site.client.session.cookie_jar.clear()
    await refused(OURS, 401, "not_signed_in")
