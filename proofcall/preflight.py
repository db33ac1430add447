"""What is checked before anything starts, so that each fault is one line that says what to do."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

from pydantic import ValidationError

from runtime.errors import SetupError
from runtime.settings import Settings

_PREFIX = "PROOFCALL_"


def load_settings(**given: object) -> Settings:
    """The settings from variables, file and ``given`` (None means not given).

    Raises:
        SetupError: an unknown key or a value that does not fit, named.
    """
    known = {f"{_PREFIX}{name.upper()}" for name in Settings.model_fields}
    unknown = sorted(
        key for key in os.environ if key.upper().startswith(_PREFIX) and key.upper() not in known
    )
    if unknown:
        raise SetupError(f"unknown setting {unknown[0]}: unset it, or see README for the names")
    try:
        return Settings(**{key: value for key, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        if not first["loc"]:
            raise SetupError(f"settings: {first['msg']}") from error
        name = ".".join(str(part) for part in first["loc"])
        raise SetupError(f"setting {_PREFIX}{name.upper()}: {first['msg']}") from error
    except (OSError, ValueError) as error:
        raise SetupError(f"the settings file cannot be read: {error}") from error


def check_data_directory(data: Path) -> None:
    """Make the data directory and prove that it can be written.

    Raises:
        SetupError: it cannot.
    """
    try:
        data.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=data):
            pass
    except OSError as error:
        raise SetupError(
            f"cannot write to the data directory {data} ({error.strerror}): "
            "make it writable or set PROOFCALL_DATA"
        ) from error


def check_port(host: str, port: int, setting: str = "PROOFCALL_HTTP") -> None:
    """Prove that the address, which ``setting`` chose, can be listened on.

    Raises:
        SetupError: somebody else has it, or it is not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), port))
        except OSError as error:
            raise SetupError(
                f"cannot listen on {host}:{port} ({error.strerror}): "
                f"stop what uses it or set {setting} to another one"
            ) from error


def check_credentials(settings: Settings) -> None:
    """Prove that a certificate for content credentials that is set can sign them.

    Raises:
        SetupError: it cannot, and why.
    """
    if settings.c2pa_certificate is not None:
        from recorder.derived.credential_key import CredentialKey

        CredentialKey.load(settings)


def check_front_end(directory: Path) -> None:
    """Prove that the pages were built.

    Raises:
        SetupError: they were not.
    """
    if not (directory / "join.html").is_file():
        raise SetupError("the pages are not built: run `make web` (needs Node 20 or newer)")
