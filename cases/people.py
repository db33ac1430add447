"""People and machines: sign-ins, API keys, and the limit on guessing."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, Literal

from pydantic import BaseModel
from sqlalchemy import bindparam, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from cases import second_factor
from cases.actor import KeyActor, StaffActor
from cases.database import Database, hold
from cases.keys import KeyRing
from cases.passwords import MAX_PASSWORD_CHARS, Passwords, check_password
from cases.states import Role, Scope
from cases.tables import ApiKey, EarlierSecret, Login, SignInAttempt, Staff, Tenant, Warehouse
from cases.tenants import granted_tenants
from runtime.errors import CaseError
from runtime.ids import StaffId, TenantId, WarehouseId, new_id

LOGIN_LIFETIME: Final = timedelta(hours=16)
API_KEY_PREFIX: Final = "pk_"

_SHOWN_CHARS: Final = 8  # of a key's secret: 30 of 256 random bits
_WINDOW: Final = timedelta(minutes=15)
_MAX_FAILURES_HERE: Final = 10  # one e-mail from one address
_MAX_FAILURES_ADDRESS: Final = 50  # any e-mail from one address
_MAX_FAILURES_EMAIL: Final = 100  # one e-mail from anywhere: so many that nobody is locked out
_MAX_FAILURES_CODE: Final = 10  # codes of one person from anywhere: who tries has the password
_SECRET_BYTES: Final = 32
_KEY: Final = select(ApiKey.id, ApiKey.tenant_id, ApiKey.scopes).where(
    ApiKey.secret_hash == bindparam("secret_hash"), ApiKey.revoked_at.is_(None)
)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new login; ``secret`` belongs into the cookie and is kept nowhere else."""

    actor: StaffActor
    secret: str
    expires_at: datetime


class OrganisationView(BaseModel):
    """Where somebody works."""

    kind: Literal["tenant", "warehouse"]
    id: str
    name: str


class StaffView(BaseModel):
    """A signed-in person."""

    id: str
    name: str
    email: str
    roles: list[Role]
    organisation: OrganisationView
    locale: str
    second_factor: Literal["none", "on", "to_set_up"] = "none"


async def create_staff(
    tx: AsyncSession,
    *,
    email: str,
    name: str,
    password: str,
    roles: Iterable[Role],
    locale: str,
    now: datetime,
    tenant_id: str | None = None,
    warehouse_id: str | None = None,
) -> StaffId:
    """A new member of a tenant or of a warehouse.

    Raises:
        CaseError: ``email_taken`` (409) or ``weak_password`` (422).
    """
    email = folded(email)
    check_password(password, email, name)
    if await tx.scalar(select(Staff.id).where(Staff.email == email)) is not None:
        raise CaseError("email_taken", "Somebody signs in with this e-mail address already.")
    staff_id = StaffId(new_id("stf"))
    tx.add(
        Staff(
            id=staff_id,
            tenant_id=tenant_id,
            warehouse_id=warehouse_id,
            email=email,
            name=name,
            password_hash=await Passwords().hash(password),
            roles=sorted(roles),
            locale=locale,
            created_at=now,
        )
    )
    await tx.flush()
    return staff_id


async def sign_in(
    database: Database,
    passwords: Passwords,
    keys: KeyRing,
    *,
    email: str,
    password: str,
    code: str | None = None,
    address: str,
    user_agent: str,
    now: datetime,
) -> SignedIn | None:
    """Check a password and open a login; None when a code of the second factor is missing.

    The attempt is counted before the password is looked at, so that many at once are no
    way round the limit; hashing happens between two transactions, never inside one.

    Raises:
        CaseError: ``wrong_credentials`` or ``wrong_code`` (401), or ``too_many_attempts``
            (429, with ``retry_after_s``).
    """
    email = folded(email)
    subjects = _limited_subjects(email, address)
    attempts = await _count_attempt(database, subjects, now)
    async with database.read() as tx:
        staff = await tx.scalar(select(Staff).where(Staff.email == email))
    stored = staff.password_hash if staff is not None else None
    fits = await passwords.fits(stored, password[: MAX_PASSWORD_CHARS + 1])
    if staff is None or not fits or staff.disabled_at is not None:
        raise CaseError(
            "wrong_credentials", "The e-mail address or the password is wrong.", status=401
        )
    async with database.read() as tx:
        asks_for_code = await second_factor.is_on(tx, staff.id)
    if asks_for_code and code is not None:
        guessing = {_subject("code", staff.id): _MAX_FAILURES_CODE}
        attempts += await _count_attempt(database, guessing, now)
        subjects |= guessing
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    async with database.begin() as tx:
        for subject in sorted(subjects):
            await hold(tx, f"sign-in:{subject.hex()}")
        if asks_for_code and code is not None:
            await second_factor.use_code(tx, keys, staff.id, code, now)
        await tx.execute(delete(SignInAttempt).where(SignInAttempt.id.in_(attempts)))
        if asks_for_code and code is None:
            return None
        tx.add(
            Login(
                id=new_id("lgn"),
                staff_id=staff.id,
                secret_hash=hash_of_secret(secret),
                created_at=now,
                last_seen_at=now,
                expires_at=now + LOGIN_LIFETIME,
                user_agent=user_agent[:300],
            )
        )
        actor = await actor_of_staff(tx, staff)
    return SignedIn(actor, secret, now + LOGIN_LIFETIME)


async def sign_out(tx: AsyncSession, secret: str, now: datetime) -> None:
    """End a login; an unknown one is none."""
    await tx.execute(
        update(Login)
        .where(Login.secret_hash == hash_of_secret(secret), Login.revoked_at.is_(None))
        .values(revoked_at=now)
    )


async def actor_of_login(
    tx: AsyncSession, secret: str, now: datetime, *, enrolling: bool = False
) -> StaffActor | None:
    """Who is behind a login cookie; None when it is unknown, over, or the person is disabled.

    Somebody whose organisation asks for a second factor that they have not set up is nobody,
    except where it is set up (``enrolling``).
    """
    found = await login_of(tx, secret, now)
    if found is None:
        return None
    _login, staff = found
    if not enrolling and await second_factor.is_missing(tx, staff):
        return None
    return await actor_of_staff(tx, staff)


async def login_of(tx: AsyncSession, secret: str, now: datetime) -> tuple[Login, Staff] | None:
    """The login behind a cookie and whose it is; also by the cookie it had a moment ago."""
    hashed = hash_of_secret(secret)
    earlier = (
        select(EarlierSecret.login_id)
        .where(EarlierSecret.secret_hash == hashed, EarlierSecret.good_until > now)
        .scalar_subquery()
    )
    row = (
        await tx.execute(
            select(Login, Staff)
            .join(Staff, Login.staff_id == Staff.id)
            .where(
                or_(Login.secret_hash == hashed, Login.id == earlier),
                Login.revoked_at.is_(None),
                Login.expires_at > now,
                Staff.disabled_at.is_(None),
            )
        )
    ).first()
    return (row[0], row[1]) if row is not None else None


async def stands(tx: AsyncSession, secret: str, now: datetime) -> bool:
    """Whether the login that a cookie once opened is still open, though renewed since."""
    hashed = hash_of_secret(secret)
    earlier = (
        select(EarlierSecret.login_id).where(EarlierSecret.secret_hash == hashed).scalar_subquery()
    )
    found = await tx.scalar(
        select(Login.id)
        .join(Staff, Login.staff_id == Staff.id)
        .where(
            or_(Login.secret_hash == hashed, Login.id == earlier),
            Login.revoked_at.is_(None),
            Login.expires_at > now,
            Staff.disabled_at.is_(None),
        )
    )
    return found is not None


async def staff_view(tx: AsyncSession, actor: StaffActor) -> StaffView:
    """What a signed-in person reads of themselves."""
    staff = await tx.get_one(Staff, actor.staff_id)
    if actor.tenant_id is not None:
        tenant = await tx.get_one(Tenant, actor.tenant_id)
        organisation = OrganisationView(kind="tenant", id=tenant.id, name=tenant.name)
    else:
        warehouse = await tx.get_one(Warehouse, actor.warehouse_id)
        organisation = OrganisationView(kind="warehouse", id=warehouse.id, name=warehouse.name)
    return StaffView(
        id=staff.id,
        name=staff.name,
        email=staff.email,
        roles=sorted(actor.roles),
        organisation=organisation,
        locale=staff.locale,
        second_factor=await second_factor.state_of(tx, staff),
    )


async def choose_language(tx: AsyncSession, staff_id: str, locale: str) -> None:
    """Keep in which language a member of staff reads the pages: a BCP 47 tag."""
    staff = await tx.get_one(Staff, staff_id)
    staff.locale = locale


async def create_api_key(
    tx: AsyncSession,
    *,
    tenant_id: str,
    name: str,
    scopes: Iterable[Scope],
    now: datetime,
    created_by: str | None = None,
) -> str:
    """A new key for a machine; given once and stored hashed."""
    secret = API_KEY_PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
    tx.add(
        ApiKey(
            id=new_id("apk"),
            tenant_id=tenant_id,
            name=name,
            secret_hash=hash_of_secret(secret),
            beginning=secret[:_SHOWN_CHARS],
            scopes=sorted(set(scopes)),
            created_at=now,
            created_by=created_by,
        )
    )
    await tx.flush()
    return secret


async def actor_of_key(tx: AsyncSession, secret: str) -> KeyActor | None:
    """Which machine is behind an API key; None when it is unknown or revoked."""
    if not secret.startswith(API_KEY_PREFIX):
        return None
    key = (await tx.execute(_KEY, {"secret_hash": hash_of_secret(secret)})).first()
    if key is None:
        return None
    return KeyActor(key.id, TenantId(key.tenant_id), frozenset(Scope(s) for s in key.scopes))


def folded(email: str) -> str:
    """An address as it is compared."""
    return email.strip().lower()


def hash_of_secret(secret: str) -> bytes:
    """What is kept of a secret of our own making."""
    # 256 random bits need no slow hash.
    return sha256(secret.encode("utf-8", "replace")).digest()


def _limited_subjects(email: str, address: str) -> dict[bytes, int]:
    return {
        _subject("here", f"{address}:{email}"): _MAX_FAILURES_HERE,
        _subject("address", address): _MAX_FAILURES_ADDRESS,
        _subject("email", email): _MAX_FAILURES_EMAIL,
    }


def _subject(kind: str, name: str) -> bytes:
    return sha256(f"{kind}:{name}".encode()).digest()


async def _count_attempt(
    database: Database, subjects: dict[bytes, int], now: datetime
) -> list[str]:
    """Write the attempt down and give the rows' ids, to be taken back if it succeeds."""
    async with database.begin() as tx:
        for subject in sorted(subjects):
            await hold(tx, f"sign-in:{subject.hex()}")
        await tx.execute(delete(SignInAttempt).where(SignInAttempt.at < now - _WINDOW))
        found = await tx.execute(
            select(SignInAttempt.subject_hash, func.count(), func.min(SignInAttempt.at))
            .where(SignInAttempt.subject_hash.in_(subjects))
            .group_by(SignInAttempt.subject_hash)
        )
        for subject, count, first_at in found:
            if count >= subjects[subject]:
                wait_s = max(1, round((first_at + _WINDOW - now).total_seconds()))
                raise CaseError(
                    "too_many_attempts",
                    "Too many attempts to sign in. Please wait.",
                    status=429,
                    retry_after_s=wait_s,
                )
        attempts = [
            SignInAttempt(id=new_id("att"), subject_hash=subject, at=now) for subject in subjects
        ]
        tx.add_all(attempts)
        return [attempt.id for attempt in attempts]


async def actor_of_staff(tx: AsyncSession, staff: Staff) -> StaffActor:
    """A member of staff as an actor, with what their organisation may see now."""
    warehouse_id = WarehouseId(staff.warehouse_id) if staff.warehouse_id else None
    return StaffActor(
        staff_id=StaffId(staff.id),
        name=staff.name,
        roles=frozenset(Role(role) for role in staff.roles),
        tenant_id=TenantId(staff.tenant_id) if staff.tenant_id else None,
        warehouse_id=warehouse_id,
        granted_tenants=await granted_tenants(tx, warehouse_id) if warehouse_id else frozenset(),
    )
