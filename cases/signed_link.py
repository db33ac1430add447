"""PURE. The seller's signed filing link: a compact JWS with the order in it (RFC 7515)."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from runtime.errors import CaseError

MAX_CHARS: Final = 16_000
_MAX_LIFE: Final = timedelta(days=92)


def open_link(
    token: str, *, slug: str, secret: bytes, public_key: str | None, now: datetime
) -> dict[str, Any]:
    """The ``order`` that the seller signed for this form.

    The payload is ``{"aud": slug, "exp": seconds, "order": {…}}``; ``alg`` is HS256, or EdDSA
    where the seller has left a public key.

    Raises:
        CaseError: ``link_forged`` (403) or ``link_expired`` (410).
    """
    parts = token.split(".")
    if len(token) > MAX_CHARS or len(parts) != 3:
        raise _forged()
    header, payload = _json(parts[0]), _json(parts[1])
    signed, signature = f"{parts[0]}.{parts[1]}".encode(), decode(parts[2])
    if header.get("alg") == "HS256":
        good = hmac.compare_digest(hmac.digest(secret, signed, sha256), signature)
    elif header.get("alg") == "EdDSA" and public_key is not None:
        good = _verifies(decode(public_key), signature, signed)
    else:
        good = False
    if not good or "crit" in header or payload.get("aud") != slug:
        raise _forged()
    expires, order = payload.get("exp"), payload.get("order")
    if type(expires) is not int or not isinstance(order, dict):
        raise _forged()
    left_s = expires - now.timestamp()
    if left_s <= 0:
        raise CaseError("link_expired", "This link has expired.", status=410)
    if left_s > _MAX_LIFE.total_seconds():
        raise _forged()
    return order


def seal_link(order: dict[str, Any], *, slug: str, secret: bytes, expires: datetime) -> str:
    """A link's token, as a seller's system makes it with HS256."""
    payload = {"aud": slug, "exp": int(expires.astimezone(UTC).timestamp()), "order": order}
    signed = ".".join(encode(json.dumps(part).encode()) for part in ({"alg": "HS256"}, payload))
    return f"{signed}.{encode(hmac.digest(secret, signed.encode(), sha256))}"


def encode(content: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """The opposite; exactly one text stands for some bytes.

    Raises:
        CaseError: ``link_forged`` (403).
    """
    try:
        content = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise _forged() from error
    if encode(content) != text:
        raise _forged()
    return content


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(decode(text))
    except (ValueError, RecursionError) as error:
        raise _forged() from error
    if not isinstance(found, dict):
        raise _forged()
    return found


def _verifies(public_key: bytes, signature: bytes, signed: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def _forged() -> CaseError:
    return CaseError("link_forged", "This link was not made by this shop.", status=403)
