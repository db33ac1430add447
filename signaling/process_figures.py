"""What ``/metrics`` tells of the other processes, which nobody outside can ask: web passes on
what each says in its status. A process that does not answer has ``proofcall_up`` 0 and nothing
else, so that no figure of the past looks like one of now.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from recorder.outages import StoreOutage, read_outages
from runtime.clock import Clock
from runtime.control import ControlClient, ControlError
from runtime.errors import StoreFault
from runtime.settings import Settings

_LIMIT_S: Final = 1.0
# Below the limit of a scrape, far above what a busy prober could make us ask.
_FRESH_S: Final = 1.0
_MEDIA: Final = (
    # name, words, key of the status, factor, whether it only grows
    ("media_peers", "Peers of a worker", "peers", 1, False),
    ("media_connected_peers", "Peers whose media flows", "connected", 1, False),
    ("media_sessions", "Sessions of a worker", "sessions", 1, False),
    ("media_cpu", "Share of a core", "cpu", 1, False),
    ("media_draining", "Whether the worker takes nothing new", "draining", 1, False),
    ("media_recorder_connected", "Whether its recorder is there", "recorder", 1, False),
    ("tap_dropped_packets", "Packets the recorder could not take", "tap_dropped", 1, True),
    ("tap_backlog_bytes", "Bytes that wait for the recorder", "tap_backlog_bytes", 1, False),
    ("media_facts_dropped", "Hints that web did not take in time", "facts_dropped", 1, True),
)
_RECORDER: Final = (
    ("recorder_sessions", "Sessions the recorder holds", "sessions", 1, False),
    ("recordings", "People being recorded now", "recordings", 1, False),
    ("recorder_lag_seconds", "Age of the oldest sample in memory alone", "lag_ms", 1e-3, False),
    ("recorder_unwritten_bytes", "Evidence in memory alone", "unwritten_bytes", 1, False),
    ("recorder_free_bytes", "Free space for the spool", "free_bytes", 1, False),
    ("recorder_lost_packets", "Packets that never reached the server", "lost", 1, True),
    ("recorder_dropped_packets", "Packets that media could not hand over", "dropped", 1, True),
    ("recorder_refused_packets", "Packets of unknown sessions", "refused", 1, True),
    ("spool_bytes", "Evidence not yet in the store", "spool_bytes", 1, False),
    ("spool_segments", "Segments not yet in the store", "spool_segments", 1, False),
    ("spool_facts", "Facts not yet in the ledger", "spool_facts", 1, False),
    ("spool_oldest_seconds", "Age of the oldest of them", "spool_oldest_ms", 1e-3, False),
)
_UPLOADER: Final = (
    ("uploader_stored_segments", "Segments stored and read back", "stored_segments", 1, True),
    ("uploader_stored_bytes", "Bytes stored and read back", "stored_bytes", 1, True),
    ("ledger_errors", "Times that web did not take facts", "ledger_errors", 1, True),
    ("uploader_retrying_sessions", "Sessions that wait for a retry", "retrying", 1, False),
)
_VITALS: Final = (
    ("process_loop_lag_seconds", "The loop's worst lateness of late", "loop_lag_ms", 1e-3, False),
    ("process_resident_bytes", "Memory in use", "rss_bytes", 1, False),
    ("process_open_files", "Open descriptors", "open_files", 1, False),
    ("process_tasks", "Asynchronous tasks", "tasks", 1, False),
    ("process_cpu_seconds", "Processor time used", "cpu_s", 1, True),
)

Rows = tuple[tuple[str, str, str, float, bool], ...]


@dataclass(slots=True)
class Statuses:
    """What every process last said of itself; a missing one did not answer."""

    media: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    processes: dict[str, Mapping[str, Any] | None] = field(default_factory=dict)


class ProcessFigures(Collector):
    """Turns the statuses into metrics; ``refresh()`` before a scrape, ``close()`` at the end."""

    def __init__(self, settings: Settings, secret: str, clock: Clock) -> None:
        run_dir = settings.run_dir
        self._clients = {
            "uploader": ControlClient(f"unix://{run_dir / 'uploader-status.sock'}", secret),
            "jobs": ControlClient(f"unix://{run_dir / 'jobs.sock'}", secret),
        }
        self._statuses = Statuses()
        self._asked: dict[str, Mapping[str, Any] | None] = {}
        self._asked_s = float("-inf")
        self._asking = asyncio.Lock()
        self._clock = clock

    async def refresh(
        self,
        *,
        media: Mapping[str, Mapping[str, Any]],
        recorder: Mapping[str, Any] | None,
        web: Mapping[str, Any],
    ) -> None:
        """Take what web knows already, and ask the others unless that was just done."""
        await self._ask_all()
        self._statuses = Statuses(media, {"web": web, "recorder": recorder, **self._asked})

    async def store_outages(self) -> list[StoreOutage]:
        """The places that take no evidence of this machine now, as its uploader says."""
        await self._ask_all()
        status = self._asked.get("uploader") or {}
        return read_outages(status.get("outages", ()))

    async def waiting_bytes(self) -> dict[str, int]:
        """How much evidence of each session waits for such a place, on this machine's disk."""
        await self._ask_all()
        status = self._asked.get("uploader") or {}
        return {str(one): int(size) for one, size in status.get("waiting_bytes", {}).items()}

    async def close(self) -> None:
        """Close the connections; may be called twice."""
        for client in self._clients.values():
            await client.close()

    def collect(self) -> Iterable[Metric]:
        """What the registry asks for at each scrape."""
        media, processes = self._statuses.media, self._statuses.processes
        yield from _table(_MEDIA, "worker", media)
        yield from self._bitrates(media)
        workers = GaugeMetricFamily("proofcall_media_workers", "Media workers alive")
        workers.add_metric([], len(media))
        yield workers
        yield from _table(_RECORDER, None, {"": processes.get("recorder") or {}})
        yield from _table(_UPLOADER, None, {"": processes.get("uploader") or {}})
        yield from self._store(processes.get("uploader") or {})
        yield from self._works(processes.get("jobs") or {})
        everybody = {**processes, **media}
        up = GaugeMetricFamily("proofcall_up", "Whether a process answers", labels=["process"])
        for name, status in everybody.items():
            up.add_metric([name], status is not None)
        yield up
        yield from _table(_VITALS, "process", {name: s or {} for name, s in everybody.items()})

    @staticmethod
    def _bitrates(media: Mapping[str, Mapping[str, Any]]) -> Iterator[Metric]:
        rate = GaugeMetricFamily(
            "proofcall_media_bits_per_second",
            "What a worker's browsers send (up) and are sent (down)",
            labels=["worker", "direction"],
        )
        for worker, status in media.items():
            for direction, key in (("up", "uplink_bps"), ("down", "downlink_bps")):
                if key in status:
                    rate.add_metric([worker, direction], status[key])
        yield rate

    @staticmethod
    def _works(status: Mapping[str, Any]) -> Iterator[Metric]:
        works = CounterMetricFamily(
            "proofcall_work", "Durable work carried out, by kind", labels=["work", "result"]
        )
        for one in status.get("tries", []):
            works.add_metric([str(one["work"]), str(one["result"])], one["count"])
        yield works

    def _store(self, status: Mapping[str, Any]) -> Iterator[Metric]:
        errors = CounterMetricFamily(
            "proofcall_store_errors",
            "Times that the store failed the uploader, by who can mend it",
            labels=["fault"],
        )
        for fault, count in status.get("store_errors", {}).items():
            errors.add_metric([str(fault)], count)
        yield errors
        lasting = GaugeMetricFamily(
            "proofcall_store_outage_seconds",
            "For how long a place has taken no evidence, the longest by who can mend it",
            labels=["fault"],
        )
        if status:
            outages = read_outages(status.get("outages", ()))
            now_ns = self._clock.wall_ns()
            for fault in StoreFault:
                ages = [now_ns - one.since_ns for one in outages if one.fault is fault]
                lasting.add_metric([fault.value], max(ages, default=0) / 1e9)
        yield lasting

    async def _ask_all(self) -> None:
        async with self._asking:
            now_s = asyncio.get_running_loop().time()
            if now_s - self._asked_s >= _FRESH_S:
                answers = await asyncio.gather(*(map(self._ask, self._clients.values())))
                self._asked = dict(zip(self._clients, answers, strict=True))
                self._asked_s = now_s

    @staticmethod
    async def _ask(client: ControlClient) -> Mapping[str, Any] | None:
        try:
            return await client.query("/status", timeout_s=_LIMIT_S)
        except ControlError:
            return None


def _table(
    rows: Rows, label: str | None, statuses: Mapping[str, Mapping[str, Any]]
) -> Iterator[Metric]:
    """One metric for each row, one sample in it for each process that says something of it."""
    for name, words, key, factor, grows in rows:
        family = CounterMetricFamily if grows else GaugeMetricFamily
        metric = family(f"proofcall_{name}", words, labels=[label] if label else [])
        for who, status in statuses.items():
            if key in status:
                metric.add_metric([who] if label else [], float(status[key]) * factor)
        yield metric
