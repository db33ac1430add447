"""When a part dies or a page comes back: the call goes on, and no evidence is lost."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from cases.tables import Participant
from signaling.upkeep import close_forgotten_sessions
from tests.support.live import (
    CONSENT,
    Browser,
    Live,
    running_live,
    send_pictures,
    until,
)
from tests.support.rtp_peer import RtpPeer
from tests.support.tap_feed import encode_video

pytestmark = pytest.mark.asyncio(loop_scope="module")

PICTURES = encode_video("h264", 60)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def live() -> AsyncIterator[Live]:
    """Web here; media, recorder and uploader as processes."""
    async with running_live() as running:
        yield running


async def called(live: Live, buyer: Browser, host: Browser, *, media: bool = True) -> str:
    """Buyer and host in a live session."""
    case_id, token = await live.invited()
    session_id: str = (await buyer.tap(token, RtpPeer() if media else None))["session"]["id"]
    await host.ok("POST", "/api/host/take", {"case_id": case_id})
    if media:
        await host.host_join(session_id, RtpPeer())
    return session_id


async def test_a_second_tab_takes_over_and_a_reload_comes_back(live: Live) -> None:
    """The first socket hears ``replaced``; the page that reloads finds its session."""
    async with live.browser() as buyer, live.host() as host:
        session_id = await called(live, buyer, host)
        first = await buyer.socket(session_id=session_id)
        second = await buyer.socket(session_id=session_id)
        await until(lambda: first.of("replaced") and not first.client.connected)
        assert second.client.connected
        await second.close()
        for page in (buyer, host):
            old, page.peers = page.peers[0], []
            old.vanish()
            shown = await page.ok("GET", f"/api/sessions/{session_id}")
            assert shown["state"] == "live"
            await page.fresh_peer(session_id)
            await page.socket(session_id=session_id)
        await send_pictures(buyer.peers[0], PICTURES[:30])
        await until(lambda: len(host.peers[0].of_mid("1")) > 10)
        events = await host.ok("GET", f"/api/sessions/{session_id}/events?after=0")
        assert "away" not in str(events)
        await host.ok("POST", f"/api/sessions/{session_id}/end", {"client_id": "e"})


async def test_a_tap_whose_answer_is_lost_was_this_browser_s(live: Live) -> None:
    """Web ends between the commit and the answer: the same page taps again and is in."""
    _, token = await live.invited()
    async with live.browser() as buyer, live.browser() as another:
        await buyer.ok("GET", f"/api/join/{token}")
        held = {cookie.key: cookie.value for cookie in buyer.jar}
        first = await buyer.tap(token)
        buyer.jar.clear()
        buyer.jar.update_cookies(held)
        again = await buyer.tap(token)
        assert again["session"]["id"] == first["session"]["id"]
        assert again["participant_id"] == first["participant_id"]
        shown = await another.ok("GET", f"/api/join/{token}")
        assert shown["state"] == "other_device"
        # Nobody is left waiting for the tests that count.
        await buyer.ok("POST", f"/api/sessions/{first['session']['id']}/hang-up", {})


async def test_a_killed_media_process_is_survived_by_the_call(live: Live) -> None:
    """Both hear ``peer.lost``, make fresh peers, and one timeline holds both parts and a gap."""
    async with live.browser() as buyer, live.host() as host:
        session_id = await called(live, buyer, host)
        sockets = [await page.socket(session_id=session_id) for page in (buyer, host)]
        await send_pictures(buyer.peers[0], PICTURES)
        await live.kill("media-0")
        for socket in sockets:
            await until(lambda socket=socket: socket.of("peer.lost"), what="peer.lost")
        refused = await buyer.call(
            "POST", f"/api/sessions/{session_id}/peer", {"offer": await RtpPeer().offer()}
        )
        assert refused[1]["code"] == "media_unavailable"
        await live.start("media")
        await until(lambda: live.services.media_pool.places, 20)
        for page in (buyer, host):
            page.peers = []
            await page.fresh_peer(session_id)
        await send_pictures(buyer.peers[0], PICTURES)
        await until(lambda: len(host.peers[0].of_mid("1")) > 20)
        await host.ok("POST", f"/api/sessions/{session_id}/end", {"client_id": "e"})

        async def complete() -> object:
            shown = await host.ok("GET", f"/api/v1/sessions/{session_id}/timeline")
            return shown if shown["complete"] else None

        shown = await until(complete, 20)
        (recording,) = [r for r in shown["recordings"] if r["participant"]["role"] == "buyer"]
        assert recording["duration_ms"] > 3500
        assert "media_lost" in {gap["cause"] for gap in shown["gaps"]}
        kinds = [event["kind"] for event in shown["events"]]
        assert kinds.count("peer_connected") == 4
        assert {"peer_lost", "gap"} <= set(kinds)
        await live.work(f"seal_session:{session_id}")


async def test_a_restart_of_web_does_not_disturb_the_call(live: Live) -> None:
    """Media flows while no web is there, and afterwards both are in the same session."""
    async with live.browser() as buyer, live.host() as host:
        session_id = await called(live, buyer, host)
        before = len(host.peers[0].of_mid("1"))
        await live.stop_web()
        await send_pictures(buyer.peers[0], PICTURES)
        await until(lambda: len(host.peers[0].of_mid("1")) > before + 20)
        await live.start_web()
        for page in (buyer, host):
            assert (await page.ok("GET", f"/api/sessions/{session_id}"))["state"] == "live"
            socket = await page.socket(session_id=session_id)
            assert (await socket.say("message.send", client_id="1", text="Back", locale="en"))["ok"]
        # Long enough for the new process to find out which workers live.
        await send_pictures(buyer.peers[0], PICTURES * 2)
        for page in (buyer, host):
            # No pictures are sent while web starts, so they may be missed, but nothing is gone.
            assert not [one for one in page.sockets[-1].of("peer.lost") if one["gone"]]
        await host.ok("POST", f"/api/sessions/{session_id}/end", {"client_id": "e"})


async def test_a_store_that_is_away_loses_nothing(live: Live) -> None:
    """Evidence waits in the spool; when the store is back the timeline becomes complete."""
    store = live.settings.data / "store"
    aside = live.settings.data / "store-aside"
    async with live.browser() as buyer, live.host() as host:
        session_id = await called(live, buyer, host)
        store.rename(aside)
        store.write_text("not a directory")
        await send_pictures(buyer.peers[0], PICTURES)
        await host.ok("POST", f"/api/sessions/{session_id}/end", {"client_id": "e"})
        path = f"/api/v1/sessions/{session_id}/timeline"

        async def shown(wanted: bool) -> object:
            timeline = await host.ok("GET", path)
            return timeline if timeline["complete"] is wanted else None

        await asyncio.sleep(2)
        assert await shown(wanted=False)
        ready = await host.call("GET", "/readyz")
        assert ready[0] in (200, 503)
        store.unlink()
        aside.rename(store)
        timeline = await until(lambda: shown(wanted=True), 25)
        async with host.http.get(timeline["recordings"][0]["url"]) as response:
            assert response.status == 200
            assert len(await response.read()) > 1000


async def test_a_participant_whose_socket_is_gone_is_away_until_they_return(live: Live) -> None:
    """Ten seconds of patience, then ``away``, and ``here`` again with the next socket."""
    async with live.browser() as buyer, live.host() as host:
        session_id = await called(live, buyer, host, media=False)
        await host.socket(session_id=session_id)
        socket = await buyer.socket(session_id=session_id)
        await socket.close()
        heard = host.sockets[0]

        def presences() -> list[str]:
            said = [e["payload"] for e in heard.of("event") if e["kind"] == "presence"]
            return [one["presence"] for one in said]

        await until(lambda: presences() == ["away"], 15)
        await buyer.socket(session_id=session_id)
        await until(lambda: presences() == ["away", "here"])
        await host.ok("POST", f"/api/sessions/{session_id}/end", {"client_id": "e"})


async def test_withdrawn_consent_stops_the_recording_of_that_person(live: Live) -> None:
    """It is logged, and a fresh peer is not recorded either."""
    async with live.browser() as buyer, live.host() as host:
        session_id = await called(live, buyer, host)
        await send_pictures(buyer.peers[0], PICTURES[:40])
        await buyer.ok("POST", f"/api/sessions/{session_id}/withdraw-consent", {})
        await buyer.fresh_peer(session_id)
        await send_pictures(buyer.peers[-1], PICTURES)
        await host.ok("POST", f"/api/sessions/{session_id}/end", {"client_id": "e"})

        async def complete() -> object:
            shown = await host.ok("GET", f"/api/v1/sessions/{session_id}/timeline")
            return shown if shown["complete"] else None

        shown = await until(complete, 20)
        assert "consent_withdrawn" in {event["kind"] for event in shown["events"]}
        recorded_ms = sum(r["duration_ms"] for r in shown["recordings"])
        assert recorded_ms < 2500
        async with live.services.database.read() as tx:
            assert await tx.get(Participant, shown["recordings"][0]["participant"]["id"])


async def test_without_a_recorder_nothing_is_begun(live: Live) -> None:
    """503, and the link is as untouched as before; with the recorder back the tap works."""
    _, token = await live.invited()
    await live.kill("recorder-0")
    tap = {"consent": CONSENT, "locale": "en", "offer": None}
    async with live.browser() as buyer:
        answer = await buyer.refused("POST", f"/api/join/{token}", tap)
        assert answer == (503, "recording_unavailable")
        shown = await buyer.ok("GET", f"/api/join/{token}")
        assert (shown["state"], shown["session"]) == ("open", None)
        await until(lambda: live.services.recorder.status is None)
        status, ready = await buyer.call("GET", "/readyz")
        assert (status, ready["missing"]) == (503, ["recorder"])
        await live.start("recorder")
        await until(lambda: live.services.recorder.status is not None, 20)
        assert (await buyer.tap(token))["session"]["state"] == "waiting"

        async def figures_tell() -> bool:
            async with buyer.http.get("/metrics") as response:
                figures = await response.text()
            assert "proofcall_join_stage_seconds_bucket" in figures
            # A database that is slow for a moment leaves its figures out of one answer.
            return re.search(r'proofcall_sessions\{state="waiting"\} [1-9]', figures) is not None

        await until(figures_tell, 20, "the session is counted")


async def test_a_session_that_a_killed_web_began_is_closed_and_no_other(live: Live) -> None:
    """The recorder was told, nothing was written down; what people are in goes on, empty or not."""
    recorder = live.services.recorder
    async with live.browser() as buyer, live.host() as host, live.browser() as waiting:
        session_id = await called(live, buyer, host)
        await send_pictures(buyer.peers[0], PICTURES[:30])
        _, token = await live.invited()
        empty_id = (await waiting.tap(token))["session"]["id"]
        await recorder.open_session("ses_forgotten", "key_1", bytes(32), "tenant/ses_forgotten")
        assert await close_forgotten_sessions(live.services) == []
        status = await recorder.poll()
        assert status is not None
        assert {empty_id, "ses_forgotten"} <= set(status.empty)
        assert session_id not in status.empty
        assert await close_forgotten_sessions(live.services, after_s=0) == ["ses_forgotten"]
        status = await recorder.poll()
        assert status is not None
        assert empty_id in status.empty
        assert "ses_forgotten" not in status.empty
        directory = live.settings.spool_dir / "ses_forgotten"
        await until(lambda: not directory.exists(), 20, "its spool is let go of")
        assert (live.settings.spool_dir / session_id).exists()
        assert await close_forgotten_sessions(live.services, after_s=0) == []
