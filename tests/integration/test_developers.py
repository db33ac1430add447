"""API keys, rate limits, Idempotency-Key and webhook routes over HTTP, and who gets nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse
from sqlalchemy import select

from cases.api_keys import MAX_KEYS
from cases.states import Role, Scope
from cases.tables import IdempotentAnswer
from cases.webhook_rules import MAX_ENDPOINTS
from infra.local.redis import Redis
from signaling.rate_limit import RateLimit
from tests.support.seller import PASSWORD, case_in
from tests.support.seller_site import SellerSite, seller_site

OURS = {"X-Proofcall": "1"}
ENDPOINT = {"name": "Shop", "url": "https://shop.example/hooks", "kinds": ["case.verdict"]}
POLICY = {"title": "Lamps", "rules": [], "otherwise": {"kind": "ask_a_person"}}
INVITED = {"email": "new@example.com", "roles": ["agent"], "locale": "en"}


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[SellerSite]:
    """The routes on a real port."""
    async with seller_site(tmp_path) as running:
        yield running


async def sign_in(site: SellerSite, *roles: Role, **organisation: str) -> None:
    """Sign somebody new in; the client holds the cookie."""
    actor = await site.seller.staff(*roles, **(organisation or {"tenant": site.seller.lamp}))
    response = await site.client.post(
        "/api/login",
        json={"email": f"{actor.staff_id}@example.com", "password": PASSWORD},
        headers=OURS,
    )
    assert response.status == 200, await response.text()


async def bearer(site: SellerSite, *scopes: Scope, tenant: str | None = None) -> dict[str, str]:
    """The headers of a machine."""
    secret = await site.seller.api_key(tenant or site.seller.lamp, *(scopes or tuple(Scope)))
    return {"Authorization": f"Bearer {secret}"}


async def told(response: ClientResponse, status: int) -> Any:
    """The answer, which has this status."""
    body = await response.json(content_type=None) if status != 204 else None
    assert response.status == status, body
    return body


# Keys


async def test_an_admin_makes_a_key_that_works_and_revokes_it(site: SellerSite) -> None:
    """The secret is told once; the list knows how it begins and when it was last used."""
    await sign_in(site, Role.ADMIN)
    wanted = {"name": "Shop", "scopes": ["cases:read", "cases:write"]}
    made = await told(await site.client.post("/api/v1/keys", json=wanted, headers=OURS), 201)
    secret = made["secret"]
    assert secret.startswith(made["key"]["beginning"])
    assert made["key"]["last_used_at"] is None
    headers = {"Authorization": f"Bearer {secret}"}
    await told(await site.client.post("/api/v1/cases", json=case_in(), headers=headers), 201)
    listed = await (await site.client.get("/api/v1/keys")).text()
    assert secret not in listed
    [key] = (await told(await site.client.get("/api/v1/keys"), 200))["items"]
    assert key["last_used_at"] is not None
    assert key["scopes"] == ["cases:read", "cases:write"]
    for _ in range(2):
        await told(await site.client.delete(f"/api/v1/keys/{key['id']}", headers=OURS), 204)
    refused = await told(await site.client.get("/api/v1/cases", headers=headers), 401)
    assert refused["code"] == "bad_key"
    assert (await told(await site.client.get("/api/v1/keys"), 200))["items"] == []


async def test_a_key_may_do_what_its_scopes_say_and_never_make_another(site: SellerSite) -> None:
    """Not even one with every scope."""
    everything = await bearer(site)
    wanted = {"name": "Mine", "scopes": ["cases:read"]}
    for method, path in (("GET", "/api/v1/keys"), ("POST", "/api/v1/keys")):
        response = await site.client.request(method, path, json=wanted, headers=everything)
        assert (await told(response, 401))["code"] == "not_signed_in"
    reader = await bearer(site, Scope.CASES_READ)
    await told(await site.client.get("/api/v1/cases", headers=reader), 200)
    response = await site.client.post("/api/v1/cases", json=case_in(), headers=reader)
    assert (await told(response, 403))["code"] == "forbidden"
    assert (await site.client.get("/api/v1/webhooks", headers=reader)).status == 403
    writer = await bearer(site, Scope.WEBHOOKS_WRITE)
    await told(await site.client.get("/api/v1/webhooks", headers=writer), 200)
    assert (await site.client.get("/api/v1/cases", headers=writer)).status == 403


async def test_keys_and_endpoints_are_read_in_pages(site: SellerSite) -> None:
    """Each once and in order; a full page may be the last; a stranger's cursor shows nothing."""
    await sign_in(site, Role.ADMIN)
    key = {"name": "Shop", "scopes": ["cases:read"]}
    cursors = {}
    for path, body in (("/api/v1/keys", key), ("/api/v1/webhooks", ENDPOINT)):
        for _ in range(4):
            await told(await site.client.post(path, json=body, headers=OURS), 201)
        whole = await told(await site.client.get(path), 200)
        assert len(whole["items"]) == 4
        assert whole["next_cursor"] is None
        first = await told(await site.client.get(path, params={"limit": "2"}), 200)
        cursor = first["next_cursor"]
        query = {"limit": "2", "cursor": cursor}
        second = await told(await site.client.get(path, params=query), 200)
        assert first["items"] + second["items"] == whole["items"]
        assert second["next_cursor"] is None
        for refused in ({"cursor": "nonsense"}, {"limit": "0"}, {"limit": "101"}):
            assert (await site.client.get(path, params=refused)).status == 422
        cursors[path] = cursor
    await sign_in(site, Role.ADMIN, tenant=site.seller.shoes)
    for path, cursor in cursors.items():
        stranger = await told(await site.client.get(path, params={"cursor": cursor}), 200)
        assert stranger["items"] == []


async def test_there_is_an_end_to_keys_and_endpoints(site: SellerSite) -> None:
    """So that a stuck script does not fill the table."""
    await sign_in(site, Role.ADMIN)
    wanted = {"name": "Shop", "scopes": ["cases:read"]}
    for path, body, most, code in (
        ("/api/v1/keys", wanted, MAX_KEYS, "too_many_keys"),
        ("/api/v1/webhooks", ENDPOINT, MAX_ENDPOINTS, "too_many_endpoints"),
    ):
        for _ in range(most):
            await told(await site.client.post(path, json=body, headers=OURS), 201)
        refused = await told(await site.client.post(path, json=body, headers=OURS), 409)
        assert refused["code"] == code


@pytest.mark.parametrize(
    "url",
    ["http://shop.example/", "https://127.0.0.1/", "https://[::1]/", "https://169.254.169.254/",
     "https://user:secret@shop.example/", "https://shop.example/#x", "gopher://shop.example/"],
)  # fmt: skip
async def test_an_endpoint_on_no_public_address_is_refused(site: SellerSite, url: str) -> None:
    """At making and at changing; what a name leads to is checked at each try."""
    headers = await bearer(site)
    body = {**ENDPOINT, "url": url}
    refused = await told(
        await site.client.post("/api/v1/webhooks", json=body, headers=headers), 422
    )
    assert refused["code"] == "url_refused"
    made = await told(
        await site.client.post("/api/v1/webhooks", json=ENDPOINT, headers=headers), 201
    )
    path = f"/api/v1/webhooks/{made['endpoint']['id']}"
    assert (await site.client.put(path, json=body, headers=headers)).status == 422


# Isolation


async def routes_of(site: SellerSite) -> list[tuple[str, str, Any]]:
    """Every route of keys and webhooks, for things of the lamp seller."""
    headers = await bearer(site)
    made = await told(
        await site.client.post("/api/v1/webhooks", json=ENDPOINT, headers=headers), 201
    )
    hook = f"/api/v1/webhooks/{made['endpoint']['id']}"
    sent = await told(await site.client.post(f"{hook}/test", headers=headers), 202)
    delivery = f"{hook}/deliveries/{sent['id']}"
    key = await site.seller.machine(site.seller.lamp, Scope.CASES_READ)
    span = {"since": "2025-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z"}
    return [
        ("DELETE", f"/api/v1/keys/{key.api_key_id}", None),
        ("GET", hook, None),
        ("PUT", hook, {**ENDPOINT, "url": "https://evil.example/"}),
        ("POST", f"{hook}/secret", None),
        ("POST", f"{hook}/test", None),
        ("GET", f"{hook}/deliveries", None),
        ("GET", f"{delivery}/attempts", None),
        ("POST", f"{delivery}/replay", None),
        ("POST", f"{hook}/replay", span),
        ("DELETE", hook, None),
    ]


async def test_another_sellers_people_and_keys_find_nothing(site: SellerSite) -> None:
    """Neither to read nor to change, and every answer is the same."""
    routes = await routes_of(site)
    stranger = await bearer(site, tenant=site.seller.shoes)
    await sign_in(site, Role.ADMIN, tenant=site.seller.shoes)
    for method, path, body in routes:
        for headers in (OURS, stranger):
            response = await site.client.request(method, path, json=body, headers=headers)
            expected = {404} if headers is OURS or "/keys/" not in path else {401}
            assert response.status in expected, (method, path)
    for path in ("/api/v1/keys", "/api/v1/webhooks"):
        found = await told(await site.client.get(path), 200)
        assert all(item["name"] != "Shop" or "keys" in path for item in found["items"])
    assert (await told(await site.client.get("/api/v1/webhooks"), 200))["items"] == []
    own = await told(await site.client.get(routes[1][1], headers=await bearer(site)), 200)
    assert own["url"] == ENDPOINT["url"]


@pytest.mark.parametrize("who", ["hall", "dock", "agent", "reviewer", "inspector", "nobody"])
async def test_who_is_no_admin_of_the_seller_is_refused(site: SellerSite, who: str) -> None:
    """A granted and an ungranted warehouse, the seller's other people, and nobody."""
    routes = await routes_of(site)
    if who in ("hall", "dock"):
        await sign_in(site, *Role, warehouse=getattr(site.seller, who))
    elif who != "nobody":
        await sign_in(site, Role(who))
    lists: list[tuple[str, str, Any]] = [
        ("GET", "/api/v1/keys", None),
        ("POST", "/api/v1/keys", {"name": "Mine", "scopes": ["cases:read"]}),
        ("GET", "/api/v1/webhooks", None),
        ("GET", "/api/v1/webhook-kinds", None),
        ("POST", "/api/v1/webhooks", ENDPOINT),
    ]
    for method, path, body in routes + lists:
        response = await site.client.request(method, path, json=body, headers=OURS)
        assert response.status == (401 if who == "nobody" else 403), (method, path)


async def test_a_foreign_page_makes_no_key_with_an_admins_cookie(site: SellerSite) -> None:
    """The browser would send the cookie; the request is refused."""
    await sign_in(site, Role.ADMIN)
    wanted = {"name": "Evil", "scopes": ["cases:read"]}
    for headers in ({}, {**OURS, "Origin": "https://evil.example"}):
        response = await site.client.post("/api/v1/keys", json=wanted, headers=headers)
        assert (await told(response, 403))["code"] == "wrong_origin"


# Limits and repeats


async def test_a_key_has_a_limit_of_its_own_and_is_told_what_is_left(tmp_path: Path) -> None:
    """Over it: 429 with Retry-After; the next minute begins anew; another key is not concerned."""
    async with seller_site(tmp_path, api_rate_per_minute=3) as site:
        first, second = await bearer(site), await bearer(site)
        for left in (2, 1, 0):
            response = await site.client.get("/api/v1/cases", headers=first)
            assert response.status == 200
            assert response.headers["RateLimit"].startswith(f'"key";r={left};t=')
            assert response.headers["RateLimit-Policy"] == '"key";q=3;w=60'
        response = await site.client.get("/api/v1/cases", headers=first)
        assert (await told(response, 429))["code"] == "too_many_requests"
        wait_s = int(response.headers["Retry-After"])
        assert 1 <= wait_s <= 60
        assert response.headers["RateLimit"].startswith('"key";r=0;')
        assert (await site.client.get("/api/v1/cases", headers=second)).status == 200
        site.seller.clock.advance(wait_s)
        assert (await site.client.get("/api/v1/cases", headers=first)).status == 200
        await sign_in(site, Role.AGENT)
        for _ in range(5):
            response = await site.client.get("/api/v1/cases")
            assert response.status == 200
            assert "RateLimit" not in response.headers


async def test_two_web_processes_share_a_limit_through_redis(redis: Redis) -> None:
    """And each counts for itself when Redis is away."""
    here, there = RateLimit(3, redis.url), RateLimit(3, redis.url)
    away = RateLimit(1, "redis://127.0.0.1:1/0")
    try:
        counted = [await limit.count("apk_1", 1000.0) for limit in (here, there, here, there)]
        assert [one.left for one in counted] == [2, 1, 0, 0]
        assert [one.over for one in counted] == [False, False, False, True]
        assert not (await here.count("apk_2", 1000.0)).over
        assert not (await here.count("apk_1", 1061.0)).over
        assert [(await away.count("apk_1", 0.0)).over for _ in range(2)] == [False, True]
    finally:
        for limit in (here, there, away):
            await limit.close()


async def test_every_post_that_makes_something_takes_an_idempotency_key(site: SellerSite) -> None:
    """The repeat is told the same, another request is refused, and two at once are one."""
    await sign_in(site, Role.ADMIN)
    colleague = await site.seller.staff(Role.AGENT, tenant=site.seller.lamp)
    opened = await told(await site.client.post("/api/v1/cases", json=case_in(), headers=OURS), 201)
    hook = await told(await site.client.post("/api/v1/webhooks", json=ENDPOINT, headers=OURS), 201)
    at_hook = f"/api/v1/webhooks/{hook['endpoint']['id']}"
    makes: list[tuple[str, Any, int]] = [
        ("/api/v1/cases", case_in(), 201),
        (f"/api/v1/cases/{opened['case']['id']}/link", None, 200),
        ("/api/v1/keys", {"name": "Shop", "scopes": ["cases:read"]}, 201),
        ("/api/v1/webhooks", ENDPOINT, 201),
        (f"{at_hook}/secret", None, 200),
        (f"{at_hook}/test", None, 202),
        ("/api/v1/policies", POLICY, 201),
        ("/api/v1/people/invitations", INVITED, 201),
        (f"/api/v1/people/{colleague.staff_id}/reset-link", None, 201),
        ("/api/v1/filters", {"name": "Mine", "shared": False, "wanted": {"assignee": "me"}}, 201),
        (f"/api/v1/cases/{opened['case']['id']}/held/close", None, 202),
    ]
    for number, (path, body, status) in enumerate(makes):
        headers = {**OURS, "Idempotency-Key": f"make-{number}"}
        responses = await asyncio.gather(
            *(site.client.post(path, json=body, headers=headers) for _ in range(3))
        )
        answers = [await told(response, status) for response in responses]
        assert answers[0] == answers[1] == answers[2], path
        replayed = [response.headers.get("Idempotency-Replayed") for response in responses]
        assert replayed.count("true") == 2
        refused = await site.client.post(
            "/api/v1/keys", json={"name": "X", "scopes": ["cases:read"]}, headers=headers
        )
        assert (await told(refused, 422))["code"] == "key_reused", path
    keys = (await told(await site.client.get("/api/v1/keys"), 200))["items"]
    assert len(keys) == 1
    people_now = await told(await site.client.get("/api/v1/people"), 200)
    assert [one["email"] for one in people_now["invitations"]] == [INVITED["email"]]
    async with site.seller.database.read() as tx:
        kept = list(await tx.scalars(select(IdempotentAnswer.body)))
    assert len(kept) == len(makes)
    for shown_once in (b"/accept#", b"/reset#", b"/j/", b"whsec_", b"pk_"):
        assert not any(shown_once in body for body in kept)


async def test_a_change_to_a_case_may_say_which_version_it_means(site: SellerSite) -> None:
    """A stale one is refused, and a stranger never learns the version."""
    headers = await bearer(site)
    made = await told(await site.client.post("/api/v1/cases", json=case_in(), headers=headers), 201)
    path = f"/api/v1/cases/{made['case']['id']}"
    version = made["case"]["version"]
    stale = {**headers, "If-Match": f'"{version + 5}"'}
    for method, end in (("DELETE", "/link"), ("POST", "/close")):
        refused = await told(await site.client.request(method, path + end, headers=stale), 412)
        assert refused["code"] == "version_conflict"
        stranger = {**await bearer(site, tenant=site.seller.shoes), "If-Match": '"9"'}
        response = await site.client.request(method, path + end, headers=stranger)
        assert (await told(response, 404))["code"] == "not_found"
    current = {**headers, "If-Match": f'"{version}"'}
    await told(await site.client.post(f"{path}/close", headers=current), 200)
