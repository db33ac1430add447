"""People and machines: passwords, logins, API keys, and the limit on guessing."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Final, Literal

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import BaseModel
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from cases.actor import KeyActor, StaffActor
from cases.database import Database, hold
from cases.states import Role, Scope
from cases.tables import ApiKey, Login, SignInAttempt, Staff, Tenant, Warehouse
from cases.tenants import granted_tenants
from runtime.errors import CaseError
from runtime.ids import StaffId, TenantId, WarehouseId, new_id

LOGIN_LIFETIME: Final = timedelta(hours=16)
MIN_PASSWORD_CHARS: Final = 10
MAX_PASSWORD_CHARS: Final = 256
API_KEY_PREFIX: Final = "pk_"

_SHOWN_CHARS: Final = 8  # of a key's secret: 30 of 256 random bits
_WINDOW: Final = timedelta(minutes=15)
_MAX_FAILURES_HERE: Final = 10  # one e-mail from one address
_MAX_FAILURES_ADDRESS: Final = 50  # any e-mail from one address
_MAX_FAILURES_EMAIL: Final = 100  # one e-mail from anywhere: so many that nobody is locked out
_SECRET_BYTES: Final = 32

# Argon2id with RFC 9106's second recommendation (64 MiB, 3 passes).
_HASHER: Final = PasswordHasher()
# Each verification takes 64 MiB: more at once would let strangers fill the memory.
_MAX_HASHES_AT_ONCE: Final = 2


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


class Passwords:
    """Hashes and checks passwords off the event loop, few at a time."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(_MAX_HASHES_AT_ONCE)

    async def hash(self, password: str) -> str:
        """The Argon2id hash to be stored."""
        async with self._free:
            return await asyncio.to_thread(_HASHER.hash, password)

    async def fits(self, stored: str | None, password: str) -> bool:
        """Say whether the password fits; takes as long when nothing is stored."""
        async with self._free:
            return await asyncio.to_thread(_fits, stored, password)


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
    email = _folded(email)
    if not MIN_PASSWORD_CHARS <= len(password) <= MAX_PASSWORD_CHARS:
        raise CaseError(
            "weak_password",
            f"A password has at least {MIN_PASSWORD_CHARS} characters.",
            status=422,
        )
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
            password_hash=await asyncio.to_thread(_HASHER.hash, password),
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
    *,
    email: str,
    password: str,
    address: str,
    user_agent: str,
    now: datetime,
) -> SignedIn:
    """Check a password and open a login.

    The attempt is counted before the password is looked at, so that many at once are no
    way round the limit; hashing happens between two transactions, never inside one.

    Raises:
        CaseError: ``wrong_credentials`` (401) or ``too_many_attempts`` (429, with
            ``retry_after_s``).
    """
    email = _folded(email)
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
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    async with database.begin() as tx:
        for subject in sorted(subjects):
            await hold(tx, f"sign-in:{subject.hex()}")
        await tx.execute(delete(SignInAttempt).where(SignInAttempt.id.in_(attempts)))
        tx.add(
            Login(
                id=new_id("lgn"),
                staff_id=staff.id,
                secret_hash=_hash_of(secret),
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
        .where(Login.secret_hash == _hash_of(secret), Login.revoked_at.is_(None))
        .values(revoked_at=now)
    )


async def actor_of_login(tx: AsyncSession, secret: str, now: datetime) -> StaffActor | None:
    """Who is behind a login cookie; None when it is unknown, over, or the person is disabled."""
    staff = await tx.scalar(
        select(Staff)
        .join(Login, Login.staff_id == Staff.id)
        .where(
            Login.secret_hash == _hash_of(secret),
            Login.revoked_at.is_(None),
            Login.expires_at > now,
            Staff.disabled_at.is_(None),
        )
    )
    return await actor_of_staff(tx, staff) if staff is not None else None


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
    )


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
            secret_hash=_hash_of(secret),
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
    key = await tx.scalar(
        select(ApiKey).where(ApiKey.secret_hash == _hash_of(secret), ApiKey.revoked_at.is_(None))
    )
    if key is None:
        return None
    return KeyActor(key.id, TenantId(key.tenant_id), frozenset(Scope(s) for s in key.scopes))


def hash_of_secret(secret: str) -> bytes:
    """How an API key's secret is stored."""
    return _hash_of(secret)


def _folded(email: str) -> str:
    return email.strip().lower()


def _hash_of(secret: str) -> bytes:
    # 256 random bits need no slow hash.
    return sha256(secret.encode("utf-8", "replace")).digest()


@cache
def _hash_of_nobody() -> str:
    return _HASHER.hash(secrets.token_urlsafe(_SECRET_BYTES))


def _fits(stored: str | None, password: str) -> bool:
    try:
        # An unknown e-mail address must take as long as a known one.
        return _HASHER.verify(stored or _hash_of_nobody(), password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def _limited_subjects(email: str, address: str) -> dict[bytes, int]:
    return {
        sha256(f"here:{address}:{email}".encode()).digest(): _MAX_FAILURES_HERE,
        sha256(f"address:{address}".encode()).digest(): _MAX_FAILURES_ADDRESS,
        sha256(f"email:{email}".encode()).digest(): _MAX_FAILURES_EMAIL,
    }


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
