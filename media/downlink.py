"""PURE. What a viewer's downlink carries, as a cap for what is sent to it.

The viewer's browser runs a delay-based estimator on the send times we stamp and tells it
by REMB. Left to itself it only says "half as much again as now comes in", so the cap
bites on evidence alone: the estimate drops, round trips grow, or a report shows more than
10 % loss. It is released again by 8 % a second. docs/decisions/0005 says why.
"""

from __future__ import annotations

from collections import deque

_REPORTS = 3
_RESTARTED = 20
_MOST_EXPECTED = 50_000

_DROP = 0.93
_NEAR = 1.1
_MARGIN = 0.95
_LOW = 0.7
_LOW_FOR_S = 2.0
_CLIMBING = 1.03
_HOLD_S = 2.0
_LOSS_HOLD_S = 1.5
_LOSS_LIMIT = 0.10
_QUEUE_LIMIT_MS = 250.0
_QUEUE_FACTOR = 0.8
_RELEASE_PER_S = 1.08
_FREE_BPS = 4_500_000.0
_LEAST_BPS = 90_000.0
# Of a trickle nothing can be learnt about how much a link carries.
_TELLING_BPS = 120_000.0


class DownlinkCap:
    """The cap of one viewer's line, None while the downlink does not bite."""

    __slots__ = (
        "_at_s",
        "_cap_bps",
        "_hold_until_s",
        "_loss_until_s",
        "_lost",
        "_low_from_bps",
        "_low_since_s",
        "_queue_until_s",
        "_remb_bps",
    )

    def __init__(self) -> None:
        self._cap_bps: float | None = None
        self._at_s = 0.0
        self._hold_until_s = 0.0
        self._loss_until_s = 0.0
        self._lost = 0.0
        self._low_from_bps = 0.0
        self._low_since_s: float | None = None
        self._queue_until_s = 0.0
        self._remb_bps: int | None = None

    def on_remb(self, bitrate_bps: int, egress_bps: float, now_s: float) -> None:
        """The receiver estimates ``bitrate_bps`` while we send it ``egress_bps``.

        An estimate above what is sent says nothing: without overuse it follows what comes
        in at a half more, with it at a seventh less.
        """
        before, self._remb_bps = self._remb_bps, bitrate_bps
        if bitrate_bps >= _NEAR * egress_bps:
            return
        capped = self.value(now_s)
        dropped = before is not None and bitrate_bps < _DROP * before
        # A browser starts low, or stood low after a trickle, and climbs by 8 % a second:
        # one that stays low means it.
        if bitrate_bps >= _LOW * egress_bps:
            self._low_since_s = None
        elif self._low_since_s is None or bitrate_bps > _CLIMBING * self._low_from_bps:
            self._low_since_s, self._low_from_bps = now_s, bitrate_bps
        elif now_s - self._low_since_s > _LOW_FOR_S:
            dropped = True
        if dropped or (capped is not None and bitrate_bps < capped):
            self._set(_MARGIN * bitrate_bps, now_s, _HOLD_S)

    def on_loss(self, fraction: float, egress_bps: float, now_s: float) -> None:
        """The receiver lost ``fraction`` (0-1) of what we sent since its last report.

        Loss alone, as on radio, never takes the cap under half of the receiver's own
        estimate, which knows whether a queue grows.
        """
        lost, self._lost = (self._lost + fraction) / 2, fraction
        if lost <= _LOSS_LIMIT or egress_bps < _TELLING_BPS or now_s < self._loss_until_s:
            return
        self._loss_until_s = now_s + _LOSS_HOLD_S
        wanted = self._base(egress_bps, now_s) * (1 - 0.5 * min(lost, 1.0))
        self._set(max(wanted, 0.5 * (self._remb_bps or 0)), now_s, _LOSS_HOLD_S)

    def on_queue(self, queue_ms: float, egress_bps: float, now_s: float) -> None:
        """Round trips take ``queue_ms`` longer than at best, and the uplink is not to blame."""
        if queue_ms <= _QUEUE_LIMIT_MS or egress_bps < _TELLING_BPS or now_s < self._queue_until_s:
            return
        self._queue_until_s = now_s + _HOLD_S
        self._set(self._base(egress_bps, now_s) * _QUEUE_FACTOR, now_s, _HOLD_S)

    @property
    def estimate_bps(self) -> int | None:
        """The receiver's last estimate, None before the first."""
        return self._remb_bps

    def value(self, now_s: float) -> float | None:
        """The cap at ``now_s`` in bits a second, None when the downlink is free."""
        if self._cap_bps is None:
            return None
        since_s = now_s - max(self._at_s, self._hold_until_s)
        if since_s <= 0:
            return self._cap_bps
        released = self._cap_bps * float(_RELEASE_PER_S**since_s)
        if released > _FREE_BPS:
            self._cap_bps = None
            return None
        return released

    def _base(self, egress_bps: float, now_s: float) -> float:
        capped = self.value(now_s)
        return egress_bps if capped is None else min(capped, egress_bps)

    def _set(self, cap_bps: float, now_s: float, hold_s: float) -> None:
        self._cap_bps = max(_LEAST_BPS, cap_bps)
        self._at_s = now_s
        self._hold_until_s = now_s + hold_s


class LinkLoss:
    """What the viewer's own link lost of one line: holes of the source are holes there, too.

    A hole reaches the viewer's report a round trip later and may be counted before its
    repair comes, so holes of the source explain losses for two reports more.
    """

    __slots__ = ("_reports",)

    def __init__(self) -> None:
        self._reports: deque[tuple[int, int]] = deque(maxlen=_REPORTS)

    def share(self, fraction: float, highest: int, missed: int) -> float:
        """The link's share (0-1) of a report of ``fraction`` lost up to number ``highest``,
        when ``missed`` packets of the source never came at once; 0 for the first report."""
        if self._reports and missed < self._reports[-1][1] - _RESTARTED:
            self._reports.clear()
        share = 0.0
        if self._reports:
            expected = (highest - self._reports[-1][0]) & 0xFFFFFFFF
            upstream = missed - self._reports[0][1]
            if 0 < expected < _MOST_EXPECTED:
                share = max(0.0, fraction * expected - max(0, upstream)) / expected
        self._reports.append((highest, missed))
        return min(1.0, share)


def combine_caps(caps: list[float | None], floor_bps: float) -> int | None:
    """The cap for one source from those of all its viewers, never under ``floor_bps``."""
    biting = [cap for cap in caps if cap is not None]
    return int(max(floor_bps, min(biting))) if biting else None
