"""Commands between processes: carried out once, refused clearly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from runtime.control import ControlClient, ControlError, ControlServer, load_control_secret
from runtime.errors import CaseError

Json = dict[str, Any]


class Counter:
    """A server whose one command counts how often it really ran."""

    def __init__(self, address: str) -> None:
        self.ran = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.server = ControlServer(address, "secret")
        self.server.command("/count/{name}", self.count)
        self.server.command("/refuse", self.refuse)
        self.server.command("/break", self.break_down)
        self.server.query("/status", self.status)

    async def count(self, match: Mapping[str, str], body: Json) -> Json:
        self.ran += 1
        await self.gate.wait()
        return {"name": match["name"], "ran": self.ran, "body": body}

    async def refuse(self, match: Mapping[str, str], body: Json) -> Json:
        raise CaseError("too_full", "No more room.", status=503)

    async def break_down(self, match: Mapping[str, str], body: Json) -> Json:
        self.ran += 1
        raise RuntimeError("a bug")

    async def status(self, match: Mapping[str, str], body: Json) -> Json:
        return {"ran": self.ran}


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[tuple[Counter, ControlClient]]:
    """A counting server and its client on a Unix socket."""
    address = f"unix://{tmp_path}/c.sock"
    counter = Counter(address)
    await counter.server.start()
    client = ControlClient(address, "secret")
    yield counter, client
    await client.close()
    await counter.server.close()


async def test_a_repeated_command_runs_once(pair: tuple[Counter, ControlClient]) -> None:
    """The second send of a command id gets the first answer."""
    counter, client = pair
    first = await client.command("/count/a", {"x": 1}, command_id="cmd_1")
    again = await client.command("/count/a", {"x": 1}, command_id="cmd_1")
    assert first == again == {"name": "a", "ran": 1, "body": {"x": 1}}
    assert counter.ran == 1


async def test_two_sends_at_once_share_one_run(pair: tuple[Counter, ControlClient]) -> None:
    """A repeat that arrives while the first runs waits for it."""
    counter, client = pair
    counter.gate.clear()
    sends = [
        asyncio.ensure_future(client.command("/count/a", {}, command_id="cmd_2")) for _ in range(2)
    ]
    while counter.ran == 0:
        await asyncio.sleep(0.01)
    counter.gate.set()
    answers = await asyncio.gather(*sends)
    assert answers[0] == answers[1]
    assert counter.ran == 1


async def test_a_refusal_carries_code_and_status(pair: tuple[Counter, ControlClient]) -> None:
    """The caller learns the stable code."""
    _, client = pair
    with pytest.raises(ControlError) as refused:
        await client.command("/refuse", {})
    assert (refused.value.status, refused.value.code) == (503, "too_full")


async def test_a_failed_command_runs_again_when_repeated(
    pair: tuple[Counter, ControlClient],
) -> None:
    """A bug's answer is not remembered: the repeat may succeed."""
    counter, client = pair
    for _ in range(2):
        with pytest.raises(ControlError) as failed:
            await client.command("/break", {}, command_id="cmd_3")
        assert failed.value.status == 500
    assert counter.ran == 2


async def test_a_wrong_secret_is_refused(
    pair: tuple[Counter, ControlClient], tmp_path: Path
) -> None:
    """Whoever reaches the socket without the secret can do nothing."""
    counter, _ = pair
    stranger = ControlClient(f"unix://{tmp_path}/c.sock", "guess")
    with pytest.raises(ControlError) as refused:
        await stranger.command("/count/a", {})
    await stranger.close()
    assert refused.value.status == 401
    assert counter.ran == 0


async def test_a_body_that_is_no_command_is_refused(
    pair: tuple[Counter, ControlClient], tmp_path: Path
) -> None:
    """Malformed JSON, no object and no command id each get a clear 400."""
    counter, _ = pair
    connector = aiohttp.UnixConnector(f"{tmp_path}/c.sock")
    headers = {"Authorization": "Bearer secret"}
    async with aiohttp.ClientSession("http://c", connector=connector, headers=headers) as http:
        for body in (b"{", b"[]", b"{}", b'{"command_id": 1}'):
            async with http.post("/count/a", data=body) as response:
                assert response.status == 400
                assert (await response.json())["code"] == "bad_command"
    assert counter.ran == 0


async def test_nobody_there_is_an_error_not_a_hang(tmp_path: Path) -> None:
    """A missing server is told at once."""
    client = ControlClient(f"unix://{tmp_path}/none.sock", "secret")
    with pytest.raises(ControlError) as failed:
        await client.query("/status")
    await client.close()
    assert failed.value.code == "unreachable"


def test_the_secret_is_made_once_and_private(tmp_path: Path) -> None:
    """Every process of the host reads the same secret, nobody else does."""
    first = load_control_secret(tmp_path / "keys")
    assert load_control_secret(tmp_path / "keys") == first
    assert (tmp_path / "keys" / "control.secret").stat().st_mode & 0o777 == 0o600
