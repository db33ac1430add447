"""PURE. Photographs and gaps as a manifest states them, of whole packages and of parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from recorder.proof import formats
from recorder.proof.report import GapFound, SessionReport
from recorder.proof.source import Source

STILL_CUT: Final = "cut"


def check_stills(source: Source, stills: Sequence[Any], report: SessionReport) -> set[str]:
    """Compare the photographs with what is stated of them; gives their paths."""
    paths = set()
    for still in stills:
        if still["state"] != STILL_CUT:
            continue
        path = formats.still_path(report.session_id, still["still_id"])
        paths.add(path)
        entry = source.entries.get(path)
        if entry is None:
            source.blame("missing", path)
            continue
        if source.digest(entry) != still["sha256"]:
            source.blame("still", path)
        report.stills += 1
    return paths


def admitted(session_id: str, gaps: Sequence[Any], stills: Sequence[Any]) -> list[GapFound]:
    """What is stated to be missing."""
    missing = [one for one in stills if one["state"] != STILL_CUT]
    return [
        *(
            GapFound(session_id, one["participant_id"], one["from_ns"], one["to_ns"], one["cause"])
            for one in gaps
        ),
        *(
            GapFound(
                session_id,
                one["participant_id"],
                one["at_ns"],
                one["at_ns"],
                f"still_{one['state']}",
            )
            for one in missing
        ),
    ]


def not_complete(session_id: str, manifest: Any) -> list[GapFound]:
    """A manifest before which something was still on its way."""
    return [] if manifest["complete"] else [GapFound(session_id, "", "", "", "incomplete")]
