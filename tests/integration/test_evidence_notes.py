"""Whose evidence waits for the store, or does not match, is told to them alone, and goes away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
import pytest_asyncio

from cases.states import Role
from cases.tables import EvidenceCheck
from infra.local.rgw import Rgw
from recorder.reconciling import Mismatch, MismatchKind
from tests.support.fault_store import FaultyStore, StoreFault
from tests.support.live import Browser, Json, Live, filming, running_live, until
from tests.support.rtp_peer import RtpPeer
from tests.support.seller import PASSWORD
from tests.support.tap_feed import encode_video

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.s3]

NOTHING = {"waiting": None, "mismatches": []}
ALL = "/api/v1/evidence-notes"
PICTURES = encode_video("h264", 60)


@dataclass(slots=True)
class Kept:
    """A machine, and the store that fails when told to."""

    live: Live
    store: FaultyStore


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kept(rgw: Rgw) -> AsyncIterator[Kept]:
    """Web here; media, recorder and uploader as processes, on a store that can fail."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", rgw.access_key)
        patch.setenv("AWS_SECRET_ACCESS_KEY", rgw.secret_key)
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        async with AsyncExitStack() as stack:
            store = await stack.enter_async_context(FaultyStore(rgw.endpoint).running())
            live = await stack.enter_async_context(
                running_live(store=f"s3://{rgw.make_bucket()}/evidence", s3_endpoint=store.url)
            )
            yield Kept(live, store)


async def signed_in(live: Live, browser: Browser, tenant: str, role: Role) -> None:
    """One of a tenant's people signs in."""
    actor = await live.seller.staff(role, tenant=tenant)
    body = {"email": f"{actor.staff_id}@example.com", "password": PASSWORD}
    await browser.ok("POST", "/api/login", body)


async def test_an_outage_is_told_to_those_whose_evidence_waits_until_it_is_over(
    kept: Kept,
) -> None:
    """Since when and how much, to the seller's admin and at the case; nobody else hears of it."""
    live = kept.live
    case_id, token = await live.invited()
    other_id, _ = await live.invited()
    of_case = f"/api/v1/cases/{case_id}/evidence-notes"
    async with AsyncExitStack() as stack:
        buyer, admin, agent, stranger = [
            await stack.enter_async_context(live.browser()) for _ in range(4)
        ]
        host = await stack.enter_async_context(live.host())
        await signed_in(live, admin, live.seller.lamp, Role.ADMIN)
        await signed_in(live, agent, live.seller.lamp, Role.AGENT)
        await signed_in(live, stranger, live.seller.shoes, Role.ADMIN)
        assert await admin.ok("GET", ALL) == NOTHING
        session_id = (await buyer.tap(token, RtpPeer()))["session"]["id"]
        await host.ok("POST", "/api/host/take", {"case_id": case_id})
        await host.host_join(session_id, RtpPeer())
        kept.store.fault = StoreFault.SLOW_DOWN
        async with filming(PICTURES, buyer.peers[0]):

            async def waits() -> Json | None:
                told = (await admin.ok("GET", ALL))["waiting"]
                return told if told and told["bytes"] else None

            told: Json = await until(waits, 40, "the admin is told")
        assert (told["sessions"], told["fault"]) == (1, "ours")
        at_case = (await agent.ok("GET", of_case))["waiting"]
        assert at_case["since"] == told["since"]
        assert await agent.ok("GET", f"/api/v1/cases/{other_id}/evidence-notes") == NOTHING
        assert await agent.refused("GET", ALL) == (403, "forbidden")
        assert await host.refused("GET", ALL) == (403, "forbidden")
        assert await stranger.ok("GET", ALL) == NOTHING
        assert (await stranger.refused("GET", of_case))[0] == 404
        async with admin.http.get("/metrics") as response:
            lines = (await response.text()).splitlines()
        mark = 'proofcall_store_outage_seconds{fault="ours"} '
        (lasted,) = [line for line in lines if line.startswith(mark)]
        assert float(lasted.split()[1]) > 0

        kept.store.fault = None
        end = {"outcome": "refund", "note": "Cracked.", "client_id": "e1"}
        await host.ok("POST", f"/api/sessions/{session_id}/end", end)

        async def over() -> bool:
            return await admin.ok("GET", ALL) == NOTHING

        await until(over, 40, "the note goes away by itself")
        spool = live.settings.spool_dir / session_id
        await until(lambda: not spool.exists(), 40, "everything is in the store")

        found = [Mismatch(MismatchKind.MISSING, "a"), Mismatch(MismatchKind.MISSING, "b")]
        await noted(live, session_id, found)
        shown = await admin.ok("GET", ALL)
        (one,) = shown["mismatches"]
        assert (one["case_id"], one["session_id"]) == (case_id, session_id)
        assert (one["mismatches"], one["kinds"]) == (2, ["missing"])
        assert await agent.ok("GET", of_case) == shown
        assert await stranger.ok("GET", ALL) == NOTHING
        await noted(live, session_id, [])
        assert await admin.ok("GET", ALL) == NOTHING


async def noted(live: Live, session_id: str, found: list[Mismatch]) -> None:
    """As the reconciler writes down what it found."""
    async with live.services.database.begin() as tx:
        row = await tx.get_one(EvidenceCheck, session_id)
        row.checked_at, row.mismatches = live.services.clock.now(), len(found)
        row.found = [{"kind": one.kind, "subject": one.subject} for one in found]
