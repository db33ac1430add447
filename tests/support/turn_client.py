"""A TURN client that says whatever a test wants: allocations, permissions, channels, connects."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import struct
from dataclasses import dataclass
from hashlib import md5
from hmac import new as new_hmac

_COOKIE = 0x2112A442
ALLOCATE, REFRESH, CREATE_PERMISSION, CHANNEL_BIND, CONNECT = 0x003, 0x004, 0x008, 0x009, 0x00A
BINDING, SEND = 0x001, 0x006
_ERROR, _SUCCESS = 0x110, 0x100
_USERNAME, _INTEGRITY, _ERROR_CODE, _CHANNEL = 0x0006, 0x0008, 0x0009, 0x000C
_LIFETIME, _PEER, _REALM, _NONCE, _RELAYED = 0x000D, 0x0012, 0x0014, 0x0015, 0x0016
_FAMILY, _TRANSPORT, _SOFTWARE = 0x0017, 0x0019, 0x8022
UDP, TCP = 17, 6


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; ``error`` is 0 for a success."""

    error: int
    attributes: dict[int, bytes]

    @property
    def software(self) -> bytes | None:
        """What the server says it is."""
        return self.attributes.get(_SOFTWARE)


class TurnClient(asyncio.DatagramProtocol):
    """One five-tuple over UDP; ``close()`` gives the allocation up."""

    def __init__(self, username: str, password: str) -> None:
        self._username = username
        self._password = password
        self._realm = b""
        self._nonce = b""
        self._waiting: dict[bytes, asyncio.Future[bytes]] = {}
        self._transport: asyncio.DatagramTransport | None = None
        self.data: list[bytes] = []

    @classmethod
    async def open(cls, host: str, port: int, username: str, password: str) -> TurnClient:
        """A client towards a server."""
        loop = asyncio.get_running_loop()
        transport, client = await loop.create_datagram_endpoint(
            lambda: cls(username, password), remote_addr=(host, port)
        )
        client._transport = transport
        return client

    def datagram_received(self, data: bytes, addr: object) -> None:
        waiting = self._waiting.pop(data[8:20], None)
        if waiting is not None and not waiting.done():
            waiting.set_result(data)
        else:
            self.data.append(data)

    async def close(self) -> None:
        """Give up what the server holds, so that the port's next owner is a stranger to it."""
        if self._transport is None:
            return
        if self._nonce:
            await self.refresh(0)
        self._transport.close()

    async def allocate(self, *, family: int = 4, transport: int = UDP) -> Answer:
        """Ask for a relay address of an address family."""
        wanted = {_TRANSPORT: bytes([transport, 0, 0, 0])}
        if family == 6:
            wanted[_FAMILY] = bytes([2, 0, 0, 0])
        answer = await self._ask(ALLOCATE, wanted)
        if answer.error == 401 and not self._nonce:
            self._realm, self._nonce = answer.attributes[_REALM], answer.attributes[_NONCE]
            answer = await self._ask(ALLOCATE, wanted)
        return answer

    async def refresh(self, lifetime_s: int) -> Answer:
        """Keep the allocation, or with 0 give it up."""
        return await self._ask(REFRESH, {_LIFETIME: struct.pack("!I", lifetime_s)})

    async def permit(self, peer: str, port: int = 9) -> Answer:
        """Ask to be allowed to reach a peer."""
        return await self._ask(CREATE_PERMISSION, {_PEER: (peer, port)})

    async def bind_channel(self, peer: str, port: int = 9) -> Answer:
        """Ask for a channel to a peer."""
        channel = struct.pack("!HH", 0x4000, 0)
        return await self._ask(CHANNEL_BIND, {_CHANNEL: channel, _PEER: (peer, port)})

    async def connect(self, peer: str, port: int = 9) -> Answer:
        """Ask for a TCP connection to a peer (RFC 6062)."""
        return await self._ask(CONNECT, {_PEER: (peer, port)})

    async def binding(self) -> Answer | None:
        """Ask, as a stranger, for one's own address; None without an answer."""
        try:
            return await self._ask(BINDING, {}, timeout_s=0.5)
        except TimeoutError:
            return None

    def send(self, peer: str, port: int, data: bytes) -> None:
        """Send to a peer (an indication: nothing comes back)."""
        transaction = os.urandom(12)
        body = _attribute(_PEER, _xor_address(peer, port, transaction)) + _attribute(0x0013, data)
        header = struct.pack("!HHI12s", SEND | 0x010, len(body), _COOKIE, transaction)
        assert self._transport is not None
        self._transport.sendto(header + body)

    async def _ask(
        self,
        method: int,
        attributes: dict[int, bytes | tuple[str, int]] | dict[int, bytes],
        timeout_s: float = 3.0,
    ) -> Answer:
        assert self._transport is not None
        transaction = os.urandom(12)
        body = b""
        for kind, value in attributes.items():
            given = value if isinstance(value, bytes) else _xor_address(*value, transaction)
            body += _attribute(kind, given)
        if self._nonce:
            body += _attribute(_USERNAME, self._username.encode())
            body += _attribute(_REALM, self._realm) + _attribute(_NONCE, self._nonce)
            key = md5(
                b":".join((self._username.encode(), self._realm, self._password.encode()))
            ).digest()
            signed = struct.pack("!HHI12s", method, len(body) + 24, _COOKIE, transaction) + body
            body += _attribute(_INTEGRITY, new_hmac(key, signed, "sha1").digest())
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[transaction] = answer
        self._transport.sendto(
            struct.pack("!HHI12s", method, len(body), _COOKIE, transaction) + body
        )
        return _parse(await asyncio.wait_for(answer, timeout_s))


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def _xor_address(host: str, port: int, transaction: bytes) -> bytes:
    address = ipaddress.ip_address(host)
    key = struct.pack("!I", _COOKIE) + transaction
    masked = bytes(a ^ b for a, b in zip(address.packed, key, strict=False))
    family = 1 if address.version == 4 else 2
    return struct.pack("!BBH", 0, family, port ^ (_COOKIE >> 16)) + masked


def _parse(data: bytes) -> Answer:
    kind, length = struct.unpack("!HH", data[:4])
    attributes: dict[int, bytes] = {}
    at = 20
    while at < 20 + length:
        name, size = struct.unpack("!HH", data[at : at + 4])
        attributes[name] = data[at + 4 : at + 4 + size]
        at += 4 + size + -size % 4
    error = 0
    if kind & _ERROR == _ERROR:
        code = attributes[_ERROR_CODE]
        error = (code[2] & 7) * 100 + code[3]
    return Answer(error, attributes)
