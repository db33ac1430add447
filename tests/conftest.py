"""Fixtures that every room's tests may ask for; each starts only when first asked for.

The servers and the browser are imported by the fixtures themselves: their
libraries take a second, which tests that need none of them should not wait.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from runtime.errors import SetupError
from tests.support.servers import missing_part, running_server

if TYPE_CHECKING:
    from infra.local.coturn import Coturn
    from infra.local.postgres import Postgres
    from infra.local.redis import Redis
    from infra.local.rgw import Rgw


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL: ``.url`` and ``.fresh_database()`` for SQLAlchemy's asyncpg dialect."""
    from infra.local.postgres import start

    with running_server(start) as server:
        yield server


@pytest.fixture(scope="session")
def redis() -> Iterator[Redis]:
    """A Redis: ``.url``."""
    from infra.local.redis import start

    with running_server(start) as server:
        yield server


@pytest.fixture(scope="session")
def rgw() -> Iterator[Rgw]:
    """An S3: ``.endpoint``, ``.access_key``, ``.secret_key``, ``.make_bucket()``, ``.client()``."""
    from infra.local.rgw import start

    with running_server(start) as server:
        yield server


@pytest.fixture(scope="session")
def coturn() -> Iterator[Coturn]:
    """A TURN server: ``.url``, ``.username``, ``.password``."""
    from infra.local.coturn import start

    with running_server(start) as server:
        yield server


@pytest.fixture(scope="session")
def chromium_binary() -> str:
    """The browser's path; asking for it skips (or in CI fails) tests where there is none."""
    from tests.support.chromium import chromium_path

    try:
        return chromium_path()
    except SetupError as error:
        missing_part(str(error))
