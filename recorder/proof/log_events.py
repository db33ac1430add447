"""PURE. One event of a session log as a package shows it: its hash, and whether its words fit."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final

import rfc8785

from recorder.proof.report import SessionReport
from recorder.proof.source import Source

GENESIS: Final = "0" * 64
_HASHED: Final = ("prev", "seq", "kind", "visibility", "at", "actor", "commitment")


def event_hash(event: Any) -> str:
    """What the next event must cite."""
    return sha256(rfc8785.dumps({name: event[name] for name in _HASHED})).hexdigest()


def is_open(event: Any, source: Source, path: str, report: SessionReport) -> bool:
    """Whether the event's words are here and are those committed to; notes what is wrong."""
    salt, payload = event["salt"], event["payload"]
    if salt is None:
        if payload is not None:
            source.blame("payload", path, event["seq"])
        report.withheld += 1
        return False
    committed = sha256(bytes.fromhex(salt) + rfc8785.dumps(payload)).hexdigest()
    if committed != event["commitment"]:
        source.blame("payload", path, event["seq"])
        return False
    return True
