"""What strangers, forgers and broken clients get: a clear refusal, and nothing of anybody else."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
import socketio
from sqlalchemy import select, update

from cases import links
from cases.tables import Event, JoinLink, Session
from runtime.control import ControlClient, load_control_secret
from tests.support.live import CONSENT, Browser, Json, Live, Socket, running_live, until
from tests.support.rtp_peer import RtpPeer

pytestmark = pytest.mark.asyncio(loop_scope="module")

JPEG = b64encode(b"\xff\xd8\xff").decode()
TAP: Json = {"consent": CONSENT, "locale": "en"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def live() -> AsyncIterator[Live]:
    """Web here; media and recorder as processes."""
    async with running_live([("media", 0), ("recorder", 0)]) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def call(live: Live) -> AsyncIterator[tuple[Browser, Browser, str, str]]:
    """Buyer, host, session id and token of a call without media."""
    case_id, token = await live.invited()
    async with live.browser() as buyer, live.host() as host:
        session_id = (await buyer.tap(token))["session"]["id"]
        await host.ok("POST", "/api/host/take", {"case_id": case_id})
        yield buyer, host, session_id, token
        end = {"client_id": "end"}
        await host.call("POST", f"/api/sessions/{session_id}/end", end)


def routes(session_id: str) -> list[tuple[str, str, Any]]:
    """Every route of a session."""
    path = f"/api/sessions/{session_id}"
    frame = {"client_id": "1", "mid": "1", "rtp_timestamp": 1, "preview": JPEG}
    return [
        ("GET", path, None),
        ("GET", f"{path}/events", None),
        ("GET", f"{path}/ice", None),
        ("POST", f"{path}/join", {}),
        ("POST", f"{path}/peer", {"offer": "v=0"}),
        ("POST", f"{path}/peer/peer_x/candidates", {"candidates": []}),
        ("POST", f"{path}/stills", frame),
        ("POST", f"{path}/devices/dev_x", {"answer": "yes"}),
        ("POST", f"{path}/release", {}),
        ("POST", f"{path}/end", {"client_id": "1"}),
        ("POST", f"{path}/hang-up", {}),
        ("POST", f"{path}/withdraw-consent", {}),
    ]


async def refusal(browser: Browser, **auth: object) -> str:
    """The code with which a socket is refused."""
    probe = socketio.AsyncClient(reconnection=False)
    heard: list[Any] = []
    probe.on("connect_error", heard.append)
    headers = {"Cookie": browser.cookies(), "Origin": browser.live.url}
    with pytest.raises(socketio.exceptions.ConnectionError):
        await probe.connect(
            browser.live.url, headers=headers, auth=auth, transports=["websocket"], wait_timeout=3
        )
    code: str = heard[0]["data"]["code"]
    return code


async def test_looking_at_a_link_changes_nothing(live: Live) -> None:
    """Previews and scanners fetch links: neither page nor API leave a trace."""
    case_id, token = await live.invited()

    async def rows() -> list[Any]:
        async with live.services.database.read() as tx:
            link = await tx.scalar(select(JoinLink).where(JoinLink.case_id == case_id))
            events = await tx.scalars(select(Event.seq).where(Event.subject_id == case_id))
            return [link.first_joined_at if link else None, list(events)]

    before = await rows()
    async with live.browser() as scanner:
        for method in ("GET", "HEAD"):
            await scanner.call(method, f"/api/join/{token}") if method == "GET" else None
            async with scanner.http.request(method, f"/j/{token}") as response:
                assert response.headers["Referrer-Policy"] == "no-referrer"
                assert "Set-Cookie" not in response.headers
    assert await rows() == before


async def test_each_unusable_link_has_its_own_answer(live: Live) -> None:
    """Unknown, revoked, expired: for looking and for tapping."""
    _, revoked = await live.invited()
    case_id, replacing = await live.invited()
    async with live.services.database.begin() as tx:
        found = await links.find_link(tx, revoked, live.services.clock.now())
        await links.revoke_links(tx, found.case_id, live.services.clock.now())
        expired_at = live.services.clock.now() - timedelta(seconds=1)
        await tx.execute(
            update(JoinLink).where(JoinLink.case_id == case_id).values(expires_at=expired_at)
        )
    async with live.browser() as browser:
        for token, answer in (
            ("nonsense", (404, "link_unknown")),
            ("x" * 5000, (404, "link_unknown")),
            (revoked, (410, "link_revoked")),
            (replacing, (410, "link_expired")),
        ):
            assert await browser.refused("GET", f"/api/join/{token}") == answer
            assert await browser.refused("POST", f"/api/join/{token}", TAP) == answer


async def test_strangers_find_nothing_of_a_session(
    live: Live, call: tuple[Browser, Browser, str, str]
) -> None:
    """Another seller's host, a warehouse without a grant, another buyer, and nobody at all."""
    _buyer, _host, session_id, _token = call
    _, other_token = await live.invited()
    async with (
        live.host(tenant=live.seller.shoes) as foreign,
        live.host(warehouse=live.seller.dock) as ungranted,
        live.host() as colleague,
        live.browser() as other_buyer,
        live.browser() as nobody,
    ):
        await other_buyer.tap(other_token)
        for method, path, body in routes(session_id):
            for stranger in (foreign, ungranted, colleague, other_buyer):
                assert await stranger.refused(method, path, body) == (404, "not_found"), path
            assert await nobody.refused(method, path, body) == (401, "not_signed_in"), path
        for stranger in (foreign, ungranted, colleague, other_buyer):
            assert await refusal(stranger, session_id=session_id) == "not_found"
            timeline = f"/api/v1/sessions/{session_id}/timeline"
            expected = 200 if stranger is colleague else 401 if stranger is other_buyer else 404
            status, _ = await stranger.call("GET", timeline)
            assert status == expected
        assert await refusal(nobody, session_id=session_id) == "not_signed_in"
        assert await refusal(nobody, desk=True) == "not_signed_in"
        assert await refusal(other_buyer, desk=True) == "not_signed_in"


async def test_a_forged_device_cookie_is_another_device(
    live: Live, call: tuple[Browser, Browser, str, str]
) -> None:
    """Whatever the cookie says, only the bound browser's secret opens the session."""
    _buyer, _host, session_id, token = call
    for forged in ("x", "A" * 43, "' OR 1=1 --", "A" * 4000):
        async with live.browser() as forger:
            forger.http.headers["Cookie"] = f"pc_device={forged}"
            shown = await forger.ok("GET", f"/api/join/{token}")
            assert shown["state"] == "other_device"
            assert shown["session"] is None
            assert await forger.refused("POST", f"/api/join/{token}", TAP) == (409, "other_device")
            path = f"/api/sessions/{session_id}"
            assert await forger.refused("GET", path) == (404, "not_found")


async def test_another_device_asks_and_the_host_decides(
    live: Live, call: tuple[Browser, Browser, str, str]
) -> None:
    """No: refused for good. Yes: it is the buyer now, and the first one is not."""
    buyer, host, session_id, token = call
    heard = await host.socket(session_id=session_id)
    first = await buyer.socket(session_id=session_id)
    async with live.browser() as phone, live.browser() as laptop:
        for browser in (phone, laptop):
            asked = await browser.ok("POST", f"/api/join/{token}/ask")
            assert asked == {"state": "asking"}
            assert (await browser.ok("GET", f"/api/join/{token}"))["state"] == "asking"
        await until(lambda: len(heard.of("device.asks")) == 2)
        assert first.of("device.asks") == []
        answers = dict(
            zip(("no", "yes"), (ask["device_id"] for ask in heard.of("device.asks")), strict=True)
        )
        for answer, device_id in answers.items():
            await host.ok(
                "POST", f"/api/sessions/{session_id}/devices/{device_id}", {"answer": answer}
            )
        assert await phone.refused("GET", f"/api/join/{token}") == (403, "device_refused")
        assert await phone.refused("POST", f"/api/join/{token}", TAP) == (403, "device_refused")
        joined = await laptop.tap(token)
        assert joined["session"]["id"] == session_id
        assert await buyer.refused("GET", f"/api/sessions/{session_id}") == (404, "not_found")
        await until(lambda: not first.client.connected, what="the first device's socket to end")


async def test_only_the_host_of_a_session_may_answer_for_a_device(
    live: Live, call: tuple[Browser, Browser, str, str]
) -> None:
    """The buyer may not let their own second device in, and no host another case's."""
    buyer, _host, session_id, token = call
    async with live.browser() as phone:
        await phone.ok("POST", f"/api/join/{token}/ask")
        async with live.services.database.read() as tx:
            session = await tx.get_one(Session, session_id)
            device = await tx.scalar(
                select(links.Device)
                .join(JoinLink, JoinLink.id == links.Device.join_link_id)
                .where(JoinLink.case_id == session.case_id, links.Device.state == "asking")
            )
        assert device is not None
        path = f"/api/sessions/{session_id}/devices/{device.id}"
        assert await buyer.refused("POST", path, {"answer": "yes"}) == (403, "wrong_role")


async def test_asking_needs_a_host(live: Live) -> None:
    """While the buyer waits nobody could answer."""
    _, token = await live.invited()
    async with live.browser() as buyer, live.browser() as phone:
        session_id = (await buyer.tap(token))["session"]["id"]
        assert await phone.refused("POST", f"/api/join/{token}/ask") == (409, "no_host")
        await buyer.ok("POST", f"/api/sessions/{session_id}/hang-up", {})


@pytest.mark.parametrize(
    "offer",
    ["nonsense", "v=0\r\n", "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 9 RTP/AVP 0"],
)
async def test_a_bad_offer_begins_nothing(live: Live, offer: str) -> None:
    """422, and neither a session nor a bound device remain."""
    case_id, token = await live.invited()
    async with live.browser() as browser:
        answer = await browser.refused("POST", f"/api/join/{token}", {**TAP, "offer": offer})
        assert answer == (422, "bad_offer")
        shown = await browser.ok("GET", f"/api/join/{token}")
    assert (shown["state"], shown["session"], shown["case"]["state"]) == (
        "open",
        None,
        "inspection_offered",
    )
    async with live.services.database.read() as tx:
        assert list(await tx.scalars(select(Session).where(Session.case_id == case_id))) == []


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"consent": {"version": "old", "locale": "en"}}, 409, "consent_required"),
        ({"consent": None}, 422, "invalid"),
        ({"locale": "x" * 50}, 422, "invalid"),
        ({"candidates": [{}] * 200}, 422, "invalid"),
        ({"public_key": {"kty": "EC", "d": "secret"}}, 422, "invalid"),
        ({"offer": 7}, 422, "invalid"),
        ({"more": 1}, 422, "invalid"),
        ({"offer": "x" * 2_000_000}, 413, "too_large"),
    ],
)
async def test_a_tap_of_the_wrong_shape_is_refused(
    live: Live, change: Json, status: int, code: str
) -> None:
    """Each before anything is begun."""
    _, token = await live.invited()
    async with live.browser() as browser:
        answer = await browser.refused("POST", f"/api/join/{token}", {**TAP, **change})
        assert answer == (status, code)
        assert (await browser.ok("GET", f"/api/join/{token}"))["session"] is None


async def test_a_foreign_page_changes_nothing(
    live: Live, call: tuple[Browser, Browser, str, str]
) -> None:
    """Neither another origin nor a plain form, and no socket either."""
    buyer, _host, session_id, _token = call
    path = f"/api/sessions/{session_id}/hang-up"
    for headers in ({"Origin": "https://evil.example"}, {"X-Proofcall": ""}):
        async with buyer.http.post(path, json={}, headers=headers) as response:
            assert response.status == 403
    cookies = {"Cookie": buyer.cookies(), "Origin": "https://evil.example"}
    url = f"{live.url}/socket.io/?EIO=4&transport=websocket"
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await http.ws_connect(url, headers=cookies)


@pytest.mark.parametrize(
    "auth",
    [None, {}, {"session_id": 7}, {"session_id": "a", "desk": True}, {"role": "host"}, "text", []],
)
async def test_a_socket_of_the_wrong_shape_is_refused(
    call: tuple[Browser, Browser, str, str], auth: Any
) -> None:
    """``bad_auth``, whatever the cookies."""
    buyer = call[0]
    probe = socketio.AsyncClient(reconnection=False)
    heard: list[Any] = []
    probe.on("connect_error", heard.append)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await probe.connect(
            buyer.live.url,
            headers={"Cookie": buyer.cookies()},
            auth=auth,
            transports=["websocket"],
            wait_timeout=3,
        )
    assert heard[0]["data"] == {"code": "bad_auth"}


async def test_ten_invalid_messages_end_the_socket(
    call: tuple[Browser, Browser, str, str],
) -> None:
    """Each is answered, the tenth as well."""
    buyer, _host, session_id, _token = call
    socket = await buyer.socket(session_id=session_id)
    for number in range(10):
        name = "message.send" if number % 2 else "no.such.event"
        answer = await socket.client.call(name, {"number": number}, timeout=5)
        assert (answer["ok"], answer["code"]) == (False, "invalid")
    await until(lambda: not socket.client.connected)


async def test_messages_in_the_wrong_order_are_refused_and_repeats_are_harmless(
    live: Live,
) -> None:
    """No marker before the call, nothing after its end; one client_id is one event."""
    case_id, token = await live.invited()
    async with live.browser() as buyer, live.host() as host:
        session_id = (await buyer.tap(token))["session"]["id"]
        socket = await buyer.socket(session_id=session_id)
        said = {"client_id": "1", "text": "Hello?", "locale": "en"}
        first = await socket.say("message.send", **said)
        assert await socket.say("message.send", **{**said, "text": "Changed"}) == first
        answered = {"client_id": "2", "finding_id": "x", "answer": "agree", "words": ""}
        assert (await socket.say("finding.answer", **answered))["code"] == "wrong_state"
        await host.ok("POST", "/api/host/take", {"case_id": case_id})
        assert (await socket.say("finding.answer", **answered))["code"] == "not_found"
        marker = {"client_id": "3", "label": "x", "at_ms": None}
        assert (await socket.say("marker.set", **marker))["code"] == "not_allowed"
        hosts = await host.socket(session_id=session_id)
        finding = await hosts.say("finding.state", client_id="4", words="The lid is cracked.")
        assert finding["ok"]
        stated = await until(lambda: [e for e in socket.of("event") if e["kind"] == "finding"])
        answered["finding_id"] = stated[0]["payload"]["finding_id"]
        assert (await socket.say("finding.answer", **answered))["ok"]
        end = f"/api/sessions/{session_id}/end"
        await host.ok("POST", end, {"client_id": "e"})
        await host.ok("POST", end, {"client_id": "e"})
        assert await host.refused("POST", end, {"client_id": "f"}) == (409, "already_ended")
        await until(lambda: "ended" in socket.kinds())
        said["client_id"] = "5"
        assert (await socket.say("message.send", **said))["code"] == "already_ended"
        offer = {"offer": await RtpPeer().offer()}
        peer = f"/api/sessions/{session_id}/peer"
        assert await buyer.refused("POST", peer, offer) == (409, "already_ended")
        texts = [e["payload"] for e in socket.of("event") if e["kind"] == "message"]
        assert {text["text"] for text in texts} == {"Hello?"}


async def test_what_is_for_the_seller_does_not_reach_the_buyer(
    call: tuple[Browser, Browser, str, str],
) -> None:
    """The verdict's liability and the devices that ask are not for the buyer's eyes."""
    buyer, host, session_id, _token = call
    socket = await buyer.socket(session_id=session_id)
    verdict = {"outcome": "reject", "liability": "buyer", "note": "n", "client_id": "e"}
    await host.ok("POST", f"/api/sessions/{session_id}/end", verdict)
    await until(lambda: "ended" in socket.kinds())
    shown = await buyer.ok("GET", f"/api/sessions/{session_id}/events?after=0")
    assert "verdict" not in {event["kind"] for event in shown["events"]}
    assert "verdict" not in socket.kinds()
    hosts = await host.ok("GET", f"/api/sessions/{session_id}/events?after=0")
    assert "verdict" in {event["kind"] for event in hosts["events"]}


async def test_what_to_send_is_told_to_that_person_alone_and_only_within_reason(
    live: Live, call: tuple[Browser, Browser, str, str]
) -> None:
    """An advice goes to its participant's sockets; one that makes no sense goes nowhere."""
    buyer, host, session_id, _token = call
    sockets = [await one.socket(session_id=session_id) for one in (buyer, host)]
    me = (await buyer.ok("GET", f"/api/sessions/{session_id}"))["you"]["participant_id"]
    advice = {
        "rung": "720p5",
        "max_bitrate_bps": 400_000,
        "max_framerate": 5,
        "max_height": 720,
        "video": True,
    }
    fact = {
        "kind": "advice",
        "at_ns": 1,
        "session_id": session_id,
        "participant_id": me,
        "peer_id": "peer_1",
    }
    wrong = [{"max_framerate": 0}, {"max_bitrate_bps": 10**12}, {"rung": "<b>"}, {"video": None}]
    quality = {
        "kind": "quality",
        "word": "weak",
        "up": "weak",
        "down": "good",
        "picture": "slow",
        "thinned": True,
        "advice": {**advice, "rung": "stills"},
    }
    media = ControlClient(
        f"unix://{live.settings.run_dir / 'web.sock'}", load_control_secret(live.settings.keys_dir)
    )
    facts = [{**fact, "advice": {**advice, **one}} for one in wrong]
    facts += [{**fact, "advice": advice}, {**fact, **quality}]
    await media.command("/facts/media", {"facts": facts, "epoch": "e"})
    await media.close()

    def of_mine(socket: Socket) -> list[Json]:
        return [q for q in socket.of("quality") if q["participant_id"] == me and q["thinned"]]

    for socket in sockets:
        said = await until(lambda socket=socket: of_mine(socket))
        assert [said[0][key] for key in ("word", "up", "down", "picture")] == [
            "weak",
            "weak",
            "good",
            "slow",
        ]
    told = [one["rung"] for one in sockets[0].of("adapt")]
    assert [one for one in told if one != "720p15"] == ["720p5", "stills"]
    assert not [one for one in sockets[1].of("adapt") if one["rung"] in ("720p5", "stills")]


@pytest.mark.parametrize("start_bps", [0, -5, 10**12, "fast", 1.5])
async def test_a_start_that_is_no_rate_is_refused(
    call: tuple[Browser, Browser, str, str], start_bps: object
) -> None:
    """It comes from a browser."""
    buyer, _host, session_id, _token = call
    body = {"offer": await RtpPeer().offer(), "start_bps": start_bps}
    refused = await buyer.refused("POST", f"/api/sessions/{session_id}/peer", body)
    assert refused == (422, "invalid")


async def test_one_browser_with_both_cookies_is_who_its_page_says(live: Live) -> None:
    """Somebody who tries both sides in one browser is not their own host."""
    case_id, token = await live.invited()
    async with live.host() as both:
        session_id = (await both.tap(token))["session"]["id"]
        await both.ok("POST", "/api/host/take", {"case_id": case_id})
        for role in ("buyer", "host"):
            both.http.headers["X-Proofcall-Role"] = role
            shown = await both.ok("GET", f"/api/sessions/{session_id}")
            assert shown["you"]["role"] == role
        buyer = await both.socket(session_id=session_id, role="buyer")
        await both.socket(session_id=session_id, role="host")
        assert buyer.client.connected
        await both.ok("POST", f"/api/sessions/{session_id}/end", {"client_id": "e"})


async def test_facts_need_the_control_secret_and_a_known_shape(live: Live) -> None:
    """A malformed fact stays where it is and holds up its own session only."""
    address = f"unix://{live.settings.run_dir / 'web.sock'}"
    stranger = ControlClient(address, "wrong")
    with pytest.raises(Exception, match="unauthorized"):
        await stranger.command("/facts/recorder", {"facts": []})
    await stranger.close()
    uploader = ControlClient(address, load_control_secret(live.settings.keys_dir))
    closed = {"seq": 1, "at_ns": 1, "kind": "session_closed", "cause": "not_joined"}
    facts = [
        {"session_id": "ses_a", "seq": 1, "at_ns": 1, "kind": "nonsense"},
        {**closed, "session_id": "ses_a", "seq": 2},
        {**closed, "session_id": "ses_b"},
    ]
    answer = await uploader.command("/facts/recorder", {"facts": facts})
    assert answer == {"acked": [["ses_b", 1]]}
    await uploader.command("/facts/media", {"facts": [{"kind": "x"}, 7], "epoch": "e"})
    await uploader.close()
