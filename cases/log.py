"""The three append-only logs: session, case, access; each subject has its own sequence and chain.

A payload is stored encrypted together with its salt, so that destroying the key leaves the
chain whole and nothing that a guess could be checked against.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from cases import chain
from cases.chain import ChainBroken, ChainLink
from cases.database import hold
from cases.following import Entry, follow
from cases.tables import Event

__all__ = [
    "ChainBroken",
    "LogKind",
    "LoggedEvent",
    "Opening",
    "Visibility",
    "append",
    "last_seq",
    "opened",
    "read_chain",
    "read_events",
    "read_head",
    "read_openings",
    "verify",
]

_NONCE_BYTES = 12


class LogKind(StrEnum):
    """Which log."""

    SESSION = "session"  # subject: the session; sealed into evidence
    CASE = "case"  # subject: the case; business
    ACCESS = "access"  # subject: the tenant; who looked


class Visibility(StrEnum):
    """Who may read an event."""

    PARTIES = "parties"
    SELLER = "seller"
    INTERNAL = "internal"


_EARLIER = aliased(Event)
_END = (
    select(
        Event.seq,
        Event.hash,
        select(_EARLIER.seq)
        .where(
            _EARLIER.log == bindparam("log"),
            _EARLIER.subject_id == bindparam("subject_id"),
            _EARLIER.actor == bindparam("actor"),
            _EARLIER.client_id == bindparam("client_id"),
        )
        .scalar_subquery(),
    )
    .where(Event.log == bindparam("log"), Event.subject_id == bindparam("subject_id"))
    .order_by(Event.seq.desc())
    .limit(1)
)

ALL_VISIBILITIES = frozenset(Visibility)


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event as it is read; ``payload`` is None when it was erased or no key was given."""

    seq: int
    kind: str
    at: datetime
    actor: str
    visibility: Visibility
    client_id: str | None
    payload: dict[str, object] | None


async def append(
    tx: AsyncSession,
    *,
    log: LogKind,
    subject_id: str,
    kind: str,
    payload: Mapping[str, object],
    visibility: Visibility,
    actor: str,
    key: bytes,
    at: datetime,
    client_id: str | None = None,
) -> LoggedEvent:
    """Write one event at the end of a log and give it back.

    A ``client_id`` that this actor has used in this log gives the first event again and
    writes nothing: that is what makes a browser's repeat harmless. What follows from an
    entry of the case log (``cases.following``) is in the same commit.

    Raises:
        ValueError: the payload is not JSON, or ``at`` is naive.
    """
    plain = chain.canonical(payload)
    await hold(tx, f"{log}:{subject_id}")
    end = await _end_of(tx, log, subject_id, actor, client_id)
    if end.known_seq is not None:
        return opened(await tx.get_one(Event, (log, subject_id, end.known_seq)), key)
    seq, previous = end.seq + 1, end.hash or chain.GENESIS
    salt = os.urandom(chain.SALT_BYTES)
    link = chain.link_after(
        previous,
        seq=seq,
        kind=kind,
        visibility=visibility,
        at=at,
        actor=actor,
        commitment=chain.commit(salt, plain),
    )
    tx.add(
        Event(
            log=log,
            subject_id=subject_id,
            seq=seq,
            kind=kind,
            visibility=visibility,
            at=at,
            actor=actor,
            client_id=client_id,
            payload=_encrypt(key, log, subject_id, seq, salt + plain),
            commitment=link.commitment,
            previous=link.previous,
            hash=link.hash,
        )
    )
    await tx.flush()
    event = LoggedEvent(seq, kind, at, actor, visibility, client_id, json.loads(plain))
    if log is LogKind.CASE:
        is_internal = visibility is Visibility.INTERNAL
        await follow(tx, Entry(subject_id, seq, kind, at, actor, is_internal, event.payload or {}))
    return event


async def read_events(
    tx: AsyncSession,
    *,
    log: LogKind,
    subject_id: str,
    key: bytes | None,
    visibilities: frozenset[Visibility],
    after: int = 0,
    limit: int = 200,
) -> list[LoggedEvent]:
    """The events after ``after`` that may be seen, oldest first, at most ``limit``."""
    rows = await tx.scalars(
        select(Event)
        .where(
            Event.log == log,
            Event.subject_id == subject_id,
            Event.seq > after,
            Event.visibility.in_(sorted(visibilities)),
        )
        .order_by(Event.seq)
        .limit(limit)
    )
    return [opened(row, key) for row in rows]


async def last_seq(tx: AsyncSession, *, log: LogKind, subject_id: str) -> int:
    """The number of the newest event, 0 for an empty log."""
    found = await tx.scalar(
        select(func.max(Event.seq)).where(Event.log == log, Event.subject_id == subject_id)
    )
    return found or 0


@dataclass(frozen=True, slots=True)
class _End:
    """Where a log ends, and the event that this actor wrote under a client id before."""

    seq: int
    hash: str | None
    known_seq: int | None


async def _end_of(
    tx: AsyncSession, log: LogKind, subject_id: str, actor: str, client_id: str | None
) -> _End:
    """Both in one statement: a log that has no end holds no earlier event either."""
    if client_id is None:
        return _End(*await read_head(tx, log=log, subject_id=subject_id), None)
    place = {"log": log, "subject_id": subject_id, "actor": actor, "client_id": client_id}
    row = (await tx.execute(_END, place)).first()
    return _End(*row) if row is not None else _End(0, None, None)


async def read_head(tx: AsyncSession, *, log: LogKind, subject_id: str) -> tuple[int, str | None]:
    """Number and hash of the newest event; 0 and None for an empty log."""
    row = (
        await tx.execute(
            select(Event.seq, Event.hash)
            .where(Event.log == log, Event.subject_id == subject_id)
            .order_by(Event.seq.desc())
            .limit(1)
        )
    ).first()
    return (row.seq, row.hash) if row else (0, None)


async def read_chain(tx: AsyncSession, *, log: LogKind, subject_id: str) -> list[ChainLink]:
    """The whole chain of a log, without any payload."""
    rows = await tx.execute(
        select(
            Event.seq,
            Event.kind,
            Event.visibility,
            Event.at,
            Event.actor,
            Event.commitment,
            Event.previous,
            Event.hash,
        )
        .where(Event.log == log, Event.subject_id == subject_id)
        .order_by(Event.seq)
    )
    return [ChainLink(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens a commitment; None when it may not be seen, or was erased."""

    link: ChainLink
    salt: bytes | None
    payload: dict[str, object] | None


async def read_openings(
    tx: AsyncSession,
    *,
    log: LogKind,
    subject_id: str,
    key: bytes,
    visibilities: frozenset[Visibility],
) -> list[Opening]:
    """The whole chain of a log with what opens the events that may be seen."""
    rows = await tx.scalars(
        select(Event).where(Event.log == log, Event.subject_id == subject_id).order_by(Event.seq)
    )
    openings = []
    for row in rows:
        link = ChainLink(
            row.seq,
            row.kind,
            row.visibility,
            row.at,
            row.actor,
            row.commitment,
            row.previous,
            row.hash,
        )
        if row.payload is None or row.visibility not in visibilities:
            openings.append(Opening(link, None, None))
            continue
        plain = _decrypt(key, row)
        salt, payload = plain[: chain.SALT_BYTES], plain[chain.SALT_BYTES :]
        openings.append(Opening(link, salt, json.loads(payload)))
    return openings


async def verify(tx: AsyncSession, *, log: LogKind, subject_id: str, key: bytes | None) -> None:
    """Follow a log from its first event; with a key, open every payload that is still there.

    Raises:
        ChainBroken: an event is missing or changed, or a payload is not what was committed to.
    """
    chain.check_chain(await read_chain(tx, log=log, subject_id=subject_id))
    if key is None:
        return
    rows = await tx.scalars(
        select(Event).where(Event.log == log, Event.subject_id == subject_id).order_by(Event.seq)
    )
    for row in rows:
        if row.payload is None:
            continue
        try:
            opened = _decrypt(key, row)
        except InvalidTag as error:
            raise ChainBroken(row.seq, "its payload cannot be opened") from error
        if chain.commit(opened[: chain.SALT_BYTES], opened[chain.SALT_BYTES :]) != row.commitment:
            raise ChainBroken(row.seq, "its payload is not what was committed to")


def opened(row: Event, key: bytes | None) -> LoggedEvent:
    """One event as it is read."""
    payload: dict[str, object] | None = None
    if key is not None and row.payload is not None:
        payload = json.loads(_decrypt(key, row)[chain.SALT_BYTES :])
    return LoggedEvent(
        row.seq,
        row.kind,
        row.at,
        row.actor,
        Visibility(row.visibility),
        row.client_id,
        payload,
    )


def _place(log: str, subject_id: str, seq: int) -> bytes:
    """What ties a ciphertext to its place: moved elsewhere, it no longer opens."""
    return f"{log}:{subject_id}:{seq}".encode()


def _encrypt(key: bytes, log: str, subject_id: str, seq: int, plain: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, _place(log, subject_id, seq))


def _decrypt(key: bytes, row: Event) -> bytes:
    if row.payload is None:
        return b""
    place = _place(row.log, row.subject_id, row.seq)
    return AESGCM(key).decrypt(row.payload[:_NONCE_BYTES], row.payload[_NONCE_BYTES:], place)
