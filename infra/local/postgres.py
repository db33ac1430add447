"""A PostgreSQL of one's own on a free loopback port, for tests.

``python -m infra.local.postgres DIR``; the data stays in DIR/data.
"""

from __future__ import annotations

import re
import shutil
import signal
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path

import psycopg

from infra.local.command_line import serve_from_command_line
from infra.local.process import (
    ServerProcess,
    choose_port,
    find_binary,
    own_folder,
    run_tool,
    unprivileged,
)

PACKAGES = "postgresql"
USER = "proofcall"


@dataclass(slots=True)
class Postgres:
    """A running server; everybody on loopback may do everything in it."""

    port: int
    server: ServerProcess

    @property
    def url(self) -> str:
        """The database ``proofcall`` as SQLAlchemy's asyncpg dialect takes it."""
        return self.database_url("proofcall")

    def database_url(self, database: str, *, driver: str = "postgresql+asyncpg") -> str:
        """Return the URL of a database; ``driver`` is SQLAlchemy's dialect+driver."""
        return f"{driver}://{USER}@127.0.0.1:{self.port}/{database}"

    def fresh_database(self, name: str | None = None, *, template: str = "template1") -> str:
        """Make a database like ``template``, by default empty, and return its asyncpg URL."""
        name = name or f"t_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(self._admin_url(), autocommit=True, connect_timeout=5) as admin:
            names = (psycopg.sql.Identifier(part) for part in (name, template))
            admin.execute(psycopg.sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
        return self.database_url(name)

    def describe(self) -> str:
        """Return one line on how to reach it."""
        return f"PostgreSQL at {self.url}"

    def stop(self) -> None:
        """End it fast (open connections are cut); may be called twice."""
        self.server.stop(signal.SIGINT)

    def _admin_url(self) -> str:
        return self.database_url("postgres", driver="postgresql")

    def _is_ready(self) -> bool:
        try:
            psycopg.connect(self._admin_url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


def start(
    folder: Path, *, port: int | None = None, durable: bool = False, memory: str = "32MB"
) -> Postgres:
    """Start a server on DIR/data, which is made if there is none; about 1 s.

    As root it runs as the user ``postgres``, who must be able to enter the
    directory. Not ``durable`` leaves out fsync, for speed; ``memory`` is what it keeps of the
    tables in its own buffers. Raises SetupError.
    """
    user = unprivileged("postgres")
    folders = _version_folders()
    initdb = find_binary("initdb", PACKAGES, folders=folders)
    postgres = find_binary("postgres", PACKAGES, folders=folders)
    own_folder(folder, user)
    cluster = folder / "data"
    if not (cluster / "PG_VERSION").exists():
        shutil.rmtree(cluster, ignore_errors=True)
        run_tool(
            [
                *(initdb, "-D", str(cluster), "-U", USER, "-A", "trust", "-E", "UTF8"),
                *("--locale=C.UTF-8", "--no-sync", "--no-instructions"),
            ],
            user=user,
        )
    chosen = choose_port(port)
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(chosen),
        "unix_socket_directories": "",
        "max_connections": "200",
        "shared_buffers": memory,
    }
    if not durable:
        settings |= {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
    command = [postgres, "-D", str(cluster)]
    for key, value in settings.items():
        command += ["-c", f"{key}={value}"]
    running = Postgres(chosen, ServerProcess(command, log=folder / "postgres.log", user=user))
    running.server.wait_until(running._is_ready, timeout_s=30)
    _make_default_database(running)
    return running


def _make_default_database(running: Postgres) -> None:
    with psycopg.connect(running._admin_url(), autocommit=True, connect_timeout=5) as admin:
        known = admin.execute("SELECT 1 FROM pg_database WHERE datname = 'proofcall'").fetchone()
    if known is None:
        running.fresh_database("proofcall")


def _version_folders() -> list[Path]:
    """Debian keeps the server's programs per version and off the PATH; newest first."""
    folders = Path("/usr/lib/postgresql").glob("*/bin")
    return sorted(folders, key=lambda f: int(re.sub(r"\D", "", f.parent.name) or 0), reverse=True)


if __name__ == "__main__":
    sys.exit(serve_from_command_line("postgres", start))
