"""The fast path of a leg: from a readable socket to the other legs and the recorder.

Everything happens in one call, in one buffer, without a coroutine or a packet object:
receive, unprotect in place, note, write the other leg's header over the old one,
protect in place, send. What is rare takes the slower way in ``uncommon.py``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from struct import Struct

from media.egress import HEAD, HEAD_WITH_TIME
from media.endpoint import Address, UdpEndpoint
from media.ingress import Ingress
from media.srtp import HEADROOM, MAX_PACKET, PacketBuffer, SrtpContext, protect_rtp, unprotect_rtp
from media.tap import Tap, pack_record
from media.twcc import FeedbackBuilder
from media.uncommon import Moment, Opener, UncommonPath
from runtime.clock import Clock

_READ = Struct("!BBHIIHH")
_DRAIN = 32


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
        on_moved: Callable[[UdpEndpoint, Address], None],
    ) -> None:
        self._clock = clock
        self._receive = receive
        self._tap = tap
        self._on_moved = on_moved
        self._uncommon = UncommonPath(
            scratch=scratch, tap=tap, on_rtcp=on_rtcp, open_track=open_track
        )
        self._rx: SrtpContext | None = None
        self._endpoint: UdpEndpoint | None = None
        self._remote: Address | None = None
        self._refused = 0
        self.strays = 0
        self.datagrams = 0

    @property
    def feedback(self) -> FeedbackBuilder:
        """Where arrivals for the transport-wide feedback gather."""
        return self._uncommon.feedback

    @property
    def refused(self) -> int:
        """Packets that were forged, repeated, malformed or of no known stream."""
        return self._refused + self._uncommon.refused

    def configure(self, ingresses: list[Ingress], mid_id: int, transport_cc_id: int) -> None:
        """What the offer says will come."""
        self._uncommon.configure(ingresses, mid_id, transport_cc_id)

    def use_tap(self, tap: Tap | None) -> None:
        """Hand copies to this recorder's socket from now on, or to none."""
        self._tap = tap
        self._uncommon.use_tap(tap)

    def start(self, rx: SrtpContext) -> None:
        """The keys are there; packets flow once there is a path, too."""
        self._rx = rx
        self._take_over()

    def use_path(self, endpoint: UdpEndpoint, remote: Address) -> None:
        """Media comes from this pair; from another that was checked, the path moves there."""
        self._endpoint = endpoint
        self._remote = remote
        self._take_over()

    def take(self, packet: bytes) -> None:
        """Media that somebody else has read from a socket, before it was ours."""
        if self._rx is not None:
            self.datagrams += 1
            self._uncommon.receive(packet, self._rx, self._moment())

    def stop(self) -> None:
        """Read nothing more; may be called twice."""
        self._rx = None
        self._endpoint = None

    def _take_over(self) -> None:
        if self._rx is not None and self._endpoint is not None:
            self._endpoint.read_with(partial(self._readable, self._endpoint))

    def _moment(self) -> Moment:
        now_us = time.monotonic_ns() // 1000
        return Moment(now_us, self._clock.wall_ns(), (now_us << 18) // 1_000_000 & 0xFFFFFF)

    def _readable(self, endpoint: UdpEndpoint) -> None:
        rx = self._rx
        if rx is None:
            return
        buffer = self._receive
        view, length = buffer.view, buffer.length
        window = view[HEADROOM : HEADROOM + MAX_PACKET]
        pointer = buffer.pointer + HEADROOM
        receive, session = endpoint.sock.recvfrom_into, rx.pointer
        remote = self._remote if endpoint is self._endpoint else None
        uncommon = self._uncommon
        streams, arrivals = uncommon.streams, uncommon.feedback.arrivals
        transport_cc = uncommon.transport_cc_id
        tap = self._tap
        parts = tap.parts if tap is not None else []
        recorded = len(parts)
        moment = self._moment()
        now_us, wall_ns, send_time = moment
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
                if not endpoint.is_checked(address):
                    self.strays += 1
                    continue
                remote = (address[0], address[1])
                self._on_moved(endpoint, remote)
            stream = None if 192 <= second < 224 else streams.get(ssrc)
            if stream is None or first & 0x2F or size < 16:
                uncommon.receive(bytes(window[:size]), rx, moment)
                continue
            length[0] = size
            if unprotect_rtp(session, pointer, length):
                self._refused += 1
                continue
            size = length[0]
            head = 12
            if first & 0x10:
                head = 16 + 4 * words
                if head > size:
                    self._refused += 1
                    continue
                if transport_cc and profile == 0xBEDE:
                    at = stream.transport_cc_at
                    if at + 2 < head and window[at] == transport_cc << 4 | 1:
                        arrivals.append((window[at + 1] << 8 | window[at + 2], now_us))
                    else:
                        uncommon.find_transport_cc(stream, window, head, now_us)
            if (sequence - stream.max_sequence) & 0xFFFF == 1 and stream.started:
                stream.max_sequence = sequence
                if sequence == 0:
                    stream.cycles += 0x10000
                stream.received += 1
            else:
                uncommon.out_of_turn(
                    stream,
                    sequence,
                    timestamp,
                    second,
                    window[head:size].tobytes(),
                    moment,
                )
                continue
            payload = window[head:size].tobytes()
            stream.octets += size - head
            stream.ring[sequence & 511] = (sequence, timestamp, second, payload)
            if timestamp != stream.last_timestamp or stream.announced:
                uncommon.new_frame(stream, sequence, timestamp, second, payload, now_us)
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
