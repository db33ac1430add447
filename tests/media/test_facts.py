"""Facts on their way to web: in order, bounded, patient while web is away."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from media.facts import FactQueue
from runtime.control import ControlClient, ControlServer, Json
from runtime.errors import CaseError
from runtime.tasks import Tasks
from tests.support.media_worker import until


async def test_facts_wait_for_web_and_arrive_in_order(tmp_path: Path) -> None:
    """What came while web was away is sent first."""
    address = f"unix://{tmp_path / 'web.sock'}"
    client = ControlClient(address, "secret")
    queue = FactQueue(client, "0", "epoch")
    tasks = Tasks()
    tasks.forever("facts", queue.run)
    for number in range(450):
        queue.put({"n": number})
    assert not await queue.flush()
    taken: list[int] = []

    async def take(_: Mapping[str, str], body: Json) -> Json:
        assert (body["worker_id"], body["epoch"]) == ("0", "epoch")
        taken.extend(one["n"] for one in body["facts"])
        return {}

    web = ControlServer(address, "secret")
    web.command("/facts/media", take)
    await web.start()
    await until(lambda: len(taken) == 450)
    assert taken == list(range(450))
    await tasks.close()
    await client.close()
    await web.close()


async def test_the_oldest_facts_go_when_the_queue_is_full(tmp_path: Path) -> None:
    """2,048 are kept."""
    client = ControlClient(f"unix://{tmp_path / 'web.sock'}", "secret")
    queue = FactQueue(client, "0", "epoch")
    for number in range(3000):
        queue.put({"n": number})
    assert not await queue.flush()
    assert [one["n"] for one in queue._waiting] == list(range(952, 3000))
    await client.close()


async def test_facts_that_web_refuses_are_not_sent_again(tmp_path: Path) -> None:
    """A 4xx would come again for ever."""
    address = f"unix://{tmp_path / 'web.sock'}"
    web = ControlServer(address, "secret")

    async def refuse(_: Mapping[str, str], __: Json) -> Json:
        raise CaseError("bad_facts", "no", status=422)

    web.command("/facts/media", refuse)
    await web.start()
    client = ControlClient(address, "secret")
    queue = FactQueue(client, "0", "epoch")
    queue.put({"n": 1})
    assert await queue.flush()
    assert not queue._waiting
    await client.close()
    await web.close()
