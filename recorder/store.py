"""The object store: where sealed segments and stills are kept for good.

Two implementations under one contract: a directory, and S3 (``store_s3.py``).
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from stat import S_ISREG
from typing import Protocol, TypeVar
from urllib.parse import unquote, urlsplit

from recorder.journal import sync_directory
from runtime.errors import SetupError, StoreError
from runtime.settings import Settings

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
            raise StoreError(f"no answer within {limit_s} s", retryable=True) from error

    def close(self) -> None:
        """Stop the threads without waiting for a hanging call."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class DirectoryStore:
    """A directory as a store: whole files only, made durable, never overwritten.

    The SHA-256 stands beside each object. The application keeps them; this is not WORM.
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

    async def close(self) -> None:
        """Let go of the threads."""
        self._threads.close()

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
                    raise StoreError(f"{key} exists with other content", retryable=False) from None
            finally:
                aside.unlink(missing_ok=True)
            _write_new(beside, f"{digest}  {path.name}\n".encode(), replace=True)
            sync_directory(path.parent)
        except OSError as error:
            raise StoreError(f"{key}: {error}", retryable=True) from error
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
            raise StoreError(f"{path.name}: {error}", retryable=True) from error
        return found.st_size if S_ISREG(found.st_mode) else None

    @staticmethod
    def _get(path: Path) -> bytes:
        try:
            return path.read_bytes()
        except FileNotFoundError as error:
            raise StoreError(f"there is no {path.name}", retryable=False) from error
        except OSError as error:
            raise StoreError(f"{path.name}: {error}", retryable=True) from error


def _write_new(path: Path, content: bytes, *, replace: bool = False) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | (os.O_TRUNC if replace else os.O_EXCL)
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def open_store(settings: Settings) -> ObjectStore:
    """The store that the settings name.

    Raises:
        SetupError: the URL is of no known kind.
    """
    url = urlsplit(settings.store_url)
    if url.scheme == "file" and url.netloc in ("", "localhost"):
        return DirectoryStore(Path(unquote(url.path)))
    if url.scheme == "s3" and url.netloc:
        # Imported here because boto3 takes a while, and a directory needs none of it.
        from recorder.store_s3 import S3Store

        return S3Store(url.netloc, url.path.strip("/"), endpoint=settings.s3_endpoint)
    raise SetupError(
        f"PROOFCALL_STORE: expected file:///… or s3://bucket/prefix, not {url.scheme!r}"
    )
