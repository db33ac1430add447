"""Networks that people really have: only port 443, only IPv6, a server behind NAT."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.async_api import Page

from infra.local.coturn import start as start_coturn
from tests.support.far_browsers import meeting, office
from tests.support.journeys import STEP_MS, Call, by, timeline_when
from tests.support.machine import Machine, free_port, running_machine
from tests.support.namespaces import Network, network
from tests.support.servers import running_server, start_or_skip

pytestmark = [pytest.mark.alone, pytest.mark.browser, pytest.mark.usefixtures("chromium_binary")]

_PATHS_JS = """async () => {
  const found = [];
  for (const peer of window.__peers) {
    const stats = [...(await peer.getStats()).values()];
    for (const pair of stats)
      if (pair.type === 'candidate-pair' && pair.nominated && pair.bytesReceived > 5000) {
        const local = stats.find((one) => one.id === pair.localCandidateId);
        const remote = stats.find((one) => one.id === pair.remoteCandidateId);
        found.push([local.candidateType, local.relayProtocol ?? local.protocol, remote.address]);
      }
  }
  return found;
}"""
_ANSWERS_JS = "() => window.__peers.map((peer) => peer.remoteDescription?.sdp ?? '')"


@pytest.fixture
def net() -> Iterator[Network]:
    """A network to build; skips without root."""
    with ExitStack() as stack:
        yield start_or_skip(lambda: stack.enter_context(network()))


async def paths_of(page: Page) -> set[tuple[str, str, str]]:
    """Own candidate's type, its transport, and the server's address, of what carries media."""
    return {(kind, way, address) for kind, way, address in await page.evaluate(_PATHS_JS)}


async def end_recorded(machine: Machine, held: Call) -> None:
    """End the call; both recordings are there."""
    session_id = await held.session_id()
    await asyncio.sleep(2)
    await held.end()
    await by(held.buyer_page, "ended").wait_for(timeout=STEP_MS)
    timeline = await timeline_when(machine, session_id, within_s=10)
    assert {one["participant"]["role"] for one in timeline["recordings"]} == {"buyer", "host"}


@pytest.mark.timeout(150)
async def test_a_network_that_lets_only_tcp_443_out_is_passed_by_itself(
    net: Network, tmp_path: Path
) -> None:
    """Nothing is forced: the pages find TURN over TLS on 443 and the call is held."""
    third = os.getpid() % 250
    server = f"10.77.{third}.1"
    guest = office(net, f"10.77.{third}.2/24", f"{server}/24")
    port = free_port()
    for rule in (
        ("-p", "tcp", "--dport", "443", "-j", "ACCEPT"),
        # The page itself; elsewhere it has a name or an address of its own on 443.
        ("-p", "tcp", "--dport", str(port), "-j", "ACCEPT"),
        ("-o", "lo", "-j", "ACCEPT"),
        ("-j", "DROP"),
    ):
        guest.run("iptables", "-A", "OUTPUT", *rule)
    with running_server(lambda folder: start_coturn(folder, host=server, tls_port=443)) as turn:
        async with running_machine(
            tmp_path / "data",
            http=f"{server}:{port}",
            turn_urls=turn.urls,
            turn_secret=turn.secret,
        ) as machine:
            flags = (f"--ignore-certificate-errors-spki-list={turn.certificate_hash}",)
            async with meeting(machine, guest.browser(tmp_path), flags) as held:
                ways = {(kind, way) for kind, way, _ in await paths_of(held.buyer_page)}
                assert ways == {("relay", "tls")}
                await end_recorded(machine, held)


@pytest.mark.timeout(150)
async def test_a_call_is_held_over_ipv6_alone(net: Network, tmp_path: Path) -> None:
    """The buyer's network has no IPv4 at all; the answer names addresses of both families."""
    number = os.getpid()
    six, four = f"fd77:{number % 0xFFFF:x}::1", f"10.72.{number % 250}.1"
    guest = office(net, f"{six[:-1]}2/64", f"{six}/64")
    office(net, f"10.72.{number % 250}.2/24", f"{four}/24")
    async with (
        running_machine(
            tmp_path / "data", http=f"[{six}]:{free_port()}", public_ip=f"{four},{six}"
        ) as machine,
        meeting(machine, guest.browser(tmp_path)) as held,
    ):
        [(_, way, address)] = await paths_of(held.buyer_page)
        assert (way, address) == ("udp", six)
        named = " ".join(await held.buyer_page.evaluate(_ANSWERS_JS))
        assert f" {four} " in named
        assert f" {six} " in named
        await end_recorded(machine, held)


@pytest.mark.timeout(150)
async def test_a_server_behind_nat_is_found_by_its_public_address_alone(
    net: Network, tmp_path: Path
) -> None:
    """A router forwards the configured ports; the pages learn no inner address of the server."""
    last = os.getpid() % 125 * 2
    public, outside = f"203.0.113.{last + 1}", f"203.0.113.{last}"
    router, server = net.namespace(), net.namespace()
    outer = net.link(net.here, router, (f"{outside}/31", f"{public}/31"))
    net.link(router, server, ("10.78.1.1/24", "10.78.1.2/24"))
    server.run("ip", "route", "add", "default", "via", "10.78.1.1")
    router.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
    port, ports = 8080, (45_000, 45_039)
    nat = ("iptables", "-t", "nat", "-A")
    for protocol, wanted in (("tcp", str(port)), ("udp", f"{ports[0]}:{ports[1]}")):
        router.run(
            *(*nat, "PREROUTING", "-i", outer.second, "-d", public, "-p", protocol),
            *("--dport", wanted, "-j", "DNAT", "--to-destination", "10.78.1.2"),
        )
    router.run(*nat, "POSTROUTING", "-o", outer.second, "-j", "MASQUERADE")
    async with (
        running_machine(
            tmp_path / "data",
            through=server.prefix,
            http=f"0.0.0.0:{port}",
            base_url=f"http://{public}:{port}",
            udp_ports=f"{ports[0]}-{ports[1]}",
            public_ip=public,
        ) as machine,
        meeting(machine) as held,
    ):
        for page in (held.buyer_page, held.host_page):
            assert {address for _, _, address in await paths_of(page)} == {public}
            for answer in filter(None, await page.evaluate(_ANSWERS_JS)):
                # Chromium itself writes 127.0.0.1 into the origin line of what it shows.
                told = set(re.findall(r"\d+\.\d+\.\d+\.\d+", answer))
                assert told <= {public, "0.0.0.0", "127.0.0.1"}
                named = re.findall(r"a=candidate:\S+ 1 udp \d+ \S+ (\d+)", answer)
                assert named
                assert all(ports[0] <= int(one) <= ports[1] for one in named)
        await end_recorded(machine, held)
