"""Codes of an authenticator app, against the vectors of RFC 6238, and what a thief would try."""

from __future__ import annotations

import pytest

from cases.totp import code_at, otpauth_url, readable, step_of

SECRET = b"12345678901234567890"


@pytest.mark.parametrize(
    ("at_s", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_are_those_of_rfc_6238(at_s: int, code: str) -> None:
    """Appendix B, SHA-1; ours are the last six digits."""
    assert code_at(SECRET, at_s // 30, digits=8) == code
    assert step_of(SECRET, code[2:], at_s, 0) == at_s // 30


def test_a_clock_may_be_half_a_minute_wrong_and_no_more() -> None:
    """One step to either side."""
    now_s = 1_111_111_111
    step = now_s // 30
    accepted = [
        off for off in range(-4, 5) if step_of(SECRET, code_at(SECRET, step + off), now_s, 0)
    ]
    assert accepted == [-1, 0, 1]


def test_a_code_counts_once() -> None:
    """Neither it nor one before it."""
    now_s = 1_111_111_111
    step = now_s // 30
    assert step_of(SECRET, code_at(SECRET, step), now_s, step) is None
    assert step_of(SECRET, code_at(SECRET, step - 1), now_s, step) is None
    assert step_of(SECRET, code_at(SECRET, step + 1), now_s, step) == step + 1


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "-12345", "1e5000"])
def test_what_is_no_code_is_none(code: str) -> None:
    """Also digits of other scripts."""
    assert step_of(SECRET, code, 59, 0) is None


def test_spaces_in_a_code_do_no_harm() -> None:
    """Apps show them in two groups."""
    assert step_of(SECRET, " 287 082 ", 59, 0) == 1


def test_an_app_reads_who_and_where() -> None:
    """Names with signs are escaped."""
    url = otpauth_url(SECRET, issuer="Lumen & Lark", account="a+b@example.com")
    assert url == (
        "otpauth://totp/Lumen%20%26%20Lark%3Aa%2Bb%40example.com"
        "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Lumen%20%26%20Lark"
    )
    assert readable(SECRET).split()[0] == "GEZD"
