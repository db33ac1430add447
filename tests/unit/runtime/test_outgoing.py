"""Requests to strangers' addresses: what an attacker tries so that we ask ourselves."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import cast

import dns.asyncresolver
import dns.message
import dns.rrset
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from runtime.outgoing import (
    ANSWER_BYTES,
    WHOLE_BYTES,
    ForbiddenTarget,
    ask,
    checked_url,
    may_reach,
    post,
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def listening(
    handler: Handler, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """A receiving server; gives its port."""
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, ssl_context=tls).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def resolving(*answers: Sequence[str]) -> Callable[[str, int], Awaitable[Sequence[str]]]:
    """A resolver that gives these answers, one after the other."""
    left = list(answers)

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return left.pop(0)

    return resolve


async def accept(_request: web.Request) -> web.Response:
    """Whoever comes is welcome."""
    return web.Response(text="thank you")


FORBIDDEN = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255",
    "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.0.192",
    "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "240.0.0.1",
    "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::8.8.8.8",
    "64:ff9b:1::a00:1", "2002:7f00:1::", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1",
    "fec0::1", "fe80::1%lo",
]  # fmt: skip


@pytest.mark.parametrize("address", FORBIDDEN)
def test_no_address_that_is_not_on_the_public_internet_is_reached(address: str) -> None:
    """Loopback, private, link-local, metadata, documentation, and IPv4 in IPv6's clothes."""
    assert not may_reach(address, private=False)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700:4700::1111"])
def test_public_addresses_are_reached(address: str) -> None:
    """That is what webhooks are for."""
    assert may_reach(address, private=False)


@pytest.mark.parametrize(
    ("address", "reached"),
    [
        ("127.0.0.1", True), ("::1", True), ("10.1.2.3", True), ("fd12::1", True),
        ("169.254.169.254", False), ("fd00:ec2::254", False), ("100.100.100.200", False),
        ("::ffff:169.254.169.254", False), ("224.0.0.1", False), ("0.0.0.0", False),
    ],
)  # fmt: skip
def test_a_self_hoster_reaches_their_own_network_but_no_metadata(
    address: str, reached: bool
) -> None:
    """Where clouds hand out credentials nobody's shop is."""
    assert may_reach(address, private=True) is reached


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_never_reached_by_its_ipv6_wrapping(address: object) -> None:
    """Whatever it is: mapped, compatible, NAT64 or 6to4."""
    number = int(ip_address(str(address)))
    wrapped = (0xFFFF << 32 | number, number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80)
    for one in wrapped:
        text = str(ip_address(one)) if one >= 2**32 else f"::{ip_address(one)}"
        assert not may_reach(text, private=False)


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/", "ftp://shop.example/", "file:///etc/passwd", "//shop.example/",
        "https://", "https:///x", "https://user@shop.example/", "https://a:b@shop.example/",
        "https://shop.example/#part", "https://127.0.0.1/", "https://[::1]/",
        "https://[::ffff:127.0.0.1]/", "https://169.254.169.254/latest/meta-data",
        "https://shop.example/\r\nHost: other", "https://shop example/", "https://shop.example:99999/",
        "https://[bad/", "javascript:alert(1)", "https://exa\u3002mple/", "x" * 3000,
    ],
)  # fmt: skip
def test_urls_that_may_not_be_asked_are_refused_when_they_are_given(url: str) -> None:
    """Before anything is resolved."""
    with pytest.raises(ForbiddenTarget):
        checked_url(url, private=False)


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "localhost", "localhost."]
)
async def test_other_spellings_of_loopback_are_seen_through(host: str) -> None:
    """The name is resolved as the connection would, and that address is checked."""
    reached = asyncio.Event()

    async def handler(_request: web.Request) -> web.Response:
        reached.set()
        return web.Response()

    async with listening(handler) as port:
        outcome = await post(f"https://{host}:{port}/", b"{}", {}, timeout_s=5)
    assert outcome.failure in ("forbidden_address", "unreachable")
    assert not reached.is_set()


async def test_one_private_address_among_public_ones_spoils_the_name() -> None:
    """Otherwise the second try would go there."""
    outcome = await post(
        "https://shop.example/", b"{}", {}, resolve=resolving(["8.8.8.8", "10.0.0.1"])
    )
    assert outcome.failure == "forbidden_address"


class RebindingDns(asyncio.DatagramProtocol):
    """A real name server that answers with another address each time."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self.addresses = list(addresses)
        self.asked = 0
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        told = self.addresses[min(self.asked, len(self.addresses) - 1)]
        self.asked += 1
        name = query.question[0].name
        answer.answer.append(dns.rrset.from_text(name, 0, "IN", "A", told))
        assert self._transport is not None
        self._transport.sendto(answer.to_wire(), address)


def name_server(
    addresses: Sequence[str],
) -> AbstractAsyncContextManager[
    tuple[RebindingDns, Callable[[str, int], Awaitable[Sequence[str]]]]
]:
    """A name server on loopback, and a resolver that asks it."""

    @asynccontextmanager
    async def running() -> AsyncIterator[
        tuple[RebindingDns, Callable[[str, int], Awaitable[Sequence[str]]]]
    ]:
        loop = asyncio.get_running_loop()
        transport, server = await loop.create_datagram_endpoint(
            lambda: RebindingDns(addresses), local_addr=("127.0.0.1", 0)
        )
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = transport.get_extra_info("sockname")[1]

        async def resolve(host: str, _port: int) -> Sequence[str]:
            return [str(record) for record in await resolver.resolve(host, "A")]

        try:
            yield server, resolve
        finally:
            transport.close()

    return running()


async def test_a_name_that_changes_its_address_after_the_check_gains_nothing() -> None:
    """DNS rebinding: the request goes to the address that was checked, and nobody asks again."""
    came: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        came.append(request.transport.get_extra_info("sockname")[0] if request.transport else "")
        return web.Response()

    async with (
        listening(handler, "127.0.0.2") as port,
        listening(handler, "127.0.0.3", port),
        name_server(["127.0.0.2", "127.0.0.3"]) as (server, resolve),
    ):
        url = f"http://shop.example:{port}/"
        outcome = await post(url, b"{}", {}, private=True, resolve=resolve)
    assert outcome.status == 200
    assert came == ["127.0.0.2"]
    assert server.asked == 1


async def test_a_name_that_turns_private_is_refused_the_next_time() -> None:
    """Nothing of an earlier check is kept."""
    async with name_server(["127.0.0.1"]) as (_, resolve):
        outcome = await post("https://shop.example/", b"{}", {}, resolve=resolve)
    assert outcome.failure == "forbidden_address"


async def test_a_redirect_is_told_and_not_followed() -> None:
    """Not even to an address that would be allowed."""
    paths: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        paths.append(request.path)
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    async with listening(handler) as port:
        outcome = await post(f"http://127.0.0.1:{port}/", b"{}", {}, private=True)
    assert (outcome.status, paths) == (307, ["/"])


async def test_only_the_first_bytes_of_an_answer_are_read_and_none_are_unpacked() -> None:
    """An endless or a packed answer costs nothing."""

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Encoding": "gzip"})
        await response.prepare(request)
        bomb = gzip.compress(b"0" * 10_000_000)
        while True:
            await response.write(bomb)

    async with listening(endless) as port:
        outcome = await post(f"http://127.0.0.1:{port}/", b"{}", {}, private=True)
    assert outcome.status == 200
    assert len(outcome.answer) == ANSWER_BYTES
    assert outcome.answer.startswith(b"\x1f\x8b")


async def test_a_receiver_that_never_answers_is_left_after_the_limit() -> None:
    """And so is one that drips."""

    async def never(_request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    async def drips(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b".")
            await asyncio.sleep(0.2)

    async with listening(never) as port:
        outcome = await post(f"http://127.0.0.1:{port}/", b"", {}, private=True, timeout_s=0.3)
    assert outcome.failure == "timeout"
    async with listening(drips) as port:
        began_s = time.monotonic()
        outcome = await post(f"http://127.0.0.1:{port}/", b"", {}, private=True)
    assert outcome.status == 200
    assert time.monotonic() - began_s < 3


async def test_what_is_no_http_at_all_is_a_failure_and_no_crash() -> None:
    """Garbage, an endless header, a closed door."""
    for said in (b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000, b""):

        async def garbage(
            _reader: asyncio.StreamReader, writer: asyncio.StreamWriter, said: bytes = said
        ) -> None:
            writer.write(said)
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(garbage, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            outcome = await post(f"http://127.0.0.1:{port}/", b"", {}, private=True, timeout_s=3)
        assert outcome.failure == "unreachable", said[:20]
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        outcome = await post(f"http://127.0.0.1:{port}/", b"", {}, private=True)
    assert outcome.failure == "unreachable"


def self_signed(folder: Path, name: str) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS for ``name``, and the certificate that whoever trusts it needs."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    chain, secret = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain, secret)
    return context, chain


async def test_tls_is_verified_against_the_name_and_not_the_address(tmp_path: Path) -> None:
    """A certificate nobody vouches for, and one of another name, are refused."""
    server, chain = self_signed(tmp_path, "shop.example")
    trusting = ssl.create_default_context(cafile=str(chain))

    async def to(host: str, tls: ssl.SSLContext | None) -> tuple[int | None, str | None]:
        outcome = await post(
            f"https://{host}:{port}/",
            b"{}",
            {},
            private=True,
            resolve=resolving(["127.0.0.1"]),
            tls=tls,
        )
        return outcome.status, outcome.failure

    async with listening(accept, tls=server) as port:
        assert await to("shop.example", None) == (None, "tls")
        assert await to("shop.example", trusting) == (200, None)
        assert await to("other.example", trusting) == (None, "tls")


async def test_a_whole_answer_is_whole_or_says_that_it_is_not() -> None:
    """Too long, or broken off: the status is told, and nobody takes the beginning for all."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/long":
            return web.Response(body=b"x" * (WHOLE_BYTES + 1))
        if request.path == "/cut":
            response = web.StreamResponse(headers={"Content-Length": "10"})
            await response.prepare(request)
            await response.write(b"half")
            assert request.transport is not None
            request.transport.close()
            return response
        return web.Response(body=b"y" * WHOLE_BYTES)

    async with listening(answer) as port:
        url = f"http://127.0.0.1:{port}"
        whole = await ask("GET", f"{url}/whole", {}, private=True)
        assert (whole.status, whole.failure, len(whole.answer)) == (200, None, WHOLE_BYTES)
        long = await ask("GET", f"{url}/long", {}, private=True)
        assert (long.status, long.failure, long.answer) == (200, "cut_short", b"")
        cut = await ask("POST", f"{url}/cut", {}, body=b"{}", private=True)
        assert (cut.status, cut.failure) == (200, "cut_short")


async def test_a_question_is_held_to_the_same_addresses() -> None:
    """What may not be posted to may not be asked either, and redirects stay unfollowed."""

    async def elsewhere(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/other"})

    async with listening(elsewhere) as port:
        url = f"http://127.0.0.1:{port}/"
        assert (await ask("GET", url, {})).failure == "forbidden_address"
        assert (await ask("GET", url, {}, private=True)).status == 302
    metadata = await ask("GET", "http://169.254.169.254/latest", {}, private=True)
    assert metadata.failure == "forbidden_address"
