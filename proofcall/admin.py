"""``proofcall admin``: what an operator sets up by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, TypeVar

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from cases.bench import create_camera, revoke_camera
from cases.database import Database
from cases.keys import KeyRing
from cases.people import create_api_key, create_staff
from cases.residency import keep_in
from cases.states import Role as StaffRole
from cases.states import Scope
from cases.tenants import create_tenant, create_warehouse, grant_work, revoke_grant
from proofcall.jobs import prepare_jobs
from proofcall.preflight import check_data_directory, load_settings
from proofcall.roles import Role
from recorder.key_history import note_key
from recorder.signing import SigningKey
from runtime.errors import SetupError
from runtime.settings import Settings

admin = typer.Typer(
    help="Set up tenants, warehouses and people; drain and check processes.",
    no_args_is_help=True,
    add_completion=False,
)

T = TypeVar("T")
Change = Callable[[AsyncSession, KeyRing, datetime], Awaitable[T]]


def _change(change: Change[T]) -> T:
    settings = load_settings()
    check_data_directory(settings.data)
    return asyncio.run(_in_one_commit(settings, change))


async def _in_one_commit(settings: Settings, change: Change[T]) -> T:
    database, keys = Database(settings.database), KeyRing.load(settings)
    try:
        await database.migrate(keys)
        async with database.begin() as tx:
            return await change(tx, keys, datetime.now(UTC))
    finally:
        await database.close()


@admin.command()
def migrate() -> None:
    """Bring the database to this version."""
    settings = load_settings()
    check_data_directory(settings.data)

    async def nothing(tx: AsyncSession, keys: KeyRing, now: datetime) -> None:
        del tx, keys, now

    asyncio.run(_in_one_commit(settings, nothing))
    prepare_jobs(settings)
    print("The database is up to date.")


@admin.command("rotate-signing-key")
def rotate_signing_key() -> None:
    """Sign with a fresh key from now on; prints its name. The old one stays published."""
    keys_dir = load_settings().keys_dir

    async def change(tx: AsyncSession, keys: KeyRing, now: datetime) -> str:
        del keys
        await note_key(tx, await asyncio.to_thread(SigningKey.load, keys_dir), now)
        fresh = await asyncio.to_thread(SigningKey.rotate, keys_dir)
        await note_key(tx, fresh, now)
        return fresh.key_id

    print(_change(change))


@admin.command("create-tenant")
def create_tenant_command(
    name: str, slug: str, locale: Annotated[str, typer.Option(help="Default language.")] = "en"
) -> None:
    """Add a seller; prints its id."""

    async def change(tx: AsyncSession, keys: KeyRing, now: datetime) -> str:
        return await create_tenant(tx, keys, name=name, slug=slug, locale=locale, now=now)

    print(_change(change))


@admin.command("create-warehouse")
def create_warehouse_command(name: str, city: str, time_zone: str) -> None:
    """Add a warehouse; prints its id."""

    async def change(tx: AsyncSession, keys: KeyRing, now: datetime) -> str:
        del keys
        return await create_warehouse(tx, name=name, city=city, time_zone=time_zone, now=now)

    print(_change(change))


@admin.command("grant")
def grant_command(tenant_id: str, warehouse_id: str) -> None:
    """Let a warehouse work on a tenant's cases."""

    async def change(tx: AsyncSession, keys: KeyRing, now: datetime) -> None:
        del keys
        await grant_work(tx, tenant_id=tenant_id, warehouse_id=warehouse_id, now=now)

    _change(change)


@admin.command("revoke-grant")
def revoke_grant_command(tenant_id: str, warehouse_id: str) -> None:
    """From now on the warehouse sees none of the tenant's cases."""

    async def change(tx: AsyncSession, keys: KeyRing, now: datetime) -> None:
        del keys
        await revoke_grant(tx, tenant_id=tenant_id, warehouse_id=warehouse_id, now=now)

    _change(change)


@admin.command("create-staff")
def create_staff_command(
    email: str,
    name: str,
    role: Annotated[list[StaffRole], typer.Option(help="Give it once per role.")],
    tenant: Annotated[str | None, typer.Option(help="The tenant's id.")] = None,
    warehouse: Annotated[str | None, typer.Option(help="The warehouse's id.")] = None,
    locale: str = "en",
    password: Annotated[str, typer.Option(prompt=True, hide_input=True)] = "",
) -> None:
    """Add a person of a tenant or of a warehouse; prints the id."""

    async def change(tx: AsyncSession, keys: KeyRing, now: datetime) -> str:
        del keys
        return await create_staff(
            tx,
            email=email,
            name=name,
            password=password,
            roles=role,
            tenant_id=tenant,
            warehouse_id=warehouse,
            locale=locale,
            now=now,
        )

    print(_change(change))


@admin.command("create-bench-camera")
def create_bench_camera_command(warehouse_id: str, name: str) -> None:
    """Let a fixed camera of a warehouse publish; prints its WHIP address and its token.

    The token is shown only now.
    """

    async def change(tx: AsyncSession, keys: KeyRing, now: datetime) -> tuple[str, str]:
        del keys
        return await create_camera(tx, warehouse_id=warehouse_id, name=name, now=now)

    camera_id, token = _change(change)
    print(f"{load_settings().public_url}/whip/{camera_id}")
    print(token)


@admin.command("revoke-bench-camera")
def revoke_bench_camera_command(camera_id: str) -> None:
    """From now on the camera's token is worth nothing; what it sends ends within seconds."""

    async def change(tx: AsyncSession, keys: KeyRing, now: datetime) -> None:
        del keys
        await revoke_camera(tx, camera_id, now)

    _change(change)


@admin.command("create-api-key")
def create_api_key_command(
    tenant_id: str,
    name: str,
    scope: Annotated[list[Scope], typer.Option(help="Give it once per scope.")],
) -> None:
    """Add a machine's access; prints the key, which is shown only now."""

    async def change(tx: AsyncSession, keys: KeyRing, now: datetime) -> str:
        del keys
        return await create_api_key(tx, tenant_id=tenant_id, name=name, scopes=scope, now=now)

    print(_change(change))


@admin.command("keep-evidence-in")
def keep_evidence_in_command(
    tenant_id: str,
    place: Annotated[str, typer.Argument(help="A name in PROOFCALL_PLACES, or 'default'.")],
) -> None:
    """Keep a tenant's evidence in this place from now on; what is stored stays where it is."""
    known = load_settings().all_places
    if place not in known:
        raise SetupError(f"There is no place {place!r}; the settings name {', '.join(known)}.")

    async def change(tx: AsyncSession, keys: KeyRing, now: datetime) -> int:
        del keys
        return await keep_in(tx, tenant_id, place, now)

    print(f"From now on in {place}. Inspections whose evidence stays elsewhere: {_change(change)}")


@admin.command("check-stores")
def check_stores_command() -> None:
    """Say of each place whether it answers, versions and locks; exits with 1 if one fails."""
    from proofcall.store_check import check_stores

    asyncio.run(check_stores(load_settings()))


@admin.command()
def seed(
    cases: Annotated[int, typer.Option(min=1, max=10_000_000)] = 1_000,
    events: Annotated[int, typer.Option(min=1, help="Of all logs; 20 a case is usual.")] = 20_000,
    tenants: Annotated[int, typer.Option(min=1, max=100_000)] = 10,
    number: Annotated[int, typer.Option("--seed", help="The same again gives the same words.")] = 1,
) -> None:
    """Fill the database with made-up tenants, cases and logs; prints the biggest tenant's id."""
    from proofcall.seed import seed_database

    settings = load_settings()
    check_data_directory(settings.data)
    print(seed_database(settings, cases=cases, events=events, tenants=tenants, seed=number))


@admin.command()
def drain(
    worker: Annotated[
        list[int] | None, typer.Option(help="Which media worker; all of this machine if not given.")
    ] = None,
    limit: Annotated[
        float, typer.Option(min=0, max=86_400, help="Seconds after which people are moved.")
    ] = 600.0,
    stay_down: Annotated[
        bool, typer.Option("--stay-down", help="Do not start the worker again.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Return when it has left.")] = False,
) -> None:
    """Let media workers end: they take nothing new and leave when their calls have ended."""
    from proofcall.draining import drain_workers

    asyncio.run(
        drain_workers(load_settings(), worker or [], limit_s=limit, stays_down=stay_down, wait=wait)
    )


@admin.command()
def health(
    role: Annotated[Role, typer.Argument(help="Which kind of process.")],
    index: Annotated[int, typer.Option(help="Which media worker.", min=0)] = 0,
) -> None:
    """Exit with 0 if a process of this machine answers; for the health checks of containers."""
    from proofcall.health import check_health

    asyncio.run(check_health(load_settings(), role, index))
