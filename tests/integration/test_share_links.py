"""Shares without media: who may make, list and end them, and what their links open."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cases import log
from cases.access_log import Access, Deed, merged, note_access
from cases.log import LogKind
from cases.states import Role
from tests.integration.test_case_api import OURS, sign_in
from tests.integration.test_part_order import inspected, secret_of
from tests.support.seller_site import SellerSite, seller_site

Json = dict[str, Any]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[SellerSite]:
    """Every route, on SQLite."""
    async with seller_site(tmp_path) as running:
        yield running


async def ask(
    site: SellerSite, method: str, path: str, secret: str, **more: Any
) -> tuple[int, Any]:
    """Status and answer of the API."""
    response = await site.client.request(
        method, path, headers={"Authorization": f"Bearer {secret}"}, **more
    )
    return response.status, await response.json() if response.status != 204 else None


async def test_only_its_seller_makes_lists_and_ends_a_share(site: SellerSite) -> None:
    """Another seller finds nothing; a warehouse and an inspector may look, not pass on."""
    case_id = await inspected(site, "ses_1")
    mine = await secret_of(site, site.seller.lamp)
    rival = await secret_of(site, site.seller.shoes)
    status, made = await ask(
        site, "POST", "/api/v1/sessions/ses_1/shares", mine, json={"name": "Mia"}
    )
    assert status == 201
    share = made["share"]
    assert (share["state"], share["may_download"], share["name"]) == ("open", False, "Mia")
    for method, path, body in (
        ("POST", "/api/v1/sessions/ses_1/shares", {"name": "Mia"}),
        ("GET", f"/api/v1/cases/{case_id}/shares", None),
        ("GET", f"/api/v1/cases/{case_id}/access", None),
        ("DELETE", f"/api/v1/shares/{share['id']}", None),
    ):
        assert (await ask(site, method, path, rival, json=body))[0] == 404, path
    for where in ({"warehouse": site.seller.hall}, {"tenant": site.seller.lamp}):
        await sign_in(site, Role.INSPECTOR, **where)
        response = await site.client.post(
            "/api/v1/sessions/ses_1/shares", json={"name": "Mia"}, headers=OURS
        )
        assert response.status == 404
        response = await site.client.delete(f"/api/v1/shares/{share['id']}", headers=OURS)
        assert response.status == 404
        site.client.session.cookie_jar.clear()
    _, listed = await ask(site, "GET", f"/api/v1/cases/{case_id}/shares", mine)
    assert [one["id"] for one in listed["items"]] == [share["id"]]
    assert "token" not in str(listed)
    assert made["url"].partition("#")[2] not in str(listed)


async def test_a_link_opens_until_it_is_ended_or_expires(site: SellerSite) -> None:
    """Ended at once, over to the second, and a wrong secret never."""
    await inspected(site, "ses_1", "ses_2")
    mine = await secret_of(site, site.seller.lamp)
    links: dict[str, str] = {}
    ids: dict[str, str] = {}
    for session_id in ("ses_1", "ses_2"):
        _, made = await ask(
            site, "POST", f"/api/v1/sessions/{session_id}/shares", mine, json={"name": "Mia"}
        )
        links[session_id] = made["url"].partition("#")[2]
        ids[session_id] = made["share"]["id"]

    async def come(token: str) -> int:
        response = await site.client.post("/api/shared", json={"token": token}, headers=OURS)
        return response.status

    async def look(share_id: str, token: str) -> tuple[int, str]:
        site.client.session.cookie_jar.clear()
        response = await site.client.get(
            f"/api/shared/{share_id}", headers={"Cookie": f"pc_share={token}"}
        )
        return response.status, (await response.json()).get("code", "")

    assert await come(links["ses_1"]) == 200
    assert await come(links["ses_1"][::-1]) == 404
    assert await come("A" * 43) == 404
    assert (await look(ids["ses_1"], links["ses_1"]))[0] == 200
    assert await look(ids["ses_1"], links["ses_2"]) == (404, "link_unknown")
    assert (await ask(site, "DELETE", f"/api/v1/shares/{ids['ses_1']}", mine))[0] == 204
    assert (await ask(site, "DELETE", f"/api/v1/shares/{ids['ses_1']}", mine))[0] == 204
    assert await look(ids["ses_1"], links["ses_1"]) == (410, "link_revoked")
    assert await come(links["ses_1"]) == 410
    site.seller.clock.advance(7 * 86_400 - 1)
    assert (await look(ids["ses_2"], links["ses_2"]))[0] == 200
    site.seller.clock.advance(1)
    assert await look(ids["ses_2"], links["ses_2"]) == (410, "link_expired")
    async with site.seller.database.read() as tx:
        key = await site.seller.keys.tenant_key(tx, site.seller.lamp)
        await log.verify(tx, log=LogKind.ACCESS, subject_id=site.seller.lamp, key=key)


async def test_looks_are_one_entry_an_hour_and_downloads_each_their_own(site: SellerSite) -> None:
    """Ranges of the same five minutes are one; the next five minutes are another."""
    seller = site.seller
    case_id = await inspected(site, "ses_1")
    actor = await seller.staff(Role.AGENT, tenant=seller.lamp)

    async def note(deed: Deed, *spans: tuple[int, int]) -> None:
        access = Access(actor, seller.lamp, case_id, deed, "x", "x1", seller.now, spans)
        await note_access(seller.database, seller.keys, access)

    for deed, spans in (
        (Deed.LOOKED, ()),
        (Deed.SERVED, ((0, 300_000),)),
        (Deed.SERVED, ((300_000, 600_000),)),
        (Deed.DOWNLOADED, ()),
    ):
        await note(deed, *spans)
        await note(deed, *spans)
    mine = await secret_of(site, seller.lamp)
    _, page = await ask(site, "GET", f"/api/v1/cases/{case_id}/access?limit=4", mine)
    _, rest = await ask(
        site, "GET", f"/api/v1/cases/{case_id}/access?limit=4&cursor={page['next_cursor']}", mine
    )
    kinds = [one["kind"] for one in (*page["items"], *rest["items"])]
    assert kinds == ["downloaded", "downloaded", "served", "served", "looked"]
    assert rest["next_cursor"] is None


def test_spans_that_touch_are_one() -> None:
    """A second between two is no gap; what lies apart stays apart."""
    assert merged([(5000, 6000), (0, 1000), (1500, 2000), (7001, 7001)]) == (
        (0, 2000),
        (5000, 6000),
        (7001, 7001),
    )
