"""Passwords: what makes one good enough, and hashing that blocks nothing and betrays nobody."""

from __future__ import annotations

import asyncio
import secrets
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from runtime.errors import CaseError

MIN_PASSWORD_CHARS: Final = 10
MAX_PASSWORD_CHARS: Final = 256
_MIN_DIFFERENT_CHARS: Final = 5
_MIN_KNOWN_CHARS: Final = 4
_MIN_REST_CHARS: Final = 5
_KEY_ROWS: Final = (
    "1234567890",
    "0987654321",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
)


# Argon2id with RFC 9106\'s second recommendation (64 MiB, 3 passes).
_HASHER: Final = PasswordHasher()


# Each verification takes 64 MiB: more at once would let strangers fill the memory.
_MAX_HASHES_AT_ONCE: Final = 2


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


def check_password(password: str, *about: str) -> None:
    """Refuse what is short, of few different characters, or the person's own name or address.

    Raises:
        CaseError: ``weak_password`` (422).
    """
    if not MIN_PASSWORD_CHARS <= len(password) <= MAX_PASSWORD_CHARS:
        raise _weak(f"A password has at least {MIN_PASSWORD_CHARS} characters.")
    folded = password.casefold()
    if len(set(folded)) < _MIN_DIFFERENT_CHARS:
        raise _weak("This password repeats too few characters. Four words in a row are easy.")
    if any(folded in _rows(row, len(folded)) for row in _KEY_ROWS):
        raise _weak("This password is a row of keys. Four words in a row are easy.")
    for known in about:
        for part in (known.casefold(), known.casefold().partition("@")[0]):
            rest = folded.replace(part, "") if len(part) >= _MIN_KNOWN_CHARS else folded
            if len(rest) < _MIN_REST_CHARS:
                raise _weak("This password is your name or address. Choose another.")


def _weak(words: str) -> CaseError:
    return CaseError("weak_password", words, status=422)


def _rows(row: str, length: int) -> str:
    return row * (length // len(row) + 2)


@cache
def _hash_of_nobody() -> str:
    return _HASHER.hash(secrets.token_urlsafe(32))


def _fits(stored: str | None, password: str) -> bool:
    try:
        # An unknown e-mail address must take as long as a known one.
        return _HASHER.verify(stored or _hash_of_nobody(), password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False
