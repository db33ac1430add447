"""Phones and tablets on the same network: addresses, certificates, and how to get in."""

from __future__ import annotations

import contextlib
import io
import ipaddress
import re
import socket
from datetime import UTC, datetime
from ipaddress import IPv4Address
from urllib.parse import urlsplit

import ifaddr
import segno

from proofcall.lan_certificates import LanFiles, LanNames, ensure_certificates, fingerprint
from runtime.errors import SetupError
from runtime.settings import Settings

# Bridges and tunnels of this machine: no phone is behind them.
_NOT_A_LAN = re.compile(r"^(docker|br-|veth|virbr|cni|flannel|podman|lxc|tun|tap|wg|ifb)")
_HOST_NAME = re.compile(r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$")


def prepare_lan(settings: Settings) -> Settings:
    """Settings that also serve HTTPS to the LAN; makes or renews the certificates it needs.

    A certificate of one's own (``tls_cert``) is used as it is.

    Raises:
        SetupError: no network, plain HTTP would leave this machine, or a key without its
            certificate.
    """
    if settings.http_host not in ("127.0.0.1", "localhost", "[::1]"):
        raise SetupError(
            f"with --lan plain HTTP stays on this machine, not on {settings.http_host}: "
            "set PROOFCALL_HTTP=127.0.0.1:port"
        )
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise SetupError("set PROOFCALL_TLS_CERT and PROOFCALL_TLS_KEY together")
    addresses = lan_addresses()
    if not addresses and settings.base_url is None:
        raise SetupError("this machine is on no network: connect it, or leave out --lan")
    given = settings.model_dump()
    given["lan"] = True
    if settings.base_url is None:
        given["base_url"] = f"https://{addresses[0]}:{settings.lan_port}"
    elif not settings.base_url.startswith("https://"):
        raise SetupError("with --lan links begin with https://: mend or unset PROOFCALL_BASE_URL")
    if settings.tls_cert is None:
        names = LanNames(tuple(addresses), _host_names(settings))
        leaf, leaf_key = settings.https_files
        files = LanFiles(settings.lan_ca, settings.lan_ca.with_suffix(".key"), leaf, leaf_key)
        ensure_certificates(files, names, datetime.now(UTC))
    return Settings(**given)


def lan_addresses() -> list[IPv4Address]:
    """The IPv4 addresses that devices nearby can reach, the default route's first."""
    found: list[IPv4Address] = []
    for adapter in ifaddr.get_adapters():
        if _NOT_A_LAN.match(adapter.name):
            continue
        for ip in adapter.ips:
            if isinstance(ip.ip, str):
                address = IPv4Address(ip.ip)
                if not address.is_loopback and not address.is_link_local:
                    found.append(address)
    first = _default_route_address()
    return sorted(set(found), key=lambda address: (address != first, found.index(address)))


def present_lan(settings: Settings, link: str) -> str:
    """The LAN's lines for the terminal: the link as a QR code, and how a device trusts it."""
    drawn = io.StringIO()
    segno.make(link, error="m").terminal(out=drawn, compact=True, border=2)
    lines = ["", "On a phone or tablet in this network, scan or type:", "", drawn.getvalue()]
    lines += [f"  {link}", ""]
    if settings.tls_cert is None:
        host = urlsplit(settings.public_url).hostname
        lines += [
            f"Once per device, trust it first: open http://{host}:{settings.trust_port}/ there.",
            "  iPhone, iPad  download the profile; Settings > General > VPN & Device Management:",
            "                install; Settings > General > About > Certificate Trust Settings: on",
            "  Android       download; Settings > Security > Encryption & credentials >",
            "                Install a certificate > CA certificate",
            "  Computer      download; import it as a trusted authority in the browser or system",
            "  Compare the fingerprint (SHA-256) before you install:",
            *_fingerprint_lines(fingerprint(settings.lan_ca)),
            "  It vouches for private addresses and .local names only. Remove it afterwards.",
        ]
    return "\n".join(lines)


def _fingerprint_lines(pairs: str) -> list[str]:
    half = len(pairs) // 2
    return [f"    {pairs[:half]}", f"    {pairs[half + 1 :]}"]


def _host_names(settings: Settings) -> tuple[str, ...]:
    """Host names for the certificate; the machine's own first, ``localhost`` always."""
    own = socket.gethostname().lower().rstrip(".")
    names = [own, f"{own.partition('.')[0]}.local", "localhost"]
    given = urlsplit(settings.base_url or "").hostname
    if given is not None:
        names.append(given)
    return tuple(
        dict.fromkeys(name for name in names if _HOST_NAME.match(name) and not _is_address(name))
    )


def _is_address(text: str) -> bool:
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(text)
        return True
    return False


def _default_route_address() -> IPv4Address | None:
    """The address that leads out; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))
        except OSError:
            return None
        return IPv4Address(probe.getsockname()[0])
