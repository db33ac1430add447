"""A seeded platform: tenants of very different sizes, their cases, and everything around them."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from itertools import accumulate
from typing import Final

from cases import seed_words as words
from cases.address_hash import address_hash
from cases.bulk import Bulk, Row
from cases.keys import KeyRing
from cases.log import LogKind
from cases.notice_kinds import ChannelKind
from cases.seed_case import CASE_TABLES, CaseRows, SeedTenant, SeedTerms
from cases.seed_ids import Ids
from cases.seed_log import SeedLog
from cases.seed_story import talk, tell
from cases.states import Role

SINCE: Final = timedelta(days=730)
_BATCH: Final = 2_000
_SKEW: Final = 0.95
"""Of Zipf's law: of a thousand tenants the biggest has about a ninth of all cases."""
_WAREHOUSES: Final = 20
_SELF_INSPECTING: Final = 0.3
_KEPT_BACK: Final = 40
"""Events that the last case may need without a word in its thread."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How much to make; the same seed and time make the same words, names and ids."""

    cases: int
    events: int
    tenants: int
    seed: int
    now: datetime


def seed_world(
    bulk: Bulk, keys: KeyRing, wanted: Wanted, password_hash: str, tell_done: Callable[[int], None]
) -> list[SeedTenant]:
    """Write it all and give the tenants, the biggest first; events come out exactly."""
    draw = random.Random(wanted.seed)  # noqa: S311 - nothing here is a secret
    ids = Ids(draw)
    tenants = _organisations(bulk, keys, ids, wanted, password_hash)
    shares = list(accumulate((place + 1) ** -_SKEW for place in range(len(tenants))))
    begin, step = wanted.now - SINCE, SINCE / wanted.cases
    events = 0
    rows = CaseRows(ids, wanted.now, partial(address_hash, keys, kind=ChannelKind.EMAIL))
    for number in range(wanted.cases):
        tenant = draw.choices(tenants, cum_weights=shares)[0]
        story = tell(draw, begin + step * number, wanted.now)
        owed = wanted.events * (number + 1) // wanted.cases - events - rows.least_events(story)
        is_last = number == wanted.cases - 1
        said = max(0, owed) if is_last else _some(draw, owed - _KEPT_BACK)
        talk(draw, story, said, wanted.now)
        events += rows.add(draw, tenant, story)
        if (number + 1) % _BATCH == 0 or is_last:
            for table in CASE_TABLES:
                columns, batch = rows.take(table)
                bulk.put(table, columns, batch)
            bulk.commit()
            tell_done(number + 1)
    return tenants


def _some(draw: random.Random, owed: int) -> int:
    """How much is said in one case: mostly little, now and then all that is owed."""
    if owed <= 0:
        return 0
    return min(owed, 60) if draw.random() < 0.4 else min(owed, draw.randrange(4))


def _organisations(
    bulk: Bulk, keys: KeyRing, ids: Ids, wanted: Wanted, password_hash: str
) -> list[SeedTenant]:
    draw, at = ids.draw, wanted.now - SINCE
    halls = [ids.new("whs", at) for _ in range(_WAREHOUSES)]
    places = [draw.choice(words.CITIES) for _ in halls]
    bulk.put(
        "warehouses",
        ("id", "name", "city", "time_zone", "created_at"),
        [
            (hall, f"Hall {number + 1}", city, zone, at)
            for number, (hall, (city, zone)) in enumerate(zip(halls, places, strict=True))
        ],
    )
    made, tenant_rows, grants, staff = list[SeedTenant](), list[Row](), list[Row](), list[Row]()
    for number in range(wanted.tenants):
        tenant_id = ids.new("ten", at)
        wrapped = keys.new_tenant_key(tenant_id)
        slug = f"seed-{wanted.seed}-{number + 1}"
        name = f"{draw.choice(words.SHOPS)} {draw.choice(words.TRADES)} {number + 1}"
        tenant_rows.append((tenant_id, name, slug, draw.choice(words.LOCALES), wrapped, at))
        hall = None if draw.random() < _SELF_INSPECTING else draw.choice(halls)
        if hall is not None:
            grants.append((ids.new("gra", at), tenant_id, hall, at))
        people = [ids.new("stf", at) for _ in range(1 + (number < wanted.tenants // 10) * 3)]
        staff += _people(people, tenant_id, slug, password_hash, at)
        key = keys.open_tenant_key(tenant_id, wrapped)
        made.append(
            SeedTenant(
                tenant_id,
                hall,
                key,
                keys.erasure_keys.make(),
                SeedTerms(keys.open_word_keys(tenant_id, wrapped)),
                SeedLog(LogKind.ACCESS, tenant_id, key),
                people,
                [f"SKU-{sha256(f'{slug}{one}'.encode()).hexdigest()[:8]}" for one in range(80)],
            )
        )
    bulk.put(
        "tenants",
        ("id", "name", "slug", "default_locale", "wrapped_key", "created_at"),
        tenant_rows,
    )
    bulk.put("grants", ("id", "tenant_id", "warehouse_id", "created_at"), grants)
    bulk.put(
        "staff",
        ("id", "tenant_id", "email", "name", "password_hash", "roles", "locale", "created_at"),
        staff,
    )
    bulk.commit()
    return made


def _people(
    ids: list[str], tenant_id: str, slug: str, password_hash: str, at: datetime
) -> list[Row]:
    """An admin, and the agents of a bigger tenant; their password is the caller's affair."""
    return [
        (
            staff_id,
            tenant_id,
            f"person{number}@{slug}.example",
            f"Person {number}",
            password_hash,
            [Role.AGENT] if number else [Role.ADMIN, Role.AGENT],
            "en",
            at,
        )
        for number, staff_id in enumerate(ids)
    ]
