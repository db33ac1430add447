"""Durable work: the outbox that orders it and the runner that carries it out, on DBOS."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import CancelledError, Future
from contextlib import AbstractContextManager

import structlog
from dbos import (
    DBOS,
    DBOSClient,
    DBOSConfig,
    EnqueueOptions,
    SetEnqueueOptions,
    run_dbos_database_migrations,
)
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession

from runtime.errors import ProofcallError
from runtime.settings import Settings

log = structlog.get_logger()

Work = Callable[[str], Awaitable[None]]
"""One kind of work: idempotent, takes the id of its subject, raises to be tried again."""

_QUEUE = "proofcall"
# Work that waits for strangers' servers, and so must not stand in the way of the rest.
_SLOW_QUEUE = "strangers"
_SLOW_WORK = frozenset({"ask_time_stamp", "deliver_webhook", "run_errand", "send_notice"})
# Work that takes a processor for as long as half of a call, one at a time.
_LONG_QUEUE = "films"
_LONG_WORK = frozenset({"make_copy"})
# How much of a queue's work a process does at once. What waits for its next try is not among it:
# whoever's bucket or server is away stands in nobody's way.
_AT_ONCE = {_QUEUE: 4, _SLOW_QUEUE: 32, _LONG_QUEUE: 1}
_NAME = "proofcall"
# Pinned: a version derived from the source would orphan pending work at every upgrade.
_WORK_VERSION = "1"
_ATTEMPTS = 14
_FIRST_PAUSE_S = 0.5
_TIMEOUT_S = 600.0
_LONG_TIMEOUT_S = 6 * 3600.0


def _system_url(settings: Settings) -> str:
    """The same database as the domain's, through a synchronous driver."""
    url = make_url(settings.database)
    driver = {"sqlite+aiosqlite": "sqlite", "postgresql+asyncpg": "postgresql+psycopg"}
    name = driver.get(url.drivername, url.drivername)
    return url.set(drivername=name).render_as_string(hide_password=False)


def prepare_jobs(settings: Settings) -> None:
    """Make the tables that durable work needs; blocks, and changes nothing the second time."""
    run_dbos_database_migrations(_system_url(settings))


class _TryFailedError(ProofcallError):
    """What DBOS keeps of a try that failed: the kind of its error. Its words may be a person's."""


class _Stopped(BaseException):
    """The process ends: nothing is written down of the try, and the next process makes it."""


class DbosOutbox:
    """Orders work in the caller's own transaction; see ``cases.outbox.Outbox``."""

    def __init__(self, settings: Settings) -> None:
        self._client = DBOSClient(
            system_database_url=_system_url(settings), application_name=_NAME, lazy=True
        )

    async def enqueue(
        self, tx: AsyncSession, workflow: str, workflow_id: str, *arguments: str
    ) -> None:
        options: EnqueueOptions = {
            "workflow_name": workflow,
            "queue_name": _queue_of(workflow),
            "workflow_id": workflow_id,
            "app_version": _WORK_VERSION,
        }
        await tx.run_sync(
            lambda session: self._client.enqueue_in_transaction(session, options, *arguments)
        )

    def close(self) -> None:
        """Close the client's connections."""
        self._client.destroy()


class JobRunner:
    """Carries out ordered work; one per process of the role ``jobs``.

    DBOS keeps its steps in threads; the work itself runs on the loop that made
    this runner, where the database and the store live.
    """

    def __init__(self, settings: Settings, work: Mapping[str, Work], executor_id: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._under_way: set[Future[None]] = set()
        self.tries: Counter[tuple[str, str]] = Counter()
        """How often each kind of work was ``done``, or has ``failed`` and is tried again."""
        config: DBOSConfig = {
            "name": _NAME,
            "system_database_url": _system_url(settings),
            "application_version": _WORK_VERSION,
            "executor_id": executor_id,
            # Each try that failed is told below in one line, without its traceback.
            "log_level": "ERROR",
        }
        self._dbos = DBOS(config=config)
        for name, body in work.items():
            self._register(name, body)

    async def start(self) -> None:
        """Take up what is pending, then wait for orders; when cancelled, nothing has begun."""
        launching = asyncio.ensure_future(asyncio.to_thread(self._launch))
        try:
            await asyncio.shield(launching)
        except asyncio.CancelledError:
            # A thread cannot be stopped, and what it launches would keep the process for ever.
            await launching
            await self.close()
            raise

    @staticmethod
    def _launch() -> None:
        DBOS.launch()
        for name, size in _AT_ONCE.items():
            DBOS.register_queue(name, worker_concurrency=size, polling_interval_sec=0.5)

    async def close(self) -> None:
        """Stop; work in progress is taken up at the next start."""
        await asyncio.to_thread(DBOS.destroy, workflow_completion_timeout_sec=2)
        for under_way in list(self._under_way):
            under_way.cancel()

    def _register(self, name: str, body: Work) -> None:
        @DBOS.step(name=f"{name}.step")
        def step(subject_id: str) -> None:
            self._try(name, body, subject_id)

        @DBOS.workflow(name=name)
        def workflow(subject_id: str, number: int = 1) -> None:
            with _concerning(subject_id):
                log.info("work begins", work=name, subject_id=subject_id)
                try:
                    step(subject_id)
                except Exception:
                    if number == _ATTEMPTS:
                        raise
                    # An order of its own, so that nothing is held while it waits.
                    with SetEnqueueOptions(delay_seconds=_FIRST_PAUSE_S * 2 ** (number - 1)):
                        DBOS.enqueue_workflow(_queue_of(name), workflow, subject_id, number + 1)
                else:
                    log.info("work done", work=name, subject_id=subject_id)

    def _try(self, name: str, body: Work, subject_id: str) -> None:
        """In a thread of DBOS, which waits for the loop."""
        if self._loop.is_closed():
            raise _Stopped
        under_way = asyncio.run_coroutine_threadsafe(
            self._tried(name, body, subject_id), self._loop
        )
        self._under_way.add(under_way)
        try:
            under_way.result()
        except CancelledError as error:
            raise _Stopped from error
        except Exception as error:  # noqa: BLE001 - told above, and counted
            raise _TryFailedError(type(error).__name__) from None
        finally:
            self._under_way.discard(under_way)

    async def _tried(self, name: str, body: Work, subject_id: str) -> None:
        timeout_s = _LONG_TIMEOUT_S if name in _LONG_WORK else _TIMEOUT_S
        with _concerning(subject_id):
            try:
                async with asyncio.timeout(timeout_s):
                    await body(subject_id)
            except ProofcallError as error:
                self.tries[name, "failed"] += 1
                log.info(
                    "work will be tried again", work=name, subject_id=subject_id, error=str(error)
                )
                raise
            except Exception:
                self.tries[name, "failed"] += 1
                log.exception("work failed, will be tried again", work=name, subject_id=subject_id)
                raise
            self.tries[name, "done"] += 1


def _queue_of(workflow: str) -> str:
    if workflow in _LONG_WORK:
        return _LONG_QUEUE
    return _SLOW_QUEUE if workflow in _SLOW_WORK else _QUEUE


def _concerning(subject_id: str) -> AbstractContextManager[object]:
    """Lines about a session's work name the session, as those of every process do."""
    session_id = subject_id.partition(":")[0]
    about = {"session_id": session_id} if session_id.startswith("ses_") else {}
    return structlog.contextvars.bound_contextvars(**about)
