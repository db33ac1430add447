"""Requests to addresses that strangers name: resolved once, checked, sent there or nowhere.

Nothing of the answer is trusted: no redirect, no cookie, no compression, few bytes and seconds.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from time import perf_counter
from typing import Final, Literal

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from runtime.errors import ProofcallError

ANSWER_BYTES: Final = 512
"""What of a POST's answer is kept: its beginning."""
WHOLE_BYTES: Final = 2_000_000
"""The longest answer that ``ask`` takes."""
_TIMEOUT_S: Final = 10.0
_MAX_URL_CHARS: Final = 2000
# What carries an IPv4 address inside, so that a check of the outer one alone would be fooled.
_WRAPPING: Final = tuple(
    ip_network(network)
    for network in ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48",
                    "2002::/16", "2001::/32", "fec0::/10")
)  # fmt: skip
# Clouds hand out credentials here; nobody's own system is there, not even on a private network.
_METADATA: Final = tuple(
    ip_network(network) for network in ("169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128",
                                        "100.100.100.200/32", "192.0.0.192/32")
)  # fmt: skip

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port to addresses."""


Failure = Literal["timeout", "unreachable", "tls", "forbidden_address", "cut_short"]
"""Why a request has no answer; ``cut_short`` is one that was too long or ended early."""


class ForbiddenTarget(ProofcallError):  # noqa: N818 - what is wrong with it
    """The URL is none that may be asked, or leads to an address that may not."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a request: a status, or the reason why there is none."""

    status: int | None
    failure: Failure | None
    latency_ms: int
    answer: bytes
    retry_after_s: int | None = None


def checked_url(url: str, *, private: bool) -> URL:
    """The URL, if it may be asked at all; ``private`` lets self-hosters use their own network.

    Raises:
        ForbiddenTarget: another scheme than HTTPS (or HTTP, if private), a user name, no host,
            an address that is refused.
    """
    if len(url) > _MAX_URL_CHARS or any(not 0x21 <= ord(character) <= 0x7E for character in url):
        raise ForbiddenTarget("Write the address in plain characters, without spaces.")
    try:
        parsed = URL(url)
        host, port = parsed.host, parsed.port
    except ValueError as error:
        raise ForbiddenTarget("This is not a web address.") from error
    if parsed.scheme != "https" and not (private and parsed.scheme == "http"):
        raise ForbiddenTarget("The address must begin with https://.")
    if not host or not port:
        raise ForbiddenTarget("The address names no host.")
    if parsed.user is not None or parsed.password is not None:
        raise ForbiddenTarget("The address must not hold a user name or a password.")
    if parsed.raw_fragment:
        raise ForbiddenTarget("The address must not have a part after #.")
    literal = _literal(host)
    if literal is not None and not may_reach(literal, private=private):
        raise ForbiddenTarget("This address is not on the public internet.")
    return parsed


def may_reach(address: str, *, private: bool) -> bool:
    """Whether this resolved address may be connected to."""
    known = ip_address(address.partition("%")[0])
    if any(known in network for network in _METADATA if network.version == known.version):
        return False
    if isinstance(known, IPv6Address) and private and known.is_loopback:
        return True
    if isinstance(known, IPv6Address) and any(known in network for network in _WRAPPING):
        return False
    if known.is_multicast or known.is_unspecified or _is_broadcast(known):
        return False
    return private or (known.is_global and not known.is_reserved)


async def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    private: bool = False,
    resolve: Resolve | None = None,
    tls: ssl.SSLContext | None = None,
    timeout_s: float = _TIMEOUT_S,
) -> Outcome:
    """Send one POST and tell what came of it; never raises for what the other side does.

    The name is resolved once; when any of its addresses may not be reached none is.
    """
    request = _Request("POST", body, headers, tls, _beginning)
    return await _ask(url, request, private, resolve, timeout_s)


async def ask(
    method: Literal["GET", "POST"],
    url: str,
    headers: Mapping[str, str],
    *,
    body: bytes | None = None,
    private: bool = False,
    resolve: Resolve | None = None,
    tls: ssl.SSLContext | None = None,
    timeout_s: float = _TIMEOUT_S,
) -> Outcome:
    """Send one request and give its whole answer, at most ``WHOLE_BYTES`` of it.

    Never raises for what the other side does. An answer that is longer or breaks off has its
    status and the failure ``cut_short``: whoever asked must not take its beginning for all.
    """
    request = _Request(method, body, headers, tls, _whole)
    return await _ask(url, request, private, resolve, timeout_s)


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    body: bytes | None
    headers: Mapping[str, str]
    tls: ssl.SSLContext | None
    read: Callable[[aiohttp.ClientResponse], Awaitable[tuple[bytes, Failure | None]]]


async def _ask(
    url: str, request: _Request, private: bool, resolve: Resolve | None, timeout_s: float
) -> Outcome:
    began_s = perf_counter()

    def outcome(failure: Failure) -> Outcome:
        return Outcome(None, failure, _ms_since(began_s), b"")

    try:
        async with asyncio.timeout(timeout_s):
            target = checked_url(url, private=private)
            host, port = target.raw_host or "", target.port or 0
            addresses = await _addresses(host, port, resolve or _resolve)
            if not addresses:
                return outcome("unreachable")
            if not all(may_reach(address, private=private) for address in addresses):
                return outcome("forbidden_address")
            return await _send(target, addresses, request, began_s)
    except ForbiddenTarget:
        return outcome("forbidden_address")
    except TimeoutError:
        return outcome("timeout")
    except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientSSLError, ssl.SSLError):
        return outcome("tls")
    except (aiohttp.ClientError, OSError, ValueError):
        # ValueError: what came back is not HTTP.
        return outcome("unreachable")


async def _send(
    target: URL, addresses: Sequence[str], request: _Request, began_s: float
) -> Outcome:
    connector = aiohttp.TCPConnector(
        resolver=_Fixed(addresses),
        ssl=request.tls if request.tls is not None else True,
        force_close=True,
        use_dns_cache=False,
    )
    async with (
        aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
        ) as session,
        session.request(
            request.method,
            target,
            data=request.body,
            headers={"Accept-Encoding": "identity", **request.headers},
            allow_redirects=False,
        ) as response,
    ):
        answer, failure = await request.read(response)
        return Outcome(
            response.status, failure, _ms_since(began_s), answer, _retry_after(response.headers)
        )


class _Fixed(AbstractResolver):
    """Gives the addresses that were checked, whatever the name servers say by now."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses
        ]

    async def close(self) -> None:
        """There is nothing to close."""


async def _addresses(host: str, port: int, resolve: Resolve) -> Sequence[str]:
    literal = _literal(host)
    return [literal] if literal is not None else await resolve(host, port)


async def _resolve(host: str, port: int) -> Sequence[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror:
        return []
    return [str(entry[4][0]) for entry in found]


async def _beginning(response: aiohttp.ClientResponse) -> tuple[bytes, Failure | None]:
    """The status is what counts: whoever sends the body slowly is not waited for."""
    got = b""
    try:
        async with asyncio.timeout(1.0):
            while len(got) < ANSWER_BYTES:
                more = await response.content.read(ANSWER_BYTES - len(got))
                if not more:
                    break
                got += more
    except (TimeoutError, aiohttp.ClientError):
        pass
    return got, None


async def _whole(response: aiohttp.ClientResponse) -> tuple[bytes, Failure | None]:
    parts: list[bytes] = []
    got_bytes = 0
    try:
        async for part in response.content.iter_chunked(65_536):
            got_bytes += len(part)
            if got_bytes > WHOLE_BYTES:
                return b"", "cut_short"
            parts.append(part)
    except (aiohttp.ClientError, OSError):
        return b"".join(parts), "cut_short"
    return b"".join(parts), None


def _literal(host: str) -> str | None:
    try:
        return str(ip_address(host.strip("[]").partition("%")[0]))
    except ValueError:
        return None


def _is_broadcast(address: IPv4Address | IPv6Address) -> bool:
    return isinstance(address, IPv4Address) and int(address) == 2**32 - 1


def _retry_after(headers: Mapping[str, str]) -> int | None:
    given = headers.get("Retry-After", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 8 else None


def _ms_since(began_s: float) -> int:
    return round((perf_counter() - began_s) * 1000)
