"""What is signed of a derived copy: the file, what it was made from, what was taken away."""

from __future__ import annotations

from recorder.derived.filming import Originals
from recorder.derived.order import CopyOrder
from recorder.proof import formats
from recorder.statements import Json

_OF_A_RECORDING = (
    "recording_id",
    "participant_id",
    "fragments",
    "init_sha256",
    "table_sha256",
    "root",
)


def derived_body(
    copy_id: str, case_id: str, originals: Originals, order: CopyOrder, *, size: int, sha256: str
) -> Json:
    """The statement; it says where masks were in time, never what was under them."""
    return {
        "format": formats.DERIVED_FORMAT,
        "copy_id": copy_id,
        "kind": order.kind,
        "case_id": case_id,
        "session_id": order.part.session_id,
        "manifest": {
            "number": originals.manifest.number,
            "sha256": originals.manifest_sha256,
        },
        "from_ms": originals.scope.from_ms,
        "to_ms": originals.scope.to_ms,
        "originals": [
            {name: stated[name] for name in _OF_A_RECORDING} for stated, _ in originals.recordings
        ],
        "masks": [
            {
                "participant_id": one.participant_id,
                "from_ms": one.from_ms,
                "to_ms": one.to_ms,
                "whole_picture_from_ms": one.lost_ms,
            }
            for one in order.masks
        ],
        "mutes": [{"from_ms": one.from_ms, "to_ms": one.to_ms} for one in order.mutes],
        "reason": order.reason,
        "file": {"bytes": size, "sha256": sha256},
    }
