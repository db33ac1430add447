"""A Redis of one's own on a free loopback port, for tests; it keeps nothing.

``python -m infra.local.redis DIR``.
"""

from __future__ import annotations

import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from infra.local.command_line import serve_from_command_line
from infra.local.process import ServerProcess, choose_port, find_binary

PACKAGES = "redis-server"


@dataclass(slots=True)
class Redis:
    """A running server without a password."""

    port: int
    server: ServerProcess

    @property
    def url(self) -> str:
        """Database 0 of the server."""
        return f"redis://127.0.0.1:{self.port}/0"

    def describe(self) -> str:
        """Return one line on how to reach it."""
        return f"Redis at {self.url}"

    def stop(self) -> None:
        """End it; may be called twice."""
        self.server.stop()

    def _is_ready(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def start(folder: Path, *, port: int | None = None) -> Redis:
    """Start a server whose working directory is ``folder``. Raises SetupError."""
    binary = find_binary("redis-server", PACKAGES)
    folder.mkdir(parents=True, exist_ok=True)
    chosen = choose_port(port)
    command = [binary, "--port", str(chosen), "--bind", "127.0.0.1", "--dir", str(folder)]
    command += ["--save", "", "--appendonly", "no", "--daemonize", "no"]
    running = Redis(chosen, ServerProcess(command, log=folder / "redis.log"))
    running.server.wait_until(running._is_ready, timeout_s=10)
    return running


if __name__ == "__main__":
    sys.exit(serve_from_command_line("redis", start))
