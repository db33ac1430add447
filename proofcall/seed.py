"""``proofcall admin seed``: fills a database with a platform's worth of cases, for measuring."""

from __future__ import annotations

import gc
import secrets
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from argon2 import PasswordHasher
from sqlalchemy import create_engine, make_url, text

from cases.bulk import open_bulk
from cases.database import upgrade
from cases.keys import KeyRing
from cases.seed_world import Wanted, seed_world
from runtime.errors import SetupError
from runtime.settings import Settings

_TELL_EVERY_S = 10.0


@dataclass(slots=True)
class _Progress:
    """Says on standard error how far it is."""

    cases: int
    began_s: float
    told_s: float

    def tell(self, done: int) -> None:
        """One line every ten seconds."""
        now = time.monotonic()
        if now - self.told_s >= _TELL_EVERY_S:
            self.told_s = now
            print(f"{done:,} of {self.cases:,} cases, {now - self.began_s:.0f} s", file=sys.stderr)


def seed_database(settings: Settings, *, cases: int, events: int, tenants: int, seed: int) -> str:
    """Write it all, blocking, and give the id of the biggest tenant.

    Nobody can sign in as a seeded person until their password is reset.

    Raises:
        SetupError: this database was seeded with the same number before.
    """
    url, keys = make_url(settings.database), KeyRing.load(settings)
    upgrade(url, keys)
    _refuse_second(settings, seed)
    now = datetime.now(UTC).replace(microsecond=0)
    began_s = time.monotonic()
    bulk = open_bulk(url)
    # Millions of rows and no cycle among them: looking for some takes a third of the time.
    gc.disable()
    try:
        made = seed_world(
            bulk,
            keys,
            Wanted(cases, events, tenants, seed, now),
            PasswordHasher().hash(secrets.token_urlsafe(32)),
            _Progress(cases, began_s, began_s).tell,
        )
    finally:
        gc.enable()
    print(f"Indices and statistics, {time.monotonic() - began_s:.0f} s", file=sys.stderr)
    bulk.finish()
    print(
        f"{cases:,} cases, {events:,} events, {tenants:,} tenants "
        f"in {time.monotonic() - began_s:.0f} s",
        file=sys.stderr,
    )
    return made[0].id


def _refuse_second(settings: Settings, seed: int) -> None:
    url = make_url(settings.database)
    driver = "sqlite+pysqlite" if url.get_backend_name() == "sqlite" else "postgresql+psycopg"
    engine = create_engine(url.set(drivername=driver), hide_parameters=True)
    try:
        with engine.connect() as connection:
            known = connection.scalar(
                text("SELECT count(*) FROM tenants WHERE slug = :slug"), {"slug": f"seed-{seed}-1"}
            )
    finally:
        engine.dispose()
    if known:
        raise SetupError(f"This database was seeded with --seed {seed} before.")
