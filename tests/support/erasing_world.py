"""A recorded, sealed and closed case in a directory store, with words, and backups of it all."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from sqlalchemy import select

from cases import desk, log
from cases.actor import StaffActor
from cases.case_note import note
from cases.database import Database
from cases.log import LogKind
from cases.states import Role, StillState
from cases.tables import Case, Segment, Still
from cases.unit import Unit
from recorder.crypt import seal
from recorder.playback import Playback
from recorder.sealing import seal_session
from recorder.store import DirectoryStore
from runtime.settings import Settings
from tests.integration.test_part_export import World, take_in
from tests.support.recording_rig import MemoryStore, SpoolRig
from tests.support.seller import make_seller
from tests.unit.recorder.test_recording import record

WORDS = "The lamp of Ana Ruiz is cracked"
STILL = b"\xff\xd8 a photograph \xff\xd9"


@dataclass
class ErasingWorld(World):
    """The world of an export on a directory store, whose case is closed."""

    folder: Path = Path()

    async def admin(self) -> StaffActor:
        """Somebody who may have it erased."""
        return await self.seller.staff(Role.ADMIN, tenant=self.seller.lamp)

    async def close_case(self) -> None:
        """End the case for good."""
        actor = await self.admin()
        await self.run(
            lambda unit: desk.close_case(unit.tx, unit.keys, actor, self.case_id, unit.now)
        )

    async def case(self) -> Case:
        """The case's row."""
        async with self.database.read() as tx:
            return await tx.get_one(Case, self.case_id)

    async def object_keys(self) -> list[str]:
        """Where its segments lie."""
        async with self.database.read() as tx:
            return list(await tx.scalars(select(Segment.object_key)))

    async def verify_chains(self) -> None:
        """Follow both logs from their first events."""
        async with self.database.read() as tx:
            for kind, subject in (
                (LogKind.CASE, self.case_id),
                (LogKind.SESSION, self.session_id),
            ):
                await log.verify(tx, log=kind, subject_id=subject, key=None)


@asynccontextmanager
async def erasing_world(folder: Path, url: str) -> AsyncIterator[ErasingWorld]:
    """Six seconds of one camera, a still and words, sealed; the case is closed."""
    rig = SpoolRig(folder / "spool")
    await record(rig, "h264")
    database = Database(url)
    try:
        seller = await make_seller(database)
        memory, store = MemoryStore(), DirectoryStore(folder / "store")
        world = ErasingWorld(
            seller, Settings(data=folder), memory, Playback(cast("Any", store)), folder=folder
        )
        await take_in(world, rig)
        for key, stored in memory.objects.items():
            await store.put(key, stored)
        world.store = cast("Any", store)
        await _photograph(world)
        await _say(world)
        await seal_session(world.evidence, world.session_id)
        await world.close_case()
        yield world
        await store.close()
    finally:
        await database.close()


async def _photograph(world: ErasingWorld) -> None:
    key_name = f"{world.seller.lamp}/{world.session_id}/stills/stl_1"

    async def act(unit: Unit) -> bytes:
        key = await unit.keys.session_key(unit.tx, world.session_id)
        unit.tx.add(
            Still(
                id="stl_1",
                session_id=world.session_id,
                participant_id="par_buyer",
                state=StillState.CUT,
                at_ns=1_790_000_000_000_000_000,
                taken_by="staff:x",
                object_key=key_name,
                key_id="key_x",
                sha256="0" * 64,
                created_at=unit.now,
            )
        )
        return key

    key = await world.run(act)
    await world.store.put(key_name, seal(key, key_name, STILL))


async def _say(world: ErasingWorld) -> None:
    actor = await world.admin()

    async def act(unit: Unit) -> None:
        case = await unit.tx.get_one(Case, world.case_id)
        await note(unit.tx, unit.keys, case, "note", {"text": WORDS}, actor, unit.now)

    await world.run(act)


def back_up(source: Path, into: Path) -> None:
    """Copy a directory as a backup does."""
    shutil.copytree(source, into)
