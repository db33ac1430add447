"""PURE. What the spool promises of a session, as far as it is certain at any moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass
class RecordingModel:
    """One recording. Fragments are numbered from 0, losses are bits of ``packets``.

    ``durable`` fragments are certain, one more is ``perhaps`` there; ``pending`` losses
    are in the recorder's memory alone, ``promised`` ones must be told, once. ``closing`` is
    one whose end was asked for: the recorder's lane tries that until it is done, in order,
    and nothing of the recording comes after it.
    """

    opened: bool = False
    closing: bool = False
    closed: bool = False
    durable: int = 0
    perhaps: int = 0
    kept: bool = False
    pending: int = 0
    promised: int = 0

    @property
    def takes_fragments(self) -> bool:
        """Whether the recorder would write another one."""
        return self.opened and not self.closing and not self.closed


@dataclass
class SpoolModel:
    """A session."""

    recordings: Mapping[str, RecordingModel]
    stopped: set[str] = field(default_factory=set)
    gaps: int = 0
    perhaps_gaps: int = 0
    closed: bool = False

    @classmethod
    def of(cls, recording_ids: Iterable[str]) -> SpoolModel:
        """A session in which nothing has happened."""
        return cls({one: RecordingModel() for one in recording_ids})

    def recovered(self, found: Mapping[str, tuple[int, bool]], closed: bool) -> None:
        """The next process has found so many fragments per recording, and which are closed."""
        for recording_id, model in self.recordings.items():
            model.opened = model.opened or recording_id in found
            assert model.opened == (recording_id in found), "an opened recording was forgotten"
            count, is_closed = found.get(recording_id, (0, False))
            certain = model.durable + (1 if model.kept else 0)
            assert certain <= count <= max(certain, model.durable + model.perhaps), (
                f"{recording_id}: {count} fragments where {certain} were durable"
            )
            assert is_closed or not model.closed, "a closed recording is open again"
            model.durable, model.perhaps, model.kept = count, 0, False
            model.closing, model.closed = False, is_closed
            model.pending = 0
        assert closed or not self.closed, "a closed session is open again"
        self.closed = closed
