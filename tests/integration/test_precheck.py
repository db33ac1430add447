"""The check before a call, and TURN credentials: for those who may join, and for nobody else."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from aioice import stun
from sqlalchemy import update

from cases.log import Visibility
from cases.session_views import events_after
from cases.tables import JoinLink
from signaling.turn import turn_password
from tests.support.live import CONSENT, Browser, Json, Live, running_live

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRET = "a-secret-of-the-turn-server"
TAP: Json = {"consent": CONSENT, "locale": "en", "offer": None, "candidates": []}
FOUND: Json = {
    "websocket": True,
    "udp": False,
    "relay": "tls",
    "rtt_ms": 80,
    "uplink_bps": 2_000_000,
    "downlink_bps": None,
    "took_ms": 3200,
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def live() -> AsyncIterator[Live]:
    """Web here; media and recorder as processes."""
    roles = [("media", 0), ("recorder", 0)]
    turn = {"turn_urls": "turn:turn.example.com:3478", "turn_secret": SECRET}
    async with running_live(roles, **turn) as running:
        yield running


async def load(browser: Browser, path: str, body: bytes) -> tuple[int, bytes]:
    """One load: the status and what came back."""
    async with browser.http.post(path, data=body) as response:
        return response.status, await response.read()


async def internal_events(live: Live, session_id: str) -> list[Json]:
    """What only those who look after the service may read."""
    async with live.services.database.read() as tx:
        visible = frozenset({Visibility.INTERNAL})
        found: Any = await events_after(tx, live.services.keys, session_id, visible, 0)
    return list(found["events"])


def echo_answers(echo: Json) -> bool:
    """Whether the media worker's echo knows the ticket."""
    address = echo["addresses"][0]
    family = socket.AF_INET6 if ":" in address["host"] else socket.AF_INET
    request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    request.attributes["USERNAME"] = f"{echo['ufrag']}:browser"
    request.add_message_integrity(echo["pwd"].encode())
    with socket.socket(family, socket.SOCK_DGRAM) as asking:
        asking.settimeout(2)
        asking.sendto(bytes(request), (address["host"], address["port"]))
        answer = stun.parse_message(asking.recv(2048))
    return answer.check_message_integrity(echo["pwd"].encode())


async def test_a_buyer_gets_credentials_and_a_ticket_that_the_worker_knows(live: Live) -> None:
    """Before the tap, with nothing but the link."""
    _, token = await live.invited()
    async with live.browser() as buyer:
        ice = (await buyer.ok("GET", f"/api/join/{token}"))["ice"]
        [server] = ice["servers"]
        assert server["credential"] == turn_password(SECRET, server["username"])
        assert int(server["username"].partition(":")[0]) <= time.time() + 1800
        check = await buyer.ok("POST", f"/api/join/{token}/precheck", {})
        assert check["ice"]["servers"][0]["urls"] == ["turn:turn.example.com:3478"]
        assert await asyncio.to_thread(echo_answers, check["echo"])
        path = f"/api/join/{token}/precheck/load?bytes=5000"
        status, back = await load(buyer, path, b"x" * 30_000)
        assert (status, len(back)) == (200, 5000)


async def test_who_may_not_join_gets_nothing_of_it(live: Live) -> None:
    """No link, an expired one, one that is bound elsewhere, nobody signed in."""
    case_id, token = await live.invited()
    expired_case, expired = await live.invited()
    async with live.services.database.begin() as tx:
        before = live.services.clock.now() - timedelta(days=1)
        await tx.execute(
            update(JoinLink).where(JoinLink.case_id == expired_case).values(expires_at=before)
        )
    async with (
        live.browser() as buyer,
        live.browser() as stranger,
        live.browser() as nobody,
        live.host() as host,
    ):
        await buyer.tap(token)
        bound = await stranger.ok("GET", f"/api/join/{token}")
        assert (bound["state"], bound["ice"]) == ("other_device", None)
        for path, code in (
            ("/api/join/no-such-link", (404, "link_unknown")),
            (f"/api/join/{expired}", (410, "link_expired")),
            (f"/api/join/{token}", (409, "other_device")),
            ("/api/host", (401, "not_signed_in")),
        ):
            assert await stranger.refused("POST", f"{path}/precheck", {}) == code
            assert (await load(stranger, f"{path}/precheck/load", b"x"))[0] == code[0]
        session_id = (await buyer.ok("GET", f"/api/join/{token}"))["session"]["id"]
        ice = f"/api/sessions/{session_id}/ice"
        assert (await nobody.refused("GET", ice))[0] == 401
        assert (await stranger.refused("GET", ice))[0] == 404
        assert (await host.refused("GET", ice))[0] == 404
        await host.ok("POST", "/api/host/take", {"case_id": case_id})
        mine, theirs = [(await one.ok("GET", ice))["ice"]["servers"][0] for one in (buyer, host)]
        assert mine["username"].partition(":")[2] != theirs["username"].partition(":")[2]
        await host.ok("POST", f"/api/sessions/{session_id}/end", {"client_id": "e"})
        assert await buyer.refused("GET", ice) == (409, "already_ended")
        assert (await buyer.ok("GET", f"/api/join/{token}"))["ice"] is None


async def test_an_observer_has_the_ways_of_the_call_only_while_their_link_opens_it(
    live: Live,
) -> None:
    """Credentials by the link and in the call; none while it waits, elsewhere, or revoked."""
    case_id, token = await live.invited()
    body = {"voice": "silent", "locale": "en", "name": "Mei Lin"}
    async with (
        live.browser() as buyer,
        live.host() as host,
        live.browser() as guest,
        live.browser() as thief,
    ):
        session_id = (await buyer.tap(token))["session"]["id"]
        path = f"/api/sessions/{session_id}"
        await host.ok("POST", "/api/host/take", {"case_id": case_id})
        made = await host.ok("POST", f"{path}/observer-links", {})
        link = f"/api/observe/{made['observe_url'].rsplit('/', 1)[1]}"
        looked = await guest.ok("GET", link)
        [server] = looked["ice"]["servers"]
        assert server["credential"] == turn_password(SECRET, server["username"])
        await guest.ok("POST", link, body)
        fresh = (await guest.ok("GET", f"{path}/ice"))["ice"]["servers"][0]["username"]
        theirs = (await buyer.ok("GET", f"{path}/ice"))["ice"]["servers"][0]["username"]
        assert fresh.partition(":")[2] == server["username"].partition(":")[2]
        assert fresh.partition(":")[2] != theirs.partition(":")[2]
        bound = await thief.ok("GET", link)
        assert (bound["state"], bound["ice"]) == ("other_device", None)
        assert await thief.refused("GET", f"{path}/ice") == (401, "not_signed_in")
        await host.ok("POST", f"{path}/release", {"client_id": "r"})
        waiting = await guest.ok("GET", link)
        assert (waiting["state"], waiting["ice"]) == ("waiting", None)
        assert await guest.refused("GET", f"{path}/ice") == (404, "not_found")
        await host.ok("POST", "/api/host/take", {"case_id": case_id})
        assert (await guest.ok("GET", link))["ice"] is not None
        await host.ok("DELETE", f"{path}/observer-links/{made['link_id']}")
        assert await guest.refused("GET", link) == (410, "link_revoked")
        assert await guest.refused("GET", f"{path}/ice") == (404, "not_found")


async def test_a_link_is_checked_so_often_and_with_so_much(live: Live) -> None:
    """A page that is stuck, or somebody who plays, does not make the server work."""
    _, token = await live.invited()
    _, second = await live.invited()
    async with live.browser() as buyer:
        path = f"/api/join/{token}/precheck"
        assert (await load(buyer, f"{path}/load", bytes(256 * 1024 + 1)))[0] == 413
        assert (await load(buyer, f"{path}/load?bytes=262145", b""))[0] == 422
        statuses = [(await load(buyer, f"{path}/load", b"x"))[0] for _ in range(40)]
        assert statuses[0] == 200
        assert statuses[-1] == 429
        for _ in range(8):
            await buyer.ok("POST", path, {})
        assert await buyer.refused("POST", path, {}) == (429, "too_many_attempts")
        await buyer.ok("POST", f"/api/join/{second}/precheck", {})


async def test_what_was_found_is_kept_with_the_join_for_the_operator_only(live: Live) -> None:
    """In the session log, which neither party nor the seller sees this of."""
    case_id, token = await live.invited()
    async with live.browser() as buyer, live.host() as host:
        joined = await buyer.ok("POST", f"/api/join/{token}", {**TAP, "precheck": FOUND})
        session_id = joined["session"]["id"]
        await host.ok("POST", "/api/host/take", {"case_id": case_id})
        await host.ok(
            "POST",
            f"/api/sessions/{session_id}/join",
            {"precheck": {**FOUND, "udp": True, "relay": None}},
        )
        kept = [one for one in await internal_events(live, session_id) if one["kind"] == "precheck"]
        assert [one["payload"]["udp"] for one in kept] == [False, True]
        assert kept[0]["payload"] == {"participant_id": joined["participant_id"], **FOUND}
        for browser in (buyer, host):
            seen = await browser.ok("GET", f"/api/sessions/{session_id}/events?after=0")
            assert "precheck" not in {one["kind"] for one in seen["events"]}
        await host.ok("POST", f"/api/sessions/{session_id}/end", {"client_id": "e"})


@pytest.mark.parametrize(
    "change",
    [
        {"relay": "carrier pigeon"},
        {"uplink_bps": -1},
        {"uplink_bps": 10**12},
        {"rtt_ms": "80"},
        {"rtt_ms": 80.5},
        {"note": "x" * 100_000},
        {"udp": {"address": "10.0.0.1"}},
    ],
)
async def test_findings_that_do_not_fit_are_refused(live: Live, change: Json) -> None:
    """Nothing of a browser's own invention gets into the log."""
    _, token = await live.invited()
    async with live.browser() as buyer:
        body = {**TAP, "precheck": {**FOUND, **change}}
        assert await buyer.refused("POST", f"/api/join/{token}", body) == (422, "invalid")
