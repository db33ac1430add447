"""Every fault of a machine is one line that says what to do."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from proofcall.machine import environment
from proofcall.preflight import (
    check_data_directory,
    check_front_end,
    check_port,
    load_settings,
)
from runtime.errors import SetupError
from runtime.settings import Settings, announced_addresses


def test_a_port_in_use_says_which_and_what_to_do() -> None:
    """A taken port names the address and the setting."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SetupError, match=f"127.0.0.1:{port}.*PROOFCALL_HTTP"):
            check_port("127.0.0.1", port)


def test_a_free_port_passes() -> None:
    """A free port is no fault."""
    check_port("127.0.0.1", 0)


def test_an_unwritable_directory_says_so(tmp_path: Path) -> None:
    """A data directory that cannot be made names itself and the setting."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(SetupError, match="PROOFCALL_DATA"):
        check_data_directory(blocked / "data")


def test_an_unknown_setting_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt variable is not silently ignored."""
    monkeypatch.setenv("PROOFCALL_HTPP", "127.0.0.1:1")
    with pytest.raises(SetupError, match="PROOFCALL_HTPP"):
        load_settings()


def test_an_unknown_key_of_the_file_is_an_error(tmp_path: Path) -> None:
    """A misspelt key of the TOML file is not silently ignored."""
    file = tmp_path / "proofcall.toml"
    file.write_text('htpp = "127.0.0.1:1"\n')
    with pytest.raises(SetupError, match="HTPP"):
        load_settings(config=file)


def test_a_variable_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file gives the value only where no variable does."""
    file = tmp_path / "proofcall.toml"
    file.write_text('http = "127.0.0.1:1111"\nmedia_workers = 3\n')
    monkeypatch.setenv("PROOFCALL_HTTP", "127.0.0.1:2222")
    settings = load_settings(config=file)
    assert (settings.http, settings.media_workers) == ("127.0.0.1:2222", 3)


TURN = {"turn_urls": "turn:turn.example.com:3478", "turn_secret": "hush-hush-hush-hush"}


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"turn_urls": "turn:turn.example.com"}, "PROOFCALL_TURN_SECRET"),
        ({"turn_secret": "hush-hush-hush-hush"}, "PROOFCALL_TURN_URLS"),
        ({**TURN, "turn_secret": "short"}, "PROOFCALL_TURN_SECRET"),
        ({**TURN, "turn_secret": "sixteen characters\nand-a-line"}, "PROOFCALL_TURN_SECRET"),
        ({**TURN, "turn_urls": "https://turn.example.com"}, "PROOFCALL_TURN_URLS"),
        ({**TURN, "turn_urls": "turn:turn.example.com?transport=tls"}, "PROOFCALL_TURN_URLS"),
        ({**TURN, "turn_ttl_s": 5}, "PROOFCALL_TURN_TTL_S"),
        ({"public_ip": "example.com"}, "PROOFCALL_PUBLIC_IP"),
        ({"public_ip": "203.0.113.9/2001:db8::1"}, "PROOFCALL_PUBLIC_IP"),
        ({"public_ip": "fe80::1%eth0"}, "PROOFCALL_PUBLIC_IP"),
    ],
)
def test_network_settings_that_cannot_work_are_refused_by_name(
    given: dict[str, object], names: str
) -> None:
    """Half a TURN server, a secret that can be guessed, an address that is none."""
    with pytest.raises(SetupError, match=names):
        load_settings(**given)


def test_public_addresses_may_be_several_and_of_both_families() -> None:
    """Each may name the own address that stands behind it."""
    given = "203.0.113.9/10.0.0.5, 2001:db8::1"
    settings = load_settings(public_ip=given, **TURN)
    assert announced_addresses(settings.public_ip) == [
        ("203.0.113.9", "10.0.0.5"),
        ("2001:db8::1", None),
    ]


@pytest.mark.parametrize("value", ["8080", "localhost", "127.0.0.1:99999", ""])
def test_an_address_without_host_or_port_is_refused(value: str) -> None:
    """The address names the setting it belongs to."""
    with pytest.raises(SetupError, match="PROOFCALL_HTTP"):
        load_settings(http=value)


def test_pages_that_were_not_built_say_so(tmp_path: Path) -> None:
    """Without the pages the command names the one that builds them."""
    with pytest.raises(SetupError, match="make web"):
        check_front_end(tmp_path)


def test_a_child_process_gets_exactly_the_parent_s_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings given as arguments reach the children, secrets included."""
    settings = Settings(data=tmp_path, http="127.0.0.1:4321", **TURN, media_workers=2)  # type: ignore[arg-type]
    child = environment(settings)
    for key in [key for key in os.environ if key.startswith("PROOFCALL_")]:
        monkeypatch.delenv(key)
    for key, value in child.items():
        if key.startswith("PROOFCALL_"):
            monkeypatch.setenv(key, value)
    assert load_settings() == settings
