"""Something small sealed with a key of the ring: ``nonce (12) ‖ ciphertext ‖ tag``."""

from __future__ import annotations

import os
from typing import Final, TypeVar

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import BaseModel

Words = TypeVar("Words", bound=BaseModel)

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


def seal_words(key: bytes, bound_to: str, words: BaseModel) -> bytes:
    """Encrypt what a row says of a person; ``bound_to`` names table and row."""
    return seal(key, bound_to, words.model_dump_json().encode())


def open_words(kind: type[Words], key: bytes, bound_to: str, sealed: bytes) -> Words:
    """What ``seal_words`` was given.

    Raises:
        InvalidTag: another key, or sealed for another row.
    """
    return kind.model_validate_json(unseal(key, bound_to, sealed))


def seal_text(key: bytes, bound_to: str, text: str | None) -> bytes | None:
    """Encrypt one text of a row; nothing stays nothing."""
    return seal(key, bound_to, text.encode()) if text else None


def open_text(key: bytes | None, bound_to: str, sealed: bytes | None) -> str | None:
    """What ``seal_text`` was given; None without the key, which was destroyed.

    Raises:
        InvalidTag: another key, or sealed for another row.
    """
    return unseal(key, bound_to, sealed).decode() if key is not None and sealed else None
