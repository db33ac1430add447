"""What WHIP says and reads apart from HTTP: ICE servers as links, SDP fragments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import CaseError
from signaling.whip_routes import fragment_candidates, ice_links

FRAGMENT = """a=ice-ufrag:EsAw\r
a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r
m=video 9 UDP/TLS/RTP/SAVPF 96\r
a=mid:0\r
a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host\r
a=candidate:3471623853 1 udp 2122194687 198.51.100.2 61765 typ host\r
a=end-of-candidates\r
"""


def test_each_address_of_a_server_is_a_link() -> None:
    """RFC 9725, 4.6: credentials only where there are any."""
    servers = [
        {"urls": ["stun:stun.example.net"]},
        {"urls": ["turn:t.example?transport=udp"], "username": "u", "credential": "p"},
    ]
    assert ice_links(servers) == [
        '<stun:stun.example.net>; rel="ice-server"',
        '<turn:t.example?transport=udp>; rel="ice-server"; username="u"; credential="p"; '
        'credential-type="password"',
    ]
    assert ice_links([]) == []


def test_the_candidates_of_a_fragment_are_read_with_their_mid() -> None:
    """RFC 8840, 9; the end of candidates is none."""
    found = fragment_candidates(FRAGMENT)
    assert [one["sdp_mid"] for one in found] == ["0", "0"]
    assert str(found[0]["candidate"]).startswith("candidate:1387637174 1 udp")
    assert fragment_candidates("a=end-of-candidates\r\n") == []


@pytest.mark.parametrize("text", ["", "hello", "{}", "a=mid:0\r\n<b>no</b>"])
def test_what_is_no_fragment_is_refused(text: str) -> None:
    """400, not a guess."""
    with pytest.raises(CaseError) as refused:
        fragment_candidates(text)
    assert refused.value.status == 400


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Never an error of ours."""
    try:
        found = fragment_candidates(text)
    except CaseError:
        return
    assert all(str(one["candidate"]).startswith("candidate:") for one in found)
