"""Somebody sets the machine's clock during a call: no hour is missing, none is told twice."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import cast

import pytest
import pytest_asyncio

from tests.support.filmed_call import filmed, whole
from tests.support.live import Browser, Json, Live, until
from tests.support.machine import Machine, running_machine
from tests.support.machine_clock import MachineClock, turnable_clock
from tests.support.servers import start_or_skip

pytestmark = [pytest.mark.alone, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(400)]

HOUR_S = 3_600
TAKEN_OVER_WITHIN_S = 45.0
"""The slow sweep looks every half minute."""


@dataclass(frozen=True, slots=True)
class Stepped:
    """A machine and its clock."""

    machine: Machine
    clock: MachineClock

    def browser(self) -> Browser:
        """A browser with no cookies."""
        return Browser(cast("Live", self.machine))

    async def invited(self) -> tuple[str, str]:
        """A case and its link's token."""
        opened = await self.machine.open_case()
        return opened["case"]["id"], opened["join_url"].rpartition("/")[2]

    async def ahead_s(self) -> float:
        """How far the machine's pages are ahead of the real time."""
        before_s = time.time()
        opened = await self.machine.open_case()
        made_s = datetime.fromisoformat(opened["case"]["created_at"]).timestamp()
        # Without a step it lies within the request, which may last on a busy machine.
        return made_s - min(max(made_s, before_s), time.time())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stepped() -> AsyncIterator[Stepped]:
    """A whole machine, each of whose processes believes the clock that a test sets."""
    with tempfile.TemporaryDirectory(prefix="pc-clock-") as made, ExitStack() as stack:
        folder = Path(made)
        clock = start_or_skip(lambda: stack.enter_context(turnable_clock(folder)))
        async with running_machine(folder / "data", min_free_bytes=0) as machine:
            yield Stepped(machine, clock)


@pytest.mark.parametrize("step_s", [HOUR_S, -HOUR_S])
async def test_an_hour_set_during_a_call_is_neither_missing_nor_told(
    stepped: Stepped, step_s: int
) -> None:
    """Recording, log, presence and tokens go on as if nothing had been; then the clock is taken."""
    stepped.clock.set(0)
    await until(lambda: _is_near(stepped, 0), TAKEN_OVER_WITHIN_S, "the real time")
    began_s = time.time()
    buyer, host = stepped.browser(), stepped.browser()
    try:
        person = stepped.machine.people["inspector"]
        signed = {"email": person["email"], "password": person["password"]}
        await host.ok("POST", "/api/login", signed)
        await host.agree()
        case_id, token = await stepped.invited()
        async with filmed(buyer, host, case_id, token) as call:
            assert (await call.writes(1))["ok"]
            stepped.clock.set(step_s)
            await call.flows(5)
            assert (await call.writes(2))["ok"]
            # Cookies, the link's token and the ticket of a fresh peer are still good.
            shown = await buyer.ok("GET", f"/api/join/{token}")
            assert shown["session"]["id"] == call.session_id
            await buyer.fresh_peer(call.session_id)
            call.buyer_socket = await buyer.socket(session_id=call.session_id)
            await call.flows(3)
            assert abs(await stepped.ahead_s()) < 5, "not while a call goes on"
            assert (await call.writes(3))["ok"]
            # Longer than it takes for somebody silent to count as away.
            await call.flows(8)
            call.nobody_was_dropped()
            timeline = await whole(call, causes={"packet_loss"})
        _lasts_no_longer_than(timeline, time.time() - began_s)
        await until(lambda: _is_near(stepped, step_s), TAKEN_OVER_WITHIN_S, "it is taken over")
        # The person who was signed in still is, and the next call comes about.
        case_id, token = await stepped.invited()
        late = stepped.browser()
        try:
            async with filmed(late, host, case_id, token) as call:
                await call.flows(1)
                assert (await whole(call, causes=set()))["gaps"] == []
        finally:
            await late.close()
    finally:
        await buyer.close()
        await host.close()


async def _is_near(stepped: Stepped, ahead_s: int) -> bool:
    await asyncio.sleep(1)
    return abs(await stepped.ahead_s() - ahead_s) < 5


def _lasts_no_longer_than(timeline: Json, real_s: float) -> None:
    """Everything has its time within so many seconds, in order, and nobody was called away."""
    assert timeline["end_ms"] - timeline["start_ms"] < real_s * 1000 + 2_000
    for gap in timeline["gaps"]:
        assert gap["to_ms"] - gap["from_ms"] < 1_000, gap
    # What is written after the end (photographs, seals) may be by the clock that was set.
    kinds = [event["kind"] for event in timeline["events"]]
    during = timeline["events"][: kinds.index("ended") + 1]
    times = [datetime.fromisoformat(event["at"]) for event in during]
    assert all(after >= before for before, after in pairwise(times))
    assert (times[-1] - times[0]).total_seconds() < real_s + 2, list(
        zip(kinds, times, strict=False)
    )
    said = [e["payload"]["text"] for e in timeline["events"] if e["kind"] == "message"]
    assert said == ["Message 1", "Message 2", "Message 3"]
    assert not [
        e
        for e in timeline["events"]
        if e["kind"] == "presence" and e["payload"].get("presence") == "away"
    ]
