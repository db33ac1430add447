"""Filing over HTTP: orders, links, uploads, the case that comes of it, and what attackers get."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import cv2
import numpy
import pytest

from cases import filing
from cases.join_views import join_view
from cases.signed_link import decode, seal_link
from cases.states import Role, Scope
from cases.unit import Unit
from tests.integration.test_case_api import OURS, bearer, expect, sign_in
from tests.support.seller import case_in
from tests.support.seller_site import NoOutbox, SellerSite, seller_site

TUS = {**OURS, "Tus-Resumable": "1.0.0"}


def photograph(side: int = 900) -> bytes:
    """A JPEG of noise, which does not shrink, with EXIF that tells where it was taken."""
    noise = numpy.random.default_rng(1).integers(0, 255, (side, side, 3), dtype=numpy.uint8)
    jpeg = cv2.imencode(".jpg", noise)[1].tobytes()
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\0GPSLatitude"
    return jpeg[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2) + exif + jpeg[2:]


def order(**changes: Any) -> dict[str, Any]:
    """An order as the seller's system tells it."""
    given = case_in()
    told = {name: given[name] for name in ("order_number", "buyer", "currency", "items")}
    told["items"][0].update(category="lighting", quantity=2)
    return {**told, "market": "ES", "delivered_at": "2026-01-02T10:00:00Z", **changes}


def form(**changes: Any) -> dict[str, Any]:
    """A filled-in form."""
    claim = {"reason": "damaged", "words": "Rota", "locale": "es"}
    return {"lines": [{"index": 0, "quantity": 1}], "locale": "es", "claim": claim, **changes}


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[SellerSite]:
    """The seller's routes on a real port."""
    async with seller_site(tmp_path) as running:
        yield running


async def tell(site: SellerSite) -> None:
    """The order is known."""
    response = await site.client.post("/api/v1/orders", json=order(), headers=await bearer(site))
    assert response.status == 200, await response.text()


async def drafted(site: SellerSite, **want: Any) -> dict[str, Any]:
    """A draft, as answered."""
    want = want or {"order_number": "LL-20871", "email": "ANA@example.com"}
    response = await site.client.post("/api/filing/sellers/lumen/drafts", json=want, headers=OURS)
    body: dict[str, Any] = await response.json()
    assert response.status == 201, body
    return body


async def upload(site: SellerSite, mine: dict[str, str], content: bytes, name: str = "a") -> str:
    """A new upload's address."""
    metadata = "filename " + base64.b64encode(name.encode()).decode()
    response = await site.client.post(
        "/api/filing/uploads",
        headers={**mine, "Upload-Length": str(len(content)), "Upload-Metadata": metadata},
    )
    assert response.status == 201, await response.text()
    return response.headers["Location"]


async def send(site: SellerSite, mine: dict[str, str], path: str, at: int, content: bytes) -> Any:
    """One PATCH."""
    headers = {
        **mine,
        "Upload-Offset": str(at),
        "Content-Type": "application/offset+octet-stream",
    }
    return await site.client.patch(path, data=content, headers=headers)


async def filed(site: SellerSite, secret: str, **changes: Any) -> dict[str, Any]:
    """The answer to filing."""
    response = await site.client.post(
        "/api/filing/draft/file", json=form(**changes), headers={**OURS, "X-Filing": secret}
    )
    body: dict[str, Any] = await response.json()
    assert response.status == 200, body
    return body


async def test_a_buyer_files_with_a_photograph_and_the_entrance_is_there(site: SellerSite) -> None:
    """From order and e-mail to the join page's answer for this device, and the desk's gallery."""
    await tell(site)
    draft = await drafted(site)
    assert draft["order"]["items"][0]["quantity"] == 2
    mine = {**TUS, "X-Filing": draft["secret"]}
    content = photograph()
    assert len(content) > 500_000
    path = await upload(site, mine, content, "../../etc/pass wd.jpg")
    assert (await send(site, mine, path, 0, content[:70_000])).status == 204
    response = await site.client.head(path, headers=mine)
    assert response.headers["Upload-Offset"] == "70000"
    response = await send(site, mine, path, 70_000, content[70_000:])
    assert response.status == 204, await response.text()
    answers = await asyncio.gather(*(filed(site, draft["secret"]) for _ in range(4)))
    assert len({answer["join_path"] for answer in answers}) == 1
    assert answers[0]["hosts_ready"] == 0
    device = site.client.session.cookie_jar.filter_cookies(site.client.make_url("/"))["pc_device"]
    token = answers[0]["join_path"].removeprefix("/j/")
    async with site.seller.database.read() as tx:
        for secret, state in ((device.value, "open"), (None, "other_device")):
            assert (await join_view(tx, site.seller.keys, token, secret, site.seller.now))[
                "state"
            ] == state
    headers = await bearer(site)
    page = await (await site.client.get("/api/v1/cases", headers=headers)).json()
    assert len(page["items"]) == 1
    case = f"/api/v1/cases/{page['items'][0]['id']}/attachments"
    listed = await (await site.client.get(case, headers=headers)).json()
    assert listed["order_known"] is True
    item = listed["items"][0]
    assert item["name"] == "pass wd.jpg"
    assert item["sha256"] == sha256(content).hexdigest()
    response = await site.client.get(f"{case}/{item['id']}", headers=headers)
    assert await response.read() == content
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert response.headers["Content-Disposition"].startswith("attachment")
    response = await site.client.get(f"{case}/{item['id']}/preview", headers=headers)
    small = await response.read()
    assert b"GPS" in content
    assert b"GPS" not in small
    assert b"Exif" not in small
    stored = b"".join(p.read_bytes() for p in site.store._root.rglob("*") if p.is_file())
    assert content[1000:1064] not in stored


async def test_only_who_may_view_the_case_sees_what_was_attached(site: SellerSite) -> None:
    """Another tenant, a warehouse without a grant, the buyer, nobody."""
    draft = await drafted(site, order_number="X-1", email="a@example.com")
    mine = {**TUS, "X-Filing": draft["secret"]}
    content = photograph(40)
    path = await upload(site, mine, content)
    assert (await send(site, mine, path, 0, content)).status == 204
    await filed(site, draft["secret"], name="Ana", title="Lamp", lines=[])
    headers = await bearer(site)
    page = await (await site.client.get("/api/v1/cases", headers=headers)).json()
    case = f"/api/v1/cases/{page['items'][0]['id']}/attachments"
    listed = await (await site.client.get(case, headers=headers)).json()
    assert listed["order_known"] is False
    one = f"{case}/{listed['items'][0]['id']}"
    stranger = await bearer(site, tenant=site.seller.shoes)
    blind = await bearer(site, Scope.EVIDENCE_READ)
    for route in (case, one, one + "/preview"):
        await expect(await site.client.get(route), 401, "not_signed_in")
        await expect(await site.client.get(route, headers=stranger), 404, "not_found")
        await expect(await site.client.get(route, headers=blind), 403, "forbidden")
    await sign_in(site, Role.INSPECTOR, warehouse=site.seller.dock)
    for route in (case, one, one + "/preview"):
        await expect(await site.client.get(route), 404, "not_found")
    await sign_in(site, Role.INSPECTOR, warehouse=site.seller.hall)
    assert (await site.client.get(one)).status == 200


async def test_a_message_names_only_attachments_of_its_own_case(site: SellerSite) -> None:
    """Another case's, another seller's, an unfinished one, an invented one: all unknown."""
    headers = await bearer(site)
    content = photograph(40)
    cases: dict[str, str] = {}
    photographs: dict[str, str] = {}
    for slug, number in (("lumen", "X-1"), ("lumen", "X-2"), ("sole", "X-1")):
        want = {"order_number": number, "email": "a@example.com"}
        url = f"/api/filing/sellers/{slug}/drafts"
        draft = await (await site.client.post(url, json=want, headers=OURS)).json()
        mine = {**TUS, "X-Filing": draft["secret"]}
        path = await upload(site, mine, content)
        assert (await send(site, mine, path, 0, content)).status == 204
        begun = await upload(site, mine, content)
        answer = await filed(site, draft["secret"], name="Ana", title="Lamp", lines=[])
        name = f"{slug} {number}"
        cases[name], photographs[name] = answer["join_path"], path.rsplit("/", 1)[1]
        photographs[f"begun {name}"] = begun.rsplit("/", 1)[1]
    page = await (await site.client.get("/api/v1/cases?order_number=X-1", headers=headers)).json()
    (case,) = page["items"]
    body = {"client_id": "m1", "text": "See this", "locale": "en"}
    said = f"/api/v1/cases/{case['id']}/thread"
    for strange in ("lumen X-2", "sole X-1", "begun lumen X-1"):
        named = {**body, "attachments": [photographs["lumen X-1"], photographs[strange]]}
        response = await site.client.post(said, json=named, headers=headers)
        await expect(response, 422, "attachment_unknown")
        theirs = f"/api/{cases['lumen X-1'].replace('/j/', 'join/')}/thread/messages"
        response = await site.client.post(theirs, json=named, headers=OURS)
        await expect(response, 422, "attachment_unknown")
    response = await site.client.post(
        said, json={**body, "attachments": ["att_nothing"]}, headers=headers
    )
    await expect(response, 422, "attachment_unknown")
    own = {**body, "attachments": [photographs["lumen X-1"]]}
    assert (await site.client.post(said, json=own, headers=headers)).status == 200
    thread = await (await site.client.get(said, headers=headers)).json()
    assert [one["attachments"] for one in thread["messages"]] == [[photographs["lumen X-1"]]]


async def test_a_wrong_mail_is_answered_like_an_unknown_order(site: SellerSite) -> None:
    """No oracle, and guessing ends soon."""
    await tell(site)
    wrong = await drafted(site, order_number="LL-20871", email="eve@example.com")
    unknown = await drafted(site, order_number="LL-99999", email="eve@example.com")
    for answer in (wrong, unknown):
        answer.pop("secret")
        answer.pop("order_number")
    assert wrong == unknown
    assert wrong["order"] is None
    for _ in range(5):
        response = await site.client.post(
            "/api/filing/sellers/lumen/drafts",
            json={"order_number": "LL-20871", "email": "eve@example.com"},
            headers=OURS,
        )
    response = await site.client.post(
        "/api/filing/sellers/lumen/drafts",
        json={"order_number": "LL-20871", "email": "eve@example.com"},
        headers=OURS,
    )
    await expect(response, 429, "too_many_attempts")


async def test_a_signed_link_opens_its_own_sellers_form_only(site: SellerSite) -> None:
    """With the tenant's secret; replayed at another tenant it is forged."""
    headers = await bearer(site)
    rules = {"origins": ["https://shop.example"]}
    answer = await (await site.client.put("/api/v1/filing", json=rules, headers=headers)).json()
    other = await bearer(site, tenant=site.seller.shoes)
    await site.client.put("/api/v1/filing", json={}, headers=other)
    token = seal_link(
        order(),
        slug="lumen",
        secret=decode(answer["secret"]),
        expires=site.seller.now + timedelta(days=7),
    )
    draft = await drafted(site, token=token)
    assert draft["order"]["buyer"]["name"] == "Ana Ruiz"
    response = await site.client.post(
        "/api/filing/sellers/sole/drafts", json={"token": token}, headers=OURS
    )
    await expect(response, 403, "link_forged")
    site.seller.clock.advance(8 * 86400)
    response = await site.client.post(
        "/api/filing/sellers/lumen/drafts", json={"token": token}, headers=OURS
    )
    await expect(response, 410, "link_expired")


async def test_uploads_keep_to_their_offset(site: SellerSite) -> None:
    """Wrong offsets, too much, two at once, another's draft, no tus: refused, nothing is lost."""
    draft = await drafted(site)
    mine = {**TUS, "X-Filing": draft["secret"]}
    content = photograph(60)
    path = await upload(site, mine, content)
    await expect(await send(site, mine, path, 5, content[5:]), 409, "wrong_offset")
    await expect(await send(site, mine, path, 0, content + b"x"), 413, "too_large")
    half = len(content) // 2
    both = await asyncio.gather(*(send(site, mine, path, 0, content[:half]) for _ in range(2)))
    assert sorted(answer.status for answer in both) == [204, 409]
    theirs = {**TUS, "X-Filing": (await drafted(site))["secret"]}
    await expect(await send(site, theirs, path, half, content[half:]), 404, "not_found")
    nobody = {**TUS, "X-Filing": "fil_x.y"}
    await expect(await send(site, nobody, path, half, content[half:]), 404, "draft_unknown")
    response = await send(site, {**OURS, "X-Filing": draft["secret"]}, path, half, b"")
    await expect(response, 412, "wrong_tus")
    assert (await send(site, mine, path, half, content[half:])).status == 204
    # Its answer was lost: asking again at the end is told the same.
    assert (await send(site, mine, path, len(content), b"")).status == 204


async def test_an_interrupted_upload_goes_on_where_it_was_cut(site: SellerSite) -> None:
    """The connection falls in the middle of a PATCH: what arrived is kept."""
    draft = await drafted(site)
    content = photograph(1300)
    mine = {**TUS, "X-Filing": draft["secret"]}
    path = await upload(site, mine, content)
    url = site.client.make_url(path)
    _reader, writer = await asyncio.open_connection(url.host, url.port)
    head = [f"PATCH {path} HTTP/1.1", f"Host: {url.host}:{url.port}"]
    head += [f"{name}: {value}" for name, value in mine.items()]
    head += ["Upload-Offset: 0", f"Content-Length: {len(content)}"]
    head += ["Content-Type: application/offset+octet-stream", "", ""]
    writer.write("\r\n".join(head).encode() + content[:1_100_000])
    await writer.drain()
    for _ in range(100):
        at = int((await site.client.head(path, headers=mine)).headers["Upload-Offset"])
        if at:
            break
        await asyncio.sleep(0.05)
    writer.close()
    assert at >= 1024 * 1024
    for _ in range(100):
        at = int((await site.client.head(path, headers=mine)).headers["Upload-Offset"])
        answer = await send(site, mine, path, at, content[at:])
        if answer.status == 204:
            break
    assert answer.status == 204
    assert answer.headers["Upload-Offset"] == str(len(content))


@pytest.mark.parametrize("content", [b"<svg onload=alert(1)>", b"PK\3\4" + b"0" * 99, b"GIF89a00"])
async def test_what_is_no_photograph_is_refused_for_good(site: SellerSite, content: bytes) -> None:
    """Whatever its name says."""
    mine = {**TUS, "X-Filing": (await drafted(site))["secret"]}
    path = await upload(site, mine, content, "photo.jpg")
    await expect(await send(site, mine, path, 0, content), 422, "bad_attachment")
    await expect(await site.client.get("/api/filing/draft"), 404, "draft_unknown")
    assert (await site.client.head(path, headers=mine)).status == 410


async def test_a_picture_that_only_looks_like_one_does_not_decode(site: SellerSite) -> None:
    """A JPEG's head and end with rubbish between: the child refuses it."""
    content = photograph(40)
    broken = content[:2] + b"\xff\xc0\0\x11\x08\0\x20\0\x20\x03" + b"\0" * 50 + b"\xff\xd9"
    mine = {**TUS, "X-Filing": (await drafted(site))["secret"]}
    path = await upload(site, mine, broken)
    await expect(await send(site, mine, path, 0, broken), 422, "bad_attachment")


async def test_an_unfinished_filing_expires_with_its_key(site: SellerSite) -> None:
    """After two days the sweep destroys the key and what is known of the buyer."""
    await tell(site)
    draft = await drafted(site)
    site.seller.clock.advance(3 * 86400)
    async with site.seller.database.begin() as tx:
        unit = Unit(tx, site.seller.keys, NoOutbox(), site.seller.now)
        assert await filing.expire_drafts(unit) == 1
    mine = {**OURS, "X-Filing": draft["secret"]}
    response = await site.client.get("/api/filing/draft", headers=mine)
    await expect(response, 410, "draft_expired")


async def test_only_the_origins_that_the_seller_named_may_frame_the_form(site: SellerSite) -> None:
    """Everybody else is told ``frame-ancestors 'none'``."""
    response = await site.client.get("/return/lumen")
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    rules = {"origins": ["https://shop.example"]}
    await site.client.put("/api/v1/filing", json=rules, headers=await bearer(site))
    policy = (await site.client.get("/return/lumen")).headers["Content-Security-Policy"]
    assert "frame-ancestors 'self' https://shop.example" in policy
    policy = (await site.client.get("/return/sole")).headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    for bad in ("*", "https://*", "https://a.example; script-src *", "https://a.example/x"):
        response = await site.client.put(
            "/api/v1/filing", json={"origins": [bad]}, headers=await bearer(site)
        )
        await expect(response, 422, "invalid")


async def test_only_who_opens_cases_tells_orders(site: SellerSite) -> None:
    """A reading key and nobody are refused."""
    await expect(
        await site.client.post("/api/v1/orders", json=order(), headers=OURS), 401, "not_signed_in"
    )
    reader = await bearer(site, Scope.CASES_READ)
    response = await site.client.post("/api/v1/orders", json=order(), headers=reader)
    await expect(response, 403, "forbidden")


async def test_a_delivery_outside_every_calendar_is_refused(site: SellerSite) -> None:
    """Year 1 in a far time zone is no crash."""
    headers = await bearer(site)
    when = "0001-01-01T00:00:00+14:00"
    for path, body in (
        ("/api/v1/orders", order(delivered_at=when)),
        ("/api/v1/cases", case_in(delivered_at=when)),
    ):
        await expect(await site.client.post(path, json=body, headers=headers), 422, "invalid")


async def test_a_reason_that_the_shop_does_not_offer_files_nothing(site: SellerSite) -> None:
    """Neither one of another category nor one of everything; what fits the line is taken."""
    headers = await bearer(site)
    for category, reasons in (("lighting", ["damaged"]), ("*", ["size_fit"])):
        choice = {"reasons": [{"reason": one} for one in reasons]}
        path = f"/api/v1/reasons/{category}"
        response = await site.client.put(path, json=choice, headers=headers)
        assert response.status == 204, await response.text()
    await tell(site)
    draft = await drafted(site)
    mine = {**OURS, "X-Filing": draft["secret"]}
    for reason in ("size_fit", "defective"):
        said = form(claim={"reason": reason, "words": "", "locale": "es"})
        response = await site.client.post("/api/filing/draft/file", json=said, headers=mine)
        assert response.status == 422
        assert (await response.json())["code"] == "reason_not_offered"
    assert (await filed(site, draft["secret"]))["join_path"].startswith("/j/")
