"""Which addresses are told, and whom the server may be sent to knock at."""

from __future__ import annotations

import pytest

from media.addresses import NetworkPolicy, network_policy, own_addresses
from runtime.settings import Settings

OUTSIDE = NetworkPolicy(announced=(("93.184.216.34", None), ("2606:2800:220:1::1", None)))
INSIDE = NetworkPolicy()
BOTH = NetworkPolicy(announced=(("93.184.216.34", "10.0.0.5"), ("10.0.0.5", None)))

NEVER = [
    "0.0.0.0",
    "::",
    "224.0.0.1",
    "255.255.255.255",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "abc.local",
    "example.com",
    "",
]
INNER = ["127.0.0.1", "::1", "10.1.2.3", "100.64.0.1", "169.254.169.254", "192.168.0.1", "fd00::1"]


@pytest.mark.parametrize("address", NEVER)
def test_some_addresses_are_nobody_s(address: str) -> None:
    """Multicast, unspecified, IPv4-mapped ones and names are never checked."""
    assert not any(policy.may_check(address) for policy in (OUTSIDE, INSIDE, BOTH))


@pytest.mark.parametrize("address", INNER)
def test_a_public_server_is_not_sent_knocking_inside(address: str) -> None:
    """A browser from outside has no business naming our own network; one inside has."""
    assert not OUTSIDE.may_check(address)
    assert INSIDE.may_check(address)
    assert BOTH.may_check(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888"])
def test_a_public_address_is_always_checked(address: str) -> None:
    """That is where buyers are."""
    assert OUTSIDE.may_check(address)
    assert INSIDE.may_check(address)


def test_without_a_public_address_the_host_s_own_are_told() -> None:
    """Each is bound and told as it is."""
    assert INSIDE.bindings() == {address: [address] for address in own_addresses()}


def test_only_what_the_settings_name_is_told() -> None:
    """An own address may stand behind several public ones; without one of the family, none."""
    own = own_addresses()[0]
    policy = network_policy(
        Settings(public_ip=f"203.0.113.9/{own}, 203.0.113.10/{own}", udp_ports="40000-40009")
        if ":" not in own
        else Settings(public_ip=f"2001:db8::9/{own}, 2001:db8::a/{own}", udp_ports="40000-40009")
    )
    assert policy.ports == range(40_000, 40_010)
    [(bound, told)] = policy.bindings().items()
    assert bound == own
    assert len(told) == 2
    assert own not in told


def test_an_address_of_the_host_itself_stands_for_itself() -> None:
    """A server with its public address on its own interface."""
    own = own_addresses()[0]
    assert NetworkPolicy(announced=((own, None),)).bindings() == {own: [own]}
