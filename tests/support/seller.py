"""A small world to test in: two sellers, two warehouses, their people, and a case to open."""

from __future__ import annotations

import asyncio
import atexit
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

from sqlalchemy import make_url

from cases import opening
from cases.actor import KeyActor, StaffActor
from cases.case_filter import CaseFilter
from cases.case_list import list_cases
from cases.commands import OpenCase
from cases.consent_text import STAFF_WORDS
from cases.database import Database, upgrade
from cases.erasure_keys import ErasureKeys
from cases.keys import KeyRing
from cases.people import actor_of_key, actor_of_staff, create_api_key
from cases.states import Role, Scope
from cases.tables import Staff, StaffConsent
from cases.tenants import create_tenant, create_warehouse, grant_work
from runtime.clock import ManualClock
from runtime.ids import StaffId, TenantId, WarehouseId, new_id

PASSWORD = "correct horse battery"
# Argon2id of PASSWORD with the least work: what is tested elsewhere need not take long here.
CHEAP_HASH = (
    "$argon2id$v=19$m=8,t=1,p=1$yunGNsxaguabmu9XQr5X2Q$8DBk6XUAwVRr4mgf/jZCa6KlQhzQ+RSekSlBS113qJQ"
)


@dataclass(slots=True)
class Seller:
    """The world; ``lamp`` grants ``hall`` its work, ``shoes`` and ``dock`` are strangers."""

    database: Database
    keys: KeyRing
    clock: ManualClock
    lamp: TenantId
    shoes: TenantId
    hall: WarehouseId
    dock: WarehouseId

    @property
    def now(self) -> datetime:
        """The world's time."""
        return self.clock.now()

    async def staff(
        self,
        *roles: Role,
        tenant: str | None = None,
        warehouse: str | None = None,
        agreed: bool = True,
    ) -> StaffActor:
        """A new member of a tenant or a warehouse, as an actor, who agreed to being recorded."""
        staff_id = new_id("stf")
        async with self.database.begin() as tx:
            staff = Staff(
                id=staff_id,
                tenant_id=tenant,
                warehouse_id=warehouse,
                email=f"{staff_id}@example.com",
                name=f"Somebody {staff_id[-4:]}",
                password_hash=CHEAP_HASH,
                roles=sorted(roles),
                locale="en",
                created_at=self.now,
            )
            tx.add(staff)
            await tx.flush()
            if agreed:
                tx.add(
                    StaffConsent(
                        id=new_id("sco"),
                        staff_id=staff_id,
                        text_version=STAFF_WORDS.version,
                        locale="en",
                        given_at=self.now,
                    )
                )
            return await actor_of_staff(tx, staff)

    async def again(self, actor: StaffActor) -> StaffActor:
        """The same person, as they would be known now."""
        async with self.database.read() as tx:
            return await actor_of_staff(tx, await tx.get_one(Staff, StaffId(actor.staff_id)))

    async def api_key(self, tenant: str, *scopes: Scope) -> str:
        """A new API key's secret."""
        async with self.database.begin() as tx:
            return await create_api_key(
                tx, tenant_id=tenant, name="Shop", scopes=scopes, now=self.now
            )

    async def machine(self, tenant: str, *scopes: Scope) -> KeyActor:
        """A new API key, as an actor."""
        secret = await self.api_key(tenant, *scopes)
        async with self.database.read() as tx:
            actor = await actor_of_key(tx, secret)
        assert actor is not None
        return actor

    async def open_case(self, actor: StaffActor | KeyActor, **changes: Any) -> opening.OpenedCase:
        """A case like ``case_in()``, opened."""
        async with self.database.begin() as tx:
            return await opening.open_case(
                tx, self.keys, actor, OpenCase.model_validate(case_in(**changes)), self.now
            )

    async def listed(self, actor: StaffActor | KeyActor, **wanted: Any) -> list[str]:
        """The ids of the cases the actor finds."""
        async with self.database.read() as tx:
            page = await list_cases(tx, self.keys, actor, CaseFilter(**wanted))
        return [item["id"] for item in page.items]


def case_in(**changes: Any) -> dict[str, Any]:
    """A whole ``CaseIn``, with some of its fields changed."""
    given: dict[str, Any] = {
        "order_number": "LL-20871",
        "buyer": {"name": "Ana Ruiz", "email": "ana@example.com", "locale": "es"},
        "currency": "EUR",
        "direction": "buyer_shows",
        "warehouse_id": None,
        "claim": {"reason": "damaged", "words": "La pantalla está rota.", "locale": "es"},
        "items": [
            {
                "sku": "LAMP-7",
                "quantity": 1,
                "price": "148.00",
                "listing": {
                    "title": "Brass desk lamp",
                    "pictures": ["https://shop.example/lamp.jpg"],
                    "properties": {"Height": "42 cm", "Socket": "E27"},
                },
            }
        ],
    }
    return {**given, **changes}


def _copy_template(database: Database) -> bool:
    """Put the migrated file in the place of a SQLite database that is not there yet."""
    if not database._sqlite or not database._url.database:
        return False
    path = Path(database._url.database)
    if path.exists():
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_migrated_file())
    return True


def world_keys(erasure: Path) -> KeyRing:
    """The keys of every world that this file makes."""
    return KeyRing(b"k" * 32, ErasureKeys(erasure))


@cache
def erasure_folder() -> Path:
    """Where this process keeps the erasure keys of its worlds."""
    folder = mkdtemp(prefix="erasure-keys-")
    atexit.register(rmtree, folder, ignore_errors=True)
    return Path(folder)


@cache
def _migrated_file() -> bytes:
    """A SQLite file with every table and nothing in them."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "template.db"
        upgrade(make_url(f"sqlite:///{path}"))
        return path.read_bytes()


async def make_seller(database: Database, clock: ManualClock | None = None) -> Seller:
    """Fill an empty database, tables included."""
    # Two hundred tests need not run the migrations two hundred times.
    if not await asyncio.to_thread(_copy_template, database):
        await database.migrate()
    keys = world_keys(erasure_folder())
    clock = clock or ManualClock()
    now = clock.now()
    async with database.begin() as tx:
        lamp = await create_tenant(
            tx, keys, name="Lumen & Lark", slug="lumen", locale="en", now=now
        )
        shoes = await create_tenant(tx, keys, name="Sole", slug="sole", locale="en", now=now)
        hall = await create_warehouse(
            tx, name="Hall 3", city="Valencia", time_zone="Europe/Madrid", now=now
        )
        dock = await create_warehouse(
            tx, name="Dock", city="Hamburg", time_zone="Europe/Berlin", now=now
        )
        await grant_work(tx, tenant_id=lamp, warehouse_id=hall, now=now)
    return Seller(database, keys, clock, lamp, shoes, hall, dock)
