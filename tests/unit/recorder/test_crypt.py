"""Sealing in pieces: what is stored is AES-256-GCM's one form, however it was cut."""

from __future__ import annotations

from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.crypt import _PIECE_BYTES, SealedPieces, open_sealed, seal
from runtime.errors import StoreError

KEY = bytes(range(32))
NAME = "tenant/case/ses_1/rec_1/000001-0011223344556677.segment"


@given(st.lists(st.binary(max_size=300), max_size=6))
@settings(max_examples=50, deadline=None)
def test_pieces_are_what_one_call_gives(plain: list[bytes]) -> None:
    """Nonce, ciphertext and tag are byte for byte those of AES-GCM over the whole."""
    sealed = SealedPieces(KEY, NAME, plain)
    stored = b"".join(map(bytes, sealed))
    whole = AESGCM(KEY).encrypt(stored[:12], b"".join(plain), NAME.encode())
    assert stored == stored[:12] + whole
    assert sealed.stored_bytes == len(stored)
    assert sealed.sha256 == sha256(stored).hexdigest()


@pytest.mark.parametrize("around", [-1, 0, 1])
@pytest.mark.parametrize("pieces", [1, 2])
def test_a_part_may_end_anywhere_in_a_piece(pieces: int, around: int) -> None:
    """Parts larger than a piece, and parts that end with one, come out whole."""
    plain = [b"\x07" * (pieces * _PIECE_BYTES + around), b"", b"rest"]
    stored = b"".join(map(bytes, SealedPieces(KEY, NAME, plain)))
    assert open_sealed(KEY, NAME, stored) == b"".join(plain)


def test_an_altered_byte_another_name_and_a_torn_end_do_not_open() -> None:
    """Whatever is not what was sealed is refused, and says so."""
    stored = seal(KEY, NAME, b"plain")
    assert open_sealed(KEY, NAME, stored) == b"plain"
    altered = stored[:-1] + bytes((stored[-1] ^ 1,))
    for name, given_bytes in (
        (NAME, altered),
        (f"{NAME}2", stored),
        (NAME, stored[:-1]),
        (NAME, stored[:5]),
        (NAME, b""),
    ):
        with pytest.raises(StoreError, match="does not decrypt"):
            open_sealed(KEY, name, given_bytes)


def test_nothing_is_sealed_twice_alike() -> None:
    """Each segment has a nonce of its own, the same bytes under the same name too."""
    assert seal(KEY, NAME, b"plain") != seal(KEY, NAME, b"plain")
