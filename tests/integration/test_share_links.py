"""Shares without media: who may make, list and end them, and what their links open."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cases import log
from cases.access_log import Access, Deed, merged, note_access
from cases.erasure_keys import ErasureKey, ErasureKeys
from cases.log import LogKind
from cases.states import Role
from cases.tables import Case, Gap, Session
from tests.integration.test_case_api import OURS, sign_in
from tests.integration.test_part_order import NOW_MS, inspected, secret_of
from tests.support.seller import case_in
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
    headers = {"Authorization": f"Bearer {secret}", **more.pop("headers", {})}
    response = await site.client.request(method, path, headers=headers, **more)
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


async def test_a_gap_that_outlasts_a_shared_part_is_admitted(site: SellerSite) -> None:
    """From before its first moment to after its last; one of other moments is not its matter."""
    await inspected(site, "ses_1")
    mine = await secret_of(site, site.seller.lamp)
    body = {"name": "Mia", "from": "2026-01-01T00:00:01Z", "to": "2026-01-01T00:00:02Z"}
    async with site.seller.database.begin() as tx:
        session = await tx.get_one(Session, "ses_1")
        session.ended_at = session.created_at + timedelta(minutes=1)
        for name, begin_ms, end_ms in (("gap_over", 500, 2500), ("gap_after", 2001, 9000)):
            tx.add(
                Gap(
                    id=name,
                    session_id="ses_1",
                    participant_id="par_ses_1",
                    from_ns=(NOW_MS + begin_ms) * 1_000_000,
                    to_ns=(NOW_MS + end_ms) * 1_000_000,
                    cause="media_lost",
                )
            )
    _, made = await ask(site, "POST", "/api/v1/sessions/ses_1/shares", mine, json=body)
    token = made["url"].partition("#")[2]
    response = await site.client.get(
        f"/api/shared/{made['share']['id']}", headers={"Cookie": f"pc_share={token}"}
    )
    shown = (await response.json())["timeline"]
    assert [(one["from_ms"], one["to_ms"]) for one in shown["gaps"]] == [
        (NOW_MS + 500, NOW_MS + 2500)
    ]


async def test_a_request_to_erase_is_in_the_log_also_when_it_is_refused(site: SellerSite) -> None:
    """Under a legal hold nothing goes; who asked is known all the same, and a stranger is not."""
    case_id = await inspected(site, "ses_1")
    mine = await secret_of(site, site.seller.lamp)
    rival = await secret_of(site, site.seller.shoes)
    path = f"/api/v1/cases/{case_id}"
    assert (await ask(site, "POST", f"{path}/legal-hold", mine, json={"reason": "Court"}))[0] == 200
    body = {"reason": "Asked by the buyer", "order_number": "whatever"}
    async with site.seller.database.read() as tx:
        body["order_number"] = (await tx.get_one(Case, case_id)).order_number
    status, answer = await ask(site, "POST", f"{path}/erasure", mine, json=body)
    assert (status, answer["code"]) == (409, "held")
    assert (await ask(site, "POST", f"{path}/erasure", rival, json=body))[0] == 404
    _, seen = await ask(site, "GET", f"{path}/access", mine)
    asked = [one for one in seen["items"] if one["kind"] == "erasure_asked"]
    assert [(one["what"], one["subject_id"]) for one in asked] == [("case", case_id)]


async def test_a_repeated_request_to_erase_is_told_what_the_first_was(site: SellerSite) -> None:
    """Under the same key, though the case can be seen no more; it is noted once."""
    mine = await secret_of(site, site.seller.lamp)
    status, opened = await ask(site, "POST", "/api/v1/cases", mine, json=case_in())
    assert status == 201, opened
    path = f"/api/v1/cases/{opened['case']['id']}"
    assert (await ask(site, "POST", f"{path}/close", mine))[0] == 200
    once = {
        "json": {"reason": "Asked by the buyer", "order_number": "LL-20871"},
        "headers": {"Idempotency-Key": "erase-1"},
    }
    first = await ask(site, "POST", f"{path}/erasure", mine, **once)
    assert first[0] == 202, first
    assert await ask(site, "POST", f"{path}/erasure", mine, **once) == first
    assert (await ask(site, "POST", f"{path}/erasure", mine, json=once["json"]))[0] == 410


async def test_lists_read_each_erasure_key_once(
    site: SellerSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list of cases reads each case's once; shares and their looks the case's once a list."""
    case_id = await inspected(site, "ses_1", "ses_2")
    mine = await secret_of(site, site.seller.lamp)
    names = {f"Viewer {number}" for number in range(6)}
    for number, name in enumerate(sorted(names)):
        path = f"/api/v1/sessions/ses_{number % 2 + 1}/shares"
        status, made = await ask(site, "POST", path, mine, json={"name": name})
        assert status == 201
        link = made["url"].partition("#")[2]
        site.client.session.cookie_jar.clear()
        looked = await site.client.get(
            f"/api/shared/{made['share']['id']}", headers={"Cookie": f"pc_share={link}"}
        )
        assert looked.status == 200
    site.client.session.cookie_jar.clear()
    read: list[bytes] = []
    really = ErasureKeys.read

    def counted(self: ErasureKeys, key_id: bytes) -> ErasureKey:
        read.append(key_id)
        return really(self, key_id)

    monkeypatch.setattr(ErasureKeys, "read", counted)
    _, cases = await ask(site, "GET", "/api/v1/cases?limit=50", mine)
    assert (len(cases["items"]), len(read)) == (1, 1)
    read.clear()
    _, listed = await ask(site, "GET", f"/api/v1/cases/{case_id}/shares", mine)
    assert {one["name"] for one in listed["items"]} == names
    assert len(read) == 1
    read.clear()
    _, looks = await ask(site, "GET", f"/api/v1/cases/{case_id}/access", mine)
    assert names <= {one["name"] for one in looks["items"]}
    assert len(read) == 1
