"""Durable work: when the recorder has said its last word, a session's evidence is sealed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import rfc8785
import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.actor import SystemActor
from cases.log import LogKind, read_chain
from cases.states import StillState
from cases.tables import Fragment, Gap, Manifest, Participant, Recording, Session, Still
from cases.unit import Unit
from recorder.port import Evidence
from recorder.signing import SigningKey
from recorder.tree import tree_root
from runtime.errors import ProofcallError, StoreError

log = structlog.get_logger()

FORMAT = "proofcall-manifest-1"
MANIFEST_TYPE = "proofcall-manifest+json"
# Stills that are still being cut are waited for this long; later ones need a supplement.
_STILLS_WAIT = timedelta(minutes=10)


class SealRefused(ProofcallError):  # noqa: N818 - it says what happened
    """The ledger contradicts itself: somebody has to look, so nothing is signed."""


@dataclass(frozen=True, slots=True)
class _Statement:
    body: dict[str, Any]
    root: str
    recordings: int
    fragments: int


async def seal_session(services: Evidence, session_id: str) -> None:
    """Write manifest 0 of a session; may be run again at any time and any number of times.

    Raises:
        StoreError: retryable while the recorder has not closed the session, or while
            stills are still being cut.
        SealRefused: a recording's Merkle root is not that of its fragments.
    """
    key = await asyncio.to_thread(SigningKey.load, services.settings.keys_dir)

    async def act(unit: Unit) -> None:
        if await unit.tx.get(Manifest, (session_id, 0)) is not None:
            return
        session = await unit.tx.get(Session, session_id, with_for_update=True)
        if session is None:
            return
        if session.recorder_closed_at is None:
            raise StoreError(f"{session_id}: not everything is in the ledger", retryable=True)
        if await _stills_wanted(unit, session_id, session.recorder_closed_at):
            raise StoreError(f"{session_id}: stills are still being cut", retryable=True)
        statement = await _state(unit.tx, session)
        body = rfc8785.dumps(statement.body)
        unit.tx.add(
            Manifest(
                session_id=session_id,
                number=0,
                body=body,
                root=statement.root,
                jws=key.sign(body, MANIFEST_TYPE),
                created_at=unit.now,
            )
        )
        session.sealed_root = statement.root
        await unit.record(
            session_id,
            "sealed",
            {
                "root": statement.root,
                "recordings": statement.recordings,
                "fragments": statement.fragments,
            },
            SystemActor(),
            client_id="sealed-0",
        )

    await services.run(act)


async def _stills_wanted(unit: Unit, session_id: str, closed_at: datetime) -> bool:
    wanted = await unit.tx.scalar(
        select(Still.id)
        .where(Still.session_id == session_id, Still.state == StillState.WANTED)
        .limit(1)
    )
    return wanted is not None and unit.now - closed_at < _STILLS_WAIT


async def _state(tx: AsyncSession, session: Session) -> _Statement:
    recordings, fragments = [], 0
    for recording in await tx.scalars(
        select(Recording)
        .where(Recording.session_id == session.id)
        .order_by(Recording.t0_ns, Recording.id)
    ):
        hashes = list(
            await tx.scalars(
                select(Fragment.sha256)
                .where(Fragment.recording_id == recording.id)
                .order_by(Fragment.fragment_no)
            )
        )
        fragments += len(hashes)
        recordings.append(_recording(recording, hashes))
    chain = await read_chain(tx, log=LogKind.SESSION, subject_id=session.id)
    root = tree_root([bytes.fromhex(recording["root"]) for recording in recordings]).hex()
    body = {
        "format": FORMAT,
        "number": 0,
        "session_id": session.id,
        "case_id": session.case_id,
        "tenant_id": session.tenant_id,
        "direction": session.direction,
        "created_at": session.created_at.isoformat(),
        "live_at": session.live_at.isoformat() if session.live_at else None,
        "ended_at": session.ended_at.isoformat() if session.ended_at else None,
        "end_cause": session.end_cause,
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
        "log": {"last_seq": len(chain), "hash": chain[-1].hash if chain else None},
        "root": root,
    }
    return _Statement(body, root, len(recordings), fragments)


def _recording(recording: Recording, hashes: list[str]) -> dict[str, Any]:
    leaves = [bytes.fromhex(digest) for digest in (recording.init_sha256, *hashes)]
    root = tree_root(leaves).hex()
    if recording.root is not None and recording.root != root:
        raise SealRefused(f"{recording.id}: its root is not that of its fragments")
    return {
        "recording_id": recording.id,
        "participant_id": recording.participant_id,
        "part": recording.part,
        "container": recording.container,
        # As text: nanoseconds are beyond the integers that RFC 8785 can carry.
        "t0_ns": str(recording.t0_ns),
        "duration_ms": recording.duration_ms,
        "init_sha256": recording.init_sha256,
        "fragments": len(hashes),
        "root": root,
    }


async def _gaps(tx: AsyncSession, session_id: str) -> list[dict[str, Any]]:
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


async def _stills(tx: AsyncSession, session_id: str) -> list[dict[str, Any]]:
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
