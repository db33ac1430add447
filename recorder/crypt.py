"""Encryption of a segment: AES-256-GCM, bound to the name it is stored under."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import GCM

from runtime.errors import StoreError

KEY_BYTES = 32
_NONCE_BYTES = 12
_PIECE_BYTES = 64 * 1024
# What ``update_into`` asks for beside the piece's own length.
_SPARE_BYTES = 15


class SealedPieces:
    """Nonce ‖ ciphertext ‖ tag of ``plain``, made and hashed while it is being written.

    The object's name is authenticated with it. Iterate once. A piece is overwritten by the
    next, so that a segment's bytes are never in memory a second time; ``stored_bytes`` and
    ``sha256`` (hex) hold for the pieces so far.
    """

    def __init__(self, key: bytes, object_key: str, plain: Sequence[bytes]) -> None:
        self._nonce = os.urandom(_NONCE_BYTES)
        self._cipher = Cipher(AES256(key), GCM(self._nonce)).encryptor()
        self._cipher.authenticate_additional_data(object_key.encode())
        self._plain = plain
        self._digest = sha256()
        self.stored_bytes = 0

    @property
    def sha256(self) -> str:
        """The digest of what was given out."""
        return self._digest.hexdigest()

    def __iter__(self) -> Iterator[bytes | memoryview]:
        yield self._given(self._nonce)
        piece = memoryview(bytearray(_PIECE_BYTES + _SPARE_BYTES))
        for part in self._plain:
            view = memoryview(part)
            for at in range(0, len(view), _PIECE_BYTES):
                size = self._cipher.update_into(view[at : at + _PIECE_BYTES], piece)
                yield self._given(piece[:size])
        self._cipher.finalize()
        yield self._given(self._cipher.tag)

    def _given(self, piece: bytes | memoryview) -> bytes | memoryview:
        self._digest.update(piece)
        self.stored_bytes += len(piece)
        return piece


def seal(key: bytes, object_key: str, plain: bytes) -> bytes:
    """The same at once, for what is small."""
    return b"".join(map(bytes, SealedPieces(key, object_key, (plain,))))


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
