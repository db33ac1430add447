"""A TURN server (coturn) of one's own on loopback, for tests; never a configuration to ship.

``python -m infra.local.coturn DIR``. It relays to loopback peers, which a
public server must not do.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from infra.local.command_line import serve_from_command_line
from infra.local.process import ServerProcess, answers, choose_port, find_binary

PACKAGES = "coturn"


@dataclass(slots=True)
class Coturn:
    """A running server with one user, on UDP and TCP."""

    port: int
    username: str
    password: str
    server: ServerProcess

    @property
    def url(self) -> str:
        """What RTCIceServer.urls takes; add ``?transport=tcp`` for TCP."""
        return f"turn:127.0.0.1:{self.port}"

    def describe(self) -> str:
        """Return one line on how to reach it."""
        return f"TURN at {self.url} ({self.username} / {self.password})"

    def stop(self) -> None:
        """End it; may be called twice."""
        self.server.stop()


def start(folder: Path, *, port: int | None = None) -> Coturn:
    """Start a server whose files are all in ``folder``. Raises SetupError."""
    binary = find_binary("turnserver", PACKAGES)
    folder.mkdir(parents=True, exist_ok=True)
    chosen = choose_port(port)
    username, password = "proofcall", "proofcall-test"
    config = folder / "turnserver.conf"
    config.write_text(
        "\n".join(
            [
                "listening-ip=127.0.0.1",
                "relay-ip=127.0.0.1",
                f"listening-port={chosen}",
                "min-port=52000",
                "max-port=52999",
                "realm=proofcall.test",
                "lt-cred-mech",
                f"user={username}:{password}",
                "fingerprint",
                "allow-loopback-peers",
                "no-cli",
                "no-tls",
                "no-dtls",
                "no-multicast-peers",
                "log-file=stdout",
                "simple-log",
                f"pidfile={folder / 'turnserver.pid'}",
                f"userdb={folder / 'turn.sqlite'}",
                "",
            ]
        )
    )
    command = [binary, "-c", str(config)]
    server = ServerProcess(command, log=folder / "coturn.log")
    server.wait_until(lambda: answers(chosen), timeout_s=10)
    return Coturn(chosen, username, password, server)


if __name__ == "__main__":
    sys.exit(serve_from_command_line("coturn", start))
