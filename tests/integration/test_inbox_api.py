"""The inbox over HTTP: one act on many cases, filters, held acts, and who finds nothing of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cases.states import Role, Scope
from tests.integration.test_case_api import OURS, bearer, expect, opened, sign_in
from tests.support.seller_site import SellerSite, seller_site

SAY = {"client_id": "c1", "text": "Hello", "locale": "en"}


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[SellerSite]:
    """The seller's routes on a real port."""
    async with seller_site(tmp_path) as running:
        yield running


async def cases(site: SellerSite, count: int) -> list[str]:
    """New cases of the lamp seller."""
    headers = await bearer(site)
    return [(await opened(site, headers))["case"]["id"] for _ in range(count)]


async def bulk(site: SellerSite, case_ids: list[str], act: str, **more: Any) -> list[Any]:
    """One act on many, as answered."""
    response = await site.client.post(
        "/api/v1/bulk", json={"case_ids": case_ids, "act": act, **more}, headers=OURS
    )
    assert response.status == 200, await response.text()
    results: list[Any] = (await response.json())["results"]
    return results


async def test_what_one_case_refuses_does_not_keep_the_others(site: SellerSite) -> None:
    """The answer names each: a stranger's is not found, a closed one says so."""
    ours, closed = await cases(site, 2)
    shoes = await bearer(site, tenant=site.seller.shoes)
    theirs = (await opened(site, shoes))["case"]["id"]
    headers = await bearer(site)
    await site.client.post(f"/api/v1/cases/{closed}/close", headers=headers)
    me = await sign_in(site, Role.AGENT)
    results = await bulk(site, [theirs, ours, closed, ours], "assign")
    assert [(one["case_id"], one["ok"], one["code"]) for one in results] == [
        (theirs, False, "not_found"),
        (ours, True, None),
        (closed, False, "case_closed"),
    ]
    assert results[1]["assignee_before"] is None
    page = await (await site.client.get("/api/v1/cases?assignee=me")).json()
    assert [(one["id"], one["assignee_staff_id"]) for one in page["items"]] == [(ours, me)]
    again = await bulk(site, [ours], "release")
    assert again[0]["assignee_before"] == me


async def test_many_are_closed_in_ten_seconds_and_taken_back_until_then(site: SellerSite) -> None:
    """Each has its own undo."""
    first, second = await cases(site, 2)
    await sign_in(site, Role.AGENT)
    results = await bulk(site, [first, second], "close")
    path = f"/api/v1/cases/{first}/held"
    held = (await (await site.client.get(path)).json())["items"]
    assert [(one["id"], one["kind"], one["mine"]) for one in held] == [
        (results[0]["held_id"], "close", True)
    ]
    response = await site.client.delete(f"{path}/{results[0]['held_id']}", headers=OURS)
    assert (await response.json())["state"] == "taken_back"
    # An id of another case's undo opens nothing here.
    response = await site.client.delete(f"{path}/{results[1]['held_id']}", headers=OURS)
    await expect(response, 404, "not_found")


@pytest.mark.parametrize(
    "body",
    [
        {"case_ids": [], "act": "release"},
        {"case_ids": ["cas_x"] * 101, "act": "release"},
        {"case_ids": ["cas_x"], "act": "snooze"},
        {"case_ids": ["cas_x"], "act": "tag"},
        {"case_ids": ["cas_x"], "act": "release", "tag": "x"},
        {"case_ids": ["cas_x"], "act": "close", "staff_id": "stf_x"},
        {"case_ids": ["cas_x"], "act": "delete"},
        {"case_ids": ["cas_x"], "act": "tag", "tag": "a\u0000b"},
        {"case_ids": ["cas_x"], "act": "tag", "tag": " " * 5},
    ],
)
async def test_an_act_that_makes_no_sense_is_refused(site: SellerSite, body: Any) -> None:
    """Before any case is touched."""
    await sign_in(site, Role.AGENT)
    response = await site.client.post("/api/v1/bulk", json=body, headers=OURS)
    await expect(response, 422, "invalid")


async def test_tags_and_snoozes_are_shown_with_the_case(site: SellerSite) -> None:
    """In the list and on its page; the list finds it by them."""
    (case_id,) = await cases(site, 1)
    await sign_in(site, Role.AGENT)
    path = f"/api/v1/cases/{case_id}"
    response = await site.client.put(f"{path}/tags/%20VIP%20", headers=OURS)
    assert response.status == 204, await response.text()
    until = "2199-01-01T00:00:00Z"
    refused = await site.client.put(f"{path}/snooze", json={"until": until}, headers=OURS)
    await expect(refused, 422, "date_impossible")
    soon = site.seller.now.replace(microsecond=0).isoformat()[:10] + "T23:59:59Z"
    response = await site.client.put(f"{path}/snooze", json={"until": soon}, headers=OURS)
    assert response.status == 204, await response.text()
    view = await (await site.client.get(path)).json()
    assert (view["tags"], view["snoozed_until"]) == (["vip"], soon)
    page = await (await site.client.get("/api/v1/cases?tag=vip&snoozed=true")).json()
    assert [one["id"] for one in page["items"]] == [case_id]
    assert (await (await site.client.get("/api/v1/tags")).json())["items"] == ["vip"]
    await site.client.delete(f"{path}/tags/vip", headers=OURS)
    await site.client.delete(f"{path}/snooze", headers=OURS)
    view = await (await site.client.get(path)).json()
    assert (view["tags"], view["snoozed_until"]) == ([], None)


async def test_a_filter_is_saved_changed_and_deleted(site: SellerSite) -> None:
    """With its count, beside the views that everybody has."""
    await cases(site, 2)
    await sign_in(site, Role.AGENT)
    body = {"name": "Broken", "shared": True, "wanted": {"reason": "damaged"}}
    made = await (await site.client.post("/api/v1/filters", json=body, headers=OURS)).json()
    assert (made["count"], made["mine"], made["wanted"]["reason"]) == (2, True, "damaged")
    path = f"/api/v1/filters/{made['id']}"
    changed = {**body, "wanted": {"reason": "other"}}
    assert (await (await site.client.put(path, json=changed, headers=OURS)).json())["count"] == 0
    shown = await (await site.client.get("/api/v1/filters")).json()
    assert [one["name"] for one in shown["items"]] == ["Broken"]
    assert {one["name"]: one["count"] for one in shown["views"]}["all"] == 2
    await sign_in(site, Role.ADMIN, tenant=site.seller.shoes)
    assert (await (await site.client.get("/api/v1/filters")).json())["items"] == []
    for response in (
        await site.client.put(path, json=body, headers=OURS),
        await site.client.delete(path, headers=OURS),
    ):
        await expect(response, 404, "not_found")


@pytest.mark.parametrize(
    "wanted",
    [{"reason": "bored"}, {"overdue": "true"}, {"cursor": "x"}, {"assignee": "' or 1=1"}, []],
)
async def test_a_filter_that_asks_for_nothing_known_is_refused(
    site: SellerSite, wanted: Any
) -> None:
    """A kept filter is checked when it is kept."""
    await sign_in(site, Role.AGENT)
    body = {"name": "X", "wanted": wanted}
    response = await site.client.post("/api/v1/filters", json=body, headers=OURS)
    await expect(response, 422, "invalid")


async def test_every_route_of_the_inbox_finds_nothing_of_another_s_case(site: SellerSite) -> None:
    """Another seller's admin, a warehouse without a grant; with nobody signed in, 401."""
    (case_id,) = await cases(site, 1)
    path = f"/api/v1/cases/{case_id}"
    routes: list[tuple[str, str, Any]] = [
        ("POST", f"{path}/held/message", SAY),
        ("POST", f"{path}/held/close", None),
        ("GET", f"{path}/held", None),
        ("DELETE", f"{path}/held/hld_x", None),
        ("PUT", f"{path}/tags/x", None),
        ("DELETE", f"{path}/tags/x", None),
        ("PUT", f"{path}/snooze", {"until": "2026-12-24T00:00:00Z"}),
        ("DELETE", f"{path}/snooze", None),
        ("POST", f"{path}/script-preview", {"words": "Hi {buyer_name}"}),
    ]
    seller = site.seller
    for place in ({"tenant": seller.shoes}, {"warehouse": seller.dock}):
        await sign_in(site, Role.ADMIN, Role.INSPECTOR, **place)
        for method, url, body in routes:
            response = await site.client.request(method, url, json=body, headers=OURS)
            await expect(response, 404, "not_found")
        results = await bulk(site, [case_id], "release")
        assert results[0]["code"] == "not_found"
    site.client.session.cookie_jar.clear()
    for method, url, body in [
        *routes,
        ("POST", "/api/v1/bulk", {"case_ids": [case_id], "act": "release"}),
        ("GET", "/api/v1/filters", None),
        ("GET", "/api/v1/tags", None),
        ("GET", "/api/v1/assignees", None),
    ]:
        response = await site.client.request(method, url, json=body, headers=OURS)
        await expect(response, 401, "not_signed_in")


async def test_a_preview_fills_words_that_are_not_kept(site: SellerSite) -> None:
    """What the case lacks is named, an unknown placeholder refused."""
    (case_id,) = await cases(site, 1)
    headers = await bearer(site, Scope.CASES_WRITE)
    path = f"/api/v1/cases/{case_id}/script-preview"
    response = await site.client.post(
        path, json={"words": "Hola {buyer_name}, {carrier}"}, headers=headers
    )
    assert await response.json() == {"words": "Hola Ana Ruiz, {carrier}", "empty": ["carrier"]}
    response = await site.client.post(path, json={"words": "{password}"}, headers=headers)
    await expect(response, 422, "unknown_placeholder")


async def test_agents_see_to_whom_a_case_can_be_given(site: SellerSite) -> None:
    """Agents and admins of the seller; a warehouse's people are told nothing."""
    me = await sign_in(site, Role.AGENT)
    await site.seller.staff(Role.REVIEWER, tenant=site.seller.lamp)
    await site.seller.staff(Role.AGENT, tenant=site.seller.shoes)
    (case_id,) = await cases(site, 1)
    await bulk(site, [case_id], "assign")
    shown = (await (await site.client.get("/api/v1/assignees")).json())["items"]
    assert [(one["staff_id"], one["open_cases"]) for one in shown] == [(me, 1)]
    await sign_in(site, Role.INSPECTOR, warehouse=site.seller.hall)
    response = await site.client.get("/api/v1/assignees")
    await expect(response, 403, "forbidden")
