"""The object store: where sealed segments and stills are kept for good.

Two implementations under one contract: a directory, and S3 (``store_s3.py``).
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import re
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from stat import S_ISREG
from typing import Protocol, TypeVar

from recorder.store_faults import StoreReason
from runtime.durable_files import sync_directory, write_durably
from runtime.errors import RetainedError, StoreError

_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,200}(/[A-Za-z0-9_-][A-Za-z0-9._-]{0,200}){0,12}")
_THREADS = 8

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as the store keeps it; ``version_id`` where the store has versions."""

    key: str
    size_bytes: int
    sha256: str
    version_id: str | None


class LockKeeper(StrEnum):
    """Who refuses to delete what is retained or held."""

    STORE = "store"  # Object Lock: also against whoever has the bucket's credentials
    APPLICATION = "application"  # Proofcall alone; whoever reaches the storage can delete


class LockMode(StrEnum):
    """How Object Lock is asked to retain."""

    GOVERNANCE = "governance"  # a user with a right of its own may shorten
    COMPLIANCE = "compliance"  # nobody may, the root user neither


@dataclass(frozen=True, slots=True)
class StoreCapabilities:
    """What a store does for evidence; ``lock_mode`` is None where the application keeps."""

    kind: str
    versions: bool
    lock: LockKeeper
    lock_mode: LockMode | None

    @property
    def shortcomings(self) -> tuple[str, ...]:
        """What evidence should have and this store does not give, as stable words."""
        found = [] if self.versions else ["no_versions"]
        return (*found, *(() if self.lock is LockKeeper.STORE else ("no_object_lock",)))


@dataclass(frozen=True, slots=True)
class ObjectLock:
    """Until when an object is retained, and whether it is held whatever the date."""

    until: datetime | None = None
    held: bool = False

    def refuse(self, key: str) -> None:
        """Raise RetainedError if the object must not go now."""
        if self.held:
            raise RetainedError(f"{key} is under a legal hold")
        if self.until is not None and self.until > datetime.now(UTC):
            raise RetainedError(f"{key} is retained until {self.until.isoformat()}")


class ObjectStore(Protocol):
    """Keeps bytes under unique names, never changing them. Every method may raise StoreError."""

    async def put(self, key: str, content: bytes) -> StoredObject:
        """Store an object durably. The same content again is no error, other content is."""
        ...

    async def get(self, key: str, *, version_id: str | None = None) -> bytes:
        """The whole object; a missing one is a ``StoreError`` that is not retryable."""
        ...

    async def size(self, key: str, *, version_id: str | None = None) -> int | None:
        """How many bytes an object has; None where there is none of this name."""
        ...

    async def retain(self, key: str, until: datetime, *, version_id: str | None = None) -> datetime:
        """Keep an object at least until then; an earlier date shortens nothing.

        Gives the date that holds, in whole seconds. Without a version all of them are meant.
        """
        ...

    async def hold(self, key: str, *, version_id: str | None = None) -> None:
        """Put an object under a legal hold; it stays until released, whatever the date."""
        ...

    async def release(self, key: str, *, version_id: str | None = None) -> None:
        """End a legal hold; a date set by ``retain`` goes on."""
        ...

    async def lock_of(self, key: str, *, version_id: str | None = None) -> ObjectLock:
        """How long an object is kept; without a version the newest is meant."""
        ...

    async def delete(self, key: str, *, version_id: str | None = None) -> None:
        """Delete this version, or, without one, every version of the name; none is no error.

        Raises:
            RetainedError: one of them is retained or held; then all of them stay.
        """
        ...

    async def capabilities(self, key: str = "") -> StoreCapabilities:
        """What the store does for evidence; with several places, the one of this name."""
        ...

    async def close(self) -> None:
        """Let go of threads and connections; may be called twice."""
        ...


def check_key(key: str) -> str:
    """The key itself.

    Raises:
        StoreError: it is not a plain relative name.
    """
    if not _KEY.fullmatch(key):
        raise StoreError(f"not an object key: {key!r}", retryable=False)
    return key


def whole_seconds(until: datetime) -> datetime:
    """A date as stores keep it: UTC, never earlier than asked for."""
    until = until.astimezone(UTC)
    return until.replace(microsecond=0) + timedelta(seconds=until.microsecond > 0)


def missing(key: str) -> StoreError:
    """There is no such object."""
    return StoreError(f"there is no {key}", retryable=False, reason=StoreReason.OBJECT)


def other_content(key: str) -> StoreError:
    """The name is taken by other bytes."""
    message = f"{key} exists with other content"
    return StoreError(message, retryable=False, reason=StoreReason.OBJECT)


class Threads:
    """A bounded pool that keeps blocking store calls off the event loop."""

    def __init__(self, count: int = _THREADS) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="store")

    async def run(self, work: Callable[[], _Result], *, limit_s: float) -> _Result:
        """Run blocking work.

        Raises:
            StoreError: it took longer than ``limit_s`` (retryable).
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(limit_s):
                return await loop.run_in_executor(self._pool, work)
        except TimeoutError as error:
            raise StoreError(
                f"no answer within {limit_s} s", retryable=True, reason=StoreReason.AWAY
            ) from error

    def close(self) -> None:
        """Stop the threads without waiting for a hanging call."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class DirectoryStore:
    """A directory as a store: whole files only, made durable, never overwritten.

    The SHA-256 stands beside each object, and in a hidden file how long it is kept. The
    application keeps to that; whoever may write the directory may delete: this is not WORM.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._threads = Threads()

    async def put(self, key: str, content: bytes) -> StoredObject:
        """Store an object durably."""
        path = self._root / check_key(key)
        return await self._threads.run(lambda: self._put(key, path, content), limit_s=60)

    async def get(self, key: str, *, version_id: str | None = None) -> bytes:
        """The whole object."""
        path = self._root / check_key(key)
        return await self._threads.run(lambda: self._get(path), limit_s=60)

    async def size(self, key: str, *, version_id: str | None = None) -> int | None:
        """How many bytes an object has."""
        path = self._root / check_key(key)
        return await self._threads.run(lambda: self._size(path), limit_s=60)

    async def retain(self, key: str, until: datetime, *, version_id: str | None = None) -> datetime:
        """Keep an object at least until then."""
        until = whole_seconds(until)

        def longer(lock: ObjectLock) -> ObjectLock:
            return replace(lock, until=max(lock.until or until, until))

        return (await self._change_lock(key, longer)).until or until

    async def hold(self, key: str, *, version_id: str | None = None) -> None:
        """Put an object under a legal hold."""
        await self._change_lock(key, lambda lock: replace(lock, held=True))

    async def release(self, key: str, *, version_id: str | None = None) -> None:
        """End a legal hold."""
        await self._change_lock(key, lambda lock: replace(lock, held=False))

    async def lock_of(self, key: str, *, version_id: str | None = None) -> ObjectLock:
        """How long an object is kept."""
        path = self._root / check_key(key)
        return await self._threads.run(lambda: _read_lock(path), limit_s=60)

    async def delete(self, key: str, *, version_id: str | None = None) -> None:
        """Delete an object with what stands beside it."""
        path = self._root / check_key(key)
        await self._threads.run(lambda: self._delete(key, path), limit_s=60)

    async def capabilities(self, key: str = "") -> StoreCapabilities:
        """A directory has neither versions nor locks of its own."""
        return StoreCapabilities("directory", False, LockKeeper.APPLICATION, None)

    async def close(self) -> None:
        """Let go of the threads."""
        self._threads.close()

    async def _change_lock(
        self, key: str, change: Callable[[ObjectLock], ObjectLock]
    ) -> ObjectLock:
        path = self._root / check_key(key)

        def work() -> ObjectLock:
            try:
                with _alone(path.parent):
                    lock = change(_read_lock(path))
                    _write_lock(path, lock)
            except FileNotFoundError as error:
                raise missing(key) from error
            except OSError as error:
                raise _disk(key, error) from error
            return lock

        return await self._threads.run(work, limit_s=60)

    @staticmethod
    def _delete(key: str, path: Path) -> None:
        try:
            if not path.is_file():
                return
            with _alone(path.parent):
                _read_lock(path).refuse(key)
                path.unlink(missing_ok=True)
                path.with_name(f"{path.name}.sha256").unlink(missing_ok=True)
                _lock_path(path).unlink(missing_ok=True)
                sync_directory(path.parent)
        except FileNotFoundError:
            return
        except OSError as error:
            raise _disk(key, error) from error

    def _put(self, key: str, path: Path, content: bytes) -> StoredObject:
        digest = sha256(content).hexdigest()
        aside = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
        beside = path.with_name(f"{path.name}.sha256")
        try:
            self._make_directory(path.parent)
            try:
                _write_new(aside, content)
                # A link, unlike a rename, never replaces what is there.
                os.link(aside, path)
            except FileExistsError:
                if sha256(self._get(path)).hexdigest() != digest:
                    raise other_content(key) from None
            finally:
                aside.unlink(missing_ok=True)
            _write_new(beside, f"{digest}  {path.name}\n".encode(), replace=True)
            sync_directory(path.parent)
        except OSError as error:
            raise _disk(key, error) from error
        return StoredObject(key, len(content), digest, None)

    def _make_directory(self, path: Path) -> None:
        if path.is_dir():
            return
        self._make_directory(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
        sync_directory(path.parent)

    @staticmethod
    def _size(path: Path) -> int | None:
        try:
            found = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _disk(path.name, error) from error
        return found.st_size if S_ISREG(found.st_mode) else None

    @staticmethod
    def _get(path: Path) -> bytes:
        try:
            return path.read_bytes()
        except FileNotFoundError as error:
            raise missing(path.name) from error
        except OSError as error:
            raise _disk(path.name, error) from error


def _disk(key: str, error: OSError) -> StoreError:
    return StoreError(f"{key}: {error}", retryable=True, reason=StoreReason.DISK)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody else changes or looks at a lock in this directory, in no process."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _lock_path(path: Path) -> Path:
    # Names that begin with a dot are no keys, so no object is ever mistaken for one.
    return path.with_name(f".{path.name}.lock")


def _read_lock(path: Path) -> ObjectLock:
    if not path.is_file():
        raise missing(path.name)
    try:
        given = json.loads(_lock_path(path).read_bytes())
        until = given["until"]
        return ObjectLock(until and datetime.fromisoformat(until), bool(given["held"]))
    except FileNotFoundError:
        return ObjectLock()
    except (OSError, ValueError, KeyError, TypeError) as error:
        # What cannot be read keeps the object: nothing is deleted on a doubt.
        raise StoreError(
            f"the lock of {path.name}: {error!r}", retryable=True, reason=StoreReason.DISK
        ) from error


def _write_lock(path: Path, lock: ObjectLock) -> None:
    until = lock.until and lock.until.isoformat()
    write_durably(_lock_path(path), json.dumps({"until": until, "held": lock.held}).encode())


def _write_new(path: Path, content: bytes, *, replace: bool = False) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | (os.O_TRUNC if replace else os.O_EXCL)
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
