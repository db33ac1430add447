"""The web application on a real port, with a real database and store but no calls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy.ext.asyncio import AsyncSession

from cases.database import Database
from cases.unit import Changes
from recorder.store import DirectoryStore
from runtime.clock import ManualClock
from runtime.settings import Settings
from runtime.tasks import Tasks
from signaling.app import build_app
from signaling.limits import Limits
from signaling.rate_limit import RateLimit
from signaling.services import Services
from tests.support.seller import Seller, make_seller


class NoOutbox:
    """Orders nothing."""

    async def enqueue(
        self, tx: AsyncSession, workflow: str, workflow_id: str, *arguments: str
    ) -> None:
        """Do nothing."""


@dataclass(slots=True)
class QuietHub:
    """Keeps what would have been told."""

    told: list[Changes] = field(default_factory=list)

    def attach(self, app: web.Application, services: Services) -> None:
        """Nobody is told."""

    def publish(self, changes: Changes) -> None:
        """Keep it."""
        self.told.append(changes)


@dataclass(slots=True)
class SellerSite:
    """A running site: the world behind it, a client for it, and what desks were told."""

    seller: Seller
    client: TestClient[Any, Any]
    hub: QuietHub
    store: DirectoryStore


@asynccontextmanager
async def seller_site(folder: Path, **settings: Any) -> AsyncIterator[SellerSite]:
    """Serve every route on SQLite in ``folder``."""
    chosen = Settings(data=folder, **settings)
    database = Database(chosen.database)
    clock = ManualClock()
    seller = await make_seller(database, clock)
    hub, store = QuietHub(), DirectoryStore(folder / "store")
    parts: dict[str, Any] = {
        "settings": chosen,
        "clock": clock,
        "database": database,
        "keys": seller.keys,
        "outbox": NoOutbox(),
        "store": store,
        "hub": hub,
        "tasks": Tasks(),
        "limits": Limits(chosen.redis_url),
        "rate_limit": RateLimit(chosen.api_rate_per_minute, chosen.redis_url),
        "keys_seen": {},
    }
    # Whatever belongs to calls is not there, and no route of the desk may miss it.
    missing: dict[str, Any] = dict.fromkeys(part.name for part in fields(Services))
    services = Services(**{**missing, **parts})
    try:
        async with TestClient(TestServer(build_app(services))) as client:
            yield SellerSite(seller, client, hub, store)
    finally:
        await store.close()
        await database.close()
