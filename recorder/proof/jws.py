"""PURE. Compact JWS (RFC 7515) and public JSON Web Keys (RFC 7517): Ed25519 and ECDSA P-256.

Only one spelling of each is accepted, so that no bit of a signature can change unnoticed.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

Jwk = Mapping[str, str]

_SIGNATURE_BYTES: Final = 64
_COORDINATE_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Jws:
    """A well-formed JWS whose signature nobody has checked yet."""

    alg: str
    kid: str
    typ: str
    payload: bytes
    signed: bytes
    signature: bytes


def base64url(content: bytes) -> str:
    """Without padding (RFC 7515, section 2)."""
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """What ``base64url`` made.

    Raises:
        ValueError: it is not exactly what ``base64url`` would give.
    """
    if not text.isascii():
        raise ValueError("not base64url")
    content = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64url(content) != text:
        raise ValueError("not base64url in its one spelling")
    return content


def canonical_json(content: bytes) -> Any:
    """The value of a JSON text that is canonical after RFC 8785.

    Raises:
        ValueError: it is no JSON, or spelt otherwise.
    """
    try:
        value = json.loads(content.decode())
        again = rfc8785.dumps(value)
    except (RecursionError, rfc8785.CanonicalizationError) as error:
        raise ValueError("not canonical JSON") from error
    if again != content:
        raise ValueError("not canonical JSON")
    return value


def read_jws(text: str) -> Jws:
    """Take a compact JWS apart; its head must be canonical ``{alg, kid, typ}``.

    Raises:
        ValueError: it is anything else.
    """
    parts = text.split(".")
    if len(parts) != 3:
        raise ValueError("not a compact JWS")
    head = canonical_json(from_base64url(parts[0]))
    if (
        not isinstance(head, dict)
        or sorted(head) != ["alg", "kid", "typ"]
        or not all(isinstance(value, str) for value in head.values())
    ):
        raise ValueError("the head is not {alg, kid, typ}")
    return Jws(
        alg=head["alg"],
        kid=head["kid"],
        typ=head["typ"],
        payload=from_base64url(parts[1]),
        signed=f"{parts[0]}.{parts[1]}".encode(),
        signature=from_base64url(parts[2]),
    )


def jws_head(alg: str, kid: str, typ: str) -> str:
    """The first part of a JWS."""
    return base64url(rfc8785.dumps({"alg": alg, "kid": kid, "typ": typ}))


def is_signed_by(jws: Jws, jwk: Jwk) -> bool:
    """Whether the signature is this key's; the key decides the algorithm, never the head."""
    if jws.kid != thumbprint(jwk) or len(jws.signature) != _SIGNATURE_BYTES:
        return False
    try:
        if jwk["kty"] == "OKP":
            if jws.alg != "EdDSA":
                return False
            key = Ed25519PublicKey.from_public_bytes(from_base64url(jwk["x"]))
            key.verify(jws.signature, jws.signed)
        else:
            if jws.alg != "ES256":
                return False
            r, s = (
                int.from_bytes(part)
                for part in (jws.signature[:_COORDINATE_BYTES], jws.signature[_COORDINATE_BYTES:])
            )
            _curve_key(jwk).verify(encode_dss_signature(r, s), jws.signed, ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def check_public_jwk(value: object) -> dict[str, str]:
    """A public key of one of the two kinds, reduced to the members that define it.

    Raises:
        ValueError: it is of another kind, holds a private part, or is no point of its curve.
    """
    if not isinstance(value, Mapping) or "d" in value:
        raise ValueError("not a public JSON Web Key")
    members: tuple[str, ...]
    match value.get("kty"), value.get("crv"):
        case "OKP", "Ed25519":
            members = ("crv", "kty", "x")
        case "EC", "P-256":
            members = ("crv", "kty", "x", "y")
        case _:
            raise ValueError("neither Ed25519 nor P-256")
    jwk = {}
    for member in members:
        text = value.get(member)
        if not isinstance(text, str):
            raise ValueError(f"{member} is missing")
        jwk[member] = text
    for member in members[2:]:
        if len(from_base64url(jwk[member])) != _COORDINATE_BYTES:
            raise ValueError(f"{member} has another length")
    if jwk["kty"] == "EC":
        _curve_key(jwk)
    return jwk


def thumbprint(jwk: Jwk) -> str:
    """The key's name: its JWK thumbprint (RFC 7638)."""
    return base64url(sha256(rfc8785.dumps(dict(jwk))).digest())


def ed25519_jwk(public_bytes: bytes) -> dict[str, str]:
    """An Ed25519 public key as a JWK (RFC 8037)."""
    return {"crv": "Ed25519", "kty": "OKP", "x": base64url(public_bytes)}


def _curve_key(jwk: Jwk) -> ec.EllipticCurvePublicKey:
    x, y = (int.from_bytes(from_base64url(jwk[member])) for member in ("x", "y"))
    return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
