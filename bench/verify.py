"""How fast a package is verified, beside plain SHA-256 of the same file (``sha256sum``).

``python -m bench.verify [--megabytes N]`` makes a package of one session, two recordings in
fragments as large as 800 ms of 1 Mb/s, and verifies it from the disk cache, a run after a run.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Final

from bench.result import Result
from recorder.proof.bytes import FileBytes
from recorder.proof.report import Answer
from recorder.proof.verification import verify_package
from tests.support.packages import Recorded, Story

_FRAGMENT_BYTES: Final = 100_000
_TARGET_MB_S: Final = 200.0
_RUNS: Final = 5
_MB: Final = 1_000_000


def _package(megabytes: int) -> bytes:
    draw = random.Random(1)
    story = Story()
    each = max(2, megabytes * _MB // _FRAGMENT_BYTES // 2)
    story.recorded = [
        Recorded(
            one.recording_id,
            one.participant_id,
            one.container,
            one.init,
            [draw.randbytes(_FRAGMENT_BYTES) for _ in range(each)],
        )
        for one in story.recorded
    ]
    story.stated = (each - 1, each)
    return story.package()


def _verified_s(path: Path) -> float:
    began = time.perf_counter()
    with FileBytes(path) as content:
        report = verify_package(content)
    took = time.perf_counter() - began
    if report.problems or report.answer is not Answer.ORIGIN_UNCONFIRMED:
        raise RuntimeError(f"the package is not as it should be: {report.problems[:3]}")
    return took


def _hashed_s(path: Path) -> float:
    began = time.perf_counter()
    subprocess.run(["sha256sum", str(path)], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def measure(megabytes: int) -> list[Result]:
    """Verification and its peer, in turns."""
    with tempfile.TemporaryDirectory(prefix="pc-") as folder:
        path = Path(folder) / "package.zip"
        path.write_bytes(_package(megabytes))
        size = path.stat().st_size / _MB
        ours, peers = [], []
        for _ in range(_RUNS):
            ours.append(round(size / _verified_s(path), 1))
            peers.append(size / _hashed_s(path))
    value, peer = statistics.median(ours), round(statistics.median(peers), 1)
    return [
        Result(
            name="verify",
            value=value,
            unit="MB/s",
            target=_TARGET_MB_S,
            peer="sha256sum",
            peer_value=peer,
            ratio=round(value / peer, 2),
            runs=tuple(ours),
            command="proofcall bench verify --json",
        )
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=400)
    print(json.dumps([one.to_json() for one in measure(parser.parse_args().megabytes)]))


if __name__ == "__main__":
    main()
