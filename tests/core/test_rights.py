"""From roles, places and days to what a person may: the union, and never more than that."""

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import delete, select, update

from core import clock
from core.access.permissions import Permission, resource_permissions
from core.access.person import NOWHERE, Reach, acting_as
from core.access.scope import criteria, unscoped
from core.app import create_app
from core.auth.models import Assignment, Grant, Role
from core.auth.rights import load_person, reach_of, rights_changed
from core.auth.shipped import SHIPPED_ROLES, seed_grants
from core.org.models import Node, Person
from core.testing.factories import give_role, make_person, make_role, post, sign_in

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
STORES = "org:store:list"


def stores_seen(session, person, permission=STORES):
    query = select(Node.id).where(Node.kind == "store", criteria(Node, person, permission))
    return set(session.scalars(query))


def below(org, node):
    """What a person at `node` reaches, worked out by walking up from each place."""
    by_id = {place.id: place for place in org.nodes}

    def is_below(place):
        while place is not None:
            if place.id == node.id:
                return True
            place = by_id.get(place.parent_id)
        return False

    return {place.id for place in org.nodes if is_below(place)}


def test_a_right_at_a_place_reaches_the_place_and_all_below(org, work):
    with work() as session:
        make_role(session, "looks", org__store__list="node", org__person__list="node", org__person__read="node")
        for node in org.nodes:
            person = load_person(session, make_person(session, f"at.{node.code}", node, "looks").id)
            expected = below(org, node)
            assert stores_seen(session, person) == {store.id for store in org.stores if store.id in expected}, node.code
            with acting_as(person):
                people = session.scalars(select(Person.node_id))
                assert set(people) <= expected, node.code


@pytest.mark.requirement("J1")
def test_the_system_administrator_has_every_right_also_those_nobody_was_granted(org, work):
    with work() as session:
        boss = load_person(session, org.people["system_administrator"].id)
        assert boss.everything and boss.may("no:such:permission") and boss.reach("no:such:permission").everything
        assert stores_seen(session, boss) == {store.id for store in org.stores}
        session.execute(select(Grant))
        role = session.scalars(select(Role).where(Role.code == "system_administrator")).one()
        assert session.scalars(select(Grant).where(Grant.role_id == role.id)).all() == []


@on_sqlite
def test_what_was_not_granted_is_denied(org, work):
    with work() as session:
        nobody = load_person(session, make_person(session, "nobody", org.stores[0]).id)
        assert not nobody.rights and not nobody.places and nobody.rank == 0
        assert not nobody.may(STORES) and nobody.reach(STORES) == NOWHERE
        assert stores_seen(session, nobody) == set()
        for role in ("it", "clerk", "technician"):
            person = load_person(session, org.people[role].id)
            assert not person.may("audit:entry:list") and not person.may("org:person:update")


@on_sqlite
def test_it_sees_no_business_data(org, work):
    with work() as session:
        it = load_person(session, org.people["it"].id)
        assert it.may("registry:plugin:update")
        business = {name for name in it.rights if not name.startswith(("registry:", "org:person:"))}
        assert not {
            name for name in business if name.endswith((":update", ":delete", ":export", ":create", ":import"))
        }, business


def test_roles_and_places_are_never_crossed(org, work):
    """A reader of region 2 who writes in store 1 writes nothing in region 2."""
    with work() as session:
        make_role(session, "reads", org__store__list="node", org__store__read="node")
        make_role(session, "writes", org__store__update="node")
        person = make_person(session, "both", org.stores[0], "writes")
        give_role(session, person, "reads", org.regions[1])
        acting = load_person(session, person.id)
        assert stores_seen(session, acting) == {store.id for store in org.stores[4:]}
        assert stores_seen(session, acting, "org:store:update") == {org.stores[0].id}


@on_sqlite
def test_the_levels_of_a_grant(org):
    chain, region, area, store = org.chain, org.regions[0], org.areas[0], org.stores[0]
    assert reach_of("own", chain) == Reach(own=True)
    assert reach_of("all", store) == reach_of("node", chain) == Reach(everything=True)
    assert reach_of("node", region) == Reach(regions=frozenset({region.id}))
    assert reach_of("node", area) == Reach(areas=frozenset({area.id}))
    assert reach_of("node", store) == Reach(nodes=frozenset({store.id}))
    assert reach_of("node", org.department) == Reach(nodes=frozenset({org.department.id}))


@on_sqlite
def test_ones_own_rows_are_a_level_of_their_own(org, work):
    with work() as session:
        clerk = load_person(session, org.people["clerk"].id)
        with acting_as(clerk):
            assert [person.id for person in session.scalars(select(Person))] == [clerk.id]
        owned = Reach(own=True)
        assert not owned.holds(org.stores[0].id, org.areas[0].id, org.regions[0].id)
        assert (owned | Reach(nodes=frozenset({1}))) == Reach(nodes=frozenset({1}), own=True)


def test_a_stand_in_has_the_rights_of_their_days(org, work, monkeypatch):
    today = date(2026, 3, 1)
    with work() as session:
        person = make_person(session, "stand.in", org.stores[0])
        for number, (start, end) in enumerate(
            ((None, today), (today, None), (today, today), (today + timedelta(1), None), (None, today - timedelta(1)))
        ):
            give_role(session, person, "store_manager", org.stores[number], from_day=start, to_day=end)
    for day, time, expected in (
        (-1, (12, 0), {0, 4}), (0, (2, 59, 59), {0, 4}), (0, (3, 0), {0, 1, 2}), (1, (2, 59, 59), {0, 1, 2}), (1, (3, 0), {1, 3}),
    ):  # fmt: skip
        instant = clock.at(today + timedelta(day), clock.time(*time))
        monkeypatch.setattr(clock, "now", lambda instant=instant: instant)
        with work() as session:
            seen = stores_seen(session, load_person(session, person.id))
            assert seen == {org.stores[number].id for number in expected}, (day, time)


def test_a_right_that_is_taken_is_gone_on_the_next_request_in_every_process(app, settings, org, work):
    """The second application stands for another worker: it shares the database and nothing else."""
    other = create_app(settings)
    manager = org.people["store_manager"]
    here, there = sign_in(app.test_client(), manager), sign_in(other.test_client(), manager)
    address = f"/admin/org/store/details/?id={org.stores[0].id}"
    assert [browser.get(address).status_code for browser in (here, there)] == [200, 200]

    def change(what):
        with work() as session:
            what(session)
            rights_changed(session)
        return [browser.get(address).status_code for browser in (here, there)]

    role = select(Role.id).where(Role.code == "store_manager").scalar_subquery()

    def without_the_grant(session):
        with unscoped("a test"):
            session.execute(delete(Grant).where(Grant.role_id == role, Grant.permission == "org:store:read"))

    def with_the_grant(session):
        number = session.scalar(select(Role.id).where(Role.code == "store_manager"))
        session.add(Grant(role_id=number, permission="org:store:read", level="node"))
        session.flush()

    def at_another_place(session):
        with unscoped("a test"):
            session.execute(
                update(Assignment).where(Assignment.person_id == manager.id).values(node_id=org.stores[1].id)
            )

    assert change(without_the_grant) == [403, 403]
    assert change(with_the_grant) == [200, 200]
    assert change(at_another_place) == [404, 404]
    other.extensions["backoffice"].database.dispose()


def test_a_right_is_taken_at_the_desk(client_as, app, org):
    office, manager = client_as("system_administrator"), sign_in(app.test_client(), org.people["store_manager"])
    import re

    assert manager.get("/admin/org/store/").status_code == 200
    number = next(
        int(found) for found in re.findall(r'data-row="(\d+)"', office.get("/admin/auth/role/").text)
        if "store_manager" in office.get(f"/admin/auth/role/details/?id={found}").text
    )  # fmt: skip
    page = office.get(f"/admin/auth/role/grants/?id={number}").text
    held = {
        name: chosen[1]
        for name, options in re.findall(r'<select[^>]*name="([a-z_]+:[a-z_]+:[a-z_]+)"[^>]*>(.*?)</select>', page, re.S)
        if (chosen := re.search(r'<option value="(\w*)"[^>]* selected', options))
    } or {
        name: value for name, value in re.findall(r'<input type="radio" name="([a-z_]+:[a-z_]+:[a-z_]+)" value="(\w*)"[^>]* checked', page)
    }  # fmt: skip
    assert held["org:store:list"] == "node"
    assert post(office, f"/admin/auth/role/grants/?id={number}", held | {"org:store:list": ""}).status_code == 302
    assert manager.get("/admin/org/store/").status_code == 403
    assert manager.get("/admin/org/person/").status_code == 200, "and no other right"


NODE_NUMBERS = some.integers(0, 15)


@on_sqlite
def test_the_reach_of_all_ones_roles_is_the_union_of_their_reaches(org, work):
    """Against a model that knows only the tree: whoever is at or below a place is reached."""
    nodes = org.nodes
    with work() as session:
        roles = {
            level: make_role(session, f"role_{level}", **{"org__store__list": level, "org__person__list": level})
            for level in ("own", "node", "all")
        }
        person = make_person(session, "somebody", org.stores[0])
        colleagues = [make_person(session, f"p{number}", node) for number, node in enumerate(nodes)]

    @settings(
        max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
    )
    @given(
        held=some.lists(
            some.tuples(some.sampled_from(["own", "node", "node", "node", "all"]), some.integers(0, len(nodes) - 1)),
            max_size=4,
            unique=True,
        )
    )
    def check(held):
        with work() as session:
            with unscoped("a test"):
                session.execute(delete(Assignment).where(Assignment.person_id == person.id))
            for level, number in held:
                session.add(Assignment(person_id=person.id, role_id=roles[level].id, node_id=nodes[number].id))
            session.flush()
            acting = load_person(session, person.id)
            reached = set()
            for level, number in held:
                reached |= (
                    below(org, nodes[number])
                    if level == "node"
                    else {node.id for node in nodes}
                    if level == "all"
                    else set()
                )
            own = any(level == "own" for level, _number in held)
            assert stores_seen(session, acting) == {store.id for store in org.stores if store.id in reached}
            with unscoped("the criteria alone"):
                found = set(session.scalars(select(Person.id).where(criteria(Person, acting, "org:person:list"))))
            expected = {each.id for each in colleagues if each.node_id in reached}
            assert found & {each.id for each in colleagues} == expected
            assert (person.id in found) == (own or person.node_id in reached)
            assert acting.may("org:store:list") == bool(held)

    check()


@on_sqlite
def test_a_chosen_grant_of_a_shipped_role_is_not_reset_by_an_upgrade(org, work, house):
    with work() as session:
        clerk = session.scalars(select(Role).where(Role.code == "clerk")).one()
        for grant in session.scalars(select(Grant).where(Grant.role_id == clerk.id)):
            session.delete(grant)
        session.flush()
        seed_grants(session, list(house.permissions.values()))
        assert session.scalars(select(Grant).where(Grant.role_id == clerk.id)).all() == []
        seed_grants(session, [Permission("new:thing:read", "New", {"clerk": "own"})])
        assert [grant.permission for grant in session.scalars(select(Grant).where(Grant.role_id == clerk.id))] == [
            "new:thing:read"
        ]


@on_sqlite
def test_every_shipped_role_is_there_with_its_rank(org, work):
    with work() as session:
        ranks = dict(session.execute(select(Role.code, Role.rank)).all())
        assert ranks == {code: rank for code, _name, rank in SHIPPED_ROLES}
        assert set(ranks) == set(org.people)
        highest = max(ranks, key=ranks.get)
        assert session.scalars(select(Role.code).where(Role.everything)).all() == [highest] == ["system_administrator"]


def test_a_permission_that_is_misspelt_is_refused():
    for name in ("store", "org:store", "org:Store:list", "org:store:list:x", "org: store:list", "", "org:store:"):
        with pytest.raises(ValueError, match="plugin:resource:action"):
            Permission(name, "x")
    for grants in ({"boss": "all"}, {"clerk": "some"}, {"system_administrator": "all"}):
        with pytest.raises(ValueError):
            Permission("a:b:c", "x", grants)


def test_the_seven_usual_rights_are_declared_in_one_line():
    made = {
        p.name.split(":")[2]: p.grants
        for p in resource_permissions("a:b", "x", view={"clerk": "own"}, edit={"leader": "all"}, import_={"it": "all"})
    }
    assert set(made) == {"list", "read", "create", "update", "delete", "export", "import"}
    assert made["list"] == made["read"] == made["export"] == {"clerk": "own"}
    assert made["create"] == made["delete"] == {"leader": "all"} and made["import"] == {"leader": "all", "it": "all"}


@on_sqlite
def test_two_databases_in_one_process_know_their_own_people(app, settings, org, tmp_path, database_template):
    from core.testing.databases import fresh_database
    from core.testing.factories import acting, make_organisation

    (tmp_path / "other").mkdir()
    with fresh_database("sqlite", tmp_path / "other", database_template("sqlite")) as url:
        second = create_app(settings.model_copy(update={"database_url": url, "data_dir": tmp_path / "other"}))
        with acting(second) as session:
            other = make_organisation(session)
            with unscoped("a test"):
                session.execute(
                    update(Person).where(Person.id == other.people["head_office"].id).values(name="Somebody else")
                )
        first = sign_in(app.test_client(), org.people["head_office"]).get("/admin/").text
        again = sign_in(second.test_client(), other.people["head_office"]).get("/admin/").text
        assert "Name of head_office" in first and "Somebody else" in again
        second.extensions["backoffice"].database.dispose()
