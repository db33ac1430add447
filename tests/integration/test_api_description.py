"""What the API says of itself, against what it does: generated requests, good and bad."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from cases.states import Scope
from tests.support.seller_site import seller_site

_LIMIT_S = 380.0 if "PROOFCALL_API_EXAMPLES" not in os.environ else 7000.0
_CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "ignored_auth",
    "unsupported_method",
    "negative_data_rejection",
)


@pytest.mark.timeout(_LIMIT_S + 20)
async def test_generated_requests_find_the_api_as_it_describes_itself(tmp_path: Path) -> None:
    """No 500, no undescribed answer, and nothing is open without a key."""
    async with seller_site(tmp_path, api_rate_per_minute=1_000_000) as site:
        secret = await site.seller.api_key(site.seller.lamp, *Scope)
        actor = await site.seller.machine(site.seller.lamp, *Scope)
        await site.seller.open_case(actor)
        process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("schemathesis")),
            "run",
            str(site.client.make_url("/api/v1/openapi.json")),
            *("--header", f"Authorization: Bearer {secret}"),
            *("--checks", ",".join(_CHECKS)),
            *("--phases", "examples,coverage,fuzzing"),
            *("--max-examples", os.environ.get("PROOFCALL_API_EXAMPLES", "3")),
            *("--seed", "2"),
            "--no-shrink",
            "--no-color",
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(_LIMIT_S):
                told, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert process.returncode == 0, told.decode()
