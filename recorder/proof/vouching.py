"""PURE. What comes from outside the package and says whose key signed it: a receipt, a key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from recorder.proof import formats, shapes
from recorder.proof.jws import canonical_json, check_public_jwk, is_signed_by, read_jws, thumbprint
from recorder.proof.shapes import fits
from recorder.proof.source import Source

GIVEN_RECEIPT = "receipt"
GIVEN_KEY = "key"
"""What problems of the given files name as their path."""


@dataclass(slots=True)
class Vouch:
    """What is known of the package by now: manifests by session and number, as (digest, kid)."""

    source: Source
    manifests: Mapping[tuple[str, int], tuple[str, str]]
    confirmed_by: list[str] = field(default_factory=list)


def read_receipt(vouch: Vouch, content: bytes) -> None:
    """A receipt vouches for the key of its own manifest, if that is the package's.

    Whoever sealed everything anew with another key cannot have made it.
    """
    source = vouch.source
    try:
        jws = read_jws(content.decode("ascii").strip())
        said = canonical_json(jws.payload)
    except ValueError:
        said = None
    if said is None or jws.typ != formats.RECEIPT_TYPE or not fits(said, shapes.RECEIPT):
        source.blame("bad_receipt", GIVEN_RECEIPT)
        return
    key = source.keys.get(jws.kid)
    if key is None or not is_signed_by(jws, key):
        source.blame("wrong_key", GIVEN_RECEIPT)
        return
    found = vouch.manifests.get((said["session_id"], said["number"]))
    if found != (said["manifest_sha256"], jws.kid):
        source.blame("receipt", GIVEN_RECEIPT)
        return
    # Every other signer is vouched for only if it is the same.
    if source.signers == {jws.kid}:
        vouch.confirmed_by.append("receipt")


def read_key(vouch: Vouch, content: bytes) -> None:
    """A key, or a published list of keys, vouches if every signature is by one of them.

    ``content`` is a JWK, a JWK set, or a key's name.
    """
    source = vouch.source
    try:
        names = _names(content)
    except (ValueError, RecursionError):
        source.blame("bad_key", GIVEN_KEY)
        return
    if not source.signers or not source.signers <= names:
        source.blame("wrong_key", GIVEN_KEY)
        return
    vouch.confirmed_by.append("key")


def _names(content: bytes) -> set[str]:
    text = content.decode().strip()
    if not text.startswith("{"):
        if len(text) != 43 or not text.isascii():
            raise ValueError("not a key's name")
        return {text}
    value: Any = json.loads(text)
    listed = value.get("keys", [value])
    if not isinstance(listed, list) or not listed:
        raise ValueError("not a list of keys")
    return {thumbprint(check_public_jwk(one)) for one in listed}
