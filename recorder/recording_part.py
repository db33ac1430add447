"""PURE. One part of a participant's recording: which codec it takes, and how it opens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from recorder import fmp4, webm
from recorder.depacketise import Codec
from recorder.intake import TrackIntake
from recorder.mp4_boxes import DEFAULT_SIZE
from recorder.sample_index import RATES, VIDEO
from recorder.spool_facts import RecordingOpening
from recorder.spool_state import RecordingState, TrackFact
from recorder.virtual_file import Container


@dataclass(slots=True)
class RecordingPart:
    """A recording being written; ``opened`` once its initialisation has been queued."""

    recording_id: str
    number: int
    t0_ns: int
    container: Container | None = None
    video_codec: Codec | None = None
    opened: bool = False

    @classmethod
    def resumed(cls, state: RecordingState) -> RecordingPart:
        """The part that a stopped process was writing."""
        return cls(
            state.recording_id,
            state.part,
            state.t0_ns,
            state.container,
            Codec(state.video_codec) if state.video_codec else None,
            opened=True,
        )

    def takes(self, codec: Codec) -> bool:
        """Whether a track of this codec can go on in it; its first pictures settle theirs."""
        if codec is Codec.OPUS or self.video_codec is codec:
            return True
        if self.video_codec is not None:
            return False
        # So far only sound: the container may still be open, or happen to fit.
        if self.container in (None, _container(codec)):
            self.video_codec = codec
            return True
        return False

    def open(self, participant_id: str, intakes: Mapping[int, TrackIntake]) -> RecordingOpening:
        """Settle the container and give what begins the recording."""
        self.container = _container(self.video_codec)
        self.opened = True
        video = intakes.get(VIDEO)
        parameters = video.parameters if video else None
        size = (video.picture_size if video else None) or DEFAULT_SIZE
        # Both tracks are declared though one may never come: what opens is not yet known.
        init = (
            fmp4.initialisation(parameters=parameters, size=size)
            if self.container is Container.MP4
            else webm.initialisation(self.t0_ns, size=size)
        )
        return RecordingOpening(
            self.recording_id,
            participant_id,
            self.number,
            self.container,
            self.video_codec.value if self.video_codec else None,
            tuple(
                TrackFact(
                    intake.track_id,
                    "video" if intake.track == VIDEO else "audio",
                    intake.codec.value,
                    RATES[intake.track],
                )
                for intake in intakes.values()
            ),
            init,
            self.t0_ns,
        )


def _container(video: Codec | None) -> Container:
    return Container.WEBM if video is Codec.VP8 else Container.MP4
