"""How much evidence waits in the spool, and for how long the oldest has."""

from __future__ import annotations

from pathlib import Path


def spool_depth(root: Path, now_ns: int) -> dict[str, int]:
    """``spool_bytes``, ``spool_segments``, ``spool_facts``, and ``spool_oldest_ms``: the age of
    the oldest fact that the ledger has not acknowledged, 0 when there is none.
    """
    total = segments = facts = 0
    oldest_ns = now_ns
    for path in root.rglob("*"):
        try:
            known = path.stat()
        except FileNotFoundError:
            # The uploader took it in the meantime.
            continue
        total += known.st_size
        if path.suffix == ".segment":
            segments += 1
        elif path.suffix == ".json" and path.parent.name == "outbox":
            facts += 1
            oldest_ns = min(oldest_ns, known.st_mtime_ns)
    return {
        "spool_bytes": total,
        "spool_segments": segments,
        "spool_facts": facts,
        "spool_oldest_ms": (now_ns - oldest_ns) // 1_000_000,
    }
