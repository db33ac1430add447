"""PURE. The address that a notice is answered to: it names its case and proves that we wrote it.

All lower case: mail servers do not keep the case of what stands before the @.
"""

from __future__ import annotations

import base64
import hmac
import re
from typing import Final, Protocol

_PURPOSE: Final = "reply address"
_PROOF_BYTES: Final = 10
_FORM: Final = re.compile(r"reply\+([0-9a-z]{26})([a-z2-7]{16})@([a-z0-9.-]{1,190})")


class Prover(Protocol):
    """What makes and checks proofs; the key ring."""

    def proof(self, purpose: str, content: bytes) -> bytes:
        """32 bytes that only it can make."""
        ...


def write(keys: Prover, case_id: str, domain: str) -> str:
    """The reply address of a case."""
    return f"reply+{case_id.removeprefix('cas_')}{_proof(keys, case_id)}@{domain}"


def read(keys: Prover, address: str, domain: str) -> str | None:
    """The case that an address of ours names; None for any other."""
    found = _FORM.fullmatch(address.strip().lower())
    if found is None or found[3] != domain.lower():
        return None
    case_id = f"cas_{found[1]}"
    return case_id if hmac.compare_digest(_proof(keys, case_id), found[2]) else None


def _proof(keys: Prover, case_id: str) -> str:
    proof = keys.proof(_PURPOSE, case_id.encode())[:_PROOF_BYTES]
    return base64.b32encode(proof).decode().lower()
