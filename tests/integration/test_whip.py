"""A warehouse's bench camera by real WHIP: published, attached, seen, photographed, detached."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import cv2
import numpy as np
import pytest
import pytest_asyncio

from cases.bench import revoke_camera
from cases.tables import BenchCamera, Session
from tests.support.live import Browser, Json, Live, running_live, until
from tests.support.media_probe import probe_media
from tests.support.rtp_peer import RtpPeer
from tests.support.tap_feed import encode_video, read_picture
from tests.support.whip_client import FRAGMENT, LINES, SDP, WhipClient, bench_camera

PICTURES = encode_video("h264", 60)
PREVIEW = b64encode(b"\xff\xd8\xff preview").decode()

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def live() -> AsyncIterator[Live]:
    """Web here; two media workers, recorder and uploader as processes."""
    roles = [("media", 0), ("media", 1), ("recorder", 0), ("uploader", 0)]
    async with running_live(roles, media_workers=2) as running:
        await until(lambda: len(running.services.media_pool.places) == 2, 20)
        yield running


@asynccontextmanager
async def call(live: Live) -> AsyncIterator[tuple[Browser, Browser, str]]:
    """A buyer and an inspector of the warehouse with media, and their session's id."""
    case_id, token = await live.invited()
    async with live.browser() as buyer, live.host() as host:
        session_id = (await buyer.tap(token, RtpPeer()))["session"]["id"]
        await host.ok("POST", "/api/host/take", {"case_id": case_id})
        await host.host_join(session_id, RtpPeer())
        yield buyer, host, session_id
        await host.call("POST", f"/api/sessions/{session_id}/end", {"client_id": "end"})


@asynccontextmanager
async def publishing(live: Live, **which: str) -> AsyncIterator[WhipClient]:
    """A camera that publishes, and says good-bye at the end."""
    async with bench_camera(live, **which) as camera:
        await camera.publish()
        yield camera
        await camera.send("DELETE", camera.location)


async def state_of(host: Browser, session_id: str, camera: WhipClient) -> str:
    """What the host's page is told of a camera."""
    found = await host.ok("GET", f"/api/sessions/{session_id}/bench")
    [state] = [c["state"] for c in found["cameras"] if c["camera_id"] == camera.camera_id]
    return str(state)


async def ready(host: Browser, session_id: str, camera: WhipClient) -> None:
    """Wait until the server knows that the camera sends."""

    async def is_ready() -> bool:
        return await state_of(host, session_id, camera) == "ready"

    await until(is_ready, what="the camera is ready")


async def kinds(host: Browser, session_id: str) -> list[str]:
    """The session's log so far."""
    page = await host.ok("GET", f"/api/sessions/{session_id}/events?after=0")
    return [event["kind"] for event in page["events"]]


async def test_the_endpoint_answers_as_the_rfc_asks(live: Live) -> None:
    """201 with Location, ETag and Accept-Patch; PATCH 204; DELETE 200, and then there is none."""
    async with bench_camera(live) as camera:
        options = await camera.send("OPTIONS", Authorization="")
        assert options.status in (200, 204)
        assert options.headers["Accept-Post"] == SDP
        assert options.headers["Access-Control-Allow-Origin"] == "*"
        assert "Authorization" in options.headers["Access-Control-Allow-Headers"]
        answer = await camera.publish()
        assert answer.headers["Content-Type"] == SDP
        assert answer.headers["Accept-Patch"] == FRAGMENT
        assert answer.headers["Location"].startswith(f"/whip/{camera.camera_id}/")
        assert "Location" in answer.headers["Access-Control-Expose-Headers"]
        assert "a=recvonly" in answer.text
        assert "a=sendrecv" not in answer.text
        fragment = (
            "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789abcdef012345\r\n"
            "m=video 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n"
            "a=candidate:1 1 udp 2130706431 192.0.2.7 5000 typ host\r\n"
            "a=end-of-candidates\r\n"
        )

        async def patch(body: str = fragment, **headers: str) -> int:
            sent = {"Content_Type": FRAGMENT, "If_Match": camera.etag, **headers}
            return (await camera.send("PATCH", camera.location, body, **sent)).status

        assert await patch() == 204
        assert await patch(If_Match="") == 428
        assert await patch(If_Match='"another"') == 412
        assert await patch(If_Match="*") == 422, "an ICE restart is not supported"
        assert await patch(Content_Type="application/json") == 415
        assert await patch("hello") == 400
        for method in ("GET", "PUT", "POST"):
            assert (await camera.send(method, camera.location)).status == 405
        for method in ("GET", "PUT", "DELETE", "PATCH"):
            assert (await camera.send(method)).status == 405
        assert (await camera.send("DELETE", camera.location)).status == 200
        assert (await camera.send("DELETE", camera.location)).status == 404
        assert await patch() == 404


async def test_a_camera_is_seen_recorded_and_photographed_only_while_attached(live: Live) -> None:
    """The log announces it first; both see it; its recording and its photo hold its picture."""
    async with publishing(live) as camera, call(live) as (buyer, host, session_id):
        async with camera.filming(PICTURES):
            await ready(host, session_id, camera)
            assert not host.peers[0].of_mid("4")
            bench = f"/api/sessions/{session_id}/bench/{camera.camera_id}"
            await host.ok("PUT", bench)
            await host.ok("PUT", bench)
            assert await state_of(host, session_id, camera) == "shown"
            log = await kinds(host, session_id)
            assert log.count("bench_attached") == 1
            page = await buyer.ok("GET", f"/api/sessions/{session_id}/events?after=0")
            [told] = [one for one in page["events"] if one["kind"] == "bench_attached"]
            assert told["payload"]["name"] == "Bench 1"
            assert told["payload"]["codec"] == "H264"
            await until(
                lambda: all(len(one.peers[-1].of_mid("4")) > 30 for one in (buyer, host)),
                20,
                what="the bench at both",
            )
            shown = (await buyer.ok("GET", f"/api/sessions/{session_id}"))["participants"]
            [bench_person] = [one for one in shown if one["role"] == "bench"]
            assert bench_person["name"] == "Bench 1"
            stamp = host.peers[-1].of_mid("4")[-1].timestamp
            wanted = {
                "client_id": "s1", "mid": "4", "rtp_timestamp": stamp, "preview": PREVIEW,
            }  # fmt: skip
            still = await host.ok("POST", f"/api/sessions/{session_id}/stills", wanted)
            await live.work(f"cut_still:{still['still_id']}")
            async with host.http.get(f"/api/v1/stills/{still['still_id']}/image") as response:
                assert response.status == 200
                jpeg = np.frombuffer(await response.read(), np.uint8)
            grey = cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE)
            assert grey is not None
            assert read_picture(grey) < len(PICTURES), "the photo is one of the camera's pictures"
            await host.ok("DELETE", bench)
            await until(lambda: stops(buyer.peers[-1], host.peers[-1]), what="it is gone")
            assert (await kinds(host, session_id)).count("bench_detached") == 1
            assert await state_of(host, session_id, camera) == "ready"
        await host.ok("POST", f"/api/sessions/{session_id}/end", {"client_id": "e"})
        path = f"/api/v1/sessions/{session_id}/timeline"

        async def complete() -> Json | None:
            found = await host.ok("GET", path)
            return found if found["complete"] else None

        timeline = await until(complete, 20, what="the recording is complete")
        [recording] = [
            one for one in timeline["recordings"] if one["participant"]["role"] == "bench"
        ]
        assert recording["duration_ms"] > 500
        assert [one["participant_id"] for one in timeline["stills"]] == [bench_person["id"]]
        assert not [gap for gap in timeline["gaps"] if gap["participant_id"] == bench_person["id"]]
        async with host.http.get(recording["url"]) as response:
            probe = await asyncio.to_thread(probe_media, await response.read())
        assert probe.video_codec == "h264"
        assert probe.audio_codec is None, "what is said at the bench is not kept"
        assert len(probe.frames) > 15


async def stops(*peers: RtpPeer) -> bool:
    """Whether nothing more comes on the bench's line."""
    before = [len(peer.of_mid("4")) for peer in peers]
    await asyncio.sleep(0.3)
    return [len(peer.of_mid("4")) for peer in peers] == before


async def test_the_camera_stays_when_the_session_ends_or_the_host_leaves(live: Live) -> None:
    """It publishes all day; a buyer who waits again does not see it."""
    async with publishing(live) as camera, camera.filming(PICTURES):
        async with call(live) as (buyer, host, session_id):
            await ready(host, session_id, camera)
            await host.ok("PUT", f"/api/sessions/{session_id}/bench/{camera.camera_id}")
            await until(lambda: len(buyer.peers[-1].of_mid("4")) > 5, 20)
            await host.ok("POST", f"/api/sessions/{session_id}/release")
            await until(lambda: stops(buyer.peers[-1]), what="it left with the host")
            events = await buyer.ok("GET", f"/api/sessions/{session_id}/events?after=0")
            assert "bench_detached" in [event["kind"] for event in events["events"]]
            await buyer.ok("POST", f"/api/sessions/{session_id}/hang-up")
        async with call(live) as (buyer, host, session_id):
            await host.ok("PUT", f"/api/sessions/{session_id}/bench/{camera.camera_id}")
            await until(lambda: len(buyer.peers[-1].of_mid("4")) > 5, 20)


@asynccontextmanager
async def beside(
    live: Live, host: Browser, session_id: str, **where: str
) -> AsyncIterator[tuple[Browser, str]]:
    """Another host, of the same warehouse unless told otherwise, whom the buyer is handed to."""
    async with live.host(**where) as second:
        assert second.actor is not None
        await second.ok("PUT", "/api/host/ready", {"ready": True})
        path = f"/api/sessions/{session_id}/handover"
        asked = await host.ok("POST", path, {"staff_id": second.actor.staff_id})
        await second.ok("POST", f"/api/handovers/{asked['handover_id']}", {"answer": "yes"})
        await second.host_join(session_id, RtpPeer())
        await second.socket(session_id=session_id, role="host")
        yield second, path
        await second.call("POST", f"/api/sessions/{session_id}/end", {"client_id": "end"})
        await second.call("PUT", "/api/host/ready", {"ready": False})


async def test_a_hand_over_to_another_house_takes_the_camera_away(live: Live) -> None:
    """A seller's agent could not take it away; the log says that it is gone, and it is ready."""
    async with (
        publishing(live) as camera,
        call(live) as (buyer, host, session_id),
        camera.filming(PICTURES),
    ):
        await ready(host, session_id, camera)
        bench = f"/api/sessions/{session_id}/bench/{camera.camera_id}"
        await host.ok("PUT", bench)
        await until(lambda: len(buyer.peers[-1].of_mid("4")) > 5, 20)
        async with beside(live, host, session_id, tenant=live.seller.lamp) as (agent, path):
            assert await state_of(host, session_id, camera) == "shown"
            await host.ok("POST", f"{path}/finish", {})
            log = await kinds(agent, session_id)
            assert log.count("bench_detached") == 1
            await until(lambda: stops(buyer.peers[-1], agent.peers[-1]), what="it is gone")
            people = (await buyer.ok("GET", f"/api/sessions/{session_id}"))["participants"]
            assert [p["presence"] for p in people if p["role"] == "bench"] == ["left"]
            assert await host.refused("PUT", bench) == (404, "not_found")
        async with call(live) as (_buyer, third, free):
            assert await state_of(third, free, camera) == "ready"


async def test_a_hand_over_within_the_house_keeps_the_camera(live: Live) -> None:
    """Only the host in charge shows it and takes it away: not the second, not who watches."""
    async with (
        publishing(live) as camera,
        call(live) as (buyer, host, session_id),
        camera.filming(PICTURES),
    ):
        await ready(host, session_id, camera)
        bench = f"/api/sessions/{session_id}/bench/{camera.camera_id}"
        async with live.host() as watching:
            body = {"voice": "silent", "locale": "en"}
            await watching.ok("POST", f"/api/sessions/{session_id}/observe", body)
            for method in ("PUT", "DELETE"):
                assert await watching.refused(method, bench) == (403, "wrong_role")
        async with beside(live, host, session_id) as (second, path):
            assert await second.refused("PUT", bench) == (403, "not_in_charge")
            await host.ok("PUT", bench)
            assert await second.refused("DELETE", bench) == (403, "not_in_charge")
            await host.ok("POST", f"{path}/finish", {})
            seen = len(buyer.peers[-1].of_mid("4"))
            await until(lambda: len(buyer.peers[-1].of_mid("4")) > seen + 20, 20)
            assert "bench_detached" not in await kinds(second, session_id)
            await second.ok("DELETE", bench)
            assert (await kinds(second, session_id)).count("bench_detached") == 1


async def test_a_camera_that_publishes_again_is_shown_again(live: Live) -> None:
    """A second publisher with the token replaces the first, also in the session that shows it."""
    async with publishing(live) as camera, call(live) as (_buyer, host, session_id):
        second = WhipClient(live.url, camera.camera_id, camera.token)
        async with camera.filming(PICTURES):
            await ready(host, session_id, camera)
            await host.ok("PUT", f"/api/sessions/{session_id}/bench/{camera.camera_id}")
            await until(lambda: len(host.peers[-1].of_mid("4")) > 5, 20)
            await second.publish()
            await until(lambda: camera.peer.pc.connectionState == "closed", what="the first ends")
        seen = len(host.peers[-1].of_mid("4"))
        async with second.filming(PICTURES):
            await until(lambda: len(host.peers[-1].of_mid("4")) > seen + 5, 20)
        assert (await camera.send("DELETE", camera.location)).status == 404
        assert (await kinds(host, session_id)).count("bench_attached") == 1
        await second.peer.close()


async def test_a_camera_on_another_worker_is_asked_to_come_again(live: Live) -> None:
    """It is closed, publishes again, and is then placed where the session is."""
    async with call(live) as (_buyer, host, session_id), bench_camera(live) as camera:
        await camera.publish()
        # Where there is least to do is not always away from the call.
        for _ in range(8):
            async with live.services.database.read() as tx:
                session = await tx.get_one(Session, session_id)
                row = await tx.get_one(BenchCamera, camera.camera_id)
            if row.media_worker != session.media_worker:
                break
            await camera.send("DELETE", camera.location)
            camera.peer = RtpPeer(LINES)
            await camera.publish()
        assert row.media_worker != session.media_worker
        async with camera.filming(PICTURES):
            await ready(host, session_id, camera)
            await host.ok("PUT", f"/api/sessions/{session_id}/bench/{camera.camera_id}")
            await until(lambda: camera.peer.pc.connectionState == "closed", what="it is closed")
        again = WhipClient(live.url, camera.camera_id, camera.token)
        await again.publish()
        async with again.filming(PICTURES):
            await until(lambda: len(host.peers[-1].of_mid("4")) > 5, 20)
        await again.peer.close()


async def test_wrong_and_revoked_tokens_learn_nothing(live: Live) -> None:
    """401 with WWW-Authenticate, the same for unknown cameras; another camera's token too."""
    async with bench_camera(live) as mine, bench_camera(live, name="Other") as other:
        await mine.publish()
        await other.publish()
        wrong = [
            await mine.send("POST", body="v=0", Authorization="", Content_Type=SDP),
            await mine.send("POST", body="v=0", Authorization="Bearer bc_x", Content_Type=SDP),
            await mine.send("POST", body="v=0", Authorization="Basic eDp5", Content_Type=SDP),
            await mine.send("POST", f"/whip/{other.camera_id}", "v=0", Content_Type=SDP),
            await mine.send("POST", "/whip/cam_unknown", "v=0", Content_Type=SDP),
            await mine.send("DELETE", other.location),
            await mine.send("PATCH", other.location, "a=x", Content_Type=FRAGMENT),
        ]
        assert {one.status for one in wrong} == {401}
        assert len({one.text for one in wrong}) == 1
        assert all(one.headers["WWW-Authenticate"].startswith("Bearer") for one in wrong)
        assert all(one.headers["Access-Control-Allow-Origin"] == "*" for one in wrong)
        # One's own token does not guess its way to another peer, either.
        guessed = f"/whip/{mine.camera_id}/{other.location.rpartition('/')[2]}"
        assert (await mine.send("DELETE", guessed)).status == 404
        async with live.services.database.begin() as tx:
            await revoke_camera(tx, mine.camera_id, live.services.clock.now())
        await until(lambda: mine.peer.pc.connectionState == "closed", what="revoking ends it")
        assert (await mine.send("DELETE", mine.location)).status == 401
        assert other.peer.pc.connectionState == "connected"


async def test_a_camera_revoked_while_shown_is_taken_away(live: Live) -> None:
    """Whether it publishes or is just being reconnected, the log says that it is gone."""
    for still_publishes in (True, False):
        async with publishing(live) as camera, call(live) as (_buyer, host, session_id):
            async with camera.filming(PICTURES):
                await ready(host, session_id, camera)
                await host.ok("PUT", f"/api/sessions/{session_id}/bench/{camera.camera_id}")
                await until(lambda: len(host.peers[-1].of_mid("4")) > 5, 20)
                if not still_publishes:
                    await camera.send("DELETE", camera.location)
                async with live.services.database.begin() as tx:
                    await revoke_camera(tx, camera.camera_id, live.services.clock.now())

                async def is_gone() -> bool:
                    return "bench_detached" in await kinds(host, session_id)

                await until(is_gone, what="it is detached")
                assert await stops(host.peers[-1])
            listed = (await host.ok("GET", f"/api/sessions/{session_id}/bench"))["cameras"]
            assert camera.camera_id not in [one["camera_id"] for one in listed]


async def test_what_no_camera_sends_is_refused(live: Live) -> None:
    """Other types, other answers, rubbish, too much, too slowly, too often."""
    async with bench_camera(live) as camera:
        offer = await camera.peer.offer()
        assert (await camera.send("POST", body=offer, Content_Type="text/plain")).status == 415
        typed = {"Content_Type": SDP}
        assert (
            await camera.send("POST", body=offer, Accept="application/json", **typed)
        ).status == 406
        assert (await camera.send("POST", body="v=0", **typed)).status == 422
        av1_only = offer.replace("H264", "AV1").replace("VP8", "AV1")
        assert (await camera.send("POST", body=av1_only, **typed)).status == 422
        assert (await camera.send("POST", body="v" * 70_000, **typed)).status == 413

        async def endless() -> AsyncIterator[bytes]:
            for _ in range(200):
                yield b"v" * 1000

        async def slow() -> AsyncIterator[bytes]:
            yield b"v=0\r\n"
            await asyncio.sleep(8)

        assert (await camera.send("POST", body=endless(), **typed)).status == 413
        assert (await camera.send("POST", body=slow(), **typed)).status == 408
        assert (await camera.send("POST", body=b"\xff\xfe", **typed)).status == 400
    async with bench_camera(live) as camera:
        answers = [await camera.send("POST", body="v=0", **typed) for _ in range(14)]
        assert answers[-1].status == 429
        assert int(answers[-1].headers["Retry-After"]) >= 1


async def test_patches_in_a_flood_are_refused(live: Live) -> None:
    """The other cameras' are not."""
    async with bench_camera(live) as camera, bench_camera(live) as other:
        await camera.publish()
        await other.publish()

        async def patch(one: WhipClient) -> int:
            sent = {"Content_Type": FRAGMENT, "If_Match": one.etag}
            return (await one.send("PATCH", one.location, "a=end-of-candidates\r\n", **sent)).status

        statuses = [await patch(camera) for _ in range(70)]
        assert statuses[0] == 204
        assert statuses[-1] == 429
        assert await patch(other) == 204


async def test_only_hosts_of_the_cameras_own_warehouse_attach_it(live: Live) -> None:
    """Not a seller's agent, not the buyer, not another warehouse's camera, not one in use."""
    async with (
        publishing(live) as camera,
        publishing(live, warehouse=live.seller.dock) as strange,
        call(live) as (buyer, host, session_id),
    ):
        path = f"/api/sessions/{session_id}/bench"
        assert await host.refused("PUT", f"{path}/{strange.camera_id}") == (404, "not_found")
        assert await host.refused("PUT", f"{path}/cam_unknown") == (404, "not_found")
        listed = (await host.ok("GET", path))["cameras"]
        assert strange.camera_id not in [one["camera_id"] for one in listed]
        assert (await buyer.refused("GET", path))[0] == 403
        assert (await buyer.refused("PUT", f"{path}/{camera.camera_id}"))[0] == 403
        async with live.host(warehouse=live.seller.dock) as stranger:
            for method in ("PUT", "DELETE"):
                refused = await stranger.refused(method, f"{path}/{camera.camera_id}")
                assert refused == (404, "not_found")
        async with camera.filming(PICTURES):
            await ready(host, session_id, camera)
            await host.ok("PUT", f"{path}/{camera.camera_id}")
            async with call(live) as (_buyer, second, other_session):
                assert await state_of(second, other_session, camera) == "busy"
                there = f"/api/sessions/{other_session}/bench/{camera.camera_id}"
                assert await second.refused("PUT", there) == (409, "camera_busy")
                await second.ok("DELETE", there)
                assert await state_of(host, session_id, camera) == "shown"
    case_id, token = await live.invited()
    async with live.browser() as buyer, live.host(tenant=live.seller.lamp) as agent:
        session_id = (await buyer.tap(token))["session"]["id"]
        await agent.ok("POST", "/api/host/take", {"case_id": case_id})
        assert (await agent.ok("GET", f"/api/sessions/{session_id}/bench"))["cameras"] == []
        refused = await agent.refused("PUT", f"/api/sessions/{session_id}/bench/{camera.camera_id}")
        assert refused == (404, "not_found")
        await agent.ok("POST", f"/api/sessions/{session_id}/end", {"client_id": "e"})
