"""Who works here: inviting people, their roles, closing an account; always an admin is left."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pydantic import AwareDatetime, BaseModel
from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases import logins, mail, second_factor
from cases.actor import StaffActor
from cases.database import hold
from cases.log import LogKind, Visibility, append
from cases.mail_texts import staff_letter
from cases.people import check_password, folded, hash_of_secret
from cases.states import Role
from cases.tables import SecondFactor, Staff, StaffInvitation, Tenant, Warehouse
from cases.unit import Unit
from runtime.errors import CaseError
from runtime.ids import new_id

INVITATION_LIFETIME: Final = timedelta(days=7)
_MAX_OPEN_INVITATIONS: Final = 200
_MAX_PEOPLE: Final = 2000
_TOKEN_BYTES: Final = 24


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


@dataclass(frozen=True, slots=True)
class Invited:
    """A new invitation and its token, which is told once."""

    invitation_id: str
    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class OpenInvitation:
    """What the invited person reads before they accept."""

    invitation_id: str
    organisation: str
    email: str
    roles: list[Role]
    locale: str


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
    _check_admin(actor)
    rows = await tx.execute(
        select(Staff, SecondFactor.confirmed_at)
        .outerjoin(SecondFactor, SecondFactor.staff_id == Staff.id)
        .where(_same_place(Staff, actor))
        .order_by(Staff.name, Staff.id)
        .limit(_MAX_PEOPLE)
    )
    invitations = await tx.scalars(
        select(StaffInvitation)
        .where(
            _same_place(StaffInvitation, actor),
            StaffInvitation.accepted_at.is_(None),
            StaffInvitation.revoked_at.is_(None),
        )
        .order_by(StaffInvitation.id.desc())
        .limit(_MAX_OPEN_INVITATIONS)
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


async def invite(
    unit: Unit,
    actor: StaffActor,
    *,
    email: str,
    roles: Iterable[Role],
    locale: str,
    public_url: str,
) -> Invited:
    """Invite somebody by mail; an earlier invitation of the same address ends.

    Raises:
        CaseError: ``wrong_role`` (403), ``email_taken``, ``too_many_invitations`` (409).
    """
    _check_admin(actor)
    email = folded(email)
    if await unit.tx.scalar(select(Staff.id).where(Staff.email == email)) is not None:
        raise CaseError("email_taken", "Somebody signs in with this e-mail address already.")
    await hold(unit.tx, f"people:{organisation_of(actor)}")
    waiting = list(
        await unit.tx.scalars(
            select(StaffInvitation).where(
                _same_place(StaffInvitation, actor),
                StaffInvitation.accepted_at.is_(None),
                StaffInvitation.revoked_at.is_(None),
            )
        )
    )
    if len(waiting) >= _MAX_OPEN_INVITATIONS:
        raise CaseError("too_many_invitations", "Too many invitations are open. Take some back.")
    for earlier in waiting:
        if earlier.email == email:
            earlier.revoked_at = unit.now
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    invitation = StaffInvitation(
        id=new_id("inv"),
        tenant_id=actor.tenant_id,
        warehouse_id=actor.warehouse_id,
        email=email,
        roles=sorted(roles),
        locale=locale,
        token_hash=hash_of_secret(token),
        invited_by=actor.label,
        created_at=unit.now,
        expires_at=unit.now + INVITATION_LIFETIME,
    )
    unit.tx.add(invitation)
    await unit.tx.flush()
    letter = staff_letter(
        "staff_invited",
        locale,
        {
            "by": actor.name,
            "organisation": await organisation_name(unit.tx, actor),
            "url": f"{public_url}/accept#{token}",
            "until": f"{invitation.expires_at:%Y-%m-%d %H:%M} UTC",
        },
    )
    await mail.post(
        unit,
        organisation_id=organisation_of(actor),
        kind="staff_invited",
        to=email,
        letter=letter,
    )
    await note(unit, actor, "invited", invitation.id)
    return Invited(invitation.id, token, invitation.expires_at)


async def take_back(unit: Unit, actor: StaffActor, invitation_id: str) -> None:
    """End an invitation.

    Raises:
        CaseError: ``wrong_role`` (403), ``not_found`` (404).
    """
    _check_admin(actor)
    invitation = await unit.tx.scalar(
        select(StaffInvitation)
        .where(
            StaffInvitation.id == invitation_id,
            _same_place(StaffInvitation, actor),
            StaffInvitation.accepted_at.is_(None),
            StaffInvitation.revoked_at.is_(None),
        )
        .with_for_update()
    )
    if invitation is None:
        raise _not_found()
    invitation.revoked_at = unit.now
    await note(unit, actor, "invitation_ended", invitation.id)


async def open_invitation(tx: AsyncSession, token: str, now: datetime) -> OpenInvitation:
    """What an invitation offers.

    Raises:
        CaseError: ``link_over`` (410): unknown, used, taken back or too old.
    """
    found = await _usable(tx, token, now)
    return OpenInvitation(
        found.id,
        await organisation_name(tx, found),
        found.email,
        [Role(role) for role in found.roles],
        found.locale,
    )


async def accept(unit: Unit, token: str, *, name: str, password: str, password_hash: str) -> str:
    """Become a member; the invitation is used up. The answer is the new person's id.

    ``password_hash`` is of ``password``, made before: hashing takes long.

    Raises:
        CaseError: ``link_over`` (410), ``email_taken`` (409), ``weak_password`` (422).
    """
    found = await _usable(unit.tx, token, unit.now, lock=True)
    check_password(password, found.email, name)
    if await unit.tx.scalar(select(Staff.id).where(Staff.email == found.email)) is not None:
        raise CaseError("email_taken", "Somebody signs in with this e-mail address already.")
    found.accepted_at = unit.now
    staff = Staff(
        id=new_id("stf"),
        tenant_id=found.tenant_id,
        warehouse_id=found.warehouse_id,
        email=found.email,
        name=name,
        password_hash=password_hash,
        roles=found.roles,
        locale=found.locale,
        created_at=unit.now,
    )
    unit.tx.add(staff)
    await unit.tx.flush()
    return staff.id


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
        raise _not_found()
    return staff.email


async def require_second_factor(unit: Unit, actor: StaffActor, *, required: bool) -> None:
    """Ask everybody here for a second factor, or no longer.

    Raises:
        CaseError: ``wrong_role`` (403).
    """
    _check_admin(actor)
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
    _check_admin(actor)
    # One change of an organisation's people at a time: two admins cannot demote each other.
    await hold(unit.tx, f"people:{organisation_of(actor)}")
    staff = await unit.tx.scalar(
        select(Staff).where(Staff.id == staff_id, _same_place(Staff, actor)).with_for_update()
    )
    if staff is None:
        raise _not_found()
    return staff


async def _keep_an_admin(tx: AsyncSession, actor: StaffActor) -> None:
    roles = await tx.scalars(
        select(Staff.roles).where(_same_place(Staff, actor), Staff.disabled_at.is_(None))
    )
    if not any(Role.ADMIN in theirs for theirs in roles):
        raise CaseError("last_admin", "Somebody has to be an admin. Name another one first.")


async def _usable(
    tx: AsyncSession, token: str, now: datetime, *, lock: bool = False
) -> StaffInvitation:
    query = select(StaffInvitation).where(
        StaffInvitation.token_hash == hash_of_secret(token),
        StaffInvitation.accepted_at.is_(None),
        StaffInvitation.revoked_at.is_(None),
        StaffInvitation.expires_at > now,
    )
    found = await tx.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise CaseError(
            "link_over", "This link is used up or too old. Ask for a new one.", status=410
        )
    return found


def _check_admin(actor: StaffActor) -> None:
    if Role.ADMIN not in actor.roles:
        raise CaseError("wrong_role", "Your role does not allow this.", status=403)


def _same_place(
    table: type[Staff] | type[StaffInvitation], actor: StaffActor
) -> ColumnElement[bool]:
    if actor.tenant_id is not None:
        return table.tenant_id == actor.tenant_id
    return table.warehouse_id == actor.warehouse_id


def _not_found() -> CaseError:
    return CaseError("not_found", "There is nobody like this here.", status=404)
