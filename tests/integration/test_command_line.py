"""The installed command: each fault of the machine is one line on standard error."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.machine import free_port

COMMAND = Path(sys.executable).with_name("proofcall")


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command with these settings and no others."""
    environment = {key: value for key, value in os.environ.items() if "PROOFCALL" not in key}
    return subprocess.run(
        [COMMAND, *arguments],
        env=environment | settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_port_in_use_is_one_line(command: str, tmp_path: Path) -> None:
    """The line names the address and the setting."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = run(command, PROOFCALL_DATA=str(tmp_path), PROOFCALL_HTTP=address)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert ended.stderr.startswith(f"proofcall: cannot listen on {address}")


def test_an_unwritable_directory_is_one_line() -> None:
    """The line names the directory and the setting."""
    ended = run("serve", PROOFCALL_DATA="/proc/nowhere")
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "/proc/nowhere" in ended.stderr
    assert "PROOFCALL_DATA" in ended.stderr


def test_an_unknown_setting_is_one_line(tmp_path: Path) -> None:
    """A misspelt variable is told, not ignored."""
    ended = run("serve", PROOFCALL_DATA=str(tmp_path), PROOFCALL_HTPP="x")
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "PROOFCALL_HTPP" in ended.stderr


def test_people_are_set_up_by_hand(tmp_path: Path) -> None:
    """A tenant, a warehouse, a grant, a person, a key and a camera, each by its command."""
    data = {"PROOFCALL_DATA": str(tmp_path)}
    tenant = run("admin", "create-tenant", "Nordhaus", "nordhaus", **data)
    assert tenant.returncode == 0, tenant.stderr
    tenant_id = tenant.stdout.strip()
    warehouse_id = run(
        "admin", "create-warehouse", "Leipzig", "Leipzig", "Europe/Berlin", **data
    ).stdout.strip()
    assert run("admin", "grant", tenant_id, warehouse_id, **data).returncode == 0
    person = ("admin", "create-staff", "ann@example.com", "Ann", "--role", "inspector")
    made = run(*person, "--warehouse", warehouse_id, "--password", "a long enough one", **data)
    assert made.stdout.startswith("stf_"), made.stderr
    again = run("admin", "create-tenant", "Other", "nordhaus", **data)
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)
    key = run("admin", "create-api-key", tenant_id, "Shop", "--scope", "cases:write", **data)
    assert key.stdout.startswith("pk_")
    camera = run("admin", "create-bench-camera", warehouse_id, "Bench 4", **data)
    address, token = camera.stdout.split()
    assert "/whip/cam_" in address
    assert token.startswith("bc_")
    strange = run("admin", "create-bench-camera", "whs_unknown", "Bench 4", **data)
    assert (strange.returncode, strange.stderr.count("\n")) == (1, 1)
    camera_id = address.rpartition("/")[2]
    assert run("admin", "revoke-bench-camera", camera_id, **data).returncode == 0
    assert run("admin", "revoke-bench-camera", "cam_unknown", **data).returncode == 1


@pytest.mark.timeout(180)
async def test_the_demo_is_seeded_once_and_ends_cleanly(tmp_path: Path) -> None:
    """The first run holds and records a call; Ctrl-C ends with 0; a second run keeps the data.

    Nothing but the links is printed: what goes on is told to whoever sets a log level.
    """
    known: list[str] = []
    logged = tmp_path / "logged"
    port = free_port()
    for expected in ("Recording a demo inspection", "Proofcall is ready"):
        environment = {key: value for key, value in os.environ.items() if "PROOFCALL" not in key}
        environment["PROOFCALL_DATA"] = str(tmp_path)
        environment["PROOFCALL_HTTP"] = f"127.0.0.1:{port}"
        process = await asyncio.create_subprocess_exec(
            COMMAND,
            "demo",
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=await asyncio.to_thread(logged.open, "wb"),
            start_new_session=True,
        )
        printed = ""
        assert process.stdout is not None
        async with asyncio.timeout(90):
            while "Ctrl-C ends it" not in printed:
                line = await process.stdout.readline()
                assert line, printed
                printed += line.decode()
        assert expected in printed
        process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.communicate(), 40)
        assert process.returncode == 0
        known.append((tmp_path / "demo.json").read_text())
        assert logged.read_text() == ""
    assert known[0] == known[1]
    demo = json.loads(known[0])
    assert {"base_url", "api_key", "links", "sign_ins", "recorded_case"} <= demo.keys()
    assert (tmp_path / "demo.json").stat().st_mode & 0o777 == 0o600
