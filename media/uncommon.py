"""The slower way of a leg's packets: whatever is not simply the next packet of a known stream.

RTCP, repetitions (RFC 4588), padding, contributing sources, streams not seen before,
the packet after a hole, late and repeated packets, and the beginning of feeds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from media.ingress import Ingress
from media.rtp import RtpHeader, parse_rtp
from media.srtp import MAX_PACKET, PacketBuffer, SrtpContext
from media.tap import Tap, pack_record
from media.twcc import FeedbackBuilder
from runtime.errors import PeerError

_MAX_LEARNED = 8
_MAX_REPLAY = 200

Opener = Callable[[Ingress, str], int]
"""Announces a track to the recorder when its first packet shows the codec; gives the handle."""


class Moment(NamedTuple):
    """When a datagram came: our two clocks, and the first as abs-send-time (24 bits)."""

    now_us: int
    wall_ns: int
    send_time: int


class UncommonPath:
    """What the fast path leaves; knows the streams of the leg."""

    def __init__(
        self,
        *,
        scratch: PacketBuffer,
        tap: Tap | None,
        on_rtcp: Callable[[bytes], None],
        open_track: Opener,
    ) -> None:
        self._scratch = scratch
        self._tap = tap
        self._on_rtcp = on_rtcp
        self._open_track = open_track
        self._repeats: dict[int, Ingress] = {}
        self._ingresses: list[Ingress] = []
        self._learned = 0
        self._mid_id = 0
        self.streams: dict[int, Ingress] = {}
        self.transport_cc_id = 0
        self.feedback = FeedbackBuilder()
        self.refused = 0

    def configure(self, ingresses: list[Ingress], mid_id: int, transport_cc_id: int) -> None:
        """What the offer says will come."""
        self._ingresses = ingresses
        self._mid_id = mid_id
        self.transport_cc_id = transport_cc_id
        for ingress in ingresses:
            if ingress.ssrc:
                self.streams[ingress.ssrc] = ingress
            if ingress.rtx_ssrc:
                self._repeats[ingress.rtx_ssrc] = ingress

    def use_tap(self, tap: Tap | None) -> None:
        """Hand copies here from now on."""
        self._tap = tap

    def find_transport_cc(
        self, stream: Ingress, window: memoryview, head: int, now_us: int
    ) -> None:
        """The number is not where it was in the packet before: look through the extensions."""
        wanted, position = self.transport_cc_id, 16
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

    def new_frame(
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

    def receive(self, packet: bytes, rx: SrtpContext, moment: Moment) -> None:
        """RTCP, repetitions, padding, contributing sources, streams not seen before."""
        if len(packet) < 8 or len(packet) > MAX_PACKET:
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
                self._uncommon_rtp(packet, parse_rtp(packet), moment)
        except PeerError:
            self.refused += 1

    def _expected(self, packet: bytes) -> bool:
        """Whether libsrtp may make a context for this SSRC: strangers are limited."""
        ssrc = int.from_bytes(packet[8:12], "big")
        if ssrc in self.streams or ssrc in self._repeats:
            return True
        return self._learned < _MAX_LEARNED

    def _uncommon_rtp(self, packet: bytes, header: RtpHeader, moment: Moment) -> None:
        number = header.extension(self.transport_cc_id) if self.transport_cc_id else None
        if number is not None and len(number) == 2:
            self.feedback.arrivals.append((number[0] << 8 | number[1], moment.now_us))
        payload = packet[header.payload_start : header.payload_end]
        second = (0x80 if header.marker else 0) | header.payload_type
        sequence = header.sequence
        stream = self.streams.get(header.ssrc)
        if stream is None:
            stream = self._repeats.get(header.ssrc) or self._learn(header, moment)
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
        self.out_of_turn(stream, sequence, header.timestamp, second, payload, moment)

    def _learn(self, header: RtpHeader, moment: Moment) -> Ingress:
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
            self.streams.pop(ingress.ssrc, None)
            # Viewers go on from where the old numbering stands.
            for out in ingress.outs[:]:
                out.pause(moment.now_us / 1e6)
            ingress.restart()
            ingress.ssrc = header.ssrc
            self.streams[header.ssrc] = ingress
            return ingress
        raise PeerError("RTP of an unknown stream")

    def out_of_turn(
        self,
        stream: Ingress,
        sequence: int,
        timestamp: int,
        second: int,
        payload: bytes,
        moment: Moment,
    ) -> None:
        """Anything but the next packet: the first, one after a hole, a late or a repeated one."""
        before = stream.highest
        position = stream.place(sequence, moment.now_us / 1e6)
        if position is None:
            return
        stream.octets += len(payload)
        stream.hold(sequence, timestamp, second, payload)
        newest = position >= stream.highest
        live = list(stream.outs)
        if newest and (timestamp != stream.last_timestamp or stream.announced):
            self.new_frame(stream, sequence, timestamp, second, payload, moment.now_us)
        elif not newest and stream.waiting and before - position < _MAX_REPLAY:
            self._late_keyframe(stream, position, timestamp, second, payload, moment)
        if self._tap is not None and stream.handle and payload:
            self._tap.parts.append(
                pack_record(
                    2,
                    second >> 7,
                    len(payload) + 6,
                    stream.handle,
                    moment.wall_ns,
                    sequence,
                    timestamp,
                )
            )
            self._tap.parts.append(payload)
            self._tap.wake()
        for out in live if not newest else stream.outs:
            out.send(sequence, timestamp, second, payload, moment.send_time)

    def _late_keyframe(
        self,
        stream: Ingress,
        position: int,
        timestamp: int,
        second: int,
        payload: bytes,
        moment: Moment,
    ) -> None:
        """A repetition brought the start of a keyframe: feeds begin there, in the past."""
        codec = stream.codec_of.get(second & 0x7F, "")
        if stream.kind != "video" or not stream.begins_keyframe(codec, payload):
            return
        for out in stream.waiting[:]:
            if not out.transmitter.ready or second not in out.second_of:
                continue
            out.begin(stream, position & 0xFFFF, timestamp, moment.now_us / 1e6)
            for number in range(position, stream.highest + 1):
                held = stream.held(number & 0xFFFF)
                if held is not None:
                    out.send(*held, moment.send_time)
