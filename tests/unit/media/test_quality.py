"""The plain word on a connection."""

from __future__ import annotations

import pytest

from media.quality import quality_word


@pytest.mark.parametrize(
    ("loss", "rtt_ms", "silent", "word"),
    [
        (0.0, 20, False, "good"),
        (0.029, 249, False, "good"),
        (0.03, 20, False, "weak"),
        (0.0, 250, False, "weak"),
        (0.1, 20, False, "bad"),
        (0.0, 600, False, "bad"),
        (0.0, 20, True, "lost"),
    ],
)
def test_the_worse_of_loss_and_delay_decides(
    loss: float, rtt_ms: float, silent: bool, word: str
) -> None:
    """The words of docs/protocol.md."""
    assert quality_word(loss, rtt_ms, silent=silent) == word
