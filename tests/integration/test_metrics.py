"""``/metrics``: every process is in it, only those who may read it can, and nobody is named."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import yaml
from prometheus_client.parser import text_string_to_metric_families

from signaling.dialogue import REPORT_PAUSE_S
from tests.support.deployment import INFRA
from tests.support.live import Live, running_live, send_pictures, until
from tests.support.rtp_peer import RtpPeer
from tests.support.tap_feed import encode_video

pytestmark = pytest.mark.asyncio(loop_scope="module")

PICTURES = encode_video("h264", 60)
TOKEN = "figures-for-the-watch"
Samples = dict[str, list[tuple[dict[str, str], float]]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def live() -> AsyncIterator[Live]:
    """Web here; two media workers, recorder and uploader as processes."""
    roles = (("media", 0), ("media", 1), ("recorder", 0), ("uploader", 0))
    async with running_live(roles, metrics_token=TOKEN) as running:
        await until(lambda: len(running.services.media_pool.places) == 2, 30)
        yield running


async def scrape(live: Live) -> Samples:
    """Everything that ``/metrics`` says, by the parser of Prometheus."""
    async with live.browser() as browser, browser.http.get("/metrics") as response:
        assert response.status == 200
        assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        text = await response.text()
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation, family.name
        for sample in family.samples:
            found.setdefault(sample.name, []).append((dict(sample.labels), sample.value))
    return found


def value(samples: Samples, name: str, **labels: str) -> float | None:
    """The one sample with these labels."""
    found = [v for given, v in samples.get(name, []) if labels.items() <= given.items()]
    assert len(found) <= 1, (name, labels)
    return found[0] if found else None


async def flowing(live: Live) -> Samples | None:
    """The figures, as soon as one worker says that pictures come and go and were recorded."""
    samples = await scrape(live)
    worker = next((w for w, n in samples.get("proofcall_media_sessions", []) if n == 1), None)
    if worker is None or not value(samples, "proofcall_recordings"):
        return None
    rates = [
        value(samples, "proofcall_media_bits_per_second", direction=direction, **worker) or 0
        for direction in ("up", "down")
    ]
    reported = value(samples, "proofcall_leg_jitter_seconds_count")
    # The pictures are some 11 kb/s.
    return samples if reported and min(rates) > 5_000 else None


async def test_a_call_shows_in_the_figures_of_every_process(live: Live) -> None:
    """Calls, bitrate, loss, round trip, set-up by stage, spool, lag and workers are there."""
    async with live.browser() as buyer, live.host() as host:
        case_id, token = await live.invited()
        session_id: str = (await buyer.tap(token, RtpPeer()))["session"]["id"]
        await host.ok("POST", "/api/host/take", {"case_id": case_id})
        await host.host_join(session_id, RtpPeer())
        socket = await buyer.socket(session_id=session_id)
        said = {"watched_ms": 10_000, "frozen_ms": 1_500, "freezes": 2, "first_frame_ms": 640}
        assert (await socket.say("report", **said))["ok"]
        again = await socket.say("report", **said)
        assert again["code"] == "too_fast", f"one report each {REPORT_PAUSE_S} s"
        assert (await socket.say("report", **{**said, "freezes": 1_001}))["code"] == "invalid"
        filming = asyncio.create_task(send_pictures(buyer.peers[0], PICTURES * 10))
        during = await until(lambda: flowing(live), 20, "bits that flow up and down")
        filming.cancel()
        assert value(during, "proofcall_sessions", state="live") == 1
        assert value(during, "proofcall_participants", role="buyer") == 1
        assert value(during, "proofcall_participants", role="host") == 1
        assert value(during, "proofcall_media_workers") == 2
        worker = next(w for w, n in during["proofcall_media_sessions"] if n == 1)["worker"]
        assert value(during, "proofcall_media_connected_peers", worker=worker) == 2
        for name in ("leg_loss_ratio", "leg_rtt_seconds", "leg_jitter_seconds"):
            assert value(during, f"proofcall_{name}_count") is not None
        assert (value(during, "proofcall_leg_jitter_seconds_count") or 0) > 0
        for stage in ("find", "media", "commit"):
            assert (value(during, "proofcall_join_stage_seconds_count", stage=stage) or 0) >= 2
        assert (value(during, "proofcall_peer_setup_seconds_count") or 0) >= 2
        assert value(during, "proofcall_first_frame_seconds_sum") == pytest.approx(0.64)
        assert value(during, "proofcall_freezes_total") == 2
        assert value(during, "proofcall_frozen_seconds_total") == pytest.approx(1.5)
        assert value(during, "proofcall_recordings") == 1
        assert (value(during, "proofcall_recorder_lag_seconds") or 0) < 5
        assert value(during, "proofcall_tap_dropped_packets_total", worker=worker) == 0
        for fault in ("ours", "customer"):
            assert value(during, "proofcall_store_errors_total", fault=fault) == 0
            assert value(during, "proofcall_store_outage_seconds", fault=fault) == 0
        for process in ("web", "recorder", "uploader", "media-0", "media-1"):
            assert value(during, "proofcall_up", process=process) == 1
            lag_s = value(during, "proofcall_process_loop_lag_seconds", process=process)
            assert lag_s is not None
            assert 0 < lag_s < 10
            assert (value(during, "proofcall_process_open_files", process=process) or 0) > 3
            assert (value(during, "proofcall_process_tasks", process=process) or 0) >= 1
            rss = value(during, "proofcall_process_resident_bytes", process=process) or 0
            assert 20e6 < rss < 2e9
        await host.ok("POST", f"/api/sessions/{session_id}/end", {"client_id": "e"})

        async def stored() -> Samples | None:
            after = await scrape(live)
            told = value(after, "proofcall_facts_total", kind="session_closed") == 1
            # Each process is asked in its own turn: the uploader's answer may be a second older.
            kept = value(after, "proofcall_uploader_stored_segments_total")
            return after if told and kept and not value(after, "proofcall_spool_facts") else None

        after = await until(stored, 20)
        assert (value(after, "proofcall_fact_delay_seconds_count") or 0) >= 4
        assert value(after, "proofcall_spool_oldest_seconds") == 0
        for labels, _ in (sample for samples in after.values() for sample in samples):
            for label in labels.values():
                assert not re.search(r"(ses|ten|par|cas|stf|whs|peer|dev)_\w{12}", label), labels


def figures_asked_for() -> set[str]:
    """The names in every query of the dashboard and of the alerts."""
    board = json.loads((INFRA / "grafana/proofcall.json").read_text())
    rules = yaml.safe_load((INFRA / "prometheus/alerts.yml").read_text())
    queries = [t["expr"] for panel in board["panels"] for t in panel.get("targets", [])]
    queries += [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    return {name for query in queries for name in re.findall(r"proofcall_\w+", query)}


async def test_what_dashboard_and_alerts_ask_for_is_there(live: Live) -> None:
    """Every name in their queries is one that ``/metrics`` serves."""
    async with live.browser() as browser, browser.http.get("/metrics") as response:
        text = await response.text()
    served = set()
    for family in text_string_to_metric_families(text):
        endings = {
            "counter": ("_total",),
            "histogram": ("_bucket", "_sum", "_count"),
        }.get(family.type, ("",))
        served |= {family.name + ending for ending in endings}
    asked = figures_asked_for()
    assert len(asked) > 30
    assert asked - served == set()


async def test_a_dead_process_has_no_figures(live: Live) -> None:
    """``proofcall_up`` says 0 and nothing of the past stands for now."""
    await live.kill("uploader-0")
    await live.kill("media-1")

    async def gone() -> Samples | None:
        samples = await scrape(live)
        is_down = value(samples, "proofcall_up", process="uploader") == 0
        return samples if is_down and value(samples, "proofcall_media_workers") == 1 else None

    samples = await until(gone, 10)
    assert value(samples, "proofcall_store_errors_total") is None
    assert value(samples, "proofcall_process_tasks", process="uploader") is None
    assert value(samples, "proofcall_process_tasks", process="media-1") is None
    await live.start("uploader")
    await live.start("media", 1)
    await until(lambda: len(live.services.media_pool.places) == 2, 60)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Authorization": f"Bearer {TOKEN}"}, 200),
        ({"Authorization": f"Bearer {TOKEN}", "X-Forwarded-For": "203.0.113.7"}, 200),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Bearer "}, 401),
        ({"Authorization": f"Basic {TOKEN}"}, 401),
        ({"X-Forwarded-For": "203.0.113.7"}, 403),
        ({"X-Forwarded-For": "127.0.0.1, 203.0.113.7"}, 403),
        ({"X-Forwarded-Proto": "https"}, 403),
        ({"Via": "1.1 proxy"}, 403),
        ({"Forwarded": "for=127.0.0.1"}, 403),
    ],
)
async def test_the_figures_are_not_for_everybody(
    live: Live, headers: dict[str, str], status: int
) -> None:
    """Loopback itself or the token; what came through a proxy is where it came from."""
    async with live.browser() as browser:
        async with browser.http.get("/metrics", headers=headers) as response:
            assert response.status == status
            body = await response.text()
        assert ("proofcall_up" in body) is (status == 200)


async def test_without_a_token_no_bearer_is_let_on(live: Live) -> None:
    """An installation that has set none cannot be opened by an empty one."""
    services = live.services
    bare = services.settings.model_copy(update={"metrics_token": None, "metrics_from": ""})
    before, services.settings = services.settings, bare
    try:
        async with live.browser() as browser:
            for headers, status in (({}, 403), ({"Authorization": "Bearer "}, 401)):
                async with browser.http.get("/metrics", headers=headers) as response:
                    assert response.status == status
    finally:
        services.settings = before
