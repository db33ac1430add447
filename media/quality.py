"""The figures of a leg: what web is told every two seconds, and on request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from media.ladder import RECORDED_FLOOR, RUNGS, START, Rung, carried

if TYPE_CHECKING:
    from media.leg import Leg

_WEAK = (0.03, 250.0)
_BAD = (0.10, 600.0)
_WEAK_QUEUE_MS = 120.0
_BAD_QUEUE_MS = 400.0
_MOVING_FPS = 8.0
_SLOW_FPS = 1.4
_WORDS = ("good", "weak", "bad", "lost")


def quality_word(loss: float, rtt_ms: float, *, silent: bool = False) -> str:
    """``good``, ``weak``, ``bad`` or ``lost``, from the worse of loss (0-1) and round trip."""
    if silent:
        return "lost"
    if loss >= _BAD[0] or rtt_ms >= _BAD[1]:
        return "bad"
    if loss >= _WEAK[0] or rtt_ms >= _WEAK[1]:
        return "weak"
    return "good"


def way_word(loss: float, queue_ms: float, rung: Rung) -> str:
    """The word on one direction: its loss, its queue, and the rung that it carries."""
    if loss >= _BAD[0] or queue_ms >= _BAD_QUEUE_MS or rung.need_bps < RECORDED_FLOOR.need_bps:
        return "bad"
    if loss >= _WEAK[0] or queue_ms >= _WEAK_QUEUE_MS or rung.need_bps < START.need_bps:
        return "weak"
    return "good"


def worst(words: Sequence[str]) -> str:
    """The worst of several words."""
    return max(words, key=_WORDS.index)


def picture_word(framerate: float) -> str:
    """``moving``, ``slow`` or ``stills``: what the frames that arrive a second look like."""
    if framerate >= _MOVING_FPS:
        return "moving"
    return "slow" if framerate >= _SLOW_FPS else "stills"


def leg_quality(leg: Leg, now_s: float) -> dict[str, Any]:
    """The fields of a ``quality`` fact."""
    adaptation = leg.adaptation
    down_loss = max(
        (out.loss for out in leg.egresses.values() if out.live or out.still), default=0.0
    )
    carries_bps = adaptation.carries_bps(now_s)
    down_rung = RUNGS[0] if adaptation.thinned else carried(RUNGS[-1], carries_bps)
    rtt_ms = leg.feedback.rtt_s * 1000
    silent = leg.state == "lost"
    up = way_word(adaptation.loss, adaptation.queue_ms, adaptation.uplink_rung)
    down = way_word(down_loss, adaptation.down_queue_ms, down_rung)
    framerate = leg.feedback.framerate
    return {
        "rtt_ms": round(rtt_ms, 1),
        "loss": round(max(adaptation.loss, down_loss), 4),
        "uplink_bps": int(sum(leg.feedback.bitrate_bps(one) for one in leg.ingresses)),
        "downlink_bps": int(sum(out.rate_bps for out in leg.egresses.values())),
        "word": "lost" if silent else worst([up, down, quality_word(0.0, rtt_ms)]),
        "up": "lost" if silent else up,
        "down": "lost" if silent else down,
        "picture": picture_word(framerate) if framerate is not None else None,
        "thinned": adaptation.thinned,
        "advice": adaptation.advice.fields(),
    }


def leg_stats(leg: Leg) -> dict[str, Any]:
    """The answer of ``GET /peers/{id}/stats``."""
    rtt_ms = round(leg.feedback.rtt_s * 1000, 1)
    return {
        "peer_id": leg.identity.peer_id,
        "state": leg.state.value,
        "setup_ms": leg.setup_ms,
        "strays": leg.path.strays,
        "refused": leg.path.refused,
        "rung": leg.adaptation.advice.rung.name.value,
        "queue_ms": round(leg.adaptation.queue_ms, 1),
        "thinned": leg.adaptation.thinned,
        "tracks": [
            {
                "track_id": ingress.track_id,
                "mid": ingress.mid,
                "kind": ingress.kind,
                "direction": "up",
                "codec": ingress.codec_of.get(ingress.payload_type),
                "bitrate_bps": int(leg.feedback.bitrate_bps(ingress)),
                "loss": round(leg.feedback.loss(ingress), 4),
                "jitter_ms": round(ingress.jitter * 1000 / ingress.clock_rate, 2),
                "rtt_ms": rtt_ms,
                "packets": ingress.received,
                "nacks": ingress.nacks.requested,
                "plis": leg.feedback.keyframes_asked(ingress),
            }
            for ingress in leg.ingresses
        ]
        + [
            {
                "track_id": out.source.track_id,
                "mid": out.mid,
                "kind": out.kind,
                "direction": "down",
                "codec": out.source.codec_of.get(out.source.payload_type),
                "bitrate_bps": int(out.rate_bps),
                "estimate_bps": out.cap.estimate_bps,
                "loss": round(out.loss, 4),
                "jitter_ms": 0.0,
                "rtt_ms": rtt_ms,
                "packets": out.packets,
                "nacks": leg.feedback.nacks_received,
                "plis": leg.feedback.keyframe_requests_received,
            }
            for out in leg.egresses.values()
            if out.source is not None
        ],
    }
