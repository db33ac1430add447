"""A recorder process for tests that kill it: ``python -m tests.support.recorder_main DATA``."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from pathlib import Path

from recorder.process import run_recorder
from runtime.settings import Settings


async def main() -> None:
    """Run until SIGTERM."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await run_recorder(Settings(data=Path(sys.argv[1])))


if __name__ == "__main__":
    asyncio.run(main())
