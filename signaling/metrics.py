"""What ``/metrics`` tells of this process: calls, joins by stage, and how the calls went.

The figures of the other processes are in ``process_figures.py``. No label ever names a
tenant, a session or a person: their number would grow with the business.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from signaling.dialogue import CountReport

_STAGE_BUCKETS_S = (0.002, 0.005, 0.01, 0.02, 0.04, 0.06, 0.1, 0.2, 0.5, 1, 2, 5)
_SETUP_BUCKETS_S = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30)
_LOSS_BUCKETS = (0.001, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5)
_RTT_BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 1, 2)
_JITTER_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25)
_DELAY_BUCKETS_S = (0.1, 0.25, 0.5, 1, 2, 4, 6, 10, 30, 120, 600, 3600)


class Metrics:
    """The figures of one web process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.sockets = self._gauge("sockets", "Browsers connected to this process")
        self.sessions = self._gauge("sessions", "Open sessions by state", "state")
        self.participants = self._gauge(
            "participants", "People in open sessions who are here or away, by role", "role"
        )
        self.evidence_mismatches = self._gauge(
            "evidence_mismatches", "Sessions whose ledger, seal and stored objects do not match"
        )
        self.time_stamp_oldest_s = self._gauge(
            "time_stamp_oldest_seconds",
            "Since when the oldest manifest waits for its first time-stamp; 0 without an authority",
        )
        self.time_stamp_renewals_late = self._gauge(
            "time_stamp_renewals_late", "Renewals of time-stamps that were asked for and not got"
        )
        self.database_up = self._gauge("database_up", "Whether the database answers")
        self.join_stage_s = self._histogram(
            "join_stage_seconds", "Server time of a join by stage", _STAGE_BUCKETS_S, "stage"
        )
        self.joins = self._counter("joins", "Joins by result", "result")
        self.peer_setup_s = self._histogram(
            "peer_setup_seconds",
            "From the offer until media can flow: ICE and DTLS",
            _SETUP_BUCKETS_S,
        )
        self.first_frame_s = self._histogram(
            "first_frame_seconds",
            "From the tap to the first picture of the other person, as the page tells",
            _SETUP_BUCKETS_S,
        )
        self.facts = self._counter("facts", "Facts taken in by kind", "kind")
        self.fact_delay_s = self._histogram(
            "fact_delay_seconds",
            "From when the recorder stated a fact until it was in the ledger",
            _DELAY_BUCKETS_S,
        )
        self.peer_ends = self._counter("peer_ends", "Peers closed by cause", "cause")
        self.leg_loss = self._histogram(
            "leg_loss_ratio", "Loss of a peer's worse direction, each 2 s", _LOSS_BUCKETS
        )
        self.leg_rtt_s = self._histogram(
            "leg_rtt_seconds", "Round trip of a peer, each 2 s", _RTT_BUCKETS_S
        )
        self.leg_jitter_s = self._histogram(
            "leg_jitter_seconds", "Jitter of a peer's worst stream, each 2 s", _JITTER_BUCKETS_S
        )
        self.freezes = self._counter("freezes", "Pictures that stood still, as pages tell")
        self.frozen_s = self._counter("frozen_seconds", "For how long they stood still")
        self.watched_s = self._counter("watched_seconds", "For how long pages expected pictures")

    @contextmanager
    def join_stage(self, stage: str) -> Iterator[None]:
        """Measure one stage of a join."""
        began_s = perf_counter()
        try:
            yield
        finally:
            self.join_stage_s.labels(stage).observe(perf_counter() - began_s)

    def count_report(self, report: CountReport) -> None:
        """Add what one page saw; the figures of all pages together."""
        self.freezes.inc(report.freezes)
        self.frozen_s.inc(report.frozen_s)
        self.watched_s.inc(report.watched_s)
        if report.first_frame_s is not None:
            self.first_frame_s.observe(report.first_frame_s)

    def text(self) -> bytes:
        """Prometheus's text format."""
        return generate_latest(self.registry)

    def _gauge(self, name: str, words: str, *labels: str) -> Gauge:
        return Gauge(f"proofcall_{name}", words, labels, registry=self.registry)

    def _counter(self, name: str, words: str, *labels: str) -> Counter:
        return Counter(f"proofcall_{name}", words, labels, registry=self.registry)

    def _histogram(
        self, name: str, words: str, buckets: tuple[float, ...], *labels: str
    ) -> Histogram:
        return Histogram(
            f"proofcall_{name}", words, labels, buckets=buckets, registry=self.registry
        )
