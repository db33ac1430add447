"""Simulated calls, in a process of their own: real ICE, DTLS and SRTP, real media payloads.

``python -m bench.call_load ADDRESS SECRET_FILE CALLS SECONDS [--record] [--pid PID …]``
joins two participants for each call, sends 720p30 and Opus from each, and prints one
JSON line: CPU of the given processes per call, loss, and the delay through the server.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import random
import socket
import statistics
import struct
import sys
import time
from contextlib import suppress
from heapq import heapify, heapreplace
from pathlib import Path
from typing import Any

from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from pylibsrtp import Error

from bench.call_media import FPS, audio_frames, video_frames
from media.srtp import PacketBuffer, protect_rtp
from runtime.control import ControlClient, ControlError

_WARM_S = 2.0
_JOIN_PARALLEL = 2
_TIMESTAMPNS = 35
_SAMPLED_LEGS = 4
_MATCHED = 48
_TRANSPORT_CC = "transport-wide-cc"
_HEAD = struct.Struct("!BBHIIHHBHBBB")


async def _nothing(*_: Any) -> None:
    return None


class Stream:
    """One stream a simulated participant sends."""

    __slots__ = ("payload_type", "recent", "sent_ns", "sequence", "ssrc", "timestamp")

    def __init__(self, ssrc: int, payload_type: int) -> None:
        self.ssrc = ssrc
        self.payload_type = payload_type
        self.sequence = random.randrange(1 << 14)
        self.timestamp = random.getrandbits(32)
        self.sent_ns: dict[int, int] = {}
        self.recent: dict[bytes, int] = {}


class Caller:
    """One participant; counts what it gets by the numbers in the clear RTP header."""

    def __init__(self, buffer: PacketBuffer) -> None:
        self.pc = RTCPeerConnection(
            RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        self._buffer = buffer
        self.streams: dict[str, Stream] = {}
        self.other: Caller | None = None
        self.received: dict[int, list[int]] = {}
        self.video_ssrc = 0
        self.delays_ns: list[int] = []
        self.sampled = False
        self.offset: int | None = None
        self.transport_sequence = 0
        self.frame = random.randrange(FPS)
        self.audio = 0

    async def join(self, client: ControlClient, session: str, role: str, record: bool) -> None:
        for kind in ("audio", "video"):
            self.pc.addTransceiver(kind, "sendrecv")
        for transceiver in self.pc.getTransceivers():
            transceiver.sender.send = _nothing  # type: ignore[method-assign]
            transceiver.receiver.receive = _nothing  # type: ignore[method-assign]
        await self.pc.setLocalDescription(await self.pc.createOffer())
        opened = await client.command(
            "/peers",
            {
                "session_id": session,
                "participant_id": f"{session}_{role}",
                "role": role,
                "offer": self.pc.localDescription.sdp,
                "record": record,
                "candidates": [],
            },
            timeout_s=30,
        )
        await self.pc.setRemoteDescription(
            RTCSessionDescription(sdp=opened["answer"], type="answer")
        )
        until_s = time.monotonic() + 20
        while self.pc.connectionState != "connected":
            if time.monotonic() > until_s:
                raise TimeoutError("a simulated participant did not connect")
            await asyncio.sleep(0.01)

    def take_over(self, *, sampled: bool) -> None:
        """From here on packets are read and written without aiortc."""
        transceivers = self.pc.getTransceivers()
        dtls: Any = transceivers[0].receiver.transport
        pair = dtls.transport._connection._nominated[1]
        self.protocol = pair.protocol
        self.remote = pair.remote_addr
        original = pair.protocol.transport.get_extra_info("socket")
        self.sock = socket.socket(fileno=os.dup(original.fileno()))
        self.sock.setblocking(False)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.sampled = sampled
        if sampled:
            self.sock.setsockopt(socket.SOL_SOCKET, _TIMESTAMPNS, 1)
        self.dtls = dtls
        self.tx = dtls._tx_srtp._srtp[0]
        ids = {one.uri: one.id for each in transceivers for one in each._headerExtensions}
        self.transport_cc = next((i for uri, i in ids.items() if _TRANSPORT_CC in uri), 0)
        for transceiver in transceivers:
            codec = next(c for c in transceiver._codecs if c.name in ("H264", "opus"))
            self.streams[transceiver.kind] = Stream(
                transceiver.sender._ssrc, codec.payloadType or 0
            )
        loop: Any = asyncio.get_running_loop()
        loop._remove_reader(original.fileno())
        loop._add_reader(original.fileno(), self._readable)

    def _readable(self) -> None:
        for _ in range(64):
            try:
                if self.sampled:
                    packet, extra, _, address = self.sock.recvmsg(2048, 64)
                else:
                    packet, address = self.sock.recvfrom(2048)
                    extra = []
            except BlockingIOError:
                return
            if not 127 < packet[0] < 192:
                self.protocol.datagram_received(packet, address)
                continue
            if 192 <= packet[1] < 224:
                continue
            ssrc = int.from_bytes(packet[8:12], "big")
            sequence = packet[2] << 8 | packet[3]
            seen = self.received.get(ssrc)
            if seen is None:
                # Count, first and highest number, packets out of turn.
                self.received[ssrc] = [1, sequence, sequence, 0]
                continue
            step = (sequence - seen[2]) & 0xFFFF
            if step == 1:
                seen[0] += 1
                seen[2] = sequence
            elif 0 < step < 0x8000:
                seen[0] += 1
                seen[3] += step - 1
                seen[2] = sequence
            if self.sampled and extra and self.other is not None:
                self._delay(packet, ssrc, sequence, extra)

    def _delay(self, packet: bytes, ssrc: int, sequence: int, extra: list[Any]) -> None:
        """Delay by the kernel's own time of arrival; the numbering is matched by content once."""
        other = self.other
        assert other is not None
        at_ns = 0
        for level, kind, data in extra:
            if level == socket.SOL_SOCKET and kind == _TIMESTAMPNS:
                seconds, nanoseconds = struct.unpack("qq", data[:16])
                at_ns = seconds * 1_000_000_000 + nanoseconds
        if not at_ns:
            return
        stream = other.streams["video"]
        if self.offset is None:
            try:
                clear = self.dtls._rx_srtp.unprotect(packet)
            except Error:
                return
            ours = stream.recent.get(clear[-_MATCHED:])
            if ours is None or len(clear) < 200:
                return
            self.offset = (ours - sequence) & 0xFFFF
            self.video_ssrc = ssrc
        if ssrc != self.video_ssrc:
            return
        sent_ns = stream.sent_ns.get((sequence + self.offset) & 0xFFFF)
        if sent_ns is not None:
            self.delays_ns.append(at_ns - sent_ns)

    def send(self, kind: str, payload: bytes, marker: bool) -> None:
        stream = self.streams[kind]
        stream.sequence = (stream.sequence + 1) & 0xFFFF
        self.transport_sequence = (self.transport_sequence + 1) & 0xFFFF
        buffer = self._buffer
        view, length = buffer.view, buffer.length
        _HEAD.pack_into(
            view,
            0,
            0x90,
            (0x80 if marker else 0) | stream.payload_type,
            stream.sequence,
            stream.timestamp,
            stream.ssrc,
            0xBEDE,
            1,
            self.transport_cc << 4 | 1,
            self.transport_sequence,
            0,
            0,
            0,
        )
        head = 20
        view[head : head + len(payload)] = payload
        length[0] = head + len(payload)
        if protect_rtp(self.tx, buffer.pointer, length):
            return
        if kind == "video":
            if self.other is not None and self.other.sampled and self.other.offset is None:
                stream.recent[payload[-_MATCHED:]] = stream.sequence
            stream.sent_ns[stream.sequence] = time.time_ns()
        try:
            self.sock.sendto(view[: length[0]], self.remote)
        except OSError:
            return

    def send_video(self) -> None:
        frames = video_frames()
        payloads = frames[self.frame % len(frames)]
        self.frame += 1
        self.streams["video"].timestamp = (self.streams["video"].timestamp + 3000) & 0xFFFFFFFF
        last = len(payloads) - 1
        for index, payload in enumerate(payloads):
            self.send("video", payload, index == last)

    def send_audio(self) -> None:
        packets = audio_frames()
        stream = self.streams["audio"]
        stream.timestamp = (stream.timestamp + 960) & 0xFFFFFFFF
        self.send("audio", packets[self.audio % len(packets)], False)
        self.audio += 1

    async def report(self) -> None:
        """A sender report for each stream, as browsers send once a second."""
        ntp = time.time_ns() * (1 << 32) // 1_000_000_000 & 0xFFFFFFFFFFFFFFFF
        for stream in self.streams.values():
            await self.dtls._send_rtp(
                struct.pack("!BBHIQIII", 0x80, 200, 6, stream.ssrc, ntp, stream.timestamp, 0, 0)
            )


def busy_s() -> float:
    """What all cores together have worked, for anybody."""
    user, nice, system, _, _, irq, softirq = map(
        int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:8]
    )
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def cpu_s(pids: list[int]) -> float:
    """User and system time of processes, their ended threads included."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


async def pour(callers: list[Caller], seconds: float) -> None:
    """Send everybody's media for a while, spread over time as independent people are."""
    start_s = time.monotonic()
    due: list[tuple[float, int, str]] = []
    for index, caller in enumerate(callers):
        due.append((start_s + random.random() / FPS, index, "video"))
        due.append((start_s + random.random() / 50, index, "audio"))
        due.append((start_s + random.random(), index, "report"))
        caller.frame = 0
    heapify(due)
    end_s = start_s + seconds
    while (now_s := time.monotonic()) < end_s:
        while due[0][0] <= now_s:
            at_s, index, kind = due[0]
            caller = callers[index]
            if kind == "video":
                caller.send_video()
                heapreplace(due, (at_s + 1 / FPS, index, kind))
            elif kind == "audio":
                caller.send_audio()
                heapreplace(due, (at_s + 0.02, index, kind))
            else:
                await caller.report()
                heapreplace(due, (at_s + 1.0, index, kind))
        await asyncio.sleep(max(0.0, min(0.001, due[0][0] - time.monotonic())))


def _figures(callers: list[Caller]) -> dict[str, int]:
    return {
        "received": sum(one[0] for caller in callers for one in caller.received.values()),
        "missing": sum(one[3] for caller in callers for one in caller.received.values()),
    }


async def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Set up, warm up, measure."""
    video_frames()
    audio_frames()
    client = ControlClient(arguments.address, arguments.secret)
    buffer = PacketBuffer()
    callers: list[Caller] = []
    began_s, began_cpu = time.monotonic(), cpu_s(arguments.pid)
    for number in range(arguments.calls):
        session = f"{arguments.prefix}{number}"
        pair = [Caller(buffer), Caller(buffer)]
        await pair[0].join(client, session, "buyer", arguments.record)
        await pair[1].join(client, session, "host", arguments.record)
        pair[0].other, pair[1].other = pair[1], pair[0]
        callers += pair
    setup = {
        "setup_wall_ms": (time.monotonic() - began_s) * 1000 / arguments.calls,
        "setup_cpu_ms": (cpu_s(arguments.pid) - began_cpu) * 1000 / arguments.calls,
    }
    for index, caller in enumerate(callers):
        caller.take_over(sampled=index % max(1, len(callers) // _SAMPLED_LEGS) == 0)
    gc.collect()
    gc.freeze()
    async with asyncio.TaskGroup() as group:
        group.create_task(pour(callers, _WARM_S + arguments.seconds))
        await asyncio.sleep(_WARM_S)
        before = _figures(callers)
        for caller in callers:
            caller.delays_ns.clear()
        started_s, started_cpu = time.monotonic(), [cpu_s([pid]) for pid in arguments.pid]
        own, busy = time.process_time(), busy_s()
        await asyncio.sleep(arguments.seconds - 0.2)
        elapsed_s = time.monotonic() - started_s
        used = [cpu_s([pid]) - a for pid, a in zip(arguments.pid, started_cpu, strict=True)]
        after = _figures(callers)
        own, busy = time.process_time() - own, busy_s() - busy
    delays = sorted(one for caller in callers for one in caller.delays_ns if one > 0)
    expected = elapsed_s * len(callers) * 50
    answer = setup | {
        "calls": arguments.calls,
        "cpu_percent_per_call": [100 * one / elapsed_s / arguments.calls for one in used],
        "packets_per_s": (after["received"] - before["received"]) / elapsed_s,
        "audio_expected": expected,
        "missing": after["missing"] - before["missing"],
        "delay_p50_ms": statistics.median(delays) / 1e6 if delays else None,
        "delay_p99_ms": delays[int(len(delays) * 0.99)] / 1e6 if delays else None,
        "delays": len(delays),
        "foreign_percent": max(0.0, 100 * (busy - own - sum(used)) / elapsed_s),
        "load_cpu_percent": 100 * own / elapsed_s,
    }
    for number in range(arguments.calls):
        # aiortc's MediaRecorder may fail at its end; the figures are taken by then.
        with suppress(ControlError):
            await client.command(
                f"/sessions/{arguments.prefix}{number}/close", {"cause": "left"}, timeout_s=20
            )
    await client.close()
    return answer


def main() -> None:
    """Parse, run, print one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("secret_file")
    parser.add_argument("calls", type=int)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--prefix", default="ses_bench")
    parser.add_argument("--pid", type=int, action="append", default=[])
    arguments = parser.parse_args()
    arguments.secret = Path(arguments.secret_file).read_text().strip()
    answer = asyncio.run(run(arguments))
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
