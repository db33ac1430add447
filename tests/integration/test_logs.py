"""The logs of all processes tell one session's life by its id, and give no secret away."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from proofcall.demo_call import hold_demo_call
from tests.support.journeys import timeline_when
from tests.support.machine import Machine, running_machine

Line = dict[str, Any]
LIFE = (
    # process, what it says; in this order
    ("web-and-jobs", "joined"),
    ("recorder", "recording opened"),
    ("recorder", "segment sealed"),
    ("uploader", "segment stored"),
    ("web-and-jobs", "session ends"),
    ("recorder", "session closed"),
    ("uploader", "facts acknowledged"),
    ("web-and-jobs", "work done"),
)
MEDIA = ("peer opened", "peer connected", "peer closed")
# What would tell who somebody is or let somebody in: SDP, ICE, cookies, keys, addresses.
NEVER = re.compile(
    r"ice-pwd|ice-ufrag|fingerprint|a=candidate|candidate:|sha-256 [0-9A-F]{2}:|pc_device|pc_login"
    r"|Bearer |password|(?<![\d.])(?!127\.0\.0\.1\b|0\.0\.0\.0\b)\d{1,3}(?:\.\d{1,3}){3}(?![\d.])",
    re.IGNORECASE,
)


def lines_of(log: Path) -> list[Line]:
    """Every line, which must be JSON and name its process."""
    found = []
    for text in log.read_text().splitlines():
        if not text.startswith("{"):
            # What the supervisor prints for a person at the terminal.
            assert text == "" or text.startswith(("Proofcall is ready", "Ending")), text
            continue
        line: Line = json.loads(text)
        assert {"process", "event", "level", "timestamp"} <= line.keys(), line
        found.append(line)
    return found


@pytest.mark.timeout(150)
async def test_one_session_can_be_followed_through_every_process(tmp_path: Path) -> None:
    """Grep by the session's id shows its life in order; nothing in any line is a secret."""
    async with running_machine(tmp_path / "data", log_format="json") as machine:
        opened = await machine.open_case()
        token = opened["join_url"].rpartition("/")[2]
        inspector = machine.people["inspector"]
        session_id = await hold_demo_call(
            machine.url, token, inspector["email"], inspector["password"], lambda line: None
        )
        await timeline_when(machine, session_id, within_s=20)
        asked = await misused(machine, token)
        async with asyncio.timeout(30):
            while not any(
                one["event"] == "work done" and one.get("session_id") == session_id
                for one in lines_of(machine.log)
            ):
                await asyncio.sleep(0.3)
        secrets = [token, machine.api_key, inspector["password"], *asked]
        secrets += [(machine.settings.keys_dir / "control.secret").read_text().strip()]
    lines = lines_of(machine.log)
    life = [line for line in lines if line.get("session_id") == session_id]
    for process in {line["process"] for line in life}:
        # Lines of two processes meet in the pipe: by time they are in order.
        own = [line["timestamp"] for line in life if line["process"] == process]
        assert own == sorted(own), process
    life.sort(key=lambda line: line["timestamp"])
    said = [(line["process"], line["event"]) for line in life]
    at = -1
    for step in LIFE:
        assert step in said[at + 1 :], (step, said)
        at = said.index(step, at + 1)
    for event in MEDIA:
        assert any(name == event and who.startswith("media-") for who, name in said), event
    # A command of web is found again in the process that carried it out.
    opened_peers = [line for line in life if line["event"] == "peer opened"]
    assert all(line["command_id"].startswith("cmd_") for line in opened_peers)
    requests = [line for line in life if line["event"] == "joined"]
    assert all(line["request_id"].startswith("req_") for line in requests)
    text = machine.log.read_text()
    for secret in secrets:
        assert secret not in text
    found = [line for line in text.splitlines() if NEVER.search(line)]
    assert found == []


async def misused(machine: Machine, token: str) -> list[str]:
    """Requests that go wrong in ways that are logged; gives the secrets they carried."""
    cookie, bearer = "stolen-cookie-of-somebody", "pk_not-a-key-but-a-secret"
    async with aiohttp.ClientSession(
        machine.url, headers={"X-Proofcall": "1", "X-Forwarded-For": "203.0.113.77"}
    ) as http:
        for path, body in (
            (f"/api/join/{token}", {"consent": None}),
            (f"/api/join/{token}", {"locale": "en", "offer": "v=0\r\na=ice-pwd:hush\r\n"}),
            (f"/api/join/{token[::-1]}", {}),
            ("/api/login", {"email": "nobody@example.com", "password": "hunter-two-secret"}),
        ):
            cookies = {"pc_device": cookie}
            async with http.post(path, json=body, cookies=cookies) as response:
                assert response.status >= 400
                assert response.headers["X-Request-Id"].startswith("req_")
        named = {"X-Request-Id": "from-the-proxy-1"}
        async with http.post("/api/login", json={}, headers=named) as response:
            assert response.headers["X-Request-Id"] == "from-the-proxy-1"
        forged = {"X-Request-Id": 'x" injected: {secret}'}
        async with http.post("/api/login", json={}, headers=forged) as response:
            assert response.headers["X-Request-Id"].startswith("req_")
        headers = {"Authorization": f"Bearer {bearer}"}
        async with http.post("/api/v1/cases", json={}, headers=headers) as response:
            assert response.status == 401
    return [cookie, bearer, "hunter-two-secret", "nobody@example.com", "ice-pwd:hush", token[::-1]]
