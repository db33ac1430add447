"""A bench camera: a small WHIP client (RFC 9725) over aiortc's ICE and DTLS."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from multidict import CIMultiDict

from cases.bench import create_camera
from tests.support.live import Live, filming
from tests.support.rtp_peer import RtpPeer
from tests.support.tap_feed import EncodedFrame

LINES = (("audio", "sendonly"), ("video", "sendonly"))
SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"


@dataclass(slots=True)
class Answer:
    """What the server said."""

    status: int
    headers: CIMultiDict[str]
    text: str


@dataclass(slots=True)
class WhipClient:
    """Knows its endpoint and token, as a camera's settings page would hold them."""

    base: str
    camera_id: str
    token: str
    peer: RtpPeer = field(default_factory=lambda: RtpPeer(LINES))
    location: str = ""
    etag: str = ""

    async def send(
        self,
        method: str,
        path: str | None = None,
        body: str | bytes | AsyncIterator[bytes] | None = None,
        **headers: str,
    ) -> Answer:
        """One request with the token; a header named here stands instead of the usual one."""
        sent = {"Authorization": f"Bearer {self.token}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        async with (
            aiohttp.ClientSession(self.base) as http,
            http.request(
                method,
                path or f"/whip/{self.camera_id}",
                data=body,
                headers={name: value for name, value in sent.items() if value},
            ) as response,
        ):
            return Answer(response.status, response.headers.copy(), await response.text())

    async def publish(self) -> Answer:
        """Offer, answer, connected; gives the answer of the endpoint."""
        answer = await self.send("POST", body=await self.peer.offer(), Content_Type=SDP)
        assert answer.status == 201, answer
        self.location, self.etag = answer.headers["Location"], answer.headers["ETag"]
        await self.peer.accept(answer.text)
        return answer

    def filming(self, pictures: list[EncodedFrame]) -> AbstractAsyncContextManager[None]:
        """Send the pictures over and over while the block runs."""
        return filming(pictures, self.peer)


@asynccontextmanager
async def bench_camera(
    live: Live, *, warehouse: str | None = None, name: str = "Bench 1"
) -> AsyncIterator[WhipClient]:
    """A camera of the granted warehouse unless told otherwise; it does not publish yet."""
    async with live.services.database.begin() as tx:
        camera_id, token = await create_camera(
            tx,
            warehouse_id=warehouse or live.seller.hall,
            name=name,
            now=live.services.clock.now(),
        )
    client = WhipClient(live.url, camera_id, token)
    try:
        yield client
    finally:
        await client.peer.close()
