"""A bad network for one person: a namespace that reaches this machine over a wire that can be set.

Chromium, or any command, runs inside; servers run outside and listen at ``server``. Everything
that passes is impaired alike: pages, Socket.IO, media and TURN. The wire is a process of its
own (``network_wire.py``); the namespace is its and goes with it.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

from runtime.errors import SetupError
from tests.support.chromium import Chromium, FileCamera, SyncedCamera, chromium, chromium_path
from tests.support.network_line import OPEN, Profile
from tests.support.network_wire import INNER

_ROOT = Path(__file__).resolve().parents[2]
_ANSWER_WITHIN_S = 10.0
_CLONE_NEWNET = 0x40000000


def refuse_without_rights() -> None:
    """Raise SetupError with the reason where no bed can be made."""
    if os.geteuid() != 0:
        raise SetupError("network namespaces need root")
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        raise SetupError("no /dev/net/tun on this machine")
    for needed in ("ip", "nsenter"):
        if shutil.which(needed) is None:
            raise SetupError(f"no {needed}: apt-get install iproute2 util-linux")


@dataclass(slots=True)
class NetworkBed:
    """One person's network; ``profile`` is what it is like now."""

    network: str
    pid: int
    folder: Path
    _wire: asyncio.subprocess.Process
    profile: Profile = OPEN
    _host: int = 2
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def server(self) -> str:
        """The address at which the person reaches servers of this machine."""
        return f"{self.network}.1"

    @property
    def address(self) -> str:
        """The person's own address at the moment."""
        return f"{self.network}.{self._host}"

    def inside(self, *command: str) -> list[str]:
        """The command as one that runs in the person's network."""
        return ["nsenter", f"--net=/proc/{self.pid}/ns/net", "--", *command]

    async def socket(self, kind: socket.SocketKind, protocol: int = 0) -> socket.socket:
        """An IPv4 socket of this process that is in the person's network; the caller's own."""
        made: Future[socket.socket] = Future()

        # A thread's namespace is its own, and ends with it; the socket stays where it was made.
        def make() -> None:
            try:
                with Path(f"/proc/{self.pid}/ns/net").open("rb") as namespace:
                    libc = ctypes.CDLL(None, use_errno=True)
                    if libc.setns(namespace.fileno(), _CLONE_NEWNET) != 0:
                        raise OSError(ctypes.get_errno(), "setns")
                made.set_result(socket.socket(socket.AF_INET, kind, protocol))
            except OSError as error:
                made.set_exception(error)

        Thread(target=make).start()
        return await asyncio.wrap_future(made)

    async def apply(self, profile: Profile) -> None:
        """Let the network be like this from now on; what is on its way arrives as it was to."""
        await self._command(up=asdict(profile.up), down=asdict(profile.down))
        self.profile = profile

    async def blackout(self, seconds: float) -> float:
        """Nothing passes for a while, and what was on its way is lost; gives the end, Unix ms."""
        await self.darken()
        try:
            await asyncio.sleep(seconds)
        finally:
            ended_ms = await self.lighten()
        return ended_ms

    async def darken(self) -> float:
        """Let nothing pass from now on; gives the Unix time in milliseconds."""
        return float((await self._command(dark=True))["wall_ms"])

    async def lighten(self) -> float:
        """Let packets pass again; gives the Unix time in milliseconds."""
        return float((await self._command(dark=False))["wall_ms"])

    async def passed(self) -> dict[str, dict[str, int]]:
        """``packets``, ``bytes``, ``lost``, ``overflowed`` of ``up`` and ``down`` so far."""
        answer = await self._command()
        return {name: answer[name] for name in ("up", "down")}

    async def roam(self, gap_s: float = 0.0) -> float:
        """The old address goes, and after the gap a new one comes; gives that Unix time in ms.

        The default route goes and comes with them, as from one Wi-Fi to another.
        """
        await self._run("ip", "addr", "flush", "dev", INNER, "scope", "global")
        if gap_s:
            await asyncio.sleep(gap_s)
        self._host = self._host + 1 if self._host < 254 else 2
        await self._run("ip", "addr", "add", f"{self.address}/24", "dev", INNER)
        await self._run("ip", "route", "add", "default", "via", self.server, "dev", INNER)
        return float((await self._command())["wall_ms"])

    async def rebind(self) -> float:
        """The person's NAT forgets: the same sockets have other ports outside; Unix time in ms."""
        return float((await self._command(rebind=True))["wall_ms"])

    @asynccontextmanager
    async def chromium(
        self,
        camera: FileCamera | SyncedCamera | None = None,
        *,
        secure: str | None = None,
        flags: tuple[str, ...] = (),
        **chosen: Any,
    ) -> AsyncIterator[Chromium]:
        """``chromium(...)`` in the person's network.

        ``secure`` is the http:// origin whose pages may use cameras as if they came by HTTPS.
        """
        launcher = self.folder / "chromium"
        command = " ".join(self.inside(chromium_path()))
        await asyncio.to_thread(launcher.write_text, f'#!/bin/sh\nexec {command} "$@"\n')
        launcher.chmod(0o700)
        if secure is not None:
            flags = (*flags, f"--unsafely-treat-insecure-origin-as-secure={secure}")
        async with chromium(camera, executable=launcher, flags=flags, **chosen) as running:
            yield running

    async def _command(self, **given: Any) -> dict[str, Any]:
        async with self._lock:
            assert self._wire.stdin is not None
            self._wire.stdin.write(json.dumps(given).encode() + b"\n")
            return await _answer(self._wire)

    async def _run(self, *command: str) -> None:
        process = await asyncio.create_subprocess_exec(*self.inside(*command))
        code = await asyncio.wait_for(process.wait(), _ANSWER_WITHIN_S)
        assert code == 0, f"{' '.join(command)}: exit {code}"


@asynccontextmanager
async def network_bed(profile: Profile = OPEN) -> AsyncIterator[NetworkBed]:
    """Make a network for one person, and take it away at the end.

    Several stand side by side, also in several processes. Raises SetupError without root.
    """
    refuse_without_rights()
    wire = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.network_wire",
        cwd=_ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="pc-bed-"))
    try:
        made = await _answer(wire)
        bed = NetworkBed(made["network"], made["pid"], folder, wire)
        await bed.apply(profile)
        yield bed
    finally:
        assert wire.stdin is not None
        wire.stdin.close()
        try:
            await asyncio.wait_for(wire.wait(), _ANSWER_WITHIN_S)
        except TimeoutError:
            wire.kill()
            await wire.wait()
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def _answer(wire: asyncio.subprocess.Process) -> dict[str, Any]:
    assert wire.stdout is not None
    line = await asyncio.wait_for(wire.stdout.readline(), _ANSWER_WITHIN_S)
    if not line:
        raise SetupError("the network bed could not be made; what it says stands above")
    answer: dict[str, Any] = json.loads(line)
    return answer
