"""A call whose buyer films numbered pictures, so that a test can say which of them are missing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise

from tests.support.live import Browser, Json, Socket, until
from tests.support.recording_rig import decoded_pictures
from tests.support.rtp_peer import RtpPeer
from tests.support.tap_feed import EncodedFrame, encode_video, h264_payloads

WHOLE_WITHIN_S = 45.0
FRAMES_PER_S = 30
ON_THE_WAY = 3


@cache
def pictures() -> list[EncodedFrame]:
    """Forty seconds of numbered pictures, each of which decodes by itself."""
    return encode_video("h264", 40 * FRAMES_PER_S, keyframe_every=1)


@dataclass(slots=True)
class Filming:
    """A call whose buyer films numbered pictures until told to stop."""

    buyer: Browser
    host: Browser
    session_id: str
    buyer_socket: Socket
    host_socket: Socket
    sent: int = 0
    stopping: bool = False
    moved_at: set[int] = field(default_factory=set)
    """The numbers of the pictures that were the first on a fresh peer."""

    async def film(self) -> None:
        """Send pictures in real time."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        camera = self._camera()
        for number, frame in enumerate(pictures()):
            if self.stopping:
                return
            await asyncio.sleep(max(0.0, began + number / FRAMES_PER_S - loop.time()))
            payloads = h264_payloads(frame.data)
            while not await self._show(payloads):
                if self.stopping:
                    return
                await asyncio.sleep(0.02)
            if self._camera() is not camera:
                camera = self._camera()
                self.moved_at.add(number)
            self.sent = number + 1
        raise AssertionError("the film was too short")

    async def _show(self, payloads: list[bytes]) -> bool:
        """Send one picture; False if the peer was replaced by a fresh one meanwhile."""
        camera = self._camera()
        try:
            for at, payload in enumerate(payloads):
                last = at == len(payloads) - 1
                await camera.send("1", payload, marker=last, advance=3000 if at == 0 else 0)
        except ConnectionError:
            return False
        return True

    def _camera(self) -> RtpPeer:
        """The buyer's newest peer that is connected."""
        return next(peer for peer in reversed(self.buyer.peers) if peer.sending)

    async def flows(self, seconds: float) -> None:
        """The host is sent the buyer's pictures all the time for so long."""
        end = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < end:
            before = len(self.host.peers[-1].of_mid("1"))
            await asyncio.sleep(0.5)
            assert len(self.host.peers[-1].of_mid("1")) > before, "the picture stands still"

    async def writes(self, number: int) -> Json:
        """The buyer says something."""
        return await self.buyer_socket.say(
            "message.send", client_id=f"m{number}", text=f"Message {number}", locale="en"
        )

    def nobody_was_dropped(self) -> None:
        """No page was told that its media is gone."""
        assert self.buyer_socket.of("peer.lost") == []
        assert self.host_socket.of("peer.lost") == []


@asynccontextmanager
async def filmed(buyer: Browser, host: Browser, case_id: str, token: str) -> AsyncIterator[Filming]:
    """The two face to face about a case, the buyer's camera on."""
    session_id: str = (await buyer.tap(token, RtpPeer()))["session"]["id"]
    await host.ok("POST", "/api/host/take", {"case_id": case_id})
    await host.host_join(session_id, RtpPeer())
    sockets = [await one.socket(session_id=session_id) for one in (buyer, host)]
    call = Filming(buyer, host, session_id, *sockets)
    await asyncio.to_thread(pictures)
    camera = asyncio.create_task(call.film())
    try:
        await call.flows(1.5)
        yield call
    finally:
        call.stopping = True
        await camera


async def whole(call: Filming, *, causes: set[str]) -> Json:
    """End the call; every picture is in the recording, or a gap with one of the causes says why.

    Gives the timeline.
    """
    call.stopping = True
    await asyncio.sleep(0.5)
    path = f"/api/sessions/{call.session_id}/end"

    async def ended() -> bool:
        status, _ = await call.host.call("POST", path, {"client_id": "end"})
        return status == 200

    await until(ended, 20, "the host can end it")

    async def complete() -> Json | None:
        status, shown = await call.host.call("GET", f"/api/v1/sessions/{call.session_id}/timeline")
        return shown if status == 200 and shown["complete"] else None

    shown: Json = await until(complete, WHOLE_WITHIN_S, "the timeline is complete")
    (recording,) = [r for r in shown["recordings"] if r["participant"]["role"] == "buyer"]
    async with call.host.http.get(recording["url"]) as response:
        assert response.status == 200
        content = await response.read()
    numbers = [number for _, number, _ in await asyncio.to_thread(decoded_pictures, content)]
    assert all(after > before for before, after in pairwise(numbers)), "in order, none twice"
    ends = (numbers[0], numbers[-1])
    assert ends == (0, call.sent - 1), (ends, call.sent, shown["gaps"])
    holes = [
        (a, b)
        for a, b in pairwise(numbers)
        # What is under way to a peer that has just been replaced is lost with it, and a few
        # hundredths of a second between two peers are no gap.
        if b - a > (ON_THE_WAY if call.moved_at & {b, b - 1} else 1)
    ]
    gaps = [g for g in shown["gaps"] if g["recording_id"] == recording["recording_id"]]
    assert {gap["cause"] for gap in gaps} <= causes
    assert len(holes) <= len(gaps), (holes, gaps)
    lost_s = sum(b - a for a, b in holes) / FRAMES_PER_S
    told_s = sum(gap["to_ms"] - gap["from_ms"] for gap in gaps) / 1000
    assert lost_s <= told_s + 0.2, (holes, gaps)
    return shown
