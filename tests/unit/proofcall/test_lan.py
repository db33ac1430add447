"""What ``--lan`` decides before anything starts, and what it tells the person at the terminal."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from proofcall.lan import lan_addresses, prepare_lan, present_lan
from proofcall.lan_certificates import fingerprint
from runtime.errors import SetupError
from runtime.settings import Settings
from tests.support.namespaces import inside_own_network
from tests.support.servers import missing_part


def settings(tmp_path: Path, **given: Any) -> Settings:
    """The settings of a machine started with ``--lan``."""
    return Settings(data=tmp_path, lan=True, **given)


@pytest.fixture
def address() -> Iterator[str]:
    """The address in the links; root has a network for it, whatever this machine is on."""
    with ExitStack() as stack:
        if os.geteuid() == 0:
            stack.enter_context(inside_own_network("192.168.77.2/24"))
        found = lan_addresses()
        if not found:
            missing_part("this machine is on no network")
        yield str(found[0])


def test_links_begin_with_the_lan_s_address(tmp_path: Path, address: str) -> None:
    """HTTPS, the LAN's port; plain HTTP stays where it was."""
    prepared = prepare_lan(settings(tmp_path, lan_port=9443))
    assert prepared.public_url == f"https://{address}:9443"
    assert prepared.local_url == "http://127.0.0.1:8080"
    assert prepared.lan_ca.is_file()


def test_preparing_twice_changes_nothing(tmp_path: Path, address: str) -> None:
    """The supervisor and its children may both do it."""
    first = prepare_lan(settings(tmp_path))
    trusted = fingerprint(first.lan_ca)
    assert prepare_lan(first) == first
    assert fingerprint(first.lan_ca) == trusted


def test_the_terminal_says_where_to_go_and_what_to_compare(tmp_path: Path, address: str) -> None:
    """The link, the trust page and the fingerprint in full."""
    prepared = prepare_lan(settings(tmp_path))
    said = present_lan(prepared, f"{prepared.public_url}/j/abc")
    assert f"https://{address}:8443/j/abc" in said
    assert f"http://{address}:8444/" in said
    pairs = fingerprint(prepared.lan_ca)
    assert pairs[:47] in said
    assert pairs[48:] in said
    assert all(device in said for device in ("iPhone", "Android", "Computer"))
    assert "█" in said


def test_plain_http_is_never_opened_to_the_network(tmp_path: Path) -> None:
    """Sign-ins would go over the air in the clear."""
    with pytest.raises(SetupError, match="plain HTTP stays on this machine"):
        prepare_lan(settings(tmp_path, http="0.0.0.0:8080"))


def test_a_certificate_of_one_s_own_needs_its_key(tmp_path: Path) -> None:
    """And with both, no authority is made and nothing is to be trusted."""
    with pytest.raises(SetupError, match="together"):
        prepare_lan(settings(tmp_path, tls_cert=tmp_path / "cert.pem"))
    own = prepare_lan(
        settings(
            tmp_path,
            tls_cert=tmp_path / "cert.pem",
            tls_key=tmp_path / "key.pem",
            base_url="https://desk.example:8443",
        )
    )
    assert not own.lan_ca.exists()
    assert "trust" not in present_lan(own, own.public_url)


def test_a_link_without_https_is_refused(tmp_path: Path) -> None:
    """Cameras would not open on it."""
    with pytest.raises(SetupError, match="https"):
        prepare_lan(settings(tmp_path, base_url="http://desk.local:8443"))
