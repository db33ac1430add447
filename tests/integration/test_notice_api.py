"""Notices over HTTP: lists, quiet hours, templates and accounts, and nothing for strangers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cases.notices import SEND_NOTICE
from cases.states import Scope
from signaling.notice_work import order_due_notices
from tests.support.notice_world import NoticeWorld, notice_world

OWN = {"subject": "Hi {buyer_name}", "body": "About {order_number}\n{answer}", "button": "Open"}
LINE = {"kind": "line", "access_token": "token-of-line", "channel_secret": "secret-of-line"}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[NoticeWorld]:
    """A seller's site."""
    async with notice_world(tmp_path) as running:
        yield running


async def test_what_went_and_what_did_not_is_listed_with_its_reason(world: NoticeWorld) -> None:
    """Of all cases and of one; what did not go can be tried again."""
    first = await world.open_case()
    second = await world.open_case(buyer={"name": "Ben", "locale": "en"})
    await world.work()
    listed = (await world.ask("GET", "/api/v1/notices", 200))["items"]
    assert [(one["case_id"], one["state"], one["reason"]) for one in listed] == [
        (second, "suppressed", "no_address"),
        (first, "sent", None),
    ]
    page = await world.ask("GET", "/api/v1/notices?limit=1", 200)
    rest = await world.ask("GET", f"/api/v1/notices?limit=1&cursor={page['next_cursor']}", 200)
    assert [one["case_id"] for one in rest["items"]] == [first]
    (of_case,) = (await world.ask("GET", f"/api/v1/cases/{first}/notices", 200))["items"]
    assert (of_case["kind"], of_case["channel"]) == ("filed", "email")
    await world.ask("POST", f"/api/v1/notices/{of_case['id']}/send", 409)
    again = await world.ask("POST", f"/api/v1/notices/{listed[0]['id']}/send", 202)
    assert again["state"] == "waiting"


async def test_what_a_seller_switches_off_is_not_sent(world: NoticeWorld) -> None:
    """Also what was ordered before."""
    waiting = await world.open_case()
    quiet = {"quiet_from": 0, "quiet_until": 0, "zone": "Asia/Tokyo", "off": ["filed"]}
    assert await world.ask("PUT", "/api/v1/notice-settings", 200, quiet) == quiet
    later = await world.open_case()
    await world.work()
    assert await world.states(waiting) == [("filed", "suppressed", "switched_off")]
    assert await world.states(later) == []
    assert await world.ask("GET", "/api/v1/notice-settings", 200) == quiet
    await world.ask("PUT", "/api/v1/notice-settings", 422, {**quiet, "zone": "Mars/Base"})
    await world.ask("PUT", "/api/v1/notice-settings", 422, {**quiet, "quiet_from": 1440})


async def test_own_words_are_checked_shown_sent_and_taken_back(world: NoticeWorld) -> None:
    """The preview says what has nothing to say; a bad placeholder is refused with the reason."""
    path = "/api/v1/notice-templates/filed/es"
    shown = await world.ask("POST", f"{path}/preview", 200, OWN)
    assert (shown["subject"], shown["empty"]) == ("Hi Ana Ruiz", [])
    bad = await world.ask("PUT", path, 422, {**OWN, "body": "{buyer_name.__class__}"})
    assert bad["code"] == "unknown_placeholder"
    assert "order_number" in bad["detail"]
    await world.ask("PUT", path, 422, {**OWN, "subject": "Hi\r\nBcc: all@example.com"})
    await world.ask("PUT", "/api/v1/notice-templates/filed/xx", 404, OWN)
    await world.ask("PUT", "/api/v1/notice-templates/nothing/es", 404, OWN)
    await world.ask("PUT", path, 204, OWN)
    await world.open_case()
    await world.work()
    assert world.inbox.came[0].subject == "Hi Ana Ruiz"
    listed = await world.ask("GET", "/api/v1/notice-templates?locale=es", 200)
    assert [one["kind"] for one in listed["items"] if one["own"]] == ["filed"]
    await world.ask("DELETE", path, 204)
    await world.open_case()
    await world.work()
    assert "Hi" not in world.inbox.came[1].subject


async def test_an_account_never_tells_its_secrets(world: NoticeWorld) -> None:
    """Nor where a buyer is reached, but the end."""
    made = await world.ask("PUT", "/api/v1/notice-channels", 200, LINE)
    assert made["hook_path"] == f"/hooks/{made['id']}"
    listed = await world.ask("GET", "/api/v1/notice-channels", 200)
    assert "token-of-line" not in str(listed)
    assert "secret-of-line" not in str(listed)
    case_id = await world.open_case()
    path = f"/api/v1/cases/{case_id}/contacts"
    await world.ask("PUT", f"{path}/line", 204, {"address": "U" + "ab" * 16})
    (contact,) = (await world.ask("GET", path, 200))["items"]
    assert contact["address"] == "…abab"
    await world.ask("PUT", f"{path}/line", 422, {"address": "ana"})
    await world.ask("PUT", f"{path}/email", 404, {"address": "ana@example.com"})
    await world.ask("DELETE", f"{path}/line", 204)
    await world.ask("DELETE", "/api/v1/notice-channels/line", 204)
    await world.ask("DELETE", "/api/v1/notice-channels/line", 404)


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/", "ftp://line.example", "https://user:pass@line.example"]
)
async def test_an_account_leads_nowhere_it_should_not(world: NoticeWorld, url: str) -> None:
    """Refused when it is set up."""
    refused = await world.ask("PUT", "/api/v1/notice-channels", 422, {**LINE, "base_url": url})
    assert refused["code"] == "url_refused"


async def test_a_channel_taken_away_leaves_the_mail(world: NoticeWorld) -> None:
    """What was ordered for it goes by the next way."""
    await world.ask("PUT", "/api/v1/notice-channels", 200, LINE)
    case_id = await world.open_case()
    path = f"/api/v1/cases/{case_id}/contacts/line"
    await world.ask("PUT", path, 204, {"address": "U" + "ab" * 16})
    await order_due_notices(world.services)
    assert world.orders.waiting[0][0] == SEND_NOTICE
    await world.ask("DELETE", "/api/v1/notice-channels/line", 204)
    await world.work()
    assert len(world.inbox.came) == 1


async def test_a_lost_try_is_made_again_under_another_number(world: NoticeWorld) -> None:
    """When the process that took it was killed and never came back."""
    away = {**LINE, "base_url": "http://127.0.0.1:9"}
    await world.ask("PUT", "/api/v1/notice-channels", 200, away)
    case_id = await world.open_case()
    path = f"/api/v1/cases/{case_id}/contacts/line"
    await world.ask("PUT", path, 204, {"address": "U" + "ab" * 16})
    await order_due_notices(world.services)
    lost = world.orders.waiting.pop()
    assert await order_due_notices(world.services) == 0
    world.advance(timedelta(hours=1, seconds=1))
    await order_due_notices(world.services)
    (again,) = world.orders.waiting
    assert (lost[1][-2:], again[1][-2:]) == (":1", ":2")


ROUTES: tuple[tuple[str, str, Any], ...] = (
    ("GET", "/api/v1/notices", None),
    ("POST", "/api/v1/notices/{notice}/send", None),
    ("POST", "/api/v1/notices/{notice}/stop", None),
    ("GET", "/api/v1/unreached-buyers", None),
    ("GET", "/api/v1/cases/{case}/notices", None),
    ("GET", "/api/v1/notice-settings", None),
    ("PUT", "/api/v1/notice-settings", {"quiet_from": 0, "quiet_until": 0, "zone": "UTC"}),
    ("GET", "/api/v1/notice-templates", None),
    ("PUT", "/api/v1/notice-templates/filed/en", OWN),
    ("DELETE", "/api/v1/notice-templates/filed/en", None),
    ("POST", "/api/v1/notice-templates/filed/en/preview", OWN),
    ("GET", "/api/v1/notice-channels", None),
    ("PUT", "/api/v1/notice-channels", LINE),
    ("DELETE", "/api/v1/notice-channels/line", None),
    ("POST", "/api/v1/notice-channels/line/test", {"address": "U" + "ab" * 16}),
    ("GET", "/api/v1/cases/{case}/contacts", None),
    ("PUT", "/api/v1/cases/{case}/contacts/line", {"address": "U" + "ab" * 16}),
    ("DELETE", "/api/v1/cases/{case}/contacts/line", None),
)


async def test_strangers_find_nothing(world: NoticeWorld) -> None:
    """Another seller, a key without the scope, nobody: every route, and nothing has changed."""
    await world.ask("PUT", "/api/v1/notice-channels", 200, LINE)
    case_id = await world.open_case()
    await world.work()
    (row,) = await world.rows(case_id)
    seller = world.site.seller
    shoes = await seller.api_key(seller.shoes, Scope.CASES_READ, Scope.CASES_WRITE)
    weak = await seller.api_key(seller.lamp, Scope.EVIDENCE_READ)
    for method, pattern, body in ROUTES:
        path = pattern.format(case=case_id, notice=row.id)
        for secret, allowed in ((shoes, (403, 404)), (weak, (403, 404)), (None, (401, 403))):
            headers = {"Authorization": f"Bearer {secret}"} if secret else {"X-Proofcall": "1"}
            response = await world.site.client.request(method, path, json=body, headers=headers)
            assert response.status in allowed, (method, path, await response.text())
            assert "Ruiz" not in await response.text()
    admin = await seller.api_key(seller.shoes, *Scope)
    headers = {"Authorization": f"Bearer {admin}"}
    for method, path in (
        ("POST", f"/api/v1/notices/{row.id}/send"),
        ("POST", f"/api/v1/notices/{row.id}/stop"),
        ("GET", f"/api/v1/cases/{case_id}/notices"),
        ("DELETE", "/api/v1/notice-channels/line"),
        ("PUT", f"/api/v1/cases/{case_id}/contacts/line"),
    ):
        body = {"address": "U" + "ab" * 16} if method == "PUT" else None
        response = await world.site.client.request(method, path, json=body, headers=headers)
        assert response.status == 404, (method, path)
    listed = await world.site.client.get("/api/v1/notices", headers=headers)
    assert (await listed.json())["items"] == []
    assert len((await world.ask("GET", "/api/v1/notice-channels", 200))["items"]) == 1
