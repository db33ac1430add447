"""The impaired network is as bad as it says, measured from within it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import statistics
import struct
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web

from runtime.errors import SetupError
from tests.support.network_bed import NetworkBed, network_bed, refuse_without_rights
from tests.support.network_line import OPEN, profile
from tests.support.servers import missing_part

pytestmark = [pytest.mark.alone, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(60)]

ROOT = Path(__file__).resolve().parents[2]
HOLD_A_BED = """
import asyncio
from tests.support.network_bed import network_bed
async def hold():
    async with network_bed() as bed:
        print(bed.network, flush=True)
        await asyncio.sleep(60)
asyncio.run(hold())
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared() -> AsyncIterator[NetworkBed]:
    """One bed for the tests that only set it."""
    try:
        refuse_without_rights()
    except SetupError as error:
        missing_part(str(error))
    async with network_bed() as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def bed(shared: NetworkBed) -> AsyncIterator[NetworkBed]:
    """The bed, open again after each test."""
    yield shared
    await shared.lighten()
    await shared.apply(OPEN)


async def ping_ms(bed: NetworkBed, count: int, *, every_s: float, wait_s: float) -> list[float]:
    """Round trips of those ICMP echoes that came back; the kernel answers at the other end."""
    loop = asyncio.get_running_loop()
    with await bed.socket(socket.SOCK_RAW, socket.IPPROTO_ICMP) as pinger:
        pinger.setblocking(False)
        pinger.connect((bed.server, 0))
        took_ms: list[float] = []

        def heard() -> None:
            packet = pinger.recv(2048)
            if packet[20] == 0:
                (sent_s,) = struct.unpack("!d", packet[28:36])
                took_ms.append((time.monotonic() - sent_s) * 1000)

        loop.add_reader(pinger, heard)
        try:
            for number in range(count):
                echo = struct.pack("!BBHHHd", 8, 0, 0, 7, number, time.monotonic()) + bytes(20)
                pinger.send(echo[:2] + struct.pack("!H", checksum(echo)) + echo[4:])
                await asyncio.sleep(every_s)
            await asyncio.sleep(wait_s)
        finally:
            loop.remove_reader(pinger)
    return took_ms


def checksum(packet: bytes) -> int:
    """RFC 1071."""
    total: int = sum(struct.unpack(f"!{len(packet) // 2}H", packet))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


async def flood(sender: socket.socket, receiver: socket.socket, to: tuple[str, int]) -> float:
    """Send 1,000 bytes every 4 ms, 2 Mb/s, for two seconds; gives the rate received, bit/s."""
    loop = asyncio.get_running_loop()
    receiver.setblocking(False)
    arrivals: list[float] = []

    def heard() -> None:
        receiver.recv(2048)
        arrivals.append(time.monotonic())

    loop.add_reader(receiver, heard)
    try:
        for _ in range(500):
            sender.sendto(bytes(972), to)
            await asyncio.sleep(0.004)
        await asyncio.sleep(0.3)
    finally:
        loop.remove_reader(receiver)
    # The first second fills the queue, which then stands at its limit.
    counted = [at for at in arrivals if at >= arrivals[0] + 0.5][:-1]
    return (len(counted) - 1) * 1000 * 8 / (counted[-1] - counted[0])


async def test_400_ms_of_round_trip_are_400_ms(bed: NetworkBed) -> None:
    """3G's round trip, without its losses, to within 5 ms."""
    await bed.apply(profile("long", rtt_ms=400))
    took_ms = await ping_ms(bed, 60, every_s=0.02, wait_s=0.6)
    assert len(took_ms) == 60
    assert abs(statistics.median(took_ms) - 400) <= 5, sorted(took_ms)


async def test_an_open_bed_adds_next_to_nothing(bed: NetworkBed) -> None:
    """Less than 2 ms there and back: what is measured through it is not the bed's."""
    took_ms = await ping_ms(bed, 60, every_s=0.01, wait_s=0.1)
    assert len(took_ms) == 60
    assert statistics.median(took_ms) <= 2, sorted(took_ms)


async def test_jitter_varies_the_round_trip_by_what_was_asked(bed: NetworkBed) -> None:
    """20–60 ms with up to 20 ms more in either direction."""
    await bed.apply(profile("jittery", rtt_ms=20, jitter_ms=20))
    took_ms = await ping_ms(bed, 100, every_s=0.03, wait_s=0.2)
    assert min(took_ms) >= 20
    assert 34 <= statistics.median(took_ms) <= 46
    assert statistics.stdev(took_ms) > 5


async def test_packets_are_lost_as_often_as_asked_in_each_direction(bed: NetworkBed) -> None:
    """With 10 % each way 81 % of the echoes come back."""
    await bed.apply(profile("lossy", loss=0.1))
    came_back = len(await ping_ms(bed, 1000, every_s=0.001, wait_s=0.2))
    assert 760 <= came_back <= 860


@pytest.mark.parametrize("direction", ["up", "down"])
async def test_the_rate_is_the_one_asked_for(bed: NetworkBed, direction: str) -> None:
    """400 kb/s come through of 2 Mb/s, in the direction that is narrow."""
    rates = {"up_bps": 400e3} if direction == "up" else {"down_bps": 400e3}
    await bed.apply(profile("narrow", queue_ms=200, **rates))
    with (
        await bed.socket(socket.SOCK_DGRAM) as person,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server,
    ):
        person.bind((bed.address, 0))
        server.bind((bed.server, 0))
        sender, receiver = (person, server) if direction == "up" else (server, person)
        rate_bps = await flood(sender, receiver, receiver.getsockname())
    assert rate_bps == pytest.approx(400e3, rel=0.05)


async def test_nothing_passes_in_a_blackout_and_all_passes_after_it(bed: NetworkBed) -> None:
    """Not even what was on its way when it began."""
    await bed.apply(profile("long", rtt_ms=200))
    pinging = asyncio.create_task(ping_ms(bed, 10, every_s=0.005, wait_s=0.5))
    await asyncio.sleep(0.1)
    ended_ms = await bed.blackout(0.6)
    assert abs(ended_ms - time.time() * 1000) < 500
    assert await pinging == []
    assert len(await ping_ms(bed, 10, every_s=0.005, wait_s=0.4)) == 10


async def test_a_person_who_roams_has_another_address_only(bed: NetworkBed) -> None:
    """Servers see the new address; a socket bound to the old one reaches nobody."""
    before = bed.address
    with (
        await bed.socket(socket.SOCK_DGRAM) as kept,
        await bed.socket(socket.SOCK_DGRAM) as fresh,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server,
    ):
        server.bind((bed.server, 0))
        server.settimeout(2)
        kept.bind((before, 0))
        await bed.roam(gap_s=0.2)
        with pytest.raises(OSError, match=r"unreachable|Invalid argument"):
            kept.sendto(b"from the old address", server.getsockname())
        fresh.sendto(b"from the new address", server.getsockname())
        heard, sender = await asyncio.to_thread(server.recvfrom, 2048)
    assert heard == b"from the new address"
    assert sender[0] == bed.address != before


async def test_two_people_have_networks_of_their_own(bed: NetworkBed) -> None:
    """One's delay is not the other's, and a packet between them takes both ways."""
    async with network_bed(profile("long", rtt_ms=100)) as other:
        assert other.network != bed.network
        took_ms = statistics.median(await ping_ms(bed, 20, every_s=0.01, wait_s=0.1))
        other_ms = statistics.median(await ping_ms(other, 20, every_s=0.01, wait_s=0.3))
        with (
            await bed.socket(socket.SOCK_DGRAM) as sender,
            await other.socket(socket.SOCK_DGRAM) as receiver,
        ):
            receiver.bind((other.address, 0))
            receiver.settimeout(2)
            sent_s = time.monotonic()
            sender.sendto(b"to you", receiver.getsockname())
            heard, who = await asyncio.to_thread(receiver.recvfrom, 2048)
            between_ms = (time.monotonic() - sent_s) * 1000
    assert took_ms < 5
    assert abs(other_ms - 100) <= 5
    assert (heard, who[0]) == (b"to you", bed.address)
    assert 50 <= between_ms < 100


async def test_nobody_outside_is_reached_from_within(bed: NetworkBed) -> None:
    """A packet to an address that is no test's own ends at the wire, even one of this machine."""
    with (
        await bed.socket(socket.SOCK_DGRAM) as person,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server,
    ):
        server.bind(("0.0.0.0", 0))
        server.settimeout(1)
        port = server.getsockname()[1]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outside:
            # No packet is sent: it only asks which address this machine would use.
            outside.connect(("192.0.2.1", 9))
            own = outside.getsockname()[0]
        person.sendto(b"out", (own, port))
        person.sendto(b"in", (bed.server, port))
        heard, _ = await asyncio.to_thread(server.recvfrom, 2048)
    assert heard == b"in"


async def test_nothing_is_left_of_a_bed_whose_test_was_killed(bed: NetworkBed) -> None:
    """The device goes although nobody took it away."""
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLD_A_BED, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert holder.stdout is not None
    network = (await asyncio.wait_for(holder.stdout.readline(), 20)).decode().strip()
    assert addressed(f"{network}.1")
    os.kill(holder.pid, signal.SIGKILL)
    await holder.wait()
    async with asyncio.timeout(5):
        while addressed(f"{network}.1"):
            await asyncio.sleep(0.05)


def addressed(address: str) -> bool:
    """Whether this machine has the address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


@pytest.mark.browser
@pytest.mark.usefixtures("chromium_binary")
async def test_chromium_inside_may_use_cameras_and_feels_the_network(bed: NetworkBed) -> None:
    """A page of the server is a secure context, and its requests take the round trip."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><title>p</title>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, bed.server, 0)
    await site.start()
    try:
        url = "http://{}:{}".format(*runner.addresses[0])
        async with bed.chromium(secure=url) as browser:
            page = await browser.open(url)
            await bed.apply(profile("long", rtt_ms=300))
            secure, took_ms = await page.evaluate(
                """async () => {
                  await fetch("/");
                  const since = performance.now();
                  await fetch("/", { cache: "no-store" });
                  const took = performance.now() - since;
                  const stream = await navigator.mediaDevices.getUserMedia({ video: true });
                  return [isSecureContext && stream.active, took];
                }"""
            )
    finally:
        await runner.cleanup()
    assert secure
    assert 300 <= took_ms < 600


async def test_a_nat_that_forgets_gives_the_same_socket_another_port(bed: NetworkBed) -> None:
    """What comes to the port from before reaches nobody; answers to the new one arrive."""
    loop = asyncio.get_running_loop()
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server,
        await bed.socket(socket.SOCK_DGRAM) as client,
    ):
        server.bind((bed.server, 0))
        for one in (server, client):
            one.setblocking(False)
        seen = []
        for text in (b"one", b"two", b"three"):
            await loop.sock_sendto(client, text, server.getsockname())
            heard, where = await asyncio.wait_for(loop.sock_recvfrom(server, 100), 5)
            assert heard == text
            seen.append(where)
            if text == b"one":
                assert where[1] == client.getsockname()[1], "open until then"
                await bed.rebind()
        assert seen[0] != seen[1] == seen[2]
        await loop.sock_sendto(server, b"to the old one", seen[0])
        await loop.sock_sendto(server, b"to the new one", seen[1])
        assert await asyncio.wait_for(loop.sock_recv(client, 100), 5) == b"to the new one"
