"""The fast path of a leg: from a readable socket to the other legs and the recorder.

Everything happens in one call, in one buffer, without a coroutine or a packet object:
receive, unprotect in place, note, write the other leg's header over the old one,
protect in place, send. What is rare takes the slower way in ``_uncommon``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from struct import Struct
from typing import TYPE_CHECKING

from media.egress import HEAD, HEAD_WITH_TIME, Egress
from media.endpoint import Address, UdpEndpoint
from media.ingress import Ingress
from media.rtp import RtpHeader, parse_rtp
from media.srtp import HEADROOM, MAX_PACKET, PacketBuffer, SrtpContext, protect_rtp, unprotect_rtp
from media.tap import Tap, pack_record
from media.twcc import FeedbackBuilder
from runtime.errors import PeerError

if TYPE_CHECKING:
    from runtime.clock import Clock

_READ = Struct("!BBHIIHH")
_DRAIN = 32
_MAX_LEARNED = 8
_MAX_REPLAY = 200

Opener = Callable[[Ingress, str], int]
"""Announces a track to the recorder when its first packet shows the codec; gives the handle."""


class FastPath:
    """The receiving side of one leg."""

    def __init__(
        self,
        *,
        clock: Clock,
        receive: PacketBuffer,
        scratch: PacketBuffer,
        tap: Tap | None,
        on_rtcp: Callable[[bytes], None],
        open_track: Opener,
    ) -> None:
        self._clock = clock
        self._receive = receive
        self._scratch = scratch
        self._tap = tap
        self._on_rtcp = on_rtcp
        self._open_track = open_track
        self._rx: SrtpContext | None = None
        self._endpoint: UdpEndpoint | None = None
        self._remote: Address | None = None
        self._streams: dict[int, Ingress] = {}
        self._repeats: dict[int, Ingress] = {}
        self._ingresses: list[Ingress] = []
        self._learned = 0
        self._mid_id = 0
        self._transport_cc_id = 0
        self.feedback = FeedbackBuilder()
        self.refused = 0
        self.strays = 0
        self.datagrams = 0
        self.packets = 0

    def configure(self, ingresses: list[Ingress], mid_id: int, transport_cc_id: int) -> None:
        """What the offer says will come."""
        self._ingresses = ingresses
        self._mid_id = mid_id
        self._transport_cc_id = transport_cc_id
        for ingress in ingresses:
            if ingress.ssrc:
                self._streams[ingress.ssrc] = ingress
            if ingress.rtx_ssrc:
                self._repeats[ingress.rtx_ssrc] = ingress

    def start(self, rx: SrtpContext) -> None:
        """The keys are there; packets flow once there is a path, too."""
        self._rx = rx
        self._take_over()

    def use_path(self, endpoint: UdpEndpoint, remote: Address) -> None:
        """Accept media from this pair only."""
        self._endpoint = endpoint
        self._remote = remote
        self._take_over()

    def stop(self) -> None:
        """Read nothing more; may be called twice."""
        self._rx = None
        self._endpoint = None

    def _take_over(self) -> None:
        if self._rx is not None and self._endpoint is not None:
            self._endpoint.read_with(self._readable)

    def _readable(self) -> None:
        endpoint, rx = self._endpoint, self._rx
        if endpoint is None or rx is None:
            return
        buffer = self._receive
        view, length = buffer.view, buffer.length
        window = view[HEADROOM : HEADROOM + MAX_PACKET]
        pointer = buffer.pointer + HEADROOM
        receive, remote, session = endpoint.sock.recvfrom_into, self._remote, rx.pointer
        streams, arrivals = self._streams, self.feedback.arrivals
        transport_cc = self._transport_cc_id
        tap = self._tap
        parts = tap.parts if tap is not None else []
        recorded = len(parts)
        now_us = time.monotonic_ns() // 1000
        wall_ns = self._clock.wall_ns()
        send_time = (now_us << 18) // 1_000_000 & 0xFFFFFF
        for _ in range(_DRAIN):
            try:
                size, address = receive(window)
            except OSError:
                break
            self.datagrams += 1
            first, second, sequence, timestamp, ssrc, profile, words = _READ.unpack_from(
                view, HEADROOM
            )
            if not 127 < first < 192:
                endpoint.hand_up(bytes(window[:size]), address)
                if self._rx is None:
                    break
                continue
            if address != remote and address[:2] != remote:
                self.strays += 1
                continue
            stream = None if 192 <= second < 224 else streams.get(ssrc)
            if stream is None or first & 0x2F or size < 16:
                self._uncommon(bytes(window[:size]), now_us, wall_ns, send_time)
                continue
            length[0] = size
            if unprotect_rtp(session, pointer, length):
                self.refused += 1
                continue
            size = length[0]
            head = 12
            if first & 0x10:
                head = 16 + 4 * words
                if head > size:
                    self.refused += 1
                    continue
                if transport_cc and profile == 0xBEDE:
                    at = stream.transport_cc_at
                    if at + 2 < head and window[at] == transport_cc << 4 | 1:
                        arrivals.append((window[at + 1] << 8 | window[at + 2], now_us))
                    else:
                        self._find_transport_cc(stream, window, head, now_us)
            if (sequence - stream.max_sequence) & 0xFFFF == 1 and stream.started:
                stream.max_sequence = sequence
                if sequence == 0:
                    stream.cycles += 0x10000
                stream.received += 1
            else:
                self._out_of_turn(
                    stream,
                    sequence,
                    timestamp,
                    second,
                    window[head:size].tobytes(),
                    now_us,
                    wall_ns,
                    send_time,
                )
                continue
            payload = window[head:size].tobytes()
            stream.octets += size - head
            stream.ring[sequence & 511] = (sequence, timestamp, second, payload)
            if timestamp != stream.last_timestamp:
                self._new_frame(stream, sequence, timestamp, second, payload, now_us)
            if stream.handle and payload:
                parts.append(
                    pack_record(
                        2,
                        second >> 7,
                        size - head + 6,
                        stream.handle,
                        wall_ns,
                        sequence,
                        timestamp,
                    )
                )
                parts.append(payload)
            intact = True
            for out in stream.outs:
                ours = out.second_of.get(second)
                way = out.transmitter
                if ours is None or way.session is None:
                    continue
                if not intact:
                    # The packet was encrypted in place for the viewer before.
                    window[head:size] = payload
                intact = False
                if out.time_prefix:
                    at = HEADROOM + head - 20
                    HEAD_WITH_TIME.pack_into(
                        view,
                        at,
                        0x90,
                        ours,
                        (sequence + out.sequence_offset) & 0xFFFF,
                        (timestamp + out.timestamp_offset) & 0xFFFFFFFF,
                        out.ssrc,
                        0xBEDE,
                        1,
                        out.time_prefix | send_time,
                    )
                else:
                    at = HEADROOM + head - 12
                    HEAD.pack_into(
                        view,
                        at,
                        0x80,
                        ours,
                        (sequence + out.sequence_offset) & 0xFFFF,
                        (timestamp + out.timestamp_offset) & 0xFFFFFFFF,
                        out.ssrc,
                    )
                length[0] = HEADROOM + size - at
                if protect_rtp(way.session, buffer.pointer + at, length):
                    way.dropped += 1
                    continue
                try:
                    way.sendto(view[at : at + length[0]], way.remote)
                except OSError:
                    way.dropped += 1
                    continue
                out.packets += 1
                out.octets += size - head
        if tap is not None and len(parts) != recorded:
            tap.wake()

    def _find_transport_cc(
        self, stream: Ingress, window: memoryview, head: int, now_us: int
    ) -> None:
        """The number is not where it was in the packet before: look through the extensions."""
        wanted, position = self._transport_cc_id, 16
        while position + 2 < head:
            mark = window[position]
            if mark == 0:
                position += 1
            elif mark >> 4 == wanted:
                stream.transport_cc_at = position
                number = window[position + 1] << 8 | window[position + 2]
                self.feedback.arrivals.append((number, now_us))
                return
            else:
                position += 2 + (mark & 0x0F)

    def _new_frame(
        self,
        stream: Ingress,
        sequence: int,
        timestamp: int,
        second: int,
        payload: bytes,
        now_us: int,
    ) -> None:
        """The first packet of a frame: statistics, and the place where feeds begin."""
        if not stream.new_frame(timestamp, second & 0x7F, payload, now_us):
            return
        if self._tap is not None:
            codec = stream.codec_of.get(second & 0x7F, "")
            if codec != stream.handle_codec:
                stream.handle = self._open_track(stream, codec)
                stream.handle_codec = codec
        for out in stream.waiting[:]:
            if out.transmitter.ready and second in out.second_of:
                out.begin(stream, sequence, timestamp, now_us / 1e6)

    def _uncommon(self, packet: bytes, now_us: int, wall_ns: int, send_time: int) -> None:
        """RTCP, repetitions, padding, contributing sources, streams not seen before."""
        rx = self._rx
        if rx is None or len(packet) < 8 or len(packet) > MAX_PACKET:
            self.refused += 1
            return
        rtcp = 192 <= packet[1] < 224
        if not rtcp and not self._expected(packet):
            self.refused += 1
            return
        clear = rx.unprotect(packet, self._scratch, rtcp=rtcp)
        if clear is None:
            self.refused += 1
            return
        packet = bytes(clear)
        try:
            if rtcp:
                self._on_rtcp(packet)
            else:
                self._uncommon_rtp(packet, parse_rtp(packet), now_us, wall_ns, send_time)
        except PeerError:
            self.refused += 1

    def _expected(self, packet: bytes) -> bool:
        """Whether libsrtp may make a context for this SSRC: strangers are limited."""
        ssrc = int.from_bytes(packet[8:12], "big")
        if ssrc in self._streams or ssrc in self._repeats:
            return True
        return self._learned < _MAX_LEARNED

    def _uncommon_rtp(
        self, packet: bytes, header: RtpHeader, now_us: int, wall_ns: int, send_time: int
    ) -> None:
        number = header.extension(self._transport_cc_id) if self._transport_cc_id else None
        if number is not None and len(number) == 2:
            self.feedback.arrivals.append((number[0] << 8 | number[1], now_us))
        payload = packet[header.payload_start : header.payload_end]
        second = (0x80 if header.marker else 0) | header.payload_type
        sequence = header.sequence
        stream = self._streams.get(header.ssrc)
        if stream is None:
            stream = self._repeats.get(header.ssrc) or self._learn(header)
            original = stream.rtx_of.get(header.payload_type)
            if original is not None:
                if len(payload) <= 2:
                    # A probe without content: it has done its work in the feedback.
                    return
                sequence = payload[0] << 8 | payload[1]
                payload = payload[2:]
                second = (second & 0x80) | original
                if not stream.started:
                    return
        self._out_of_turn(
            stream, sequence, header.timestamp, second, payload, now_us, wall_ns, send_time
        )

    def _learn(self, header: RtpHeader) -> Ingress:
        """Whose stream a new SSRC is: by its mid, else by the only payload type that fits.

        Raises:
            PeerError: nothing fits; the packet is dropped.
        """
        self._learned += 1
        mid = header.extension(self._mid_id) if self._mid_id else None
        for ingress in self._ingresses:
            known = header.payload_type in ingress.codec_of
            repeat = header.payload_type in ingress.rtx_of
            if not known and not repeat:
                continue
            if mid is not None and mid != ingress.mid.encode():
                continue
            # A stream that the offer named is moved only by a packet that says its mid.
            if mid is None and (ingress.rtx_ssrc if repeat else ingress.ssrc):
                continue
            if repeat:
                self._repeats[header.ssrc] = ingress
                ingress.rtx_ssrc = header.ssrc
                return ingress
            self._streams.pop(ingress.ssrc, None)
            ingress.restart()
            ingress.ssrc = header.ssrc
            self._streams[header.ssrc] = ingress
            for out in ingress.outs[:]:
                out.pause(self._clock.monotonic_s())
            return ingress
        raise PeerError("RTP of an unknown stream")

    def _out_of_turn(
        self,
        stream: Ingress,
        sequence: int,
        timestamp: int,
        second: int,
        payload: bytes,
        now_us: int,
        wall_ns: int,
        send_time: int,
    ) -> None:
        """Anything but the next packet: the first, one after a hole, a late or a repeated one."""
        before = stream.highest
        position = stream.place(sequence, now_us / 1e6)
        if position is None:
            return
        stream.octets += len(payload)
        stream.hold(sequence, timestamp, second, payload)
        newest = position >= stream.highest
        live = list(stream.outs)
        if newest and timestamp != stream.last_timestamp:
            self._new_frame(stream, sequence, timestamp, second, payload, now_us)
        elif not newest and stream.waiting and before - position < _MAX_REPLAY:
            self._late_keyframe(stream, position, timestamp, second, payload, now_us, send_time)
        if self._tap is not None and stream.handle and payload:
            self._tap.parts.append(
                pack_record(
                    2,
                    second >> 7,
                    len(payload) + 6,
                    stream.handle,
                    wall_ns,
                    sequence,
                    timestamp,
                )
            )
            self._tap.parts.append(payload)
            self._tap.wake()
        for out in live if not newest else stream.outs:
            self._send(out, sequence, timestamp, second, payload, send_time)

    def _late_keyframe(
        self,
        stream: Ingress,
        position: int,
        timestamp: int,
        second: int,
        payload: bytes,
        now_us: int,
        send_time: int,
    ) -> None:
        """A repetition brought the start of a keyframe: feeds begin there, in the past."""
        codec = stream.codec_of.get(second & 0x7F, "")
        if stream.kind != "video" or not stream.begins_keyframe(codec, payload):
            return
        for out in stream.waiting[:]:
            if not out.transmitter.ready or second not in out.second_of:
                continue
            out.begin(stream, position & 0xFFFF, timestamp, now_us / 1e6)
            for number in range(position, stream.highest + 1):
                held = stream.held(number & 0xFFFF)
                if held is not None:
                    self._send(out, *held, send_time)

    def _send(
        self,
        out: Egress,
        sequence: int,
        timestamp: int,
        second: int,
        payload: bytes,
        send_time: int,
    ) -> None:
        header = out.header(sequence, timestamp, second, send_time)
        if header is not None and out.transmitter.send(header + payload, rtcp=False):
            out.packets += 1
            out.octets += len(payload)
