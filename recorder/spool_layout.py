"""Where things lie in the spool, and what can be read of it without a session."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

STATE_NAME: Final = "session.json"
OUTBOX_NAME: Final = "outbox"
ACKNOWLEDGED_NAME: Final = "acked"


def journal_path(directory: Path, recording_id: str, segment_no: int) -> Path:
    """The journal of a recording's open segment, in its session's directory."""
    return directory / f"{recording_id}.{segment_no}.journal"


def kept_path(directory: Path, recording_id: str) -> Path:
    """What of a recording waits behind a hole."""
    return directory / f"{recording_id}.held"


def acknowledged(outbox: Path) -> int:
    """The highest fact number that the ledger has acknowledged, 0 for none."""
    try:
        return int((outbox / ACKNOWLEDGED_NAME).read_text())
    except FileNotFoundError:
        return 0


def session_directories(root: Path) -> list[Path]:
    """The sessions in the spool, oldest name first."""
    try:
        with os.scandir(root) as entries:
            return sorted(Path(entry.path) for entry in entries if entry.is_dir())
    except FileNotFoundError:
        return []
