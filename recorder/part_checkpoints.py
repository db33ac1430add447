"""The checkpoints of a part: which belong to it, and proofs that the sealed recordings grew so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import rfc8785
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.tables import DeviceKey
from recorder.proof import formats
from recorder.proof.jws import read_jws
from recorder.proof.part_scope import Scope
from recorder.sealed_evidence import SealedCheckpoint, checkpoints_of
from recorder.statements import recorded_of
from recorder.tree import consistency_proofs


@dataclass(frozen=True, slots=True)
class PartCheckpoints:
    """What the ledger has of them; ``sealed`` are the digests of each recording's entries."""

    session_id: str
    scope: Scope
    checkpoints: Sequence[SealedCheckpoint]
    devices: Sequence[DeviceKey]
    sealed: Mapping[str, Sequence[bytes]]

    def file(self) -> bytes:
        """From the last one before the part to the sealed one; hashes for a while.

        Proofs and countersignatures stand with those of the part and the one that follows it;
        the others are links only.
        """
        told = [one.said for one in self.checkpoints]
        shown = self.scope.checkpoints(told)
        named = {
            (device["participant_id"], device["kid"])
            for said in told
            for device in said.get("devices", ())
        }
        listed, signers = [], set()
        grown = self._grown([told[place] for place in shown])
        for place in range(max(shown.start - 1, 0), len(told)):
            one = self.checkpoints[place]
            signed, proofs = [], []
            if place in shown:
                # Before checkpoints named devices nothing but the whole log said whose key it is.
                signed = [
                    each
                    for each in one.countersignatures
                    if (each.participant_id, read_jws(each.jws).kid) in named
                ]
                proofs = [
                    {"recording_id": recording_id, "path": grown.get((recording_id, fragments), [])}
                    for recording_id, fragments in _stated(told[place])
                ]
            signers |= {(each.participant_id, read_jws(each.jws).kid) for each in signed}
            listed.append({**SealedCheckpoint(one.jws, signed).shown, "proofs": proofs})
        return rfc8785.dumps(
            {
                "format": formats.CHECKPOINTS_PART_FORMAT,
                "session_id": self.session_id,
                "devices": [
                    {"participant_id": one.participant_id, "jwk": one.jwk}
                    for one in self.devices
                    if (one.participant_id, one.kid) in signers
                ],
                "checkpoints": listed,
            }
        )

    def _grown(self, shown: Sequence[Any]) -> dict[tuple[str, int], list[str]]:
        """By recording and number of fragments, the path from that tree to the sealed one."""
        sizes: dict[str, set[int]] = {}
        for said in shown:
            for recording_id, fragments in _stated(said):
                sizes.setdefault(recording_id, set()).add(fragments)
        found = {}
        for recording_id, wanted in sizes.items():
            entries = self.sealed.get(recording_id, ())
            # The initialisation is an entry, too. What states more than was sealed has no proof:
            # whoever checks the part sees that it shrank.
            counts = sorted(one for one in wanted if one < len(entries))
            paths = consistency_proofs(entries, [one + 1 for one in counts])
            for count, path in zip(counts, paths, strict=True):
                found[recording_id, count] = [node.hex() for node in path]
        return found


def _stated(said: Any) -> list[tuple[str, int]]:
    return [(one["recording_id"], one["fragments"]) for one in said["recordings"]]


async def part_checkpoints(
    tx: AsyncSession, session_id: str, scope: Scope, manifest: Any
) -> PartCheckpoints:
    """Those of a sealed session; ``manifest`` is what its newest one states."""
    stated = dict(_stated(manifest))
    sealed = {}
    for one in await recorded_of(tx, session_id):
        fragments = one.fragments[: stated.get(one.row.id, 0)]
        digests = (one.row.init_sha256, *(each.sha256 for each in fragments))
        sealed[one.row.id] = [bytes.fromhex(digest) for digest in digests]
    devices = await tx.scalars(
        select(DeviceKey)
        .where(DeviceKey.session_id == session_id)
        .order_by(DeviceKey.participant_id, DeviceKey.kid)
    )
    checkpoints = await checkpoints_of(tx, session_id)
    return PartCheckpoints(session_id, scope, checkpoints, list(devices), sealed)
