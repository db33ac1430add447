"""Work on what came from a stranger, in a child process with bounds on time, memory and files."""

from __future__ import annotations

import asyncio
import ctypes
import os
import resource
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

_CPU_LIMIT_S: Final = 20
_MEMORY_LIMIT_BYTES: Final = 2 * 1024**3
_ROOT: Final = str(Path(__file__).resolve().parent.parent)
_CLONE_NEWUSER_AND_NEWNET: Final = 0x10000000 | 0x40000000
_PR_SET_NO_NEW_PRIVS: Final = 38


async def run_apart(module: str, *arguments: str, content: bytes, limit_s: float) -> bytes | None:
    """What a module of ours writes when it runs with ``content`` on its standard input.

    None if it failed or took longer; it sees nothing of our environment, and calls ``confine``
    before it looks at the content.
    """
    child = await _start(module, *arguments)
    try:
        async with asyncio.timeout(limit_s):
            answer, _ = await child.communicate(content)
    except TimeoutError:
        return None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return answer if child.returncode == 0 else None


async def stream_apart(
    module: str,
    feed: AsyncIterator[bytes],
    tell: Callable[[bytes], Awaitable[None]],
    *,
    files: Sequence[int],
    stall_s: float,
) -> bool:
    """Run a module of ours that is fed bit by bit, with open files of ours: its arguments.

    ``tell`` is given each line that it says. False if it failed, or said nothing for
    ``stall_s``; then it is dead. What the feed or ``tell`` raises ends it, too.
    """
    child = await _start(module, *map(str, files), pass_fds=files)
    assert child.stdin is not None
    assert child.stdout is not None
    feeding = asyncio.ensure_future(_feed(child.stdin, feed))
    try:
        while True:
            async with asyncio.timeout(stall_s):
                line = await child.stdout.readline()
            if feeding.done():
                await feeding
            if not line:
                break
            await tell(line)
        async with asyncio.timeout(stall_s):
            status = await child.wait()
        # A feed that waits for the child's next word would wait for a dead one's for ever.
        if status == 0 or feeding.done():
            await feeding
        return status == 0
    except (TimeoutError, ValueError):
        return False
    finally:
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
        if child.returncode is None:
            child.kill()
            await child.wait()


async def _feed(pipe: asyncio.StreamWriter, feed: AsyncIterator[bytes]) -> None:
    try:
        async for part in feed:
            pipe.write(part)
            await pipe.drain()
    except ConnectionError:
        # It is dead; how it ended says why.
        return
    finally:
        pipe.close()


async def _start(
    module: str, *arguments: str, pass_fds: Sequence[int] = ()
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PYTHONPATH": _ROOT, "PATH": os.defpath, "OPENBLAS_NUM_THREADS": "1"},
        cwd="/",
        pass_fds=pass_fds,
    )


def confine(
    memory_bytes: int = _MEMORY_LIMIT_BYTES,
    *,
    cpu_s: int = _CPU_LIMIT_S,
    file_bytes: int = 0,
    open_files: int = 16,
) -> None:
    """Bound this process before it takes apart what came from a stranger."""
    for what, limit in (
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, open_files),
    ):
        resource.setrlimit(what, (limit, limit))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    # Refused inside some containers; the other bounds hold all the same.
    libc.unshare(_CLONE_NEWUSER_AND_NEWNET)
