"""A TURN server (coturn) of one's own for tests, with the configuration that is shipped.

``python -m infra.local.coturn DIR``. It listens on loopback, over UDP, TCP and TLS, and
relays to the addresses of this host alone; its certificate is made for the occasion.
"""

from __future__ import annotations

import os
import secrets
import sys
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from infra.local.certificate import make_certificate
from infra.local.command_line import serve_from_command_line
from infra.local.process import ServerProcess, answers, choose_port, find_binary
from media.addresses import own_addresses
from runtime.errors import SetupError

PACKAGES = "coturn"
START = Path(__file__).parents[1] / "coturn" / "start.sh"
REALM = "turn.proofcall.test"


@dataclass(slots=True)
class Coturn:
    """A running server."""

    host: str
    port: int
    tls_port: int
    secret: str
    relay_ips: tuple[str, ...]
    certificate: Path
    server: ServerProcess

    @property
    def url(self) -> str:
        """What RTCIceServer.urls takes for UDP."""
        return f"turn:{self._host}:{self.port}?transport=udp"

    @property
    def urls(self) -> str:
        """What PROOFCALL_TURN_URLS takes: UDP, TCP and TLS."""
        return ",".join((self.url, self.tcp_url, self.tls_url))

    @property
    def tcp_url(self) -> str:
        """The way through a firewall that lets only TCP out."""
        return f"turn:{self._host}:{self.port}?transport=tcp"

    @property
    def tls_url(self) -> str:
        """The way through a firewall that lets only TLS out."""
        return f"turns:{self._host}:{self.tls_port}?transport=tcp"

    @property
    def _host(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def certificate_hash(self) -> str:
        """What Chromium's ``--ignore-certificate-errors-spki-list`` takes."""
        certificate = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        spki = certificate.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return b64encode(sha256(spki).digest()).decode()

    def describe(self) -> str:
        """Return one line on how to reach it."""
        return f"TURN at {self.urls}, PROOFCALL_TURN_SECRET={self.secret}"

    def stop(self) -> None:
        """End it; may be called twice."""
        self.server.stop()


def start(
    folder: Path,
    *,
    port: int | None = None,
    tls_port: int | None = None,
    host: str = "127.0.0.1",
    relay_ips: Sequence[str] = (),
    peers: Sequence[str] = (),
) -> Coturn:
    """Start a server whose files are all in ``folder``. Raises SetupError.

    ``relay_ips`` and ``peers`` default to this host's own addresses.
    """
    find_binary("turnserver", PACKAGES)
    own = [address for address in own_addresses() if not address.startswith("127.")]
    relay, allowed = tuple(relay_ips or own), tuple(peers or own)
    if not relay or not allowed:
        raise SetupError("coturn relays to no loopback address and this host has no other")
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key = make_certificate(folder, names=("localhost",), addresses=(host,))
    chosen, chosen_tls = port or choose_port(None), tls_port or choose_port(None)
    secret = secrets.token_urlsafe(24)
    environment = {
        "TURN_SECRET": secret,
        "TURN_REALM": REALM,
        "TURN_PEERS": ",".join(allowed),
        "TURN_LISTEN_IPS": host,
        "TURN_RELAY_IPS": ",".join(relay),
        "TURN_PORT": str(chosen),
        "TURN_TLS_PORT": str(chosen_tls),
        "TURN_CERT": str(certificate),
        "TURN_KEY": str(key),
        "TURN_PORTS": "52000-52999",
        "TURN_RUN": str(folder),
        "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin",
    }
    log = folder / "coturn.log"
    server = ServerProcess([str(START)], log=log, environment=environment)
    server.wait_until(lambda: answers(chosen, host) and answers(chosen_tls, host), timeout_s=10)
    return Coturn(host, chosen, chosen_tls, secret, relay, certificate, server)


if __name__ == "__main__":
    sys.exit(serve_from_command_line("coturn", start))
