"""A web process inside the test, with real media, recorder and uploader processes beside it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import socketio
import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.actor import StaffActor
from cases.consent_text import BUYER_WORDS, GUEST_WORDS
from cases.states import Role
from cases.tables import Tenant
from proofcall.jobs import DbosOutbox, prepare_jobs
from proofcall.machine import environment
from recorder.derived.making import make_copy
from recorder.packaging import make_package
from recorder.person_export.making import MAKE_EXPORT, make_export
from recorder.sealing import seal_at_hang_up, seal_session
from recorder.still_cutting import cut_still
from runtime.errors import StoreError
from runtime.settings import Settings
from signaling.services import Services
from signaling.web_process import serve_http, web_services
from tests.support.rtp_peer import RtpPeer
from tests.support.seller import PASSWORD, Seller, make_seller
from tests.support.tap_feed import EncodedFrame, h264_payloads

Json = dict[str, Any]
CONSENT: Json = {"version": BUYER_WORDS.version, "locale": "en"}
GUEST_CONSENT: Json = {"version": GUEST_WORDS.version, "locale": "en"}
_READY_WITHIN_S = 60.0


class ListedOutbox:
    """Remembers what was ordered; ``Live.work`` carries it out, or the process ``jobs``."""

    def __init__(self, orders: DbosOutbox | None = None) -> None:
        self.ordered: dict[str, tuple[str, str]] = {}
        self._orders = orders

    async def enqueue(
        self, tx: AsyncSession, workflow: str, workflow_id: str, *arguments: str
    ) -> None:
        self.ordered.setdefault(workflow_id, (workflow, arguments[0]))
        if self._orders is not None:
            await self._orders.enqueue(tx, workflow, workflow_id, *arguments)


@dataclass(slots=True)
class Live:
    """What a test holds: the services, the world in the database, the processes."""

    settings: Settings
    services: Services
    seller: Seller
    outbox: ListedOutbox
    port: int
    web: AsyncExitStack
    processes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    async def stop_web(self) -> None:
        """End the web process's part; media, recorder and uploader go on."""
        await self.web.aclose()

    async def start_web(self) -> None:
        """Begin it again, on the same port and from the same database."""
        settings = self.settings.model_copy(update={"http": f"127.0.0.1:{self.port}"})
        self.services = await self.web.enter_async_context(web_services(settings, self.outbox))
        self.seller.database = self.services.database
        await self.web.enter_async_context(serve_http(self.services))

    @property
    def url(self) -> str:
        """Where browsers go."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self, role: str, index: int = 0) -> None:
        """Start another process."""
        name = f"{role}-{index}"
        with (self.settings.data / f"{name}.log").open("ab") as log:
            self.processes[name] = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "proofcall", "serve", "--role", role, "--index", str(index)),
                env=environment(self.settings),
                stdout=log,
                stderr=log,
            )

    async def kill(self, name: str) -> None:
        """``kill -9``, and wait until it is dead."""
        process = self.processes.pop(name)
        process.kill()
        await process.wait()

    def log_of(self, name: str) -> str:
        """The end of what a process has said."""
        path = self.settings.data / f"{name}.log"
        return path.read_text()[-3000:] if path.exists() else ""

    async def work(self, workflow_id: str, timeout_s: float = 20.0) -> None:
        """Carry out ordered work as the runner would: again and again while that can help."""
        workflow, subject_id = self.outbox.ordered[workflow_id]
        body = {
            "cut_still": cut_still,
            "make_copy": make_copy,
            "make_package": make_package,
            MAKE_EXPORT: make_export,
            "seal_at_hang_up": seal_at_hang_up,
            "seal_session": seal_session,
        }[workflow]
        deadline = asyncio.get_running_loop().time() + timeout_s
        while True:
            try:
                await body(self.services, subject_id)
            except StoreError as error:
                if not error.retryable or asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(0.1)
            else:
                return

    async def invited(self, **changes: Any) -> tuple[str, str]:
        """A case and its link's token."""
        actor = await self.seller.staff(Role.AGENT, tenant=self.seller.lamp)
        opened = await self.seller.open_case(actor, **changes)
        return opened.case_id, opened.token

    @asynccontextmanager
    async def browser(self) -> AsyncIterator[Browser]:
        """A browser with no cookies."""
        browser = Browser(self)
        try:
            yield browser
        finally:
            await browser.close()

    @asynccontextmanager
    async def host(
        self, *, tenant: str | None = None, warehouse: str | None = None
    ) -> AsyncIterator[Browser]:
        """An inspector's browser, signed in; of the granted warehouse unless told otherwise."""
        if tenant is None and warehouse is None:
            warehouse = self.seller.hall
        actor = await self.seller.staff(Role.INSPECTOR, tenant=tenant, warehouse=warehouse)
        async with self.browser() as browser:
            browser.actor = actor
            email = f"{actor.staff_id}@example.com"
            await browser.ok("POST", "/api/login", {"email": email, "password": PASSWORD})
            yield browser


class Browser:
    """One browser: its cookies, its socket, its peer connection."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.actor: StaffActor | None = None
        self.jar = aiohttp.CookieJar(unsafe=True)
        self.http = aiohttp.ClientSession(
            live.url,
            cookie_jar=self.jar,
            headers={"X-Proofcall": "1", "Origin": live.url, "User-Agent": "Test/1"},
            timeout=aiohttp.ClientTimeout(total=20),
        )
        self.sockets: list[Socket] = []
        self.peers: list[RtpPeer] = []

    async def call(self, method: str, path: str, body: object = None) -> tuple[int, Json]:
        """One request: the status and the JSON of the answer."""
        async with self.http.request(method, path, json=body) as response:
            return response.status, await response.json(content_type=None)

    async def ok(self, method: str, path: str, body: object = None) -> Json:
        """One request that must succeed."""
        status, answer = await self.call(method, path, body)
        assert status < 300, (path, status, answer)
        return answer

    async def refused(self, method: str, path: str, body: object = None) -> tuple[int, str]:
        """One request that must not: status and code."""
        status, answer = await self.call(method, path, body)
        assert status >= 400, (path, status, answer)
        return status, answer["code"]

    async def tap(self, token: str, peer: RtpPeer | None = None) -> Json:
        """The buyer's one button; with a peer, media flows when this returns."""
        return await self._join(f"/api/join/{token}", {"locale": "en", "consent": CONSENT}, peer)

    async def agree(self) -> None:
        """Agree to the words on recording for those who work here."""
        version = (await self.ok("GET", "/api/v1/me/consent"))["version"]
        said = {"version": version, "locale": "en"}
        await self.ok("PUT", "/api/v1/me/consent", said)

    async def host_join(self, session_id: str, peer: RtpPeer | None = None) -> Json:
        """The host comes in."""
        return await self._join(f"/api/sessions/{session_id}/join", {}, peer)

    async def fresh_peer(self, session_id: str) -> RtpPeer:
        """A new peer connection, connected."""
        peer = RtpPeer()
        self.peers.append(peer)
        answer = await self.ok(
            "POST",
            f"/api/sessions/{session_id}/peer",
            {"offer": await peer.offer(), "candidates": []},
        )
        await peer.accept(answer["peer"]["answer"])
        return peer

    async def _join(self, path: str, body: Json, peer: RtpPeer | None) -> Json:
        offer = await peer.offer() if peer is not None else None
        given = {**body, "offer": offer, "candidates": []}
        joined = await self.ok("POST", path, given)
        if peer is not None:
            self.peers.append(peer)
            await peer.accept(joined["peer"]["answer"])
        return joined

    async def socket(self, **auth: object) -> Socket:
        """A connected socket."""
        socket = Socket(self)
        await socket.connect(auth)
        self.sockets.append(socket)
        return socket

    def cookies(self) -> str:
        """The Cookie header."""
        return "; ".join(f"{cookie.key}={cookie.value}" for cookie in self.jar)

    async def close(self) -> None:
        """Close everything."""
        for socket in self.sockets:
            await socket.close()
        for peer in self.peers:
            await peer.close()
        await self.http.close()


class Socket:
    """A Socket.IO connection that keeps what it hears."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self.client = socketio.AsyncClient(reconnection=False)
        self.heard: list[tuple[str, Any]] = []
        self.error: Any = None
        self.client.on("*", self._hear)
        self.client.on("connect_error", self._fail)

    async def connect(self, auth: object) -> None:
        """Open it; a refusal is kept in ``error`` and raised."""
        await self.client.connect(
            self._browser.live.url,
            headers={"Cookie": self._browser.cookies(), "Origin": self._browser.live.url},
            auth=auth,
            transports=["websocket"],
            wait_timeout=5,
        )

    async def say(self, event: str, **body: object) -> Json:
        """Send, and give the acknowledgement."""
        answer: Json = await self.client.call(event, body, timeout=5)
        return answer

    def of(self, event: str) -> list[Any]:
        """The bodies heard under one name."""
        return [body for name, body in self.heard if name == event]

    def kinds(self) -> list[str]:
        """The kinds of the events heard, in order."""
        return [body["kind"] for body in self.of("event")]

    async def close(self) -> None:
        """Close it."""
        await self.client.disconnect()

    async def _hear(self, event: str, body: Any = None) -> None:
        self.heard.append((event, body))

    async def _fail(self, data: Any) -> None:
        self.error = data


async def until(
    condition: Callable[[], Any | Awaitable[Any]], timeout_s: float = 10.0, what: str = ""
) -> Any:
    """Poll until ``condition`` gives something true, and give that."""
    deadline = asyncio.get_running_loop().time() + timeout_s
    while True:
        found = condition()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return found
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"did not happen within {timeout_s} s {what}")
        await asyncio.sleep(0.02)


@asynccontextmanager
async def running_live(
    roles: Sequence[tuple[str, int]] = (("media", 0), ("recorder", 0), ("uploader", 0)),
    **settings: object,
) -> AsyncIterator[Live]:
    """Everything running and ready; all of it ends with the block.

    With ``("jobs", 0)`` a process of its own carries out what is ordered.
    """
    # As the processes do: a traceback with everybody's locals would stop the loop for seconds.
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S"),
            plain,
        ]
    )
    folder = Path(tempfile.mkdtemp(prefix="pc-live-"))
    chosen = Settings(
        **{"data": folder, "http": "127.0.0.1:0", "min_free_bytes": 0, **settings}  # type: ignore[arg-type]
    )
    async with AsyncExitStack() as stack:
        orders = DbosOutbox(chosen) if any(role == "jobs" for role, _ in roles) else None
        if orders is not None:
            stack.callback(orders.close)
        outbox = ListedOutbox(orders)
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        web = await stack.enter_async_context(AsyncExitStack())
        services = await web.enter_async_context(web_services(chosen, outbox))
        if orders is not None:
            await asyncio.to_thread(prepare_jobs, chosen)
        seller = await make_seller(services.database)
        seller.keys = services.keys
        live = Live(chosen, services, seller, outbox, 0, web)
        stack.push_async_callback(_end, live)
        await _rewrap(live)
        live.port = await web.enter_async_context(serve_http(services))
        for role, index in roles:
            await live.start(role, index)
        await _until_ready(live, {role for role, _ in roles})
        yield live


async def _rewrap(live: Live) -> None:
    """The world was made with another master key: give its tenants keys under ours."""
    async with live.services.database.begin() as tx:
        for tenant in await tx.scalars(select(Tenant)):
            tenant.wrapped_key = live.services.keys.new_tenant_key(tenant.id)
    # The world's clock stands still in another year; links and logins are of today.
    ahead = live.services.clock.now() - live.seller.clock.now()
    live.seller.clock.advance(ahead.total_seconds())


async def _until_ready(live: Live, roles: set[str]) -> None:
    def ready() -> bool:
        services = live.services
        return ("media" not in roles or bool(services.media_pool.places)) and (
            "recorder" not in roles or services.recorder.status is not None
        )

    try:
        await until(ready, _READY_WITHIN_S)
    except AssertionError:
        logs = "\n".join(live.log_of(name) for name in live.processes)
        raise AssertionError(f"not ready:\n{logs}") from None


async def _end(live: Live) -> None:
    for process in live.processes.values():
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGTERM)
    for process in live.processes.values():
        try:
            await asyncio.wait_for(process.wait(), 8)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def send_pictures(peer: RtpPeer, pictures: Sequence[EncodedFrame]) -> None:
    """Send encoded pictures in real time on the peer's camera line, 30 in a second."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number, frame in enumerate(pictures):
        await asyncio.sleep(max(0.0, began + number / 30 - loop.time()))
        payloads = h264_payloads(frame.data)
        for at, payload in enumerate(payloads):
            await peer.send(
                "1", payload, marker=at == len(payloads) - 1, advance=3000 if at == 0 else 0
            )


@asynccontextmanager
async def filming(pictures: Sequence[EncodedFrame], *peers: RtpPeer) -> AsyncIterator[None]:
    """Send the pictures over and over while the block runs.

    They begin with a keyframe each time: who came late misses one round, not everything.
    """

    async def film(peer: RtpPeer) -> None:
        # A camera that was cut off films on for nobody.
        with contextlib.suppress(ConnectionError):
            while True:
                await send_pictures(peer, pictures)

    tasks = [asyncio.get_running_loop().create_task(film(peer)) for peer in peers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def shown_timestamps(peer: RtpPeer) -> list[int]:
    """The RTP timestamps of the frames that came on the camera line, in order."""
    return list(dict.fromkeys(packet.timestamp for packet in peer.of_mid("1")))
