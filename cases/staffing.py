"""Who works here: their roles, closing an account; always an admin is left."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from pydantic import AwareDatetime, BaseModel
from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases import logins, second_factor
from cases.actor import StaffActor
from cases.database import hold
from cases.log import LogKind, Visibility, append
from cases.states import Role
from cases.tables import SecondFactor, Staff, StaffInvitation, Tenant, Warehouse
from cases.unit import Unit
from runtime.errors import CaseError
from runtime.ids import new_id

MAX_OPEN_INVITATIONS: Final = 200
_MAX_PEOPLE: Final = 2000


class PersonView(BaseModel):
    """A member of the organisation, as its admins read it."""

    id: str
    name: str
    email: str
    roles: list[Role]
    locale: str
    second_factor: bool
    disabled: bool
    created_at: AwareDatetime


class InvitationView(BaseModel):
    """An invitation that was neither accepted nor taken back."""

    id: str
    email: str
    roles: list[Role]
    created_at: AwareDatetime
    expires_at: AwareDatetime
    expired: bool


class PeopleView(BaseModel):
    """Everybody of an organisation, and who is invited."""

    people: list[PersonView]
    invitations: list[InvitationView]
    second_factor_required: bool


def organisation_of(actor: StaffActor) -> str:
    """The id of where the actor works.

    Raises:
        CaseError: ``wrong_role`` (403), for nobody's staff.
    """
    organisation_id = actor.tenant_id or actor.warehouse_id
    if organisation_id is None:
        raise CaseError("wrong_role", "Your role does not allow this.", status=403)
    return organisation_id


async def organisation_name(tx: AsyncSession, of: StaffActor | Staff | StaffInvitation) -> str:
    """The name of somebody's organisation."""
    if of.tenant_id is not None:
        return (await tx.get_one(Tenant, of.tenant_id)).name
    return (await tx.get_one(Warehouse, of.warehouse_id)).name


async def list_people(tx: AsyncSession, actor: StaffActor, now: datetime) -> PeopleView:
    """Everybody who works where the actor does."""
    check_admin(actor)
    rows = await tx.execute(
        select(Staff, SecondFactor.confirmed_at)
        .outerjoin(SecondFactor, SecondFactor.staff_id == Staff.id)
        .where(same_place(Staff, actor))
        .order_by(Staff.name, Staff.id)
        .limit(_MAX_PEOPLE)
    )
    invitations = await tx.scalars(
        select(StaffInvitation)
        .where(
            same_place(StaffInvitation, actor),
            StaffInvitation.accepted_at.is_(None),
            StaffInvitation.revoked_at.is_(None),
        )
        .order_by(StaffInvitation.id.desc())
        .limit(MAX_OPEN_INVITATIONS)
    )
    return PeopleView(
        people=[
            PersonView(
                id=staff.id,
                name=staff.name,
                email=staff.email,
                roles=[Role(role) for role in staff.roles],
                locale=staff.locale,
                second_factor=confirmed_at is not None,
                disabled=staff.disabled_at is not None,
                created_at=staff.created_at,
            )
            for staff, confirmed_at in rows
        ],
        invitations=[
            InvitationView(
                id=one.id,
                email=one.email,
                roles=[Role(role) for role in one.roles],
                created_at=one.created_at,
                expires_at=one.expires_at,
                expired=one.expires_at <= now,
            )
            for one in invitations
        ],
        second_factor_required=await second_factor.is_required(tx, organisation_of(actor)),
    )


async def see_person(tx: AsyncSession, actor: StaffActor, staff_id: str) -> Staff:
    """A person as somebody who may know all that is kept about them: themselves, or an admin.

    Raises:
        CaseError: ``not_found`` (404) for everybody else.
    """
    staff = await tx.scalar(select(Staff).where(Staff.id == staff_id, same_place(Staff, actor)))
    if staff is None or (staff.id != actor.staff_id and Role.ADMIN not in actor.roles):
        raise no_such_person()
    return staff


async def set_roles(unit: Unit, actor: StaffActor, staff_id: str, roles: Iterable[Role]) -> None:
    """Give somebody other roles, from their next request on.

    Raises:
        CaseError: ``wrong_role`` (403), ``not_found`` (404), ``last_admin`` (409).
    """
    staff = await _member(unit, actor, staff_id)
    before, staff.roles = staff.roles, sorted(set(roles))
    await unit.tx.flush()
    await _keep_an_admin(unit.tx, actor)
    if before != staff.roles:
        # What an open socket was let in for may be no longer theirs.
        await logins.drop_sockets(unit, staff.id)
        await note(unit, actor, "roles_changed", staff.id)


async def disable(unit: Unit, actor: StaffActor, staff_id: str) -> None:
    """Close an account: its sign-ins end at once and its sockets fall.

    Raises:
        CaseError: ``wrong_role`` (403), ``not_found`` (404), ``last_admin`` (409).
    """
    staff = await _member(unit, actor, staff_id)
    if staff.disabled_at is not None:
        return
    staff.disabled_at = unit.now
    await unit.tx.flush()
    await _keep_an_admin(unit.tx, actor)
    await logins.end_logins(unit, staff.id)
    await note(unit, actor, "disabled", staff.id)


async def enable(unit: Unit, actor: StaffActor, staff_id: str) -> None:
    """Open a closed account again.

    Raises:
        CaseError: ``wrong_role`` (403), ``not_found`` (404).
    """
    staff = await _member(unit, actor, staff_id)
    if staff.disabled_at is not None:
        staff.disabled_at = None
        await note(unit, actor, "enabled", staff.id)


async def take_second_factor(unit: Unit, actor: StaffActor, staff_id: str) -> None:
    """Take somebody's lost second factor away; their sign-ins end.

    Raises:
        CaseError: ``wrong_role`` (403), ``not_found`` (404).
    """
    staff = await _member(unit, actor, staff_id)
    await second_factor.remove(unit.tx, staff.id)
    await logins.end_logins(unit, staff.id)
    await note(unit, actor, "second_factor_removed", staff.id)


async def member_email(unit: Unit, actor: StaffActor, staff_id: str) -> str:
    """The address of somebody of the actor's organisation who may sign in.

    Raises:
        CaseError: ``wrong_role`` (403), ``not_found`` (404).
    """
    staff = await _member(unit, actor, staff_id)
    if staff.disabled_at is not None:
        raise no_such_person()
    return staff.email


async def require_second_factor(unit: Unit, actor: StaffActor, *, required: bool) -> None:
    """Ask everybody here for a second factor, or no longer.

    Raises:
        CaseError: ``wrong_role`` (403).
    """
    check_admin(actor)
    await second_factor.require(unit.tx, organisation_of(actor), required=required)
    await note(unit, actor, "second_factor_rule", "required" if required else "optional")


async def note(unit: Unit, actor: StaffActor, what: str, subject: str) -> None:
    """Write into the seller's access log who changed what about its people."""
    if actor.tenant_id is None:
        return
    await append(
        unit.tx,
        log=LogKind.ACCESS,
        subject_id=actor.tenant_id,
        kind="people",
        payload={"what": what, "id": subject},
        visibility=Visibility.SELLER,
        actor=actor.label,
        key=await unit.keys.tenant_key(unit.tx, actor.tenant_id),
        at=unit.now,
        client_id=f"{what}:{subject}:{new_id('chg')}",
    )


async def _member(unit: Unit, actor: StaffActor, staff_id: str) -> Staff:
    check_admin(actor)
    # One change of an organisation's people at a time: two admins cannot demote each other.
    await hold(unit.tx, f"people:{organisation_of(actor)}")
    staff = await unit.tx.scalar(
        select(Staff).where(Staff.id == staff_id, same_place(Staff, actor)).with_for_update()
    )
    if staff is None:
        raise no_such_person()
    return staff


async def _keep_an_admin(tx: AsyncSession, actor: StaffActor) -> None:
    roles = await tx.scalars(
        select(Staff.roles).where(same_place(Staff, actor), Staff.disabled_at.is_(None))
    )
    if not any(Role.ADMIN in theirs for theirs in roles):
        raise CaseError("last_admin", "Somebody has to be an admin. Name another one first.")


def check_admin(actor: StaffActor) -> None:
    """Refuse everybody but admins."""
    if Role.ADMIN not in actor.roles:
        raise CaseError("wrong_role", "Your role does not allow this.", status=403)


def same_place(
    table: type[Staff] | type[StaffInvitation], actor: StaffActor
) -> ColumnElement[bool]:
    """That a row is of the actor's organisation."""
    if actor.tenant_id is not None:
        return table.tenant_id == actor.tenant_id
    return table.warehouse_id == actor.warehouse_id


def no_such_person() -> CaseError:
    """Nobody and nothing by that name in this organisation."""
    return CaseError("not_found", "There is nobody like this here.", status=404)
