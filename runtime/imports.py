"""Modules loaded at the start of a process, without the garbage collector among them."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Import in here: what is there at the end is never looked through by the collector.

    Modules live as long as their process. Looking for garbage among them costs a fifth of the
    time they take to load, a pause at each full collection afterwards, and a second at the exit.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
