"""Something small sealed with a key of the ring: ``nonce (12) ‖ ciphertext ‖ tag``."""

from __future__ import annotations

import os
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES: Final = 12


def seal(key: bytes, bound_to: str, plain: bytes) -> bytes:
    """Encrypt, tied to what it is for: elsewhere it does not open."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound_to.encode())


def unseal(key: bytes, bound_to: str, sealed: bytes) -> bytes:
    """What ``seal`` was given.

    Raises:
        InvalidTag: another key, or sealed for something else.
    """
    return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to.encode())
