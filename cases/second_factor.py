"""The second factor: an authenticator app, and the codes that stand in for a lost phone."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final, Literal

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from cases import totp
from cases.actor import StaffActor
from cases.keys import KeyRing
from cases.tables import RecoveryCode, SecondFactor, SignInRule, Staff
from runtime.errors import CaseError
from runtime.ids import new_id

_CODES: Final = 10
_CODE_CHARS: Final = 16  # 80 bits: no slow hash is needed
_ALPHABET: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app is given, once."""

    secret: bytes
    url: str


async def is_on(tx: AsyncSession, staff_id: str) -> bool:
    """Whether this person's password alone is not enough."""
    found = await tx.scalar(
        select(SecondFactor.staff_id).where(
            SecondFactor.staff_id == staff_id, SecondFactor.confirmed_at.is_not(None)
        )
    )
    return found is not None


async def is_required(tx: AsyncSession, organisation_id: str) -> bool:
    """Whether an organisation asks all its people for one."""
    rule = await tx.get(SignInRule, organisation_id)
    return rule is not None and rule.second_factor_required


async def is_missing(tx: AsyncSession, staff: Staff) -> bool:
    """Whether this person must set one up before anything else."""
    organisation_id = staff.tenant_id or staff.warehouse_id or ""
    return await is_required(tx, organisation_id) and not await is_on(tx, staff.id)


async def state_of(tx: AsyncSession, staff: Staff) -> Literal["none", "on", "to_set_up"]:
    """How it stands, as the person reads it."""
    if await is_on(tx, staff.id):
        return "on"
    return "to_set_up" if await is_missing(tx, staff) else "none"


async def begin(
    tx: AsyncSession, keys: KeyRing, actor: StaffActor, *, issuer: str, now: datetime
) -> Enrolment:
    """A new secret that counts once it is confirmed; an unconfirmed one is replaced.

    Raises:
        CaseError: ``second_factor_on`` (409).
    """
    staff = await tx.get_one(Staff, actor.staff_id, with_for_update=True)
    if await is_on(tx, staff.id):
        raise CaseError("second_factor_on", "Your sign-in has a second factor already.")
    secret = secrets.token_bytes(totp.SECRET_BYTES)
    await tx.execute(delete(SecondFactor).where(SecondFactor.staff_id == staff.id))
    tx.add(
        SecondFactor(
            staff_id=staff.id,
            sealed_secret=keys.seal(_purpose(staff.id), secret),
            created_at=now,
            last_step=0,
        )
    )
    await tx.flush()
    return Enrolment(secret, totp.otpauth_url(secret, issuer=issuer, account=staff.email))


async def confirm(
    tx: AsyncSession, keys: KeyRing, actor: StaffActor, code: str, now: datetime
) -> list[str]:
    """Switch it on with a first code; the answer is the recovery codes, told once.

    Raises:
        CaseError: ``not_found`` (404), ``second_factor_on`` (409), ``wrong_code`` (422).
    """
    factor = await tx.get(SecondFactor, actor.staff_id, with_for_update=True)
    if factor is None:
        raise CaseError("not_found", "Nothing is to be confirmed.", status=404)
    if factor.confirmed_at is not None:
        raise CaseError("second_factor_on", "Your sign-in has a second factor already.")
    step = totp.step_of(
        keys.unseal(_purpose(actor.staff_id), factor.sealed_secret), code, now.timestamp(), 0
    )
    if step is None:
        raise CaseError("wrong_code", "This code is not right. Wait for the next one.", status=422)
    factor.confirmed_at, factor.last_step = now, step
    codes = [_new_code() for _ in range(_CODES)]
    await tx.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == actor.staff_id))
    tx.add_all(
        RecoveryCode(id=new_id("rec"), staff_id=actor.staff_id, code_hash=_hash_of(code))
        for code in codes
    )
    return codes


async def use_code(
    tx: AsyncSession, keys: KeyRing, staff_id: str, code: str, now: datetime
) -> None:
    """Take a code of the app, or a recovery code; neither counts a second time.

    Raises:
        CaseError: ``wrong_code`` (401).
    """
    factor = await tx.get(SecondFactor, staff_id, with_for_update=True)
    if factor is not None and factor.confirmed_at is not None:
        secret = keys.unseal(_purpose(staff_id), factor.sealed_secret)
        step = totp.step_of(secret, code, now.timestamp(), factor.last_step)
        if step is not None:
            factor.last_step = step
            return
        used = await tx.execute(
            update(RecoveryCode)
            .where(
                RecoveryCode.staff_id == staff_id,
                RecoveryCode.code_hash == _hash_of(code),
                RecoveryCode.used_at.is_(None),
            )
            .values(used_at=now)
            .returning(RecoveryCode.id)
        )
        if used.first() is not None:
            return
    raise CaseError("wrong_code", "This code is not right, or was used before.", status=401)


async def remove(tx: AsyncSession, staff_id: str) -> None:
    """Take it away with its recovery codes; none is none."""
    await tx.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == staff_id))
    await tx.execute(delete(SecondFactor).where(SecondFactor.staff_id == staff_id))


async def require(tx: AsyncSession, organisation_id: str, *, required: bool) -> None:
    """Ask all people of an organisation for one, or no longer."""
    rule = await tx.get(SignInRule, organisation_id, with_for_update=True)
    if rule is None:
        tx.add(SignInRule(organisation_id=organisation_id, second_factor_required=required))
    else:
        rule.second_factor_required = required
    await tx.flush()


def _new_code() -> str:
    text = "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_CHARS))
    return "-".join(text[start : start + 4] for start in range(0, _CODE_CHARS, 4))


def _hash_of(code: str) -> bytes:
    plain = "".join(character for character in code.upper() if character.isalnum())
    return sha256(plain.encode("utf-8", "replace")).digest()


def _purpose(staff_id: str) -> str:
    return f"totp:{staff_id}"
