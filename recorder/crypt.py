"""Encryption of a segment: AES-256-GCM, bound to the name it is stored under."""

from __future__ import annotations

import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import GCM

from runtime.errors import StoreError

KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16


class Sealer:
    """Seals one thing after another into one buffer of its own; one thread at a time."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def seal(self, key: bytes, object_key: str, plain: Sequence[bytes]) -> memoryview:
        """Nonce ‖ ciphertext ‖ tag of the parts together, until the next is sealed.

        The object's name is authenticated with it.
        """
        size = _NONCE_BYTES + sum(map(len, plain)) + _TAG_BYTES
        if len(self._buffer) < size:
            # A new one: whoever still holds a view of the old keeps it from growing.
            self._buffer = bytearray(size)
        stored = memoryview(self._buffer)[:size]
        nonce = os.urandom(_NONCE_BYTES)
        cipher = Cipher(AES256(key), GCM(nonce)).encryptor()
        cipher.authenticate_additional_data(object_key.encode())
        stored[:_NONCE_BYTES] = nonce
        at = _NONCE_BYTES
        for part in plain:
            at += cipher.update_into(part, stored[at:])
        cipher.finalize()
        stored[at:] = cipher.tag
        return stored


def seal(key: bytes, object_key: str, plain: bytes) -> bytes:
    """The same of one thing, in bytes of its own."""
    return bytes(Sealer().seal(key, object_key, (plain,)))


def open_sealed(key: bytes, object_key: str, stored: bytes) -> bytes:
    """The plain bytes.

    Raises:
        StoreError: the bytes were altered, or belong under another name or key.
    """
    given = memoryview(stored)
    try:
        return AESGCM(key).decrypt(given[:_NONCE_BYTES], given[_NONCE_BYTES:], object_key.encode())
    except (InvalidTag, ValueError) as error:
        raise StoreError(f"{object_key} does not decrypt", retryable=False) from error
