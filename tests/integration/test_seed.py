"""A seeded database is one that the use cases could have written: chains, keys, words, figures."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from cases import log
from cases.actor import KeyActor
from cases.case_filter import CaseFilter
from cases.case_list import list_cases
from cases.case_text import text_of, texts_of
from cases.case_words import index_missing
from cases.database import Database
from cases.keys import KeyRing
from cases.log import LogKind
from cases.seed_words import GOODS
from cases.states import CaseState, Scope
from cases.tables import Case, CaseFigure, CaseWords, Event, Session, Tenant
from proofcall.seed import seed_database
from runtime.errors import SetupError
from runtime.ids import TenantId
from runtime.settings import Settings

CASES, EVENTS, TENANTS = 120, 2_400, 6


@pytest.fixture(params=["sqlite", "postgresql"])
async def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings whose database was seeded."""
    url = None
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").fresh_database()
    made = Settings.model_validate({"data": tmp_path, "database_url": url})
    await asyncio.to_thread(_seed, made)
    return made


def _seed(settings: Settings) -> str:
    return seed_database(settings, cases=CASES, events=EVENTS, tenants=TENANTS, seed=7)


async def test_what_was_seeded_is_whole_and_found(settings: Settings) -> None:
    """Exactly as much as asked for, every log verified with its key, every case findable."""
    database, keys = Database(settings.database), KeyRing.load(settings)
    try:
        async with database.read() as tx:
            count = {
                table: await tx.scalar(select(func.count()).select_from(table))
                for table in (Case, Event, Tenant, CaseFigure, CaseWords)
            }
            assert count == {
                Case: CASES, Event: EVENTS, Tenant: TENANTS, CaseFigure: CASES, CaseWords: CASES,
            }  # fmt: skip
            cases = (await tx.scalars(select(Case).order_by(Case.id))).all()
            for case in cases[::7]:
                key = await keys.case_key(tx, case.id)
                await log.verify(tx, log=LogKind.CASE, subject_id=case.id, key=key)
            for session_id in (await tx.scalars(select(Session.id).limit(20))).all():
                key = await keys.session_key(tx, session_id)
                await log.verify(tx, log=LogKind.SESSION, subject_id=session_id, key=key)
            for tenant_id in (await tx.scalars(select(Tenant.id))).all():
                key = await keys.tenant_key(tx, tenant_id)
                await log.verify(tx, log=LogKind.ACCESS, subject_id=tenant_id, key=key)
            for case in cases[::29]:
                text = await text_of(tx, keys, case)
                actor = KeyActor("apk_1", TenantId(case.tenant_id), frozenset(Scope))
                for words in (case.order_number, text.buyer_email, text.claim_words):
                    wanted = CaseFilter(words=words, limit=100)
                    page = await list_cases(tx, keys, actor, wanted)
                    assert case.id in {one["id"] for one in page.items}, words
        # What the use cases would keep for these cases is what was written for them.
        assert await index_missing(database, keys) == 0
    finally:
        await database.close()


async def test_words_are_those_that_the_desk_would_keep(settings: Settings) -> None:
    """Looked through anew, each case has the very same terms."""
    database, keys = Database(settings.database), KeyRing.load(settings)
    try:
        async with database.begin() as tx:
            rows = (await tx.execute(select(CaseWords.case_id, CaseWords.terms))).all()
            seeded = {row.case_id: row.terms for row in rows}
            await tx.execute(text("DELETE FROM case_words"))
        assert await index_missing(database, keys) == CASES
        async with database.read() as tx:
            rows = (await tx.execute(select(CaseWords.case_id, CaseWords.terms))).all()
            assert {row.case_id: row.terms for row in rows} == seeded
    finally:
        await database.close()


async def test_a_platform_is_uneven_and_speaks_five_languages(settings: Settings) -> None:
    """A few big tenants, cases at every turn of their lives, none in the middle of a call."""
    database = Database(settings.database)
    try:
        async with database.read() as tx:
            cases = (await tx.scalars(select(Case))).all()
    finally:
        await database.close()
    sizes = Counter(case.tenant_id for case in cases).most_common()
    assert sizes[0][1] > 3 * sizes[-1][1]
    assert {case.buyer_locale for case in cases} == set(GOODS)
    states = {case.state for case in cases}
    assert {CaseState.CLOSED, CaseState.INSPECTION_OFFERED} < states
    assert not states & {CaseState.LIVE, CaseState.WAITING}


async def test_the_same_seed_tells_the_same_and_twice_is_refused(tmp_path: Path) -> None:
    """Names, claims and orders come again; keys never do."""
    told = []
    for name in "ab":
        settings = Settings.model_validate({"data": tmp_path / name})
        settings.data.mkdir()
        await asyncio.to_thread(_seed, settings)
        database, keys = Database(settings.database), KeyRing.load(settings)
        async with database.read() as tx:
            cases = (await tx.scalars(select(Case).order_by(Case.id))).all()
            texts = await texts_of(tx, keys, cases)
        await database.close()
        told.append([(texts[one.id], one.order_number) for one in cases])
        assert len({one.wrapped_key for one in cases}) == CASES
    assert told[0] == told[1]
    assert len({text.buyer_name for text, _ in told[0]}) > 10
    with pytest.raises(SetupError, match="seeded with --seed 7 before"):
        await asyncio.to_thread(_seed, settings)
