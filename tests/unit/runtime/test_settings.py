"""Settings that must be whole, and say only what they may."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from runtime.settings import Settings

_URL = "https://tsa.example/stamp"


def test_a_time_stamping_authority_comes_with_its_certificates() -> None:
    """Its answers could not be believed without them."""
    assert Settings(tsa_url=_URL, tsa_ca="ca.pem").tsa_url == _URL  # type: ignore[arg-type]
    for one in ({"tsa_url": _URL}, {"tsa_ca": "ca.pem"}):
        with pytest.raises(ValidationError):
            Settings(**one)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "url", ["tsa.example", "ftp://tsa.example", "https://user:pw@tsa.example", "https://a b"]
)
def test_what_is_no_web_address_is_no_authority(url: str) -> None:
    """A user's name goes into its own setting, where no log shows it."""
    with pytest.raises(ValidationError):
        Settings(tsa_url=url, tsa_ca="ca.pem")  # type: ignore[arg-type]


def test_a_header_is_one_line() -> None:
    """Nothing can be slipped in behind it."""
    with pytest.raises(ValidationError):
        Settings(tsa_authorization="Basic x\r\nHost: y")  # type: ignore[arg-type]
