"""A seller's ports and return addresses as its admins set them up; secrets lie sealed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final, TypeVar
from urllib.parse import urlsplit

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.actor import Actor
from cases.case_access import not_found
from cases.developers import tenant_of
from cases.keys import KeyRing
from cases.port_commands import (
    LabelSetup,
    PortKind,
    PortSetup,
    RefundSetup,
    TrackingSetup,
    as_stored,
)
from cases.sealing import seal, unseal
from cases.states import Role
from cases.tables import Port, ReturnAddress, Warehouse
from cases.tenants import granted_warehouses
from cases.unit import Unit
from cases.view import View
from cases.webhook_rules import SECRET_BYTES, secret_text
from runtime.errors import CaseError
from runtime.ids import TenantId, new_id

OWN: Final = "own"
"""The place of a return address that belongs to no warehouse."""
MODELS: Final[Mapping[PortKind, type[PortSetup]]] = {
    PortKind.TRACKING: TrackingSetup,
    PortKind.LABEL: LabelSetup,
    PortKind.REFUND: RefundSetup,
}
S = TypeVar("S", bound=PortSetup)


class PortView(View):
    """One port, without its secrets; ``setup`` is null while nobody has set it up."""

    kind: PortKind
    enabled: bool
    has_secret: bool
    setup: TrackingSetup | LabelSetup | RefundSetup | None
    push_path: Annotated[
        str | None, Field(description="Where scans can be pushed to, signed; tracking only.")
    ]
    changed_at: datetime | None


class ReturnAddressView(View):
    """An entry of the address book; ``address`` is null while there is none."""

    place: str
    name: str
    address: str | None


def ports_tenant(actor: Actor) -> TenantId:
    """The seller whose ports the actor may see and change: its admins, never a key.

    Raises:
        CaseError: ``forbidden`` (403).
    """
    return tenant_of(actor, Role.ADMIN)


async def list_ports(tx: AsyncSession, actor: Actor) -> list[PortView]:
    """Every kind of port, set up or not."""
    tenant_id = ports_tenant(actor)
    found = await tx.scalars(select(Port).where(Port.tenant_id == tenant_id))
    known = {PortKind(one.kind): one for one in found}
    return [
        port_view(known[kind])
        if kind in known
        else PortView(
            kind=kind, enabled=False, has_secret=False, setup=None, push_path=None, changed_at=None
        )
        for kind in PortKind
    ]


async def set_up(unit: Unit, actor: Actor, kind: PortKind, setup: PortSetup) -> PortView:
    """Set a port up, or change how it is; the caller has checked its addresses.

    Raises:
        CaseError: ``forbidden`` (403); ``secret_required`` (422): the address is at another
            host than before, so the secret that is kept must not go there unseen.
    """
    tenant_id = ports_tenant(actor)
    key = await unit.keys.tenant_key(unit.tx, tenant_id)
    port = await find_port(unit.tx, tenant_id, kind)
    stored = as_stored(setup)
    if port is None:
        port = Port(id=new_id("prt"), tenant_id=tenant_id, kind=kind)
        if kind is PortKind.TRACKING:
            port.push_secret = seal(key, _bound(port.id, "push"), os.urandom(SECRET_BYTES))
        unit.tx.add(port)
    elif setup.secret is None and port.secret and not _hosts(stored) <= _hosts(port.setup):
        raise CaseError(
            "secret_required", "The address is at another host: give the secret again.", status=422
        )
    if setup.secret is not None:
        port.secret = seal(key, _bound(port.id, "header"), setup.secret.encode())
    port.enabled, port.header, port.setup = setup.enabled, setup.header, stored
    port.changed_at, port.changed_by = unit.now, actor.label
    await unit.tx.flush()
    return port_view(port)


async def rotate_push_secret(unit: Unit, actor: Actor) -> str:
    """A new secret for pushed scans, told once; the old one ends at once.

    Raises:
        CaseError: ``forbidden`` (403), ``not_found`` (404) before tracking is set up.
    """
    tenant_id = ports_tenant(actor)
    port = await find_port(unit.tx, tenant_id, PortKind.TRACKING)
    if port is None:
        raise not_found()
    secret = os.urandom(SECRET_BYTES)
    key = await unit.keys.tenant_key(unit.tx, tenant_id)
    port.push_secret = seal(key, _bound(port.id, "push"), secret)
    return secret_text(secret)


async def find_port(tx: AsyncSession, tenant_id: str, kind: PortKind) -> Port | None:
    """A seller's port of a kind, if it was ever set up."""
    port: Port | None = await tx.scalar(
        select(Port).where(Port.tenant_id == tenant_id, Port.kind == kind)
    )
    return port


async def enabled_port(tx: AsyncSession, tenant_id: str, kind: PortKind) -> Port:
    """A seller's port that may be used.

    Raises:
        CaseError: ``port_off`` (409).
    """
    port = await find_port(tx, tenant_id, kind)
    if port is None or not port.enabled:
        raise CaseError("port_off", f"No {kind} service is connected: it goes by hand.")
    return port


def setup_of(port: Port, model: type[S]) -> S:
    """How a port is set up."""
    return model.model_validate(port.setup)


async def headers_of(tx: AsyncSession, keys: KeyRing, port: Port) -> dict[str, str]:
    """The header that carries a port's secret.

    Raises:
        KeyDestroyed: the seller was erased.
    """
    if port.secret is None:
        return {}
    key = await keys.tenant_key(tx, port.tenant_id)
    return {port.header: unseal(key, _bound(port.id, "header"), port.secret).decode()}


async def push_secret_of(tx: AsyncSession, keys: KeyRing, port: Port) -> bytes:
    """What signs the scans that are pushed to a port.

    Raises:
        CaseError: ``not_found`` (404) for a port that takes none.
        KeyDestroyed: the seller was erased.
    """
    if port.push_secret is None or not port.enabled:
        raise not_found()
    key = await keys.tenant_key(tx, port.tenant_id)
    return unseal(key, _bound(port.id, "push"), port.push_secret)


async def list_addresses(tx: AsyncSession, actor: Actor) -> list[ReturnAddressView]:
    """The address book: the seller's own place and every warehouse that works for it."""
    tenant_id = tenant_of(actor, Role.ADMIN, Role.AGENT)
    known = {
        one.place: one.address
        for one in await tx.scalars(
            select(ReturnAddress).where(ReturnAddress.tenant_id == tenant_id)
        )
    }
    places = {OWN: ""}
    for warehouse_id in await granted_warehouses(tx, tenant_id):
        places[warehouse_id] = (await tx.get_one(Warehouse, warehouse_id)).name
    return [
        ReturnAddressView(place=place, name=name, address=known.get(place))
        for place, name in places.items()
    ]


async def set_address(unit: Unit, actor: Actor, place: str, address: str) -> None:
    """Say where goods for a place are sent.

    Raises:
        CaseError: ``forbidden`` (403); ``not_found`` (404) for a warehouse that is not granted.
    """
    tenant_id = tenant_of(actor, Role.ADMIN, Role.AGENT)
    if place != OWN and place not in await granted_warehouses(unit.tx, tenant_id):
        raise not_found()
    known = await unit.tx.get(ReturnAddress, (tenant_id, place))
    if known is None:
        known = ReturnAddress(tenant_id=tenant_id, place=place)
        unit.tx.add(known)
    known.address, known.changed_at = address, unit.now
    await unit.tx.flush()


async def address_for(tx: AsyncSession, tenant_id: str, warehouse_id: str | None) -> str | None:
    """Where a case's goods go: its warehouse's address, else the seller's own."""
    for place in (warehouse_id, OWN):
        found = await tx.get(ReturnAddress, (tenant_id, place)) if place else None
        if found is not None:
            return found.address
    return None


def port_view(port: Port) -> PortView:
    """What is told of a port."""
    kind = PortKind(port.kind)
    setup = MODELS[kind].model_validate(
        {**port.setup, "enabled": port.enabled, "header": port.header}
    )
    assert isinstance(setup, TrackingSetup | LabelSetup | RefundSetup)
    return PortView(
        kind=kind,
        enabled=port.enabled,
        has_secret=port.secret is not None,
        setup=setup,
        push_path=f"/api/v1/scan-push/{port.id}" if kind is PortKind.TRACKING else None,
        changed_at=port.changed_at,
    )


def _hosts(stored: Mapping[str, object]) -> set[str]:
    """Where a set-up sends its secret."""
    return {
        urlsplit(value).netloc
        for name, value in stored.items()
        if name.endswith("url") and isinstance(value, str)
    }


def _bound(port_id: str, what: str) -> str:
    return f"port:{port_id}:{what}"
