"""How a key is wrapped: by the tenant's alone, or by it and a case's erasure key together."""

from __future__ import annotations

import hmac
import os
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cases.erasure_keys import ID_BYTES, ErasureKey

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
TENANT_ALONE_BYTES: Final = _NONCE_BYTES + KEY_BYTES + _TAG_BYTES
"""How long a key is that was wrapped before there were erasure keys."""
_BY_BOTH: Final = b"\x02"


@dataclass(frozen=True, slots=True)
class FreshKey:
    """A new key, plain and as it is kept."""

    plain: bytes
    wrapped: bytes


def is_wrapped_by_tenant_alone(wrapped: bytes) -> bool:
    """Whether this key of a case or session is from before there were erasure keys."""
    return len(wrapped) == TENANT_ALONE_BYTES


def erasure_key_id(wrapped: bytes) -> bytes:
    """The name of the erasure key without which this wrapped key opens nothing."""
    return wrapped[1 : 1 + ID_BYTES]


def make_case_key(tenant_key: bytes, tenant_id: str, erasure: ErasureKey) -> FreshKey:
    """A new key for a case of the tenant."""
    return fresh_key(tenant_key, f"case:{tenant_id}", erasure)


def make_session_key(tenant_key: bytes, key_id: str, erasure: ErasureKey) -> FreshKey:
    """A new key of that id for a session of the case that has this erasure key."""
    return fresh_key(tenant_key, f"session:{key_id}", erasure)


def make_order_key(tenant_key: bytes, order_id: str, erasure: ErasureKey) -> FreshKey:
    """A new key for an order of the tenant."""
    return fresh_key(tenant_key, f"order:{order_id}", erasure)


def fresh_key(tenant_key: bytes, purpose: str, erasure: ErasureKey) -> FreshKey:
    """A new key for this purpose, wrapped by both."""
    key = os.urandom(KEY_BYTES)
    return FreshKey(key, wrap_by_both(tenant_key, purpose, key, erasure))


def wrap_by_both(tenant_key: bytes, purpose: str, key: bytes, erasure: ErasureKey) -> bytes:
    """``0x02 ‖ the erasure key's name ‖ nonce ‖ ciphertext ‖ tag``."""
    return _BY_BOTH + erasure.id + wrap(_by_both(tenant_key, erasure), purpose, key)


def unwrap_by_both(tenant_key: bytes, purpose: str, wrapped: bytes, erasure: ErasureKey) -> bytes:
    """The key that ``wrap_by_both`` was given.

    Raises:
        InvalidTag: other keys, or another purpose.
    """
    return unwrap(_by_both(tenant_key, erasure), purpose, wrapped[1 + ID_BYTES :])


def wrap(wrapping: AESGCM, purpose: str, key: bytes) -> bytes:
    """``nonce ‖ ciphertext ‖ tag``."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + wrapping.encrypt(nonce, key, purpose.encode())


def unwrap(wrapping: AESGCM, purpose: str, wrapped: bytes) -> bytes:
    """The key that ``wrap`` was given.

    Raises:
        InvalidTag: another key, or another purpose.
    """
    return wrapping.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], purpose.encode())


def _by_both(tenant_key: bytes, erasure: ErasureKey) -> AESGCM:
    return AESGCM(hmac.digest(tenant_key, b"with erasure key:" + erasure.key, "sha256"))
