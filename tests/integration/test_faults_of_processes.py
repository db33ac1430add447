"""Each part is killed or cut off during a call: the call goes on, and the evidence is whole."""

from __future__ import annotations

import asyncio
import sqlite3
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
import socketio
from sqlalchemy import select

from cases.tables import Manifest
from infra.local.postgres import Postgres
from infra.local.redis import Redis
from infra.local.rgw import Rgw
from tests.support.filmed_call import Filming, filmed, whole
from tests.support.live import CONSENT, Json, Live, running_live, until
from tests.support.rtp_peer import RtpPeer
from tests.support.tcp_gate import Door, TcpGate, gate_before

pytestmark = [pytest.mark.alone, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]

PREVIEW = b64encode(b"\xff\xd8\xff preview").decode()


@asynccontextmanager
async def filming(live: Live) -> AsyncIterator[Filming]:
    """A buyer and a host face to face, the buyer's camera on."""
    async with AsyncExitStack() as stack:
        buyer = await stack.enter_async_context(live.browser())
        host = await stack.enter_async_context(live.host())
        yield await stack.enter_async_context(filmed(buyer, host, *await live.invited()))


async def start_recorder(live: Live) -> None:
    """Start another recorder after the last was killed, and wait until web has found it."""
    await until(lambda: live.services.recorder.status is None, 10, "web misses the recorder")
    await live.start("recorder")
    await until(lambda: live.services.recorder.status is not None, 30, "web finds it again")


async def sealed(live: Live, call: Filming, *, causes: set[str]) -> Json:
    """``whole``, and sealed."""
    shown = await whole(call, causes=causes)
    await live.work(f"seal_session:{call.session_id}")
    return shown


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def live() -> AsyncIterator[Live]:
    """Web here on SQLite; media, recorder and uploader as processes."""
    async with running_live() as running:
        yield running


async def test_a_killed_recorder_costs_a_told_gap_and_the_call_nothing(live: Live) -> None:
    """Media flows on; one recording holds both parts and the gap between them."""
    async with filming(live) as call:
        await live.kill("recorder-0")
        await call.flows(2)
        assert (await call.writes(1))["ok"], "people go on writing"
        await start_recorder(live)
        await call.flows(4)
        call.nobody_was_dropped()
        shown = await sealed(live, call, causes={"recorder_lost", "tap_overflow"})
        gaps = [gap for gap in shown["gaps"] if gap["cause"] == "recorder_lost"]
        print("recorder killed:", [(g["cause"], g["to_ms"] - g["from_ms"]) for g in shown["gaps"]])
        assert len(gaps) <= 1


async def test_a_killed_uploader_costs_nothing(live: Live) -> None:
    """Evidence waits in the spool; the next uploader takes it up where the first was."""
    async with filming(live) as call:
        await call.flows(4)
        await live.kill("uploader-0")
        await call.flows(5)
        await live.start("uploader")
        await call.flows(1)
        call.nobody_was_dropped()
        shown = await sealed(live, call, causes=set())
        assert shown["gaps"] == []


async def test_a_web_that_is_away_for_a_while_costs_nothing(live: Live) -> None:
    """Media and recording go on without it; what was said before is there once."""
    async with filming(live) as call:
        assert (await call.writes(1))["ok"]
        await live.stop_web()
        await call.flows(5)
        await live.start_web()
        call.buyer_socket = await call.buyer.socket(session_id=call.session_id)
        call.host_socket = await call.host.socket(session_id=call.session_id)
        # The page cannot know whether the first arrived: it says it again.
        for number in (1, 2):
            assert (await call.writes(number))["ok"]
        await call.flows(4)
        call.nobody_was_dropped()
        shown = await sealed(live, call, causes=set())
        said = [e["payload"]["text"] for e in shown["events"] if e["kind"] == "message"]
        assert said == ["Message 1", "Message 2"]


async def test_a_locked_database_makes_people_wait_and_loses_nothing(live: Live) -> None:
    """Somebody holds SQLite's write lock for seconds: media flows, then all is caught up."""
    async with filming(live) as call:
        path = live.settings.data / "proofcall.db"
        with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
            await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
            saying = asyncio.create_task(call.writes(1))
            await call.flows(3)
            assert not saying.done()
            other.execute("ROLLBACK")
        assert (await saying)["ok"]
        await call.flows(1)
        call.nobody_was_dropped()
        shown = await sealed(live, call, causes=set())
        said = [e["payload"]["text"] for e in shown["events"] if e["kind"] == "message"]
        assert said == ["Message 1"]


async def test_a_disk_that_fills_up_refuses_new_calls_and_keeps_the_running_one(
    live: Live,
) -> None:
    """The recorder that comes back finds too little room: the call that it knows goes on."""
    roomy = live.settings
    async with filming(live) as call, live.browser() as late:
        await live.kill("recorder-0")
        live.settings = roomy.model_copy(update={"min_free_bytes": 2**62})
        await start_recorder(live)
        await call.flows(2)
        _, token = await live.invited()
        body = {"consent": CONSENT, "locale": "en", "offer": await RtpPeer().offer()}
        assert await late.refused("POST", f"/api/join/{token}", body) == (
            503,
            "recording_unavailable",
        )
        shown = await late.ok("GET", f"/api/join/{token}")
        assert (shown["state"], shown["session"]) == ("open", None), "nothing was begun"
        # The people of the call may even reload.
        await call.buyer.fresh_peer(call.session_id)
        call.nobody_was_dropped()
        await call.flows(1)
        await sealed(live, call, causes={"recorder_lost", "tap_overflow", "packet_loss"})
    await live.kill("recorder-0")
    live.settings = roomy
    await start_recorder(live)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def apart() -> AsyncIterator[Live]:
    """The same with the durable work in a process of its own."""
    roles = [(role, 0) for role in ("media", "recorder", "uploader", "jobs")]
    async with running_live(roles) as running:
        yield running


async def photographed(call: Filming, client_id: str) -> str:
    """The host takes a still of what they see; gives its id."""
    stamp = call.host.peers[-1].of_mid("1")[-1].timestamp
    body = {"client_id": client_id, "mid": "1", "rtp_timestamp": stamp, "preview": PREVIEW}
    path = f"/api/sessions/{call.session_id}/stills"
    still_id: str = (await call.host.ok("POST", path, body))["still_id"]
    return still_id


async def cut(call: Filming, still_id: str) -> None:
    """Wait until the photograph can be looked at."""

    async def there() -> bool:
        async with call.host.http.get(f"/api/v1/stills/{still_id}/image") as response:
            return response.status == 200

    await until(there, 30, "the still is cut")


async def jobs_up(call: Filming) -> float:
    """What ``/metrics`` says of the process."""
    async with call.host.http.get("/metrics") as response:
        lines = (await response.text()).splitlines()
    (up,) = [line for line in lines if line.startswith('proofcall_up{process="jobs"}')]
    return float(up.split()[1])


async def manifests(live: Live, call: Filming) -> int:
    """How often the session was sealed."""
    async with live.services.database.read() as tx:
        rows = await tx.scalars(select(Manifest).where(Manifest.session_id == call.session_id))
        return len(rows.all())


async def test_killed_jobs_make_a_still_wait_and_the_call_nothing(apart: Live) -> None:
    """What was ordered, or was under way when they died, is made once by the next."""
    async with filming(apart) as call:
        await until(lambda: jobs_up(call), 20, "the jobs are there")
        under_way = await photographed(call, "before")
        await apart.kill("jobs-0")
        ordered = await photographed(call, "meanwhile")
        await call.flows(4)

        async def missed() -> bool:
            return not await jobs_up(call)

        await until(missed, 10, "whoever runs the machine is told")
        status, ready = await call.host.call("GET", "/readyz")
        assert status == 200, f"newcomers are let in: {ready}"
        # The host goes on looking at what their browser showed.
        for still_id in (under_way, ordered):
            refused = await call.host.refused("GET", f"/api/v1/stills/{still_id}/image")
            assert refused == (409, "still_not_cut")
            async with call.host.http.get(f"/api/v1/stills/{still_id}/preview") as response:
                assert response.status == 200
        await apart.start("jobs")
        for still_id in (under_way, ordered):
            await cut(call, still_id)
        await call.flows(1)
        call.nobody_was_dropped()
        shown = await whole(call, causes=set())
        cuts = [e["payload"]["still_id"] for e in shown["events"] if e["kind"] == "still_cut"]
        assert sorted(cuts) == sorted([under_way, ordered]), "each once"
        await until(lambda: manifests(apart, call), 20, "sealed")


async def test_jobs_killed_between_hang_up_and_sealing_seal_once(apart: Live) -> None:
    """The order to seal is kept with the last fact: the next jobs process finds it."""
    async with filming(apart) as call:
        await until(lambda: jobs_up(call), 20, "the jobs are there")
        await call.flows(4)
        still_id = await photographed(call, "last")
        await apart.kill("jobs-0")
        call.nobody_was_dropped()
        # Complete without them: the evidence does not wait for the seal.
        shown = await whole(call, causes=set())
        assert [still["state"] for still in shown["stills"]] == ["wanted"]
        assert await manifests(apart, call) == 0
        await apart.start("jobs")
        await until(lambda: manifests(apart, call), 30, "sealed")
        await apart.kill("jobs-0")
        await apart.start("jobs")
        await until(lambda: jobs_up(call), 20, "the jobs are there again")
        await cut(call, still_id)
        assert await manifests(apart, call) == 1
        path = f"/api/v1/sessions/{call.session_id}/timeline"
        events = (await call.host.ok("GET", path))["events"]
        assert [e["kind"] for e in events].count("still_cut") == 1
        assert [e["kind"] for e in events].count("sealed") == 1


@dataclass(slots=True)
class Scaled:
    """The same on PostgreSQL, Redis and S3, each behind a door."""

    live: Live
    database: TcpGate
    redis: TcpGate
    store: TcpGate

    async def all_open(self) -> None:
        """As it was before the test before this one failed."""
        for gate in (self.database, self.redis, self.store):
            await gate.set(Door.OPEN)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scaled(postgres: Postgres, redis: Redis, rgw: Rgw) -> AsyncIterator[Scaled]:
    """Everything real, and every connection to it breakable."""
    database_url = postgres.fresh_database()
    bucket = rgw.make_bucket()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", rgw.access_key)
        patch.setenv("AWS_SECRET_ACCESS_KEY", rgw.secret_key)
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        async with AsyncExitStack() as stack:
            gates = {
                url: await stack.enter_async_context(gate_before(urlsplit(url).port or 0))
                for url in (database_url, redis.url, rgw.endpoint)
            }

            def through(url: str) -> str:
                return url.replace(f":{urlsplit(url).port}", f":{gates[url].port}")

            live = await stack.enter_async_context(
                running_live(
                    database_url=through(database_url),
                    redis_url=through(redis.url),
                    store=f"s3://{bucket}/evidence",
                    s3_endpoint=through(rgw.endpoint),
                )
            )
            yield Scaled(live, *gates.values())


async def eventually(act: Callable[[], Awaitable[Json]], what: str) -> None:
    """Repeat what a page repeats until it is acknowledged."""

    async def accepted() -> Any:
        try:
            return (await act()).get("ok")
        except (TimeoutError, socketio.exceptions.TimeoutError):
            return False

    await until(accepted, 40, what)


@pytest.mark.postgres
@pytest.mark.s3
@pytest.mark.parametrize("door", [Door.SHUT, Door.JAMMED])
async def test_a_database_that_is_away_stops_newcomers_only(scaled: Scaled, door: Door) -> None:
    """The call goes on; whoever would join is told; what was said then is kept once, later."""
    live = scaled.live
    await scaled.all_open()
    async with filming(live) as call, live.browser() as late:
        _, token = await live.invited()
        await scaled.database.set(door)
        saying = asyncio.create_task(eventually(lambda: call.writes(1), "said at last"))
        if door is Door.SHUT:
            status, code = await late.refused("GET", f"/api/join/{token}")
            assert (status, code) == (503, "database_unavailable")

            async def told() -> bool:
                status, ready = await late.call("GET", "/readyz")
                return status == 503 and ready["missing"] == ["database"]

            await until(told, 15, "what is missing")
            async with late.http.get("/metrics") as response:
                assert "proofcall_database_up 0.0" in await response.text()
        await call.flows(4)
        await scaled.database.set(Door.OPEN)
        await saying
        assert (await until(lambda: late.call("GET", f"/api/join/{token}"), 20))[0] == 200
        call.nobody_was_dropped()
        shown = await sealed(live, call, causes=set())
        said = [e["payload"]["text"] for e in shown["events"] if e["kind"] == "message"]
        assert said == ["Message 1"], "once, although it was said again and again"


@pytest.mark.postgres
@pytest.mark.s3
async def test_a_redis_that_is_away_delays_hints_only(scaled: Scaled) -> None:
    """What is said is kept; hints come again when Redis is back."""
    live = scaled.live
    await scaled.all_open()
    async with filming(live) as call:
        await scaled.redis.set(Door.SHUT)
        await eventually(lambda: call.writes(1), "said without Redis")
        await call.flows(3)
        await scaled.redis.set(Door.OPEN)
        await call.flows(1)

        async def heard() -> bool:
            await call.writes(2)
            texts = [e["payload"].get("text") for e in call.host_socket.of("event")]
            return "Message 2" in texts

        await call.writes(2)
        events = await call.host.ok("GET", f"/api/sessions/{call.session_id}/events?after=0")
        said = [e["payload"]["text"] for e in events["events"] if e["kind"] == "message"]
        assert said == ["Message 1", "Message 2"], "asking for what one misses finds all"
        call.nobody_was_dropped()
        await sealed(live, call, causes=set())


@pytest.mark.postgres
@pytest.mark.s3
@pytest.mark.parametrize("door", [Door.SHUT, Door.BUSY, Door.JAMMED])
async def test_a_store_that_is_away_or_refuses_loses_nothing(scaled: Scaled, door: Door) -> None:
    """Evidence waits in the spool with its age told, and goes when the store is back."""
    live = scaled.live
    await scaled.all_open()
    async with filming(live) as call:
        await call.flows(1)
        await scaled.store.set(door)
        await call.flows(7)

        async def waits() -> bool:
            async with call.host.http.get("/metrics") as response:
                lines = (await response.text()).splitlines()
            (depth,) = [x for x in lines if x.startswith("proofcall_spool_segments ")]
            return float(depth.split()[1]) >= 1

        await until(waits, 10, "a segment waits")
        await scaled.store.set(Door.OPEN)
        call.nobody_was_dropped()
        shown = await sealed(live, call, causes=set())
        assert shown["gaps"] == []
