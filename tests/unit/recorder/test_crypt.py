"""Sealing: what is stored is AES-256-GCM's one form, however the plain bytes were cut."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.crypt import Sealer, open_sealed, seal
from runtime.errors import StoreError

KEY = bytes(range(32))
NAME = "tenant/case/ses_1/rec_1/000001-0011223344556677.segment"


@given(st.lists(st.lists(st.binary(max_size=300), max_size=6), min_size=1, max_size=4))
@settings(max_examples=50, deadline=None)
def test_parts_are_what_one_call_gives(segments: list[list[bytes]]) -> None:
    """Nonce, ciphertext and tag are AES-GCM's over the whole; what was before leaves no trace."""
    sealer = Sealer()
    for plain in segments:
        stored = bytes(sealer.seal(KEY, NAME, plain))
        whole = AESGCM(KEY).encrypt(stored[:12], b"".join(plain), NAME.encode())
        assert stored == stored[:12] + whole


def test_a_view_that_is_still_held_does_not_stop_a_larger_segment() -> None:
    """A failed write holds what it wrote; the next segment is sealed all the same."""
    sealer = Sealer()
    held = sealer.seal(KEY, NAME, [b"small"])
    larger = bytes(sealer.seal(KEY, NAME, [b"large" * 1000]))
    assert open_sealed(KEY, NAME, larger) == b"large" * 1000
    assert open_sealed(KEY, NAME, bytes(held)) == b"small"


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
