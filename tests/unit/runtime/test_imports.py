"""Modules are loaded without the collector, and kept from it afterwards."""

from __future__ import annotations

import subprocess
import sys

# In a process of its own: what is frozen stays so.
_LOADED = """
import gc
from runtime.imports import loading
with loading():
    assert not gc.isenabled()
    import asyncio
assert gc.isenabled()
assert gc.get_freeze_count() > 10_000
assert not any(one is vars(asyncio) for one in gc.get_objects())
"""
_FAILED = """
import gc
from runtime.imports import loading
try:
    with loading():
        import no_such_module
except ModuleNotFoundError:
    assert gc.isenabled()
else:
    raise AssertionError("nothing was raised")
"""


def _run(program: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_what_was_loaded_is_not_looked_through() -> None:
    _run(_LOADED)


def test_a_module_that_fails_leaves_the_collector_on() -> None:
    _run(_FAILED)
