"""A seller whose ports lead to a carrier and a payment service on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from cases.errands import RUN
from cases.states import Role, Scope
from signaling.due_sweep import sweep_due
from signaling.port_work import order_due_errands, run_errand
from signaling.services import SERVICES, Services
from tests.support.port_site import SECRET, PortSite, port_site
from tests.support.seller import PASSWORD, case_in
from tests.support.seller_site import SellerSite, seller_site

ADDRESS = "Return desk, Calle Mayor 4, 28013 Madrid"
OURS = {"X-Proofcall": "1"}


@dataclass(slots=True)
class Orders:
    """An outbox that keeps the errands it is given, for the test to carry out."""

    subjects: list[str] = field(default_factory=list)
    known: set[str] = field(default_factory=set)

    async def enqueue(
        self, tx: AsyncSession, workflow: str, workflow_id: str, *arguments: str
    ) -> None:
        """Keep an order once."""
        if workflow == RUN and workflow_id not in self.known:
            self.known.add(workflow_id)
            self.subjects.append(arguments[0])


@dataclass(slots=True)
class PortWorld:
    """The site, its services, and the strangers' servers; the client is an admin's browser."""

    site: SellerSite
    services: Services
    orders: Orders
    strangers: PortSite
    headers: dict[str, str]

    @property
    def now(self) -> datetime:
        """The world's time."""
        return self.site.seller.now

    def advance(self, **by: float) -> None:
        """Let time pass."""
        self.site.seller.clock.advance(timedelta(**by).total_seconds())

    async def ask(
        self, method: str, path: str, status: int, body: Any = None, **headers: str
    ) -> Any:
        """Ask as a machine of the seller's."""
        response = await self.site.client.request(
            method, f"/api/v1{path}", json=body, headers={**self.headers, **headers}
        )
        assert response.status == status, (response.status, await response.text())
        return await response.json()

    async def ask_as_admin(self, method: str, path: str, status: int, body: Any = None) -> Any:
        """Ask as the seller's admin, who alone sets ports up."""
        response = await self.site.client.request(method, f"/api/v1{path}", json=body, headers=OURS)
        assert response.status == status, (response.status, await response.text())
        return await response.json()

    async def connect(self, **changes: Any) -> None:
        """Set every port up, and the address book."""
        url = self.strangers.url
        tracking = {"url": f"{url}/v1/trackings/{{tracking_number}}", "secret": SECRET}
        label = {"url": f"{url}/v1/labels", "secret": SECRET, "carrier": "Example Post"}
        refund = {
            "url": f"{url}/v1/refunds",
            "status_url": f"{url}/v1/refunds/{{reference}}",
            "secret": SECRET,
        }
        await self.ask_as_admin("PUT", "/ports/tracking", 200, tracking)
        await self.ask_as_admin("PUT", "/ports/label", 200, label)
        await self.ask_as_admin("PUT", "/ports/refund", 200, {**refund, **changes})
        await self.ask_as_admin("PUT", "/return-addresses/own", 200, {"address": ADDRESS})

    async def decided(self, outcome: str = "refund", **changes: Any) -> str:
        """A new case with a verdict; the answer is its id."""
        opened = await self.ask("POST", "/cases", 201, case_in(**changes))
        case = opened["case"]
        tag = {"If-Match": f'"{case["version"]}"'}
        await self.ask("POST", f"/cases/{case['id']}/verdict", 200, {"outcome": outcome}, **tag)
        return str(case["id"])

    async def case(self, case_id: str) -> dict[str, Any]:
        """A case as it is now."""
        found: dict[str, Any] = await self.ask("GET", f"/cases/{case_id}", 200)
        return found

    async def move(self, case_id: str, name: str, **told: Any) -> dict[str, Any]:
        """Make a move by hand."""
        version = (await self.case(case_id))["version"]
        moved: dict[str, Any] = await self.ask(
            "POST",
            f"/cases/{case_id}/moves",
            200,
            {"move": name, **told},
            **{"If-Match": f'"{version}"'},
        )
        return moved

    async def way(self, case_id: str) -> dict[str, Any]:
        """Its parcels, labels, refunds and claims."""
        found: dict[str, Any] = await self.ask("GET", f"/cases/{case_id}/way", 200)
        return found

    async def kinds(self, case_id: str) -> list[str]:
        """What its log tells, in order."""
        events = (await self.ask("GET", f"/cases/{case_id}/events", 200))["events"]
        return [event["kind"] for event in events]

    async def work(self) -> int:
        """Order what is due and carry it out, as jobs would; gives how much there was."""
        done = 0
        while True:
            await sweep_due(self.services)
            await order_due_errands(self.services)
            if not self.orders.subjects:
                return done
            while self.orders.subjects:
                await run_errand(self.services, self.orders.subjects.pop(0))
                done += 1


@asynccontextmanager
async def port_world(
    folder: Path, database_url: str | None = None, **settings: Any
) -> AsyncIterator[PortWorld]:
    """The world on a database; nothing is connected yet."""
    given = {"webhooks_to_private": True, **settings}
    async with (
        port_site() as strangers,
        seller_site(folder, database_url=database_url, **given) as site,
    ):
        assert site.client.app is not None
        services = site.client.app[SERVICES]
        orders = Orders()
        services.outbox = orders
        secret = await site.seller.api_key(site.seller.lamp, Scope.CASES_READ, Scope.CASES_WRITE)
        admin = await site.seller.staff(Role.ADMIN, tenant=site.seller.lamp)
        answer = await site.client.post(
            "/api/login",
            json={"email": f"{admin.staff_id}@example.com", "password": PASSWORD},
            headers=OURS,
        )
        assert answer.status == 200, await answer.text()
        headers = {"Authorization": f"Bearer {secret}"}
        yield PortWorld(site, services, orders, strangers, headers)
