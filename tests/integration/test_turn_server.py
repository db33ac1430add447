"""Real coturn with the shipped configuration, attacked: it relays to the media server only."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack

import pytest
import pytest_asyncio

from infra.local.coturn import START, Coturn, start
from signaling.turn import turn_password
from tests.support.namespaces import inside_own_network
from tests.support.servers import running_server, start_or_skip
from tests.support.turn_client import TCP, TurnClient

FORBIDDEN_V4 = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.168.1.1",
    "8.8.8.8",
    "224.0.0.1",
    "239.255.255.255",
    "255.255.255.255",
]
FORBIDDEN_V6 = [
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "fe80::1",
    "fd00::ffff",
    "2001:db8::1",
    "ff02::1",
]
_names = iter(range(1_000_000))


@pytest.fixture(scope="module")
def coturn() -> Iterator[Coturn]:
    """A server in a network of its own, with an IPv6 address whatever this host has."""
    with ExitStack() as stack:
        own = inside_own_network("192.168.77.2/24", "fd00:77::2/64")
        start_or_skip(lambda: stack.enter_context(own))
        yield stack.enter_context(running_server(start))


@pytest_asyncio.fixture
async def opened(coturn: Coturn) -> AsyncIterator[list[TurnClient]]:
    """Clients to be closed at the end."""
    clients: list[TurnClient] = []
    yield clients
    for client in clients:
        await client.close()


async def client_of(
    coturn: Coturn, opened: list[TurnClient], *, expires_in_s: int = 600, name: str | None = None
) -> TurnClient:
    """A client with credentials as web issues them, of somebody new unless named."""
    username = f"{int(time.time()) + expires_in_s}:{name or f'someone{next(_names)}'}"
    password = turn_password(coturn.secret, username)
    client = await TurnClient.open(coturn.host, coturn.port, username, password)
    opened.append(client)
    return client


async def test_it_relays_to_the_media_server(coturn: Coturn, opened: list[TurnClient]) -> None:
    """Otherwise everything below would prove nothing."""
    for own in coturn.relay_ips:
        client = await client_of(coturn, opened)
        family = 6 if ":" in own else 4
        assert (await client.allocate(family=family)).error == 0
        assert (await client.permit(own)).error == 0
        assert (await client.bind_channel(own)).error == 0


@pytest.mark.parametrize("peer", FORBIDDEN_V4 + FORBIDDEN_V6)
async def test_nobody_else_is_reached_over_ipv4(
    coturn: Coturn, opened: list[TurnClient], peer: str
) -> None:
    """Permission, channel and TCP connection are refused, however the address is written."""
    client = await client_of(coturn, opened)
    assert (await client.allocate()).error == 0
    await refuses(client, peer)


@pytest.mark.parametrize("peer", FORBIDDEN_V6 + FORBIDDEN_V4)
async def test_nobody_else_is_reached_over_ipv6(
    coturn: Coturn, opened: list[TurnClient], peer: str
) -> None:
    """Not by IPv4-mapped addresses either (CVE-2026-27624), nor by those with IPv4 inside."""
    client = await client_of(coturn, opened)
    assert (await client.allocate(family=6)).error == 0
    await refuses(client, peer)
    for own in coturn.relay_ips:
        if ":" not in own:
            await refuses(client, f"::ffff:{own}")


async def refuses(client: TurnClient, peer: str) -> None:
    """403 (forbidden) or 443 (not of this allocation's family) to every way of asking."""
    assert (await client.permit(peer)).error in (403, 443)
    assert (await client.bind_channel(peer)).error in (403, 443)
    assert (await client.connect(peer)).error in (403, 443)


async def test_what_is_sent_without_a_permission_does_not_arrive(
    coturn: Coturn, opened: list[TurnClient]
) -> None:
    """Neither at loopback, nor at the media server before it was asked for."""
    loop = asyncio.get_running_loop()
    own = next(address for address in coturn.relay_ips if ":" not in address)
    heard: list[bytes] = []

    class Listener(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: object) -> None:
            heard.append(data)

    transport, _ = await loop.create_datagram_endpoint(Listener, local_addr=("0.0.0.0", 0))
    port = transport.get_extra_info("sockname")[1]
    client = await client_of(coturn, opened)
    assert (await client.allocate()).error == 0
    client.send("127.0.0.1", port, b"loopback")
    client.send("::ffff:127.0.0.1", port, b"mapped")
    client.send(own, port, b"too early")
    assert (await client.permit(own)).error == 0
    client.send(own, port, b"allowed")
    async with asyncio.timeout(5):
        while b"allowed" not in heard:
            await asyncio.sleep(0.01)
    transport.close()
    assert heard == [b"allowed"]


async def test_credentials_that_are_not_ours_are_refused(
    coturn: Coturn, opened: list[TurnClient]
) -> None:
    """Expired, of another secret, with a later expiry put in front, or of a stored user."""
    now = int(time.time())
    stolen = f"{now - 5}:someone"
    cases = {
        "expired": (stolen, turn_password(coturn.secret, stolen)),
        "expiry put off": (f"{now + 600}:someone", turn_password(coturn.secret, stolen)),
        "another secret": (
            f"{now + 600}:someone",
            turn_password("a-guess-of-the-secret", f"{now + 600}:someone"),
        ),
        "the secret itself": (f"{now + 600}:someone", coturn.secret),
        "a stored user": ("proofcall", "proofcall"),
        "nobody": ("", ""),
    }
    for name, (username, password) in cases.items():
        client = await TurnClient.open(coturn.host, coturn.port, username, password)
        opened.append(client)
        assert (await client.allocate()).error == 401, name


async def test_a_relayed_call_outlives_its_credentials(
    coturn: Coturn, opened: list[TurnClient]
) -> None:
    """They may be short-lived: what has been allocated can still be refreshed."""
    username = f"{int(time.time()) + 2}:patient"
    password = turn_password(coturn.secret, username)

    async def newcomer() -> TurnClient:
        opened.append(await TurnClient.open(coturn.host, coturn.port, username, password))
        return opened[-1]

    client = await newcomer()
    assert (await client.allocate()).error == 0
    async with asyncio.timeout(10):
        while (await (await newcomer()).allocate()).error != 401:
            await asyncio.sleep(0.3)
    assert (await client.refresh(600)).error == 0
    own = next(address for address in coturn.relay_ips if ":" not in address)
    assert (await client.permit(own)).error == 0


async def test_one_person_gets_so_many_allocations(
    coturn: Coturn, opened: list[TurnClient]
) -> None:
    """Counted by the part of the name behind the expiry, so that a newer name does not help."""
    errors = []
    for number in range(26):
        client = await client_of(coturn, opened, expires_in_s=600 + number, name="greedy")
        errors.append((await client.allocate()).error)
    assert errors == [0] * 24 + [486] * 2
    assert (await (await client_of(coturn, opened)).allocate()).error == 0


async def test_it_relays_no_tcp_and_tells_strangers_nothing(
    coturn: Coturn, opened: list[TurnClient]
) -> None:
    """No TCP allocation, no answer to a plain STUN question, no version."""
    client = await client_of(coturn, opened)
    assert (await client.allocate(transport=TCP)).error == 442
    answer = await client.allocate()
    assert answer.error == 0
    assert answer.software is None
    assert await client.binding() is None


@pytest.mark.parametrize(
    "given",
    [
        {"TURN_SECRET": ""},
        {"TURN_SECRET": "short"},
        {"TURN_SECRET": "a-secret-that-is-long\nallow-loopback-peers"},
        {"TURN_PEERS": ""},
        {"TURN_PEERS": "192.0.2.77\nallow-loopback-peers"},
        {"TURN_REALM": "example.com\nno-auth"},
        {"TURN_EXTERNAL_IP": "example.com"},
        {"TURN_PORTS": "49160"},
    ],
)
def test_it_does_not_start_with_half_a_configuration(given: dict[str, str]) -> None:
    """A missing secret or peer, or a value that smuggles in a directive, ends the start."""
    whole = {
        "TURN_SECRET": "a-secret-that-is-long",
        "TURN_REALM": "turn.example.com",
        "TURN_PEERS": "192.0.2.77",
        "TURN_LISTEN_IPS": "127.0.0.1",
    }
    done = subprocess.run(
        [START],
        env={"PATH": os.environ["PATH"], **whole, **given},
        capture_output=True,
        timeout=10,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith(b"coturn: TURN_")
