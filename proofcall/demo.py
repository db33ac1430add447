"""The demo: one tenant, one warehouse, people, cases and one really recorded inspection."""

from __future__ import annotations

import json
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from cases.database import Database
from cases.keys import KeyRing
from cases.people import create_api_key, create_staff
from cases.states import Role, Scope
from cases.tenants import create_tenant, create_warehouse, grant_work
from proofcall.demo_call import hold_demo_call
from proofcall.demo_cases import CASES, POLICY, RECORDED_CASE
from runtime.errors import ProofcallError
from runtime.settings import Settings

Json = dict[str, Any]


async def seed(settings: Settings) -> Json:
    """Make the demo once; a later call gives what ``demo.json`` says.

    Raises:
        ProofcallError: the running server refused something.
    """
    path = settings.data / "demo.json"
    if path.is_file():
        known: Json = json.loads(path.read_text())
        return _moved(path, known, settings.public_url)
    print("Seeding the demo …", flush=True)
    # A fresh authority is trusted by nobody yet, not even by this process.
    own_url = settings.local_url if settings.lan else settings.public_url
    people, api_key = await seed_people(settings)
    links: dict[str, str] = {}
    async with aiohttp.ClientSession(
        own_url, headers={"Authorization": f"Bearer {api_key}"}
    ) as http:
        policy = await _post(http, "/api/v1/policies", POLICY)
        await _post(http, f"/api/v1/policies/{policy['id']}/preview", {})
        url = f"/api/v1/policies/{policy['id']}/publish"
        await _post(http, url, {}, {"If-Match": "*"})
        for case in CASES:
            opened = await _post(http, "/api/v1/cases", case.body)
            url = f"/api/v1/cases/{opened['case']['id']}"
            if case.verdict is not None:
                await _post(http, f"{url}/verdict", case.verdict, {"If-Match": "*"})
            if case.closed:
                await _post(http, f"{url}/close", {})
            elif not case.invited:
                async with http.delete(f"{url}/link") as response:
                    response.raise_for_status()
            else:
                links[case.body["order_number"]] = opened["join_url"]
        recorded = await _post(http, "/api/v1/cases", RECORDED_CASE)
    inspector = people["inspector"]
    await hold_demo_call(
        own_url,
        recorded["join_url"].rpartition("/")[2],
        inspector["email"],
        inspector["password"],
        lambda line: print(line, flush=True),
    )
    first = CASES[0].body["order_number"]
    known = {
        "base_url": settings.public_url,
        "api_key": api_key,
        "links": {
            "buyer": links[first],
            "buyers": links,
            "inspector": f"{settings.public_url}/inspect",
            "reviewer": f"{settings.public_url}/review",
            "console": f"{settings.public_url}/console",
            "api": f"{settings.public_url}/api/v1/openapi.json",
        },
        "sign_ins": people,
        "recorded_case": recorded["case"]["id"],
    }
    _write_private(path, json.dumps(known, indent=2, ensure_ascii=False))
    return known


def present(known: Json) -> str:
    """What a person needs to look around, as lines for the terminal."""
    links = known["links"]
    lines = [
        "",
        f"Proofcall is ready at {known['base_url']}",
        "",
        "  Buyer      " + links["buyer"],
        "  Inspector  " + links["inspector"],
        "  Reviewer   " + links["reviewer"],
        "  Console    " + links["console"],
        "",
        "  Sign in as",
    ]
    lines += [
        f"    {role:<10} {person['email']:<28} {person['password']}"
        for role, person in known["sign_ins"].items()
    ]
    lines += [
        "",
        "Open the buyer's link in one window and the inspector's page in another.",
        "Ctrl-C ends it; the data stays.",
    ]
    return "\n".join(lines)


async def seed_people(settings: Settings) -> tuple[dict[str, Json], str]:
    """One tenant, one warehouse and their people: sign-ins by title, and an API key."""
    now = datetime.now(UTC)
    database = Database(settings.database)
    keys = KeyRing.load(settings)
    people: dict[str, Json] = {}
    try:
        async with database.begin() as tx:
            tenant_id = await create_tenant(
                tx, keys, name="Nordhaus Home", slug="nordhaus", locale="en", now=now
            )
            warehouse_id = await create_warehouse(
                tx,
                name="Leipzig Returns Centre",
                city="Leipzig",
                time_zone="Europe/Berlin",
                now=now,
            )
            await grant_work(tx, tenant_id=tenant_id, warehouse_id=warehouse_id, now=now)
            for title, email, name, roles, at_warehouse in (
                ("inspector", "mara@leipzig.example", "Mara Lindt", [Role.INSPECTOR], True),
                ("inspector 2", "jonas@leipzig.example", "Jonas Weber", [Role.INSPECTOR], True),
                ("reviewer", "review@nordhaus.example", "Ines Roth", [Role.REVIEWER], False),
                ("seller", "desk@nordhaus.example", "Tom Aalto", [Role.AGENT, Role.ADMIN], False),
            ):
                password = secrets.token_urlsafe(9)
                await create_staff(
                    tx,
                    email=email,
                    name=name,
                    password=password,
                    roles=roles,
                    tenant_id=None if at_warehouse else tenant_id,
                    warehouse_id=warehouse_id if at_warehouse else None,
                    locale="en",
                    now=now,
                )
                people[title] = {"email": email, "password": password}
            api_key = await create_api_key(
                tx, tenant_id=tenant_id, name="Demo", scopes=list(Scope), now=now
            )
    finally:
        await database.close()
    return people, api_key


async def _post(
    http: aiohttp.ClientSession, path: str, body: Json, headers: dict[str, str] | None = None
) -> Json:
    async with http.post(path, json=body, headers=headers) as response:
        answer: Json = await response.json(content_type=None)
        if response.status >= 400:
            raise ProofcallError(f"demo: {path}: {answer.get('code')}: {answer.get('detail')}")
        return answer


def _moved(path: Path, known: Json, base_url: str) -> Json:
    """What is known, its links led to where the pages are now."""
    before = known["base_url"]
    if before == base_url:
        return known
    text = json.dumps(known, indent=2, ensure_ascii=False).replace(f'"{before}', f'"{base_url}')
    _write_private(path, text)
    moved: Json = json.loads(text)
    return moved


def _write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read: it holds sign-ins and links."""
    aside = path.with_suffix(".new")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    aside.replace(path)
