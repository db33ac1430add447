"""A person's own line to the server that a test can cut, mend and move: a network namespace.

Needs root. Addresses are of a private network that only this line uses; everything is
removed at the end.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.chromium import chromium_path

_PREFIX = "pcline"


@dataclass(slots=True)
class Line:
    """One namespace behind a veth pair; ``server`` is our address, ``client`` the person's."""

    name: str
    network: str
    browser: Path
    """An executable that starts Chromium inside."""
    client: str
    _host: int = 2

    @property
    def server(self) -> str:
        """The address of the machine as seen from inside."""
        return f"{self.network}.1"

    async def cut(self) -> None:
        """Let nothing through, in either direction."""
        await _run("iptables", "-I", "INPUT", "-i", self.name, "-j", "DROP")
        await _run("iptables", "-I", "OUTPUT", "-o", self.name, "-j", "DROP")

    async def mend(self) -> None:
        """Let everything through again."""
        await _run("iptables", "-D", "INPUT", "-i", self.name, "-j", "DROP")
        await _run("iptables", "-D", "OUTPUT", "-o", self.name, "-j", "DROP")

    async def roam(self) -> None:
        """The old address is gone and another one is there."""
        self._host += 1
        before, self.client = self.client, f"{self.network}.{self._host}"
        await self._inside("ip", "addr", "del", f"{before}/24", "dev", "eth0")
        await self._inside("ip", "addr", "add", f"{self.client}/24", "dev", "eth0")
        await self._inside("ip", "route", "replace", "default", "via", self.server)

    async def _inside(self, *command: str) -> None:
        await _run("ip", "netns", "exec", self.name, *command)


@asynccontextmanager
async def own_line(folder: Path) -> AsyncIterator[Line]:
    """A line, up; ``folder`` takes the script that starts the browser."""
    tag = secrets.token_hex(2)
    number = int(tag, 16)
    name, network = f"{_PREFIX}{tag}", f"10.{200 + (number >> 8) % 50}.{number & 255}"
    script = folder / f"chromium-{name}"
    script.write_text(f'#!/bin/sh\nexec ip netns exec {name} {chromium_path()} "$@"\n')
    script.chmod(0o755)
    line = Line(name, network, script, f"{network}.2")
    try:
        await _run("ip", "netns", "add", name)
        await _run(
            *("ip", "link", "add", name, "type", "veth"),
            *("peer", "name", "eth0", "netns", name),
        )
        await _run("ip", "addr", "add", f"{line.server}/24", "dev", name)
        await _run("ip", "link", "set", name, "up")
        await line._inside("ip", "link", "set", "lo", "up")
        await line._inside("ip", "link", "set", "eth0", "up")
        await line._inside("ip", "addr", "add", f"{line.client}/24", "dev", "eth0")
        await line._inside("ip", "route", "add", "default", "via", line.server)
        yield line
    finally:
        await _run("ip", "link", "del", name, check=False)
        await _run("ip", "netns", "del", name, check=False)
        for chain, way in (("INPUT", "-i"), ("OUTPUT", "-o")):
            while await _run("iptables", "-D", chain, way, name, "-j", "DROP", check=False):
                pass


def is_root() -> bool:
    """Whether lines can be made here."""
    return os.geteuid() == 0


async def _run(*command: str, check: bool = True) -> bool:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    if check and process.returncode:
        raise RuntimeError(f"{' '.join(command)}: {said.decode().strip()}")
    return process.returncode == 0
