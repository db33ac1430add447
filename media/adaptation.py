"""What one leg is asked to send and what it is sent: measures, decides by ladder, tells.

Several times a second the leg's uplink is judged and its downlink's estimate applied;
``feedback.py`` brings what the peer reports, the session hears of a changed advice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from media.downlink import LinkLoss, combine_caps
from media.egress import Egress
from media.ingress import Ingress
from media.ladder import (
    RECORDED_FLOOR_BPS,
    RUNGS,
    START,
    Ladder,
    Measured,
    Rung,
    asked_rung,
    carried,
    rung_for,
)
from media.rtcp import build_remb
from media.still_feed import StillFeed
from media.thinning import SOUND_BPS, Thinning
from media.transmit import Transmitter
from media.trend import DelayTrend

_TICK_S = 0.05
_BURST_BYTES = 2_400.0
_STEP_TICKS = 4
_REMB_TICKS = 10
_WINDOW = 5
_STALL_STEPS = 3
_FLOOR_BPS = 60_000.0
_LIFT_BPS = 6_000_000
_LIFTS = 3
_STILLS_SHARE = 0.75
_LEAST_STILLS_BPS = 30_000.0


@dataclass(frozen=True, slots=True)
class Advice:
    """What a sender is asked for."""

    rung: Rung

    def fields(self) -> dict[str, Any]:
        """The fields of an ``advice`` fact, as web and the browser read them."""
        rung = self.rung
        return {
            "rung": rung.name.value,
            "max_bitrate_bps": rung.max_bitrate_bps,
            "max_framerate": rung.max_framerate,
            "max_height": rung.max_height,
            "video": rung.video,
        }


class _Window:
    """What came and what was missed over the last second, in steps of 0.2 s."""

    __slots__ = ("_before", "_steps")

    def __init__(self) -> None:
        self._before: tuple[int, int, int] | None = None
        self._steps: deque[tuple[int, int, int, float]] = deque(maxlen=_WINDOW)

    def add(self, received: int, missed: int, octets: int, elapsed_s: float) -> bool:
        """Take the counters of now; gives whether anything came."""
        before, self._before = self._before, (received, missed, octets)
        if before is None:
            return False
        came = received - before[0]
        if came < 0:
            # The stream began anew.
            self.reset()
            return False
        self._steps.append((came, missed - before[1], octets - before[2], elapsed_s))
        return came > 0

    def reset(self) -> None:
        """What an outage lost was not lost by sending too much."""
        self._steps.clear()

    @property
    def loss(self) -> float:
        came = sum(step[0] for step in self._steps)
        missed = max(0, sum(step[1] for step in self._steps))
        return missed / (came + missed) if came + missed >= _WINDOW else 0.0

    @property
    def bitrate_bps(self) -> float:
        elapsed_s = sum(step[3] for step in self._steps)
        return sum(step[2] for step in self._steps) * 8 / elapsed_s if elapsed_s > 0 else 0.0


class _Sent:
    """What was sent to the viewer over the last second, and the least of such seconds lately."""

    __slots__ = ("_before", "_lately", "_steps")

    def __init__(self) -> None:
        self._before: int | None = None
        self._steps: deque[tuple[int, float]] = deque(maxlen=_WINDOW)
        self._lately: deque[float] = deque(maxlen=2 * _WINDOW)

    def add(self, octets: int, elapsed_s: float) -> None:
        before, self._before = self._before, octets
        if before is not None:
            self._steps.append((octets - before, elapsed_s))
            self._lately.append(self.bitrate_bps)

    @property
    def bitrate_bps(self) -> float:
        elapsed_s = sum(step[1] for step in self._steps)
        return sum(step[0] for step in self._steps) * 8 / elapsed_s if elapsed_s > 0 else 0.0

    @property
    def least_bps(self) -> float:
        """What a receiver's estimate, which lags, is compared with: less is sent, less it says."""
        return min(self._lately, default=0.0)


class Adaptation:
    """The rates of one leg, both ways."""

    def __init__(self, transmitter: Transmitter, on_advice: Callable[[Advice], None]) -> None:
        self._transmitter = transmitter
        self._on_advice = on_advice
        self._ingresses: list[Ingress] = []
        self._outs: list[Egress] = []
        self._videos: list[Egress] = []
        self._ssrc = 1
        self._ladder = Ladder()
        self._window = _Window()
        self._up_delay = DelayTrend()
        self._round_trip = DelayTrend()
        self._limit_of: dict[Egress, Rung] = {}
        self._loss_of: dict[Egress, LinkLoss] = {}
        self._lifts: dict[Ingress, int] = {}
        self._thinning = Thinning()
        self._stills_bytes = 0.0
        self._sent = _Sent()
        self._ticks = 0
        self._stepped_s: float | None = None
        self._idle_steps = 0
        self.advice = Advice(START)
        self.loss = 0.0

    def configure(
        self, ingresses: list[Ingress], egresses: Mapping[str, Egress], ssrc: int
    ) -> None:
        """The streams of this leg, and the SSRC it speaks with."""
        self._ingresses = ingresses
        self._outs = list(egresses.values())
        # The other party first, then whoever else there is.
        self._videos = [egresses[mid] for mid in sorted(egresses) if egresses[mid].kind == "video"]
        self._lifts = dict.fromkeys(ingresses, 0)
        self._loss_of = {}
        self._ssrc = ssrc

    def start_at(self, rate_bps: int) -> None:
        """Begin where a pre-call check says that the uplink stands."""
        rung = min(rung_for(rate_bps), START, key=RUNGS.index)
        self._ladder = Ladder(rung)
        self.advice = Advice(rung)

    def path_changed(self) -> None:
        """Packets come by another way: its delays compare with nothing before."""
        self._up_delay.reset()
        self._round_trip.reset()
        self._window.reset()

    def after_outage(self) -> None:
        """Packets come again: what is missed at the next step was not lost by sending too much."""
        self._idle_steps = _STALL_STEPS

    # What the peer says of its downlink.

    def on_remb(self, bitrate_bps: int, now_s: float) -> None:
        """Its browser's estimate of the whole downlink."""
        sent_bps = self._sent.least_bps
        for out in self._videos:
            if out.source is not None:
                out.cap.on_remb(bitrate_bps, sent_bps, now_s)
                out.source.owner.update_cap(out.source, now_s)

    def on_loss(self, out: Egress, fraction: float, highest: int, now_s: float) -> None:
        """A report on one of its lines: ``fraction`` (0-1) was missing up to ``highest``, in
        our numbering."""
        if out.source is None:
            return
        line = self._loss_of.setdefault(out, LinkLoss())
        out.loss = line.share(fraction, highest, out.source.missed)
        if out.kind == "video":
            out.cap.on_loss(out.loss, self._sent.least_bps, now_s)
            out.source.owner.update_cap(out.source, now_s)

    def on_round_trip(self, rtt_s: float, now_s: float) -> None:
        """A round trip was measured; what the uplink's queue takes of it is not the downlink's."""
        self._round_trip.add(rtt_s * 1000, now_s)
        excess_ms = self.down_queue_ms
        sent_bps = self._sent.bitrate_bps
        for out in self._videos:
            if out.source is not None:
                out.cap.on_queue(excess_ms, sent_bps, now_s)

    def carries_bps(self, now_s: float) -> float | None:
        """What the downlink carries, None while it does not bite."""
        caps = [cap for out in self._videos if (cap := out.cap.value(now_s)) is not None]
        return min(caps, default=None)

    @property
    def queue_ms(self) -> float:
        """How long packets queue on the uplink."""
        return self._up_delay.excess_ms

    @property
    def down_queue_ms(self) -> float:
        """How long packets queue on the downlink: what round trips grew by, less the uplink's."""
        return max(0.0, self._round_trip.excess_ms - self._up_delay.excess_ms)

    @property
    def uplink_rung(self) -> Rung:
        """What the uplink alone would carry."""
        return self._ladder.rung

    @property
    def thinned(self) -> bool:
        """Whether this viewer gets stills so that the sound lives."""
        return self._thinning.thinned

    # What we ask of the sender.

    def update_cap(self, ingress: Ingress, now_s: float) -> None:
        """Tell the sender at once when a viewer's cap begins to bite; the ticks do the rest."""
        if self._lifts.get(ingress) == 0:
            self._send_cap(ingress, now_s)

    def _send_cap(self, ingress: Ingress, now_s: float) -> None:
        floor_bps = RECORDED_FLOOR_BPS if ingress.handle else _FLOOR_BPS
        cap_bps = combine_caps([out.carries_bps(now_s) for out in _viewers(ingress)], floor_bps)
        if cap_bps is not None:
            self._lifts[ingress] = _LIFTS
        elif self._lifts[ingress] > 0:
            # The last cap holds in the browser until another estimate lifts it.
            self._lifts[ingress] -= 1
            cap_bps = _LIFT_BPS
        else:
            return
        self._transmitter.send(build_remb(self._ssrc, cap_bps, [ingress.ssrc]), rtcp=True)

    def tick(self, now_s: float) -> None:
        """Every 50 ms."""
        self._ticks += 1
        self._feed_stills(now_s)
        if self._ticks % _REMB_TICKS == 0:
            for ingress in self._ingresses:
                if ingress.kind == "video":
                    self._send_cap(ingress, now_s)
        if self._ticks % _STEP_TICKS == 0:
            self._step(now_s)

    def _step(self, now_s: float) -> None:
        elapsed_s = now_s - self._stepped_s if self._stepped_s is not None else 0.0
        self._stepped_s = now_s
        self._sent.add(sum(out.octets for out in self._outs), elapsed_s)
        came = self._window.add(
            sum(one.received for one in self._ingresses),
            sum(one.missed for one in self._ingresses),
            sum(one.octets for one in self._ingresses),
            elapsed_s,
        )
        self._thin(now_s)
        delays = {one.kind: delay for one in self._ingresses if (delay := one.take_delay_ms())}
        if not came:
            self._idle_steps += 1
            return
        if self._idle_steps >= _STALL_STEPS:
            self._window.reset()
        self._idle_steps = 0
        # Browsers send sound at once and hold video back to pace it: sound tells the queue.
        delay_ms = delays.get("audio", delays.get("video"))
        if delay_ms is not None:
            self._up_delay.add(delay_ms, now_s)
        self.loss = self._window.loss
        measured = Measured(self.loss, self._up_delay.excess_ms, self._window.bitrate_bps)
        self._advise(self._ladder.step(measured, now_s), now_s)

    def _advise(self, own: Rung, now_s: float) -> None:
        viewers = []
        recorded = False
        for ingress in self._ingresses:
            if ingress.kind != "video":
                continue
            recorded = recorded or ingress.handle > 0
            for out in _viewers(ingress):
                before = self._limit_of.get(out, RUNGS[-1])
                self._limit_of[out] = limit = carried(before, out.carries_bps(now_s))
                viewers.append(limit)
        for out in [one for one in self._limit_of if one.source not in self._ingresses]:
            del self._limit_of[out]
        advice = Advice(asked_rung(own, viewers, recorded=recorded))
        if advice != self.advice:
            self.advice = advice
            self._on_advice(advice)

    # What we send to the viewer.

    def _thin(self, now_s: float) -> None:
        brings = {
            out: out.source.owner.bitrate_bps(out.source)
            for out in self._videos
            if out.source is not None
        }
        pictures_bps = sum(brings.values())
        for out, bps in brings.items():
            out.sharers = max(1, sum(other > 0 for other in brings.values()))
            out.others_bps = pictures_bps - bps
        wanted_bps = SOUND_BPS + pictures_bps
        thinned = self._thinning.step(self.carries_bps(now_s), wanted_bps, now_s)
        for out in self._videos:
            if thinned and out.still is None:
                out.thin(StillFeed(out, now_s), now_s)
            elif not thinned and out.still is not None:
                out.thicken()
                if out.source is not None:
                    out.source.owner.request_keyframe(out.source)

    def _feed_stills(self, now_s: float) -> None:
        if not self._thinning.thinned:
            return
        carries_bps = self.carries_bps(now_s)
        rate_bps = RECORDED_FLOOR_BPS if carries_bps is None else carries_bps
        rate_bps = max(_LEAST_STILLS_BPS, _STILLS_SHARE * (rate_bps - SOUND_BPS))
        # What one packet takes too much, the next ticks save.
        self._stills_bytes = min(_BURST_BYTES, self._stills_bytes + rate_bps / 8 * _TICK_S)
        send_time = int(now_s * 262_144) & 0xFFFFFF
        for out in self._videos:
            if out.still is not None and self._stills_bytes > 0:
                self._stills_bytes -= out.still.step(now_s, send_time, self._stills_bytes)


def _viewers(ingress: Ingress) -> list[Egress]:
    """Everybody who is fed by a stream, those who get stills of it included."""
    return [*ingress.outs, *ingress.waiting, *ingress.thinned]
