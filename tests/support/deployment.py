"""Reads ``infra/`` as an engine would: compose with its ``.env``, manifests, the image."""

from __future__ import annotations

import fnmatch
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
INFRA = ROOT / "infra"
Json = dict[str, Any]
_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def env_example() -> dict[str, str]:
    """The variables of ``.env.example`` with their examples."""
    lines = (INFRA / "compose/.env.example").read_text().splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def filled_in() -> dict[str, str]:
    """The same, with every secret made up."""
    made_up = {
        "MASTER_KEY": "a2V5" * 10 + "a2V=",
        "SMTP_URL": "smtp://user:password@smtp.example.com:587",
        "MAIL_FROM": "Shop <returns@shop.example>",
        "REPLY_DOMAIN": "reply.example.com",
        "TSA_URL": "https://tsa.example.com/",
        "TSA_CA": "/data/keys/tsa.pem",
        "C2PA_CERTIFICATE": "/data/keys/c2pa.pem",
        "C2PA_KEY": "/data/keys/c2pa.key",
    }
    return {
        name: value or made_up.get(name, f"made-up-{name.lower().replace('_', '-')}")
        for name, value in env_example().items()
    }


def compose(variables: dict[str, str]) -> Json:
    """The compose file with its variables put in.

    Raises:
        AssertionError: one that it needs is not given.
    """
    text = (INFRA / "compose/compose.yaml").read_text()

    def put_in(match: re.Match[str]) -> str:
        name, kind, other = match.groups()
        value = variables.get(name, "")
        if not value and kind == "-":
            return other or ""
        assert value, f"{name} is not in .env.example"
        return value

    return yaml.safe_load(_VARIABLE.sub(put_in, text).replace("$$", "$"))  # type: ignore[no-any-return]


def manifests() -> list[Json]:
    """The Kubernetes objects."""
    return list(yaml.safe_load_all((INFRA / "kubernetes/proofcall.yaml").read_text()))


@contextmanager
def environment_of(variables: dict[str, str]) -> Iterator[None]:
    """This process's environment with exactly these ``PROOFCALL_*``."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("PROOFCALL_")]:
        del os.environ[name]
    # An engine parses before it puts variables in: what is empty stays an empty string.
    os.environ.update({name: str(value or "") for name, value in variables.items()})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction of the Containerfile."""

    stage: int
    word: str
    rest: str


def containerfile() -> list[Step]:
    """The instructions in order, continued lines joined."""
    text = (INFRA / "container/Containerfile").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    steps, stage = [], 0
    for line in joined.splitlines():
        word, _, rest = line.partition(" ")
        stage += word == "FROM"
        steps.append(Step(stage, word, rest.strip()))
    return steps


def is_ignored(path: str) -> bool:
    """Whether ``.dockerignore`` keeps a path out of the build context: the last match counts."""
    ignored = False
    parts = path.split("/")
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        pattern = line.removeprefix("!")
        prefixes = ["/".join(parts[:n]) for n in range(1, len(parts) + 1)]
        names = parts if pattern.startswith("**/") else prefixes
        if any(fnmatch.fnmatchcase(name, pattern.removeprefix("**/")) for name in names):
            ignored = not line.startswith("!")
    return ignored


def build_context(folder: Path) -> None:
    """Copy what an engine would be sent: the tracked tree less what is ignored."""
    for path in sorted(ROOT.rglob("*")):
        name = path.relative_to(ROOT).as_posix()
        if name.startswith((".git", ".venv", "web/node_modules")) or path.is_dir():
            continue
        if not is_ignored(name):
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
