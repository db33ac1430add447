"""People in calls that go on while everything around them fails: what a page does, without one.

They send the film of ``fault_film`` in real time and write down what went out. Who is told that
their media is gone, or hears nothing for a while, makes a fresh peer and tries until there is one.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar, cast

import aiohttp
import socketio

from tests.support.fault_account import Item
from tests.support.fault_film import SECONDS, TICK_NS, TICKS_PER_PICTURE, film
from tests.support.fault_machine import FaultMachine
from tests.support.live import Browser, Json, Live, Socket
from tests.support.rtp_peer import Received, RtpPeer

_SILENT_NS: Final = 6_000_000_000
_BEHIND_NS: Final = 1_000_000_000
_PAUSE_S: Final = 0.5
_CLOSE_LIMIT_S: Final = 5.0
_FAILURES: Final = (
    AssertionError,
    ConnectionError,
    TimeoutError,
    aiohttp.ClientError,
    socketio.exceptions.SocketIOError,
    # Of aioice and aiortc, whose peer was closed in the middle.
    asyncio.InvalidStateError,
    ValueError,
)
_Result = TypeVar("_Result")


async def again(act: Callable[[], Awaitable[_Result]], within_s: float, what: str) -> _Result:
    """Do what a page repeats until it succeeds.

    Raises:
        TimeoutError: it did not, with the last reason.
    """
    deadline = time.monotonic() + within_s
    while True:
        try:
            return await act()
        except _FAILURES as error:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what}: {error!r}") from error
            await asyncio.sleep(_PAUSE_S)


@dataclass(slots=True)
class Person:
    """One person of a call: their browser, and what they have sent."""

    browser: Browser
    role: str
    first: int
    """Where in the film they begin, in ticks."""
    participant_id: str = ""
    session_id: str = ""
    sent: dict[Item, int] = field(default_factory=dict)
    due: dict[Item, int] = field(default_factory=dict)
    """When each was to be sent: what its RTP timestamp says."""
    changes: list[int] = field(default_factory=list)
    """When the first packet went out by a fresh peer."""
    stopping: bool = False
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _heard_ns: int = 0

    def begin(self, joined: Json) -> None:
        """They are in: film from now on."""
        self.session_id = joined["session"]["id"]
        self.participant_id = joined["participant_id"]
        self._listen(self.browser.peers[-1])
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(work()) for work in (self._film, self._stay, self._hear)]

    async def stop(self) -> None:
        """Stop filming; what is under way may still arrive."""
        self.stopping = True
        for task in self._tasks[1:]:
            task.cancel()
        for result in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result

    async def close(self) -> None:
        """Close the browser."""
        with contextlib.suppress(*_FAILURES):
            await asyncio.wait_for(self.browser.close(), _CLOSE_LIMIT_S)
        await self.browser.http.close()

    async def _film(self) -> None:
        began_ns = time.time_ns()
        began = self.first
        peer: RtpPeer | None = None
        last: dict[str, int] = {}
        tick = 0
        while not self.stopping and began + tick < SECONDS * 1_000_000_000 // TICK_NS:
            due_ns = began_ns + tick * TICK_NS
            ahead_ns = due_ns - time.time_ns()
            if ahead_ns > 0:
                await asyncio.sleep(ahead_ns / 1e9)
            elif ahead_ns < -_BEHIND_NS:
                # A camera drops what it cannot send; it does not send it a second later.
                tick += 1
                continue
            now = self._peer()
            if now is not peer:
                if peer is not None:
                    self.changes.append(time.time_ns())
                peer, last = now, {}
            if peer is not None:
                await self._send(peer, last, began + tick, due_ns)
            tick += 1

    async def _send(self, peer: RtpPeer, last: dict[str, int], tick: int, due_ns: int) -> None:
        wanted: list[tuple[str, Item, list[bytes]]] = [("0", ("audio", tick), [film().sound[tick]])]
        if tick % TICKS_PER_PICTURE == 0:
            number = tick // TICKS_PER_PICTURE
            wanted.append(("1", ("video", number), film().pictures[number]))
        for mid, item, payloads in wanted:
            rate = 48_000 if mid == "0" else 90_000
            elapsed_ns = due_ns - last.get(mid, due_ns)
            try:
                for at, payload in enumerate(payloads):
                    await peer.send(
                        mid,
                        payload,
                        marker=mid == "1" and at == len(payloads) - 1,
                        advance=elapsed_ns * rate // 1_000_000_000 if at == 0 else 0,
                    )
            except (ConnectionError, asyncio.InvalidStateError):
                # Closed under our hands: that did not go out.
                return
            last[mid] = due_ns
            self.sent[item] = time.time_ns()
            self.due[item] = due_ns

    def _peer(self) -> RtpPeer | None:
        for peer in reversed(self.browser.peers):
            if peer.sending:
                return peer if peer.pc.connectionState == "connected" else None
        return None

    async def _stay(self) -> None:
        """Keep a peer that works."""
        while True:
            await asyncio.sleep(0.2)
            peer = self._peer()
            if peer is None or time.time_ns() - self._heard_ns > _SILENT_NS or self._was_lost():
                await self._renew()

    def _was_lost(self) -> bool:
        for socket in self.browser.sockets:
            if socket.of("peer.lost"):
                socket.heard.clear()
                return True
        return False

    async def _renew(self) -> None:
        before = list(self.browser.peers)
        try:
            fresh = await self.browser.fresh_peer(self.session_id)
        except _FAILURES:
            for failed in self.browser.peers[len(before) :]:
                with contextlib.suppress(*_FAILURES):
                    await failed.close()
            del self.browser.peers[len(before) :]
            await asyncio.sleep(_PAUSE_S)
            return
        self._listen(fresh)
        for old in before:
            with contextlib.suppress(*_FAILURES):
                await old.close()
        self.browser.peers[:] = [fresh]

    def _listen(self, peer: RtpPeer) -> None:
        self._heard_ns = time.time_ns()

        def heard(_: object) -> None:
            self._heard_ns = time.time_ns()

        peer.on_rtp = cast("Callable[[Received], None]", heard)
        peer.on_rtcp = cast("Callable[[bytes], None]", heard)

    async def _hear(self) -> None:
        """Keep a socket open."""
        while True:
            sockets = self.browser.sockets
            if not sockets or not sockets[-1].client.connected:
                sockets.clear()
                fresh = Socket(self.browser)
                try:
                    await fresh.connect({"session_id": self.session_id, "role": self.role})
                    sockets.append(fresh)
                except _FAILURES:
                    # What did not connect does not close what it opened.
                    await _let_go(fresh)
            await asyncio.sleep(_PAUSE_S)


@dataclass(slots=True)
class FaultCall:
    """A call, begun and ended in spite of everything."""

    number: int
    case_id: str = ""
    session_id: str = ""
    people: list[Person] = field(default_factory=list)
    trouble: str | None = None
    """Why it did not become what it was to be."""

    async def hold(self, machine: FaultMachine, host: Browser, seconds: float, first: int) -> None:
        """From the opened case to the verdict."""
        buyer = Browser(cast("Live", machine))
        people = [Person(buyer, "buyer", first), Person(host, "host", first + 7)]
        try:
            opened = await again(machine.open_case, 60, "a case is opened")
            self.case_id = opened["case"]["id"]
            token = opened["join_url"].rpartition("/")[2]
            # The page comes first, and with it the device's cookie.
            await again(lambda: buyer.ok("GET", f"/api/join/{token}"), 60, "the page is read")
            joined = await again(lambda: _joined(buyer, buyer.tap, token), 60, "the buyer is in")
            self.session_id = joined["session"]["id"]
            self.people.append(people[0])
            people[0].begin(joined)
            take = {"case_id": self.case_id}
            await again(lambda: host.ok("POST", "/api/host/take", take), 60, "the host takes it")
            joined = await again(
                lambda: _joined(host, host.host_join, self.session_id), 60, "the host is in"
            )
            self.people.append(people[1])
            people[1].begin(joined)
            await asyncio.sleep(seconds)
        except TimeoutError as error:
            self.trouble = str(error)
        finally:
            for one in self.people:
                await one.stop()
            await self._end(host)
            await people[0].close()
            for peer in host.peers:
                with contextlib.suppress(*_FAILURES):
                    await asyncio.wait_for(peer.close(), _CLOSE_LIMIT_S)
            for socket in host.sockets:
                with contextlib.suppress(*_FAILURES):
                    await asyncio.wait_for(socket.close(), _CLOSE_LIMIT_S)
            host.peers.clear()
            host.sockets.clear()

    async def _end(self, host: Browser) -> None:
        if len(self.people) < 2:
            return
        # What was sent last is on its way to the server when the button is pressed.
        await asyncio.sleep(1.0)
        path = f"/api/sessions/{self.session_id}/end"
        body = {"client_id": "end", "outcome": "refund", "note": "Held under faults."}

        async def ended() -> None:
            status, answer = await host.call("POST", path, body)
            if status >= 500:
                raise ConnectionError(f"{status} {answer}")
            if status >= 300:
                self.trouble = f"not ended: {status} {answer}"

        try:
            await again(ended, 120, "the host ends it")
        except TimeoutError as error:
            self.trouble = str(error)


async def _let_go(socket: Socket) -> None:
    http = socket.client.eio.http
    if http is not None:
        await http.close()


async def _joined(browser: Browser, join: Callable[..., Awaitable[Json]], *given: Any) -> Json:
    """One try to come in; a peer that did not come up is let go of."""
    try:
        return await join(*given, RtpPeer())
    except _FAILURES:
        for peer in browser.peers:
            with contextlib.suppress(*_FAILURES):
                await peer.close()
        browser.peers.clear()
        raise
