"""Whole journeys over HTTP, from the buyer's form on, with a policy in force.

A missed deadline that escalates after a restart is in ``test_deadlines.py``: a sweeper killed in
the middle (``test_a_sweeper_killed_in_the_middle_…``), and one that slept (``…_that_slept_…``).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cases.states import Role, Scope
from runtime.settings import Settings
from tests.integration.test_case_api import OURS, bearer, expect, sign_in
from tests.integration.test_filing import TUS, drafted, filed, order, photograph, send, tell, upload
from tests.integration.test_policy_api import published
from tests.support.live import Browser, running_live, send_pictures
from tests.support.policies import ASK, KEEP, REJECT, VIDEO, days, rule
from tests.support.rtp_peer import RtpPeer
from tests.support.seller_site import SellerSite, seller_site
from tests.support.sweeper_main import sweep
from tests.support.tap_feed import encode_video

Json = dict[str, Any]
COLOUR = {"fact": "reason", "values": ["colour_differs"]}
SEEN = {"fact": "photographs", "given": True}
LATE = rule("Fourteen days", REJECT, days(at_least=15), because="window")


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[SellerSite]:
    """The seller's routes on a real port, with one order."""
    async with seller_site(tmp_path) as running:
        await tell(running)
        yield running


async def policy(site: SellerSite, *rules: Json) -> None:
    """A policy in force."""
    body = {"title": "Lamps", "rules": list(rules), "otherwise": ASK}
    await published(site, await bearer(site), body)


async def the_case(site: SellerSite) -> tuple[str, Json]:
    """The newest case's path, and how its seller sees it."""
    headers = await bearer(site)
    page = await (await site.client.get("/api/v1/cases", headers=headers)).json()
    path = f"/api/v1/cases/{page['items'][0]['id']}"
    return path, await (await site.client.get(path, headers=headers)).json()


async def file_colour(buyer: Browser, key: str) -> Json:
    """A buyer files a colour that differs with a photograph, and goes on in this browser."""
    headers = {"Authorization": f"Bearer {key}"}
    async with buyer.http.post("/api/v1/orders", json=order(), headers=headers) as response:
        assert response.status == 200, await response.text()
    draft = await buyer.ok(
        "POST",
        "/api/filing/sellers/lumen/drafts",
        {"order_number": "LL-20871", "email": "ana@example.com"},
    )
    mine = {"X-Filing": draft["secret"]}
    content = photograph(60)
    tus = {**TUS, **mine, "Upload-Length": str(len(content))}
    async with buyer.http.post("/api/filing/uploads", headers=tus) as response:
        assert response.status == 201, await response.text()
        path = response.headers["Location"]
    tus = {
        **TUS,
        **mine,
        "Upload-Offset": "0",
        "Content-Type": "application/offset+octet-stream",
    }
    async with buyer.http.patch(path, data=content, headers=tus) as response:
        assert response.status == 204, await response.text()
    claim = {"reason": "colour_differs", "words": "Más marrón que en la foto.", "locale": "es"}
    form = {"lines": [{"index": 0, "quantity": 1}], "locale": "es", "claim": claim}
    async with buyer.http.post("/api/filing/draft/file", json=form, headers=mine) as response:
        answer: Json = await response.json()
        assert response.status == 200, answer
    return answer


async def test_a_colour_that_differs_is_shown_and_resolved_without_return() -> None:
    """Filed with a photograph, asked to show it, shown in a real call, kept, and counted so."""
    async with running_live() as live:
        key = await live.seller.api_key(live.seller.lamp, *Scope)
        headers = {"Authorization": f"Bearer {key}"}
        rules = [rule("Colour is shown", VIDEO, COLOUR, SEEN, because="fault")]
        body = {"title": "Lamps", "rules": rules, "otherwise": ASK}
        async with live.browser() as buyer, live.host() as host:
            async with buyer.http.post("/api/v1/policies", json=body, headers=headers) as response:
                made = await response.json()
            path = f"/api/v1/policies/{made['id']}"
            for what in ("preview", "publish"):
                match = {**headers, "If-Match": "*"}
                async with buyer.http.post(f"{path}/{what}", json={}, headers=match) as response:
                    assert response.status == 200, await response.text()
            answer = await file_colour(buyer, key)
            assert (answer["state"], answer["may_show"]) == ("inspection_offered", True)
            assert answer["answer"]["sentences"]["es"].startswith("Muéstrenos el artículo")
            token = answer["join_path"].removeprefix("/j/")
            joined = await buyer.tap(token, RtpPeer())
            session_id = joined["session"]["id"]
            await host.ok("POST", "/api/host/take", {"case_id": None})
            await host.host_join(session_id, RtpPeer())
            await send_pictures(buyer.peers[0], encode_video("h264", 45))
            end = {"outcome": "resolved_without_return", "note": "La luz era.", "client_id": "e"}
            await host.ok("POST", f"/api/sessions/{session_id}/end", end)
            shown = await buyer.ok("GET", f"/api/join/{token}")
            assert shown["outcome"]["outcome"] == "resolved_without_return"
            assert shown["outcome"]["seen"] is True
            async with buyer.http.get("/api/v1/cases", headers=headers) as response:
                (item,) = (await response.json())["items"]
            case = f"/api/v1/cases/{item['id']}"
            match = {**headers, "If-Match": "*"}
            move = {"move": "resolve"}
            async with buyer.http.post(f"{case}/moves", json=move, headers=match) as response:
                view = await response.json()
            assert (view["state"], view["next_step"]) == ("resolved", "close")
            async with buyer.http.get("/api/v1/figures", headers=headers) as response:
                figures = await response.json()
        assert figures["steps"]["resolved"] == 1
        assert figures["by_video"]["resolved"] == 1
        assert figures["total"]["answered_in_time"] == 1


async def test_a_late_claim_is_rejected_appealed_and_decided_by_a_person(site: SellerSite) -> None:
    """With its rule and days; the buyer objects on the link, and a person decides otherwise."""
    await policy(site, LATE, rule("Damage", VIDEO))
    site.seller.clock.advance(timedelta(days=40).total_seconds())
    answer = await filed(site, (await drafted(site))["secret"])
    assert (answer["state"], answer["outcome"]) == ("decided", "reject")
    assert answer["answer"]["rule"] == "Fourteen days"
    assert "14 days" in answer["answer"]["sentences"]["en"]
    path, view = await the_case(site)
    assert view["verdict"]["decided_by"] == "policy 1"
    token = answer["join_path"].removeprefix("/j/")
    response = await site.client.get(f"/api/join/{token}")
    shown = await response.json()
    assert (shown["state"], shown["outcome"]["by_policy"]) == ("ended", True)
    assert shown["outcome"]["may_appeal"] is True
    words = {"words": "It lay at the customs for a month."}
    response = await site.client.post(f"/api/join/{token}/appeal", json=words, headers=OURS)
    assert (await response.json())["case"]["state"] == "appealed"
    headers = await bearer(site)
    response = await site.client.get(f"{path}/thread", headers=headers)
    (objection,) = (await response.json())["messages"]
    assert (objection["text"], objection["author"]["role"]) == (words["words"], "buyer")
    response = await site.client.get(f"{path}/deadlines", headers=headers)
    rows = (await response.json())["deadlines"]
    assert {row["kind"] for row in rows if row["ended_at"] is None} == {"decision"}
    jar = site.client.session.cookie_jar
    device = jar.filter_cookies(site.client.make_url("/"))["pc_device"].value
    await sign_in(site, Role.AGENT)
    tag = {"If-Match": "*", **OURS}
    verdict: Json = {"outcome": "refund"}
    response = await site.client.post(f"{path}/verdict", json=verdict, headers=tag)
    await expect(response, 422, "reason_needed")
    verdict["note"] = "The customs' delay is not hers."
    response = await site.client.post(f"{path}/verdict", json=verdict, headers=tag)
    view = await response.json()
    assert (view["state"], view["next_step"]) == ("decided", "give_label")
    cookie = {"Cookie": f"pc_device={device}"}
    shown = await (await site.client.get(f"/api/join/{token}", headers=cookie)).json()
    assert shown["outcome"]["outcome"] == "refund"
    assert shown["outcome"]["note"] == "The customs' delay is not hers."
    assert (shown["outcome"]["by_policy"], shown["outcome"]["seen"]) == (False, False)


async def test_a_buyer_who_never_opens_the_link_is_reminded_and_closed(
    site: SellerSite, tmp_path: Path
) -> None:
    """An agent files for them; the sweeper reminds, and closes when the link has expired."""
    await policy(site, rule("Damage", VIDEO))
    headers = await bearer(site)
    body = {**order(), "claim": {"reason": "damaged", "words": "", "locale": "es"}}
    response = await site.client.post("/api/v1/cases", json=body, headers=headers)
    opened = await response.json()
    path = f"/api/v1/cases/{opened['case']['id']}"
    url = str(Settings(data=tmp_path).database)
    seller = site.seller
    for share, state in ((0.75, "inspection_offered"), (0.25, "closed")):
        seller.clock.advance((timedelta(days=14) * share).total_seconds())
        assert await sweep(url, seller.keys, seller.now) == 1
        view = await (await site.client.get(path, headers=headers)).json()
        assert view["state"] == state
    log = await (await site.client.get(f"{path}/events", headers=headers)).json()
    kinds = [one["kind"] for one in log["events"]]
    assert kinds.index("link_reminder") < kinds.index("deadline_missed") < len(kinds) - 1
    token = opened["join_url"].rpartition("/")[2]
    response = await site.client.get(f"/api/join/{token}")
    await expect(response, 410, "case_closed")


async def test_missing_a_part_is_settled_by_keeping_it_for_a_discount(site: SellerSite) -> None:
    """Offered in the form, accepted on the link page of that browser, paid by the seller."""
    await policy(site, rule("Keep it", KEEP))
    answer = await filed(site, (await drafted(site))["secret"])
    token = answer["join_path"].removeprefix("/j/")
    response = await site.client.get(f"/api/join/{token}")
    assert (await response.json())["state"] == "offer"
    response = await site.client.post(
        f"/api/join/{token}/offer", json={"word": "accept"}, headers=OURS
    )
    shown = await response.json()
    assert (shown["state"], shown["case"]["state"]) == ("ended", "resolved")
    path, view = await the_case(site)
    owed = view["policy_answer"]["owed"]
    headers = await bearer(site)
    move = {"move": "refund_partly", "amount": owed, "reference": "PAY-1"}
    response = await site.client.post(
        f"{path}/moves", json=move, headers={**headers, "If-Match": "*"}
    )
    view = await response.json()
    assert (view["state"], view["next_step"]) == ("resolved", "close")
    shown = await (await site.client.get(f"/api/join/{token}")).json()
    assert shown["outcome"]["settlements"][0]["amount"] == owed


async def test_uploads_of_another_filing_do_not_decide_this_one(site: SellerSite) -> None:
    """Photographs count for the filing that they were sent with."""
    await policy(site, rule("Seen", KEEP, SEEN), rule("Unseen", VIDEO))
    theirs = await drafted(site)
    mine, content = {**TUS, "X-Filing": theirs["secret"]}, photograph(40)
    path = await upload(site, mine, content)
    assert (await send(site, mine, path, 0, content)).status == 204
    answer = await filed(site, (await drafted(site))["secret"])
    assert answer["answer"]["rule"] == "Unseen"
