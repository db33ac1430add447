"""Set-ups and hang-ups leave memory, descriptors and tasks where they were (short; `make soak`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.soak import Allowed, soak

ROUNDS = 60
# A real leak of a peer is 200 kB and more: sixty rounds with two peers each would be 24 MB.
ALLOWED = Allowed(resident_bytes=16e6, second_half_bytes=10e6)


@pytest.mark.timeout(240)
async def test_sixty_calls_leave_nothing_behind(tmp_path: Path) -> None:
    """Ended properly, by a page that died, after a fresh peer, and with one that never came."""
    assert await soak(ROUNDS, ALLOWED, tmp_path) == []
