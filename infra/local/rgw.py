"""A one-host Ceph RGW on loopback, for tests: real S3 with versioning and Object Lock.

``python -m infra.local.rgw DIR``; DIR is emptied first, and all data is in
memory. About 2 s to start.
"""

from __future__ import annotations

import shutil
import sys
import time
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from infra.local.command_line import serve_from_command_line
from infra.local.process import ServerProcess, choose_port, find_binary, free_ports, run_tool
from runtime.errors import SetupError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PACKAGES = "radosgw ceph-mon ceph-osd ceph-common"
ACCESS_KEY = "PROOFCALLTEST"
SECRET_KEY = "proofcall-test-secret"  # noqa: S105
MEMORY_BYTES = 2 << 30
OURS = ".proofcall-rgw"
"""Marks a directory as made here, which alone may be emptied."""

# The monitor's own pace is one map change a second, which makes a start take
# 12 s instead of 2; nobody else proposes anything here.
CONFIG = """\
[global]
fsid = {fsid}
mon host = [v2:127.0.0.1:{mon_v2},v1:127.0.0.1:{mon_v1}]
public network = 127.0.0.0/8
cluster network = 127.0.0.0/8
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
auth allow insecure global id reclaim = false
paxos propose interval = 0.02
paxos min wait = 0.01
run dir = {folder}
log file = {folder}/log/$name.log
admin socket = {folder}/$name.asok
pid file = {folder}/$name.pid
keyring = {folder}/keyring
[mon.a]
mon data = {folder}/mon
mon data avail crit = 1
mon data avail warn = 2
[osd.0]
osd data = {folder}/osd
osd objectstore = memstore
memstore device bytes = {memory_bytes}
osd memory target = 939524096
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:{port}
rgw data = {folder}/rgw
rgw thread pool size = 32
"""
CAPABILITIES = {
    "mon.": {"mon": "allow *"},
    "client.admin": {"mon": "allow *", "osd": "allow *", "mgr": "allow *"},
    "osd.0": {"mon": "allow profile osd", "osd": "allow *", "mgr": "allow profile osd"},
    "client.rgw": {"mon": "allow rw", "osd": "allow rwx"},
}


@dataclass(slots=True)
class Rgw:
    """A running S3 with one user."""

    port: int
    access_key: str
    secret_key: str
    admin: list[str]
    """The beginning of a command of its administrator."""
    servers: list[ServerProcess] = field(default_factory=list)

    @property
    def endpoint(self) -> str:
        """What boto3 takes as ``endpoint_url``; buckets are addressed by path."""
        return f"http://127.0.0.1:{self.port}"

    def client(self) -> S3Client:
        """Return a boto3 client set up as RGW needs it; it blocks."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name="us-east-1",
            config=Config(
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                connect_timeout=5,
                read_timeout=30,
                retries={"max_attempts": 2},
            ),
        )

    def make_user(self) -> tuple[str, str]:
        """Make another user, who may do nothing in the first one's buckets; gives the keys."""
        name = f"user{uuid.uuid4().hex[:12]}"
        self._make_user(name, name.upper(), f"{name}-secret")
        return name.upper(), f"{name}-secret"

    def set_quota(self, bucket: str, most_objects: int) -> None:
        """Let a bucket hold no more than so many objects; −1 for any number."""
        limit = [f"--bucket={bucket}", "--quota-scope=bucket", f"--max-objects={most_objects}"]
        run_tool([*self.admin, "quota", "set", *limit])
        run_tool([*self.admin, "quota", "enable", *limit[:2]])

    def _make_user(self, name: str, access_key: str, secret_key: str) -> None:
        keys = [f"--access-key={access_key}", f"--secret-key={secret_key}"]
        run_tool([*self.admin, "user", "create", f"--uid={name}", f"--display-name={name}", *keys])

    def make_bucket(self, object_lock: bool = False) -> str:
        """Make a bucket, versioned and lockable if ``object_lock``, and return its name."""
        name = f"test-{uuid.uuid4().hex[:16]}"
        self.client().create_bucket(Bucket=name, ObjectLockEnabledForBucket=object_lock)
        return name

    def describe(self) -> str:
        """Return one line on how to reach it."""
        return f"S3 at {self.endpoint} ({self.access_key} / {self.secret_key})"

    def stop(self) -> None:
        """End all its processes; may be called twice. Nothing in memory is worth a slow goodbye."""
        for server in reversed(self.servers):
            if server.process.poll() is None:
                server.kill()

    def _is_ready(self) -> bool:
        try:
            urllib.request.urlopen(self.endpoint, timeout=5).close()  # noqa: S310
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True


def start(folder: Path, *, port: int | None = None) -> Rgw:
    """Start monitor, storage and gateway in ``folder``, which is emptied. Raises SetupError.

    A directory that holds anything else is refused.
    """
    names = ("ceph", "ceph-authtool", "ceph-mon", "ceph-osd", "monmaptool", "radosgw")
    tools = {name: find_binary(name, PACKAGES) for name in (*names, "radosgw-admin")}
    _empty(folder)
    chosen = choose_port(port)
    mon_v2, mon_v1 = free_ports(2)
    fsid, osd = str(uuid.uuid4()), str(uuid.uuid4())
    config = folder / "ceph.conf"
    config.write_text(
        CONFIG.format(
            fsid=fsid,
            mon_v2=mon_v2,
            mon_v1=mon_v1,
            folder=folder,
            memory_bytes=MEMORY_BYTES,
            port=chosen,
        )
    )
    with_config = ["-c", str(config)]
    keyring = folder / "keyring"
    _write_keyring(tools["ceph-authtool"], keyring)
    monmap = str(folder / "monmap")
    addresses = f"[v2:127.0.0.1:{mon_v2},v1:127.0.0.1:{mon_v1}]"
    run_tool([tools["monmaptool"], "--create", "--addv", "a", addresses, "--fsid", fsid, monmap])
    mon = [tools["ceph-mon"], *with_config, "-i", "a"]
    run_tool([*mon, "--mkfs", "--monmap", monmap, "--keyring", str(keyring)])
    running = Rgw(chosen, ACCESS_KEY, SECRET_KEY, [tools["radosgw-admin"], *with_config])
    try:
        running.servers.append(ServerProcess([*mon, "-f"], log=folder / "mon.out"))
        ceph = [tools["ceph"], *with_config, "--connect-timeout", "20"]
        run_tool([*ceph, "osd", "new", osd, "0"])
        storage = [tools["ceph-osd"], *with_config, "-i", "0"]
        # Without the UUID given again the OSD stays down for ever.
        run_tool([*storage, "--mkfs", "--osd-uuid", osd])
        running.servers.append(ServerProcess([*storage, "-f"], log=folder / "osd.out"))
        _wait_for_storage(ceph)
        gateway = [tools["radosgw"], *with_config, "-n", "client.rgw", "-f"]
        running.servers.append(ServerProcess(gateway, log=folder / "rgw.out"))
        running.servers[-1].wait_until(running._is_ready, timeout_s=60)
        running._make_user("test", ACCESS_KEY, SECRET_KEY)
    except BaseException:
        # Interrupted or failed half-way: no daemon may stay behind.
        running.stop()
        raise
    return running


def _empty(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()) and not (folder / OURS).exists():
        raise SetupError(f"{folder} holds other files: give RGW a directory of its own")
    shutil.rmtree(folder, ignore_errors=True)
    for part in ("mon", "osd", "rgw", "log"):
        (folder / part).mkdir(parents=True)
    (folder / OURS).touch()


def _write_keyring(authtool: str, keyring: Path) -> None:
    for index, (name, capabilities) in enumerate(CAPABILITIES.items()):
        command = [authtool, *(["--create-keyring"] if index == 0 else []), str(keyring)]
        command += ["--gen-key", "-n", name]
        for system, allowed in capabilities.items():
            command += ["--cap", system, allowed]
        run_tool(command)


def _wait_for_storage(ceph: list[str]) -> None:
    deadline = time.monotonic() + 30
    while "1 up" not in run_tool([*ceph, "osd", "stat"]):
        if time.monotonic() > deadline:
            raise SetupError("Ceph's storage daemon did not come up in 30 s")
        time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(serve_from_command_line("rgw", start))
