"""People over HTTP: invited, signed in with a second factor, reset, closed; and who may not."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import ClientResponse, ClientSession, CookieJar
from sqlalchemy import make_url

from cases.access_log import Access, Deed, note_access
from cases.database import upgrade
from cases.people import create_staff
from cases.states import Role, Scope
from cases.totp import code_at
from infra.local.postgres import Postgres
from tests.support.seller import PASSWORD
from tests.support.seller_site import SellerSite, seller_site

OURS = {"X-Proofcall": "1"}
NEW_PASSWORD = "seven quiet brass lamps"
NOWHERE = "stf_00000000000000000000000000"


@pytest.fixture(scope="session")
def migrated(postgres: Postgres) -> str:
    """The name of a database with every table, to be copied."""
    upgrade(make_url(postgres.fresh_database("migrated_people")))
    return "migrated_people"


@pytest.fixture(params=["sqlite", "postgresql"])
async def site(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SellerSite]:
    """The routes on a real port, on each database."""
    url = None
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.fresh_database(template=request.getfixturevalue("migrated"))
    async with seller_site(tmp_path, database_url=url) as running:
        yield running


class Browser:
    """One browser: its cookies, our header, answers in JSON."""

    def __init__(self, site: SellerSite) -> None:
        self._site = site
        self._session = ClientSession(cookie_jar=CookieJar(unsafe=True), headers=OURS)

    async def __aenter__(self) -> Browser:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """The status and the JSON of an answer."""
        async with self.raw(method, path, body) as response:
            return response.status, await _json(response)

    def raw(self, method: str, path: str, body: object = None) -> Any:
        """The answer itself."""
        url = self._site.client.make_url(path)
        return self._session.request(method, url, json=body)

    async def sign_in(self, email: str, password: str, code: str | None = None) -> tuple[int, Any]:
        """Sign in."""
        body = {"email": email, "password": password, **({"code": code} if code else {})}
        return await self.ask("POST", "/api/login", body)

    @property
    def cookie(self) -> str:
        """The login's secret."""
        return next(one.value for one in self._session.cookie_jar if one.key == "pc_login")

    def take_cookie(self, value: str) -> None:
        """Be a thief."""
        self._session.cookie_jar.update_cookies(
            {"pc_login": value}, self._site.client.make_url("/")
        )


async def _json(response: ClientResponse) -> Any:
    return await response.json(content_type=None) if await response.read() else None


async def member(site: SellerSite, browser: Browser, *roles: Role, **where: str) -> str:
    """Somebody new, signed in; the answer is their id."""
    actor = await site.seller.staff(*roles, **(where or {"tenant": site.seller.lamp}))
    status, said = await browser.sign_in(f"{actor.staff_id}@example.com", PASSWORD)
    assert status == 200, said
    return actor.staff_id


def secret_of(url: str) -> bytes:
    """What an authenticator app reads from its URL."""
    text = parse_qs(urlsplit(url).query)["secret"][0]
    return base64.b32decode(text + "=" * (-len(text) % 8))


def code_now(site: SellerSite, secret: bytes) -> str:
    """What the app shows."""
    return code_at(secret, int(site.seller.now.timestamp()) // 30)


async def enrolled(site: SellerSite, browser: Browser) -> tuple[bytes, list[str]]:
    """Give the signed-in person a second factor: its secret and the recovery codes."""
    status, begun = await browser.ask("POST", "/api/v1/me/second-factor", {})
    assert status == 201
    assert begun["qr_svg"].startswith("<svg")
    secret = secret_of(begun["url"])
    status, said = await browser.ask(
        "POST", "/api/v1/me/second-factor/confirm", {"code": code_now(site, secret)}
    )
    assert status == 200, said
    return secret, said["recovery_codes"]


async def invited(browser: Browser, email: str = "ana@hall.example", *roles: str) -> str:
    """The token of a new invitation."""
    status, said = await browser.ask(
        "POST", "/api/v1/people/invitations", {"email": email, "roles": list(roles or ["agent"])}
    )
    assert status == 201, said
    assert said["mailed"] is False
    return str(said["accept_url"]).partition("#")[2]


# Invitations


async def test_somebody_is_invited_accepts_and_signs_in(site: SellerSite) -> None:
    """The link works once, and what it says is what the person becomes."""
    async with Browser(site) as admin, Browser(site) as ana:
        await member(site, admin, Role.ADMIN)
        token = await invited(admin, "Ana@Hall.example", "agent", "reviewer")
        status, offer = await ana.ask("POST", "/api/v1/invitation", {"token": token})
        assert (status, offer["organisation"], offer["email"]) == (
            200,
            "Lumen & Lark",
            "ana@hall.example",
        )
        accept = {"token": token, "name": "Ana Ruiz", "password": NEW_PASSWORD}
        assert (await ana.ask("POST", "/api/v1/invitation/accept", accept))[0] == 201
        status, said = await ana.ask("POST", "/api/v1/invitation/accept", accept)
        assert (status, said["code"]) == (410, "link_over")
        status, said = await ana.sign_in("ana@hall.example", NEW_PASSWORD)
        assert (status, said["staff"]["roles"]) == (200, ["agent", "reviewer"])
        people = (await admin.ask("GET", "/api/v1/people"))[1]
        assert {one["name"] for one in people["people"]} >= {"Ana Ruiz"}
        assert people["invitations"] == []


@pytest.mark.parametrize("how", ["taken back", "too old", "invited again", "made up"])
async def test_an_invitation_that_is_over_opens_nothing(site: SellerSite, how: str) -> None:
    """Whatever ended it, the answer is the same."""
    async with Browser(site) as admin, Browser(site) as stranger:
        await member(site, admin, Role.ADMIN)
        token = await invited(admin)
        if how == "taken back":
            people = (await admin.ask("GET", "/api/v1/people"))[1]
            path = f"/api/v1/people/invitations/{people['invitations'][0]['id']}"
            assert (await admin.ask("DELETE", path))[0] == 204
        elif how == "too old":
            site.seller.clock.advance(7 * 86_400 + 1)
        elif how == "invited again":
            await invited(admin)
        else:
            token = "made-up"
        accept = {"token": token, "name": "Ana", "password": NEW_PASSWORD}
        for path, body in (("", {"token": token}), ("/accept", accept)):
            status, said = await stranger.ask("POST", f"/api/v1/invitation{path}", body)
            assert (status, said["code"]) == (410, "link_over")


@pytest.mark.parametrize(
    "password", ["short", "aaaaaaaaaaaaaa", "1234567890123", "qwertyuiopas", "ana@hall.example"]
)
async def test_a_password_that_is_easily_guessed_is_refused(
    site: SellerSite, password: str
) -> None:
    """And the invitation can still be used."""
    async with Browser(site) as admin, Browser(site) as ana:
        await member(site, admin, Role.ADMIN)
        body = {"token": await invited(admin), "name": "Ana Ruiz", "password": password}
        status, said = await ana.ask("POST", "/api/v1/invitation/accept", body)
        assert (status, said["code"]) == (422, "weak_password")
        body["password"] = NEW_PASSWORD
        assert (await ana.ask("POST", "/api/v1/invitation/accept", body))[0] == 201


# Roles and closing


async def test_the_last_admin_stays(site: SellerSite) -> None:
    """Neither loses the role nor the account, until another one is there who is not closed."""
    async with Browser(site) as admin:
        me = await member(site, admin, Role.ADMIN)
        other = (await site.seller.staff(Role.AGENT, tenant=site.seller.lamp)).staff_id
        for method, path, body in (
            ("PUT", f"/api/v1/people/{me}/roles", {"roles": ["agent"]}),
            ("POST", f"/api/v1/people/{me}/disable", None),
        ):
            status, said = await admin.ask(method, path, body)
            assert (status, said["code"]) == (409, "last_admin")
        promote = f"/api/v1/people/{other}/roles"
        assert (await admin.ask("PUT", promote, {"roles": ["admin"]}))[0] == 204
        assert (await admin.ask("POST", f"/api/v1/people/{other}/disable"))[0] == 204
        status, said = await admin.ask("POST", f"/api/v1/people/{me}/disable")
        assert (status, said["code"]) == (409, "last_admin")


async def test_a_closed_account_is_out_at_once(site: SellerSite) -> None:
    """Its cookie is worth nothing, its sockets are to fall, and it cannot sign in."""
    async with Browser(site) as admin, Browser(site) as agent:
        await member(site, admin, Role.ADMIN)
        theirs = await member(site, agent, Role.AGENT)
        assert (await agent.ask("GET", "/api/me"))[0] == 200
        assert (await admin.ask("POST", f"/api/v1/people/{theirs}/disable"))[0] == 204
        assert (await agent.ask("GET", "/api/me"))[0] == 401
        assert theirs in site.hub.told[-1].signed_out
        assert (await agent.sign_in(f"{theirs}@example.com", PASSWORD))[0] == 401
        assert (await admin.ask("POST", f"/api/v1/people/{theirs}/enable"))[0] == 204
        assert (await agent.ask("GET", "/api/me"))[0] == 401
        assert (await agent.sign_in(f"{theirs}@example.com", PASSWORD))[0] == 200


# Passwords


async def test_a_reset_ends_every_sign_in_and_works_once(site: SellerSite) -> None:
    """The old password and every cookie are worth nothing afterwards."""
    async with Browser(site) as admin, Browser(site) as agent, Browser(site) as elsewhere:
        await member(site, admin, Role.ADMIN)
        theirs = await member(site, agent, Role.AGENT)
        email = f"{theirs}@example.com"
        assert (await elsewhere.sign_in(email, PASSWORD))[0] == 200
        links = [
            (await admin.ask("POST", f"/api/v1/people/{theirs}/reset-link"))[1]["reset_url"]
            for _ in range(2)
        ]
        old, token = (link.partition("#")[2] for link in links)
        for used, status in ((old, 410), (token, 200), (token, 410)):
            body = {"token": used, "password": NEW_PASSWORD}
            assert (await elsewhere.ask("POST", "/api/v1/password-reset/finish", body))[0] == status
        for browser in (agent, elsewhere):
            assert (await browser.ask("GET", "/api/me"))[0] == 401
        assert (await agent.sign_in(email, PASSWORD))[0] == 401
        assert (await agent.sign_in(email, NEW_PASSWORD))[0] == 200


async def test_a_reset_link_lasts_half_an_hour(site: SellerSite) -> None:
    """Not a second longer."""
    async with Browser(site) as admin:
        me = await member(site, admin, Role.ADMIN)
        link = (await admin.ask("POST", f"/api/v1/people/{me}/reset-link"))[1]["reset_url"]
        body = {"token": link.partition("#")[2]}
        site.seller.clock.advance(1799)
        assert (await admin.ask("POST", "/api/v1/password-reset/check", body))[0] == 200
        site.seller.clock.advance(2)
        assert (await admin.ask("POST", "/api/v1/password-reset/check", body))[0] == 410


async def test_asking_for_a_reset_tells_nobody_who_signs_in(site: SellerSite) -> None:
    """The same answer for everybody; whoever asks on and on has to wait."""
    async with Browser(site) as stranger:
        known = (await site.seller.staff(Role.AGENT, tenant=site.seller.lamp)).staff_id
        answers = [
            await stranger.ask("POST", "/api/v1/password-reset", {"email": email})
            for email in (f"{known}@example.com", "nobody@example.com", "no address at all")
        ]
        assert answers == [(202, {})] * 3
        for _ in range(27):
            await stranger.ask("POST", "/api/v1/password-reset", {"email": "x@example.com"})
        status, said = await stranger.ask(
            "POST", "/api/v1/password-reset", {"email": "y@y.example"}
        )
        assert (status, said["code"]) == (429, "too_many_attempts")


async def test_ones_own_password_takes_the_old_one_and_renews_the_cookie(site: SellerSite) -> None:
    """A cookie that was stolen before is worth nothing after, and other sign-ins end."""
    async with Browser(site) as agent, Browser(site) as thief:
        theirs = await member(site, agent, Role.AGENT)
        thief.take_cookie(agent.cookie)
        assert (await thief.ask("GET", "/api/me"))[0] == 200
        body = {"current": "wrong", "password": NEW_PASSWORD}
        status, said = await agent.ask("POST", "/api/v1/me/password", body)
        assert (status, said["code"]) == (422, "wrong_password")
        body["current"] = PASSWORD
        assert (await agent.ask("POST", "/api/v1/me/password", body))[0] == 200
        assert (await agent.ask("GET", "/api/me"))[0] == 200
        assert (await thief.ask("GET", "/api/me"))[0] == 401
        assert (await agent.sign_in(f"{theirs}@example.com", PASSWORD))[0] == 401


async def test_the_language_of_the_pages_goes_with_the_person(site: SellerSite) -> None:
    """To every browser in which they sign in, and to nobody else; no other words are taken."""
    async with Browser(site) as agent, Browser(site) as later, Browser(site) as stranger:
        theirs = await member(site, agent, Role.AGENT)
        for wrong in ("", "<b>", "de;drop", 7, None):
            assert (await agent.ask("PUT", "/api/v1/me/locale", {"locale": wrong}))[0] == 422
        assert (await agent.ask("PUT", "/api/v1/me/locale", {"locale": "ar"}))[0] == 204
        assert (await later.sign_in(f"{theirs}@example.com", PASSWORD))[0] == 200
        status, said = await later.ask("GET", "/api/me")
        assert (status, said["staff"]["locale"]) == (200, "ar")
        assert (await stranger.ask("PUT", "/api/v1/me/locale", {"locale": "de"}))[0] == 401
        await member(site, stranger, Role.AGENT)
        assert (await stranger.ask("GET", "/api/me"))[1]["staff"]["locale"] == "en"


# Second factor


async def test_a_second_factor_is_asked_for_and_no_code_counts_twice(site: SellerSite) -> None:
    """Nor does a recovery code."""
    async with Browser(site) as agent:
        theirs = await member(site, agent, Role.AGENT)
        email = f"{theirs}@example.com"
        secret, recovery = await enrolled(site, agent)
        status, said = await agent.sign_in(email, PASSWORD)
        assert (status, said["code"]) == (401, "code_required")
        enrolment_code = code_now(site, secret)
        for code in (enrolment_code, "000000"):
            status, said = await agent.sign_in(email, PASSWORD, code)
            assert (status, said["code"]) == (401, "wrong_code")
        site.seller.clock.advance(30)
        code = code_now(site, secret)
        assert (await agent.sign_in(email, PASSWORD, code))[0] == 200
        assert (await agent.sign_in(email, PASSWORD, code))[1]["code"] == "wrong_code"
        status, _ = await agent.sign_in(email, PASSWORD, recovery[0].lower().replace("-", " "))
        assert status == 200
        assert (await agent.sign_in(email, PASSWORD, recovery[0]))[1]["code"] == "wrong_code"
        # Without the password a code is worth nothing.
        assert (await agent.sign_in(email, "wrong", recovery[1]))[1]["code"] == "wrong_credentials"


async def test_codes_cannot_be_tried_out(site: SellerSite) -> None:
    """After ten wrong ones of one person even the right one has to wait, from anywhere."""
    async with Browser(site) as agent:
        theirs = await member(site, agent, Role.AGENT)
        secret, _ = await enrolled(site, agent)
        site.seller.clock.advance(30)
        answers = [
            (await agent.sign_in(f"{theirs}@example.com", PASSWORD, f"{n:06}"))[1]["code"]
            for n in range(10)
        ]
        assert answers == ["wrong_code"] * 10
        right = code_now(site, secret)
        status, said = await agent.sign_in(f"{theirs}@example.com", PASSWORD, right)
        assert (status, said["code"]) == (429, "too_many_attempts")


async def test_where_it_is_required_nothing_else_opens_before(site: SellerSite) -> None:
    """The person reads who they are, sets it up, and goes on."""
    async with Browser(site) as admin, Browser(site) as agent:
        await member(site, admin, Role.ADMIN)
        await enrolled(site, admin)
        await member(site, agent, Role.AGENT)
        assert (await admin.ask("PUT", "/api/v1/second-factor-rule", {"required": True}))[0] == 204
        assert (await agent.ask("GET", "/api/v1/cases"))[0] == 401
        status, said = await agent.ask("GET", "/api/me")
        assert (status, said["staff"]["second_factor"]) == (200, "to_set_up")
        await enrolled(site, agent)
        assert (await agent.ask("GET", "/api/v1/cases"))[0] == 200


async def test_doing_without_takes_password_and_code(site: SellerSite) -> None:
    """An open browser alone is not enough."""
    async with Browser(site) as agent:
        await member(site, agent, Role.AGENT)
        secret, _ = await enrolled(site, agent)
        site.seller.clock.advance(30)
        right = code_now(site, secret)
        path = "/api/v1/me/second-factor/remove"
        for password, code in (("wrong", right), (PASSWORD, "000000")):
            assert (await agent.ask("POST", path, {"password": password, "code": code}))[0] == 422
        assert (await agent.ask("POST", path, {"password": PASSWORD, "code": right}))[0] == 200
        assert (await agent.ask("GET", "/api/me"))[1]["staff"]["second_factor"] == "none"


# Sign-ins


async def test_sign_ins_are_listed_and_ended(site: SellerSite) -> None:
    """One's own, and nobody else's."""
    async with Browser(site) as here, Browser(site) as there, Browser(site) as other:
        theirs = await member(site, here, Role.AGENT)
        await there.sign_in(f"{theirs}@example.com", PASSWORD)
        await member(site, other, Role.ADMIN)
        found = (await here.ask("GET", "/api/v1/me/logins"))[1]["logins"]
        assert sorted(one["this_one"] for one in found) == [False, True]
        elsewhere = next(one["id"] for one in found if not one["this_one"])
        path = f"/api/v1/me/logins/{elsewhere}"
        assert (await other.ask("DELETE", path))[0] == 404
        assert (await here.ask("DELETE", path))[0] == 204
        assert (await there.ask("GET", "/api/me"))[0] == 401
        assert (await here.ask("GET", "/api/me"))[0] == 200


async def test_a_cookie_is_renewed_every_hour_and_the_old_one_fades(site: SellerSite) -> None:
    """Requests under way still find it; two minutes later it is worth nothing."""
    async with Browser(site) as here, Browser(site) as old:
        await member(site, here, Role.AGENT)
        first = here.cookie
        old.take_cookie(first)
        site.seller.clock.advance(3601)
        assert (await here.ask("GET", "/api/me"))[0] == 200
        assert here.cookie != first
        async with old.raw("GET", "/api/v1/cases") as response:
            assert response.status == 200
        site.seller.clock.advance(121)
        assert (await old.ask("GET", "/api/v1/cases"))[0] == 401
        assert (await here.ask("GET", "/api/v1/cases"))[0] == 200


# The access log


async def test_admins_read_who_looked(site: SellerSite) -> None:
    """Filtered, page by page, with the names; as a table without formulas."""
    seller = site.seller
    async with Browser(site) as admin:
        me = await member(site, admin, Role.ADMIN)
        async with seller.database.begin() as tx:
            evil = await create_staff(
                tx,
                email="evil@example.com",
                name="=HYPERLINK(1)",
                password=NEW_PASSWORD,
                roles=[Role.INSPECTOR],
                locale="en",
                now=seller.now,
                warehouse_id=seller.hall,
            )
        staff = await seller.staff(Role.AGENT, tenant=seller.lamp)
        for number in range(5):
            seller.clock.advance(3600)
            case = f"cas_{number}"
            look = Access(staff, seller.lamp, case, Deed.LOOKED, "case", case, seller.now)
            await note_access(seller.database, seller.keys, look)
        guest = await seller.again(staff)
        object.__setattr__(guest, "staff_id", evil)
        look = Access(guest, seller.lamp, "cas_4", Deed.LOOKED, "still", "sti_1", seller.now)
        await note_access(seller.database, seller.keys, look)
        seen: list[str] = []
        cursor = ""
        while True:
            page = (await admin.ask("GET", f"/api/v1/access-log?limit=2{cursor}"))[1]
            seen += [item["subject_id"] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert seen == ["sti_1", "cas_4", "cas_3", "cas_2", "cas_1", "cas_0"]
        page = (await admin.ask("GET", f"/api/v1/access-log?who=staff:{evil}"))[1]
        assert [(item["name"], item["organisation"]) for item in page["items"]] == [
            ("=HYPERLINK(1)", "Hall 3")
        ]
        until = seller.now.replace(tzinfo=None).isoformat()[:13] + ":00:00Z"
        page = (await admin.ask("GET", f"/api/v1/access-log?what=case&since={until}"))[1]
        assert [item["subject_id"] for item in page["items"]] == ["cas_4"]
        page = (await admin.ask("GET", "/api/v1/access-log?until=2026-01-01T02:00:01Z"))[1]
        assert [item["subject_id"] for item in page["items"]] == ["cas_1", "cas_0"]
        async with admin.raw("GET", "/api/v1/access-log.csv") as response:
            table = await response.text()
        assert response.content_type == "text/csv"
        assert "'=HYPERLINK(1)" in table
        assert len(table.splitlines()) == 7
        await admin.ask("POST", f"/api/v1/people/{me}/reset-link")
        page = (await admin.ask("GET", "/api/v1/access-log?limit=1"))[1]
        assert (page["items"][0]["kind"], page["items"][0]["what"]) == ("people", "reset_link_made")


# Isolation


def admin_routes(theirs: str, invitation: str, mail: str) -> list[tuple[str, str, object]]:
    """Every route of admins, aimed at one organisation's people."""
    person = f"/api/v1/people/{theirs}"
    return [
        ("PUT", f"{person}/roles", {"roles": ["agent"]}),
        ("POST", f"{person}/disable", None),
        ("POST", f"{person}/enable", None),
        ("POST", f"{person}/reset-link", None),
        ("DELETE", f"{person}/second-factor", None),
        ("DELETE", f"/api/v1/people/invitations/{invitation}", None),
        ("POST", f"/api/v1/mails/{mail}/send", None),
    ]


@pytest.mark.parametrize("place", ["another tenant", "ungranted warehouse", "granted warehouse"])
async def test_admins_of_other_places_find_nobody(site: SellerSite, place: str) -> None:
    """Not the people, not the invitations, not the mails, not the log."""
    where = {
        "another tenant": {"tenant": site.seller.shoes},
        "ungranted warehouse": {"warehouse": site.seller.dock},
        "granted warehouse": {"warehouse": site.seller.hall},
    }[place]
    async with Browser(site) as admin, Browser(site) as stranger:
        theirs = await member(site, admin, Role.ADMIN)
        await invited(admin)
        people = (await admin.ask("GET", "/api/v1/people"))[1]
        mails = (await admin.ask("GET", "/api/v1/mails"))[1]["items"]
        assert [(one["to"], one["state"]) for one in mails] == [("ana@hall.example", "queued")]
        mine = await member(site, stranger, Role.ADMIN, **where)
        routes = admin_routes(theirs, people["invitations"][0]["id"], mails[0]["id"])
        for method, path, body in routes:
            assert (await stranger.ask(method, path, body))[0] == 404, path
        found = (await stranger.ask("GET", "/api/v1/people"))[1]
        assert [one["id"] for one in found["people"]] == [mine]
        assert found["invitations"] == []
        assert (await stranger.ask("GET", "/api/v1/mails"))[1]["items"] == []
        status, log = await stranger.ask("GET", "/api/v1/access-log")
        assert (status, log.get("items", [])) == ((200 if "tenant" in where else 403), [])


@pytest.mark.parametrize("who", [Role.AGENT, Role.INSPECTOR, Role.REVIEWER, "nobody", "a machine"])
async def test_only_admins_reach_what_is_theirs(site: SellerSite, who: Role | str) -> None:
    """Not even to ask for what is not there."""
    async with Browser(site) as browser:
        headers = {}
        expected = 401
        if isinstance(who, Role):
            await member(site, browser, who)
            expected = 403
        elif who == "a machine":
            secret = await site.seller.api_key(site.seller.lamp, *Scope)
            headers = {"Authorization": f"Bearer {secret}"}
        routes = [
            *admin_routes(NOWHERE, "inv_1", "mai_1"),
            ("GET", "/api/v1/people", None),
            ("POST", "/api/v1/people/invitations", {"email": "a@b.example", "roles": ["admin"]}),
            ("PUT", "/api/v1/second-factor-rule", {"required": True}),
            ("GET", "/api/v1/mails", None),
            ("GET", "/api/v1/access-log", None),
            ("GET", "/api/v1/access-log.csv", None),
        ]
        for method, path, body in routes:
            if headers:
                async with site.client.request(method, path, json=body, headers=headers) as answer:
                    assert answer.status == expected, path
            else:
                assert (await browser.ask(method, path, body))[0] == expected, path
