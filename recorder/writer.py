"""The threads that write: one lane per session, in order, off the event loop.

A write that fails (disk full, input/output error) is tried again until it succeeds;
meanwhile fragments wait in memory up to a limit, then the oldest are given up and their
owner is told, so that the loss becomes a gap.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import structlog

log = structlog.get_logger()

_THREADS = 4
_RETRY_S = 0.5
MAX_LANE_BYTES = 48 * 1024 * 1024
MAX_PENDING_BYTES = 384 * 1024 * 1024

_Result = TypeVar("_Result")


@dataclass(slots=True, eq=False)
class _Job:
    run: Callable[[], object]
    size_bytes: int
    given_up: Callable[[], None] | None
    future: asyncio.Future[object] | None = None


class SpoolWriter:
    """Owns the threads and the memory limit; ``close`` waits for what can be written."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="spool")
        self.pending_bytes = 0
        self.failing: dict[str, str] = {}

    def lane(self, name: str) -> Lane:
        """A new lane: its jobs run one after the other."""
        return Lane(self, self._pool, name)

    def close(self) -> None:
        """Stop the threads; may be called twice."""
        self._pool.shutdown(wait=True)


class Lane:
    """The jobs of one session, in order."""

    def __init__(self, writer: SpoolWriter, pool: ThreadPoolExecutor, name: str) -> None:
        self._writer = writer
        self._pool = pool
        self._name = name
        self._jobs: deque[_Job] = deque()
        self._running = 0
        self._bytes = 0
        self._loop = asyncio.get_running_loop()
        self._retry: asyncio.TimerHandle | None = None
        self._start_soon: asyncio.Handle | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing waits to be written."""
        return not self._jobs

    def submit(
        self,
        run: Callable[[], object],
        *,
        size_bytes: int = 0,
        given_up: Callable[[], None] | None = None,
    ) -> None:
        """Queue a job. One with ``given_up`` may be dropped when memory is short."""
        self._add(_Job(run, size_bytes, given_up))

    async def run(self, run: Callable[[], _Result]) -> _Result:
        """Queue a job behind all others and wait for its result.

        Raises:
            OSError: never; such a job is tried again until it succeeds.
        """
        future: asyncio.Future[object] = self._loop.create_future()
        self._add(_Job(run, 0, None, future))
        result: _Result = await future  # type: ignore[assignment]
        return result

    async def drain(self) -> None:
        """Wait until all that was queued is written."""
        await self.run(lambda: None)

    def _add(self, job: _Job) -> None:
        self._jobs.append(job)
        self._bytes += job.size_bytes
        self._writer.pending_bytes += job.size_bytes
        if self._bytes > MAX_LANE_BYTES or self._writer.pending_bytes > MAX_PENDING_BYTES:
            self._give_up_oldest()
        if not self._running and self._start_soon is None and self._retry is None:
            # What this turn of the loop still adds goes along.
            self._start_soon = self._loop.call_soon(self._start)

    def _give_up_oldest(self) -> None:
        for at, job in enumerate(self._jobs):
            if at >= self._running and job.given_up is not None:
                del self._jobs[at]
                self._account(job)
                job.given_up()
                return

    def _account(self, job: _Job) -> None:
        self._bytes -= job.size_bytes
        self._writer.pending_bytes -= job.size_bytes

    def _start(self) -> None:
        self._retry = None
        self._start_soon = None
        if not self._jobs:
            return
        batch = list(self._jobs)
        self._running = len(batch)
        work = self._loop.run_in_executor(self._pool, _run_batch, batch)
        work.add_done_callback(self._finished)

    def _finished(self, work: asyncio.Future[tuple[list[object], OSError | None]]) -> None:
        results, failure = work.result()
        self._running = 0
        for result in results:
            job = self._jobs.popleft()
            self._account(job)
            if job.future is not None and not job.future.done():
                if isinstance(result, Exception):
                    job.future.set_exception(result)
                else:
                    job.future.set_result(result)
            elif isinstance(result, Exception):
                log.error("spool job failed", session_id=self._name, exc_info=result)
        if failure is not None:
            if self._name not in self._writer.failing:
                log.error("the spool cannot be written", session_id=self._name, error=repr(failure))
            self._writer.failing[self._name] = failure.strerror or repr(failure)
            self._retry = self._loop.call_later(_RETRY_S, self._start)
            return
        self._writer.failing.pop(self._name, None)
        if self._jobs:
            self._start()


def _run_batch(batch: list[_Job]) -> tuple[list[object], OSError | None]:
    """Run jobs until one cannot be written; a job that is itself wrong yields its error."""
    results: list[object] = []
    for job in batch:
        try:
            results.append(job.run())
        except OSError as error:
            return results, error
        except Exception as error:  # noqa: BLE001 - the reporting edge: _finished logs it
            results.append(error)
    return results, None
