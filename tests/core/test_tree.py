"""The organisation: where a place may stand, what moves along with it, and when it is closed."""

import re
from datetime import date

import pytest
from sqlalchemy import select

from core.access.scope import criteria
from core.auth.rights import load_person
from core.org import tree
from core.org.models import KINDS, PARENTS, CalendarDay, Node, Person
from core.testing.factories import make_node, make_person, post, sign_in

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
DAY = date(2026, 10, 1)


def levels(row):
    return (row.area_id, row.region_id)


@on_sqlite
@pytest.mark.requirement("B26")
def test_every_place_knows_the_area_and_the_region_above_it(org):
    assert levels(org.chain) == (None, None)
    for number, region in enumerate(org.regions):
        assert levels(region) == (None, region.id)
        for area in org.areas[number * 2 : number * 2 + 2]:
            assert levels(area) == (area.id, region.id)
    for number, store in enumerate(org.stores):
        area = org.areas[number // 2]
        assert levels(store) == (area.id, area.region_id)
    assert levels(org.department) == (org.areas[0].id, org.regions[0].id)


@on_sqlite
@pytest.mark.requirement("J3")
def test_a_place_stands_only_where_its_kind_may_stand(org, work):
    places = {
        "chain": org.chain,
        "region": org.regions[0],
        "area": org.areas[0],
        "store": org.stores[0],
        "department": org.department,
    }
    for kind in KINDS:
        for above, parent in places.items():
            allowed = above in PARENTS.get(kind, ())
            with work() as session:
                if kind == "chain":
                    continue
                if allowed:
                    make_node(session, kind, f"{kind}-{above}", parent)
                else:
                    with pytest.raises(ValueError):
                        make_node(session, kind, f"{kind}-{above}", parent)
                session.rollback()


@pytest.mark.requirement("J3")
def test_a_place_that_moves_takes_everything_below_it_along(org, work, house):
    area, region = org.areas[0], org.regions[1]
    with work() as session:
        tree.move(session, session.get(Node, area.id), session.get(Node, region.id))
    with work() as session:
        for place in (area, *org.stores[:2], org.department):
            assert levels(session.get(Node, place.id)) == (area.id, region.id), place.code
        people = session.scalars(
            select(Person).where(Person.node_id.in_([area.id, org.stores[0].id, org.stores[1].id, org.department.id]))
        )
        found = [levels(person) for person in people]
        assert len(found) >= 7 and set(found) == {(area.id, region.id)}
        untouched = session.scalars(select(Person).where(Person.node_id == org.stores[2].id)).first()
        assert levels(untouched) == (org.areas[1].id, org.regions[0].id)


def test_who_reaches_a_store_follows_the_move_at_once(org, work, client_as, app):
    """The rows, the list and the rights of both area managers, from the next request on."""
    first = client_as("area_manager")
    second = client_as("area_manager", org.areas[3])
    number = org.people["clerk"].id
    address = f"/admin/org/person/details/?id={number}"
    assert (first.get(address).status_code, second.get(address).status_code) == (200, 404)
    office = client_as("system_administrator")
    page = office.get(f"/admin/org/store/edit/?id={org.stores[0].id}").text
    version = re.search(r'name="_version" value="([^"]+)"', page)[1]
    fields = {"code": "S1", "name": "moved", "parent_id": org.areas[3].id, "_version": version}
    assert post(office, f"/admin/org/store/edit/?id={org.stores[0].id}", fields).status_code == 302
    assert (first.get(address).status_code, second.get(address).status_code) == (404, 200)
    with work() as session:
        manager = load_person(session, org.people["store_manager"].id)
        assert manager.places[0].area_id == org.areas[3].id
        seen = session.scalars(select(Node.id).where(criteria(Node, manager, "org:store:list")))
        assert set(seen) == {org.stores[0].id}


@on_sqlite
def test_a_place_does_not_move_below_itself(org, client_as, work):
    office = client_as("system_administrator")
    for place, parent in (
        (org.areas[0], org.areas[0]),
        (org.regions[0], org.areas[0]),
        (org.areas[0], org.stores[0]),
        (org.stores[0], org.department),
    ):
        page = office.get(f"/admin/org/node/edit/?id={place.id}").text
        version = re.search(r'name="_version" value="([^"]+)"', page)[1]
        fields = {"code": place.code, "name": place.name, "parent_id": parent.id, "_version": version}
        answer = post(office, f"/admin/org/node/edit/?id={place.id}", fields)
        assert answer.status_code == 422 and "cannot stand" in answer.text, (place.code, parent.code)
    with work() as session:
        assert levels(session.get(Node, org.areas[0].id)) == (org.areas[0].id, org.regions[0].id)


@on_sqlite
@pytest.mark.requirement("J2")
def test_the_code_of_a_place_is_never_used_again(org, client_as):
    office = client_as("head_office")
    fields = {"kind": "area", "code": "A4", "name": "again", "parent_id": org.regions[0].id}
    answer = post(office, "/admin/org/node/new/", fields)
    assert answer.status_code == 422 and "already used" in answer.text


@on_sqlite
def test_the_stores_below_a_place(org, work):
    with work() as session:
        codes = lambda node: [store.code for store in tree.stores_below(session, node)]  # noqa: E731
        assert codes(org.chain) == [f"S{number}" for number in range(1, 9)]
        assert codes(org.regions[1]) == ["S5", "S6", "S7", "S8"]
        assert codes(org.areas[0]) == ["S1", "S2"]
        assert codes(org.stores[3]) == ["S4"] and codes(org.department) == []
        session.get(Node, org.stores[4].id).closed_on = date(2020, 1, 1)
        session.get(Node, org.stores[5].id).deleted_at = org.chain.created_at
        session.flush()
        assert codes(org.regions[1]) == ["S7", "S8"]


def test_the_nearest_calendar_that_speaks_decides(org, work):
    """A holiday of the chain holds for every store that has no entry of its own, or nearer above."""
    with work() as session:
        say = lambda node, closed: session.add(CalendarDay(node_id=node.id, day=DAY, closed=closed))  # noqa: E731
        say(org.chain, True)
        say(org.regions[1], False)
        say(org.areas[3], True)
        say(org.stores[7], False)
        say(org.stores[0], False)
        session.flush()
        nodes = [session.get(Node, node.id) for node in org.nodes]
        closed = {node.code for node in nodes if tree.is_closed(session, node, DAY)}
        assert closed == {"CHAIN", "R1", "A1", "A2", "S2", "S3", "S4", "D1", "A4", "S7"}
        assert tree.closed_ids(session, nodes, DAY) == {node.id for node in nodes if node.code in closed}
        assert tree.closed_ids(session, nodes, date(2026, 10, 2)) == set()


@on_sqlite
def test_a_store_is_closed_before_it_opens_and_from_the_day_it_closes(org, work):
    with work() as session:
        store = session.get(Node, org.stores[0].id)
        store.opened_on, store.closed_on = date(2026, 3, 1), date(2026, 5, 1)
        session.add(CalendarDay(node_id=store.id, day=date(2026, 6, 1), closed=False))
        session.flush()
        for day, closed in (
            (date(2026, 2, 28), True), (date(2026, 3, 1), False), (date(2026, 4, 30), False), (date(2026, 5, 1), True), (date(2026, 6, 1), True),
        ):  # fmt: skip
            assert tree.is_closed(session, store, day) == closed, day
            assert (store.id in tree.closed_ids(session, [store], day)) == closed


@on_sqlite
@pytest.mark.requirement("J3")
def test_a_day_is_entered_once_a_place(org, client_as):
    office = client_as("head_office")
    fields = {"day": "2026-10-01", "node_id": org.chain.id, "closed": "1", "reason": "National day"}
    assert post(office, "/admin/org/calendar/new/", fields).status_code == 302
    answer = post(office, "/admin/org/calendar/new/", fields)
    assert answer.status_code == 422 and "already an entry" in answer.text
    assert (
        post(office, "/admin/org/calendar/new/", fields | {"node_id": org.stores[0].id, "closed": ""}).status_code
        == 302
    )


@on_sqlite
def test_a_new_store_is_ready_for_its_people_at_once(org, client_as, app, work):
    office = client_as("head_office")
    fields = {
        "code": "SZ-NS-0123",
        "name": "New",
        "parent_id": org.areas[1].id,
        "opens": "8:30",
        "closes": "22:00",
        "size_m2": "80",
    }
    assert post(office, "/admin/org/store/new/", fields).status_code == 302
    with work() as session:
        store = session.scalars(select(Node).where(Node.code == "SZ-NS-0123")).one()
        assert (store.kind, levels(store)) == ("store", (org.areas[1].id, org.regions[0].id))
        person = make_person(session, "first", store, "store_manager")
        assert levels(person) == levels(store)
    page = sign_in(app.test_client(), person).get("/admin/org/store/").text
    assert "SZ-NS-0123" in page and "S1</a>" not in page
