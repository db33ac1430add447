"""When a peer counts as lost, as healed, and as merely quiet."""

from __future__ import annotations

from collections.abc import Iterable

from media.pulse import LOST_AFTER_S, QUIET_AFTER_S, Beat, Pulse


class Peer:
    """Looked at every 50 ms; what arrives between two looks is said for each stretch of time."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.pulse = Pulse(self.now_s)
        self.datagrams = self.media = 0
        self.beats: list[tuple[float, Beat]] = []

    def runs(self, seconds: float, *, media: float = 0.0, other: float = 0.0) -> None:
        """Let time pass; ``media`` and ``other`` are the pauses between packets, 0 for none."""
        end_s = self.now_s + seconds - 1e-6
        due = {"media": self.now_s, "other": self.now_s}
        while self.now_s < end_s:
            self.now_s += 0.05
            for name, pause_s in (("media", media), ("other", other)):
                while pause_s and due[name] < self.now_s:
                    due[name] += pause_s
                    self.datagrams += 1
                    self.media += name == "media"
            beat = self.pulse.look(self.now_s, self.datagrams, self.media)
            if beat is not Beat.NOTHING:
                self.beats.append((self.now_s, beat))

    def said(self) -> list[Beat]:
        """What was said, in order."""
        return [beat for _, beat in self.beats]


def test_a_steady_stream_says_nothing() -> None:
    """Sound and picture as usual."""
    peer = Peer()
    peer.runs(60, media=0.02)
    assert not peer.beats


def test_a_sender_is_lost_after_its_patience_and_back_with_the_next_packet() -> None:
    """Both are said once."""
    peer = Peer()
    peer.runs(3, media=0.02)
    fell_silent_s = peer.now_s
    peer.runs(5)
    assert peer.said() == [Beat.LOST]
    assert LOST_AFTER_S - 0.06 <= peer.beats[0][0] - fell_silent_s <= LOST_AFTER_S + 0.06
    peer.runs(3, media=0.02)
    assert peer.said() == [Beat.LOST, Beat.BACK]


def test_a_short_outage_is_healed_not_lost() -> None:
    """One second without a packet."""
    peer = Peer()
    peer.runs(3, media=0.02)
    peer.runs(1)
    peer.runs(1, other=0.5)
    assert peer.said() == [Beat.HEALED]


def test_pauses_between_rare_pictures_are_no_outage() -> None:
    """Two pictures in a second and nothing else."""
    peer = Peer()
    peer.runs(20, media=0.55)
    assert not peer.beats


def test_whoever_switches_everything_off_is_not_lost() -> None:
    """Reports, or connectivity checks every 2.5 s, are enough for somebody who only watches."""
    peer = Peer()
    peer.runs(3, media=0.02, other=1.0)
    peer.runs(0.8)
    peer.runs(5, other=1.0)
    peer.runs(60, other=2.5)
    assert Beat.LOST not in peer.said()
    peer.runs(QUIET_AFTER_S + 1)
    assert peer.said()[-1] is Beat.LOST


def test_a_peer_that_never_said_anything_has_more_patience() -> None:
    """It may have nothing to send."""
    peer = Peer()
    peer.runs(QUIET_AFTER_S - 1)
    assert not peer.beats
    peer.runs(2)
    assert peer.said() == [Beat.LOST]


def test_every_loss_ends_before_the_next_begins() -> None:
    """Lost and back alternate, whatever the pattern of silence."""
    peer = Peer()
    pauses: Iterable[float] = (0.3, 1.6, 0.6, 4.0, 0.1, 2.0, 8.0, 1.1)
    for pause_s in pauses:
        peer.runs(1, media=0.02)
        peer.runs(pause_s)
    peer.runs(1, media=0.02)
    turns = [beat for beat in peer.said() if beat is not Beat.HEALED]
    assert turns == [Beat.LOST, Beat.BACK] * (len(turns) // 2)
    assert len(turns) == 8


def test_a_worker_that_was_held_up_calls_nobody_silent() -> None:
    """Two seconds without a look, and the packets of then are read only after the next one."""
    peer = Peer()
    peer.runs(3, media=0.02)
    peer.now_s += 2.0
    peer.runs(0.06)
    peer.runs(3, media=0.02)
    assert not peer.beats


def test_whoever_fell_silent_while_nobody_looked_is_lost_all_the_same() -> None:
    """Counted from the look after it."""
    peer = Peer()
    peer.runs(3, media=0.02)
    peer.now_s += 2.0
    looked_s = peer.now_s
    peer.runs(5)
    assert peer.said() == [Beat.LOST]
    assert peer.beats[0][0] - looked_s <= LOST_AFTER_S + 0.11
