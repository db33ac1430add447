"""The RTCP of one leg: what the peer reports and asks, what we report and ask, and when."""

from __future__ import annotations

import time
from collections.abc import Mapping

import structlog

from media.adaptation import Adaptation
from media.egress import Egress
from media.ingress import Ingress
from media.rtcp import (
    KeyframeRequest,
    Nack,
    ReceiverInfo,
    Remb,
    ReportBlock,
    SenderInfo,
    build_nack,
    build_pli,
    build_receiver_report,
    build_sender_report,
    parse_rtcp,
)
from media.tap import Tap
from media.transmit import Transmitter
from media.twcc import FeedbackBuilder
from runtime.clock import Clock

log = structlog.get_logger()

_CNAME = "proofcall"
_KEYFRAME_PAUSE_S = 0.3
_KEYFRAME_AGAIN_S = 0.5
_KEYFRAME_EVERY_S = 10.0
_KEYFRAME_MIN_BPS = 200_000
_STALL_TICKS = 24
_OUTAGE_KEYFRAME_S = 5.0
_KEYFRAME_PAUSE_MAX_S = 3.0
_KEYFRAME_BYTES = 30_000
_LEAST_VIDEO_BPS = 60_000.0
_FIRST_VIDEO_BPS = 800_000.0
_MAX_REPORTS = 64


class _Watch:
    """What the ticks remember of one ingress."""

    __slots__ = (
        "asked_s",
        "bitrate_bps",
        "idle_ticks",
        "keyframes_asked",
        "loss",
        "octets",
        "outage_s",
        "peak_bps",
        "received",
    )

    def __init__(self) -> None:
        self.asked_s = -1e9
        self.outage_s = -1e9
        self.received = 0
        self.idle_ticks = 0
        self.keyframes_asked = 0
        self.octets = 0
        self.bitrate_bps = 0.0
        self.peak_bps = 0.0
        self.loss = 0.0


class Feedback:
    """Owner of a leg's streams as far as RTCP goes."""

    def __init__(
        self,
        *,
        clock: Clock,
        transmitter: Transmitter,
        arrivals: FeedbackBuilder,
        adaptation: Adaptation,
        tap: Tap | None,
    ) -> None:
        self._clock = clock
        self._transmitter = transmitter
        self._arrivals = arrivals
        self._adaptation = adaptation
        self._tap = tap
        self._outs: dict[int, Egress] = {}
        self._ingresses: list[Ingress] = []
        self._watches: dict[Ingress, _Watch] = {}
        self._sent_reports: dict[int, float] = {}
        self._octets_before: dict[Egress, int] = {}
        self._ssrc = 1
        self._ticks = 0
        self._slow_at_s: float | None = None
        self._frames_before: int | None = None
        self.framerate: float | None = None
        self.rtt_s = 0.0
        self.nacks_received = 0
        self.keyframe_requests_received = 0
        self.repeated = 0

    def configure(self, ingresses: list[Ingress], egresses: Mapping[str, Egress]) -> None:
        """The streams of this leg."""
        self._ingresses = ingresses
        self._watches = {ingress: _Watch() for ingress in ingresses}
        self._outs = {out.ssrc: out for out in egresses.values()}
        # The m-line both sides send on has our first SSRC; any of ours will do.
        self._ssrc = next(iter(self._outs), 1)
        self._adaptation.configure(ingresses, egresses, self._ssrc)

    def use_tap(self, tap: Tap | None) -> None:
        """Tell this recorder of the sender's clock from now on, or none."""
        self._tap = tap

    # What the peer says.

    def on_rtcp(self, packet: bytes) -> None:
        """Act on one decrypted compound packet.

        Raises:
            PeerError: it is malformed; nothing of it was used.
        """
        now_s = time.monotonic()
        for message in parse_rtcp(packet):
            match message:
                case SenderInfo():
                    self._on_sender_report(message)
                    self._on_blocks(message.blocks, now_s)
                case ReceiverInfo():
                    self._on_blocks(message.blocks, now_s)
                case Nack():
                    self._on_nack(message, now_s)
                case KeyframeRequest():
                    self._on_keyframe_request(message)
                case Remb():
                    # Browsers list every stream they receive: it is of the whole downlink.
                    self._adaptation.on_remb(message.bitrate_bps, now_s)

    def _on_sender_report(self, report: SenderInfo) -> None:
        ingress = next((one for one in self._ingresses if one.ssrc == report.ssrc), None)
        if ingress is None:
            return
        ingress.sender_report(report.ntp, report.rtp_timestamp, time.monotonic_ns() // 1000)
        if self._tap is not None and ingress.handle:
            self._tap.sender_report(
                ingress.handle, self._clock.wall_ns(), report.ntp, report.rtp_timestamp
            )
        for out in ingress.outs:
            out.owner.forward_report(out, report.ntp, report.rtp_timestamp)

    def _on_blocks(self, blocks: tuple[ReportBlock, ...], now_s: float) -> None:
        for block in blocks:
            out = self._outs.get(block.ssrc)
            if out is None:
                continue
            sent_s = self._sent_reports.get(block.last_report)
            if sent_s is not None and block.last_report:
                self.rtt_s = min(5.0, max(0.0, now_s - sent_s - block.delay / 65_536))
                self._adaptation.on_round_trip(self.rtt_s, now_s)
            self._adaptation.on_loss(out, block.fraction_lost / 256, block.highest_sequence, now_s)

    def _on_nack(self, nack: Nack, now_s: float) -> None:
        out = self._outs.get(nack.media_ssrc)
        if out is None or out.source is None or not (out.live or out.still):
            return
        self.nacks_received += len(nack.sequences)
        source = out.source
        send_time = int(now_s * 262_144) & 0xFFFFFF
        for ours in nack.sequences:
            held = (
                out.still.held(ours)
                if out.still is not None
                else source.held((ours - out.sequence_offset) & 0xFFFF)
            )
            if held is None:
                continue
            sequence, timestamp, second, payload = held
            if not out.gate.allows(ours, len(payload), now_s, self.rtt_s, out.rate_bps):
                continue
            header = out.repetition(sequence, timestamp, second, send_time)
            if header is not None and self._transmitter.send(header + payload, rtcp=False):
                self.repeated += 1

    def _on_keyframe_request(self, request: KeyframeRequest) -> None:
        out = self._outs.get(request.media_ssrc)
        if out is None or out.source is None:
            return
        self.keyframe_requests_received += 1
        if out.still is not None:
            # The next still is a keyframe anyhow.
            return
        out.source.owner.request_keyframe(out.source)

    # What we say.

    def forward_report(self, out: Egress, ntp: int, rtp_timestamp: int) -> None:
        """A sender report of the source, in the numbers of this viewer: keeps lips in step."""
        if len(self._sent_reports) >= _MAX_REPORTS:
            self._sent_reports.clear()
        out.reported = True
        self._sent_reports[(ntp >> 16) & 0xFFFFFFFF] = time.monotonic()
        ours = (rtp_timestamp + out.timestamp_offset) & 0xFFFFFFFF
        report = SenderInfo(out.ssrc, ntp, ours, out.packets, out.octets, ())
        self._transmitter.send(build_sender_report(report, _CNAME), rtcp=True)

    def request_keyframe(self, ingress: Ingress) -> None:
        """Ask the sender for a keyframe as soon as the throttle allows; a wish is kept."""
        ingress.key_wanted = True
        self._ask_for_keyframe(ingress, time.monotonic())

    def update_cap(self, ingress: Ingress, now_s: float) -> None:
        """Tell the sender at once when a cap begins to bite; the ticks do the rest."""
        self._adaptation.update_cap(ingress, now_s)

    def _ask_for_keyframe(self, ingress: Ingress, now_s: float) -> None:
        watch = self._watches[ingress]
        if not ingress.started or now_s - watch.asked_s < self._keyframe_pause_s(ingress, watch):
            return
        ingress.key_wanted = False
        watch.asked_s = now_s
        watch.keyframes_asked += 1
        self._transmitter.send(build_pli(self._ssrc, ingress.ssrc), rtcp=True)

    def _keyframe_pause_s(self, ingress: Ingress, watch: _Watch) -> float:
        """How long a keyframe takes to come: asking before would only make it later."""
        rate_bps = max(_LEAST_VIDEO_BPS, watch.peak_bps) if watch.peak_bps else _FIRST_VIDEO_BPS
        # A keyframe of a better time was larger than one at today's rate will be.
        size_bytes = min(ingress.key_bytes or _KEYFRAME_BYTES, _KEYFRAME_BYTES)
        takes_s = self.rtt_s + size_bytes * 8 / rate_bps
        return min(_KEYFRAME_PAUSE_MAX_S, max(_KEYFRAME_PAUSE_S, takes_s))

    # Timers.

    def tick(self, now_s: float) -> None:
        """Every 50 ms: repairs, keyframes; every second tick the transport feedback."""
        self._ticks += 1
        for ingress in self._ingresses:
            watch = self._watches[ingress]
            self._watch_for_stall(ingress, watch)
            self._introduce(ingress)
            if not ingress.started:
                continue
            wanted, given_up = ingress.nacks.due(now_s, self.rtt_s)
            if wanted:
                self._transmitter.send(
                    build_nack(self._ssrc, ingress.ssrc, [one & 0xFFFF for one in wanted]),
                    rtcp=True,
                )
            if ingress.kind != "video":
                continue
            again = now_s - watch.asked_s >= max(_KEYFRAME_AGAIN_S, 1.5 * self.rtt_s)
            awaited = ingress.awaited or self._broken(ingress, watch, now_s)
            if given_up or ingress.key_wanted or (again and awaited):
                ingress.key_wanted = True
                self._ask_for_keyframe(ingress, now_s)
        if self._ticks & 1 and self._arrivals.arrivals:
            media_ssrc = next((one.ssrc for one in self._ingresses if one.started), 0)
            packet = self._arrivals.build(self._ssrc, media_ssrc)
            if packet is not None:
                self._transmitter.send(packet, rtcp=True)

    @staticmethod
    def _introduce(ingress: Ingress) -> None:
        """A feed has begun: the sender's last clock mapping still holds, the next may take 5 s."""
        if ingress.last_sender is None:
            return
        for out in ingress.outs:
            if not out.reported:
                out.owner.forward_report(out, *ingress.last_sender)

    def after_outage(self, now_s: float) -> None:
        """Packets come again: what was lost is beyond repair, and keyframes are asked for at once,
        of this peer and of whoever feeds it."""
        self._adaptation.after_outage()
        for ingress in self._ingresses:
            # Sound of so long ago would only be in the way as well.
            ingress.nacks.reset()
            if ingress.kind == "video" and ingress.started:
                self._watches[ingress].outage_s = now_s
                self.request_keyframe(ingress)
        for out in self._outs.values():
            source = out.source
            if out.kind == "video" and source is not None and out.live:
                out.gate.forget_before((source.max_sequence + out.sequence_offset) & 0xFFFF, now_s)
                source.owner.request_keyframe(source)

    @staticmethod
    def _watch_for_stall(ingress: Ingress, watch: _Watch) -> None:
        """The picture alone stood still, and what came next shows a hole: too old to repair."""
        if ingress.received == watch.received:
            watch.idle_ticks += 1
            return
        if watch.idle_ticks >= _STALL_TICKS and len(ingress.nacks):
            ingress.nacks.reset()
            ingress.key_wanted = True
        watch.received = ingress.received
        watch.idle_ticks = 0

    @staticmethod
    def _broken(ingress: Ingress, watch: _Watch, now_s: float) -> bool:
        """Whether no keyframe has come since an outage: the request may have been lost, too."""
        return (
            now_s - watch.outage_s < _OUTAGE_KEYFRAME_S
            and ingress.key_at_us < watch.outage_s * 1_000_000
        )

    def tick_slow(self, now_s: float) -> None:
        """Every second: receiver reports, rates, the recording's own keyframe."""
        elapsed_s = now_s - self._slow_at_s if self._slow_at_s is not None else 0.0
        self._slow_at_s = now_s
        now_us = time.monotonic_ns() // 1000
        blocks = []
        for ingress in self._ingresses:
            watch = self._watches[ingress]
            block = ingress.report(now_us)
            if block is not None:
                watch.loss = block.fraction_lost / 256
                blocks.append(block)
            if elapsed_s > 0:
                watch.bitrate_bps = (ingress.octets - watch.octets) * 8 / elapsed_s
                # An outage is no reason to wait longer for the keyframe after it.
                watch.peak_bps = max(watch.bitrate_bps, 0.8 * watch.peak_bps)
            watch.octets = ingress.octets
            if self._recording_wants_keyframe(ingress, watch, now_s, now_us):
                self.request_keyframe(ingress)
        self._count_frames(elapsed_s)
        if blocks:
            self._transmitter.send(build_receiver_report(self._ssrc, blocks, _CNAME), rtcp=True)
        for out in self._outs.values():
            before = self._octets_before.get(out, out.octets)
            self._octets_before[out] = out.octets
            if elapsed_s > 0:
                out.rate_bps = (out.octets - before) * 8 / elapsed_s

    def _count_frames(self, elapsed_s: float) -> None:
        videos = [one for one in self._ingresses if one.kind == "video" and one.started]
        frames = sum(one.frames for one in videos)
        before, self._frames_before = self._frames_before, frames if videos else None
        if before is None or elapsed_s <= 0 or frames < before:
            self.framerate = None
            return
        now = (frames - before) / elapsed_s
        self.framerate = now if self.framerate is None else (self.framerate + now) / 2

    def _recording_wants_keyframe(
        self, ingress: Ingress, watch: _Watch, now_s: float, now_us: int
    ) -> bool:
        if ingress.kind != "video" or self._tap is None or not ingress.started:
            return False
        old = now_us - ingress.key_at_us > _KEYFRAME_EVERY_S * 1_000_000
        # Until the first has come nothing is recorded, whether or not somebody watches.
        never = ingress.key_at_us == 0 or not ingress.handle
        # Forced keyframes at a low rate ruin sharpness: then seeking is coarser.
        affordable = watch.bitrate_bps >= _KEYFRAME_MIN_BPS
        return never or (old and affordable and now_s - watch.asked_s > _KEYFRAME_EVERY_S)

    # Figures.

    def bitrate_bps(self, ingress: Ingress) -> float:
        """What one of our tracks brings in."""
        return self._watches[ingress].bitrate_bps

    def loss(self, ingress: Ingress) -> float:
        """The share of a track's packets lost in the last second before repair (0-1)."""
        return self._watches[ingress].loss

    def keyframes_asked(self, ingress: Ingress) -> int:
        """How many keyframes were asked of a track."""
        return self._watches[ingress].keyframes_asked
