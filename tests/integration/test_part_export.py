"""A part of what a recorder really wrote: cut, proven, playable, and checked without the rest."""

from __future__ import annotations

import io
import itertools
import json
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar, cast

import av
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.actor import SystemActor
from cases.case_text import text_of
from cases.database import Database
from cases.keys import KeyRing
from cases.new_sessions import new_session, object_prefix
from cases.notice_words import notice_locale
from cases.participant_names import sealed_name
from cases.states import Role, SessionState
from cases.tables import (
    Case,
    Checkpoint,
    Fragment,
    Manifest,
    Participant,
    Recording,
    Segment,
)
from cases.unit import Unit
from recorder.crypt import open_sealed, seal
from recorder.part_export import export_part
from recorder.part_order import PartOrder
from recorder.pdf_report.words import LANGUAGES
from recorder.playback import Playback
from recorder.port import Evidence
from recorder.proof.bytes import MemoryBytes
from recorder.proof.part_scope import Scope
from recorder.proof.report import Answer, Report
from recorder.proof.verification import verify_package
from recorder.sealing import seal_session
from recorder.signing import SigningKey
from runtime.clock import Clock
from runtime.errors import CaseError, StoreError
from runtime.ids import new_id
from runtime.settings import Settings
from tests.support.packages import Device
from tests.support.pdf_reader import Pdf
from tests.support.recording_rig import (
    KEY,
    T0_NS,
    MemoryStore,
    SpoolRig,
    source_of,
)
from tests.support.seller import Seller, make_seller
from tests.support.stated_checkpoints import name_keys, state_what_is_durable
from tests.support.tap_feed import read_picture
from tests.unit.recorder.test_recording import record

T = TypeVar("T")
T0_MS = T0_NS // 1_000_000
PAGE = b"<!doctype html>\n"
DEVICES = [Device("par_buyer", 1), Device("par_host", 2)]


@dataclass
class World:
    """A seller, and what an export needs of the process it runs in."""

    seller: Seller
    settings: Settings
    store: MemoryStore
    playback: Playback
    case_id: str = ""
    session_id: str = ""

    @property
    def database(self) -> Database:
        """The seller's database."""
        return self.seller.database

    @property
    def keys(self) -> KeyRing:
        """The seller's keys."""
        return self.seller.keys

    @property
    def clock(self) -> Clock:
        """A clock that is set."""
        return self.seller.clock

    async def enqueue(self, tx: AsyncSession, name: str, id_: str, *rest: str) -> None:
        """Nothing is ordered here."""

    async def run(self, act: Callable[[Unit], Awaitable[T]]) -> T:
        """One commit."""
        async with self.seller.database.begin() as tx:
            return await act(Unit(tx, self.seller.keys, self, self.seller.now))

    @property
    def evidence(self) -> Evidence:
        """As the export sees it."""
        return cast("Evidence", self)

    async def part(self, from_ms: int, to_ms: int, *people: str) -> bytes:
        """The package of a part; moments count from the recording's beginning."""
        scope = Scope(sorted(people), T0_MS + from_ms, T0_MS + to_ms)
        file = io.BytesIO()
        order = PartOrder(self.session_id, scope)
        await export_part(self.evidence, self.case_id, order, file, PAGE, _told)
        return file.getvalue()

    async def receipt(self) -> bytes:
        """What both sides hold."""
        async with self.database.read() as tx:
            manifest = await tx.get_one(Manifest, (self.session_id, 0))
        return (manifest.receipt or "").encode()


async def _told(done: int, total: int) -> None:
    assert done <= total


@pytest.fixture(params=["h264", "vp8"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    """Six seconds of one camera, with a key picture every two seconds, sealed."""
    rig = SpoolRig(tmp_path / "spool")
    await record(rig, request.param)
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'new' / 'proofcall.db'}")
    store = MemoryStore()
    seller = await make_seller(database)
    found = World(seller, Settings(data=tmp_path), store, Playback(cast("Any", store)))
    await take_in(found, rig)
    await seal_session(found.evidence, found.session_id)
    yield found
    await database.close()


async def take_in(world: World, rig: SpoolRig) -> None:
    """Put what the rig wrote into ledger and store, under the session's own key."""
    actor = await world.seller.staff(Role.AGENT, tenant=world.seller.lamp)
    opened = await world.seller.open_case(actor)
    world.case_id, world.session_id = opened.case_id, new_id("ses")
    source, objects = source_of(rig.facts()), rig.store().objects

    async def act(unit: Unit) -> None:
        case = await unit.tx.get_one(Case, opened.case_id)
        key = await unit.keys.new_session_key(unit.tx, case)
        session = new_session(
            world.session_id,
            case,
            SessionState.ENDED,
            key,
            unit.now,
            object_prefix(case.tenant_id, world.session_id),
        )
        session.ended_at = session.recorder_closed_at = unit.now
        unit.tx.add(session)
        await unit.tx.flush()
        session_key = await unit.session_key(world.session_id)
        for name in ("buyer", "host"):
            person = Participant(
                id=f"par_{name}",
                session_id=world.session_id,
                role=name,
                sealed_name=sealed_name(session_key, f"par_{name}", name),
                locale="en",
                presence="here",
                seen_at=unit.now,
                joined_at=unit.now,
            )
            unit.tx.add(person)
        await unit.tx.flush()
        await name_keys(unit, world.session_id, DEVICES)
        signer = SigningKey.load(world.settings.keys_dir)
        last = source.segments[-1].fragments[-1]
        unit.tx.add(
            Recording(
                id=source.recording_id,
                session_id=world.session_id,
                participant_id="par_buyer",
                part=1,
                container=source.container,
                tracks=[],
                init=source.init,
                init_sha256=sha256(source.init).hexdigest(),
                t0_ns=source.t0_ns,
                duration_ms=last.start_ms + last.duration_ms,
            )
        )
        await unit.tx.flush()
        for row in source.segments:
            plain = open_sealed(KEY, row.object_key, objects[row.object_key])
            stored = seal(session_key, row.object_key, plain)
            world.store.objects[row.object_key] = stored
            unit.tx.add(
                Segment(
                    recording_id=source.recording_id,
                    segment_no=row.number,
                    object_key=row.object_key,
                    version_id=None,
                    stored_bytes=len(stored),
                    stored_sha256=sha256(stored).hexdigest(),
                    plain_bytes=row.plain_bytes,
                    key_id=session.key_id,
                    sample_index=row.index,
                    stored_at=unit.now,
                )
            )
            await unit.tx.flush()
            for one in row.fragments:
                unit.tx.add(
                    Fragment(
                        recording_id=source.recording_id,
                        fragment_no=one.number,
                        segment_no=row.number,
                        bytes=one.size_bytes,
                        sha256=one.sha256,
                        start_ms=one.start_ms,
                        duration_ms=one.duration_ms,
                        wall_ns=one.wall_ns,
                        keyframe=one.keyframe,
                        clocks=[],
                    )
                )
            last = row.fragments[-1]
            at = datetime.fromtimestamp(T0_MS / 1000, UTC)
            at += timedelta(milliseconds=last.start_ms + last.duration_ms)
            await state_what_is_durable(unit, world.session_id, at, signer, DEVICES)

    await world.run(act)
    for second in range(6):
        await _say(world, second)


async def _say(world: World, second: int) -> None:
    """An event of the log, half a second after a whole one."""
    at_ns = T0_NS + second * 1_000_000_000 + 500_000_000
    world.seller.clock.advance((at_ns - world.seller.clock.wall_ns()) / 1e9)

    async def act(unit: Unit) -> None:
        said = {"text": f"word {second}", "locale": "en"}
        await unit.record(world.session_id, "message", said, SystemActor(), client_id=f"m{second}")

    await world.run(act)


def checked(content: bytes, receipt: bytes | None = None) -> Report:
    """What the verifier says of it."""
    return verify_package(MemoryBytes(content), receipt=receipt)


def entry_of(content: bytes, path: str) -> bytes:
    """A file of a part."""
    with zipfile.ZipFile(io.BytesIO(content)) as zipped:
        return zipped.read(path)


def recording_in(content: bytes) -> bytes:
    """The one playable file of a part."""
    with zipfile.ZipFile(io.BytesIO(content)) as zipped:
        (name,) = [one for one in zipped.namelist() if one.endswith((".mp4", ".webm"))]
        return zipped.read(name)


def pictures_from_the_first_key(content: bytes) -> list[int]:
    """The numbers of the pictures, as a player shows them that begins in the midst."""
    with av.open(io.BytesIO(content)) as container:
        packets = itertools.dropwhile(lambda one: not one.is_keyframe, container.demux(video=0))
        return [
            read_picture(frame.to_ndarray(format="gray"))
            for packet in packets
            for frame in packet.decode()
        ]


async def test_two_seconds_are_cut_proven_and_play(world: World) -> None:
    """From the key picture before the first moment until the last, with the words of that time."""
    content = await world.part(2400, 4200, "par_buyer")
    report = checked(content, await world.receipt())
    assert report.answer == Answer.VERIFIED, report
    assert report.part is not None
    (covered,) = report.part.covered
    assert T0_MS + 400 <= covered.from_ms <= T0_MS + 2400
    assert T0_MS + 4200 <= covered.to_ms <= T0_MS + 5100
    numbers = pictures_from_the_first_key(recording_in(content))
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert numbers[0] <= 2.4 * 30
    assert 4.1 * 30 <= numbers[-1] < 5.1 * 30
    with zipfile.ZipFile(io.BytesIO(content)) as zipped:
        log = json.loads(zipped.read(f"{world.session_id}/log.json"))["events"]
    said = [event["payload"]["text"] for event in log if event["payload"] is not None]
    assert said == ["word 2", "word 3"]


async def test_a_part_holds_what_devices_signed_of_its_time(world: World) -> None:
    """The checkpoints of these seconds and the next; of the others no countersignature."""
    content = await world.part(2400, 4200)
    report = checked(content, await world.receipt())
    assert report.answer == Answer.VERIFIED, report
    async with world.database.read() as tx:
        rows = list(await tx.scalars(select(Checkpoint).order_by(Checkpoint.number)))
    at_ms = [round(row.created_at.timestamp() * 1000) - T0_MS for row in rows]
    inside = [at for at in at_ms if 2400 <= at <= 4200]
    (found,) = report.sessions
    assert inside, at_ms
    assert found.checkpoints == len(inside) + 1
    assert found.countersigned == dict.fromkeys(("par_buyer", "par_host"), len(inside) + 1)
    listed = json.loads(entry_of(content, f"{world.session_id}/checkpoints.json"))
    jws = [one["jws"] for one in listed["checkpoints"]]
    before = [row.jws for row, at in zip(rows, at_ms, strict=True) if at < 2400][:-1]
    assert jws == [row.jws for row in rows[len(before) :]]


async def test_its_report_says_that_it_is_a_part_and_tells_nothing_from_outside(
    world: World,
) -> None:
    """From when to when, on every page; no claim, no decision, no word before or after."""
    content = await world.part(2400, 4200, "par_buyer")
    said = Pdf(entry_of(content, "report.pdf")).text().replace(" ", "")
    async with world.database.read() as tx:
        case = await tx.get_one(Case, world.case_id)
        text = await text_of(tx, world.seller.keys, case)
    words = LANGUAGES[notice_locale(case.buyer_locale, "en")]
    assert words["part_title"].replace(" ", "") in said
    start = datetime.fromtimestamp((T0_MS + 2400) / 1000, UTC)
    assert said.count(f"{start:%M:%S}.{start.microsecond // 1000:03}") >= 3
    assert [number for number in range(6) if f"word{number}" in said] == [2, 3]
    for secret in (case.order_number, text.claim_words, text.buyer_name):
        assert secret
        assert secret.replace(" ", "") not in said


async def test_the_same_part_is_the_same_bytes_and_all_of_it_is_everybody(world: World) -> None:
    """An export can be repeated; without names it is of who was recorded."""
    assert await world.part(1000, 2000) == await world.part(1000, 2000, "par_buyer")


async def test_what_was_not_recorded_is_a_gap(world: World) -> None:
    """The host, of whom there is nothing, and the time after the end."""
    report = checked(
        await world.part(4_000, 20_000, "par_buyer", "par_host"), await world.receipt()
    )
    assert report.answer == Answer.WITH_GAPS
    assert [(one.participant_id, one.cause) for one in report.gaps] == [
        ("par_buyer", "not_recorded"),
        ("par_host", "not_recorded"),
    ]
    with pytest.raises(CaseError) as refused:
        await world.part(20_000, 30_000, "par_buyer")
    assert refused.value.code == "nothing_recorded"


async def test_a_part_of_another_case_or_a_stranger_is_refused(world: World) -> None:
    """Nothing is written of what was not asked for by its own name."""
    with pytest.raises(CaseError) as stranger:
        await world.part(1000, 2000, "par_x")
    assert stranger.value.code == "bad_part"
    with pytest.raises(CaseError) as elsewhere:
        await replace(world, case_id="cas_other").part(1000, 2000)
    assert elsewhere.value.code == "nothing_sealed"


async def test_a_segment_that_was_altered_in_the_store_is_no_part(world: World) -> None:
    """It is refused when it is read, not handed over with a proof that fails."""
    for name, stored in world.store.objects.items():
        world.store.objects[name] = stored[:-1] + bytes([stored[-1] ^ 1])
    with pytest.raises(StoreError):
        await world.part(1000, 2000)
