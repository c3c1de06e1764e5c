"""The demonstration chain: its tree, its people, its logins; the same seed gives the same rows."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from core import clock
from core.access.permissions import ROLES
from core.access.person import NOBODY
from core.access.scope import unscoped
from core.audit import AuditEntry
from core.auth.models import Assignment, Grant, Role
from core.commands.context import Shell
from core.commands.data import demo
from core.demo import DemoRefused, load_demo
from core.demo_places import quotas
from core.org.models import PARENTS, CalendarDay, Node, Person
from core.org.people import people_at
from core.org.tree import is_closed, stores_below
from core.registry.models import PluginIntent
from core.search.columns import searched_of
from core.testing.application import SECRET_KEY
from core.testing.databases import fresh_database
from core.testing.factories import post

MORNING = datetime(2026, 11, 18, 2, 40, tzinfo=UTC)
"""A Wednesday, 10:40 in Shanghai."""
STORES, DAYS = 12, 7
TABLES = (Node, Person, Role, Assignment, Grant, CalendarDay)


@pytest.fixture(scope="module", autouse=True)
def morning():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: MORNING)
        yield


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database_url(request, tmp_path_factory, database_template):
    """One demonstration chain for all tests of this file that only look at it."""
    folder = tmp_path_factory.mktemp("demo")
    with fresh_database(request.param, folder, database_template(request.param)) as url:
        yield url


@pytest.fixture(scope="module")
def logins(database_url, tmp_path_factory):
    return load(database_url, tmp_path_factory.mktemp("data"))


@pytest.fixture
def reading(logins, work):
    """A session on the loaded chain that sees everything."""
    with work() as session, unscoped("a test looks at everything"):
        yield session


@pytest.fixture
def quick(monkeypatch):
    """Nobody signs in: passwords are not hashed, which takes a tenth of a second each."""
    monkeypatch.setattr("core.demo.hash_password", lambda password: "no hash")


def shell_of(url: str, folder: Any) -> Shell:
    from config.settings import Settings
    from core.app import create_app

    shell = Shell()
    settings = Settings(env="testing", database_url=url, data_dir=folder, secret_key=SECRET_KEY)
    shell.__dict__["app"] = create_app(settings)
    return shell


def load(url: str, folder: Any, *, stores: int = STORES, days: int = DAYS, seed: int = 1) -> list[Any]:
    shell = shell_of(url, folder)
    try:
        return load_demo(shell, stores=stores, days=days, seed=seed)
    finally:
        shell.house.database.dispose()


def dump(url: str, folder: Any) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the organisation, but for passwords, the moments at which something was made or changed by hand, and
    what a database keeps for its own way to search."""
    shell = shell_of(url, folder)
    with shell.work() as session, unscoped("a test looks at everything"):
        found = {}
        for model in TABLES:
            left_out = {"password_hash", "updated_at", *(("created_at",) if model in (Role, Grant) else ())}
            columns = [
                column for column in model.__table__.c if column.name not in left_out and not searched_of(column)
            ]
            query = select(*columns).order_by(model.id)
            if model is Node:
                query = query.where(Node.kind != "chain")
            found[model.__tablename__] = [tuple(row) for row in session.execute(query)]
    shell.house.database.dispose()
    return found


def nodes(session: Any, kind: str) -> list[Node]:
    return list(session.scalars(select(Node).where(Node.kind == kind).order_by(Node.code)))


def test_it_has_three_regions_twelve_areas_four_departments_and_the_stores_asked_for(reading):
    counts = Counter(reading.scalars(select(Node.kind)))
    assert counts == {"chain": 1, "region": 3, "area": 12, "department": 4, "store": STORES}


def test_every_place_stands_where_its_kind_may_stand_and_carries_the_levels_above_it(reading):
    by_id = {node.id: node for node in reading.scalars(select(Node))}
    for node in by_id.values():
        if node.kind == "chain":
            continue
        parent = by_id[node.parent_id]
        assert parent.kind in PARENTS[node.kind]
        assert node.region_id == (node.id if node.kind == "region" else parent.region_id)
        assert node.area_id == (node.id if node.kind == "area" else parent.area_id)
    assert all(by_id[store.parent_id].kind == "area" for store in nodes(reading, "store"))


def test_every_store_has_what_a_store_needs_and_a_name_of_its_own(reading):
    stores = nodes(reading, "store")
    assert len({store.name for store in stores}) == STORES
    for store in stores:
        assert re.fullmatch(r"SZ-[A-Z]{2}-\d{4}", store.code)
        assert re.fullmatch(r"[\u4e00-\u9fff]{3,}", store.name)
        assert store.format and store.peer_group and store.size_m2 and store.opens and store.closes
        assert store.address.startswith("深圳市")
        assert store.opened_on <= clock.today()


def test_one_store_is_closed_one_is_new_and_one_is_open_at_night(reading):
    stores = nodes(reading, "store")
    assert [store.closed_on for store in stores if store.closed_on] == [clock.today() - timedelta(days=2)]
    assert sum(clock.today() - store.opened_on <= timedelta(days=DAYS) for store in stores) == 1
    assert sum(store.closes < store.opens for store in stores) == 1


def test_nobody_is_without_a_place(reading):
    posted = set(reading.scalars(select(Assignment.person_id)))
    for person in reading.scalars(select(Person)):
        assert person.node_id and person.id in posted, person.username
    at_home = select(Assignment.person_id).join(Person, Person.id == Assignment.person_id)
    today = (Assignment.to_day.is_(None), Assignment.node_id == Person.node_id)
    assert set(reading.scalars(at_home.where(*today))) == posted - _standing_in(reading)


def _standing_in(session: Any) -> set[int]:
    """People whose last post has an end: the deputy who stands in keeps the own post beside it."""
    ended = set(session.scalars(select(Assignment.person_id).where(Assignment.to_day.is_not(None))))
    open_ended = set(session.scalars(select(Assignment.person_id).where(Assignment.to_day.is_(None))))
    return ended - open_ended


def test_every_open_store_has_its_people_and_a_closed_one_has_none(reading):
    stores = nodes(reading, "store")
    held = {
        role: people_at(reading, {store.id for store in stores}, {role})
        for role in ("store_manager", "deputy", "clerk", "technician")
    }
    for store in stores:
        if store.closed_on:
            assert not any(store.id in people for people in held.values())
            continue
        assert held["store_manager"][store.id] and held["deputy"][store.id]
        assert 5 <= len(held["clerk"][store.id]) <= 8 + 8  # those of the closed store have come along
        assert (store.format != "service_point") or held["technician"][store.id]
    areas = {area.id for area in nodes(reading, "area")}
    assert all(len(people) == 1 for people in people_at(reading, areas, {"area_manager"}).values())
    assert set(people_at(reading, areas, {"area_manager"})) == areas


def test_people_carry_the_levels_of_their_place(reading):
    query = select(Person, Node).join(Node, Node.id == Person.node_id)
    for person, place in reading.execute(query):
        assert (person.area_id, person.region_id) == (place.area_id, place.region_id)


def test_names_are_chinese_and_user_names_are_spelled_from_them(reading, logins):
    people = list(reading.scalars(select(Person)))
    printed = {login.username for login in logins}
    assert len({person.username for person in people}) == len(people)
    for person in people:
        assert re.fullmatch(r"[\u4e00-\u9fff]{2,4}", person.name)
        assert person.username in printed or re.fullmatch(r"[a-z]{3,}\d*", person.username)


def test_there_is_one_login_for_each_shipped_role_and_nobody_else_has_a_password(reading, logins):
    assert [login.role for login in logins] == ["system_administrator", *ROLES]
    with_password = reading.scalars(select(Person.username).where(Person.password_hash.is_not(None)))
    assert set(with_password) == {login.username for login in logins}
    assert len({login.password for login in logins}) == len(logins)


def test_every_login_works_through_the_login_page(app, logins, work):
    for login in logins:
        browser = app.test_client()
        wrong = post(browser, "/login", {"username": login.username, "password": login.password + "x"})
        right = post(browser, "/login", {"username": login.username, "password": login.password})
        assert (wrong.status_code, right.status_code) == (401, 302), login
        assert browser.get("/account/").status_code == 200
        held = (
            select(Role.code, Node.name)
            .join(Assignment, Assignment.role_id == Role.id)
            .join(Person, Person.id == Assignment.person_id)
            .join(Node, Node.id == Assignment.node_id)
            .where(Person.username == login.username)
        )
        with work() as session:
            assert session.execute(held).one() == (login.role, login.place)


def test_the_auditor_reads_everything_and_changes_nothing(reading):
    role_id = reading.scalars(select(Role.id).where(Role.code == "auditor")).one()
    granted = set(reading.scalars(select(Grant.permission).where(Grant.role_id == role_id)))
    assert {"org:store:list", "audit:entry:read"} <= granted
    assert {permission.rpartition(":")[2] for permission in granted} == {"list", "read", "export"}


def test_the_lunar_new_year_is_closed_and_flagships_open_again_on_its_last_day(reading):
    stores = stores_below(reading, nodes(reading, "chain")[0])
    new_year = datetime(2027, 2, 6).date()
    flagship = next(store for store in stores if store.format == "flagship")
    other = next(store for store in stores if store.format != "flagship")
    expected = [(day, is_closed(reading, other, new_year + timedelta(days=day))) for day in range(-1, 4)]
    assert expected == [(-1, False), (0, True), (1, True), (2, True), (3, False)]
    assert [is_closed(reading, flagship, new_year + timedelta(days=day)) for day in (0, 2)] == [True, False]


def test_the_whole_load_is_one_line_in_the_audit(reading):
    imported = reading.scalars(select(AuditEntry).where(AuditEntry.action == "imported")).all()
    assert [entry.changes["stores"] for entry in imported] == [[None, STORES]]
    touched = set(reading.scalars(select(AuditEntry.resource).where(AuditEntry.id >= imported[0].id)))
    made_by_hand = {
        "daily_reports:reward_rule",
        "daily_reports:template",
        "daily_reports:skill",
        "customers:customer",
        "customers:gift",
        "customers:merge",
    }  # a few rules, forms, skills and kinds of gifts, and records merged, as head office would
    assert touched <= {"org:node", "registry:plugin", "registry_plugin"} | made_by_hand


def test_it_switches_on_what_it_fills(reading):
    assert "daily_reports" in set(reading.scalars(select(PluginIntent.name).where(PluginIntent.enabled)))


def test_a_database_with_places_is_refused_and_stays_as_it_is(logins, database_url, tmp_path, work):
    with work() as session:
        people = session.scalar(select(func.count()).select_from(Person))
    with pytest.raises(DemoRefused):
        load(database_url, tmp_path)
    shell = shell_of(database_url, tmp_path)
    told = CliRunner().invoke(demo, ["--stores", "12"], obj=shell)
    shell.house.database.dispose()
    assert told.exit_code == 1 and "already has stores" in told.output
    with work() as session:
        assert session.scalar(select(func.count()).select_from(Person)) == people


@pytest.mark.parametrize("stores, days", [(0, 7), (12, -1)])
def test_senseless_sizes_are_refused(tmp_path, database_template, stores, days):
    with fresh_database("sqlite", tmp_path, database_template("sqlite")) as url, pytest.raises(DemoRefused):
        load(url, tmp_path, stores=stores, days=days)


def test_only_who_may_do_everything_loads_it(tmp_path, database_template, monkeypatch):
    monkeypatch.setattr("core.demo.current_person", lambda: NOBODY)
    with fresh_database("sqlite", tmp_path, database_template("sqlite")) as url, pytest.raises(DemoRefused):
        load(url, tmp_path)


def test_one_store_without_any_day_is_enough(tmp_path, database_template, quick):
    with fresh_database("sqlite", tmp_path, database_template("sqlite")) as url:
        logins = load(url, tmp_path, stores=1, days=0)
    assert {login.role for login in logins} == {"system_administrator", *ROLES} - {"technician"}


def test_a_plugin_that_cannot_be_filled_is_left_out_and_named(tmp_path, database_template, monkeypatch, capsys, quick):
    def break_half_way(session: Any, size: Any, seed: int) -> None:
        chain_id = session.scalars(select(Node.id).where(Node.kind == "chain")).one()
        session.add(CalendarDay(node_id=chain_id, day=clock.today(), reason="half way"))
        session.flush()
        raise RuntimeError("out of ideas")

    monkeypatch.setattr("plugins.daily_reports.sample.fill", break_half_way)
    with fresh_database("sqlite", tmp_path, database_template("sqlite")) as url:
        load(url, tmp_path)
        shell = shell_of(url, tmp_path)
        with shell.work() as session:
            assert len(nodes(session, "store")) == STORES
            assert not session.scalars(select(CalendarDay).where(CalendarDay.reason == "half way")).all()
            assert "daily_reports" not in session.scalars(select(PluginIntent.name)).all()
        shell.house.database.dispose()
    assert "daily_reports: RuntimeError: out of ideas" in capsys.readouterr().err


def test_the_same_seed_gives_the_same_rows_on_both_databases(
    postgres_server, tmp_path_factory, database_template, quick
):
    dumps = []
    for kind, seed in (("sqlite", 7), ("postgres", 7), ("sqlite", 8)):
        folder = tmp_path_factory.mktemp(kind)
        with fresh_database(kind, folder, database_template(kind)) as url:
            load(url, folder, stores=8, days=3, seed=seed)
            dumps.append(dump(url, folder))
    assert dumps[0] == dumps[1]
    assert dumps[0]["org_node"] != dumps[2]["org_node"]
    assert dumps[0]["org_person"] != dumps[2]["org_person"]


@pytest.mark.parametrize("total", [0, 1, 5, 6, 12, 200, 301])
def test_quotas_add_up_and_leave_nobody_out_when_there_is_enough(total):
    parts = quotas(total, [4, 30, 32, 14, 12, 8], least=1)
    assert sum(parts) == total
    assert min(parts) >= (1 if total >= 6 else 0)
