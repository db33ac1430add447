"""The policy routes over HTTP: from a draft to the buyer's sentence, and what others find."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse

from cases.policy_preview import Preview
from cases.policy_starters import NO_ADVICE
from cases.policy_views import Effect, PolicyPage, PolicyView
from cases.states import Role, Scope
from signaling.policy_models import Checked, StarterList
from tests.support.policies import APPROVE, ASK, REJECT, VIDEO, days, rule
from tests.support.seller import PASSWORD, case_in
from tests.support.seller_site import SellerSite, seller_site

Json = dict[str, Any]
OURS = {"X-Proofcall": "1"}
DAMAGED = {"fact": "reason", "values": ["damaged"]}
GOOD = {
    "title": "Lamps",
    "rules": [rule("Damage is shown", VIDEO, DAMAGED, because="fault")],
    "otherwise": ASK,
}


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[SellerSite]:
    """The seller's routes on a real port."""
    async with seller_site(tmp_path) as running:
        yield running


async def bearer(site: SellerSite, *scopes: Scope, tenant: str | None = None) -> dict[str, str]:
    """The headers of a machine."""
    secret = await site.seller.api_key(tenant or site.seller.lamp, *(scopes or tuple(Scope)))
    return {"Authorization": f"Bearer {secret}"}


async def sign_in(site: SellerSite, *roles: Role, **organisation: str) -> dict[str, str]:
    """Sign somebody new in; the client holds the cookie."""
    actor = await site.seller.staff(*roles, **(organisation or {"tenant": site.seller.lamp}))
    body = {"email": f"{actor.staff_id}@example.com", "password": PASSWORD}
    response = await site.client.post("/api/login", json=body, headers=OURS)
    assert response.status == 200, await response.text()
    return OURS


async def told(response: ClientResponse, status: int) -> Json:
    """The body of an answer that must have this status."""
    body: Json = await response.json(content_type=None)
    assert response.status == status, body
    return body


async def expect(response: ClientResponse, status: int, code: str) -> Json:
    """Check that this is a problem of ours."""
    body = await told(response, status)
    assert body["code"] == code, body
    return body


async def created(site: SellerSite, headers: dict[str, str], body: Json = GOOD) -> Json:
    """A new draft."""
    return await told(await site.client.post("/api/v1/policies", json=body, headers=headers), 201)


async def published(site: SellerSite, headers: dict[str, str], body: Json = GOOD) -> Json:
    """A version in force."""
    made = await created(site, headers, body)
    path = f"/api/v1/policies/{made['id']}"
    await told(await site.client.post(f"{path}/preview", json={}, headers=headers), 200)
    match = {**headers, "If-Match": f'"{made["revision"]}"'}
    return await told(await site.client.post(f"{path}/publish", json={}, headers=match), 200)


async def test_a_policy_goes_from_a_draft_to_the_buyers_sentence(site: SellerSite) -> None:
    """Saved, changed, previewed, published; the next case is answered in its buyer's language."""
    headers = await bearer(site)
    opened = await told(
        await site.client.post("/api/v1/cases", json=case_in(), headers=headers), 201
    )
    assert opened["case"]["policy_answer"] is None
    made = await created(site, headers)
    PolicyView.model_validate(made)
    assert (made["number"], made["state"], made["previewed"]) == (1, "draft", False)
    path = f"/api/v1/policies/{made['id']}"
    response = await site.client.put(
        path, json={**GOOD, "title": "Lamps, all"}, headers={**headers, "If-Match": '"1"'}
    )
    saved = await told(response, 200)
    assert (saved["title"], response.headers["ETag"]) == ("Lamps, all", '"2"')
    found = await told(await site.client.post(f"{path}/preview", json={}, headers=headers), 200)
    Preview.model_validate(found)
    assert (found["cases"], found["after"]) == (1, {"inspect_by_video": 1})
    assert found["changed_cases"][0]["order_number"] == "LL-20871"
    stale = {**headers, "If-Match": '"1"'}
    await expect(
        await site.client.post(f"{path}/publish", json={}, headers=stale), 412, "version_conflict"
    )
    await expect(
        await site.client.post(f"{path}/publish", json={}, headers=headers),
        428,
        "if_match_required",
    )
    fresh = {**headers, "If-Match": '"2"'}
    live = await told(await site.client.post(f"{path}/publish", json={}, headers=fresh), 200)
    assert live["state"] == "live"
    opened = await told(
        await site.client.post("/api/v1/cases", json=case_in(), headers=headers), 201
    )
    answer = opened["case"]["policy_answer"]
    assert answer["sentence"].startswith("Muéstrenos el artículo en una breve videollamada")
    assert answer["rule"] == "Damage is shown"
    events = await told(
        await site.client.get(f"/api/v1/cases/{opened['case']['id']}/events", headers=headers), 200
    )
    event = next(one for one in events["events"] if one["kind"] == "policy_answered")
    assert (event["visibility"], event["payload"]["version"]) == ("parties", 1)
    page = await told(await site.client.get("/api/v1/policies", headers=headers), 200)
    PolicyPage.model_validate(page)
    assert [one["state"] for one in page["items"]] == ["live"]


async def test_the_client_decides_nothing(site: SellerSite) -> None:
    """Whoever files a case cannot bring its answer along."""
    headers = await bearer(site)
    body = case_in(policy_answer={"answer": APPROVE, "rule": "mine"})
    await expect(
        await site.client.post("/api/v1/cases", json=body, headers=headers), 422, "invalid"
    )


async def test_a_policy_that_contradicts_is_refused_with_its_reason(site: SellerSite) -> None:
    """As new, as a change, and told without saving; nothing of it is kept."""
    headers = await bearer(site)
    wrong = {
        **GOOD,
        "rules": [
            rule("Europe", APPROVE, {"fact": "market", "values": ["EU"]}),
            rule("Germany", REJECT, {"fact": "market", "values": ["DE"]}),
            rule("Never", VIDEO, days(at_least=8, at_most=7)),
        ],
    }
    response = await site.client.post("/api/v1/policies", json=wrong, headers=headers)
    body = await expect(response, 422, "policy_refused")
    assert [(one["rule"], one["code"]) for one in body["findings"]] == [
        ("Germany", "contradicts"),
        ("Never", "never_matches"),
    ]
    assert "“Germany” contradicts “Europe”" in body["detail"]
    response = await site.client.post("/api/v1/policies/check", json=wrong, headers=headers)
    checked = Checked.model_validate(await told(response, 200))
    assert [one.model_dump(mode="json") for one in checked.findings] == body["findings"]
    assert set(checked.words[0].sentences) == {"en", "zh-Hans", "es", "de", "ar"}
    page = await told(await site.client.get("/api/v1/policies", headers=headers), 200)
    assert page["items"] == []
    gap = {"title": "Gap", "rules": [rule("in time", APPROVE, days(at_most=14))]}
    response = await site.client.post("/api/v1/policies", json=gap, headers=headers)
    assert (await expect(response, 422, "policy_refused"))["findings"][0]["code"] == "gap"
    made = await created(site, headers)
    response = await site.client.put(
        f"/api/v1/policies/{made['id']}", json=wrong, headers={**headers, "If-Match": "*"}
    )
    await expect(response, 422, "policy_refused")


async def test_a_trial_and_the_way_back_over_http(site: SellerSite) -> None:
    """Scope, effect, end, publication with a date, withdrawal, and back to the first."""
    headers = await bearer(site)
    first = await published(site, headers)
    made = await created(site, headers, {**GOOD, "title": "Second", "otherwise": REJECT})
    path = f"/api/v1/policies/{made['id']}"
    any_match = {**headers, "If-Match": "*"}
    scope = {"scope": {"kind": "markets", "values": ["EU"]}}
    response = await site.client.post(f"{path}/pilot", json=scope, headers=any_match)
    await expect(response, 409, "not_previewed")
    await told(await site.client.post(f"{path}/preview", json={"cases": 5}, headers=headers), 200)
    response = await site.client.post(f"{path}/pilot", json=scope, headers=any_match)
    trying = await told(response, 200)
    assert (trying["state"], trying["pilot"]["scope"]) == ("pilot", scope["scope"])
    response = await site.client.get(f"{path}/effect", headers=headers)
    Effect.model_validate(await told(response, 200))
    response = await site.client.delete(f"{path}/pilot", headers=any_match)
    assert (await told(response, 200))["state"] == "tried"
    for date, code in (
        ("9999-12-31T23:59:59-23:59", "too_far"),
        ("0001-01-01T00:00:00+23:59", "in_the_past"),
    ):
        response = await site.client.post(
            f"{path}/publish", json={"effective_from": date}, headers=any_match
        )
        await expect(response, 422, code)
    date = (site.seller.now + timedelta(days=3)).isoformat()
    response = await site.client.post(
        f"{path}/publish", json={"effective_from": date}, headers=any_match
    )
    assert (await told(response, 200))["state"] == "scheduled"
    response = await site.client.delete(f"{path}/publish", headers=any_match)
    assert (await told(response, 200))["state"] == "tried"
    response = await site.client.post(f"{path}/publish", json={}, headers=any_match)
    assert (await told(response, 200))["state"] == "live"
    response = await site.client.post(f"/api/v1/policies/{first['id']}/roll-back", headers=headers)
    back = await told(response, 201)
    assert (back["number"], back["based_on"], back["state"]) == (3, 1, "live")
    page = await told(await site.client.get("/api/v1/policies?limit=1", headers=headers), 200)
    assert [one["number"] for one in page["items"]] == [3]
    rest = f"/api/v1/policies?limit=2&cursor={page['next_cursor']}"
    page = await told(await site.client.get(rest, headers=headers), 200)
    assert [one["number"] for one in page["items"]] == [2, 1]
    assert page["next_cursor"] is None


async def test_starters_say_that_they_are_no_legal_advice(site: SellerSite) -> None:
    """And each of them can be saved as it is."""
    headers = await bearer(site)
    response = await site.client.get("/api/v1/policy-starters", headers=headers)
    found = StarterList.model_validate(await told(response, 200))
    assert found.notice == NO_ADVICE
    for one in found.items:
        body = one.policy.model_dump(mode="json")
        await created(site, headers, body)


ROUTES = [
    ("GET", "/api/v1/policies/{id}", None),
    ("PUT", "/api/v1/policies/{id}", GOOD),
    ("POST", "/api/v1/policies/{id}/preview", {}),
    ("POST", "/api/v1/policies/{id}/publish", {}),
    ("DELETE", "/api/v1/policies/{id}/publish", None),
    ("POST", "/api/v1/policies/{id}/pilot", {"scope": {"kind": "share", "percent": 5}}),
    ("DELETE", "/api/v1/policies/{id}/pilot", None),
    ("GET", "/api/v1/policies/{id}/effect", None),
    ("POST", "/api/v1/policies/{id}/roll-back", None),
]
COLLECTIVE = [
    ("GET", "/api/v1/policies", None),
    ("POST", "/api/v1/policies", GOOD),
    ("POST", "/api/v1/policies/check", GOOD),
    ("GET", "/api/v1/policy-starters", None),
]


async def test_nobody_else_finds_a_policy(site: SellerSite) -> None:
    """Another seller, warehouses granted and not, a buyer, nobody: every route."""
    made = await published(site, await bearer(site))
    opened = await told(
        await site.client.post("/api/v1/cases", json=case_in(), headers=await bearer(site)), 201
    )

    async def ask(method: str, path: str, body: Json | None, headers: dict[str, str]) -> Any:
        return await site.client.request(
            method,
            path.format(id=made["id"]),
            headers={**headers, "If-Match": "*"},
            **({"json": body} if body is not None else {}),
        )

    # Nobody, and a buyer with the cookie of their link.
    for _ in range(2):
        for method, path, body in ROUTES + COLLECTIVE:
            await expect(await ask(method, path, body, OURS), 401, "not_signed_in")
        token = opened["join_url"].rpartition("/")[2]
        await site.client.get(f"/api/join/{token}")
    stranger = await bearer(site, tenant=site.seller.shoes)
    for method, path, body in ROUTES:
        await expect(await ask(method, path, body, stranger), 404, "not_found")
    page = await told(await site.client.get("/api/v1/policies", headers=stranger), 200)
    assert page["items"] == []
    for hall in (site.seller.hall, site.seller.dock):
        for role in (Role.ADMIN, Role.INSPECTOR):
            headers = await sign_in(site, role, warehouse=hall)
            for method, path, body in ROUTES + COLLECTIVE:
                await expect(await ask(method, path, body, headers), 404, "not_found")
    await site.client.post("/api/logout", headers=OURS)
    cases_only = await bearer(site, Scope.CASES_READ, Scope.CASES_WRITE, Scope.EVIDENCE_READ)
    for method, path, body in ROUTES + COLLECTIVE:
        await expect(await ask(method, path, body, cases_only), 403, "forbidden")
    for role in (Role.REVIEWER, Role.INSPECTOR):
        headers = await sign_in(site, role)
        for method, path, body in ROUTES + COLLECTIVE:
            await expect(await ask(method, path, body, headers), 403, "forbidden")


async def test_a_reading_key_writes_nothing(site: SellerSite) -> None:
    """It sees every version and changes none."""
    made = await published(site, await bearer(site))
    reader = {**await bearer(site, Scope.POLICIES_READ), "If-Match": "*"}
    path = f"/api/v1/policies/{made['id']}"
    assert (await told(await site.client.get(path, headers=reader), 200))["number"] == 1
    for method, route, body in ROUTES + COLLECTIVE[1:3]:
        if method == "GET":
            continue
        response = await site.client.request(
            method,
            route.format(id=made["id"]),
            headers=reader,
            **({"json": body} if body is not None else {}),
        )
        await expect(response, 403, "forbidden")


async def test_a_foreign_page_changes_no_policy(site: SellerSite) -> None:
    """With the cookie alone, without our header, nothing is saved."""
    await sign_in(site, Role.ADMIN)
    response = await site.client.post("/api/v1/policies", json=GOOD)
    await expect(response, 403, "wrong_origin")
    assert (await created(site, OURS))["created_by"].startswith("Somebody")
