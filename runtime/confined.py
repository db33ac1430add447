"""Work on what came from a stranger, in a child process with bounds on time, memory and files."""

from __future__ import annotations

import asyncio
import ctypes
import os
import resource
import sys
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
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PYTHONPATH": _ROOT, "PATH": os.defpath, "OPENBLAS_NUM_THREADS": "1"},
        cwd="/",
    )
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


def confine(
    memory_bytes: int = _MEMORY_LIMIT_BYTES, open_files: int = 16, cpu_s: int = _CPU_LIMIT_S
) -> None:
    """Bound this process before it takes apart what came from a stranger."""
    for what, limit in (
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, open_files),
    ):
        resource.setrlimit(what, (limit, limit))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    # Refused inside some containers; the other bounds hold all the same.
    libc.unshare(_CLONE_NEWUSER_AND_NEWNET)
