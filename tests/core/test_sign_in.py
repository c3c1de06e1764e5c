"""Signing in and out: who gets in, who is kept out and for how long, and when a session ends."""

import re
import time
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from core import clock
from core.access.scope import unscoped
from core.auth import accounts, limits, passwords
from core.auth.models import Assignment, LoginAttempt, Role, UserSession
from core.auth.rights import load_person
from core.org.models import Person
from core.testing.factories import give_role, make_person, post, sign_in, token

PASSWORD = "seventeen-blue-doors"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch):
    """A hash as short as argon2 allows: the tests are about what is done with it."""
    from argon2 import PasswordHasher

    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def clerk(org, work):
    with work() as session:
        person = session.get(Person, org.people["clerk"].id)
        accounts.set_password(session, person, PASSWORD)
    return person


def try_to_sign_in(client, username, password=PASSWORD, **options):
    fields = {"username": username, "password": password} | options.pop("fields", {})
    return post(client, "/login", fields, **options)


def is_in(client):
    return client.get("/account/").status_code == 200


def cookie_of(client):
    return client.get_cookie("session").value


def age_sessions(work, **values):
    with work() as session:
        session.execute(update(UserSession).values(**values))


def text_of(response):
    return re.sub(r'name="(csrf_token|username)"[^>]*>', "", response.text)


def test_with_name_and_password_one_is_in_and_with_logout_out(client, clerk):
    assert client.get("/account/").headers["Location"].startswith("/login")
    assert try_to_sign_in(client, "clerk").headers["Location"] == "/"
    assert is_in(client)
    kept = cookie_of(client)
    assert post(client, "/logout").headers["Location"] == "/login"
    assert not is_in(client)
    thief = client.application.test_client()
    thief.set_cookie("session", kept)
    assert not is_in(thief), "a cookie copied before the logout is dead after it"


def test_who_does_not_exist_gets_the_answer_of_a_wrong_password(app, clerk, work):
    with work() as session:
        session.get(Person, clerk.id).active = True
        make_person(session, "left", _node(session, clerk), deleted_at=clock.now(), password_hash=clerk.password_hash)
        make_person(session, "closed", _node(session, clerk), active=False, password_hash=clerk.password_hash)
        make_person(session, "silent", _node(session, clerk))
        make_person(
            session, "too.late", _node(session, clerk), password_hash=clerk.password_hash,
            password_expires_at=clock.now() - timedelta(seconds=1),
        )  # fmt: skip
    wrong = try_to_sign_in(app.test_client(), "clerk", "not-the-password")
    for name in (
        "nobody",
        "left",
        "closed",
        "silent",
        "too.late",
        "CLERK",
        "clerk'--",
        "店员",
        "x" * 5000,
        "\x00",
        "a\x00b",
    ):
        answer = try_to_sign_in(app.test_client(), name)
        assert (answer.status_code, text_of(answer)) == (401, text_of(wrong)), name


def _node(session, person):
    from core.org.models import Node

    return session.get(Node, person.node_id)


@on_sqlite
def test_who_does_not_exist_costs_the_server_the_same_work(client, clerk, monkeypatch):
    work_done = []
    real = passwords._hasher.verify
    monkeypatch.setattr(type(passwords._hasher), "verify", lambda self, *args: work_done.append(args) or real(*args))
    for name in ("clerk", "nobody"):
        try_to_sign_in(client, name, "not-the-password")
    assert len(work_done) == 2


@on_sqlite
def test_passwords_are_kept_as_argon2_and_easy_ones_are_refused(clerk, work):
    assert clerk.password_hash.startswith("$argon2id$")
    assert PASSWORD not in clerk.password_hash
    for bad in ("short", "12345678", "PASSWORD", "clerk", "Clerk"):
        with work() as session, pytest.raises(accounts.Refused):
            accounts.set_password(session, session.get(Person, clerk.id), bad)


def test_every_way_to_lose_a_right_ends_the_sessions(app, clerk, org, work):
    def change_password(session, person):
        assert accounts.change_own_password(session, person.id, PASSWORD, "another-" + PASSWORD, None) is None

    def new_role(session, person):
        role = session.scalars(select(Role).where(Role.code == "deputy")).one()
        accounts.assign(
            session,
            load_person(session, org.people["system_administrator"].id),
            Assignment(),
            person,
            role,
            org.stores[1],
        )

    def lose_role(session, person):
        held = session.scalars(select(Assignment).where(Assignment.person_id == person.id)).first()
        accounts.unassign(session, load_person(session, org.people["system_administrator"].id), person, held)

    administrator = load_person
    ways = {
        "password set": lambda session, person: accounts.set_password(session, person, PASSWORD),
        "password changed": change_password,
        "one-time password": lambda session, person: accounts.reset_password(
            session, administrator(session, org.people["system_administrator"].id), person
        ),
        "role given": new_role,
        "role taken": lose_role,
        "disabled": lambda session, person: accounts.disable(
            session, administrator(session, org.people["system_administrator"].id), person
        ),
    }
    for name, change in ways.items():
        browsers = [sign_in(app.test_client(), clerk) for _browser in range(2)]
        if name != "one-time password":
            assert all(is_in(browser) for browser in browsers), name
        with work() as session:
            person = session.get(Person, clerk.id)
            if name == "password changed":
                accounts.set_password(session, person, PASSWORD)
                session.flush()
            change(session, person)
        assert not any(is_in(browser) for browser in browsers), name
        with work() as session:
            person = session.get(Person, clerk.id)
            person.active, person.must_change_password, person.password_expires_at = True, False, None


@on_sqlite
def test_who_moves_to_another_store_signs_in_anew(client_as, clerk, app, org):
    browser = sign_in(app.test_client(), clerk)
    office = client_as("system_administrator")
    form = office.get(f"/admin/org/person/edit/?id={clerk.id}").text
    version = re.search(r'name="_version" value="([^"]+)"', form)[1]
    fields = {"username": "clerk", "name": "New name", "node_id": org.stores[0].id, "locale": "en", "_version": version}
    assert post(office, f"/admin/org/person/edit/?id={clerk.id}", fields).status_code == 302
    assert is_in(browser), "a new name ends nothing"
    version = re.search(r'name="_version" value="([^"]+)"', office.get(f"/admin/org/person/edit/?id={clerk.id}").text)[
        1
    ]
    post(office, f"/admin/org/person/edit/?id={clerk.id}", fields | {"node_id": org.stores[1].id, "_version": version})
    assert not is_in(browser)


@on_sqlite
def test_a_session_ends_by_itself_and_a_deleted_person_has_none(app, clerk, work):
    browser = sign_in(app.test_client(), clerk)
    age_sessions(work, expires_at=clock.now() - timedelta(seconds=1))
    assert not is_in(browser)
    browser = sign_in(app.test_client(), clerk)
    with work() as session:
        assert session.scalar(select(func.count()).select_from(UserSession)) == 1, "what has ended is swept away"
        session.get(Person, clerk.id).deleted_at = clock.now()
    assert not is_in(browser)


@on_sqlite
def test_the_table_of_sessions_opens_none(app, clerk, work):
    browser = sign_in(app.test_client(), clerk)
    with browser.session_transaction() as cookie:
        secret = cookie["_user_id"]
    with work() as session:
        row = session.scalars(select(UserSession)).one()
        assert secret not in str(vars(row))
        stolen = row.token_hash
    thief = app.test_client()
    for guess in (stolen, str(row.id), str(clerk.id), "", "clerk", secret[:-1]):
        with thief.session_transaction() as cookie:
            cookie["_user_id"] = guess
        assert not is_in(thief), guess


def test_a_session_that_is_used_is_noted_also_by_a_form(app, clerk, work):
    """The note is a write of its own: a form must not wait for itself."""
    browser = sign_in(app.test_client(), clerk)
    long_ago = clock.now() - timedelta(hours=1)
    for use in (lambda: browser.get("/account/"), lambda: post(browser, "/inbox/read")):
        age_sessions(work, seen_at=long_ago)
        assert use().status_code in (200, 302)
        with work() as session:
            assert session.scalars(select(UserSession.seen_at)).one() > long_ago


@on_sqlite
def test_one_sees_and_ends_only_ones_own_sessions(app, clerk, org, work):
    mine, other = sign_in(app.test_client(), clerk), sign_in(app.test_client(), clerk)
    stranger = sign_in(app.test_client(), org.people["deputy"])
    with work() as session:
        ids = list(session.scalars(select(UserSession.id).order_by(UserSession.id)))
    page = mine.get("/account/").text
    assert [number for number in ids if f"/account/sessions/{number}/end" in page] == ids[1:2], (
        "the others of one's own"
    )
    post(mine, f"/account/sessions/{ids[2]}/end")
    assert is_in(stranger)
    post(mine, f"/account/sessions/{ids[1]}/end")
    assert is_in(mine) and not is_in(other)


@on_sqlite
def test_changing_ones_own_password_keeps_this_browser_and_ends_the_others(app, clerk):
    mine, other = sign_in(app.test_client(), clerk), sign_in(app.test_client(), clerk)
    new = "nineteen-green-roofs"
    for fields, status in (
        ({"current": "wrong", "new": new, "again": new}, 422),
        ({"current": PASSWORD, "new": new, "again": "different"}, 422),
        ({"current": PASSWORD, "new": "12345678", "again": "12345678"}, 422),
        ({}, 422),
    ):
        assert post(mine, "/account/password", fields).status_code == status
        assert is_in(other)
    assert post(mine, "/account/password", {"current": PASSWORD, "new": new, "again": new}).status_code == 302
    assert is_in(mine) and not is_in(other)
    assert try_to_sign_in(app.test_client(), "clerk").status_code == 401
    assert try_to_sign_in(app.test_client(), "clerk", new).status_code == 302


def test_a_one_time_password_works_once_for_a_day_and_must_be_changed(app, client_as, clerk, work, monkeypatch):
    office = client_as("head_office")
    page = post(office, f"/admin/org/person/reset-password/?id={clerk.id}").text
    with work() as session:
        person = session.get(Person, clerk.id)
        assert person.must_change_password
        hours = (person.password_expires_at - clock.now()).total_seconds() / 3600
        assert 23.9 < hours <= 24
        once = next(
            word
            for word in re.findall(r"\b[a-hjkmnp-z2-9]{10}\b", page)
            if passwords.verify(person.password_hash, word)
        )
    browser = app.test_client()
    assert try_to_sign_in(browser, "clerk", once).status_code == 302
    for address in ("/", "/admin/", "/inbox/", "/account/"):
        assert browser.get(address).headers["Location"] == "/account/password", address
    assert post(browser, "/language", {"locale": "en"}).headers["Location"] == "/account/password"
    assert browser.get("/account/password").status_code == 200
    same = {"current": once, "new": once, "again": once}
    assert post(browser, "/account/password", same).status_code == 422, "the one-time password is not the new one"
    assert post(browser, "/account/password", {"current": once, "new": PASSWORD, "again": PASSWORD}).status_code == 302
    assert is_in(browser)
    page = post(office, f"/admin/org/person/reset-password/?id={clerk.id}").text
    once = next(word for word in re.findall(r"\b[a-hjkmnp-z2-9]{10}\b", page) if word not in ("javascript",))
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(hours=24, seconds=1))
    assert try_to_sign_in(app.test_client(), "clerk", once).status_code == 401


@on_sqlite
def test_guessing_is_stopped_after_a_few_tries_and_goes_on_after_a_while(client, clerk, monkeypatch):
    for _try in range(limits.FAILURES_PER_SOURCE):
        assert "wrong" in try_to_sign_in(client, "clerk", "not-it", headers={"Accept-Language": "en"}).text
    answer = try_to_sign_in(client, "clerk", headers={"Accept-Language": "en"})
    assert answer.status_code == 401 and "Too many attempts" in answer.text, "also with the right password"
    later = clock.now() + limits.WINDOW + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert try_to_sign_in(client, "clerk").status_code == 302


@on_sqlite
def test_a_stranger_locks_nobody_out_of_a_device_they_know(app, clerk, work):
    known = app.test_client()
    assert try_to_sign_in(known, "clerk").status_code == 302
    post(known, "/logout")
    with work() as session:
        for number in range(limits.STRANGERS_PER_NAME):
            limits.note_failure(session, "clerk", f"address:10.0.0.{number}", "password")
    assert try_to_sign_in(app.test_client(), "clerk", environ_base={"REMOTE_ADDR": "10.9.9.9"}).status_code == 401
    assert try_to_sign_in(known, "clerk").status_code == 302


@on_sqlite
def test_a_known_device_is_known_for_its_own_people_only_and_cannot_be_forged(app, clerk, org, work):
    with work() as session:
        accounts.set_password(session, session.get(Person, org.people["deputy"].id), PASSWORD)
    known = app.test_client()
    try_to_sign_in(known, "clerk")
    device = known.get_cookie("device").value
    with work() as session:
        for number in range(limits.STRANGERS_PER_NAME):
            limits.note_failure(session, "deputy", f"address:10.0.0.{number}", "password")
    for value in (device, device[:-2] + "xx", "", "W10="):
        browser = app.test_client()
        browser.set_cookie("device", value)
        assert try_to_sign_in(browser, "deputy").status_code == 401, value[:40]


@on_sqlite
def test_a_shop_that_shares_one_address_is_not_locked_out_by_one_person(app, clerk, org, work):
    with work() as session:
        accounts.set_password(session, session.get(Person, org.people["deputy"].id), PASSWORD)
    for _try in range(limits.FAILURES_PER_SOURCE + 1):
        try_to_sign_in(app.test_client(), "clerk", "not-it")
    assert try_to_sign_in(app.test_client(), "deputy").status_code == 302
    with work() as session:
        for number in range(limits.FAILURES_PER_ADDRESS):
            limits.note_failure(session, f"name{number}", "address:127.0.0.1", "password")
    assert try_to_sign_in(app.test_client(), "deputy").status_code == 401, "but an address that tries every name is"


@on_sqlite
def test_attempts_that_no_longer_count_are_forgotten(app, org, work):
    with work() as session:
        session.add(LoginAttempt(username="x", source="address:1", at=clock.now() - timedelta(hours=2)))
        session.flush()
        limits.note_failure(session, "y", "address:2", "password")
        session.flush()
        assert list(session.scalars(select(LoginAttempt.username))) == ["y"]


@on_sqlite
def test_after_signing_in_one_lands_in_the_house_and_nowhere_else(app, clerk):
    outside = (
        "https://evil.example/", "//evil.example/", "///evil.example", "/\\evil.example", "\\\\evil.example", "http:evil.example",
        "/\t/evil.example", "javascript:alert(1)", "evil.example", "/%0d%0aX: y", " //evil.example", "/\n/evil.example", "https:///evil.example",
    )  # fmt: skip
    for target in outside:
        answer = try_to_sign_in(app.test_client(), "clerk", fields={"next": target})
        place = answer.headers["Location"]
        assert (
            place.startswith("/")
            and not place.startswith(("//", "/\\"))
            and "evil" not in place.split("?")[0].lstrip("/")[:5]
        ), target
        assert "\r" not in place and "\n" not in place and "X" not in answer.headers
    assert (
        try_to_sign_in(app.test_client(), "clerk", fields={"next": "/inbox/?a=1"}).headers["Location"] == "/inbox/?a=1"
    )
    waiting = app.test_client().get("/admin/org/store/?search=a&page=2").headers["Location"]
    assert waiting == "/login?next=/admin/org/store/?search%3Da%26page%3D2" or "next=%2Fadmin%2Forg%2Fstore" in waiting


@on_sqlite
def test_the_language_switch_leads_back_into_the_house(app, clerk, work):
    browser = sign_in(app.test_client(), clerk)
    answer = post(
        browser, "/language", {"locale": "zh_Hans_CN"}, headers={"Referer": "https://evil.example//evil.example/x"}
    )
    assert not answer.headers["Location"].startswith("//")
    assert post(browser, "/language", {"locale": "xx"}).status_code == 302
    with work() as session:
        assert session.get(Person, clerk.id).locale == "zh_Hans_CN"


@on_sqlite
def test_signing_in_starts_a_fresh_cookie(app, clerk):
    browser = app.test_client()
    with browser.session_transaction() as cookie:
        cookie["planted"] = "by somebody before"
    planted_token = token(browser)
    try_to_sign_in(browser, "clerk")
    with browser.session_transaction() as cookie:
        assert "planted" not in cookie
    assert browser.post("/logout", data={"csrf_token": planted_token}).status_code == 400


@on_sqlite
def test_cookies_are_out_of_reach_of_scripts_and_other_sites(app, clerk):
    answer = try_to_sign_in(app.test_client(), "clerk")
    for cookie in answer.headers.getlist("Set-Cookie"):
        assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
    assert answer.headers["Cache-Control"] == "no-store"


@on_sqlite
def test_a_form_without_its_token_changes_nothing_and_says_so(app, clerk, work):
    browser = sign_in(app.test_client(), clerk)
    for data in ({}, {"csrf_token": ""}, {"csrf_token": "x"}, {"csrf_token": token(app.test_client())}):
        answer = browser.post("/logout", data=data)
        assert answer.status_code == 400 and "too long" in answer.text
    assert is_in(browser)
    assert app.test_client().post("/login", data={"username": "clerk", "password": PASSWORD}).status_code == 400


@on_sqlite
def test_a_stand_in_is_let_in_on_their_days_only(app, org, work, monkeypatch):
    today = clock.working_day()
    with work() as session:
        helper = make_person(session, "helper", org.stores[0])
        give_role(session, helper, "store_manager", org.stores[0], from_day=today, to_day=today)
        with unscoped("a test"):
            assert session.get(Person, helper.id)
    browser = sign_in(app.test_client(), helper)
    assert browser.get("/admin/org/store/").status_code == 200
    tomorrow = clock.now() + timedelta(days=1)
    monkeypatch.setattr(clock, "now", lambda: tomorrow)
    assert browser.get("/admin/org/store/").status_code == 403, "the same session, a day later"


@on_sqlite
def test_a_cookie_holds_what_was_signed_whatever_a_request_did_with_it(app, monkeypatch):
    cookies = app.session_interface

    def held(text):
        with app.test_request_context(headers={"Cookie": f"session={text}"}) as context:
            return cookies.open_session(app, context.request)

    signed = cookies.get_signing_serializer(app).dumps({"locale": "en", "toasts": [{"text": "saved"}]})
    first = held(signed)
    first["toasts"].append("forged")
    first["locale"] = "zh_Hans_CN"
    assert dict(held(signed)) == {"locale": "en", "toasts": [{"text": "saved"}]}
    assert dict(held(signed[:-1])) == dict(held(f"x{signed}")) == dict(held("")) == {}
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + app.permanent_session_lifetime.total_seconds() + 3600)
    assert dict(held(signed)) == {}
