"""Which of the host's addresses media is bound to, what browsers are told, whom we may check."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass

import structlog
from aioice import ice

from runtime.settings import Settings, announced_addresses

log = structlog.get_logger()

_MAX_ADDRESSES = 8
# Any port: a datagram socket's connect() only asks the kernel for a route.
_DISCARD_PORT = 9


@dataclass(frozen=True, slots=True)
class NetworkPolicy:
    """Where a worker's sockets are bound and under which addresses browsers find them.

    ``announced`` holds pairs of a public address and the own address behind it (None: find
    it). With it browsers are told those addresses and no other; without it, the host's own.
    """

    ports: range | None = None
    announced: tuple[tuple[str, str | None], ...] = ()

    def bindings(self) -> dict[str, list[str]]:
        """The own addresses to bind, each with the addresses to tell browsers.

        A public address without any own address of its family is left out, and said so.
        """
        own = own_addresses()
        if not self.announced:
            return {address: [address] for address in own}
        found: dict[str, list[str]] = {}
        for public, behind in self.announced:
            address = behind or (public if public in own else _source_towards(public))
            if address is None:
                log.warning("no own address stands behind a public one", public=public)
                continue
            found.setdefault(address, []).append(public)
        return found

    def may_check(self, address: str) -> bool:
        """Whether we may send connectivity checks to an address that a browser names.

        On the open internet a browser has no business naming addresses inside our own
        network: it would have us knock on doors there. Those whose packets do come from
        such an address are answered all the same.
        """
        try:
            remote = ipaddress.ip_address(address)
        except ValueError:
            # A name (mDNS): resolving takes seconds, and the browser's own checks reveal it.
            return False
        if remote.is_multicast or remote.is_unspecified or getattr(remote, "ipv4_mapped", None):
            return False
        if str(remote) == "255.255.255.255":
            return False
        return bool(remote.is_global) or self._is_inside

    @property
    def _is_inside(self) -> bool:
        """Whether we serve an inner network: then inner addresses are our business."""
        told = [ipaddress.ip_address(public) for public, _ in self.announced]
        return not told or any(not address.is_global for address in told)


def network_policy(settings: Settings) -> NetworkPolicy:
    """What the settings say of ports and addresses."""
    ports = None
    if settings.udp_ports:
        first, _, last = settings.udp_ports.partition("-")
        ports = range(int(first), int(last) + 1)
    return NetworkPolicy(ports=ports, announced=tuple(announced_addresses(settings.public_ip)))


def own_addresses() -> list[str]:
    """The host's own addresses; loopback only where there is no other."""
    found = ice.get_host_addresses(use_ipv4=True, use_ipv6=True)
    return found[:_MAX_ADDRESSES] or ["127.0.0.1"]


def _source_towards(public: str) -> str | None:
    """The own address that packets to the outside leave from; None without a route."""
    family = socket.AF_INET6 if ":" in public else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((public, _DISCARD_PORT))
        except OSError:
            return None
        address = str(probe.getsockname()[0])
    return None if ipaddress.ip_address(address).is_loopback else address
