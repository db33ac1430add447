"""Typed identifiers: a prefix that says what it is, and a sortable random part."""

from __future__ import annotations

import os
import threading
import time
from typing import NewType

TenantId = NewType("TenantId", str)
WarehouseId = NewType("WarehouseId", str)
StaffId = NewType("StaffId", str)
LoginId = NewType("LoginId", str)
CaseId = NewType("CaseId", str)
JoinLinkId = NewType("JoinLinkId", str)
SessionId = NewType("SessionId", str)
ParticipantId = NewType("ParticipantId", str)
PeerId = NewType("PeerId", str)
TrackId = NewType("TrackId", str)
RecordingId = NewType("RecordingId", str)
StillId = NewType("StillId", str)
CommandId = NewType("CommandId", str)

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"

_lock = threading.Lock()
_last = 0


def new_id(prefix: str) -> str:
    """A new identifier ``prefix_`` + 26 characters: 48 bits of milliseconds, 80 random bits.

    The text sorts by time of creation, within a millisecond of one process as well: there the
    next one is 64 random bits beyond the last (Crockford base 32, lower case; the layout is the
    one ULID describes).
    """
    digits = []
    value = _next_value()
    for _ in range(26):
        digits.append(_ALPHABET[value & 31])
        value >>= 5
    return f"{prefix}_{''.join(reversed(digits))}"


def _next_value() -> int:
    global _last
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10))
    with _lock:
        # A clock that was set back further than that tells the time again.
        if value <= _last < value + (1_000 << 80):
            value = _last + 1 + int.from_bytes(os.urandom(8))
        _last = value
    return value
