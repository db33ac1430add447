"""The tap's records survive the way and hostile messages are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.tap import (
    PacketsDropped,
    RtpArrived,
    SenderReport,
    TapError,
    TapRecord,
    TrackEnded,
    TrackOpened,
    decode,
    encode,
)

u16, u32, u64 = (st.integers(0, 2**bits - 1) for bits in (16, 32, 64))
word = st.text(max_size=20)
records: st.SearchStrategy[TapRecord] = st.one_of(
    st.builds(RtpArrived, u32, u64, u16, u32, st.booleans(), st.binary(max_size=1500)),
    st.builds(SenderReport, u32, u64, u64, u32),
    st.builds(PacketsDropped, u32, u64, u32, u64),
    st.builds(TrackEnded, u32, u64, word),
    st.builds(TrackOpened, u32, u64, word, word, word, word, word, word, u32),
)


@given(st.lists(records, max_size=20))
def test_what_is_encoded_is_decoded(sent: list[TapRecord]) -> None:
    """Any sequence of records comes back unchanged and in order."""
    assert list(decode(b"".join(encode(record) for record in sent))) == sent


@given(st.lists(records, min_size=1, max_size=5), st.integers(min_value=1))
def test_a_torn_message_is_refused_after_its_whole_records(sent: list[TapRecord], cut: int) -> None:
    """What stands before the tear is still given."""
    message = b"".join(encode(record) for record in sent)
    torn = message[: len(message) - 1 - cut % len(encode(sent[-1]))]
    whole = message[: len(message) - len(encode(sent[-1]))]
    got = []
    try:
        for record in decode(torn):
            got.append(record)
    except TapError:
        assert len(torn) > len(whole)
    assert got == sent[:-1]


@given(st.binary(max_size=300))
def test_noise_raises_nothing_but_tap_error(noise: bytes) -> None:
    """Hostile bytes are refused with the one error the listener expects."""
    try:
        list(decode(noise))
    except TapError:
        return


def test_an_unknown_kind_is_refused() -> None:
    """A kind from the future is not guessed at."""
    with pytest.raises(TapError, match="unknown kind 99"):
        list(decode(bytes([99, 0, 0, 0]) + bytes(12)))
