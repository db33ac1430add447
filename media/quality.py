"""The figures of a leg: what web is told every two seconds, and on request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from media.leg import Leg

_WEAK = (0.03, 250.0)
_BAD = (0.10, 600.0)


def quality_word(loss: float, rtt_ms: float, *, silent: bool = False) -> str:
    """``good``, ``weak``, ``bad`` or ``lost``, from the worse of loss (0-1) and round trip."""
    if silent:
        return "lost"
    if loss >= _BAD[0] or rtt_ms >= _BAD[1]:
        return "bad"
    if loss >= _WEAK[0] or rtt_ms >= _WEAK[1]:
        return "weak"
    return "good"


def leg_quality(leg: Leg) -> dict[str, Any]:
    """The fields of a ``quality`` fact."""
    up = [leg.feedback.loss(ingress) for ingress in leg.ingresses]
    down = [out.loss for out in leg.egresses.values() if out.live]
    loss = max([*up, *down], default=0.0)
    rtt_ms = leg.feedback.rtt_s * 1000
    return {
        "rtt_ms": round(rtt_ms, 1),
        "loss": round(loss, 4),
        "uplink_bps": int(sum(leg.feedback.bitrate_bps(one) for one in leg.ingresses)),
        "downlink_bps": int(sum(out.rate_bps for out in leg.egresses.values())),
        "word": quality_word(loss, rtt_ms, silent=leg.state == "lost"),
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
