"""The operator's key that signs statements: Ed25519, in a file of its own, and its rotation."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from recorder.proof.jws import base64url, ed25519_jwk, jws_head, thumbprint
from runtime.durable_files import load_or_make, write_durably
from runtime.errors import SetupError

_KEY_BYTES = 32
_FILE = "signing.key"


class SigningKey:
    """Signs; ``key_id`` is the public key's thumbprint (RFC 7638), ``jwk`` the key itself."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.jwk = ed25519_jwk(private.public_key().public_bytes_raw())
        self.key_id = thumbprint(self.jwk)

    @classmethod
    def load(cls, keys_dir: Path) -> SigningKey:
        """The key in ``signing.key``, made at first use (0600); blocks.

        Raises:
            SetupError: the file holds something else.
        """
        path = keys_dir / _FILE
        content = load_or_make(path, _new_key)
        if len(content) != _KEY_BYTES:
            raise SetupError(f"{path} does not hold a signing key of {_KEY_BYTES} bytes.")
        return cls(Ed25519PrivateKey.from_private_bytes(content))

    @classmethod
    def rotate(cls, keys_dir: Path) -> SigningKey:
        """Put a fresh key in the place of the one of now, which is gone then; blocks."""
        write_durably(keys_dir / _FILE, _new_key())
        return cls.load(keys_dir)

    def sign(self, payload: bytes, typ: str) -> str:
        """A compact JWS over ``payload``; the same payload always gives the same text."""
        signed = f"{jws_head('EdDSA', self.key_id, typ)}.{base64url(payload)}"
        return f"{signed}.{base64url(self._private.sign(signed.encode()))}"


def _new_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes_raw()
