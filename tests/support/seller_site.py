"""The seller's half of the web process, on a real port: everything but calls and media."""

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
from signaling import api_cases, api_staff, openapi, problems
from signaling.services import SERVICES, Services
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

    async def publish(self, changes: Changes) -> None:
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
    """Serve the case and staff routes on SQLite in ``folder``."""
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
    }
    # Whatever belongs to calls is not there, and none of these routes may miss it.
    services = Services(**{part.name: parts.get(part.name) for part in fields(Services)})
    app = web.Application(
        middlewares=[problems.middleware], client_max_size=problems.MAX_BODY_BYTES
    )
    app[SERVICES] = services
    app.on_response_prepare.append(problems.secure_headers(chosen.public_url))
    api_cases.add_routes(app)
    api_staff.add_routes(app)
    openapi.add_routes(app)
    try:
        async with TestClient(TestServer(app)) as client:
            yield SellerSite(seller, client, hub, store)
    finally:
        await store.close()
        await database.close()
