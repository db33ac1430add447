"""What inspecting by video was worth, by numbers that can be checked by hand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cases.inspection_worth import Assumptions, Side, inspection_worth
from signaling.figures_routes import cell

ASSUMED = Assumptions(postage_minor=700, handling_minor=400, lost_percent=30)
sides = st.builds(
    lambda decided, resolved, value: Side(decided + resolved, resolved, value * resolved),
    st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 100_000),
)  # fmt: skip


def test_an_example_by_hand() -> None:
    """60 of 100 against 10 of 50: forty returns avoided, of goods worth 20.00 on average."""
    worth = inspection_worth(Side(100, 60, 120_000), Side(50, 10, 5000), ASSUMED)
    assert worth is not None
    assert round(worth.avoided, 6) == 40
    assert (worth.postage_minor, worth.handling_minor) == (28_000, 16_000)
    assert worth.goods_minor == 40 * 600
    assert worth.total_minor == 68_000


def test_without_anything_to_compare_with_nothing_is_claimed() -> None:
    """A seller who inspects every case by video has no other side."""
    assert inspection_worth(Side(10, 9, 1), Side(0, 0, 0), ASSUMED) is None
    assert inspection_worth(Side(0, 0, 0), Side(10, 9, 1), ASSUMED) is None


@given(sides, sides)
def test_a_worse_share_is_told_as_a_loss(video: Side, without: Side) -> None:
    """The sign is that of the difference, and never more is avoided than was decided."""
    worth = inspection_worth(video, without, ASSUMED)
    if worth is None:
        assert 0 in (video.decided, without.decided)
        return
    assert abs(worth.avoided) <= video.decided
    assert (worth.total_minor <= 0) if video.share < without.share else (worth.total_minor >= 0)


@given(st.text(max_size=20))
def test_no_text_becomes_a_formula(text: str) -> None:
    """Nor with blanks before it; numbers stay numbers."""
    assert not cell(text).lstrip(" ").startswith(("=", "+", "-", "@"))
    assert cell(-1) == "-1"
    assert cell(None) == ""
