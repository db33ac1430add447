"""What a seller's people see of notices, stop and send again, and the accounts that they try."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from cases.actor import StaffActor
from cases.notice_log import list_notices, list_unreached, notices_of_case, stop
from cases.states import Role, Scope
from cases.unit import Unit
from runtime.errors import CaseError
from tests.integration.test_policy_api import published
from tests.support.messenger_site import messenger
from tests.support.notice_world import NoticeWorld, database_url, notice_world
from tests.support.policies import APPROVE, ASK, rule

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
HOOK = {"kind": "webhook", "secret": SECRET}
LINE = {"kind": "line", "access_token": "token-of-line", "channel_secret": "secret-of-line"}
NOBODYS = {"name": "Ben", "locale": "en"}


@pytest.fixture(params=["sqlite", "postgresql"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[NoticeWorld]:
    """The world on each database."""
    async with notice_world(tmp_path, database_url(request)) as running:
        yield running


async def reached_by_hook(world: NoticeWorld, url: str) -> str:
    """A case whose buyer has no mail and is reached by the seller's own system."""
    await world.ask("PUT", "/api/v1/notice-channels", 200, {**HOOK, "base_url": url})
    case_id = await world.open_case(buyer=NOBODYS)
    path = f"/api/v1/cases/{case_id}/contacts/webhook"
    await world.ask("PUT", path, 204, {"address": "ben-7"})
    return case_id


async def test_a_refused_notice_is_sent_again_over_a_way_that_was_mended(
    world: NoticeWorld,
) -> None:
    """Its buyer is among those whom nothing reaches until then."""
    async with messenger() as other:
        other.answers = [(400, {"message": "unknown person"}, {})]
        case_id = await reached_by_hook(world, f"{other.url}/own")
        await world.work()
        (failed,) = (await world.ask("GET", "/api/v1/notices?state=failed", 200))["items"]
        assert (failed["reason"], failed["words"]) == ("refused", "400: unknown person")
        assert (failed["order_number"], failed["buyer_name"]) == ("LL-20871", "Ben")
        (missed,) = (await world.ask("GET", "/api/v1/unreached-buyers", 200))["items"]
        assert (missed["case_id"], missed["kind"]) == (case_id, "filed")
        await world.ask("POST", f"/api/v1/notices/{failed['id']}/send", 202)
        await world.work()
        assert len(other.asked) == 2
    assert await world.states(case_id) == [("filed", "sent", None)]
    assert (await world.ask("GET", "/api/v1/unreached-buyers", 200))["items"] == []
    of_kind = await world.ask("GET", "/api/v1/notices?kind=decided", 200)
    assert of_kind["items"] == []


async def test_what_the_mail_server_refused_goes_by_a_messenger_that_came_later(
    world: NoticeWorld,
) -> None:
    """Sent again means by every way that there is now, not the same mail once more."""
    case_id = await world.open_case()
    world.orders.waiting.clear()
    await world.work_without_mail()
    assert await world.states(case_id) == [("filed", "failed", "no_server")]
    async with messenger() as other:
        await world.ask(
            "PUT", "/api/v1/notice-channels", 200, {**HOOK, "base_url": f"{other.url}/own"}
        )
        path = f"/api/v1/cases/{case_id}/contacts/webhook"
        await world.ask("PUT", path, 204, {"address": "ana-1"})
        (row,) = await world.rows(case_id)
        await world.ask("POST", f"/api/v1/notices/{row.id}/send", 202)
        await world.work()
        assert [asked[2]["data"]["to"] for asked in other.asked] == ["ana-1"]
    assert world.inbox.came == []
    assert await world.states(case_id) == [("filed", "sent", None)]


async def test_a_notice_that_waits_is_stopped_and_the_log_says_by_whom(
    world: NoticeWorld,
) -> None:
    """It never goes; what has gone cannot be stopped."""
    case_id = await world.open_case(market="ES")
    await world.work()
    world.advance(timedelta(hours=11))
    await world.happened(case_id, "verdict", outcome="refund")
    sent, waiting = await world.rows(case_id)
    assert (waiting.kind, waiting.state) == ("decided", "waiting")
    stopped = await world.ask("POST", f"/api/v1/notices/{waiting.id}/stop", 200)
    assert (stopped["state"], stopped["reason"]) == ("suppressed", "stopped")
    await world.ask("POST", f"/api/v1/notices/{waiting.id}/stop", 409)
    await world.ask("POST", f"/api/v1/notices/{sent.id}/stop", 409)
    world.advance(timedelta(days=1))
    await world.work()
    assert len(world.inbox.came) == 1
    events = (await world.ask("GET", f"/api/v1/cases/{case_id}/events", 200))["events"]
    assert events[-1]["kind"] == "notice_stopped"
    assert events[-1]["payload"] == {"notice": "decided"}
    assert events[-1]["actor"]["role"] == "key"


async def test_reminders_are_told_before_they_are_written(world: NoticeWorld) -> None:
    """As long as the link was not opened, and unless they are switched off."""
    case_id = await world.open_case()
    path = f"/api/v1/cases/{case_id}/notices"
    told = await world.ask("GET", path, 200)
    assert [one["kind"] for one in told["planned"]] == ["reminder"]
    assert told["planned"][0]["at"] > told["items"][0]["created_at"]
    quiet = {"quiet_from": 0, "quiet_until": 0, "zone": "UTC", "off": ["reminder"]}
    await world.ask("PUT", "/api/v1/notice-settings", 200, quiet)
    assert (await world.ask("GET", path, 200))["planned"] == []


async def test_agents_see_and_stop_and_inspectors_do_not(world: NoticeWorld) -> None:
    """Of their own seller alone."""
    seller = world.site.seller
    case_id = await world.open_case()
    (row,) = await world.rows(case_id)
    agent = await seller.staff(Role.AGENT, tenant=seller.lamp)
    other = await seller.staff(Role.AGENT, tenant=seller.shoes)
    inspector = await seller.staff(Role.INSPECTOR, tenant=seller.lamp)
    guest = await seller.staff(Role.INSPECTOR, warehouse=seller.hall)

    async def listed(actor: StaffActor) -> int:
        async with seller.database.read() as tx:
            found, _ = await list_notices(
                tx, seller.keys, actor, state=None, kind=None, before=None, limit=10
            )
            missed, _ = await list_unreached(
                tx, seller.keys, actor, seller.now, before=None, limit=10
            )
            return len(found) + len(missed)

    assert (await listed(agent), await listed(other)) == (1, 0)
    for stranger in (inspector, guest):
        with pytest.raises(CaseError, match="may not"):
            await listed(stranger)
        async with seller.database.read() as tx:
            with pytest.raises(CaseError):
                await notices_of_case(tx, seller.keys, stranger, case_id, before=None, limit=10)

    async def stops(actor: StaffActor) -> str:
        async def act(unit: Unit) -> str:
            return (await stop(unit, actor, row.id)).state

        return await world.services.run(act)

    for stranger in (other, inspector, guest):
        with pytest.raises(CaseError):
            await stops(stranger)
    assert await stops(agent) == "suppressed"


async def test_a_return_that_a_policy_decides_at_once_is_one_mail(world: NoticeWorld) -> None:
    """That it came, and what was decided with its sentence; at night, too."""
    key = await world.site.seller.api_key(world.site.seller.lamp, *Scope)
    always = rule("Damage", APPROVE, {"fact": "reason", "values": ["damaged"]})
    body = {"title": "Lamps", "rules": [always], "otherwise": ASK}
    await published(world.site, {"Authorization": f"Bearer {key}"}, body)
    world.advance(timedelta(hours=13))
    case_id = await world.open_case(market="ES")
    await world.work()
    assert await world.states(case_id) == [("decided", "sent", None)]
    (mail,) = world.inbox.came
    assert "LL-20871" in mail.subject


async def test_a_decision_that_is_not_told_leaves_the_notice_of_the_filing(
    world: NoticeWorld,
) -> None:
    """Where the seller has switched decisions off."""
    quiet = {"quiet_from": 0, "quiet_until": 0, "zone": "UTC", "off": ["decided"]}
    await world.ask("PUT", "/api/v1/notice-settings", 200, quiet)
    case_id = await world.open_case()
    await world.happened(case_id, "verdict", outcome="refund")
    await world.work()
    assert await world.states(case_id) == [("filed", "sent", None)]


async def test_secrets_that_are_left_out_are_kept_but_follow_to_no_other_host(
    world: NoticeWorld,
) -> None:
    """Whoever may change the address does not thereby learn the token."""
    refused = await world.ask("PUT", "/api/v1/notice-channels", 422, {"kind": "line"})
    assert refused["code"] == "secret_required"
    async with messenger() as other, messenger() as strangers:
        mine = {**LINE, "base_url": other.url}
        await world.ask("PUT", "/api/v1/notice-channels", 200, mine)
        kept = {"kind": "line", "enabled": True, "base_url": f"{other.url}/deeper"}
        await world.ask("PUT", "/api/v1/notice-channels", 200, kept)
        moved = {"kind": "line", "enabled": True, "base_url": strangers.url}
        refused = await world.ask("PUT", "/api/v1/notice-channels", 422, moved)
        assert "access_token, channel_secret" in refused["detail"]
        one = {**moved, "access_token": "another-token"}
        await world.ask("PUT", "/api/v1/notice-channels", 422, one)
        path = "/api/v1/notice-channels/line/test"
        told = await world.ask("POST", path, 200, {"address": "U" + "ab" * 16})
        assert told["came"] == "sent"
        assert strangers.asked == []
        assert other.asked[0][1]["authorization"] == "Bearer token-of-line"


class Inbox:
    """A mail server's inside: takes mail for everybody but one."""

    def __init__(self) -> None:
        self.to: list[str] = []

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it so
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        """Who it is for."""
        if address.startswith("nobody"):
            return "550 There is no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd calls it so
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """One mail has come."""
        self.to += envelope.rcpt_tos
        return "250 OK"


async def test_mail_is_tried_like_a_channel(tmp_path: Path) -> None:
    """It arrives, is refused in the server's words, or there is no server; and not without end."""
    kept, path = Inbox(), "/api/v1/notice-channels/email/test"
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(kept, hostname="mail.example"), "127.0.0.1", 0
    )
    port = server.sockets[0].getsockname()[1]
    mailed = {"smtp_url": f"smtp://127.0.0.1:{port}", "mail_from": "Shop <mail@shop.example>"}
    async with notice_world(tmp_path / "with", **mailed) as world:
        listed = await world.ask("GET", "/api/v1/notice-channels", 200)
        assert listed["email"] == {
            "ready": True,
            "sender": "Shop <mail@shop.example>",
            "takes_answers": False,
        }
        told = await world.ask("POST", path, 200, {"address": "ana@example.com"})
        assert (told["came"], kept.to) == ("sent", ["ana@example.com"])
        told = await world.ask("POST", path, 200, {"address": "nobody@example.com"})
        assert told["came"] == "never"
        assert "no such person" in told["words"]
        await world.ask("POST", path, 422, {"address": "ana@example.com, eve@example.com"})
        await world.ask("POST", path, 422, {"address": "ana@example.com\r\nBcc: eve@example.com"})
        for _ in range(16):
            await world.ask("POST", path, 422, {"address": "nobody"})
        await world.ask("POST", path, 429, {"address": "ana@example.com"})
        assert kept.to == ["ana@example.com"]
    server.close()
    async with notice_world(tmp_path / "without") as world:
        told = await world.ask("POST", path, 200, {"address": "ana@example.com"})
        assert told == {"came": "never", "words": "No mail server is set."}


async def walked(world: NoticeWorld, path: str, most: int) -> tuple[list[Any], list[int]]:
    """All rows of a list, read in pages of ``most``, and the length of each page."""
    rows: list[Any] = []
    lengths: list[int] = []
    cursor = None
    while True:
        asked = f"{path}?limit={most}" + (f"&cursor={cursor}" if cursor else "")
        page = await world.ask("GET", asked, 200)
        rows += page["items"]
        lengths.append(len(page["items"]))
        cursor = page["next_cursor"]
        if cursor is None:
            return rows, lengths


async def test_the_unreached_and_the_notices_of_a_case_come_in_pages(world: NoticeWorld) -> None:
    """Each once, newest first; a full last page has none after it, a foreign cursor is refused."""
    async with messenger() as other:
        other.answers = [(400, {"message": "unknown person"}, {})] * 8
        cases = [await reached_by_hook(world, f"{other.url}/own") for _ in range(4)]
        await world.work()
    rows, lengths = await walked(world, "/api/v1/unreached-buyers", 3)
    assert [one["case_id"] for one in rows] == cases[::-1]
    assert lengths == [3, 1]
    assert (await walked(world, "/api/v1/unreached-buyers", 2))[1] == [2, 2]
    path = f"/api/v1/cases/{cases[0]}/notices"
    whole = (await world.ask("GET", path, 200))["items"]
    assert len(whole) == len(await world.rows(cases[0])) >= 1
    assert await walked(world, path, 1) == (whole, [1] * len(whole))
    for wrong in ("cursor=1", "limit=0", "limit=101", "colour=red"):
        for asked in ("/api/v1/unreached-buyers", path):
            problem = await world.ask("GET", f"{asked}?{wrong}", 422)
            assert problem["code"] == "invalid"
