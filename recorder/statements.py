"""What is signed of a session, from the ledger: manifests, checkpoints, lists of fragments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import rfc8785
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.chain import rfc3339
from cases.log import LogKind, read_head
from cases.tables import DeviceKey, Fragment, Gap, Participant, Recording, Session, Still
from recorder.proof import formats
from recorder.tree import tree_root
from runtime.errors import ProofcallError

Json = dict[str, Any]


class LedgerContradicts(ProofcallError):  # noqa: N818 - it says what was found
    """The ledger contradicts itself: somebody has to look, so nothing is signed."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording as far as it is in the ledger."""

    row: Recording
    fragments: Sequence[Fragment]

    @property
    def root(self) -> str:
        """The Merkle root over initialisation and fragments, hex."""
        hashes = (self.row.init_sha256, *(one.sha256 for one in self.fragments))
        return tree_root([bytes.fromhex(digest) for digest in hashes]).hex()


async def recorded_of(tx: AsyncSession, session_id: str) -> list[Recorded]:
    """Every recording of a session; fragments stand without a hole from the first on.

    Raises:
        LedgerContradicts: a closed recording's root is not that of its fragments.
    """
    found = []
    for recording in await tx.scalars(
        select(Recording)
        .where(Recording.session_id == session_id)
        .order_by(Recording.t0_ns, Recording.id)
    ):
        rows = list(
            await tx.scalars(
                select(Fragment)
                .where(Fragment.recording_id == recording.id)
                .order_by(Fragment.fragment_no)
            )
        )
        reach = next(
            (at for at, one in enumerate(rows) if one.fragment_no != at + 1),
            len(rows),
        )
        one = Recorded(recording, rows[:reach])
        if recording.root is not None and recording.root != one.root:
            raise LedgerContradicts(f"{recording.id}: its root is not that of its fragments")
        found.append(one)
    return found


def fragment_table(recorded: Recorded) -> Json:
    """The list of a recording's fragments: how its playable file is cut, and when each was."""
    return {
        "format": formats.TABLE_FORMAT,
        "recording_id": recorded.row.id,
        "init_bytes": len(recorded.row.init),
        "fragments": [
            {
                "no": one.fragment_no,
                "bytes": one.bytes,
                "sha256": one.sha256,
                "start_ms": one.start_ms,
                "duration_ms": one.duration_ms,
                "wall_ns": str(one.wall_ns),
                "keyframe": one.keyframe,
            }
            for one in recorded.fragments
        ],
    }


async def checkpoint_body(
    tx: AsyncSession, session: Session, number: int, previous: str | None, now: datetime
) -> Json:
    """What was durable at a moment of the call: recordings, the log's head, the devices' keys."""
    return {
        "format": formats.CHECKPOINT_FORMAT,
        "session_id": session.id,
        "number": number,
        "at": rfc3339(now),
        # Names of keys only: a part shows which key signed, and that it was known then.
        "devices": [
            {"participant_id": one.participant_id, "kid": one.kid}
            for one in await tx.scalars(
                select(DeviceKey)
                .where(DeviceKey.session_id == session.id)
                .order_by(DeviceKey.participant_id, DeviceKey.kid)
            )
        ],
        "recordings": [
            {
                "recording_id": one.row.id,
                "fragments": len(one.fragments),
                "root": one.root,
            }
            for one in await recorded_of(tx, session.id)
        ],
        "log": await _head(tx, session.id),
        "previous": previous,
    }


async def manifest_body(
    tx: AsyncSession,
    session: Session,
    *,
    number: int,
    previous: str | None,
    checkpoint: str | None,
    complete: bool,
    now: datetime,
) -> Json:
    """The sealed statement of a session; a supplement says all of it again, and cites the last."""
    recordings = [_recording(one) for one in await recorded_of(tx, session.id)]
    return {
        "format": formats.MANIFEST_FORMAT,
        "number": number,
        "previous": previous,
        "complete": complete,
        "session_id": session.id,
        "case_id": session.case_id,
        "tenant_id": session.tenant_id,
        "direction": session.direction,
        "created_at": rfc3339(session.created_at),
        "live_at": rfc3339(session.live_at) if session.live_at else None,
        "ended_at": rfc3339(session.ended_at) if session.ended_at else None,
        "end_cause": session.end_cause,
        "sealed_at": rfc3339(now),
        "key_id": session.key_id,
        # Ids and roles only: names can be erased, a signed statement cannot.
        "participants": [
            {"participant_id": person.id, "role": person.role}
            for person in await tx.scalars(
                select(Participant)
                .where(Participant.session_id == session.id)
                .order_by(Participant.joined_at, Participant.id)
            )
        ],
        "recordings": recordings,
        "gaps": await _gaps(tx, session.id),
        "stills": await _stills(tx, session.id),
        "checkpoint": checkpoint,
        "log": await _head(tx, session.id),
        "root": tree_root([bytes.fromhex(one["root"]) for one in recordings]).hex(),
    }


async def _head(tx: AsyncSession, session_id: str) -> Json:
    seq, digest = await read_head(tx, log=LogKind.SESSION, subject_id=session_id)
    return {"last_seq": seq, "hash": digest}


def _recording(recorded: Recorded) -> Json:
    row = recorded.row
    return {
        "recording_id": row.id,
        "participant_id": row.participant_id,
        "part": row.part,
        "container": row.container,
        # As text: nanoseconds are beyond the integers that RFC 8785 can carry.
        "t0_ns": str(row.t0_ns),
        "duration_ms": row.duration_ms,
        "init_sha256": row.init_sha256,
        "fragments": len(recorded.fragments),
        "table_sha256": sha256(rfc8785.dumps(fragment_table(recorded))).hexdigest(),
        "root": recorded.root,
    }


async def _gaps(tx: AsyncSession, session_id: str) -> list[Json]:
    rows = await tx.scalars(
        select(Gap).where(Gap.session_id == session_id).order_by(Gap.from_ns, Gap.id)
    )
    return [
        {
            "participant_id": gap.participant_id,
            "recording_id": gap.recording_id,
            "from_ns": str(gap.from_ns),
            "to_ns": str(gap.to_ns),
            "cause": gap.cause,
            "packets": gap.packets,
        }
        for gap in rows
    ]


async def _stills(tx: AsyncSession, session_id: str) -> list[Json]:
    rows = await tx.scalars(
        select(Still).where(Still.session_id == session_id).order_by(Still.at_ns, Still.id)
    )
    return [
        {
            "still_id": still.id,
            "participant_id": still.participant_id,
            "state": still.state,
            "track_id": still.track_id,
            "rtp_timestamp": still.rtp_timestamp,
            "at_ns": str(still.at_ns),
            "recording_id": still.recording_id,
            "recording_ms": still.recording_ms,
            "sha256": still.sha256,
            "width": still.width,
            "height": still.height,
            "failure": still.failure,
        }
        for still in rows
    ]
