"""One peer: its link, its streams, its fast path and its RTCP, from offer to close."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import structlog

from media.adaptation import Adaptation, Advice
from media.addresses import NetworkPolicy
from media.egress import Egress
from media.endpoint import Address, UdpEndpoint
from media.feedback import Feedback
from media.hooks import PeerLink
from media.ingress import Ingress
from media.negotiation import MediaLine, with_start_bitrate
from media.path import FastPath
from media.pulse import Beat, Pulse
from media.room import Role
from media.rtp import ABS_SEND_TIME_URI, MID_URI, TRANSPORT_CC_URI
from media.srtp import PacketBuffer, SrtpContext
from media.tap import Tap
from media.transmit import Transmitter
from runtime.clock import Clock
from runtime.ids import new_id
from runtime.tap import TrackOpened

log = structlog.get_logger()

_GIVE_UP_AFTER_S = 30.0
_CONNECT_WITHIN_S = 30.0


class LegState(StrEnum):
    """Where a peer stands."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    LOST = "lost"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class LegIdentity:
    """Whose peer it is."""

    session_id: str
    participant_id: str
    peer_id: str
    role: Role
    recorded: bool
    camera_id: str | None = None
    """Of a bench camera, which stays itself while sessions come and go."""


class LegOwner(Protocol):
    """What a leg tells its session; none of these may raise or wait."""

    def leg_connected(self, leg: Leg) -> None:
        """Media can flow."""

    def leg_lost(self, leg: Leg) -> None:
        """No packet for 1.3 s."""

    def leg_recovered(self, leg: Leg) -> None:
        """Packets come again."""

    def leg_gone(self, leg: Leg, cause: str) -> None:
        """It is over and must be closed."""

    def leg_advised(self, leg: Leg) -> None:
        """What its sender is asked for has changed."""


class Leg:
    """One peer connection of one participant."""

    def __init__(
        self,
        identity: LegIdentity,
        *,
        owner: LegOwner,
        clock: Clock,
        policy: NetworkPolicy,
        receive: PacketBuffer,
        scratch: PacketBuffer,
        tap: Tap | None,
        order: int,
    ) -> None:
        self.identity = identity
        self.order = order
        self.state = LegState.CONNECTING
        self.setup_ms = 0
        self.ingresses: list[Ingress] = []
        self.egresses: dict[str, Egress] = {}
        self.video_codecs: frozenset[str] = frozenset()
        self._owner = owner
        self._clock = clock
        self._tap = tap if identity.recorded else None
        self._link = PeerLink(self, policy)
        self.transmitter = Transmitter(scratch)
        self.path = FastPath(
            clock=clock,
            receive=receive,
            scratch=scratch,
            tap=self._tap,
            on_rtcp=self._on_rtcp,
            open_track=self._open_track,
            on_moved=self.on_path,
        )
        self.adaptation = Adaptation(self.transmitter, self._advised)
        self.feedback = Feedback(
            clock=clock,
            transmitter=self.transmitter,
            arrivals=self.path.feedback,
            adaptation=self.adaptation,
            tap=self._tap,
        )
        self._created_s = clock.monotonic_s()
        self._pulse = Pulse(self._created_s)

    @property
    def connected(self) -> bool:
        """Whether media flows, or would if the peer were not silent."""
        return self.state in (LegState.CONNECTED, LegState.LOST)

    async def open(self, offer: str, preferred: list[str], start_bps: int | None = None) -> str:
        """Answer the offer and make the streams.

        ``start_bps`` is what a check has found the uplink to carry.

        Raises:
            CaseError: ``bad_offer`` (422).
        """
        answer, lines = await self._link.answer(
            offer, preferred, publishes_only=self.identity.role is Role.BENCH
        )
        if start_bps is not None:
            self.adaptation.start_at(start_bps)
            answer = with_start_bitrate(answer, start_bps)
        for line in lines:
            self._add_line(line)
        first = lines[0]
        self.path.configure(
            self.ingresses,
            first.extension_id(MID_URI),
            next(
                (
                    found
                    for line in lines
                    if line.sends and (found := line.extension_id(TRANSPORT_CC_URI))
                ),
                0,
            ),
        )
        self.feedback.configure(self.ingresses, self.egresses)
        return answer

    def _add_line(self, line: MediaLine) -> None:
        codecs = {codec.payload_type: codec.name for codec in line.codecs}
        clock_rate = line.codecs[0].clock_rate
        if line.sends:
            ingress = Ingress(
                owner=self.feedback,
                participant_id=self.identity.participant_id,
                track_id=new_id("trk"),
                mid=line.mid,
                kind=line.kind,
                clock_rate=clock_rate,
                codec_of=codecs,
                rtx_of={
                    codec.rtx: codec.payload_type for codec in line.codecs if codec.rtx is not None
                },
            )
            ingress.ssrc = line.remote_ssrc or 0
            ingress.rtx_ssrc = line.remote_rtx_ssrc or 0
            self.ingresses.append(ingress)
        if line.receives:
            self.egresses[line.mid] = Egress(
                owner=self.feedback,
                mid=line.mid,
                kind=line.kind,
                clock_rate=clock_rate,
                ssrc=line.local_ssrc,
                rtx_ssrc=line.local_rtx_ssrc,
                payload_type_of={codec.name: codec.payload_type for codec in line.codecs},
                rtx_of={
                    codec.payload_type: codec.rtx for codec in line.codecs if codec.rtx is not None
                },
                send_time_id=line.extension_id(ABS_SEND_TIME_URI),
                # Far from the wrap-around: a viewer who misses the first packets would
                # otherwise guess a wrong SRTP rollover counter (RFC 3711, 3.3.1).
                first_sequence=secrets.randbelow(1 << 14),
                first_timestamp=secrets.randbits(32),
                transmitter=self.transmitter,
            )
            if line.kind == "video":
                self.video_codecs |= set(codecs.values())

    def move(self, identity: LegIdentity, owner: LegOwner, tap: Tap | None) -> None:
        """Belong to another session from now on: viewers and recording of the old one end.

        The new recording begins at the next keyframe, which is asked for.
        """
        self._end_tracks("left")
        self.identity = identity
        self._owner = owner
        self._tap = tap if identity.recorded else None
        self.path.use_tap(self._tap)
        self.feedback.use_tap(self._tap)
        for ingress in self.ingresses:
            ingress.participant_id = identity.participant_id
            ingress.track_id = new_id("trk")
            if ingress.kind == "video" and self.connected:
                self.feedback.request_keyframe(ingress)

    async def add_candidate(self, text: str) -> None:
        """Take a trickled candidate.

        Raises:
            PeerError: it is malformed.
        """
        await self._link.add_candidate(text)

    async def close(self, cause: str) -> None:
        """End the tracks, then the link; may be called twice."""
        if self.state is LegState.CLOSED:
            return
        self.state = LegState.CLOSED
        self._end_tracks(cause)
        self.path.stop()
        await self._link.close()
        self.transmitter.stop()

    def _end_tracks(self, cause: str) -> None:
        now_s, wall_ns = self._clock.monotonic_s(), self._clock.wall_ns()
        for out in self.egresses.values():
            out.bind(None, now_s)
        for ingress in self.ingresses:
            for out in [*ingress.outs, *ingress.waiting, *ingress.thinned]:
                out.bind(None, now_s)
            if self._tap is not None and ingress.handle:
                self._tap.end_track(ingress.handle, wall_ns, cause)
            ingress.handle, ingress.handle_codec = 0, ""

    # What the link says.

    def on_keys(self, rx: SrtpContext, tx: SrtpContext) -> None:
        """SRTP may flow."""
        self.transmitter.use_keys(tx)
        self.path.start(rx)
        self._maybe_connected()

    def on_path(self, endpoint: UdpEndpoint, remote: Address) -> None:
        """A pair was nominated, or packets come on another that was checked."""
        self.path.use_path(endpoint, remote)
        self.transmitter.use_path(endpoint.sock, remote)
        self.adaptation.path_changed()
        self._maybe_connected()

    def on_early(self, packet: bytes) -> None:
        """Media came to a socket that was not read by the path yet."""
        self.path.take(packet)

    def on_gone(self, cause: str) -> None:
        """The link ended by itself."""
        if self.state is not LegState.CLOSED:
            self._owner.leg_gone(self, cause)

    def _maybe_connected(self) -> None:
        if self.state is not LegState.CONNECTING or not self.transmitter.ready:
            return
        self.state = LegState.CONNECTED
        now_s = self._clock.monotonic_s()
        self.setup_ms = int((now_s - self._created_s) * 1000)
        self._pulse = Pulse(now_s)
        self._owner.leg_connected(self)

    def _advised(self, _: Advice) -> None:
        self._owner.leg_advised(self)

    # What the path says.

    def _on_rtcp(self, packet: bytes) -> None:
        self.feedback.on_rtcp(packet)

    def _open_track(self, ingress: Ingress, codec: str) -> int:
        # Nobody hears a bench camera's microphone, so nobody's words are kept by it either.
        unheard = self.identity.role is Role.BENCH and ingress.kind == "audio"
        if self._tap is None or unheard:
            return 0
        wall_ns = self._clock.wall_ns()
        if ingress.handle:
            self._tap.end_track(ingress.handle, wall_ns, "codec_changed")
        return self._tap.open_track(
            TrackOpened(
                handle=0,
                wall_ns=wall_ns,
                session_id=self.identity.session_id,
                participant_id=self.identity.participant_id,
                peer_id=self.identity.peer_id,
                track_id=ingress.track_id,
                kind=ingress.kind,
                codec=codec,
                clock_rate=ingress.clock_rate,
            )
        )

    # Timers.

    def tick(self, now_s: float) -> None:
        """Every 50 ms."""
        if self.state is LegState.CLOSED:
            return
        if self.state is LegState.CONNECTING:
            if now_s - self._created_s > _CONNECT_WITHIN_S:
                self._owner.leg_gone(self, "failed")
            return
        # Before the rates are judged: an outage is no sign of them.
        self._watch(now_s)
        self.feedback.tick(now_s)
        self.adaptation.tick(now_s)

    def tick_slow(self, now_s: float) -> None:
        """Every second."""
        if self.connected:
            self.feedback.tick_slow(now_s)

    def _watch(self, now_s: float) -> None:
        media = sum(ingress.received for ingress in self.ingresses)
        match self._pulse.look(now_s, self.path.datagrams, media):
            case Beat.HEALED:
                self.feedback.after_outage(now_s)
            case Beat.LOST:
                self.state = LegState.LOST
                self._owner.leg_lost(self)
            case Beat.BACK:
                self.state = LegState.CONNECTED
                self.feedback.after_outage(now_s)
                self._owner.leg_recovered(self)
        if self.state is LegState.LOST and self._pulse.silent_s(now_s) > _GIVE_UP_AFTER_S:
            self._owner.leg_gone(self, "lost")
