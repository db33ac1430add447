"""A call over 3G in real browsers: held, seen, heard, recorded, and measured by the bench."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.network_call import NEVER_S, hall, measure_call
from runtime.errors import SetupError
from tests.support.network_bed import refuse_without_rights
from tests.support.network_line import THREE_G
from tests.support.servers import missing_part

pytestmark = [
    pytest.mark.alone,
    pytest.mark.browser,
    pytest.mark.usefixtures("chromium_binary"),
    pytest.mark.timeout(120),
]


async def test_a_buyer_on_3g_is_seen_and_recorded_legibly(tmp_path: Path) -> None:
    """400 kb/s, 400 ms and 2 % of loss: a code of 20 mm is readable most of the time."""
    try:
        refuse_without_rights()
    except SetupError as error:
        missing_part(str(error))
    async with hall(tmp_path) as ready:
        measured = await measure_call(ready, THREE_G, settle_s=8, seconds=10)
    assert measured.first_frame_ms < NEVER_S * 1000
    assert measured.viewed.frame_rate > 0
    assert min(measured.viewed.delays_ms) > THREE_G.up.delay_ms
    assert THREE_G.up.rate_bps is not None
    assert measured.sent_bps < THREE_G.up.rate_bps * 1.05
    assert measured.recorded.legibility > 0.5
    assert measured.recorded.audio_gap_ratio < 0.2
