"""One call through real processes: tap, take, media both ways, log, ledger, replay, seal."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator, Callable

import cv2
import numpy as np
import pytest
import pytest_asyncio

from cases.tables import Manifest
from recorder.proof.jws import is_signed_by, read_jws
from recorder.signing import SigningKey
from tests.support.live import (
    Browser,
    Json,
    Live,
    running_live,
    send_pictures,
    shown_timestamps,
    until,
)
from tests.support.rtp_peer import RtpPeer
from tests.support.tap_feed import encode_video, read_picture

PICTURES = encode_video("h264", 120)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def live() -> AsyncIterator[Live]:
    """Web here; media, recorder and uploader as processes."""
    async with running_live() as running:
        yield running


async def test_a_tap_is_answered_and_the_host_takes_the_buyer(live: Live) -> None:
    """The buyer waits, the host takes, both have media, both read the same log."""
    _case_id, token = await live.invited()
    async with live.browser() as buyer, live.host() as host:
        looked = await buyer.ok("GET", f"/api/join/{token}")
        assert looked["state"] == "open"
        joined = await buyer.tap(token, RtpPeer())
        session_id = joined["session"]["id"]
        assert joined["session"]["state"] == "waiting"
        assert joined["session"]["queue"]["position"] == 1
        socket = await buyer.socket(session_id=session_id)
        assert (await socket.say("message.send", client_id="m1", text="Hello", locale="en"))["ok"]
        desk = await host.ok("GET", "/api/host/desk")
        assert [row["session_id"] for row in desk["waiting"]] == [session_id]
        # The host agreed when they came on shift, to words of their own.
        assert desk["consent"]["version"] != looked["consent"]["version"]
        assert desk["consent"]["agreed"]["locale"] == "en"
        before_ns = live.services.clock.wall_ns()
        clock = await socket.say("clock")
        assert clock["ok"]
        assert before_ns / 1e6 <= clock["now_ms"] <= live.services.clock.wall_ns() / 1e6
        taken = await host.ok("POST", "/api/host/take", {"case_id": None})
        assert taken["session"]["state"] == "live"
        await host.host_join(session_id, RtpPeer())
        host_socket = await host.socket(session_id=session_id)
        await send_pictures(buyer.peers[0], PICTURES[:45])
        await until(lambda: len(host.peers[0].of_mid("1")) > 20, what="frames at the host")
        await until(lambda: "host_took" in socket.kinds())
        answer = await host_socket.say("marker.set", client_id="k1", label="The crack", at_ms=None)
        assert answer["ok"], answer
        await until(lambda: "marker" in socket.kinds())
        events = await host.ok("GET", f"/api/sessions/{session_id}/events?after=0")
        kinds = [event["kind"] for event in events["events"]]
        assert kinds[:3] == ["session_opened", "joined", "consent_given"]
        assert {"message", "host_took", "marker", "peer_connected"} <= set(kinds)
        ended = await host.ok(
            "POST",
            f"/api/sessions/{session_id}/end",
            {"outcome": "refund", "note": "Cracked.", "client_id": "e1"},
        )
        assert ended["session"]["state"] == "ended"
        await until(lambda: f"seal_session:{session_id}" in live.outbox.ordered, 15)


async def test_the_recording_is_in_the_ledger_plays_by_range_and_is_sealed(live: Live) -> None:
    """After the call: timeline, ranges of the file, and a manifest whose signature holds."""
    _case_id, token = await live.invited()
    async with live.browser() as buyer, live.host() as host:
        session_id = (await buyer.tap(token, RtpPeer()))["session"]["id"]
        await host.ok("POST", "/api/host/take", {"case_id": None})
        await host.host_join(session_id, RtpPeer())
        await send_pictures(buyer.peers[0], PICTURES)
        # What the host's browser shows, as it would name it.
        shown = await until(lambda: shown_timestamps(host.peers[0]))
        stamp = (shown[0] + 70 * 3000) & 0xFFFFFFFF
        await until(lambda: stamp in shown_timestamps(host.peers[0]), what="frame 70")
        preview = b64encode(b"\xff\xd8\xff preview").decode()
        wanted = {"client_id": "s1", "mid": "1", "rtp_timestamp": stamp, "preview": preview}
        still = await host.ok("POST", f"/api/sessions/{session_id}/stills", wanted)
        again = await host.ok("POST", f"/api/sessions/{session_id}/stills", wanted)
        assert again == still
        still_url = f"/api/v1/stills/{still['still_id']}"
        assert await host.refused("GET", f"{still_url}/image") == (409, "still_not_cut")
        async with host.http.get(f"{still_url}/preview") as response:
            assert (await response.read()).startswith(b"\xff\xd8\xff")
        path = f"/api/v1/sessions/{session_id}/timeline"
        early = await until_async(host, path, lambda shown: shown["recordings"], 10)
        assert not early["complete"]
        end = {"outcome": None, "note": "", "client_id": "e1"}
        await host.ok("POST", f"/api/sessions/{session_id}/end", end)
        shown = await until_async(host, path, lambda shown: shown["complete"], 15)
        recording = shown["recordings"][0]
        assert recording["participant"]["role"] == "buyer"
        assert recording["fragments"] >= 2
        assert recording["root"]
        url = recording["url"]
        async with host.http.get(url) as response:
            assert response.status == 200
            etag, whole = response.headers["ETag"], await response.read()
            assert response.content_type == "video/mp4"
        asked = {"Range": "bytes=100-299"}
        async with host.http.get(url, headers=asked) as response:
            assert response.status == 206
            assert response.headers["Content-Range"] == f"bytes 100-299/{len(whole)}"
            assert await response.read() == whole[100:300]
        async with host.http.get(url, headers={"Range": "bytes=-50"}) as response:
            assert await response.read() == whole[-50:]
        async with host.http.get(url, headers={"Range": f"bytes={len(whole)}-"}) as response:
            assert response.status == 416
            assert response.headers["Content-Range"] == f"bytes */{len(whole)}"
        async with host.http.get(url, headers={**asked, "If-Range": '"other"'}) as response:
            assert response.status == 200
        async with host.http.get(url, headers={"If-None-Match": etag}) as response:
            assert response.status == 304
        async with host.http.head(url) as response:
            assert response.status == 200
            assert int(response.headers["Content-Length"]) == len(whole)
        await live.work(f"cut_still:{still['still_id']}")
        await live.work(f"cut_still:{still['still_id']}")
        async with buyer.http.get(f"{still_url}/image") as response:
            jpeg = cv2.imdecode(np.frombuffer(await response.read(), np.uint8), 0)
        assert read_picture(jpeg) == 70
        await live.work(f"seal_session:{session_id}")
        await live.work(f"seal_session:{session_id}")
        async with live.services.database.read() as tx:
            manifest = await tx.get_one(Manifest, (session_id, 0))
        key = SigningKey.load(live.settings.keys_dir)
        signed = read_jws(manifest.jws)
        assert is_signed_by(signed, key.jwk)
        assert signed.payload == manifest.body
        sealed = (await host.ok("GET", path))["events"][-1]
        assert sealed["kind"] == "sealed"
        assert sealed["payload"]["root"] == manifest.root


async def until_async(
    host: Browser, path: str, is_there: Callable[[Json], object], timeout_s: float
) -> Json:
    """Ask again until the answer is as wanted."""

    async def ask() -> Json | None:
        answer = await host.ok("GET", path)
        return answer if is_there(answer) else None

    found: Json = await until(ask, timeout_s)
    return found
