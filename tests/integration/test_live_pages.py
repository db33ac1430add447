"""The pages, as files, and two web processes that share one Redis."""

from __future__ import annotations

import gzip
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from infra.local.redis import Redis
from signaling import pages, problems
from signaling.web_process import serve_http, web_services
from tests.support.live import CONSENT, running_live, until


@pytest.fixture
async def client(tmp_path: Path) -> TestClient[web.Request, web.Application]:
    """The pages alone, from an empty folder."""
    app = web.Application(middlewares=[problems.middleware])
    app.on_response_prepare.append(problems.secure_headers("http://127.0.0.1"))
    pages.add_routes(app, tmp_path)
    return TestClient(TestServer(app))


async def test_an_unbuilt_front_end_says_what_to_do(
    client: TestClient[web.Request, web.Application],
) -> None:
    """503 with a sentence, not a blank page."""
    async with client, client.get("/inspect") as response:
        assert response.status == 503
        assert "make web" in (await response.json())["detail"]


async def test_pages_are_fresh_and_guarded_and_assets_are_kept(
    client: TestClient[web.Request, web.Application], tmp_path: Path
) -> None:
    """HTML is asked for again each time, hashed files never; what is compressed is sent so."""
    assets = tmp_path / "assets"
    assets.mkdir()
    (tmp_path / "join.html").write_text("<!doctype html><title>Join</title>")
    (tmp_path / "secret.txt").write_text("no")
    (assets / "join-abc.js").write_text("let a")
    (assets / "join-abc.js.gz").write_bytes(gzip.compress(b"let a"))
    async with client:
        async with client.get("/j/whatever-token") as response:
            assert response.status == 200
            assert response.headers["Cache-Control"] == "no-cache"
            assert response.headers["Referrer-Policy"] == "no-referrer"
            assert "default-src 'none'" in response.headers["Content-Security-Policy"]
            assert "Set-Cookie" not in response.headers
        async with client.get("/assets/join-abc.js") as response:
            assert response.headers["Content-Encoding"] == "gzip"
            assert "immutable" in response.headers["Cache-Control"]
            assert await response.text() == "let a"
        plain = {"Accept-Encoding": "identity"}
        async with client.get("/assets/join-abc.js", headers=plain) as response:
            assert "Content-Encoding" not in response.headers
        for path in (
            "/assets/..%2Fsecret.txt",
            "/assets/.x.js",
            "/assets/none.js",
            "/assets/%00.js",
        ):
            async with client.get(path) as response:
                assert response.status == 404, path


async def test_two_web_processes_tell_each_others_browsers(redis: Redis, tmp_path: Path) -> None:
    """Said at one, heard at the other, through Redis; a tab at the other takes over."""
    async with running_live([("recorder", 0)], redis_url=redis.url) as live:
        there = live.settings.model_copy(update={"run": tmp_path / "run2"})
        async with web_services(there, live.outbox) as services, serve_http(services) as port:
            case_id, token = await live.invited()
            async with live.browser() as buyer, live.host() as host:
                session_id = (await buyer.tap(token))["session"]["id"]
                await host.ok("POST", "/api/host/take", {"case_id": case_id})
                here = await buyer.socket(session_id=session_id)
                first_port, live.port = live.port, port
                far = await host.socket(session_id=session_id)
                assert (await here.say("message.send", client_id="1", text="Hi", locale="en"))["ok"]
                await until(lambda: "message" in far.kinds())
                marker = {"client_id": "2", "label": "Crack", "at_ms": None}
                assert (await far.say("marker.set", **marker))["ok"]
                await until(lambda: "marker" in here.kinds())
                await buyer.socket(session_id=session_id)
                await until(lambda: here.of("replaced") and not here.client.connected)
                live.port = first_port
                await host.ok("POST", f"/api/sessions/{session_id}/end", {"client_id": "e"})
                await until(lambda: "ended" in far.kinds())


async def test_without_media_there_is_a_clear_answer() -> None:
    """A tap with an offer and no media worker: 503, nothing begun; ``/readyz`` says why."""
    async with running_live([("recorder", 0)]) as live, live.browser() as buyer:
        _, token = await live.invited()
        offer = {"consent": CONSENT, "locale": "en", "offer": "v=0"}
        answer = await buyer.refused("POST", f"/api/join/{token}", offer)
        assert answer == (503, "media_unavailable")
        assert (await buyer.ok("GET", f"/api/join/{token}"))["session"] is None
        async with aiohttp.ClientSession(live.url) as http:
            async with http.get("/readyz") as response:
                assert (response.status, (await response.json())["missing"]) == (503, ["media"])
            async with http.get("/healthz") as response:
                assert response.status == 200
