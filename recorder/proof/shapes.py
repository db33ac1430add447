"""PURE. The shape of every JSON in a package, as data that both verifiers read alike.

A shape is a word (``text``, ``count``, ``flag``, ``sha256``, ``bytes16``, ``any``), with ``?``
behind it if it may be null; a list of one shape; or an object with exactly these members,
those with ``?`` behind their name being optional.
"""

from __future__ import annotations

from typing import Final

Shape = str | list["Shape"] | dict[str, "Shape"]

_SAFE: Final = 2**53
_HEX: Final = frozenset("0123456789abcdef")

_HEAD: Final[Shape] = {"last_seq": "count", "hash": "sha256?"}

KEYS: Final[Shape] = {
    "format": "text",
    "keys": [
        {
            "crv": "text",
            "kid": "text",
            "kty": "text",
            "since": "text",
            "until": "text?",
            "x": "text",
        }
    ],
}
PACKAGE: Final[Shape] = {
    "format": "text",
    "case_id": "text",
    "as_of": "text",
    "sessions": [{"session_id": "text", "manifests": "count"}],
    "files": [{"path": "text", "bytes": "count", "sha256?": "sha256"}],
}
PART: Final[Shape] = {
    "format": "text",
    "case_id": "text",
    "as_of": "text",
    "session_id": "text",
    "manifests": "count",
    "participants": ["text"],
    "asked": {"from_ms": "count", "to_ms": "count"},
    "given": [{"recording_id": "text", "from_ms": "count", "to_ms": "count"}],
    "files": [{"path": "text", "bytes": "count", "sha256?": "sha256"}],
}
DERIVED: Final[Shape] = {
    "format": "text",
    "copy_id": "text",
    "kind": "text",
    "case_id": "text",
    "session_id": "text",
    "manifest": {"number": "count", "sha256": "sha256"},
    "from_ms": "count",
    "to_ms": "count",
    "originals": [
        {
            "recording_id": "text",
            "participant_id": "text",
            "fragments": "count",
            "init_sha256": "sha256",
            "table_sha256": "sha256",
            "root": "sha256",
        }
    ],
    "masks": [
        {
            "participant_id": "text",
            "from_ms": "count",
            "to_ms": "count",
            "whole_picture_from_ms": "count?",
        }
    ],
    "mutes": [{"from_ms": "count", "to_ms": "count"}],
    "reason": "text?",
    "file": {"bytes": "count", "sha256": "sha256"},
}
PROOFS: Final[Shape] = {
    "format": "text",
    "recording_id": "text",
    "leaves": [{"no": "count", "bytes": "count", "path": ["sha256"]}],
}
MANIFEST: Final[Shape] = {
    "format": "text",
    "number": "count",
    "previous": "sha256?",
    "complete": "flag",
    "session_id": "text",
    "case_id": "text",
    "tenant_id": "text",
    "direction": "text",
    "created_at": "text",
    "live_at": "text?",
    "ended_at": "text?",
    "end_cause": "text?",
    "sealed_at": "text",
    "key_id": "text",
    "participants": [{"participant_id": "text", "role": "text"}],
    "recordings": [
        {
            "recording_id": "text",
            "participant_id": "text",
            "part": "count",
            "container": "text",
            "t0_ns": "text",
            "duration_ms": "count?",
            "init_sha256": "sha256",
            "fragments": "count",
            "table_sha256": "sha256",
            "root": "sha256",
        }
    ],
    "gaps": [
        {
            "participant_id": "text",
            "recording_id": "text?",
            "from_ns": "text",
            "to_ns": "text",
            "cause": "text",
            "packets": "count?",
        }
    ],
    "stills": [
        {
            "still_id": "text",
            "participant_id": "text",
            "state": "text",
            "track_id": "text?",
            "rtp_timestamp": "count?",
            "at_ns": "text",
            "recording_id": "text?",
            "recording_ms": "count?",
            "sha256": "sha256?",
            "width": "count?",
            "height": "count?",
            "failure": "text?",
        }
    ],
    "checkpoint": "sha256?",
    "log": _HEAD,
    "root": "sha256",
}
TABLE: Final[Shape] = {
    "format": "text",
    "recording_id": "text",
    "init_bytes": "count",
    "fragments": [
        {
            "no": "count",
            "bytes": "count",
            "sha256": "sha256",
            "start_ms": "count",
            "duration_ms": "count",
            "wall_ns": "text",
            "keyframe": "flag",
        }
    ],
}
LOG: Final[Shape] = {
    "format": "text",
    "session_id": "text",
    "events": [
        {
            "seq": "count",
            "kind": "text",
            "visibility": "text",
            "at": "text",
            "actor": "text",
            "commitment": "sha256",
            "prev": "sha256",
            "hash": "sha256",
            "salt": "bytes16?",
            "payload": "any",
        }
    ],
}
CHECKPOINTS: Final[Shape] = {
    "format": "text",
    "session_id": "text",
    "checkpoints": [
        {"jws": "text", "countersignatures": [{"participant_id": "text", "jws": "text"}]}
    ],
}
DEVICE_KEY: Final[Shape] = {
    "participant_id": "text",
    "jwk": {"crv": "text", "kty": "text", "x": "text", "y?": "text"},
}
CHECKPOINTS_PART: Final[Shape] = {
    "format": "text",
    "session_id": "text",
    "devices": [DEVICE_KEY],
    "checkpoints": [
        {
            "jws": "text",
            "countersignatures": [{"participant_id": "text", "jws": "text"}],
            "proofs": [{"recording_id": "text", "path": ["sha256"]}],
        }
    ],
}
CHECKPOINT: Final[Shape] = {
    "format": "text",
    "session_id": "text",
    "number": "count",
    "at": "text",
    "devices?": [{"participant_id": "text", "kid": "text"}],
    "recordings": [{"recording_id": "text", "fragments": "count", "root": "sha256"}],
    "log": _HEAD,
    "previous": "sha256?",
}
COUNTERSIGNATURE: Final[Shape] = {"checkpoint_sha256": "sha256", "participant_id": "text"}
RECEIPT: Final[Shape] = {
    "at": "text",
    "manifest_sha256": "sha256",
    "number": "count",
    "root": "sha256",
    "session_id": "text",
}
ALL: Final[dict[str, Shape]] = {
    "keys": KEYS,
    "package": PACKAGE,
    "part": PART,
    "proofs": PROOFS,
    "manifest": MANIFEST,
    "table": TABLE,
    "log": LOG,
    "checkpoints": CHECKPOINTS,
    "checkpoints_part": CHECKPOINTS_PART,
    "checkpoint": CHECKPOINT,
    "countersignature": COUNTERSIGNATURE,
    "receipt": RECEIPT,
    "device_key": DEVICE_KEY,
}
"""By name, for the test that holds the page's copy to this one."""


def fits(value: object, shape: Shape) -> bool:
    """Whether a JSON value has the shape."""
    if isinstance(shape, list):
        return isinstance(value, list) and all(fits(item, shape[0]) for item in value)
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return False
        wanted = {name.rstrip("?"): (name.endswith("?"), one) for name, one in shape.items()}
        return all(name in wanted for name in value) and all(
            fits(value[name], one) if name in value else optional
            for name, (optional, one) in wanted.items()
        )
    if shape.endswith("?") and value is None:
        return True
    match shape.rstrip("?"):
        case "any":
            return True
        case "text":
            return isinstance(value, str)
        case "flag":
            return isinstance(value, bool)
        case "count":
            return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _SAFE
        case "sha256":
            return isinstance(value, str) and len(value) == 64 and _HEX.issuperset(value)
        case "bytes16":
            return isinstance(value, str) and len(value) == 32 and _HEX.issuperset(value)
    raise AssertionError(shape)
