"""The local servers start, answer, and say plainly what is missing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy
from botocore.exceptions import ClientError
from redis.asyncio import Redis as RedisClient
from sqlalchemy.ext.asyncio import create_async_engine

from infra.local import redis as local_redis
from infra.local import rgw as local_rgw
from infra.local.coturn import Coturn
from infra.local.postgres import Postgres
from infra.local.process import ServerProcess, answers, find_binary
from infra.local.redis import Redis
from infra.local.rgw import Rgw
from runtime.errors import SetupError
from tests.support.servers import start_or_skip

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.mark.postgres
async def test_postgres_gives_a_fresh_database_each_time(postgres: Postgres) -> None:
    """Two databases are empty and apart."""
    urls = [postgres.fresh_database(), postgres.fresh_database()]
    assert len(set(urls)) == 2
    for url in urls:
        engine = create_async_engine(url)
        try:
            async with engine.begin() as connection:
                await connection.execute(sqlalchemy.text("CREATE TABLE only_here (id int)"))
        finally:
            await engine.dispose()


async def test_redis_answers(redis: Redis) -> None:
    """A value set is a value read."""
    client = RedisClient.from_url(redis.url, socket_timeout=5)
    try:
        await client.set("word", "case")
        assert await client.get("word") == b"case"
    finally:
        await client.aclose()


def test_coturn_listens(coturn: Coturn) -> None:
    """The TURN port accepts connections."""
    assert answers(coturn.port)


@pytest.mark.s3
def test_rgw_keeps_versions_and_locks(rgw: Rgw) -> None:
    """A locked bucket is versioned and refuses to forget a version under retention."""
    client = rgw.client()
    bucket = rgw.make_bucket(object_lock=True)
    put = client.put_object(
        Bucket=bucket, Key="a", Body=b"evidence", ObjectLockLegalHoldStatus="ON"
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        client.delete_object(Bucket=bucket, Key="a", VersionId=put["VersionId"])
    assert client.get_object(Bucket=bucket, Key="a")["Body"].read() == b"evidence"
    plain = rgw.make_bucket()
    assert "VersionId" not in client.put_object(Bucket=plain, Key="a", Body=b"b")


def test_rgw_refuses_a_directory_with_other_files(tmp_path: Path) -> None:
    """Emptying its directory never takes somebody's files along."""
    (tmp_path / "photo.jpg").write_bytes(b"mine")
    start_or_skip(lambda: _found("radosgw"))
    with pytest.raises(SetupError, match="holds other files"):
        local_rgw.start(tmp_path)
    assert (tmp_path / "photo.jpg").read_bytes() == b"mine"


def test_a_missing_program_names_the_debian_package() -> None:
    """The error is one line that can be acted on."""
    with pytest.raises(SetupError) as raised:
        find_binary("no-such-server", "some-package")
    assert str(raised.value) == "no-such-server is missing: apt-get install some-package"


@pytest.mark.parametrize(
    ("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)]
)
def test_a_missing_server_fails_only_in_ci(
    ci: str, outcome: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where everything must be there a missing program fails; elsewhere its reason is shown."""
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="no-such-server is missing"):
        start_or_skip(lambda: _found("no-such-server"))


def test_a_taken_port_is_reported(tmp_path: Path, redis: Redis) -> None:
    """Asking for a port that somebody listens on is an error that says so."""
    with pytest.raises(SetupError, match=f"port {redis.port} is taken"):
        local_redis.start(tmp_path, port=redis.port)


def test_a_server_that_ends_at_its_start_says_why(tmp_path: Path) -> None:
    """The last line of its output is the reason given."""
    command = [sys.executable, "-c", "raise SystemExit('no space left')"]
    server = ServerProcess(command, log=tmp_path / "log")
    with pytest.raises(SetupError, match="ended at its start: no space left"):
        server.wait_until(lambda: False, timeout_s=20)


def test_a_server_run_by_hand_ends_with_its_command(tmp_path: Path) -> None:
    """SIGTERM to ``python -m infra.local.redis`` ends the server as well."""
    start_or_skip(lambda: _found("redis-server"))
    command = [sys.executable, "-m", "infra.local.redis", str(tmp_path)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        line = started.stdout.readline()
        port = int(line.rsplit(":", 1)[1].split("/")[0])
        assert answers(port)
        started.send_signal(signal.SIGTERM)
        assert started.wait(10) == 0
    assert not answers(port)


def test_servers_go_when_the_tests_are_killed(tmp_path: Path) -> None:
    """A SIGKILL of the run leaves no server behind."""
    start_or_skip(lambda: _found("redis-server"))
    command = [sys.executable, "-m", "infra.local.redis", str(tmp_path)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        port = int(started.stdout.readline().rsplit(":", 1)[1].split("/")[0])
        os.kill(started.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while answers(port):
        assert time.monotonic() < deadline
        time.sleep(0.02)


class _Found:
    """A program that is installed, and nothing running."""

    def describe(self) -> str:
        return "installed"

    def stop(self) -> None:
        return


def _found(binary: str) -> _Found:
    find_binary(binary, "its Debian package")
    return _Found()
