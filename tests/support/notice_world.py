"""A seller's site whose notices are worked off step by step, with mail that is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.actor import SystemActor
from cases.case_note import note
from cases.mail import SEND_MAIL, Envelope, MailServer
from cases.notices import SEND_NOTICE
from cases.states import Scope
from cases.tables import Case, Notice
from infra.local.postgres import Postgres
from signaling.mail_work import send_mail
from signaling.notice_work import order_due_notices, send_notice
from signaling.services import SERVICES, Services
from tests.support.seller_site import SellerSite, seller_site

NOON = datetime(2026, 6, 1, 10, 0, tzinfo=UTC)
"""In Madrid; the world begins there."""


@dataclass(slots=True)
class Orders:
    """An outbox that keeps what it is given, for the test to carry out."""

    waiting: list[tuple[str, str]] = field(default_factory=list)
    known: set[str] = field(default_factory=set)

    async def enqueue(
        self, tx: AsyncSession, workflow: str, workflow_id: str, *arguments: str
    ) -> None:
        """Keep an order once."""
        if workflow_id not in self.known:
            self.known.add(workflow_id)
            self.waiting.append((workflow, arguments[0]))


@dataclass(slots=True)
class Inbox:
    """A mail server that takes everything."""

    came: list[Envelope] = field(default_factory=list)

    async def send(self, envelope: Envelope) -> None:
        """Keep it."""
        self.came.append(envelope)


@dataclass(slots=True)
class NoticeWorld:
    """The site, what its jobs would do, and what came out."""

    site: SellerSite
    services: Services
    orders: Orders
    inbox: Inbox
    headers: dict[str, str]

    async def happened(self, case_id: str, kind: str, **payload: Any) -> None:
        """Something is written into the case's log."""
        seller = self.site.seller
        async with seller.database.begin() as tx:
            case = await tx.get_one(Case, case_id)
            await note(tx, seller.keys, case, kind, payload, SystemActor(), seller.now)

    async def work(self) -> None:
        """Do what jobs would do now."""
        await self.work_with(self.inbox)

    async def work_without_mail(self) -> None:
        """The same where no mail server is set."""
        await self.work_with(None)

    async def work_with(self, server: MailServer | None) -> None:
        """The same with this mail server."""
        while await order_due_notices(self.services) or self.orders.waiting:
            while self.orders.waiting:
                workflow, subject = self.orders.waiting.pop(0)
                if workflow == SEND_MAIL:
                    await send_mail(self.services, server, subject)
                elif workflow == SEND_NOTICE:
                    await send_notice(self.services, subject)

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self.site.seller.clock.advance(by.total_seconds())

    async def open_case(self, **changes: Any) -> str:
        """A case like ``case_in()``, by the shop's machine."""
        actor = await self.site.seller.machine(self.site.seller.lamp, Scope.CASES_WRITE)
        return (await self.site.seller.open_case(actor, **changes)).case_id

    async def ask(self, method: str, path: str, status: int, body: Any = None) -> Any:
        """Ask the API as the shop's machine."""
        response = await self.site.client.request(method, path, json=body, headers=self.headers)
        assert response.status == status, await response.text()
        return None if status == 204 else await response.json()

    async def rows(self, case_id: str) -> list[Notice]:
        """The notices of a case, as they were ordered."""
        async with self.site.seller.database.read() as tx:
            found = await tx.scalars(
                select(Notice).where(Notice.case_id == case_id).order_by(Notice.seq, Notice.kind)
            )
            return list(found)

    async def states(self, case_id: str) -> list[tuple[str, str, str | None]]:
        """Kind, state and reason of each."""
        return [(row.kind, row.state, row.reason) for row in await self.rows(case_id)]


def database_url(request: pytest.FixtureRequest) -> str | None:
    """A fresh database on PostgreSQL where a fixture is asked for it; None is SQLite."""
    if request.param != "postgresql":
        return None
    server: Postgres = request.getfixturevalue("postgres")
    return server.fresh_database()


@asynccontextmanager
async def notice_world(
    folder: Path, database_url: str | None = None, **settings: Any
) -> AsyncIterator[NoticeWorld]:
    """The world on its site."""
    site = seller_site(folder, database_url=database_url, webhooks_to_private=True, **settings)
    async with site as running:
        clock = running.seller.clock
        clock.advance((NOON - clock.now()).total_seconds())
        services = running.client.app[SERVICES] if running.client.app else None
        assert services is not None
        orders = Orders()
        services.outbox = orders
        scopes = (Scope.CASES_READ, Scope.CASES_WRITE, Scope.WEBHOOKS_WRITE)
        secret = await running.seller.api_key(running.seller.lamp, *scopes)
        headers = {"Authorization": f"Bearer {secret}"}
        yield NoticeWorld(running, services, orders, Inbox(), headers)
