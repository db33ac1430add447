"""The case and staff routes over HTTP: what they answer, and what attackers get."""

from __future__ import annotations

import asyncio
import base64
import json
import statistics
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse
from yarl import URL

from cases.case_list import CaseSummary
from cases.case_views import CaseView
from cases.people import create_staff
from cases.states import Role, Scope
from cases.tenants import revoke_grant
from signaling.case_models import CaseEvents, CaseOpened
from tests.support.seller import PASSWORD, case_in
from tests.support.seller_site import SellerSite, seller_site

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
OURS = {"X-Proofcall": "1"}


def data_url(content: bytes, claimed: str = "png") -> str:
    """A picture as it may be embedded."""
    return f"data:image/{claimed};base64,{base64.b64encode(content).decode()}"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[SellerSite]:
    """The seller's routes on a real port."""
    async with seller_site(tmp_path) as running:
        yield running


async def bearer(site: SellerSite, *scopes: Scope, tenant: str | None = None) -> dict[str, str]:
    """The headers of a machine."""
    secret = await site.seller.api_key(tenant or site.seller.lamp, *(scopes or tuple(Scope)))
    return {"Authorization": f"Bearer {secret}"}


async def sign_in(site: SellerSite, *roles: Role, **organisation: str) -> str:
    """Sign somebody new in; the client holds the cookie. The answer is their id."""
    actor = await site.seller.staff(*roles, **(organisation or {"tenant": site.seller.lamp}))
    response = await site.client.post(
        "/api/login",
        json={"email": f"{actor.staff_id}@example.com", "password": PASSWORD},
        headers=OURS,
    )
    assert response.status == 200, await response.text()
    return actor.staff_id


async def opened(site: SellerSite, headers: dict[str, str], **changes: Any) -> dict[str, Any]:
    """A new case, as answered."""
    response = await site.client.post("/api/v1/cases", json=case_in(**changes), headers=headers)
    body: dict[str, Any] = await response.json()
    assert response.status == 201, body
    return body


async def expect(response: ClientResponse, status: int, code: str) -> dict[str, Any]:
    """Check that this is a problem of ours, and give it."""
    body: dict[str, Any] = await response.json(content_type=None)
    assert (response.status, body.get("code")) == (status, code), body
    assert response.content_type == "application/problem+json"
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    return body


# The case


async def test_a_machine_opens_a_case_and_reads_it_back(site: SellerSite) -> None:
    """From CaseIn to the link, the invitation, the view, the list and the log."""
    headers = await bearer(site)
    answer = await opened(site, headers)
    CaseOpened.model_validate(answer)
    assert answer["join_url"].startswith("http://127.0.0.1:8080/j/")
    assert answer["invitation"]["locale"] == "es"
    assert answer["join_url"] in answer["invitation"]["text"]
    case_id = answer["case"]["id"]
    response = await site.client.get(f"/api/v1/cases/{case_id}", headers=headers)
    view = await response.json()
    assert CaseView.model_validate(view)
    assert view == answer["case"]
    assert response.headers["ETag"] == f'"{view["version"]}"'
    response = await site.client.get("/api/v1/cases?q=brass ana&recorded=false", headers=headers)
    page = await response.json()
    assert [CaseSummary.model_validate(item).id for item in page["items"]] == [case_id]
    assert page["next_cursor"] is None
    response = await site.client.get(f"/api/v1/cases/{case_id}/events?after=1", headers=headers)
    events = CaseEvents.model_validate(await response.json())
    assert [event.kind for event in events.events] == ["moved", "link_issued"]
    assert events.events[0].actor.name == "Shop"
    assert site.hub.told[0].desks == {site.seller.lamp, site.seller.hall}


async def test_the_console_opens_a_case_with_its_login(site: SellerSite) -> None:
    """An agent's cookie does what a key does; a role without the right does not."""
    await sign_in(site, Role.AGENT)
    response = await site.client.post(
        "/api/v1/cases",
        json=case_in(),
        headers={**OURS, "Origin": str(site.client.make_url("/")).rstrip("/")},
    )
    assert response.status == 201, await response.text()
    await sign_in(site, Role.REVIEWER)
    response = await site.client.post("/api/v1/cases", json=case_in(), headers=OURS)
    await expect(response, 403, "forbidden")
    await sign_in(site, Role.INSPECTOR, warehouse=site.seller.hall)
    response = await site.client.post("/api/v1/cases", json=case_in(), headers=OURS)
    await expect(response, 403, "forbidden")


async def test_a_repeat_with_its_key_is_told_the_same(site: SellerSite) -> None:
    """Even twenty at once make one case; another body is refused; another key is another case."""
    headers = {**await bearer(site), "Idempotency-Key": "order-1"}
    bodies = await asyncio.gather(*(opened(site, headers) for _ in range(8)))
    assert len({json.dumps(body, sort_keys=True) for body in bodies}) == 1
    response = await site.client.post(
        "/api/v1/cases", json=case_in(order_number="X"), headers=headers
    )
    await expect(response, 422, "key_reused")
    other = await opened(site, {**headers, "Idempotency-Key": "order-2"})
    assert other["case"]["id"] != bodies[0]["case"]["id"]
    stranger = {**await bearer(site, tenant=site.seller.shoes), "Idempotency-Key": "order-1"}
    assert (await opened(site, stranger))["case"]["id"] != bodies[0]["case"]["id"]
    for bad in ("", "x" * 256):
        response = await site.client.post(
            "/api/v1/cases", json=case_in(), headers={**headers, "Idempotency-Key": bad}
        )
        await expect(response, 422, "bad_key_header")


async def test_a_verdict_needs_the_version_that_was_read(site: SellerSite) -> None:
    """If-Match is required, and a stale one is refused."""
    headers = await bearer(site)
    case = (await opened(site, headers))["case"]
    url, verdict = f"/api/v1/cases/{case['id']}/verdict", {"outcome": "refund", "note": "Cracked."}
    await expect(
        await site.client.post(url, json=verdict, headers=headers), 428, "if_match_required"
    )
    for stale in ('"1"', "nonsense", '"999999999999"'):
        response = await site.client.post(url, json=verdict, headers={**headers, "If-Match": stale})
        await expect(response, 412, "version_conflict")
    match = {**headers, "If-Match": f'"{case["version"]}"'}
    response = await site.client.post(url, json=verdict, headers=match)
    view = await response.json()
    assert (response.status, view["state"], view["verdict"]["outcome"]) == (
        200,
        "decided",
        "refund",
    )
    assert response.headers["ETag"] == f'"{view["version"]}"' != f'"{case["version"]}"'
    await expect(await site.client.post(url, json=verdict, headers=match), 412, "version_conflict")
    again = {**headers, "If-Match": response.headers["ETag"]}
    assert (await site.client.post(url, json=verdict, headers=again)).status == 200


async def test_links_are_issued_and_revoked(site: SellerSite) -> None:
    """A new link has another address; revoking twice is as good as once."""
    headers = await bearer(site)
    first = await opened(site, headers)
    url = f"/api/v1/cases/{first['case']['id']}"
    response = await site.client.post(f"{url}/link", headers=headers)
    issued = await response.json()
    assert response.status == 200
    assert issued["join_url"] != first["join_url"]
    assert issued["expires_at"].endswith("Z")
    for _ in range(2):
        assert (await site.client.delete(f"{url}/link", headers=headers)).status == 204
    view = await (await site.client.get(url, headers=headers)).json()
    assert (view["link"]["state"], view["state"]) == ("revoked", "filed")


async def test_a_closed_case_takes_nothing_more(site: SellerSite) -> None:
    """Closing ends the link and every later decision; the verdict stays readable."""
    headers = await bearer(site)
    case = (await opened(site, headers))["case"]
    url = f"/api/v1/cases/{case['id']}"
    response = await site.client.post(f"{url}/close", headers=headers)
    view = await response.json()
    assert (response.status, view["state"], view["link"]["state"]) == (200, "closed", "revoked")
    await expect(await site.client.post(f"{url}/close", headers=headers), 409, "case_closed")
    await expect(await site.client.post(f"{url}/link", headers=headers), 409, "case_closed")
    decide = {**headers, "If-Match": "*"}
    verdict = {"outcome": "refund"}
    response = await site.client.post(f"{url}/verdict", json=verdict, headers=decide)
    await expect(response, 409, "case_closed")


async def test_pages_of_a_list_follow_their_cursor(site: SellerSite) -> None:
    """Five cases in pages of two."""
    headers = await bearer(site)
    made = [(await opened(site, headers))["case"]["id"] for _ in range(5)]
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        response = await site.client.get(f"/api/v1/cases?limit=2{cursor}", headers=headers)
        page = await response.json()
        seen += [item["id"] for item in page["items"]]
        cursor = f"&cursor={page['next_cursor']}" if page["next_cursor"] else None
    assert seen == sorted(made, reverse=True)
    for bad in ("limit=0", "limit=101", "state=lost", "recorded=perhaps", "q=a&q=b", "sort=x"):
        await expect(await site.client.get(f"/api/v1/cases?{bad}", headers=headers), 422, "invalid")
    response = await site.client.get("/api/v1/cases?cursor=%00", headers=headers)
    await expect(response, 422, "bad_cursor")


# Pictures


async def test_an_embedded_picture_is_kept_once_and_served_safely(site: SellerSite) -> None:
    """A data: URL becomes an address by digest; an https: one stays what it is."""
    headers = await bearer(site)
    item = case_in()["items"][0]
    data = data_url(PNG, "jpeg")
    item["listing"]["pictures"] = [data, "https://shop.example/lamp.jpg", data]
    body = await opened(site, headers, items=[item])
    pictures = body["case"]["items"][0]["listing"]["pictures"]
    assert pictures[0] == pictures[2]
    assert pictures[1] == "https://shop.example/lamp.jpg"
    response = await site.client.get(pictures[0])
    assert (response.status, await response.read()) == (200, PNG)
    assert response.content_type == "image/png"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert "immutable" in response.headers["Cache-Control"]
    fresh = {"If-None-Match": response.headers["ETag"]}
    assert (await site.client.get(pictures[0], headers=fresh)).status == 304
    for unknown in ("0" * 64, "x", "..%2f..%2fmaster.key", "%00"):
        response = await site.client.get(f"/api/v1/pictures/{unknown}")
        await expect(response, 404, "not_found")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        (
            "data:image/svg+xml;base64," + base64.b64encode(b"<svg onload='x'/>").decode(),
            "bad_picture",
        ),
        (
            "data:image/png;base64," + base64.b64encode(b"<script>alert(1)</script>").decode(),
            "bad_picture",
        ),
        ("data:image/png;base64,!!!!", "bad_picture"),
        ("data:image/png,abc", "bad_picture"),
        (data_url(PNG[:20]), "bad_picture"),
        ("data:image/png;base64," + "A" * 680_000, "picture_too_large"),
        ("http://shop.example/lamp.jpg", "invalid"),
        ("javascript:alert(1)", "invalid"),
        ("data:text/html;base64,PGI+", "invalid"),
        ('https://x.example/"onerror=alert(1)', "invalid"),
    ],
)
async def test_what_is_not_a_picture_is_refused(site: SellerSite, url: str, code: str) -> None:
    """The content decides, not the label; nothing reaches the store."""
    item = case_in()["items"][0]
    item["listing"]["pictures"] = [url]
    response = await site.client.post(
        "/api/v1/cases", json=case_in(items=[item]), headers=await bearer(site)
    )
    await expect(response, 422, code)
    page = await (await site.client.get("/api/v1/cases", headers=await bearer(site))).json()
    assert page["items"] == []


# Who may


async def test_what_is_another_s_does_not_exist(site: SellerSite) -> None:
    """Another tenant, an ungranted warehouse and a revoked grant all get 404, on every route."""
    headers = await bearer(site)
    case = (await opened(site, headers))["case"]
    url = f"/api/v1/cases/{case['id']}"

    async def expect_nothing(headers: dict[str, str]) -> None:
        page = await (await site.client.get("/api/v1/cases", headers=headers)).json()
        assert page["items"] == []
        match = {**headers, "If-Match": "*"}
        for response in (
            await site.client.get(url, headers=headers),
            await site.client.get(f"{url}/events", headers=headers),
            await site.client.post(f"{url}/link", headers=headers),
            await site.client.delete(f"{url}/link", headers=headers),
            await site.client.post(f"{url}/verdict", json={"outcome": "refund"}, headers=match),
        ):
            await expect(response, 404, "not_found")

    await expect_nothing(await bearer(site, tenant=site.seller.shoes))
    await sign_in(site, Role.INSPECTOR, Role.ADMIN, warehouse=site.seller.dock)
    await expect_nothing(OURS)
    await sign_in(site, Role.INSPECTOR, warehouse=site.seller.hall)
    assert (await site.client.get(url)).status == 200
    # The login stays as it is: what it may see is asked anew at every request.
    async with site.seller.database.begin() as tx:
        await revoke_grant(
            tx,
            tenant_id=site.seller.lamp,
            warehouse_id=site.seller.hall,
            now=site.seller.now,
        )
    await expect_nothing(OURS)


async def test_a_key_does_what_its_scopes_say(site: SellerSite) -> None:
    """Reading, writing and evidence are three things."""
    everything = await bearer(site)
    case = (await opened(site, everything))["case"]
    url = f"/api/v1/cases/{case['id']}"
    reader = await bearer(site, Scope.CASES_READ)
    assert (await site.client.get(url, headers=reader)).status == 200
    await expect(
        await site.client.post("/api/v1/cases", json=case_in(), headers=reader), 403, "forbidden"
    )
    await expect(await site.client.post(f"{url}/link", headers=reader), 403, "forbidden")
    match = {**reader, "If-Match": "*"}
    await expect(
        await site.client.post(f"{url}/verdict", json={"outcome": "refund"}, headers=match),
        403,
        "forbidden",
    )
    evidence = await bearer(site, Scope.EVIDENCE_READ)
    await expect(await site.client.get(url, headers=evidence), 403, "forbidden")
    await expect(await site.client.get("/api/v1/cases", headers=evidence), 403, "forbidden")
    writer = await bearer(site, Scope.CASES_WRITE)
    assert (await opened(site, writer))["case"]["state"] == "inspection_offered"


@pytest.mark.parametrize(
    "authorization", ["Bearer pk_forged", "Bearer", "Basic eDp5", "pk_", "Bearer pk_\u00e9", ""]
)
async def test_a_forged_key_is_refused_even_beside_a_login(
    site: SellerSite, authorization: str
) -> None:
    """A request with an Authorization header stands or falls by it."""
    await sign_in(site, Role.ADMIN)
    response = await site.client.get("/api/v1/cases", headers={"Authorization": authorization})
    await expect(response, 401, "bad_key")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("cookie", ["", "x", "A" * 43, "a" * 5000, "%00", "é", "pk_x"])
async def test_a_forged_cookie_is_nobody(site: SellerSite, cookie: str) -> None:
    """Whatever a cookie holds, nobody is signed in by guessing."""
    headers = {"Cookie": f"pc_login={cookie}"}
    await expect(await site.client.get("/api/me", headers=headers), 401, "not_signed_in")
    await expect(await site.client.get("/api/v1/cases", headers=headers), 401, "not_signed_in")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Proofcall": "0"},
        {**OURS, "Origin": "https://evil.example"},
        {**OURS, "Origin": "null"},
        {**OURS, "Origin": "http://["},
        {**OURS, "Origin": "http://127.0.0.1:1"},
        {**OURS, "Origin": "http://127.0.0.1.evil.example"},
        {**OURS, "Sec-Fetch-Site": "cross-site"},
        {**OURS, "Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_foreign_page_changes_nothing(site: SellerSite, headers: dict[str, str]) -> None:
    """With a cookie, only our own pages' requests count."""
    await sign_in(site, Role.AGENT)
    response = await site.client.post("/api/v1/cases", json=case_in(), headers=headers)
    await expect(response, 403, "wrong_origin")
    await expect(await site.client.post("/api/logout", headers=headers), 403, "wrong_origin")
    assert (await site.client.get("/api/me")).status == 200


# Signing in


async def test_the_login_cookie_is_for_our_pages_only(site: SellerSite) -> None:
    """HttpOnly, SameSite=Strict, path /; Secure behind https; gone after signing out."""
    actor = await site.seller.staff(Role.REVIEWER, warehouse=site.seller.hall)
    body = {"email": f"{actor.staff_id}@example.com", "password": PASSWORD}
    response = await site.client.post("/api/login", json=body, headers=OURS)
    cookie = response.headers["Set-Cookie"]
    for part in ("HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=57600"):
        assert part in cookie
    assert "Secure" not in cookie
    staff = (await response.json())["staff"]
    assert staff["organisation"] == {"kind": "warehouse", "id": site.seller.hall, "name": "Hall 3"}
    assert staff["roles"] == ["reviewer"]
    old = response.cookies["pc_login"].value
    # Signing in again ends this browser's older login.
    response = await site.client.post("/api/login", json=body, headers=OURS)
    new = response.cookies["pc_login"].value
    for cookie, status in ((old, 401), (new, 200)):
        site.client.session.cookie_jar.clear()
        site.client.session.cookie_jar.update_cookies({"pc_login": cookie})
        assert (await site.client.get("/api/me")).status == status
    assert (await site.client.post("/api/logout", headers=OURS)).status == 200
    await expect(await site.client.get("/api/me"), 401, "not_signed_in")


async def test_behind_https_the_cookie_is_secure(tmp_path: Path) -> None:
    """A site with an https address never sends its cookie in the clear."""
    async with seller_site(tmp_path, base_url="https://returns.example") as site:
        actor = await site.seller.staff(Role.AGENT, tenant=site.seller.lamp)
        response = await site.client.post(
            "/api/login",
            json={"email": f"{actor.staff_id}@example.com", "password": PASSWORD},
            headers={**OURS, "Origin": "https://returns.example"},
        )
        assert "Secure" in response.headers["Set-Cookie"]
        assert "Strict-Transport-Security" in response.headers


async def test_wrong_passwords_are_counted_and_told_alike(site: SellerSite) -> None:
    """A wrong password and an unknown address get the same words; the eleventh has to wait."""
    actor = await site.seller.staff(Role.AGENT, tenant=site.seller.lamp)
    email = f"{actor.staff_id}@example.com"

    async def attempt(email: str, password: str) -> ClientResponse:
        body = {"email": email, "password": password}
        return await site.client.post("/api/login", json=body, headers=OURS)

    answers = [await expect(await attempt("x@example.com", "wrong"), 401, "wrong_credentials")]
    for _ in range(10):
        answers.append(await expect(await attempt(email, "wrong"), 401, "wrong_credentials"))
    assert len({json.dumps(answer) for answer in answers}) == 1
    response = await attempt(email, PASSWORD)
    body = await expect(response, 429, "too_many_attempts")
    assert 0 < body["retry_after_s"] <= 900
    assert response.headers["Retry-After"] == str(body["retry_after_s"])


async def test_behind_a_trusted_proxy_each_address_counts_for_itself(site: SellerSite) -> None:
    """One guesser does not use up the attempts of everybody behind the same proxy."""
    actor = await site.seller.staff(Role.AGENT, tenant=site.seller.lamp)

    async def guess(forwarded: str) -> int:
        response = await site.client.post(
            "/api/login",
            json={"email": f"{actor.staff_id}@example.com", "password": "wrong"},
            headers={**OURS, "X-Forwarded-For": forwarded},
        )
        return response.status

    # What stands further left was written by the guesser, and makes no difference.
    answers = [await guess(f"198.51.100.{n}, 192.0.2.66") for n in range(11)]
    assert answers == [401] * 10 + [429]
    assert await guess("192.0.2.7") == 401


async def test_an_unknown_address_takes_as_long_as_a_known_one(site: SellerSite) -> None:
    """The clock does not say who has an account."""
    async with site.seller.database.begin() as tx:
        await create_staff(
            tx,
            email="ida@example.com",
            name="Ida",
            password=PASSWORD,
            roles=[Role.AGENT],
            tenant_id=site.seller.lamp,
            locale="en",
            now=site.seller.now,
        )

    async def took_s(email: str) -> float:
        took = []
        for _ in range(3):
            # Processor time, all threads together: other work on the machine does not count.
            began = time.process_time()
            response = await site.client.post(
                "/api/login", json={"email": email, "password": "wrong"}, headers=OURS
            )
            assert response.status == 401
            took.append(time.process_time() - began)
        return statistics.median(took)

    await took_s("warm@example.com")
    known, unknown = await took_s("ida@example.com"), await took_s("nobody@example.com")
    # Without the dummy hash an unknown address would answer some ten times sooner.
    assert 0.4 < unknown / known < 2.5


# Malformed


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "bad_json"),
        (b"", 400, "bad_json"),
        (b"\xff\xfe", 400, "bad_json"),
        (b"[" * 5000, 400, "bad_json"),
        (b'{"a": NaN}', 422, "invalid"),
        (b"[]", 422, "invalid"),
        (b"null", 422, "invalid"),
        (b"{}", 422, "invalid"),
        (json.dumps(case_in(surprise=1)).encode(), 422, "invalid"),
        (json.dumps(case_in(order_number="\0")).encode(), 422, "invalid"),
        (json.dumps(case_in(order_number="a\nb")).encode(), 422, "invalid"),
        (json.dumps(case_in(order_number=" ")).encode(), 422, "invalid"),
        (json.dumps(case_in(order_number="x" * 101)).encode(), 422, "invalid"),
        (json.dumps(case_in(currency="euro")).encode(), 422, "invalid"),
        (json.dumps(case_in(currency="JPY")).encode(), 422, "invalid"),
        (json.dumps(case_in(items=[])).encode(), 422, "invalid"),
        (json.dumps(case_in(direction="sideways")).encode(), 422, "invalid"),
        (json.dumps(case_in(warehouse_id="whs_x")).encode(), 422, "warehouse_not_granted"),
        (json.dumps(case_in(warehouse_id="' OR 1=1 --")).encode(), 422, "warehouse_not_granted"),
        (b" " * (1024 * 1024 + 1), 413, "too_large"),
        (b'{"order_number": "\\ud800"}', 400, "bad_json"),
    ],
)
async def test_a_malformed_body_is_told_what_is_wrong(
    site: SellerSite, body: bytes, status: int, code: str
) -> None:
    """Not JSON, not ours, too large: each has its code, and nothing is echoed."""
    headers = {**await bearer(site), "Content-Type": "application/json"}
    response = await site.client.post("/api/v1/cases", data=body, headers=headers)
    told = await expect(response, status, code)
    if code == "invalid":
        assert all(set(error) == {"field", "message"} for error in told["errors"])


@pytest.mark.parametrize("price", ["-1", "1e3", "1,5", "1.2345", "", "NaN", "1" * 10])
async def test_a_price_is_a_plain_amount(site: SellerSite, price: str) -> None:
    """Nothing but digits and the currency's decimals."""
    item = {**case_in()["items"][0], "price": price}
    response = await site.client.post(
        "/api/v1/cases", json=case_in(items=[item]), headers=await bearer(site)
    )
    await expect(response, 422, "invalid")


async def test_texts_are_kept_as_they_are_whatever_they_look_like(site: SellerSite) -> None:
    """SQL and HTML are words like others: stored, found, and given back unchanged as JSON."""
    headers = await bearer(site)
    words = "'; DROP TABLE cases; -- <script>alert(1)</script> {url} 💔\n%_\\"
    name = '"><img src=x onerror=alert(1)> %_ \\'
    body = await opened(
        site,
        headers,
        buyer={"name": name, "locale": "en"},
        claim={"reason": "other", "words": words, "locale": "en"},
    )
    assert body["case"]["claim"]["words"] == words
    assert body["case"]["buyer"]["name"] == name
    assert body["invitation"]["text"].count("/j/") == 1
    for query, found in (
        ("onerror=alert(1)", 1),
        ("%_ \\", 1),
        ("' OR '1'='1", 0),
        ("o_error", 0),
        ("on%rror", 0),
    ):
        response = await site.client.get("/api/v1/cases", params={"q": query}, headers=headers)
        page = await response.json()
        assert len(page["items"]) == found, query
        assert response.content_type == "application/json"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("PUT", "/api/v1/cases", 405, "method_not_allowed"),
        ("GET", "/api/v1/cases/%00", 404, "not_found"),
        ("GET", "/api/v1/cases/..%2f..", 404, "not_found"),
        ("GET", "/api/v1/cases/cas_x'%20OR%201=1", 404, "not_found"),
        ("GET", "/api/v1/cases?q=%00", 422, "invalid"),
        ("GET", "/api/v1/cases/cas_x/events?after=-1", 422, "invalid"),
        ("GET", "/api/v1/cases/cas_x/events?after=99999999999999999999", 422, "invalid"),
    ],
)
async def test_an_unknown_address_is_a_problem_too(
    site: SellerSite, method: str, path: str, status: int, code: str
) -> None:
    """Errors have one shape everywhere."""
    response = await site.client.request(
        method, URL(path, encoded=True), headers=await bearer(site)
    )
    await expect(response, status, code)


async def test_a_body_of_another_type_is_refused(site: SellerSite) -> None:
    """A form that a foreign page could send is not a command."""
    response = await site.client.post(
        "/api/v1/cases", data=json.dumps(case_in()), headers=await bearer(site)
    )
    await expect(response, 415, "not_json")


async def test_every_answer_carries_the_headers_that_keep_it_apart(site: SellerSite) -> None:
    """Also errors."""
    for path in ("/api/v1/openapi.json", "/nothing", "/api/me"):
        headers = (await site.client.get(path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Permissions-Policy"] == "camera=(self), microphone=(self)"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


async def test_a_failure_of_ours_says_nothing_about_us(
    site: SellerSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug is a 500 with a stable code and no trace."""

    async def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("signaling.api_cases.list_cases", broken)
    response = await site.client.get("/api/v1/cases", headers=await bearer(site))
    told = await expect(response, 500, "internal")
    assert "secret" not in json.dumps(told)


async def test_the_description_names_every_route(site: SellerSite) -> None:
    """OpenAPI 3.1 with schemas for bodies and answers, every reference resolvable."""
    document = await (await site.client.get("/api/v1/openapi.json")).json()
    assert document["openapi"] == "3.1.0"
    assert set(document["paths"]["/api/v1/cases"]) == {"get", "post"}
    schemas = document["components"]["schemas"]
    assert {"OpenCase", "CaseView", "Problem", "CaseList"} <= set(schemas)
    text = json.dumps(document)
    for name in text.split('"#/components/schemas/')[1:]:
        assert name.partition('"')[0] in schemas
    assert "#/$defs/" not in text
