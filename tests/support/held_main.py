"""Carries out what is held, in a process of its own, to be killed.

``held_main URL NOW ERASURE_KEYS``
"""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from cases.database import Database
from cases.keys import KeyRing
from runtime.clock import ManualClock
from signaling.held_sweep import carry_out_due
from signaling.services import Services
from tests.support.seller import world_keys
from tests.support.seller_site import NoOutbox, QuietHub


async def carry_out(url: str, keys: KeyRing, now: datetime) -> int:
    """Everything that is due at ``now``."""
    database = Database(url)
    parts: dict[str, Any] = dict.fromkeys(Services.__dataclass_fields__)
    parts |= {"clock": ManualClock(now), "database": database, "keys": keys}
    parts |= {"outbox": NoOutbox(), "hub": QuietHub()}
    try:
        return await carry_out_due(Services(**parts))
    finally:
        await database.close()


if __name__ == "__main__":
    _, url_, now_, erasure_ = sys.argv
    asyncio.run(carry_out(url_, world_keys(Path(erasure_)), datetime.fromisoformat(now_)))
