"""One unit of work: a transaction, what it may use, and what others hear once it is committed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from cases.actor import Actor
from cases.keys import KeyRing
from cases.log import LoggedEvent, LogKind, Visibility, append
from cases.outbox import Outbox
from cases.tables import Case


@dataclass(frozen=True, slots=True)
class LostPeer:
    """A peer connection that is missed; one that is not ``gone`` may yet be heard again."""

    session_id: str
    participant_id: str
    peer_id: str | None
    gone: bool


@dataclass(slots=True)
class Changes:
    """What a transaction did that browsers or other processes are told after the commit."""

    events: list[tuple[str, LoggedEvent]] = field(default_factory=list)
    """Session id and event, in order."""
    sessions: set[str] = field(default_factory=set)
    """Sessions whose state, participants or place in the queue changed."""
    desks: set[str] = field(default_factory=set)
    """Tenants and warehouses whose queue changed."""
    closed: list[tuple[str, str]] = field(default_factory=list)
    """Session id and cause: media and recorder are to be closed."""
    closed_peers: list[tuple[str, str, str]] = field(default_factory=list)
    """Worker, epoch and peer of somebody who left."""
    moved_cameras: set[str] = field(default_factory=set)
    """Bench cameras that media must now show elsewhere or nowhere."""
    lost_peers: list[LostPeer] = field(default_factory=list)
    """Whose media is missed: their page makes a fresh peer."""
    device_asks: list[tuple[str, str, str]] = field(default_factory=list)
    """Session, device and user agent: the host decides."""
    threads: dict[str, frozenset[str]] = field(default_factory=dict)
    """Cases with something new in their thread, and the tenant and warehouse that read it."""
    typing: list[tuple[str, str, frozenset[str]]] = field(default_factory=list)
    """Case, who is writing (``buyer`` or ``staff``), and the desks that are told."""
    dropped_sockets: list[str] = field(default_factory=list)
    """Sockets of people who no longer take part."""
    replaced_sockets: list[str] = field(default_factory=list)
    """Sockets that another tab has taken over from."""
    signed_out: set[str] = field(default_factory=set)
    """Staff of whom a login has ended: desk sockets that stand on it are dropped."""
    roles: set[str] = field(default_factory=set)
    """Sessions whose media is told who is what, after everybody has heard who is there."""

    def absorb(self, later: Changes) -> None:
        """Take up what a later transaction did, so that both are told together."""
        self.events += later.events
        self.sessions |= later.sessions
        self.desks |= later.desks
        self.lost_peers += later.lost_peers
        self.device_asks += later.device_asks
        self.threads |= later.threads
        self.typing += later.typing
        self.dropped_sockets += later.dropped_sockets
        self.replaced_sockets += later.replaced_sockets
        self.signed_out |= later.signed_out
        self.roles |= later.roles


@dataclass(slots=True)
class Unit:
    """What every use case that changes something is given."""

    tx: AsyncSession
    keys: KeyRing
    outbox: Outbox
    now: datetime
    changes: Changes = field(default_factory=Changes)
    _session_keys: dict[str, bytes] = field(default_factory=dict)
    _case_keys: dict[str, bytes] = field(default_factory=dict)

    async def case_key(self, case: Case) -> bytes:
        """The key of a case, opened once in this transaction.

        Raises:
            KeyDestroyed: it was erased.
        """
        key = self._case_keys.get(case.id)
        if key is None:
            key = self._case_keys[case.id] = await self.keys.key_of(self.tx, case)
        return key

    async def session_key(self, session_id: str) -> bytes:
        """The key of a session, opened once in this transaction.

        Raises:
            KeyDestroyed: it was erased.
        """
        key = self._session_keys.get(session_id)
        if key is None:
            key = self._session_keys[session_id] = await self.keys.session_key(self.tx, session_id)
        return key

    async def record(
        self,
        session_id: str,
        kind: str,
        payload: Mapping[str, object],
        actor: Actor,
        *,
        visibility: Visibility = Visibility.PARTIES,
        client_id: str | None = None,
    ) -> LoggedEvent:
        """Append to the session's log; browsers hear of it after the commit."""
        event = await append(
            self.tx,
            log=LogKind.SESSION,
            subject_id=session_id,
            kind=kind,
            payload=payload,
            visibility=visibility,
            actor=actor.label,
            key=await self.session_key(session_id),
            at=self.now,
            client_id=client_id,
        )
        self.changes.events.append((session_id, event))
        return event
