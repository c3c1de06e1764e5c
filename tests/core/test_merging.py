"""A list for somebody with several places: the rows of each place, in one order, each once."""

import re
from html import unescape

import pytest
from sqlalchemy import event, insert

from core.access.scope import unscoped
from core.testing.factories import give_role, make_person, make_role, sign_in

LIST = "/admin/shelf/shelf/"


@pytest.fixture
def app(shelf_app):
    return shelf_app


@pytest.fixture
def shelves(org, work):
    """Thirty-two shelves, in turn in each store; `{id: (code, pieces, store number)}`."""
    from plugins.shelf.models import Shelf

    with work() as session, unscoped("many rows at once"):
        session.execute(insert(Shelf), [
            {
                "code": f"C{number:03}", "name": f"shelf {number}", "node_id": store.id, "area_id": store.area_id,
                "region_id": store.region_id, "version": 1, "pieces": number % 3,
            }
            for number in range(32)
            for store in [org.stores[number % 8]]
        ])  # fmt: skip
        return {row.id: (row.code, row.pieces, int(row.code[1:]) % 8) for row in session.query(Shelf)}


@pytest.fixture
def client_at(app, org, work):
    """A browser of somebody who sees the shelves of several places."""

    def make(*places):
        with work() as session:
            make_role(session, "looks", shelf__shelf__list="node", shelf__shelf__read="node")
            person = make_person(session, "somebody", org.chain)
            for place in places:
                give_role(session, person, "looks", place)
        return sign_in(app.test_client(), person)

    return make


def walk(client, address):
    met = []
    while address:
        page = client.get(address)
        assert page.status_code == 200
        met.append([int(number) for number in re.findall(r'data-row="(\d+)"', page.text)])
        found = re.search(r'href="([^"]+)" rel="next"', page.text)
        address = unescape(found[1]) if found else None
    return met


@pytest.mark.requirement("J4")
@pytest.mark.parametrize("descending", ["", "&desc=1"])
def test_every_row_of_every_place_comes_once_and_in_order(client_at, org, shelves, house, descending):
    house.settings = house.settings.model_copy(update={"page_size": 5})
    # The first area with one of its own stores, and two stores elsewhere: stores 0 and 1, then 4 and 7.
    client = client_at(org.areas[0], org.stores[1], org.stores[4], org.stores[7])
    pages = walk(client, f"{LIST}?sort=pieces{descending}")
    met = [number for page in pages for number in page]
    assert sorted(met) == sorted(number for number, (_code, _pieces, store) in shelves.items() if store in (0, 1, 4, 7))
    order = [(shelves[number][1], number) for number in met]
    assert order == sorted(order, reverse=bool(descending))
    assert all(len(page) == 5 for page in pages[:-1])


def test_filters_and_the_count_hold_in_every_place(client_at, org, shelves):
    client = client_at(org.stores[2], org.stores[6])
    page = client.get(f"{LIST}?pieces_from=1&pieces_to=1")
    ids = {int(number) for number in re.findall(r'data-row="(\d+)"', page.text)}
    assert ids == {number for number, (_code, pieces, store) in shelves.items() if pieces == 1 and store in (2, 6)}
    assert f"{len(ids)} in all" in page.text
    assert "8 in all" in client.get(LIST).text


def test_the_places_are_walked_one_by_one(client_at, org, shelves, house):
    client = client_at(org.areas[1], org.areas[3])
    asked = []
    event.listen(house.database.engine, "before_cursor_execute", lambda c, cursor, sql, *rest: asked.append(sql))
    assert client.get(LIST).status_code == 200
    (page,) = [sql for sql in asked if "shelf_shelf.code" in sql]
    assert page.count("UNION ALL") == 2, "one for the page, one for the count"
    assert " IN (" not in page


def test_a_narrower_right_to_read_than_to_list_is_left_to_the_session(app, org, work, shelves, house):
    with work() as session:
        make_role(session, "lists", shelf__shelf__list="node")
        make_role(session, "reads", shelf__shelf__read="node")
        person = make_person(session, "somebody", org.chain)
        for store in org.stores[:3]:
            give_role(session, person, "lists", store)
        give_role(session, person, "reads", org.stores[2])
    pages = walk(sign_in(app.test_client(), person), LIST)
    assert {shelves[number][2] for page in pages for number in page} == {2}
