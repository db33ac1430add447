"""A carrier and a payment service on loopback: a real server that also fails as such do."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

SECRET = "Bearer carrier-key"
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


@dataclass(slots=True)
class PortSite:
    """What was asked and made; ``next`` is what goes wrong with the next requests, in order.

    A number is answered as a status; ``hang`` never answers; ``hang_done`` does the work and
    never answers; ``garbage`` answers with no JSON; ``cut`` breaks off in the middle;
    any other word is no trouble at all.
    """

    url: str = ""
    next: list[int | str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    scans: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    label: str = base64.b64encode(PDF).decode()
    file: bytes = PDF
    file_headers: dict[str, str] = field(default_factory=dict)
    labels: dict[str, dict[str, Any]] = field(default_factory=dict)
    refund_status: str = "succeeded"
    refunds: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By the key of idempotency: whatever is in here has moved money, once."""
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait_for(self, count: int, within_s: float = 40.0) -> None:
        """Wait until so many requests came."""
        async with asyncio.timeout(within_s):
            while len(self.asked) < count:
                self._changed.clear()
                await self._changed.wait()

    async def trackings(self, request: web.Request) -> web.StreamResponse:
        """The way of a parcel."""
        wrong = await self._trouble(request)
        if wrong is not None:
            return wrong
        number = request.match_info["number"]
        if number not in self.scans:
            return web.json_response({"error": "unknown"}, status=404)
        return web.json_response({"tracking_number": number, "events": self.scans[number]})

    async def make_label(self, request: web.Request) -> web.StreamResponse:
        """A label; the same key is given the same."""
        body = await request.json()
        key = request.headers["Idempotency-Key"]

        def make() -> None:
            number = f"PQ{len(self.labels):010d}"
            self.labels.setdefault(
                key, {"tracking_number": number, "label": self.label, "asked": body}
            )

        wrong = await self._trouble(request, make)
        if wrong is not None:
            return wrong
        make()
        return web.json_response(self.labels[key])

    async def get_file(self, request: web.Request) -> web.Response:
        """A label's file at an address of its own; it must not be given the secret."""
        self.file_headers = dict(request.headers)
        return web.Response(body=self.file, content_type="application/pdf")

    async def make_refund(self, request: web.Request) -> web.StreamResponse:
        """Money goes out, once for each key."""
        body = await request.json()
        key = request.headers["Idempotency-Key"]

        def make() -> None:
            self.refunds.setdefault(key, {"id": f"re_{len(self.refunds) + 1}", "asked": body})

        wrong = await self._trouble(request, make)
        if wrong is not None:
            return wrong
        make()
        return web.json_response({"id": self.refunds[key]["id"], "status": self.refund_status})

    async def get_refund(self, request: web.Request) -> web.StreamResponse:
        """What became of a refund."""
        wrong = await self._trouble(request)
        if wrong is not None:
            return wrong
        known = self.refunds.get(request.match_info["key"])
        if known is None:
            return web.json_response({"error": "unknown"}, status=404)
        return web.json_response({"id": known["id"], "status": self.refund_status})

    async def _trouble(self, request: web.Request, work: Any = None) -> web.StreamResponse | None:
        self.asked.append(f"{request.method} {request.path}")
        self._changed.set()
        if request.headers.get("Authorization") != SECRET:
            return web.json_response({"error": "no key"}, status=401)
        wrong = self.next.pop(0) if self.next else None
        if isinstance(wrong, int):
            headers = {"Retry-After": "20"} if wrong == 429 else None
            return web.json_response({"error": wrong}, status=wrong, headers=headers)
        if wrong == "hang_done":
            work()
        if wrong in ("hang", "hang_done"):
            await asyncio.Event().wait()
        if wrong == "garbage":
            return web.Response(text="<html>Welcome</html>", content_type="text/html")
        if wrong == "cut":
            work()
            response = web.StreamResponse(headers={"Content-Length": "500"})
            await response.prepare(request)
            await response.write(b'{"id": "re_')
            assert request.transport is not None
            request.transport.close()
            return response
        return None


@asynccontextmanager
async def port_site() -> AsyncIterator[PortSite]:
    """The services, until the block ends."""
    site = PortSite()
    app = web.Application()
    app.router.add_get("/v1/trackings/{number}", site.trackings)
    app.router.add_post("/v1/labels", site.make_label)
    app.router.add_get("/files/label.pdf", site.get_file)
    app.router.add_post("/v1/refunds", site.make_refund)
    app.router.add_get("/v1/refunds/{key}", site.get_refund)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        site.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield site
    finally:
        await runner.cleanup()
