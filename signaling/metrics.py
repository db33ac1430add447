"""What ``/metrics`` tells: calls, queue, the stages of joining, the recorder's spool, workers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_STAGE_BUCKETS_S = (0.002, 0.005, 0.01, 0.02, 0.04, 0.06, 0.1, 0.2, 0.5, 1, 2, 5)


class Metrics:
    """The figures of one web process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.sockets = Gauge(
            "proofcall_sockets", "Browsers connected to this process", registry=self.registry
        )
        self.sessions = Gauge(
            "proofcall_sessions", "Open sessions by state", ["state"], registry=self.registry
        )
        self.join_stage_s = Histogram(
            "proofcall_join_stage_seconds",
            "Server time of a join by stage",
            ["stage"],
            buckets=_STAGE_BUCKETS_S,
            registry=self.registry,
        )
        self.joins = Counter(
            "proofcall_joins", "Joins by result", ["result"], registry=self.registry
        )
        self.spool_bytes = Gauge(
            "proofcall_spool_bytes", "Evidence not yet in the store", registry=self.registry
        )
        self.recorder_free_bytes = Gauge(
            "proofcall_recorder_free_bytes", "Free space for the spool", registry=self.registry
        )
        self.recorder_up = Gauge(
            "proofcall_recorder_up", "Whether the recorder answers", registry=self.registry
        )
        self.media_workers = Gauge(
            "proofcall_media_workers", "Media workers alive", registry=self.registry
        )
        self.media_cpu = Gauge(
            "proofcall_media_cpu", "Share of a core", ["worker"], registry=self.registry
        )
        self.facts = Counter(
            "proofcall_facts", "Facts taken in by kind", ["kind"], registry=self.registry
        )
        self.peer_setup_s = Histogram(
            "proofcall_peer_setup_seconds",
            "From the offer to the first packet",
            registry=self.registry,
        )

    @contextmanager
    def join_stage(self, stage: str) -> Iterator[None]:
        """Measure one stage of a join."""
        began_s = perf_counter()
        try:
            yield
        finally:
            self.join_stage_s.labels(stage).observe(perf_counter() - began_s)

    def text(self) -> bytes:
        """Prometheus's text format."""
        return generate_latest(self.registry)
