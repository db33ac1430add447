"""A draining media worker takes nothing new, ends its own or has them moved, and leaves."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
import pytest_asyncio

from cases.tables import Session
from proofcall.machine import environment
from tests.support.live import Browser, Live, running_live, send_pictures, until
from tests.support.rtp_peer import Received, RtpPeer
from tests.support.tap_feed import encode_video

pytestmark = [pytest.mark.alone, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]

PICTURES = encode_video("h264", 90)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def live() -> AsyncIterator[Live]:
    """Web here; two media workers, recorder and uploader as processes."""
    roles = (("media", 0), ("media", 1), ("recorder", 0), ("uploader", 0))
    async with running_live(roles, drain_s=1.0) as running:
        await both_there(running)
        yield running


async def both_there(live: Live) -> None:
    """Two workers take calls."""

    def ready() -> bool:
        pool = live.services.media_pool
        return len(pool.places) == 2 and not pool.draining

    await until(ready, 30, "two open workers")


async def called(live: Live, buyer: Browser, host: Browser) -> tuple[str, str]:
    """A live session with media, and the worker it is on."""
    case_id, token = await live.invited()
    session_id: str = (await buyer.tap(token, RtpPeer()))["session"]["id"]
    await host.ok("POST", "/api/host/take", {"case_id": case_id})
    await host.host_join(session_id, RtpPeer())
    return session_id, await worker_of(live, session_id)


async def worker_of(live: Live, session_id: str) -> str:
    """Where a session has its media, ``""`` for nowhere."""
    async with live.services.database.read() as tx:
        return (await tx.get_one(Session, session_id)).media_worker or ""


async def admin(live: Live, *words: str) -> tuple[int, str]:
    """One ``proofcall admin`` command: exit status and what it printed."""
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "proofcall", "admin", *words),
        env=environment(live.settings),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await asyncio.wait_for(command.communicate(), 60)
    assert command.returncode is not None
    return command.returncode, printed.decode()


async def end(host: Browser, session_id: str) -> None:
    """The host ends the call."""
    await host.ok("POST", f"/api/sessions/{session_id}/end", {"client_id": "e"})


async def test_its_calls_end_in_peace_and_new_ones_go_elsewhere(live: Live) -> None:
    """People of its own calls may even come back to it; the last one leaves, and so does it."""
    async with (
        live.browser() as buyer,
        live.host() as host,
        live.browser() as second_buyer,
        live.host() as second_host,
    ):
        session_id, leaving = await called(live, buyer, host)
        heard = await buyer.socket(session_id=session_id)
        # The drain is not yet known to web when the next buyer taps: that costs nobody a call.
        status, printed = await admin(live, "drain", "--worker", leaving[-1])
        assert (status, printed) == (0, f"{leaving}: takes nothing new; calls 1, people 2\n")
        other_id, other = await called(live, second_buyer, second_host)
        assert other != leaving
        await until(lambda: live.services.media_pool.draining == {leaving})
        status, ready = await buyer.call("GET", "/readyz")
        assert (status, ready["draining"]) == (200, [leaving])
        old = buyer.peers[0]
        await buyer.fresh_peer(session_id)
        await old.close()
        assert await worker_of(live, session_id) == leaving
        before = len(host.peers[0].of_mid("1"))
        await send_pictures(buyer.peers[-1], PICTURES[:30])
        assert len(host.peers[0].of_mid("1")) > before + 20
        assert heard.of("peer.lost") == []
        assert live.processes[leaving].returncode is None
        await end(host, session_id)
        assert await asyncio.wait_for(live.processes[leaving].wait(), 10) == 0
        await send_pictures(second_buyer.peers[0], PICTURES[:10])
        assert len(second_host.peers[0].of_mid("1")) > 5
        await end(second_host, other_id)
    await live.start("media", int(leaving[-1]))
    await both_there(live)


async def test_at_the_limit_people_are_moved_without_losing_a_second(live: Live) -> None:
    """A fresh peer on the other worker; one recording, whose parts are less than 1 s apart."""
    async with live.browser() as buyer, live.host() as host:
        session_id, leaving = await called(live, buyer, host)
        arrivals: list[float] = []

        def note(packet: Received) -> None:
            arrivals.append(time.monotonic())

        host.peers[0].on_rtp = note

        async def page(browser: Browser) -> RtpPeer:
            """What a page does: hears that its peer is lost, replaces it, closes the old one."""
            heard = await browser.socket(session_id=session_id)
            await until(lambda: heard.of("peer.lost"), 20)
            old = browser.peers[0]
            fresh = RtpPeer()
            fresh.on_rtp = note if browser is host else None
            offer = {"offer": await fresh.offer(), "candidates": []}
            answer = await browser.ok("POST", f"/api/sessions/{session_id}/peer", offer)
            await fresh.accept(answer["peer"]["answer"])
            # From now on the camera feeds the fresh one.
            browser.peers.append(fresh)
            await old.close()
            return fresh

        async def film() -> None:
            for picture in PICTURES * 3:
                await send_pictures(buyer.peers[-1], [picture])
                await asyncio.sleep(1 / 30)

        pages = [asyncio.create_task(page(one)) for one in (buyer, host)]
        filming = asyncio.create_task(film())
        status, printed = await admin(
            live, "drain", "--worker", leaving[-1], "--limit", "0.5", "--wait"
        )
        assert status == 0, printed
        assert printed.endswith(f"{leaving}: has left\n")
        await asyncio.gather(filming, *pages)
        assert await worker_of(live, session_id) not in ("", leaving)
        assert await asyncio.wait_for(live.processes[leaving].wait(), 10) == 0
        widest_s = max(after - before for before, after in pairwise(arrivals))
        print(f"widest hole in what the host is sent: {widest_s * 1000:.0f} ms")
        await end(host, session_id)

        async def complete() -> object:
            shown = await host.ok("GET", f"/api/v1/sessions/{session_id}/timeline")
            return shown if shown["complete"] else None

        shown = await until(complete, 20)
        (recording,) = [r for r in shown["recordings"] if r["participant"]["role"] == "buyer"]
        assert recording["duration_ms"] > 6_000
        mine = [g for g in shown["gaps"] if g["recording_id"] == recording["recording_id"]]
        print("gaps:", [(g["cause"], g["to_ms"] - g["from_ms"]) for g in mine])
        assert sum(g["to_ms"] - g["from_ms"] for g in mine) < 1_000
        assert [event for event in shown["events"] if event["kind"] == "peer_lost"] == []
    await live.start("media", int(leaving[-1]))
    await both_there(live)


async def test_sigterm_in_a_container_is_a_drain_with_a_limit(live: Live) -> None:
    """With ``drain_s`` the process goes on serving its call, and the second signal is the end."""
    async with live.browser() as buyer, live.host() as host:
        session_id, leaving = await called(live, buyer, host)
        heard = await buyer.socket(session_id=session_id)
        process = live.processes[leaving]
        process.send_signal(signal.SIGTERM)
        await until(lambda: live.services.media_pool.draining == {leaving})
        assert process.returncode is None
        await until(lambda: heard.of("peer.lost"), 10, "the limit of one second")
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 10) == 0
        await end(host, session_id)
    await live.start("media", int(leaving[-1]))
    await both_there(live)


async def test_a_machine_that_leaves_is_not_ready_and_refuses_in_plain_words(live: Live) -> None:
    """All workers drained: 503 ``draining`` for the balancer, ``media_unavailable`` for people."""
    async with live.browser() as buyer, live.host() as host:
        session_id, _ = await called(live, buyer, host)
        status, printed = await admin(live, "drain", "--limit", "60")
        assert (status, printed.count("takes nothing new")) == (0, 2)
        pool = live.services.media_pool

        async def not_ready() -> bool:
            status, ready = await buyer.call("GET", "/readyz")
            return status == 503 and ready["status"] in ("draining", "not_ready")

        await until(not_ready)
        async with live.browser() as late:
            _, token = await live.invited()
            offer = await RtpPeer().offer()
            consent = {"version": "", "locale": "en"}
            shown = await late.ok("GET", f"/api/join/{token}")
            consent["version"] = shown["consent"]["version"]
            body = {"consent": consent, "locale": "en", "offer": offer, "candidates": []}
            assert await late.refused("POST", f"/api/join/{token}", body) == (
                503,
                "media_unavailable",
            )
            assert (await late.ok("GET", f"/api/join/{token}"))["session"] is None
        # The call in progress goes on, also through a reload.
        await buyer.fresh_peer(session_id)
        assert len(pool.draining) >= 1
        await end(host, session_id)
        for name in ("media-0", "media-1"):
            assert await asyncio.wait_for(live.processes[name].wait(), 10) == 0
    for index in (0, 1):
        await live.start("media", index)
    await both_there(live)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("drain", "--worker", "7"), "media-7 is not running here"),
        (("drain", "--limit", "-1"), "--limit"),
    ],
)
async def test_a_wrong_order_is_refused_in_one_line(
    live: Live, words: tuple[str, ...], said: str
) -> None:
    """Nothing is drained by a typing error."""
    status, printed = await admin(live, *words)
    assert status == 2
    assert said in printed
    assert live.services.media_pool.draining == frozenset()


async def test_each_process_answers_its_health_check(live: Live) -> None:
    """The command that the containers run: 0 for the living, 1 for the dead."""
    for words in (("media", "--index", "1"), ("recorder",), ("uploader",)):
        status, printed = await admin(live, "health", *words)
        assert (status, printed) == (0, f"{words[0]} answers\n")
    await live.kill("uploader-0")
    for words in (("uploader",), ("jobs",), ("media", "--index", "9"), ("web",)):
        status, printed = await admin(live, "health", *words)
        assert status == 1, printed
    await live.start("uploader")
