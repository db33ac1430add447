"""The seller's signed filing link: what opens it, and what an attacker gets."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from cases.signed_link import encode, open_link, seal_link
from runtime.errors import CaseError

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SECRET = bytes(range(32))
ORDER = {"order_number": "A-1"}
TOKEN = seal_link(ORDER, slug="lumen", secret=SECRET, expires=NOW + timedelta(days=1))


def opened(
    token: str, slug: str = "lumen", secret: bytes = SECRET, public: str | None = None
) -> object:
    """What the form makes of a token."""
    return open_link(token, slug=slug, secret=secret, public_key=public, now=NOW)


def refused(token: str, code: str = "link_forged", **changes: str) -> None:
    """The token is not taken."""
    with pytest.raises(CaseError) as caught:
        opened(token, **changes)
    assert caught.value.code == code


def signed(header: object, payload: object, key: Ed25519PrivateKey) -> str:
    """A JWS with Ed25519."""
    text = f"{encode(json.dumps(header).encode())}.{encode(json.dumps(payload).encode())}"
    return f"{text}.{encode(key.sign(text.encode()))}"


def test_the_signed_order_comes_out() -> None:
    """HS256 with the tenant's secret."""
    assert opened(TOKEN) == ORDER


def test_a_link_made_with_the_sellers_own_key_opens() -> None:
    """EdDSA with the public key that the seller left, and with no other."""
    key = Ed25519PrivateKey.generate()
    payload = {"aud": "lumen", "exp": int(NOW.timestamp()) + 60, "order": ORDER}
    token = signed({"alg": "EdDSA"}, payload, key)
    assert opened(token, public=encode(key.public_key().public_bytes_raw())) == ORDER
    refused(token)
    other = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    refused(token, public=encode(other))


def test_another_tenants_form_refuses_it() -> None:
    """Neither the other's secret nor, with the same secret, its name."""
    refused(TOKEN, slug="sole")
    with pytest.raises(CaseError):
        opened(TOKEN, secret=b"x" * 32)


def test_an_expired_or_endless_link_is_refused() -> None:
    """A link lives at most three months."""
    past = seal_link(ORDER, slug="lumen", secret=SECRET, expires=NOW)
    refused(past, "link_expired")
    refused(seal_link(ORDER, slug="lumen", secret=SECRET, expires=NOW + timedelta(days=400)))


def test_an_unsigned_link_is_refused() -> None:
    """``alg: none`` and a stripped signature."""
    payload = TOKEN.split(".")[1]
    header = encode(json.dumps({"alg": "none"}).encode())
    refused(f"{header}.{payload}.")
    refused(TOKEN.rpartition(".")[0] + ".")
    refused("a.b")


@given(st.integers(0, len(TOKEN) - 1), st.characters(codec="ascii"))
def test_no_changed_character_goes_through(at: int, character: str) -> None:
    """Whatever changes, it is refused, with a clear error."""
    changed = TOKEN[:at] + character + TOKEN[at + 1 :]
    if changed != TOKEN:
        refused(changed)
