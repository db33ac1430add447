"""The echo: a ticket is answered, everything else costs nothing and gets nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aioice import stun

from media.addresses import NetworkPolicy
from media.echo import Echo
from runtime.clock import SystemClock
from runtime.echo_ticket import LIFETIME_S, EchoTicket, issue_ticket

SECRET = "the control secret"


class _Asker(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.heard: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.heard.put_nowait(data)


class Asking:
    """A browser's socket towards the echo."""

    def __init__(self, transport: asyncio.DatagramTransport, asker: _Asker, echo: Echo) -> None:
        self.transport = transport
        self.echo = echo
        self._asker = asker

    async def ask(self, datagram: bytes) -> stun.Message | None:
        """What is answered to a datagram; None if the next one is answered first."""
        self.transport.sendto(datagram)
        # Answers come in order: when this one is here, the other would have been.
        probe = request(ticket())
        self.transport.sendto(bytes(probe))
        first = stun.parse_message(await asyncio.wait_for(self._asker.heard.get(), 5))
        if first.transaction_id == probe.transaction_id:
            return None
        await asyncio.wait_for(self._asker.heard.get(), 5)
        return first


def ticket(secret: str = SECRET, epoch: str = "e1", *, ago_s: float = 0) -> EchoTicket:
    now_s = SystemClock().now().timestamp()
    return issue_ticket(secret, epoch, b"12345678", now_s - ago_s)


def request(given: EchoTicket, *, signed_with: str | None = None) -> stun.Message:
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    message.attributes["USERNAME"] = f"{given.ufrag}:browser"
    message.attributes["PRIORITY"] = 1
    message.add_message_integrity((signed_with or given.pwd).encode())
    return message


@pytest_asyncio.fixture
async def asking() -> AsyncIterator[Asking]:
    echo = Echo(NetworkPolicy(), secret=SECRET, epoch="e1", clock=SystemClock())
    echo.open()
    transport, asker = await asyncio.get_running_loop().create_datagram_endpoint(
        _Asker, remote_addr=echo.addresses[0]
    )
    yield Asking(transport, asker, echo)
    transport.close()
    echo.close()
    echo.close()


async def test_a_ticket_is_answered_with_the_asker_s_own_address(asking: Asking) -> None:
    """The answer is signed, and holds nothing but where the question came from."""
    given = ticket()
    answer = await asking.ask(bytes(request(given)))
    assert answer is not None
    assert answer.check_message_integrity(given.pwd.encode())
    own = asking.transport.get_extra_info("sockname")
    assert answer.attributes["XOR-MAPPED-ADDRESS"] == own[:2]


async def test_what_has_no_valid_ticket_is_not_answered(asking: Asking) -> None:
    """Expired, of another life of the worker, forged, unsigned, of another kind, or no STUN."""
    unsigned = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    unsigned.attributes["USERNAME"] = f"{ticket().ufrag}:browser"
    indication = request(ticket())
    indication.message_class = stun.Class.INDICATION
    hostile = {
        "expired": bytes(request(ticket(ago_s=LIFETIME_S + 1))),
        "from the future": bytes(request(ticket(ago_s=-3600))),
        "another life": bytes(request(ticket(epoch="e0"))),
        "another secret": bytes(request(ticket("guessed"))),
        "wrong password": bytes(request(ticket(), signed_with="wrong")),
        "unsigned": bytes(unsigned),
        "indication": bytes(indication),
        "nameless": bytes(stun.Message(stun.Method.BINDING, stun.Class.REQUEST)),
        "cut": bytes(request(ticket()))[:40],
        "large": bytes(request(ticket())) + bytes(1000),
        "DTLS": bytes([22, 254, 253]) + bytes(100),
        "empty": b"",
    }
    for name, datagram in hostile.items():
        assert await asking.ask(datagram) is None, name


async def test_an_answer_is_no_larger_than_the_question(asking: Asking) -> None:
    """Nobody's address can be flooded with it."""
    question = bytes(request(ticket()))
    answer = await asking.ask(question)
    assert answer is not None
    assert len(bytes(answer)) <= len(question)


async def test_a_flood_is_answered_so_often_and_no_more(asking: Asking) -> None:
    """Calls share the processor with the echo."""
    datagram = bytes(request(ticket()))
    answers = [asking.echo.answer_to(datagram, ("127.0.0.1", 9)) for _ in range(5000)]
    # The second may end in between, once.
    assert 0 < sum(answer is not None for answer in answers) <= 2 * 1000


async def test_where_no_port_is_free_there_is_no_echo() -> None:
    """The worker lives without."""
    first = Echo(NetworkPolicy(range(41_300, 41_301)), secret="", epoch="", clock=SystemClock())
    second = Echo(NetworkPolicy(range(41_300, 41_301)), secret="", epoch="", clock=SystemClock())
    first.open()
    second.open()
    assert first.addresses
    assert second.addresses == []
    first.close()


@pytest.mark.parametrize("announced", ["203.0.113.9", "2001:db8::9"])
async def test_browsers_are_told_the_public_address_of_the_echo(announced: str) -> None:
    """And no other; an address of a family that the host lacks is left out."""
    policy = NetworkPolicy(announced=((announced, None),))
    echo = Echo(policy, secret="", epoch="", clock=SystemClock())
    echo.open()
    assert {host for host, _ in echo.addresses} <= {announced}
    echo.close()
