"""What is in ``infra/`` fits the application, as far as can be told without an engine."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from media.draining import MOVE_WITHIN_S
from proofcall.cli import app
from proofcall.preflight import load_settings
from proofcall.roles import Role
from runtime.settings import Settings
from tests.support.deployment import (
    INFRA,
    ROOT,
    build_context,
    compose,
    containerfile,
    env_example,
    environment_of,
    filled_in,
    is_ignored,
    manifests,
)
from tests.support.servers import missing_part

Json = dict[str, Any]
OURS = ("web", "uploader", "recorder", "media-0", "media-1")


def checked_command(words: list[str]) -> Json:
    """Parse a command line of ``proofcall`` without running it; gives its parameters."""
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands"):
        name, words = words[0], words[1:]
        command = command.get_command(None, name)
    context = command.make_context("proofcall", list(words))
    return dict(context.params)


def built(variables: dict[str, str]) -> Settings:
    """The settings that a container's variables make."""
    with environment_of(variables):
        return load_settings()


def service(name: str) -> Json:
    """One service of the compose file, its ``.env`` filled in."""
    found: Json = compose(filled_in())["services"][name]
    return found


@pytest.mark.parametrize("name", OURS)
def test_each_service_of_compose_starts_with_settings_that_exist(name: str) -> None:
    """Every variable is a known setting with a value that fits; commands and checks parse."""
    one = service(name)
    settings = built(one.get("environment") or {})
    given = checked_command(one["command"])
    assert name.startswith(str(given["role"]).split("-and-")[0])
    test = one["healthcheck"]["test"]
    assert test[:2] == ["CMD", "proofcall"]
    asked = checked_command(test[2:])
    assert asked["role"] in (given["role"], Role.WEB)
    assert asked["index"] == given["index"]
    assert one["read_only"] is True
    assert one["cap_drop"] == ["ALL"]
    if given["role"] == Role.MEDIA:
        assert one["network_mode"] == "host"
        assert "networks" not in one
        grace_s = int(one["stop_grace_period"].removesuffix("m")) * 60
        assert grace_s > settings.drain_s + MOVE_WITHIN_S + 10
    if name in ("web", "uploader"):
        assert settings.database.startswith("postgresql+asyncpg://")
        assert settings.store_url == "s3://proofcall/evidence"
    if name == "web":
        assert settings.metrics_token is not None
        assert settings.smtp_url is not None
        assert settings.mail_from is not None
        assert settings.reply_domain == "reply.example.com"
        assert settings.inbound_secret is not None
        assert str(settings.c2pa_certificate) == "/data/keys/c2pa.pem"
        assert str(settings.c2pa_key) == "/data/keys/c2pa.key"
        subnet = compose(filled_in())["networks"]["inside"]["ipam"]["config"][0]["subnet"]
        assert settings.trusted_proxies == subnet


def test_compose_starts_without_mail_stamps_and_credentials() -> None:
    """What ``.env.example`` leaves empty and does not demand may stay empty."""
    optional = r"SMTP|MAIL|REPLY|INBOUND|TSA|C2PA"
    given = {k: "" if re.match(optional, k) else v for k, v in filled_in().items()}
    settings = built(compose(given)["services"]["web"]["environment"])
    assert (settings.smtp_url, settings.tsa_url, settings.c2pa_key) == (None, None, None)


def test_the_processes_end_along_the_flow_of_evidence() -> None:
    """An engine stops dependants first: media, recorder, uploader, web, database."""
    services = compose(filled_in())["services"]

    def needs(name: str) -> set[str]:
        direct = set(services[name].get("depends_on") or {})
        return direct | {far for near in direct for far in needs(near)}

    assert {"recorder", "uploader", "web", "postgres"} <= needs("media-0")
    assert {"uploader", "web"} <= needs("recorder")
    assert "web" in needs("uploader")
    assert {"postgres", "redis", "s3"} <= needs("web")


def test_the_example_names_every_variable_and_no_secret() -> None:
    """What compose needs is in ``.env.example``; what is secret is left empty there."""
    text = (INFRA / "compose/compose.yaml").read_text()
    used = set(re.findall(r"(?<!\$)\$\{(\w+)", text)) | {"METRICS_TOKEN"}
    assert used == set(env_example())
    for name, value in env_example().items():
        if re.search(r"PASSWORD|SECRET|TOKEN|KEY", name):
            assert value == ""


def test_what_compose_mounts_is_there() -> None:
    """A missing file would be mounted as an empty directory."""
    for one in compose(filled_in())["services"].values():
        for volume in one.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith(".") and source != "./certificates":
                assert (INFRA / "compose" / source).exists(), source


def test_images_are_pinned_and_secrets_are_not_in_them() -> None:
    """A version or a digest, never ``latest`` of somebody else's."""
    images = [one["image"] for one in compose(filled_in())["services"].values()]
    images += [step.rest.partition("=")[2] for step in containerfile() if step.word == "ARG"]
    for image in images:
        if not image.startswith("proofcall:"):
            assert re.search(r":v?\d+\.\d+|@sha256:", image), image
    for step in containerfile():
        assert step.word not in ("ENV", "ARG") or not re.search(
            r"SECRET|TOKEN|PASSWORD|_KEY", step.rest
        )


def pod() -> Json:
    """The Pod of the stateful set."""
    (stateful,) = [one for one in manifests() if one["kind"] == "StatefulSet"]
    found: Json = stateful["spec"]["template"]["spec"]
    return found


def named(kind: str, name: str) -> Json:
    """The content of a ConfigMap or Secret."""
    (one,) = [one for one in manifests() if (one["kind"], one["metadata"]["name"]) == (kind, name)]
    content: Json = one["data" if kind == "ConfigMap" else "stringData"]
    return content


def pod_variables(container: Json, *, optional: bool = True) -> dict[str, str]:
    """What a container of the Pod is given, with or without what is optional."""
    found: dict[str, str] = {}
    for source in container["envFrom"]:
        ((kind, ref),) = source.items()
        if optional or not ref.get("optional"):
            found |= named(kind[0].upper() + kind[1:].removesuffix("Ref"), ref["name"])
    made_up = {
        "PROOFCALL_MASTER_KEY": filled_in()["MASTER_KEY"],
        "PROOFCALL_PUBLIC_IP": "203.0.113.10",
    }
    return found | made_up


@pytest.mark.parametrize("container", pod()["containers"], ids=lambda one: one["name"])
def test_each_container_of_the_pod_fits(container: Json) -> None:
    """Settings exist, command and probes parse, and nothing runs as root."""
    settings = built(pod_variables(container))
    given = checked_command(container["args"])
    assert container["name"].startswith(str(given["role"]).split("-and-")[0])
    for probe in (container["startupProbe"], container["livenessProbe"]):
        if "httpGet" in probe:
            assert probe["httpGet"]["path"] == "/healthz"
        else:
            asked = checked_command(probe["exec"]["command"][1:])
            assert (asked["role"], asked["index"]) == (given["role"], given["index"])
    drain = checked_command(container["lifecycle"]["preStop"]["exec"]["command"][1:])
    assert drain["wait"] is True
    grace_s = pod()["terminationGracePeriodSeconds"]
    assert grace_s > drain["limit"] + MOVE_WITHIN_S + 30
    assert drain["limit"] == settings.drain_s
    assert pod()["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_the_pod_s_secrets_are_secrets_and_go_where_they_are_needed() -> None:
    """Mail, stamps and credentials are set; what is secret is in a Secret; one may do without."""
    web, *others = pod()["containers"]
    settings = built(pod_variables(web))
    assert settings.smtp_url is not None
    assert settings.inbound_secret is not None
    assert settings.mail_from is not None
    plain = {k for one in manifests() if one["kind"] == "ConfigMap" for k in one["data"]}
    fields = Settings.model_fields
    secret = {f"PROOFCALL_{k.upper()}" for k, v in fields.items() if "Secret" in str(v.annotation)}
    assert not plain & secret
    (volume,) = [one for one in pod()["volumes"] if one["name"] == "c2pa"]
    files = named("Secret", volume["secret"]["secretName"])
    (mount,) = [one for one in web["volumeMounts"] if one["name"] == "c2pa"]
    for path in (settings.c2pa_certificate, settings.c2pa_key):
        assert path is not None
        assert (str(path.parent), path.name in files) == (mount["mountPath"], True)
    assert volume["secret"]["optional"] is True
    for one in others:
        assert {mount["name"] for mount in one["volumeMounts"]} == {"data", "tmp"}
    assert built(pod_variables(web, optional=False)).c2pa_key is None


def test_the_image_is_built_from_what_is_there_and_needed() -> None:
    """Every COPY has its source in the context; the packages are those of pyproject.toml."""
    copied: set[str] = set()
    for step in containerfile():
        if step.word != "COPY" or step.rest.startswith("--from"):
            continue
        *sources, _ = step.rest.split()
        for source in sources:
            assert (ROOT / source).exists(), source
            assert not is_ignored(source), source
            copied.add(source)
    project = (ROOT / "pyproject.toml").read_text()
    (packages,) = re.findall(r"^include = \[(.*)\]$", project, re.MULTILINE)
    assert {name.strip(' "*') for name in packages.split(",")} <= copied
    for secret in ("data/keys/master.key", ".git/config", "infra/compose/.env", "web/.env"):
        assert is_ignored(secret), secret
    assert is_ignored("web/node_modules/x.js")


def test_the_image_s_steps_are_those_of_the_makefile() -> None:
    """CI runs the Makefile's from a clean clone, so these work as well."""
    makefile = (ROOT / "Makefile").read_text()
    steps = " ".join(step.rest for step in containerfile() if step.word == "RUN")
    for command in (
        "-m venv",
        "--require-hashes -r requirements/run.lock",
        "--no-build-isolation --no-deps -e .",
        "npm ci --silent --no-audit --no-fund",
        "npm run --silent build",
    ):
        assert command in makefile, command
        assert command in steps, command
    last = max(step.stage for step in containerfile())
    final = {step.word: step.rest for step in containerfile() if step.stage == last}
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", final["USER"])
    assert json.loads(final["ENTRYPOINT"]) == ["proofcall"]
    assert checked_command(json.loads(final["CMD"]))["role"] == Role.ALL
    health = final["HEALTHCHECK"].partition(" CMD ")[2]
    assert checked_command(json.loads(health)[1:])["role"] == Role.ALL
    given = dict(word.split("=", 1) for word in shlex.split(final["ENV"]))
    settings = built({k: v for k, v in given.items() if k.startswith("PROOFCALL_")})
    assert (settings.http, str(settings.data)) == ("0.0.0.0:8080", "/data")


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The build context, as an engine would be sent it."""
    folder = tmp_path_factory.mktemp("context")
    build_context(folder)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_what_is_in_the_image_runs(context: Path, tmp_path: Path) -> None:
    """The copied packages alone bring a database to this version: nothing was left out."""
    size = sum(path.stat().st_size for path in context.rglob("*") if path.is_file())
    assert size < 10_000_000, "the context holds no data and no builds"
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(context),
        "PROOFCALL_DATA": str(tmp_path / "data"),
    }
    finished = subprocess.run(
        [sys.executable, "-P", "-m", "proofcall", "admin", "migrate"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert "up to date" in finished.stdout
    assert (tmp_path / "data/proofcall.db").exists()


def parser(name: str) -> str:
    """The path of a real parser; skips (in CI fails) without it."""
    found = shutil.which(name)
    if found is None:
        missing_part(f"{name} is not installed: run infra/local/install.sh")
    return found


def parsed(*words: str, **variables: str) -> None:
    """Run a parser over one of the files; it must find nothing wrong."""
    finished = subprocess.run(
        words,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_prometheus_takes_its_configuration_and_rules() -> None:
    """By Prometheus's own parser."""
    promtool = parser("promtool")
    parsed(promtool, "check", "config", "--syntax-only", str(INFRA / "prometheus/prometheus.yml"))
    parsed(promtool, "check", "rules", str(INFRA / "prometheus/alerts.yml"))


def test_prometheus_takes_every_query_of_the_dashboard(tmp_path: Path) -> None:
    """Each as a rule, with an interval where Grafana puts one."""
    rules = [
        {"record": f"query:{number}", "expr": query.replace("$__rate_interval", "5m")}
        for number, query in enumerate(queries())
    ]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    parsed(parser("promtool"), "check", "rules", str(file))


def test_the_proxy_takes_its_configuration() -> None:
    """By Caddy's own parser."""
    caddy = parser("caddy")
    file = INFRA / "compose/Caddyfile"
    words = (caddy, "validate", "--adapter", "caddyfile", "--config", str(file))
    parsed(*words, PUBLIC_NAME="inspect.example.com", WEB="web:8080")


def dashboard() -> Json:
    """The Grafana dashboard."""
    found: Json = json.loads((INFRA / "grafana/proofcall.json").read_text())
    return found


def queries() -> list[str]:
    """Every query of the dashboard."""
    return [
        target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", [])
    ]


def test_the_dashboard_is_one_that_grafana_can_show() -> None:
    """Ids are its own, panels do not lie on each other, every query has a source and a letter."""
    board = dashboard()
    panels = board["panels"]
    assert board["uid"] == "proofcall"
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
        letters = [target["refId"] for target in panel.get("targets", [])]
        assert len(set(letters)) == len(letters)
        assert panel["type"] == "row" or letters
    sources = {variable["name"] for variable in board["templating"]["list"]}
    assert {panel["datasource"]["uid"] for panel in panels if "datasource" in panel} == {
        f"${{{name}}}" for name in sources
    }
    provisioning = INFRA / "grafana/provisioning"
    folder = yaml.safe_load((provisioning / "dashboards/proofcall.yaml").read_text())
    mounted = [v for v in service("grafana")["volumes"] if "proofcall.json" in v]
    assert folder["providers"][0]["options"]["path"] in mounted[0]
