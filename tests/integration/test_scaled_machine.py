"""The same machine on PostgreSQL, Redis and a real S3: a whole call, kept in the bucket."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from infra.local.postgres import Postgres
from infra.local.redis import Redis
from infra.local.rgw import Rgw
from proofcall.demo_call import hold_demo_call
from tests.support.journeys import download, timeline_when
from tests.support.machine import running_machine
from tests.support.media_probe import probe_media


@pytest.mark.postgres
@pytest.mark.s3
@pytest.mark.timeout(240)
async def test_a_call_is_kept_in_s3_and_played_from_it(
    postgres: Postgres,
    redis: Redis,
    rgw: Rgw,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every segment is in the bucket, encrypted; the recording plays from there; nothing is left
    in the spool."""
    bucket = rgw.make_bucket()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", rgw.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", rgw.secret_key)
    monkeypatch.setenv("AWS_DEFAULT_REGION", os.environ.get("AWS_DEFAULT_REGION", "us-east-1"))
    async with running_machine(
        tmp_path / "data",
        database_url=postgres.fresh_database(),
        redis_url=redis.url,
        store=f"s3://{bucket}/evidence",
        s3_endpoint=rgw.endpoint,
    ) as machine:
        opened = await machine.open_case()
        inspector = machine.people["inspector"]
        session_id = await hold_demo_call(
            machine.url,
            opened["join_url"].rpartition("/")[2],
            inspector["email"],
            inspector["password"],
            lambda line: None,
        )
        timeline = await timeline_when(machine, session_id, within_s=20)
        async with asyncio.timeout(60):
            while [still["state"] for still in timeline["stills"]] != ["cut", "cut"]:
                await asyncio.sleep(0.5)
                timeline = await timeline_when(machine, session_id, within_s=20)
        for recording in timeline["recordings"]:
            probe = await asyncio.to_thread(probe_media, await download(machine, recording["url"]))
            assert probe.video_codec == "h264"
            assert len(probe.frames) > 60
            assert probe.audio_s > 15
        assert not list(machine.settings.spool_dir.iterdir())
    listed = await asyncio.to_thread(rgw.client().list_objects_v2, Bucket=bucket)
    keys = [entry["Key"] for entry in listed["Contents"]]
    assert sum("/stills/" in key for key in keys) == 2
    assert len(keys) >= 12
    segment = next(key for key in keys if "/stills/" not in key and "pictures" not in key)
    stored = await asyncio.to_thread(rgw.client().get_object, Bucket=bucket, Key=segment)
    content = stored["Body"].read()
    assert b"moof" not in content, "what is stored is encrypted"
    assert not (machine.settings.data / "store").exists()
