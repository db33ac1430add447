"""Hours, assignees, lists by deadline and the buyer's appointment over HTTP, and attackers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cases.states import Role, Scope
from tests.support.seller import PASSWORD, case_in
from tests.support.seller_site import SellerSite, seller_site

OURS = {"X-Proofcall": "1"}
ALWAYS = {"zone": "Asia/Shanghai", "week": [[[0, 720], [720, 1440]]] * 7}


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[SellerSite]:
    """The seller's routes on a real port."""
    async with seller_site(tmp_path) as running:
        yield running


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


async def call(
    site: SellerSite, method: str, path: str, body: Any = None, status: int = 200
) -> dict[str, Any]:
    """A request of a page and its answer."""
    response = await site.client.request(method, path, json=body, headers=OURS)
    answer: dict[str, Any] = await response.json(content_type=None) if status != 204 else {}
    assert response.status == status, answer
    return answer


async def open_case(site: SellerSite, **changes: Any) -> tuple[str, str]:
    """A case and the path of its buyer's link."""
    answer = await call(site, "POST", "/api/v1/cases", case_in(**changes), 201)
    return answer["case"]["id"], "/api/join/" + answer["join_url"].rpartition("/")[2]


async def test_the_inbox_is_sorted_by_deadline_page_by_page(site: SellerSite) -> None:
    """Mine, nobody's, overdue, in a language; a cursor of another order is refused."""
    me = await sign_in(site, Role.ADMIN)
    ids = []
    for _ in range(3):
        ids.append((await open_case(site))[0])
        site.seller.clock.advance(60)
    await call(site, "PUT", f"/api/v1/cases/{ids[2]}/assignee", {"staff_id": None})
    first = await call(site, "GET", "/api/v1/cases?sort=due&limit=2")
    assert [item["id"] for item in first["items"]] == ids[:2]
    rest = await call(site, "GET", f"/api/v1/cases?sort=due&cursor={first['next_cursor']}")
    assert [item["id"] for item in rest["items"]] == ids[2:]
    wrong = await call(site, "GET", f"/api/v1/cases?cursor={first['next_cursor']}", None, 422)
    assert wrong["code"] == "bad_cursor"

    async def found(query: str) -> list[str]:
        page = await call(site, "GET", f"/api/v1/cases?sort=due&{query}")
        return [item["id"] for item in page["items"]]

    assert await found("assignee=me") == [ids[2]] == await found(f"assignee={me}")
    assert await found("assignee=none") == ids[:2]
    assert await found("language=es") == ids
    assert await found("language=de") == []
    before = (site.seller.now + timedelta(hours=24, seconds=-150)).isoformat()
    assert await found("due_before=" + before.replace("+", "%2B")) == ids[:1]


async def test_hours_are_set_by_an_admin_and_told_back(site: SellerSite) -> None:
    """Impossible ones are refused in words; an agent reads and does not write."""
    await sign_in(site, Role.ADMIN)
    wanted = {"hours": ALWAYS, "lengths": {"decision_h": 10}}
    await call(site, "PUT", "/api/v1/hours", wanted)
    told = await call(site, "GET", "/api/v1/hours")
    assert (told["hours"]["zone"], told["lengths"]["decision_h"]) == ("Asia/Shanghai", 10)
    for bad in (
        {"hours": {"zone": "Mars/Olympus", "week": [[]] * 7}},
        {"hours": {"zone": "UTC", "week": [[]] * 7}},
        {"hours": {"zone": "UTC", "week": [[[10, 5]]] * 7}},
        {"hours": {"zone": "UTC", "week": [[[0, 20], [10, 30]]] * 7}},
        {"hours": {"zone": "../../etc/passwd", "week": [[[0, 20]]] * 7}},
    ):
        await call(site, "PUT", "/api/v1/hours", bad, 422)
    await sign_in(site, Role.AGENT)
    await call(site, "GET", "/api/v1/hours")
    await call(site, "PUT", "/api/v1/hours", wanted, 403)


async def test_what_is_another_s_cannot_be_assigned_dated_or_seen(site: SellerSite) -> None:
    """Another tenant, an ungranted warehouse, nobody: nothing is found and nothing changes."""
    mine = await sign_in(site, Role.ADMIN)
    case_id, _ = await open_case(site)
    paths = [
        ("GET", f"/api/v1/cases/{case_id}/deadlines", None),
        ("PUT", f"/api/v1/cases/{case_id}/dispute", {"due_at": None}),
        ("PUT", f"/api/v1/cases/{case_id}/assignee", {"staff_id": None}),
        ("DELETE", f"/api/v1/cases/{case_id}/assignee", None),
        (
            "PUT",
            f"/api/v1/rosters/{mine}",
            {"hours": ALWAYS, "languages": [], "categories": []},
        ),
    ]
    for organisation in ({"tenant": site.seller.shoes}, {"warehouse": site.seller.dock}):
        await sign_in(site, *Role, **organisation)
        for method, path, body in paths:
            answer = await call(site, method, path, body, 404)
            assert answer["code"] == "not_found"
        people = (await call(site, "GET", "/api/v1/rosters"))["people"]
        assert mine not in [person["staff_id"] for person in people]
    # A reviewer sees and does not touch.
    await sign_in(site, Role.REVIEWER)
    await call(site, "GET", f"/api/v1/cases/{case_id}/deadlines")
    for method, path, body in paths[1:4]:
        await call(site, method, path, body, 403)
    site.client.session.cookie_jar.clear()
    for method, path, body in [*paths, ("GET", "/api/v1/hours", None)]:
        await call(site, method, path, body, 401)


async def test_a_key_assigns_by_name_and_takes_nothing_itself(site: SellerSite) -> None:
    """A machine is nobody's colleague."""
    agent = await sign_in(site, Role.AGENT)
    case_id, _ = await open_case(site)
    site.client.session.cookie_jar.clear()
    secret = await site.seller.api_key(site.seller.lamp, Scope.CASES_WRITE)
    headers = {"Authorization": f"Bearer {secret}"}
    path = f"/api/v1/cases/{case_id}/assignee"
    response = await site.client.put(path, json={}, headers=headers)
    assert response.status == 403
    response = await site.client.put(path, json={"staff_id": agent}, headers=headers)
    assert response.status == 200
    answer = await response.json()
    assert answer["assignee"]["staff_id"] == agent
    assert {row["kind"] for row in answer["deadlines"]} >= {"first_answer", "decision"}


async def test_a_buyer_books_moves_and_gives_back_a_time(site: SellerSite) -> None:
    """From no host at all to a file for the calendar."""
    me = await sign_in(site, Role.ADMIN)
    case_id, link = await open_case(site, order_number="A;B,C\\ X")
    nothing = await call(site, "GET", f"{link}/appointment")
    assert (nothing["slots"], nothing["on_shift"], nothing["booked"]) == ([], False, None)
    await call(site, "PUT", f"/api/v1/rosters/{me}", {"hours": ALWAYS})
    site.client.session.cookie_jar.clear()
    offered = await call(site, "GET", f"{link}/appointment")
    assert offered["on_shift"]
    first, second = offered["slots"][4:6]
    await call(site, "GET", f"{link}/appointment.ics", None, 404)
    body = {"starts_at": first, "zone": "America/St_Johns"}
    booked = await call(site, "PUT", f"{link}/appointment", body)
    assert booked["starts_at"] == first
    moved = await call(site, "PUT", f"{link}/appointment", {**body, "starts_at": second})
    assert moved["id"] == booked["id"]
    response = await site.client.get(f"{link}/appointment.ics")
    text = (await response.read()).decode()
    assert response.content_type == "text/calendar"
    lines = text.split("\r\n")
    assert all(len(line.encode()) <= 75 for line in lines)
    entry = dict(
        line.split(":", 1) for line in text.replace("\r\n ", "").split("\r\n") if ":" in line
    )
    assert entry["UID"] == f"{booked['id']}@proofcall"
    assert entry["SEQUENCE"] == "1"
    assert entry["DTSTART"] == datetime.fromisoformat(second).strftime("%Y%m%dT%H%M%SZ")
    assert r"A\;B\,C\\ X" in entry["SUMMARY"]
    response = await site.client.delete(f"{link}/appointment", headers=OURS)
    assert response.status == 204
    assert (await call(site, "GET", f"{link}/appointment"))["booked"] is None
    assert case_id


async def test_a_time_is_booked_by_who_has_the_link_and_only_as_it_is_offered(
    site: SellerSite,
) -> None:
    """Guessed links, past times, other pages, odd zones, naive times."""
    me = await sign_in(site, Role.ADMIN)
    await call(site, "PUT", f"/api/v1/rosters/{me}", {"hours": ALWAYS})
    _, link = await open_case(site)
    slot = (await call(site, "GET", f"{link}/appointment"))["slots"][0]
    path = f"{link}/appointment"
    guessed = f"/api/join/{'x' * 32}/appointment"
    await call(site, "PUT", guessed, {"starts_at": slot, "zone": "UTC"}, 404)
    await call(site, "GET", guessed, None, 404)
    past = (datetime.fromisoformat(slot) - timedelta(days=2)).isoformat()
    taken = await call(site, "PUT", path, {"starts_at": past, "zone": "UTC"}, 409)
    assert taken["code"] == "slot_taken"
    await call(site, "PUT", path, {"starts_at": slot, "zone": "Nowhere"}, 422)
    await call(site, "PUT", path, {"starts_at": slot[:19].rstrip("Z"), "zone": "UTC"}, 422)
    response = await site.client.put(
        path,
        json={"starts_at": slot, "zone": "UTC"},
        headers={"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    )
    assert response.status == 403
