"""A WebRTC client for tests: aiortc's ICE and DTLS, RTP and RTCP packets made by hand."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription

SR = 200
ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
FIXED_LINES = (
    ("audio", "sendrecv"),
    ("video", "sendrecv"),
    ("audio", "recvonly"),
    ("video", "recvonly"),
    ("video", "recvonly"),
)
"""The m-lines of every browser's offer."""


@dataclass(frozen=True, slots=True)
class Received:
    """One RTP packet as the client got it."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


@dataclass(slots=True)
class Sending:
    """One stream the client sends."""

    ssrc: int
    rtx_ssrc: int
    payload_type: int
    rtx_payload_type: int | None
    sequence: int
    timestamp: int
    sent: dict[int, tuple[int, bool, bytes]] = field(default_factory=dict)


class RtpPeer:
    """One end of a call; ``open()`` makes the offer, ``accept()`` takes the answer."""

    def __init__(
        self,
        lines: Sequence[tuple[str, str]] = FIXED_LINES,
        *,
        video: str = "H264",
        offered: Sequence[str] = ("H264", "VP8"),
    ) -> None:
        self.pc = RTCPeerConnection(
            RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        self._lines = lines
        self._video = video
        self._offered = offered
        self.received: list[Received] = []
        self.rtcp: list[bytes] = []
        self.sending: dict[str, Sending] = {}
        self.egress_mid: dict[int, str] = {}
        self.on_rtp: Callable[[Received], None] | None = None
        self.on_rtcp: Callable[[bytes], None] | None = None
        self.drop: Callable[[Received], bool] | None = None
        self.answer_sdp = ""
        self.transport_sequence = 0
        self._transport_cc_id = 0
        self._mid_id = 0

    async def offer(self) -> str:
        """The offer, candidates included."""
        for kind, direction in self._lines:
            self.pc.addTransceiver(kind, direction)
        for transceiver in self.pc.getTransceivers():
            # Packets are made by hand: aiortc's own loops must not start.
            transceiver.sender.send = _nothing  # type: ignore[method-assign]
            transceiver.receiver.receive = _nothing  # type: ignore[method-assign]
        offer = await self.pc.createOffer()
        await self.pc.setLocalDescription(offer)
        return only_codecs(self.pc.localDescription.sdp, self._offered)

    async def accept(self, answer: str, timeout_s: float = 10.0) -> None:
        """Take the answer and wait until packets can flow.

        Raises:
            TimeoutError: the connection did not come up in time.
        """
        self.answer_sdp = answer
        await self.pc.setRemoteDescription(RTCSessionDescription(sdp=answer, type="answer"))
        dtls = self._dtls
        dtls._handle_rtp_data = self._handle_rtp
        dtls._handle_rtcp_data = self._handle_rtcp
        deadline = asyncio.get_running_loop().time() + timeout_s
        while self.pc.connectionState != "connected":
            if asyncio.get_running_loop().time() > deadline:
                raise TimeoutError(f"still {self.pc.connectionState}")
            await asyncio.sleep(0.005)
        self._learn(answer)

    def _learn(self, answer: str) -> None:
        for transceiver in self.pc.getTransceivers():
            sender = transceiver.sender
            if transceiver.currentDirection in ("sendrecv", "sendonly"):
                codecs = transceiver._codecs
                wanted = self._video if transceiver.kind == "video" else "opus"
                codec = next((c for c in codecs if c.name == wanted), codecs[0])
                rtx = next(
                    (
                        c.payloadType
                        for c in codecs
                        if c.name == "rtx" and c.parameters.get("apt") == codec.payloadType
                    ),
                    None,
                )
                self.sending[str(transceiver.mid)] = Sending(
                    sender._ssrc, sender._rtx_ssrc, codec.payloadType or 0, rtx, 1000, 5000
                )
            for extension in transceiver._headerExtensions:
                if extension.uri == TRANSPORT_CC:
                    self._transport_cc_id = extension.id
                elif extension.uri == MID:
                    self._mid_id = extension.id
        mid = ""
        for line in answer.splitlines():
            if line.startswith("a=mid:"):
                mid = line[6:]
            elif line.startswith("a=ssrc:"):
                self.egress_mid[int(line[7:].split(" ", 1)[0])] = mid
        # a=mid may follow a=ssrc inside a section: go section by section.
        self.egress_mid = {}
        for section in answer.split("\nm=")[1:]:
            found = [x for x in section.splitlines() if x.startswith("a=mid:")]
            for line in section.splitlines():
                if line.startswith("a=ssrc:"):
                    self.egress_mid[int(line[7:].split(" ", 1)[0])] = found[0][6:]

    @property
    def _dtls(self) -> Any:
        return self.pc.getTransceivers()[0].receiver.transport

    async def _handle_rtp(self, data: bytes, arrival_time_ms: int) -> None:
        packet = parse(data)
        if self.drop is not None and self.drop(packet):
            return
        self.received.append(packet)
        if self.on_rtp is not None:
            self.on_rtp(packet)

    async def _handle_rtcp(self, data: bytes) -> None:
        self.rtcp.append(data)
        if self.on_rtcp is not None:
            self.on_rtcp(data)

    async def send_raw(self, packet: bytes) -> None:
        """Protect and send any RTP or RTCP packet."""
        await self._dtls._send_rtp(packet)

    async def send(
        self,
        mid: str,
        payload: bytes,
        *,
        marker: bool = True,
        advance: int = 3000,
        lose: bool = False,
        mid_of: str | None = None,
    ) -> int:
        """Send the next packet of a stream; ``lose`` keeps it back, ``mid_of`` says the m-line.

        Gives its sequence number.
        """
        stream = self.sending[mid]
        stream.sequence = (stream.sequence + 1) & 0xFFFF
        stream.timestamp = (stream.timestamp + advance) & 0xFFFFFFFF
        stream.sent[stream.sequence] = (stream.timestamp, marker, payload)
        if not lose:
            await self.send_raw(self._packet(stream, stream.sequence, rtx=False, mid=mid_of))
        return stream.sequence

    async def resend(self, mid: str, sequence: int, *, rtx: bool) -> None:
        """Send a packet again, as RTX if ``rtx``."""
        await self.send_raw(self._packet(self.sending[mid], sequence, rtx=rtx))

    def _packet(
        self, stream: Sending, sequence: int, *, rtx: bool, mid: str | None = None
    ) -> bytes:
        timestamp, marker, payload = stream.sent[sequence]
        extension = b""
        first = 0x80
        if self._transport_cc_id:
            first |= 0x10
            self.transport_sequence = (self.transport_sequence + 1) & 0xFFFF
            extension = struct.pack(
                "!HHBHB", 0xBEDE, 1, self._transport_cc_id << 4 | 1, self.transport_sequence, 0
            )
        if mid is not None:
            first |= 0x10
            extension = struct.pack("!HHB", 0xBEDE, 1, self._mid_id << 4 | len(mid) - 1)
            extension += mid.encode().ljust(3, b"\0")
        if rtx:
            payload_type, ssrc = stream.rtx_payload_type or 0, stream.rtx_ssrc
            payload = struct.pack("!H", sequence) + payload
            number = sequence ^ 0x1234
        else:
            payload_type, ssrc, number = stream.payload_type, stream.ssrc, sequence
        second = (0x80 if marker else 0) | payload_type
        return struct.pack("!BBHII", first, second, number, timestamp, ssrc) + extension + payload

    def of_mid(self, mid: str) -> list[Received]:
        """What came for one m-line, repetitions included."""
        return [one for one in self.received if self.egress_mid.get(one.ssrc) == mid]

    async def close(self) -> None:
        """Hang up."""
        await self.pc.close()

    def vanish(self) -> None:
        """Die without a word: the socket stays, nothing is sent or answered any more."""
        for protocol in self._dtls.transport._connection._protocols:
            protocol.transport.abort()
            protocol.send_stun = lambda *_: None


async def _nothing(*_: Any) -> None:
    return None


def parse(data: bytes) -> Received:
    """Read one RTP packet with at most one extension block."""
    first, second, sequence, timestamp, ssrc = struct.unpack_from("!BBHII", data)
    start = 12 + 4 * (first & 15)
    if first & 0x10:
        start += 4 + 4 * struct.unpack_from("!H", data, start + 2)[0]
    return Received(second & 0x7F, bool(second & 0x80), sequence, timestamp, ssrc, data[start:])


def only_codecs(sdp: str, names: Sequence[str]) -> str:
    """The offer with only these video codecs (and their RTX)."""
    sections = sdp.split("\nm=")
    out = [sections[0]]
    for section in sections[1:]:
        if not section.startswith("video"):
            out.append(section)
            continue
        lines = section.split("\n")
        kept: set[str] = set()
        for line in lines:
            if line.startswith("a=rtpmap:") and line.split()[1].split("/")[0] in names:
                kept.add(line[9:].split()[0])
        for line in lines:
            if line.startswith("a=fmtp:") and "apt=" in line:
                payload_type, parameters = line[7:].strip().split(" ", 1)
                if parameters.split("apt=")[1].split(";")[0] in kept:
                    kept.add(payload_type)
        head = lines[0].strip().split(" ")
        lines[0] = " ".join(head[:3] + [pt for pt in head[3:] if pt in kept]) + "\r"
        out.append(
            "\n".join(
                line
                for line in lines
                if not line.startswith(("a=rtpmap:", "a=fmtp:", "a=rtcp-fb:"))
                or line.split(":", 1)[1].split()[0] in kept
            )
        )
    return "\nm=".join(out)


H264_KEY = bytes((0x67, 0x42, 0xE0, 0x1F))
"""The beginning of a sequence parameter set: what a keyframe starts with."""


def h264_frame(number: int, *, key: bool = False, size: int = 40) -> bytes:
    """One packet that looks like an H.264 frame and carries its number."""
    head = H264_KEY if key else bytes((0x41, 0x9A, 0, 0))
    return head + struct.pack("!I", number) + bytes(max(0, size - 8))


def vp8_frame(number: int, *, key: bool = False, size: int = 40) -> bytes:
    """One packet that looks like a VP8 frame and carries its number."""
    return (
        bytes((0x10, 0 if key else 1, 0, 0)) + struct.pack("!I", number) + bytes(max(0, size - 8))
    )


def frame_number(payload: bytes) -> int:
    """The number in a frame of the two above."""
    return int(struct.unpack_from("!I", payload, 4)[0])
