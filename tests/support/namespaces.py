"""Small networks of one's own for tests: Linux network namespaces, links, firewalls, NAT.

Root only. Every name carries the test process's id, so that runs side by side do not meet,
and everything is gone when the block ends.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from runtime.errors import SetupError
from tests.support.chromium import chromium_path

_numbers = itertools.count()
_CLONE_NEWNET = 0x40000000


@dataclass(frozen=True, slots=True)
class Namespace:
    """One host of the network; the test's own host has the name ""."""

    name: str

    @property
    def prefix(self) -> tuple[str, ...]:
        """What is put before a command to run it there."""
        return ("ip", "netns", "exec", self.name) if self.name else ()

    def run(self, *command: str) -> None:
        """Run a command there. Raises SetupError with its words."""
        done = subprocess.run([*self.prefix, *command], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SetupError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")

    def browser(self, folder: Path) -> Path:
        """A program that is Chromium inside this namespace."""
        path = folder / f"chromium-{self.name}"
        path.write_text(f'#!/bin/sh\nexec {" ".join(self.prefix)} {chromium_path()} "$@"\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path


@dataclass(frozen=True, slots=True)
class Ends:
    """The names of the two ends of a link."""

    first: str
    second: str


class Network:
    """Namespaces and links; made by ``network()``."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    @property
    def here(self) -> Namespace:
        """The host of the test itself."""
        return Namespace("")

    def namespace(self) -> Namespace:
        """A new host with nothing but its loopback."""
        made = Namespace(f"pcf{os.getpid()}x{next(_numbers)}")
        self.here.run("ip", "netns", "add", made.name)
        self._stack.callback(self.here.run, "ip", "netns", "del", made.name)
        made.run("ip", "link", "set", "lo", "up")
        return made

    def link(self, first: Namespace, second: Namespace, *addresses: tuple[str, str]) -> Ends:
        """Connect two hosts; each pair of ``addresses`` is what the ends are given."""
        number = f"{os.getpid() % 100_000}x{next(_numbers)}"
        ends = Ends(f"pf{number}a", f"pf{number}b")
        self.here.run("ip", "link", "add", ends.first, "type", "veth", "peer", "name", ends.second)
        for host, end, index in ((first, ends.first, 0), (second, ends.second, 1)):
            if host.name:
                self.here.run("ip", "link", "set", end, "netns", host.name)
            for pair in addresses:
                # Without duplicate detection an IPv6 address can be used at once.
                options = ("nodad",) if ":" in pair[index] else ()
                host.run("ip", "addr", "add", pair[index], "dev", end, *options)
            host.run("ip", "link", "set", end, "up")
        if not first.name:
            self._stack.callback(self.here.run, "ip", "link", "del", ends.first)
        return ends


@contextmanager
def inside_own_network(*addresses: str) -> Iterator[None]:
    """This thread, and whatever it starts, stand in a network that has these addresses alone.

    Nothing leaves it, and nothing of the host's network is seen. Raises SetupError where
    namespaces cannot be made.
    """
    _refuse_without_rights()
    libc = ctypes.CDLL(None, use_errno=True)
    here = Namespace("")
    with Path("/proc/thread-self/ns/net").open("rb") as before:
        if libc.unshare(_CLONE_NEWNET) != 0:
            raise SetupError(f"no network of one's own: {os.strerror(ctypes.get_errno())}")
        try:
            here.run("ip", "link", "set", "lo", "up")
            # Two ends of one link: a dummy device is a module that not every kernel has.
            here.run("ip", "link", "add", "lan0", "type", "veth", "peer", "name", "lan1")
            for address in addresses:
                options = ("nodad",) if ":" in address else ()
                here.run("ip", "addr", "add", address, "dev", "lan0", *options)
            here.run("ip", "link", "set", "lan1", "up")
            here.run("ip", "link", "set", "lan0", "up")
            yield
        finally:
            # The namespace goes with the last who stands in it.
            if libc.setns(before.fileno(), _CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "the host's network cannot be entered again")


def _refuse_without_rights() -> None:
    if os.geteuid() != 0 or shutil.which("ip") is None or shutil.which("iptables") is None:
        raise SetupError("network namespaces need root, iproute2 and iptables")


@contextmanager
def network() -> Iterator[Network]:
    """A network to build. Raises SetupError where namespaces cannot be made."""
    _refuse_without_rights()
    with ExitStack() as stack:
        yield Network(stack)
