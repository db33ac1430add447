"""Two scripted participants who hold the demo inspection through the same doors as people."""

from __future__ import annotations

import asyncio
import base64
import fractions
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import aiohttp
import av
import cv2
import socketio
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError

from proofcall.demo_scenes import Picture, buyer_picture, host_picture, voice
from runtime.errors import ProofcallError

CALL_S = 23.0
_FRAMES_PER_S = 10
_LATE_S = 0.2
_RATE = 48_000
_AUDIO_SAMPLES = 960
_CONSENT = {"locale": "en"}

Draw = Callable[[float, str], Picture]
Json = dict[str, Any]


class _Camera(MediaStreamTrack):
    """Draws a picture for every frame; on a slow machine it leaves frames out, never time."""

    kind = "video"

    def __init__(self, draw: Draw, size: tuple[int, int]) -> None:
        super().__init__()
        self._draw = draw
        self._size = size
        self._began = time.monotonic()
        self._next_s = 0.0

    async def recv(self) -> av.VideoFrame:
        at_s = max(self._next_s, time.monotonic() - self._began)
        await asyncio.sleep(self._began + at_s - time.monotonic())
        clock = datetime.now(UTC).strftime("%H:%M:%S UTC")
        picture: Picture = await asyncio.to_thread(
            lambda: cv2.resize(self._draw(at_s, clock), self._size, interpolation=cv2.INTER_AREA)  # type: ignore[arg-type,return-value]
        )
        frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
        frame.pts = int(at_s * 90_000)
        frame.time_base = fractions.Fraction(1, 90_000)
        self._next_s = at_s + 1 / _FRAMES_PER_S
        return frame


class _Voice(MediaStreamTrack):
    """Hums in 20 ms frames; on a slow machine it leaves sound out, never time."""

    kind = "audio"

    def __init__(self, pitch_hz: float) -> None:
        super().__init__()
        self._pitch_hz = pitch_hz
        self._began = time.monotonic()
        self._samples = 0

    async def recv(self) -> av.AudioFrame:
        behind_s = time.monotonic() - self._began - self._samples / _RATE
        if behind_s > _LATE_S:
            self._samples += int(behind_s * _RATE) // _AUDIO_SAMPLES * _AUDIO_SAMPLES
        at_s = self._samples / _RATE
        await asyncio.sleep(self._began + at_s - time.monotonic())
        sound = voice(at_s, _AUDIO_SAMPLES, _RATE, self._pitch_hz)
        frame = av.AudioFrame.from_ndarray(sound.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = _RATE
        frame.pts = self._samples
        frame.time_base = fractions.Fraction(1, _RATE)
        self._samples += _AUDIO_SAMPLES
        return frame


class _Robot:
    """One scripted participant: HTTP with its own cookies, a socket and a peer connection."""

    def __init__(self, base_url: str, camera: _Camera, voice: _Voice) -> None:
        self._base_url = base_url
        self._jar = aiohttp.CookieJar(unsafe=True)
        self.http = aiohttp.ClientSession(
            base_url,
            cookie_jar=self._jar,
            headers={"X-Proofcall": "1", "Origin": base_url, "User-Agent": "Proofcall demo"},
            timeout=aiohttp.ClientTimeout(total=15),
        )
        self._socket = socketio.AsyncClient(reconnection=False, handle_sigint=False)
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._camera, self._voice = camera, voice
        self.session_id = ""
        self._sent = 0

    async def __aenter__(self) -> _Robot:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._socket.connected:
            await self._socket.disconnect()
        await self.peer.close()
        await self.http.close()

    async def offer(self, *, watch: bool) -> str:
        """The SDP offer with the five fixed m-lines; ``watch`` also receives on the first two."""
        direction = "sendrecv" if watch else "sendonly"
        self.peer.addTransceiver(self._voice, direction=direction)
        video = self.peer.addTransceiver(self._camera, direction=direction)
        capabilities = RTCRtpSender.getCapabilities("video").codecs
        video.setCodecPreferences([c for c in capabilities if c.mimeType in _WANTED_CODECS])
        for kind in ("audio", "video", "video"):
            self.peer.addTransceiver(kind, direction="recvonly")
        await self.peer.setLocalDescription(await self.peer.createOffer())
        return self.peer.localDescription.sdp

    async def joined(self, answer: Json) -> None:
        """Take the server's answer and connect the socket of the session."""
        self.session_id = answer["session"]["id"]
        sdp = answer["peer"]["answer"]
        await self.peer.setRemoteDescription(RTCSessionDescription(sdp=sdp, type="answer"))
        cookies = "; ".join(f"{cookie.key}={cookie.value}" for cookie in self._jar)
        await self._socket.connect(
            self._base_url,
            headers={"Cookie": cookies, "Origin": self._base_url},
            auth={"session_id": self.session_id},
            transports=["websocket"],
            # One second is too little for a server that is busy with everything at its start.
            wait_timeout=10,
        )

    async def post(self, path: str, body: Json) -> Json:
        """One request that must succeed.

        Raises:
            ProofcallError: it did not.
        """
        async with self.http.post(path, json=body) as response:
            answer: Json = await response.json(content_type=None)
            if response.status >= 400:
                raise ProofcallError(f"demo call: {path}: {answer.get('code', response.status)}")
            return answer

    async def say(self, event: str, **body: object) -> None:
        """One Socket.IO message, acknowledged."""
        self._sent += 1
        message = {"client_id": f"demo-{event}-{self._sent}", **body}
        answer = await self._socket.call(event, message, timeout=10)
        if not answer.get("ok"):
            raise ProofcallError(f"demo call: {event}: {answer.get('code')}")


_WANTED_CODECS = ("video/H264", "video/rtx")


async def hold_demo_call(
    base_url: str, token: str, email: str, password: str, say: Callable[[str], None]
) -> str:
    """Hold the scripted inspection of the case behind ``token``; gives its session id.

    Takes about ``CALL_S`` seconds of real time.
    """
    async with (
        _Robot(base_url, _Camera(buyer_picture, (1280, 720)), _Voice(196.0)) as buyer,
        _Robot(base_url, _Camera(host_picture, (640, 360)), _Voice(131.0)) as host,
    ):
        await host.post("/api/login", {"email": email, "password": password})
        async with host.http.get("/api/v1/me/consent") as response:
            words = (await response.json())["version"]
        async with host.http.put("/api/v1/me/consent", json={**_CONSENT, "version": words}):
            pass
        async with host.http.put("/api/host/ready", json={"ready": True}):
            pass
        async with buyer.http.get(f"/api/join/{token}") as response:
            found: Json = await response.json()
        consent = {**_CONSENT, "version": found["consent"]["version"]}
        offer = {"offer": await buyer.offer(watch=False), "candidates": []}
        await buyer.joined(
            await buyer.post(
                f"/api/join/{token}",
                {"consent": consent, "locale": "en", "public_key": None, **offer},
            )
        )
        await host.post("/api/host/take", {"case_id": found["case"]["id"]})
        offer = {"offer": await host.offer(watch=True), "candidates": []}
        seen = asyncio.ensure_future(_watch(host.peer))
        await host.joined(await host.post(f"/api/sessions/{buyer.session_id}/join", offer))
        say("Recording a demo inspection (about 25 s) …")
        view = await asyncio.wait_for(seen, 15)
        try:
            await _script(buyer, host, view)
        finally:
            await view.close()
        await host.post(
            f"/api/sessions/{buyer.session_id}/end",
            {
                "client_id": "demo-end",
                "outcome": "partial_refund",
                "disposition": "not_received",
                "liability": "carrier",
                "note": "Dented in transit, works. Kept with 35 % refunded; carrier claim.",
            },
        )
        # Whoever tries this sign-in out agrees for themselves; it also ends the shift.
        async with host.http.delete("/api/v1/me/consent"):
            pass
        return buyer.session_id


class _View:
    """The newest frame that the host's side has decoded."""

    def __init__(self, track: MediaStreamTrack, receiver: RTCRtpReceiver) -> None:
        self._track = track
        self._receiver = receiver
        self.frame: av.VideoFrame | None = None
        self._seen = asyncio.Event()
        self._task = asyncio.ensure_future(self._drain())

    async def close(self) -> None:
        """Stop watching."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def first(self) -> None:
        """Wait for the first frame."""
        await self._seen.wait()

    def rtp_timestamp(self, frame: av.VideoFrame) -> int:
        """The RTP timestamp that ``frame`` came with, as a browser would name it."""
        # aiortc counts a frame's time from the first packet's and keeps that to itself.
        origin: int = self._receiver._RTCRtpReceiver__timestamp_mapper._origin  # type: ignore[attr-defined]
        return (origin + (frame.pts or 0)) & 0xFFFFFFFF

    async def _drain(self) -> None:
        try:
            while True:
                frame = await self._track.recv()
                if isinstance(frame, av.VideoFrame):
                    self.frame = frame
                    self._seen.set()
        except MediaStreamError:
            return


async def _watch(peer: RTCPeerConnection) -> _View:
    found: asyncio.Future[MediaStreamTrack] = asyncio.get_running_loop().create_future()

    @peer.on("track")
    def on_track(track: MediaStreamTrack) -> None:
        if track.kind == "video" and not found.done():
            found.set_result(track)

    track = await found
    receiver = next(one for one in peer.getReceivers() if one.track is track)
    view = _View(track, receiver)
    await view.first()
    return view


async def _still(host: _Robot, view: _View, number: int) -> None:
    frame = view.frame
    if frame is None:
        raise ProofcallError("demo call: nothing to see")
    picture = cv2.resize(frame.to_ndarray(format="bgr24"), (640, 360))
    _, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 80])
    await host.post(
        f"/api/sessions/{host.session_id}/stills",
        {
            "client_id": f"demo-still-{number}",
            "mid": "1",
            "rtp_timestamp": view.rtp_timestamp(frame),
            "preview": base64.b64encode(jpeg.tobytes()).decode(),
        },
    )


_HELLO = "Good morning, thank you for showing it."
_CLOSER = "Closer, please: the dent on the side."
_CRUSHED = "It arrived like this, the box was crushed."
_LABEL = "And the label with the serial number."
_THANKS = "Thank you, that is all I need."


async def _script(buyer: _Robot, host: _Robot, view: _View) -> None:
    def write(robot: _Robot, text: str) -> Callable[[], Awaitable[None]]:
        return lambda: robot.say("message.send", text=text, locale="en")

    def mark(label: str) -> Callable[[], Awaitable[None]]:
        return lambda: host.say("marker.set", label=label, at_ms=None)

    steps: tuple[tuple[float, Callable[[], Awaitable[None]]], ...] = (
        (1.5, write(host, _HELLO)),
        (4.0, write(host, _CLOSER)),
        (5.5, write(buyer, _CRUSHED)),
        (9.0, mark("Dent, right side")),
        (9.5, lambda: _still(host, view, 1)),
        (12.0, write(host, _LABEL)),
        (16.5, mark("Serial number 4471-0938-22")),
        (17.0, lambda: _still(host, view, 2)),
        (19.0, write(host, _THANKS)),
        (CALL_S, lambda: asyncio.sleep(0)),
    )
    began = time.monotonic()
    for at_s, step in steps:
        await asyncio.sleep(max(0.0, began + at_s - time.monotonic()))
        await step()
