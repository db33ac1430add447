"""The key that signs manifests: Ed25519, in a file of its own; signatures are JWS (RFC 7515)."""

from __future__ import annotations

import os
import tempfile
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from pathlib import Path

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from runtime.errors import SetupError

_KEY_BYTES = 32


class SigningKey:
    """Signs; ``key_id`` is the public key's thumbprint (RFC 7638)."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public_bytes = private.public_key().public_bytes_raw()
        self.key_id = thumbprint(self.public_bytes)

    @classmethod
    def load(cls, keys_dir: Path) -> SigningKey:
        """The key in ``signing.key``, made at first use (0600); blocks.

        Raises:
            SetupError: the file holds something else.
        """
        path = keys_dir / "signing.key"
        if not path.exists():
            keys_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, aside = tempfile.mkstemp(dir=keys_dir)
            with os.fdopen(descriptor, "wb") as file:
                file.write(Ed25519PrivateKey.generate().private_bytes_raw())
                file.flush()
                os.fsync(file.fileno())
            try:
                # A link never replaces the key of a process that was faster.
                os.link(aside, path)
            except FileExistsError:
                pass
            finally:
                Path(aside).unlink()
        content = path.read_bytes()
        if len(content) != _KEY_BYTES:
            raise SetupError(f"{path} does not hold a signing key of {_KEY_BYTES} bytes.")
        return cls(Ed25519PrivateKey.from_private_bytes(content))

    def sign(self, payload: bytes, kind: str) -> str:
        """A compact JWS over ``payload``; ``kind`` is its ``typ``."""
        head = rfc8785.dumps({"alg": "EdDSA", "kid": self.key_id, "typ": kind})
        signed = b".".join((_text(head), _text(payload)))
        return b".".join((signed, _text(self._private.sign(signed)))).decode()


def thumbprint(public_bytes: bytes) -> str:
    """The JWK thumbprint of an Ed25519 public key (RFC 7638, RFC 8037)."""
    jwk = {"crv": "Ed25519", "kty": "OKP", "x": _text(public_bytes).decode()}
    return _text(sha256(rfc8785.dumps(jwk)).digest()).decode()


def verify_jws(jws: str, public_bytes: bytes) -> bytes:
    """The payload of a compact JWS.

    Raises:
        ValueError: it is malformed or not signed by this key.
    """
    try:
        head, payload, signature = jws.split(".")
        Ed25519PublicKey.from_public_bytes(public_bytes).verify(
            _bytes(signature), f"{head}.{payload}".encode()
        )
        return _bytes(payload)
    except InvalidSignature as error:
        raise ValueError("the signature is not this key's") from error


def _text(content: bytes) -> bytes:
    return urlsafe_b64encode(content).rstrip(b"=")


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
