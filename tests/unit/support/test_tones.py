"""The beeps are where they should be, and are found again."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from tests.support.cameras import TONE_HZ, Camera, find_tone, tone_wav


def test_a_tone_file_beeps_every_second(tmp_path: Path) -> None:
    """Each beep is found within 5 ms, whatever the other camera's frequency."""
    path = tone_wav(tmp_path / "a" / "tone.wav", TONE_HZ[Camera.HOST], seconds=5)
    with wave.open(str(path)) as opened:
        rate = opened.getframerate()
        samples = np.frombuffer(opened.readframes(opened.getnframes()), "<i2")
    found = find_tone(samples, rate, TONE_HZ[Camera.HOST])
    assert found == pytest.approx([0, 1, 2, 3, 4], abs=0.005)
    assert find_tone(samples, rate, TONE_HZ[Camera.BUYER]) == []


def test_silence_and_hiss_hold_no_beep() -> None:
    """Nothing is found where nothing was sounded."""
    assert find_tone(np.zeros(48_000), 48_000, 1000) == []
    assert find_tone(np.random.default_rng(3).normal(0, 1, 48_000), 48_000, 1000) == []
    assert find_tone(np.zeros(3), 48_000, 1000) == []
