"""``bench.desk`` on a small database: it seeds, asks a real web process, and tells what it took."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest


@pytest.mark.timeout(300)
async def test_the_desk_is_measured_for_a_big_and_a_middling_tenant() -> None:
    """Every figure has its name, its target and runs that took some time."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.desk", "--cases", "60", "--events", "1200"),
        *("--tenants", "3", "--rounds", "2", "--requests", "6"),
        cwd=Path(__file__).parents[2],
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(280):
        out, _ = await process.communicate()
    assert process.returncode == 0
    results = {one["name"]: one for one in json.loads(out)}
    kinds = ("case_list", "case_page", "case_search", "event_append", "figures")
    assert set(results) == {f"{kind}_p99{whose}" for kind in kinds for whose in ("", "_typical")}
    for one in results.values():
        assert one["unit"] == "ms"
        assert one["target"] > 0
        assert len(one["runs"]) == 2
        assert 0 < one["value"] < 10_000
