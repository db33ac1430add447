"""How an address is found again without being kept."""

from __future__ import annotations

from cases.keys import KeyRing
from cases.notice_kinds import ChannelKind


def address_hash(keys: KeyRing, tenant_id: str, address: str, kind: ChannelKind) -> bytes:
    """32 bytes that only this key ring makes of the address, for the same seller's cases alone."""
    plain = address.strip().lower() if kind is ChannelKind.EMAIL else address.strip()
    return keys.proof("notice address", f"{tenant_id}:{kind}:{plain}".encode())
