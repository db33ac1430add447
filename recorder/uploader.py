"""The uploader process: from the spool into the store and the ledger, in order.

Of each session the facts go one after the other, sessions go side by side. A segment is
stored, read back and compared before its fact is posted; files go only after the fact
is acknowledged. Everything may be repeated after a crash at any step.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import stamina
import structlog

from recorder.outages import Outages
from recorder.places import log_capabilities, open_store
from recorder.process import WAKE_SOCKET
from recorder.spool_layout import (
    ACKNOWLEDGED_NAME,
    OUTBOX_NAME,
    acknowledged,
    session_directories,
)
from recorder.spool_state import Fact
from recorder.store import ObjectStore
from recorder.store_faults import StoreReason
from runtime.clock import Clock, SystemClock
from runtime.control import (
    ControlClient,
    ControlError,
    ControlServer,
    Json,
    load_control_secret,
)
from runtime.durable_files import write_durably
from runtime.errors import StoreError, StoreFault
from runtime.place_names import place_of
from runtime.settings import Settings
from runtime.tasks import Tasks
from runtime.vitals import Vitals

log = structlog.get_logger()

WEB_SOCKET = "web.sock"
STATUS_SOCKET = "uploader-status.sock"
_LOOK_S = 1.0
_SESSIONS_AT_ONCE = 8
_FACTS_AT_ONCE = 16
_POST_LIMIT_S = 10.0
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 15.0


class NotAcknowledgedError(Exception):
    """The ledger did not take a fact: try again."""


@dataclass(slots=True)
class UploadFigures:
    """What the uploader has done since it started."""

    stored_segments: int = 0
    stored_bytes: int = 0
    acknowledged_facts: int = 0
    ledger_errors: int = 0


class Uploader:
    """Drains the spool; ``run`` until cancelled."""

    def __init__(
        self, spool_root: Path, store: ObjectStore, web: ControlClient, clock: Clock
    ) -> None:
        self._root = spool_root
        self._store = store
        self._web = web
        self._busy: dict[str, bool] = {}
        self._retrying: set[str] = set()
        self._clock = clock
        self._outages = Outages()
        self._store_errors = dict.fromkeys(StoreFault, 0)
        self.figures = UploadFigures()
        self._tasks = Tasks()
        self._slots: dict[str, asyncio.Semaphore] = {}

    async def look(self) -> None:
        """Start on every session that has facts waiting."""
        for directory in await asyncio.to_thread(session_directories, self._root):
            self.wake(directory.name)

    def wake(self, session_id: str) -> None:
        """Start on a session, or look at it once more if it is being worked on."""
        if session_id in self._busy:
            self._busy[session_id] = True
            return
        self._busy[session_id] = False
        self._tasks.once(f"upload {session_id}", self._work(session_id))

    async def status(self) -> dict[str, Any]:
        """The figures, how many sessions are worked on and wait to be retried, and the outages."""
        late = self._outages.sessions
        waiting = await asyncio.to_thread(_count_facts, self._root, late)
        return {
            **asdict(self.figures),
            "store_errors": dict(self._store_errors),
            "sessions": len(self._busy),
            "retrying": len(self._retrying),
            "outages": [one.fields() for one in self._outages.by_place(waiting)],
            "waiting_bytes": await asyncio.to_thread(_count_bytes, self._root, late),
        }

    async def close(self) -> None:
        """Stop where it is; everything can be repeated."""
        await self._tasks.close()

    async def _work(self, session_id: str) -> None:
        directory = self._root / session_id
        try:
            again = True
            while again:
                self._busy[session_id] = False
                async for attempt in stamina.retry_context(
                    on=_worth_retrying,
                    attempts=None,
                    timeout=None,
                    wait_initial=_FIRST_PAUSE_S,
                    wait_max=_LONGEST_PAUSE_S,
                    wait_jitter=0.2,
                ):
                    with attempt:
                        if attempt.num > 1:
                            self._retrying.add(session_id)
                        if attempt.num in (2, 10) or attempt.num % 100 == 0:
                            log.warning("upload retried", session_id=session_id, n=attempt.num)
                        await self._drain(directory)
                self._retrying.discard(session_id)
                again = self._busy[session_id]
        finally:
            self._retrying.discard(session_id)
            self._outages.stored(session_id)
            del self._busy[session_id]

    async def _drain(self, directory: Path) -> None:
        while facts := await asyncio.to_thread(_waiting_facts, directory):
            async with self._slots_of(facts):
                await self._send(directory, facts)

    def _slots_of(self, facts: list[Fact]) -> asyncio.Semaphore:
        """Some for each place: one that does not answer holds up nobody who is elsewhere."""
        key = next((fact["object_key"] for fact in facts if "object_key" in fact), "")
        return self._slots.setdefault(place_of(key), asyncio.Semaphore(_SESSIONS_AT_ONCE))

    async def _send(self, directory: Path, facts: list[Fact]) -> None:
        outbox = directory / OUTBOX_NAME
        failure: StoreError | None = None
        ready: list[Fact] = []
        for fact in facts:
            try:
                ready.append(await self._stored(outbox, fact))
            except StoreError as error:
                self._note_failure(fact, error)
                # What comes before it can still go; the order is kept.
                failure = error
                break
        if ready:
            try:
                answer = await self._web.command(
                    "/facts/recorder", {"facts": ready}, timeout_s=_POST_LIMIT_S
                )
            except ControlError:
                self.figures.ledger_errors += 1
                raise
            acked = {(str(session), int(seq)) for session, seq in answer["acked"]}
            taken: list[Fact] = []
            for fact in ready:
                if (fact["session_id"], fact["seq"]) not in acked:
                    break
                taken.append(fact)
            if taken:
                await asyncio.to_thread(_forget, directory, taken)
                self.figures.acknowledged_facts += len(taken)
                log.info(
                    "facts acknowledged",
                    session_id=directory.name,
                    seq=taken[-1]["seq"],
                    kind=taken[-1]["kind"],
                )
            if len(taken) < len(ready):
                raise NotAcknowledgedError(f"{directory.name}: {len(ready) - len(taken)} facts")
        if failure is not None:
            raise failure

    def _note_failure(self, fact: Fact, error: StoreError) -> None:
        place = place_of(fact["object_key"])
        self._store_errors[error.fault] += 1
        self._outages.failed(fact["session_id"], place, error, self._clock.wall_ns())
        if not error.retryable:
            # The bucket's owner, or an operator, can mend it; the evidence waits for that.
            log.error(
                "the store refuses",
                session_id=fact["session_id"],
                place=place,
                fault=error.fault.value,
                reason=error.reason,
                error=str(error),
            )

    async def _stored(self, outbox: Path, fact: Fact) -> Fact:
        """The fact, after what it names is in the store and was read back."""
        if fact["kind"] != "segment_sealed":
            return fact
        path = outbox / f"{fact['seq']:08d}.segment"
        content = await asyncio.to_thread(path.read_bytes)
        stored = await self._store.put(fact["object_key"], content)
        again = await self._store.get(fact["object_key"], version_id=stored.version_id)
        digest = await asyncio.to_thread(lambda: sha256(again).hexdigest())
        if len(again) != fact["stored_bytes"] or digest != fact["stored_sha256"]:
            raise StoreError(
                f"{fact['object_key']} reads back otherwise",
                retryable=True,
                reason=StoreReason.OBJECT,
            )
        self._outages.stored(fact["session_id"])
        self.figures.stored_segments += 1
        self.figures.stored_bytes += len(content)
        log.info(
            "segment stored",
            session_id=fact["session_id"],
            recording_id=fact["recording_id"],
            segment_no=fact["segment_no"],
            bytes=len(content),
        )
        return {**fact, "version_id": stored.version_id}


def _worth_retrying(error: Exception) -> bool:
    return isinstance(error, StoreError | ControlError | NotAcknowledgedError | OSError)


def _count_facts(root: Path, session_ids: list[str]) -> dict[str, int]:
    """How many facts of each session wait."""
    return {one: len(list((root / one / OUTBOX_NAME).glob("*.json"))) for one in session_ids}


def _count_bytes(root: Path, session_ids: list[str]) -> dict[str, int]:
    """How many bytes of sealed evidence of each session wait."""
    return {
        one: sum(map(_size, (root / one / OUTBOX_NAME).glob("*.segment"))) for one in session_ids
    }


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        # It was stored in the meantime.
        return 0


def _waiting_facts(directory: Path) -> list[Fact]:
    """The next facts in order; those acknowledged before a crash are let go of here."""
    outbox = directory / OUTBOX_NAME
    expected = acknowledged(outbox) + 1
    facts: list[Fact] = []
    for path in sorted(outbox.glob("*.json")):
        fact: Fact = json.loads(path.read_bytes())
        if fact["seq"] < expected:
            _let_go(directory, fact)
            continue
        if fact["seq"] != expected or len(facts) == _FACTS_AT_ONCE:
            break
        facts.append(fact)
        expected += 1
    return facts


def _forget(directory: Path, facts: list[Fact]) -> None:
    """Let go of facts that the ledger holds, and of what they name."""
    # First the mark, so that a recorder starting now does not write the last fact again.
    mark = str(facts[-1]["seq"]).encode()
    write_durably(directory / OUTBOX_NAME / ACKNOWLEDGED_NAME, mark)
    for fact in facts:
        _let_go(directory, fact)


def _let_go(directory: Path, fact: Fact) -> None:
    name = f"{fact['seq']:08d}"
    (directory / OUTBOX_NAME / f"{name}.segment").unlink(missing_ok=True)
    if fact["kind"] == "session_closed":
        _remove_session(directory, name)
    else:
        (directory / OUTBOX_NAME / f"{name}.json").unlink(missing_ok=True)


def _remove_session(directory: Path, last: str) -> None:
    """Remove a closed session's directory; the last fact goes last, so that it can be repeated."""
    outbox = directory / OUTBOX_NAME
    left = [path for path in outbox.glob("*.json") if path.stem != last]
    left += [*directory.glob("*.journal"), *directory.glob("*.held")]
    if left:
        log.error("a closed session still holds evidence", path=str(directory), files=len(left))
        return
    shutil.rmtree(directory)


def _listen(path: Path, wake: Callable[[str], None]) -> socket.socket:
    """The socket on which the recorder says that a session has a new fact."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.setblocking(False)
    listener.bind(str(path))

    def readable() -> None:
        while True:
            try:
                name = listener.recv(256).decode(errors="replace")
            except BlockingIOError:
                return
            if name.replace("_", "").replace("-", "").isalnum():
                wake(name)

    asyncio.get_running_loop().add_reader(listener, readable)
    return listener


async def run_uploader(settings: Settings) -> None:
    """Run the uploader until cancelled.

    Raises:
        SetupError: a place's address is of no known kind, or has no credentials.
    """
    store = open_store(settings)
    secret = load_control_secret(settings.keys_dir)
    web = ControlClient(f"unix://{settings.run_dir / WEB_SOCKET}", secret)
    clock = SystemClock()
    uploader = Uploader(settings.spool_dir, store, web, clock)
    vitals = Vitals(clock)
    tasks = Tasks()
    server = ControlServer(f"unix://{settings.run_dir / STATUS_SOCKET}", secret)

    async def status(_: Mapping[str, str], __: Json) -> Json:
        return {**await uploader.status(), **vitals.fields()}

    server.query("/status", status)
    listener = _listen(settings.run_dir / WAKE_SOCKET, uploader.wake)
    await server.start()
    tasks.forever("loop lag", vitals.run)
    tasks.once("look at the places", log_capabilities(store))
    log.info("uploader started")
    try:
        while True:
            await uploader.look()
            await asyncio.sleep(_LOOK_S)
    finally:
        asyncio.get_running_loop().remove_reader(listener)
        listener.close()
        await uploader.close()
        await server.close()
        await tasks.close()
        await web.close()
        await store.close()
