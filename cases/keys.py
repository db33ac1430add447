"""The key ring: one master key wraps a key per tenant, which wraps one per case and per session.

Wrapping is AES-256-GCM, ``nonce (12) ‖ ciphertext ‖ tag``, bound to what the key is for. Keys of
cases and sessions are wrapped by the tenant's key and the case's erasure key together
(``cases.erasure_keys``), whose name stands before the rest: ``0x02 ‖ name (16) ‖ nonce ‖ …``.
Destroying the erasure key is erasure: what they encrypted can never be read again, from no
backup of the database. Keys from before there were erasure keys still open (``adopt``).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.erasure_keys import ErasureKey, ErasureKeys, KeyDestroyed
from cases.key_wrapping import (
    KEY_BYTES,
    TENANT_ALONE_BYTES,
    FreshKey,
    erasure_key_id,
    fresh_key,
    is_wrapped_by_tenant_alone,
    make_case_key,
    make_session_key,
    unwrap,
    unwrap_by_both,
    wrap,
    wrap_by_both,
)
from cases.tables import Case, Session, Tenant
from runtime.durable_files import load_or_make
from runtime.errors import SetupError
from runtime.ids import new_id
from runtime.settings import Settings

__all__ = [
    "TENANT_ALONE_BYTES",
    "FreshKey",
    "KeyDestroyed",
    "KeyRing",
    "WordKeys",
    "WrappedCaseKey",
    "WrappedSessionKey",
    "is_wrapped_by_tenant_alone",
    "make_case_key",
    "make_session_key",
]

_CASE_KEYS: Final = (
    select(Case.tenant_id, Case.wrapped_key.label("own"), Tenant.wrapped_key.label("tenants"))
    .join(Tenant, Tenant.id == Case.tenant_id)
    .where(Case.id == bindparam("case_id"))
)
_SESSION_KEYS: Final = select(
    Session.id,
    Session.tenant_id,
    Session.key_id,
    Session.wrapped_key.label("own"),
    Tenant.wrapped_key.label("tenants"),
).join(Tenant, Tenant.id == Session.tenant_id)
_SESSION_KEY: Final = _SESSION_KEYS.where(Session.id == bindparam("session_id"))


@dataclass(frozen=True, slots=True)
class WordKeys:
    """The keys of a tenant's searchable words (``cases.search_terms``)."""

    everybody: bytes  # what all who see a case may find it by
    seller: bytes  # what only the tenant's own people may


@dataclass(frozen=True, slots=True)
class WrappedCaseKey:
    """What a list read of a case to open its key; None where it was erased."""

    tenant_id: str
    own: bytes | None
    tenants: bytes | None


@dataclass(frozen=True, slots=True)
class WrappedSessionKey:
    """The same of a session."""

    tenant_id: str
    key_id: str
    own: bytes | None
    tenants: bytes | None


class KeyRing:
    """Makes and opens keys; holds the master key and no other."""

    def __init__(self, master_key: bytes, erasure_keys: ErasureKeys) -> None:
        if len(master_key) != KEY_BYTES:
            raise ValueError("a master key has 32 bytes")
        self._master = AESGCM(master_key)
        self.erasure_keys = erasure_keys
        # A key of its own: what proves something never encrypts anything.
        self._proving = hmac.digest(master_key, b"proofcall: proving", sha256)
        self._own = hmac.digest(master_key, b"proofcall: keys of no tenant", sha256)

    @classmethod
    def load(cls, settings: Settings) -> KeyRing:
        """Take the master key from the settings, or from its file, made at first use (0600).

        Raises:
            SetupError: it is not 32 bytes.
        """
        if settings.master_key is not None:
            try:
                key = base64.b64decode(settings.master_key.get_secret_value(), validate=True)
            except binascii.Error:
                key = b""
            source = "PROOFCALL_MASTER_KEY"
        else:
            path = settings.keys_dir / "master.key"
            key = load_or_make(path, lambda: os.urandom(KEY_BYTES))
            source = str(path)
        if len(key) != KEY_BYTES:
            raise SetupError(f"{source} does not hold a master key of 32 bytes.")
        return cls(key, ErasureKeys(settings.erasure_keys_dir))

    def seal(self, purpose: str, plain: bytes) -> bytes:
        """Encrypt something small that belongs to no tenant, bound to what it is for."""
        return wrap(self._master, f"sealed:{purpose}", plain)

    def unseal(self, purpose: str, sealed: bytes) -> bytes:
        """What ``seal`` was given.

        Raises:
            SetupError: the master key is another one, or it was sealed for something else.
        """
        try:
            return unwrap(self._master, f"sealed:{purpose}", sealed)
        except InvalidTag as error:
            raise SetupError(
                "The master key is not the one this database was made with."
            ) from error

    def proof(self, purpose: str, content: bytes) -> bytes:
        """32 bytes that only this key ring can make of the content, for this purpose."""
        return hmac.digest(self._proving, f"{purpose}:".encode() + content, sha256)

    def new_tenant_key(self, tenant_id: str) -> bytes:
        """A wrapped key for a new tenant."""
        return wrap(self._master, f"tenant:{tenant_id}", os.urandom(KEY_BYTES))

    async def tenant_key(self, tx: AsyncSession, tenant_id: str) -> bytes:
        """The key of a tenant: opens the access log and wraps the others.

        Raises:
            KeyDestroyed: the tenant was erased.
            SetupError: the master key is another one.
        """
        # By its row: one transaction needs it for the log, the words and more, and reads it once.
        tenant = await tx.get(Tenant, tenant_id)
        if tenant is None or tenant.wrapped_key is None:
            raise KeyDestroyed
        return self.open_tenant_key(tenant_id, tenant.wrapped_key)

    def open_tenant_key(self, tenant_id: str, wrapped: bytes) -> bytes:
        """The key of a tenant, from its row.

        Raises:
            SetupError: the master key is another one.
        """
        try:
            return unwrap(self._master, f"tenant:{tenant_id}", wrapped)
        except InvalidTag as error:
            raise SetupError(
                "The master key is not the one this database was made with."
            ) from error

    async def word_keys(self, tx: AsyncSession, tenant_id: str) -> WordKeys:
        """The keys of the words by which a tenant's cases are found.

        Raises:
            KeyDestroyed: the tenant was erased.
        """
        return _word_keys(await self.tenant_key(tx, tenant_id))

    async def known_word_keys(
        self, tx: AsyncSession, tenant_ids: Collection[str]
    ) -> dict[str, WordKeys]:
        """The same of many; those that were erased are left out."""
        rows = await tx.execute(
            select(Tenant.id, Tenant.wrapped_key).where(
                Tenant.id.in_(sorted(tenant_ids)), Tenant.wrapped_key.is_not(None)
            )
        )
        return {row.id: self.open_word_keys(row.id, row.wrapped_key) for row in rows}

    def open_word_keys(self, tenant_id: str, wrapped: bytes) -> WordKeys:
        """The keys of a tenant's words, from its wrapped key."""
        return _word_keys(self.open_tenant_key(tenant_id, wrapped))

    async def new_case_key(self, tx: AsyncSession, tenant_id: str) -> bytes:
        """A wrapped key for a new case of the tenant."""
        erasure = await asyncio.to_thread(self.erasure_keys.make)
        return make_case_key(await self.tenant_key(tx, tenant_id), tenant_id, erasure).wrapped

    async def open_case_key(self, tx: AsyncSession, tenant_id: str, wrapped: bytes) -> bytes:
        """The key of a case whose row is not there yet: what is filed is encrypted before it.

        Raises:
            KeyDestroyed: it was destroyed, or its tenant's.
        """
        tenant_key = await self.tenant_key(tx, tenant_id)
        return await self._open(tenant_key, f"case:{tenant_id}", wrapped)

    async def key_of(self, tx: AsyncSession, case: Case) -> bytes:
        """The key of a case whose row is at hand: opens the case log.

        Raises:
            KeyDestroyed: the case or its tenant was erased.
        """
        if case.wrapped_key is None:
            raise KeyDestroyed
        return await self.open_case_key(tx, case.tenant_id, case.wrapped_key)

    async def case_key(self, tx: AsyncSession, case_id: str) -> bytes:
        """The key of a case: opens the case log.

        Raises:
            KeyDestroyed: the case or its tenant was erased, or it never was.
        """
        row = (await tx.execute(_CASE_KEYS, {"case_id": case_id})).first()
        if row is None or row.own is None or row.tenants is None:
            raise KeyDestroyed
        tenant_key = self.open_tenant_key(row.tenant_id, row.tenants)
        return await self._open(tenant_key, f"case:{row.tenant_id}", row.own)

    async def new_session_key(self, tx: AsyncSession, case: Case) -> tuple[str, bytes]:
        """The id of a new session's key, and that key wrapped: erased with its case.

        Raises:
            KeyDestroyed: the case or its tenant was erased.
        """
        if case.wrapped_key is None:
            raise KeyDestroyed
        key_id, tenant_key = new_id("key"), await self.tenant_key(tx, case.tenant_id)
        if is_wrapped_by_tenant_alone(case.wrapped_key):
            erasure = await asyncio.to_thread(self.erasure_keys.make)
        else:
            erasure = await asyncio.to_thread(
                self.erasure_keys.read, erasure_key_id(case.wrapped_key)
            )
        return key_id, make_session_key(tenant_key, key_id, erasure).wrapped

    async def open_session_key(
        self, tx: AsyncSession, tenant_id: str, key_id: str, wrapped: bytes
    ) -> bytes:
        """The key of a session whose row is not there yet: the recorder is given it first."""
        tenant_key = await self.tenant_key(tx, tenant_id)
        return await self._open(tenant_key, f"session:{key_id}", wrapped)

    async def session_key(self, tx: AsyncSession, session_id: str) -> bytes:
        """The key of a session: opens its log and its segments.

        Raises:
            KeyDestroyed: the session or its tenant was erased, or it never was.
        """
        row = (await tx.execute(_SESSION_KEY, {"session_id": session_id})).first()
        if row is None or row.own is None or row.tenants is None:
            raise KeyDestroyed
        tenant_key = self.open_tenant_key(row.tenant_id, row.tenants)
        return await self._open(tenant_key, f"session:{row.key_id}", row.own)

    async def session_keys(
        self, tx: AsyncSession, session_ids: Collection[str]
    ) -> dict[str, bytes]:
        """The keys of many sessions, opened at once; those that were destroyed are left out."""
        if not session_ids:
            return {}
        query = _SESSION_KEYS.where(Session.id.in_(sorted(session_ids)))
        rows = (await tx.execute(query)).all()
        wrapped = [
            WrappedSessionKey(one.tenant_id, one.key_id, one.own, one.tenants) for one in rows
        ]
        opened = await asyncio.to_thread(self.open_session_keys, wrapped)
        return {row.id: key for row, key in zip(rows, opened, strict=True) if key is not None}

    async def new_own_key(self, purpose: str) -> bytes:
        """A wrapped key for something that belongs to no tenant, bound to what it is for."""
        erasure = await asyncio.to_thread(self.erasure_keys.make)
        return fresh_key(self._own, f"own:{purpose}", erasure).wrapped

    async def open_own_key(self, purpose: str, wrapped: bytes) -> bytes:
        """The key that ``new_own_key`` made.

        Raises:
            KeyDestroyed: it was destroyed.
        """
        return await self._open(self._own, f"own:{purpose}", wrapped)

    async def destroy(self, wrapped: bytes) -> None:
        """Destroy the erasure key of a wrapped key; may be done again."""
        if not is_wrapped_by_tenant_alone(wrapped):
            await asyncio.to_thread(self.erasure_keys.destroy, erasure_key_id(wrapped))

    async def adopt(self, tx: AsyncSession, case: Case) -> None:
        """Wrap a case's key, and those of its sessions, by an erasure key as well.

        What a backup from before holds stays readable until that backup goes.
        """
        if case.wrapped_key is None:
            return
        tenant_key = await self.tenant_key(tx, case.tenant_id)
        if is_wrapped_by_tenant_alone(case.wrapped_key):
            erasure = await asyncio.to_thread(self.erasure_keys.make)
            case.wrapped_key = _again(tenant_key, f"case:{case.tenant_id}", case, erasure)
        else:
            erasure = await asyncio.to_thread(
                self.erasure_keys.read, erasure_key_id(case.wrapped_key)
            )
        for session in await tx.scalars(select(Session).where(Session.case_id == case.id)):
            if session.wrapped_key and is_wrapped_by_tenant_alone(session.wrapped_key):
                purpose = f"session:{session.key_id}"
                session.wrapped_key = _again(tenant_key, purpose, session, erasure)

    def open_case_keys(self, wrapped: Iterable[WrappedCaseKey]) -> list[bytes | None]:
        """The keys of many cases, None for each that was destroyed; blocks on the disk.

        Raises:
            SetupError: the master key is another one, or the erasure keys are not there.
        """
        return [self._open_known(one, f"case:{one.tenant_id}") for one in wrapped]

    def open_session_keys(self, wrapped: Iterable[WrappedSessionKey]) -> list[bytes | None]:
        """The same for sessions."""
        return [self._open_known(one, f"session:{one.key_id}") for one in wrapped]

    def _open_known(
        self, wrapped: WrappedCaseKey | WrappedSessionKey, purpose: str
    ) -> bytes | None:
        if wrapped.own is None or wrapped.tenants is None:
            return None
        tenant_key = self.open_tenant_key(wrapped.tenant_id, wrapped.tenants)
        try:
            return self._read(tenant_key, purpose, wrapped.own)
        except KeyDestroyed:
            return None

    async def _open(self, tenant_key: bytes, purpose: str, wrapped: bytes) -> bytes:
        return await asyncio.to_thread(self._read, tenant_key, purpose, wrapped)

    def _read(self, tenant_key: bytes, purpose: str, wrapped: bytes) -> bytes:
        if is_wrapped_by_tenant_alone(wrapped):
            return unwrap(AESGCM(tenant_key), purpose, wrapped)
        erasure = self.erasure_keys.read(erasure_key_id(wrapped))
        return unwrap_by_both(tenant_key, purpose, wrapped, erasure)


def _word_keys(tenant_key: bytes) -> WordKeys:
    return WordKeys(
        hmac.digest(tenant_key, b"words:everybody", "sha256"),
        hmac.digest(tenant_key, b"words:seller", "sha256"),
    )


def _again(tenant_key: bytes, purpose: str, row: Case | Session, erasure: ErasureKey) -> bytes:
    """The key of a row that the tenant's alone wraps, wrapped by both."""
    key = unwrap(AESGCM(tenant_key), purpose, row.wrapped_key or b"")
    return wrap_by_both(tenant_key, purpose, key, erasure)
