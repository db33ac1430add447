"""The figures of a whole worker: what all of its legs carry now."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from media.leg import Leg


def worker_load(legs: Iterable[Leg]) -> dict[str, Any]:
    """``connected`` peers, and bits per second from (``uplink_bps``) and to all browsers."""
    connected, uplink_bps, downlink_bps = 0, 0.0, 0.0
    for leg in legs:
        connected += leg.connected
        uplink_bps += sum(leg.feedback.bitrate_bps(one) for one in leg.ingresses)
        downlink_bps += sum(out.rate_bps for out in leg.egresses.values() if out.live)
    return {
        "connected": connected,
        "uplink_bps": int(uplink_bps),
        "downlink_bps": int(downlink_bps),
    }


def worst_jitter_ms(leg: Leg) -> float:
    """The interarrival jitter (RFC 3550, 6.4.1) of the peer's worst stream."""
    worst_ms = max((one.jitter * 1000 / one.clock_rate for one in leg.ingresses), default=0.0)
    return round(worst_ms, 2)
