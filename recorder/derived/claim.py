"""PURE. What the content credentials (C2PA) of a derived copy say."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, Final

from recorder.derived.order import CopyKind, CopyOrder

Json = dict[str, Any]

ORIGINALS_LABEL: Final = "org.proofcall.originals"
_ORIGINALS_FORMAT: Final = "proofcall-originals-1"
_VERSION: Final = version("proofcall")
_SOURCE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"
# Nobody's name and no participant: recordings by id and hash alone.
_OF_A_RECORDING: Final = ("recording_id", "fragments", "init_sha256", "table_sha256", "root")


def claim_of(
    copy_id: str,
    order: CopyOrder,
    manifest: Json,
    recordings: Sequence[Json],
) -> Json:
    """A manifest definition; ``manifest`` and ``recordings`` as the seal states them."""
    return {
        "claim_generator_info": [{"name": "Proofcall", "version": _VERSION}],
        "title": f"Proofcall {order.kind} {copy_id}",
        "format": "video/mp4",
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": _actions(order)}},
            {
                "label": ORIGINALS_LABEL,
                "kind": "Json",
                "data": {
                    "format": _ORIGINALS_FORMAT,
                    "copy_id": copy_id,
                    "session_id": order.part.session_id,
                    "manifest": manifest,
                    "recordings": [
                        {name: one[name] for name in _OF_A_RECORDING} for one in recordings
                    ],
                },
            },
        ],
    }


def _actions(order: CopyOrder) -> list[Json]:
    if order.kind is CopyKind.CREDENTIALED:
        return [
            _created(
                "digitalCapture",
                "Received live from a browser; unchanged since the server received it",
            )
        ]
    actions = [
        _created("compositeCapture", "Recordings of a call, both sides next to each other"),
        {"action": "c2pa.edited", "description": "Wall clock, case and gaps drawn in"},
    ]
    if order.kind is CopyKind.REDACTED:
        # The standard's c2pa.redacted is about assertions that were taken out, not pixels.
        done = [
            *(["regions covered"] if order.masks else []),
            *(["sound silenced"] if order.mutes else []),
        ]
        said = f"Redacted: {', '.join(done)}. Reason: {order.reason}"
        actions.append({"action": "c2pa.edited", "description": said})
    return actions


def _created(source: str, description: str) -> Json:
    return {
        "action": "c2pa.created",
        "digitalSourceType": f"{_SOURCE}{source}",
        "description": description,
    }
