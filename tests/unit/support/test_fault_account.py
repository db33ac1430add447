"""The account of the fault run: what it must catch, and what it must let pass."""

from __future__ import annotations

from tests.support.fault_account import EDGE_NS, Item, Span, account
from tests.support.fault_plan import draw_faults

S = 1_000_000_000
SENT: dict[Item, int] = {("audio", n): n * S // 50 for n in range(500)}


def without(from_s: float, to_s: float) -> dict[Item, int]:
    """A recording that lacks these seconds."""
    return {item: at for item, at in SENT.items() if not from_s * S <= at < to_s * S}


def test_whatever_is_missing_and_not_told_is_found() -> None:
    """One packet of fifty is enough, and so is the last one."""
    found = account(SENT, without(4.0, 4.02), [])
    assert (found.seconds, found.recorded, found.neither) == (10, 9, [4.0])
    assert account(SENT, without(9.98, 10), []).neither == [9.0]
    assert not found.is_whole


def test_a_gap_tells_of_what_it_covers_with_its_edges_and_no_more() -> None:
    """The tolerance is a quarter of a second at each end."""
    gap = Span(4 * S, 6 * S, "media_lost")
    edge = EDGE_NS / S
    told = account(SENT, without(4 - edge, 6 + edge), [gap])
    assert (told.told, told.neither, told.is_whole) == (4, [], True)
    assert account(SENT, without(4 - edge - 0.05, 6), [gap]).neither == [3.0]
    assert account(SENT, without(4, 6 + edge + 0.05), [gap]).neither == [6.0]


def test_a_gap_in_which_everything_is_recorded_is_a_lie() -> None:
    """Whole seconds of one that says all is missing, or all of one that says something is."""
    assert account(SENT, SENT, [Span(3 * S, 6 * S, "recorder_lost")]).both
    assert account(SENT, SENT, [Span(3 * S, 4 * S, "packet_loss")]).both
    assert account(SENT, without(4, 6), [Span(3 * S, 6 * S, "peer_lost")]).both == []
    lossy = account(SENT, without(3.5, 3.52), [Span(3 * S, 4 * S, "packet_loss")])
    assert (lossy.both, lossy.told, lossy.neither) == ([], 1, [])


def test_what_nobody_sent_is_found() -> None:
    """Somebody else's media in one's recording."""
    assert account(SENT, {**SENT, ("video", 1): S}, []).strangers == [("video", 1)]


def test_what_was_under_way_to_a_replaced_peer_is_counted_apart() -> None:
    """Within the tolerance around the change, not beyond it."""
    change = 5 * S + S // 2
    assert account(SENT, without(5.4, 5.5), [], [change]).under_way == 1
    assert account(SENT, without(5.2, 5.5), [], [change]).neither == [5.0]


def test_a_seed_gives_one_plan_with_every_fault_in_it() -> None:
    """The same again, another for another seed, and everything has its turn."""
    plan = draw_faults(1, 1_800)
    assert plan == draw_faults(1, 1_800) != draw_faults(2, 1_800)
    assert len({(one.kind, one.what) for one in plan}) == 16
    assert all(one.at_s + one.for_s <= 1_800 for one in plan)
