"""A seller on a database, sessions that end, and what sealing needs of the process it runs in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TypeVar, cast

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.database import Database
from cases.keys import KeyRing
from cases.new_sessions import new_session, object_prefix
from cases.participant_names import sealed_name
from cases.states import Role, SessionState
from cases.tables import Case, Manifest, Participant, Recording, Session
from cases.unit import Unit
from recorder.port import Evidence
from runtime.clock import Clock
from runtime.ids import new_id
from runtime.settings import Settings
from tests.support.seller import Seller

T = TypeVar("T")


@dataclass
class World:
    """A seller and what sealing needs of the process it runs in."""

    seller: Seller
    settings: Settings
    ordered: list[str] = field(default_factory=list)

    @property
    def keys(self) -> KeyRing:
        """The seller's keys."""
        return self.seller.keys

    async def enqueue(self, tx: AsyncSession, name: str, id_: str, *rest: str) -> None:
        """Remember what was ordered."""
        del tx, name, rest
        self.ordered.append(id_)

    async def run(self, act: Callable[[Unit], Awaitable[T]]) -> T:
        """One commit."""
        async with self.seller.database.begin() as tx:
            return await act(Unit(tx, self.seller.keys, self, self.seller.now))

    @property
    def database(self) -> Database:
        """The seller's."""
        return self.seller.database

    @property
    def clock(self) -> Clock:
        """The seller's."""
        return self.seller.clock

    @property
    def evidence(self) -> Evidence:
        """As the durable work sees it."""
        return cast("Evidence", self)

    async def live_session(self) -> str:
        """A session that is live, with the first bytes of one recording."""
        actor = await self.seller.staff(Role.AGENT, tenant=self.seller.lamp)
        opened = await self.seller.open_case(actor)
        session_id = new_id("ses")

        async def act(unit: Unit) -> None:
            case = await unit.tx.get_one(Case, opened.case_id)
            key = await unit.keys.new_session_key(unit.tx, case)
            session = new_session(
                session_id,
                case,
                SessionState.LIVE,
                key,
                unit.now,
                object_prefix(case.tenant_id, session_id),
            )
            session.live_at = unit.now
            unit.tx.add(session)
            await unit.tx.flush()
            participant_id = new_id("par")
            person = Participant(
                id=participant_id,
                session_id=session_id,
                role="buyer",
                sealed_name=sealed_name(await unit.session_key(session_id), participant_id, "Li"),
                locale="en",
                presence="here",
                seen_at=unit.now,
                joined_at=unit.now,
            )
            unit.tx.add(person)
            await unit.tx.flush()
            unit.tx.add(
                Recording(
                    id=f"rec_{session_id}",
                    session_id=session_id,
                    participant_id=person.id,
                    part=1,
                    container="mp4",
                    tracks=[],
                    init=b"init",
                    init_sha256=sha256(b"init").hexdigest(),
                    t0_ns=1_790_000_000_000_000_000,
                )
            )

        await self.run(act)
        return session_id

    async def end(self, session_id: str, *, recorder_closed: bool) -> None:
        """End the session, with or without the recorder's last word."""

        async def act(unit: Unit) -> None:
            session = await unit.tx.get_one(Session, session_id)
            session.state, session.ended_at = SessionState.ENDED, unit.now
            if recorder_closed:
                session.recorder_closed_at = unit.now

        await self.run(act)

    async def manifests(self, session_id: str) -> list[Manifest]:
        """What was sealed."""
        async with self.seller.database.read() as tx:
            rows = await tx.scalars(
                select(Manifest).where(Manifest.session_id == session_id).order_by(Manifest.number)
            )
            return list(rows)
