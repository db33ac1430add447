"""Photographs of the host's own picture, named by the server's time and cut from its recording."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator

import cv2
import numpy as np
import pytest
import pytest_asyncio

from tests.support.live import Browser, Json, Live, running_live, send_pictures, until
from tests.support.rtp_peer import RtpPeer
from tests.support.tap_feed import encode_video, read_picture

PICTURES = encode_video("h264", 240)
PREVIEW = b64encode(b"\xff\xd8\xff preview").decode()

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def live() -> AsyncIterator[Live]:
    """Web here; media, recorder and uploader as processes."""
    async with running_live() as running:
        yield running


def own(client_id: str, at_ms: int) -> Json:
    """The body that asks for one's own picture."""
    return {"client_id": client_id, "own_at_ms": at_ms, "preview": PREVIEW}


async def image(host: Browser, still_id: str) -> int:
    """The number in the photograph."""
    async with host.http.get(f"/api/v1/stills/{still_id}/image") as response:
        assert response.status == 200, await response.text()
        picture = cv2.imdecode(np.frombuffer(await response.read(), np.uint8), 0)
    assert picture is not None
    return read_picture(picture)


async def test_an_own_still_is_cut_from_the_hosts_recording_at_that_moment(live: Live) -> None:
    """Of both people's pictures the host's; of its pictures the one of then, not the last kept."""
    _case_id, token = await live.invited(direction="warehouse_shows")
    async with live.browser() as buyer, live.host() as host:
        session_id = (await buyer.tap(token, RtpPeer()))["session"]["id"]
        await host.ok("POST", "/api/host/take", {"case_id": None})
        joined = await host.host_join(session_id, RtpPeer())
        path = f"/api/sessions/{session_id}/stills"
        # The buyer's pictures end early: a still of them would carry another number.
        theirs = asyncio.create_task(send_pictures(buyer.peers[0], PICTURES[:60]))
        await send_pictures(host.peers[0], PICTURES[:100])
        now_ms = live.services.clock.wall_ns() // 1_000_000
        rest = asyncio.create_task(send_pictures(host.peers[0], PICTURES[100:]))
        still = await host.ok("POST", path, own("o1", now_ms))
        assert await host.ok("POST", path, own("o1", now_ms - 90_000)) == still
        # Nothing of that moment is in the ledger yet: the work waits for it.
        await live.work(f"cut_still:{still['still_id']}")
        number = await image(host, still["still_id"])
        # The number of the last picture sent is 99; it takes some milliseconds to arrive.
        assert 96 <= number <= 101, number
        earlier = await host.ok("POST", path, own("o2", now_ms - 2_000))
        await live.work(f"cut_still:{earlier['still_id']}")
        assert number - 64 <= await image(host, earlier["still_id"]) <= number - 56
        await asyncio.gather(theirs, rest)
        timeline = await host.ok("GET", f"/api/v1/sessions/{session_id}/timeline")
        mine = joined["participant_id"]
        assert {one["participant_id"] for one in timeline["stills"]} == {mine}
        taken = [one["payload"] for one in timeline["events"] if one["kind"] == "still_taken"]
        assert taken[0] == {
            "still_id": still["still_id"],
            "participant_id": mine,
            "at_ms": now_ms,
        }
        cut = [one["payload"] for one in timeline["events"] if one["kind"] == "still_cut"]
        recordings = {
            one["recording_id"]: one["participant"]["role"] for one in timeline["recordings"]
        }
        assert [recordings[one["recording_id"]] for one in cut] == ["host", "host"]
        await host.ok("POST", f"/api/sessions/{session_id}/withdraw-consent", {})
        now_ms = live.services.clock.wall_ns() // 1_000_000
        assert await host.refused("POST", path, own("o3", now_ms)) == (409, "not_recorded")
        end = {"outcome": None, "note": "", "client_id": "e1"}
        await host.ok("POST", f"/api/sessions/{session_id}/end", end)


async def test_a_moment_that_cannot_be_meant_is_refused(live: Live) -> None:
    """Longer ago than a minute, in the future, or without any picture of one's own."""
    _case_id, token = await live.invited(direction="warehouse_shows")
    async with live.browser() as buyer, live.host() as host:
        session_id = (await buyer.tap(token))["session"]["id"]
        await host.ok("POST", "/api/host/take", {"case_id": None})
        path = f"/api/sessions/{session_id}/stills"
        now_ms = live.services.clock.wall_ns() // 1_000_000
        assert await host.refused("POST", path, own("o1", now_ms)) == (409, "frame_unknown")
        await host.host_join(session_id, RtpPeer())
        for away_ms in (-61_000, -(10**12), 5_000, 10**12):
            refused = await host.refused("POST", path, own("o1", now_ms + away_ms))
            assert refused == (422, "bad_moment"), away_ms
        both = {**own("o1", now_ms), "mid": "1", "rtp_timestamp": 1}
        assert await host.refused("POST", path, both) == (422, "invalid")
        assert (await buyer.refused("POST", path, own("o1", now_ms)))[0] == 403
        ended = {"outcome": None, "note": "", "client_id": "e1"}
        await host.ok("POST", f"/api/sessions/{session_id}/end", ended)


async def test_a_moment_at_which_nothing_was_recorded_gives_no_photograph(live: Live) -> None:
    """The camera was off: no earlier picture stands in for the one that is missing."""
    _case_id, token = await live.invited(direction="warehouse_shows")
    async with live.browser() as buyer, live.host() as host:
        session_id = (await buyer.tap(token, RtpPeer()))["session"]["id"]
        await host.ok("POST", "/api/host/take", {"case_id": None})
        await host.host_join(session_id, RtpPeer())
        await send_pictures(host.peers[0], PICTURES[:30])
        await asyncio.sleep(1.5)
        now_ms = live.services.clock.wall_ns() // 1_000_000
        path = f"/api/sessions/{session_id}/stills"
        still = await host.ok("POST", path, own("o1", now_ms))
        end = {"outcome": None, "note": "", "client_id": "e1"}
        await host.ok("POST", f"/api/sessions/{session_id}/end", end)
        await until(lambda: f"seal_session:{session_id}" in live.outbox.ordered, 15)
        await live.work(f"cut_still:{still['still_id']}")
        refused = await host.refused("GET", f"/api/v1/stills/{still['still_id']}/image")
        assert refused == (410, "still_failed")
        timeline = await host.ok("GET", f"/api/v1/sessions/{session_id}/timeline")
        failed = next(one for one in timeline["events"] if one["kind"] == "still_failed")
        assert failed["payload"]["reason"] == "not_recorded"
