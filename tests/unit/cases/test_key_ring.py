"""The master key: made once, found again, refused when it is not one."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

from cases.key_wrapping import unwrap
from cases.keys import KeyRing
from runtime.errors import SetupError
from runtime.settings import Settings


def test_a_master_key_is_made_once_even_by_many(tmp_path: Path) -> None:
    """Processes that start together end up with one key, readable by its owner alone."""
    settings = Settings(data=tmp_path)
    with ThreadPoolExecutor(8) as pool:
        rings = list(pool.map(lambda _: KeyRing.load(settings), range(16)))
    path = tmp_path / "keys" / "master.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["master.key"]
    wrapped = rings[0].new_tenant_key("ten_1")
    for ring in rings:
        assert len(unwrap(ring._master, "tenant:ten_1", wrapped)) == 32


def test_a_wrapped_key_opens_only_for_its_purpose(tmp_path: Path) -> None:
    """Moved to another tenant's row, it is worth nothing."""
    ring = KeyRing.load(Settings(data=tmp_path))
    with pytest.raises(InvalidTag):
        unwrap(ring._master, "tenant:ten_2", ring.new_tenant_key("ten_1"))


def test_a_master_key_from_the_settings_wins(tmp_path: Path) -> None:
    """No file is made then."""
    key = base64.b64encode(b"m" * 32).decode()
    ring = KeyRing.load(Settings(data=tmp_path, master_key=SecretStr(key)))
    wrapped = ring.new_tenant_key("ten_1")
    assert len(unwrap(AESGCM(b"m" * 32), "tenant:ten_1", wrapped)) == 32
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize("bad", ["", "short", base64.b64encode(b"x" * 31).decode()])
def test_what_is_not_a_key_is_a_setup_error(tmp_path: Path, bad: str) -> None:
    """One line that says which setting."""
    with pytest.raises(SetupError, match="PROOFCALL_MASTER_KEY"):
        KeyRing.load(Settings(data=tmp_path, master_key=SecretStr(bad)))
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "master.key").write_bytes(b"torn")
    with pytest.raises(SetupError, match=r"master\.key"):
        KeyRing.load(Settings(data=tmp_path))
