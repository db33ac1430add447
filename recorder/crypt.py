"""Encryption of a segment: AES-256-GCM, bound to the name it is stored under."""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from runtime.errors import StoreError

KEY_BYTES = 32
_NONCE_BYTES = 12


def seal(key: bytes, object_key: str, plain: bytes) -> bytes:
    """Nonce ‖ ciphertext ‖ tag; the object's name is authenticated with it."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, object_key.encode())


def open_sealed(key: bytes, object_key: str, stored: bytes) -> bytes:
    """The plain bytes.

    Raises:
        StoreError: the bytes were altered, or belong under another name or key.
    """
    try:
        return AESGCM(key).decrypt(
            stored[:_NONCE_BYTES], stored[_NONCE_BYTES:], object_key.encode()
        )
    except (InvalidTag, ValueError) as error:
        raise StoreError(f"{object_key} does not decrypt", retryable=False) from error
