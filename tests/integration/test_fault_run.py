"""Calls go on while everything around them fails, and every second is accounted for (short)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from infra.local.postgres import Postgres
from infra.local.rgw import Rgw
from tests.support.fault_run import fault_run, told

pytestmark = [pytest.mark.alone, pytest.mark.postgres, pytest.mark.s3]

MINUTES = 2
SEED = 20_261


@pytest.mark.timeout(540)
async def test_two_minutes_of_faults_lose_nothing_that_no_gap_tells(
    postgres: Postgres, rgw: Rgw, tmp_path: Path
) -> None:
    """The long one is ``make faults``."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
            patch.setenv(name, os.environ.get(name, ""))
        report = await fault_run(SEED, MINUTES * 60, tmp_path, postgres, rgw)
    print("\n".join(told(report)))
    assert report["problems"] == []
    assert report["sent_s"] > 200
    assert report["in_neither_s"] == 0
    assert len(report["faults"]) >= 10
