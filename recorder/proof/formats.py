"""PURE. The names of packages, statements and their places; the versions are in them."""

from __future__ import annotations

from typing import Final

PACKAGE_FORMAT: Final = "proofcall-package-1"
KEYS_FORMAT: Final = "proofcall-keys-1"
MANIFEST_FORMAT: Final = "proofcall-manifest-1"
TABLE_FORMAT: Final = "proofcall-fragments-1"
LOG_FORMAT: Final = "proofcall-log-1"
PART_FORMAT: Final = "proofcall-part-2"
OLD_PART_FORMAT: Final = "proofcall-part-1"
"""Without checkpoints and a report."""
PROOFS_FORMAT: Final = "proofcall-proofs-1"
LOG_PART_FORMAT: Final = "proofcall-log-part-1"
DERIVED_FORMAT: Final = "proofcall-derived-1"
CHECKPOINTS_FORMAT: Final = "proofcall-checkpoints-1"
CHECKPOINTS_PART_FORMAT: Final = "proofcall-checkpoints-part-1"
CHECKPOINT_FORMAT: Final = "proofcall-checkpoint-2"
OLD_CHECKPOINT_FORMAT: Final = "proofcall-checkpoint-1"
"""Without the names of the devices' keys."""

PACKAGE_TYPE: Final = "proofcall-package+json"
PART_TYPE: Final = "proofcall-part+json"
DERIVED_TYPE: Final = "proofcall-derived+json"
MANIFEST_TYPE: Final = "proofcall-manifest+json"
CHECKPOINT_TYPE: Final = "proofcall-checkpoint+json"
COUNTERSIGNATURE_TYPE: Final = "proofcall-countersignature+json"
RECEIPT_TYPE: Final = "proofcall-receipt+json"

PACKAGE_PATH: Final = "package.jws"
KEYS_PATH: Final = "keys.json"
PAGE_PATH: Final = "verify.html"
REPORT_PATH: Final = "report.pdf"
AUTHORITIES_PATH: Final = "authorities.pem"
TIMESTAMP_SUFFIX: Final = ".tsr"


def manifest_path(session_id: str, number: int) -> str:
    """Where a manifest lies."""
    return f"{session_id}/manifest-{number}.jws"


def timestamp_path(session_id: str, number: int, renewal: int) -> str:
    """Where a manifest's time-stamp lies; renewal 0 is the first, the others renew it."""
    renewed = f".{renewal}" if renewal else ""
    return f"{session_id}/manifest-{number}{renewed}{TIMESTAMP_SUFFIX}"


def log_path(session_id: str) -> str:
    """Where a session log lies."""
    return f"{session_id}/log.json"


def checkpoints_path(session_id: str) -> str:
    """Where a session's checkpoints lie."""
    return f"{session_id}/checkpoints.json"


def receipt_path(session_id: str, number: int) -> str:
    """Where the receipt of a manifest lies."""
    return f"{session_id}/receipt-{number}.txt"


def recording_path(session_id: str, recording_id: str, container: str) -> str:
    """Where a playable recording lies."""
    return f"{session_id}/recordings/{recording_id}.{container}"


def table_path(session_id: str, recording_id: str) -> str:
    """Where the list of a recording's fragments lies, in a part the list of their proofs."""
    return f"{session_id}/recordings/{recording_id}.json"


def still_path(session_id: str, still_id: str) -> str:
    """Where a photograph lies."""
    return f"{session_id}/stills/{still_id}.jpg"
