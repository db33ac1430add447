"""Time-stamps that the server asks for: a real authority over HTTP, and bad ones."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from aiohttp import web
from sqlalchemy import make_url, select

from cases.database import Database, upgrade
from cases.tables import Event, TimeStamp
from infra.local.postgres import Postgres
from recorder import time_stamping
from recorder.proof.manifest_timestamps import renewed_imprint
from recorder.proof.timestamp import read_timestamp
from recorder.sealing import seal_at_hang_up, seal_session
from recorder.stamp_orders import StampsLate, stamps_late
from recorder.time_stamping import TimeStamping, look_for_time_stamps
from runtime.clock import ManualClock
from runtime.settings import Settings
from tests.support.sealing_world import World
from tests.support.seller import erasure_folder, make_seller
from tests.support.time_stamping import Authority, make_authority
from tests.support.tsa_server import Answer, TsaServer, tsa_server

_DAY = timedelta(days=1)


@pytest.fixture(scope="session")
def migrated(postgres: Postgres) -> str:
    """The name of a database with every table, to be copied."""
    upgrade(make_url(postgres.fresh_database("migrated_stamping")))
    return "migrated_stamping"


@dataclass
class Stamped:
    """A world whose server asks an authority, and the authority."""

    world: World
    tsa: TsaServer
    work: TimeStamping
    url: str
    """The database's."""

    async def late(self) -> StampsLate:
        """What the figures tell of stamps that wait."""
        async with self.world.seller.database.read() as tx:
            return await stamps_late(tx)

    async def sealed(self) -> str:
        """A session whose manifest 0 is sealed."""
        session_id = await self.world.live_session()
        await self.world.end(session_id, recorder_closed=True)
        await seal_at_hang_up(self.world.evidence, session_id)
        return session_id

    async def round(self) -> None:
        """What is due is ordered, and each order carried out."""
        before = len(self.world.ordered)
        await look_for_time_stamps(self.world.evidence)
        for order in self.world.ordered[before:]:
            await self.work.ask(order.partition(":")[2])

    async def rows(self, session_id: str) -> list[TimeStamp]:
        """What is kept and wanted of a session."""
        async with self.world.database.read() as tx:
            rows = await tx.scalars(
                select(TimeStamp)
                .where(TimeStamp.session_id == session_id)
                .order_by(TimeStamp.number, TimeStamp.renewal)
            )
            return list(rows)

    async def states(self, session_id: str) -> list[str]:
        """How far each is."""
        return [row.state for row in await self.rows(session_id)]


@pytest.fixture(params=["sqlite", "postgresql"])
async def stamped(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stamped]:
    """On a database of each kind, at the machine's own time."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'new' / 'proofcall.db'}"
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.fresh_database(template=request.getfixturevalue("migrated"))
    database = Database(url)
    seller = await make_seller(database, ManualClock(datetime.now(UTC)))
    async with tsa_server(make_authority(tmp_path / "authority")) as tsa:
        (tmp_path / "ca.pem").write_bytes(tsa.authority.pem)
        settings = Settings(
            data=tmp_path,
            tsa_url=tsa.url,
            tsa_ca=tmp_path / "ca.pem",
            tsa_authorization="Basic dTpw",  # type: ignore[arg-type]
        )
        world = World(seller, settings)
        yield Stamped(world, tsa, TimeStamping(world.evidence), url)
    await database.close()


async def test_a_manifest_and_its_supplement_are_stamped_once_each(stamped: Stamped) -> None:
    """By the authority that is set; the session's log says so; nothing is asked twice."""
    world = stamped.world
    session_id = await world.live_session()
    await world.end(session_id, recorder_closed=False)
    world.seller.clock.advance(9)
    await seal_at_hang_up(world.evidence, session_id)
    await stamped.round()
    await world.end(session_id, recorder_closed=True)
    await seal_session(world.evidence, session_id)
    await stamped.round()
    await stamped.round()
    assert len(stamped.tsa.queries) == 2
    assert stamped.tsa.headers[0]["Authorization"] == "Basic dTpw"
    assert stamped.tsa.headers[0]["Content-Type"] == "application/timestamp-query"
    manifests = await world.manifests(session_id)
    kept = [row for row in await stamped.rows(session_id) if row.state == "kept"]
    assert [(row.number, row.renewal) for row in kept] == [(0, 0), (1, 0)]
    for manifest, row in zip(manifests, kept, strict=True):
        assert row.response is not None
        assert read_timestamp(row.response).imprint == sha256(manifest.body).hexdigest()
        assert row.authority == stamped.tsa.authority.pem
    async with world.database.read() as tx:
        told = await tx.scalars(
            select(Event.client_id).where(
                Event.subject_id == session_id, Event.kind == "time_stamped"
            )
        )
        assert sorted(str(one) for one in told) == ["time-stamped-0-0", "time-stamped-1-0"]
    assert stamped.work.results == {"kept": 2}


async def test_without_an_authority_nothing_is_asked_and_nothing_lost(stamped: Stamped) -> None:
    """Once one is set, what was sealed before is stamped, too."""
    world, settings = stamped.world, stamped.world.settings
    world.settings = Settings(data=settings.data)
    session_id = await stamped.sealed()
    await stamped.round()
    assert (stamped.tsa.queries, await stamped.states(session_id)) == ([], ["waiting"])
    world.settings = settings
    await stamped.round()
    assert await stamped.states(session_id) == ["kept", "waiting"]


async def test_bad_answers_are_refused_counted_and_asked_for_again(
    stamped: Stamped, tmp_path: Path
) -> None:
    """Each costs a pause, none the time-stamp."""
    other = make_authority(tmp_path / "other")
    expired = make_authority(tmp_path / "expired", valid=(-9 * _DAY, -_DAY))
    tsa, authority = stamped.tsa, stamped.tsa.authority

    async def refuse(_: bytes) -> web.StreamResponse:
        return tsa.given(bytes.fromhex("30053003020102"))

    async def replay(query: bytes) -> web.StreamResponse:
        """The right imprint and signature, another question's nonce."""
        assert query != tsa.queries[0]
        return tsa.given(await asyncio.to_thread(authority.reply, tsa.queries[0]))

    async def other_imprint(_: bytes) -> web.StreamResponse:
        return tsa.given(await asyncio.to_thread(authority.stamp, b"something else"))

    async def too_large(_: bytes) -> web.StreamResponse:
        return tsa.given(bytes(100_000))

    async def endless(_: bytes) -> web.StreamResponse:
        return tsa.given(bytes(3_000_000))

    async def failing(_: bytes) -> web.StreamResponse:
        return web.Response(status=503)

    async def elsewhere(_: bytes) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": tsa.url})

    async def garbage(_: bytes) -> web.StreamResponse:
        return tsa.given(b"<html>")

    def of(one: Authority) -> Answer:
        async def answer(query: bytes) -> web.StreamResponse:
            return tsa.given(await asyncio.to_thread(one.reply, query))

        return answer

    session_id = await stamped.sealed()
    sealed_at = stamped.world.seller.clock.now()
    answers: list[tuple[Answer, str]] = [
        (refuse, "tsa_refused"),
        (replay, "tsa_nonce"),
        (other_imprint, "tsa_imprint"),
        (too_large, "too_large"),
        (endless, "cut_short"),
        (failing, "status_503"),
        (elsewhere, "status_302"),
        (garbage, "tsa_unreadable"),
        (of(other), "tsa_chain"),
        (of(expired), "tsa_validity"),
    ]
    for answer, result in answers:
        tsa.answer = answer
        asked = len(tsa.queries)
        await stamped.round()
        assert len(tsa.queries) == asked + 1, result
        (row,) = await stamped.rows(session_id)
        assert (row.state, row.words, row.response) == ("waiting", result, None)
        assert stamped.work.results[result] == 1
        await stamped.round()
        assert len(tsa.queries) == asked + 1, "not again at once"
        assert (await stamped.late()).oldest == sealed_at
        stamped.world.seller.clock.advance(4 * 3600)
    tsa.answer = None
    await stamped.round()
    assert (await stamped.rows(session_id))[0].state == "kept"
    assert await stamped.late() == StampsLate(None, 0)


async def test_an_authority_that_is_slow_or_away_is_asked_again(
    stamped: Stamped, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Down and back; whoever sends a byte now and then is not waited for for ever."""
    monkeypatch.setattr(time_stamping, "_TIMEOUT_S", 0.5)
    hung = asyncio.Event()

    async def hang(_: bytes) -> web.StreamResponse:
        await hung.wait()
        return web.Response()

    session_id = await stamped.sealed()
    stamped.tsa.answer = hang
    await stamped.round()
    hung.set()
    url = stamped.tsa.url
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        settings = stamped.world.settings
        away = f"http://127.0.0.1:{nobody.getsockname()[1]}/tsa"
        stamped.world.settings = settings.model_copy(update={"tsa_url": away})
        stamped.world.seller.clock.advance(3600)
        await stamped.round()
    assert stamped.work.results == {"timeout": 1, "unreachable": 1}
    stamped.world.settings = settings.model_copy(update={"tsa_url": url})
    stamped.tsa.answer = None
    stamped.world.seller.clock.advance(3600)
    await stamped.round()
    assert (await stamped.rows(session_id))[0].state == "kept"


async def test_certificates_that_cannot_be_read_are_mended_without_a_restart(
    stamped: Stamped,
) -> None:
    """The authority is not even asked."""
    session_id = await stamped.sealed()
    ca = stamped.world.settings.tsa_ca
    assert ca is not None
    for broken in (b"no certificate", b""):
        ca.write_bytes(broken)
        await stamped.round()
        stamped.world.seller.clock.advance(3600)
    assert (stamped.tsa.queries, stamped.work.results) == ([], {"bad_tsa_ca": 2})
    ca.write_bytes(stamped.tsa.authority.pem)
    await stamped.round()
    assert (await stamped.rows(session_id))[0].state == "kept"


async def test_it_is_renewed_before_its_certificate_ends(stamped: Stamped, tmp_path: Path) -> None:
    """By a newer certificate; the chain of both holds in the package's verifier."""
    session_id = await stamped.sealed()
    await stamped.round()
    first, wanted = await stamped.rows(session_id)
    assert first.response is not None
    before = read_timestamp(first.response)
    assert wanted.due_at is not None
    assert timedelta(days=89) < before.until - wanted.due_at < timedelta(days=91)
    stamped.world.seller.clock.advance(
        (wanted.due_at - stamped.world.seller.now).total_seconds() + 1
    )
    # The same certificate would win nothing.
    await stamped.round()
    assert stamped.work.results["tsa_no_later"] == 1
    newer = make_authority(tmp_path / "newer", valid=(-_DAY, 800 * _DAY))
    stamped.tsa.authority = newer
    (tmp_path / "ca.pem").write_bytes(newer.pem)
    stamped.world.seller.clock.advance(3600)
    await stamped.round()
    first, second, third = await stamped.rows(session_id)
    assert [second.state, third.state] == ["kept", "waiting"]
    assert second.response is not None
    (manifest,) = await stamped.world.manifests(session_id)
    digest = sha256(manifest.body).hexdigest()
    assert read_timestamp(second.response).imprint == renewed_imprint(digest, first.response or b"")
    assert second.authority == newer.pem


async def test_a_renewal_that_comes_too_late_is_given_up(stamped: Stamped) -> None:
    """What is no longer valid can be renewed by nobody; the old one stays."""
    session_id = await stamped.sealed()
    await stamped.round()
    stamped.world.seller.clock.advance(400 * 24 * 3600)
    await stamped.round()
    assert await stamped.states(session_id) == ["kept", "lapsed"]
    assert len(stamped.tsa.queries) == 1


async def test_a_try_whose_end_nobody_told_is_made_again(stamped: Stamped) -> None:
    """And the lost one counts no more, should it come back."""
    session_id = await stamped.sealed()
    await look_for_time_stamps(stamped.world.evidence)
    lost = stamped.world.ordered[-1].partition(":")[2]
    stamped.world.seller.clock.advance(301)
    await stamped.round()
    await stamped.work.ask(lost)
    assert len(stamped.tsa.queries) == 1
    assert (await stamped.rows(session_id))[0].state == "kept"


async def test_many_are_asked_a_few_at_once(stamped: Stamped) -> None:
    """A history that is stamped at once does not fall over the authority."""
    for _ in range(10):
        await stamped.sealed()
    before = len(stamped.world.ordered)
    await look_for_time_stamps(stamped.world.evidence)
    await look_for_time_stamps(stamped.world.evidence)
    assert len(stamped.world.ordered) - before == 8


async def start_jobs(settings: Settings) -> asyncio.subprocess.Process:
    """The real jobs process."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "proofcall", "serve", "--role", "jobs"),
        env={
            **os.environ,
            "PROOFCALL_DATA": str(settings.data),
            "PROOFCALL_DATABASE_URL": settings.database,
            "PROOFCALL_MASTER_KEY": base64.b64encode(b"k" * 32).decode(),
            "PROOFCALL_ERASURE_KEYS": str(erasure_folder()),
            "PROOFCALL_TSA_URL": settings.tsa_url or "",
            "PROOFCALL_TSA_CA": str(settings.tsa_ca),
        },
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )


async def test_kill_9_in_the_middle_of_asking_loses_nothing(
    stamped: Stamped,
) -> None:
    """The authority hangs, the worker is killed, the next one asks again and keeps it once."""
    world, tsa = stamped.world, stamped.tsa
    hung = asyncio.Event()

    async def hang(_: bytes) -> web.StreamResponse:
        await hung.wait()
        return web.Response()

    tsa.answer = hang
    session_id = await stamped.sealed()
    settings = world.settings.model_copy(update={"database_url": stamped.url})
    jobs = await start_jobs(settings)
    try:
        await tsa.asked(1)
        os.kill(jobs.pid, signal.SIGKILL)
        await jobs.wait()
        tsa.answer = None
        jobs = await start_jobs(settings)
        async with asyncio.timeout(60):
            while await stamped.states(session_id) != ["kept", "waiting"]:
                await asyncio.sleep(0.1)
        assert len(tsa.queries) == 2
    finally:
        hung.set()
        if jobs.returncode is None:
            jobs.kill()
            await jobs.wait()
