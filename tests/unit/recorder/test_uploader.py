"""The uploader's order of deleting: repeated after a crash, it loses and repeats nothing."""

from __future__ import annotations

from pathlib import Path

from recorder.spool import SpoolSession
from recorder.spool_facts import Gap
from recorder.spool_layout import acknowledged
from recorder.spool_state import SessionState
from recorder.uploader import _forget, _waiting_facts
from tests.support.recording_rig import KEY


def a_session(root: Path, gaps: int) -> Path:
    """A closed session with some facts; gives its directory."""
    spool = SpoolSession.create(
        root, SessionState("ses_1", "key_1", KEY, "tenant"), segment_s=4.0, wake=lambda: None
    )
    for number in range(gaps):
        spool.gap(Gap("par_1", None, number, number, "packet_loss"), 0)
    spool.close("ended", 0)
    return root / "ses_1"


def test_facts_are_taken_in_order_and_let_go_of(tmp_path: Path) -> None:
    """Batch after batch until the session's directory is gone."""
    directory = a_session(tmp_path, 20)
    seen: list[int] = []
    while facts := _waiting_facts(directory):
        seen += [fact["seq"] for fact in facts]
        _forget(directory, facts)
    assert seen == list(range(1, 22))
    assert not directory.exists()
    assert _waiting_facts(directory) == []


def test_a_crash_after_the_mark_deletes_at_the_next_look(tmp_path: Path) -> None:
    """What is acknowledged but still there is let go of, not sent again."""
    directory = a_session(tmp_path, 4)
    (directory / "outbox" / "acked").write_text("3")
    assert [fact["seq"] for fact in _waiting_facts(directory)] == [4, 5]
    assert not (directory / "outbox" / "00000003.json").exists()


def test_a_crash_while_removing_the_session_is_finished_later(tmp_path: Path) -> None:
    """The last fact marks the directory until everything else is gone."""
    directory = a_session(tmp_path, 1)
    (directory / "outbox" / "acked").write_text("2")
    assert _waiting_facts(directory) == []
    assert not directory.exists()


def test_a_hole_in_the_numbers_is_waited_for(tmp_path: Path) -> None:
    """A fact seen before the one that precedes it stays for the next look."""
    directory = a_session(tmp_path, 4)
    moved = directory / "outbox" / "00000002.json"
    aside = tmp_path / "aside"
    moved.rename(aside)
    assert [fact["seq"] for fact in _waiting_facts(directory)] == [1]
    aside.rename(moved)
    assert len(_waiting_facts(directory)) == 5


def test_a_closed_session_with_a_journal_is_left_alone(tmp_path: Path) -> None:
    """Evidence that is nowhere else is never removed."""
    directory = a_session(tmp_path, 0)
    (directory / "rec_x.1.journal").write_bytes(b"something")
    _forget(directory, _waiting_facts(directory))
    assert (directory / "rec_x.1.journal").exists()
    assert acknowledged(directory / "outbox") == 1
