"""Who gives which role to whom: ranks, rights, places, days; the last administrator; one role once at a place."""

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from core import clock
from core.access.person import SYSTEM, Forbidden, acting_as
from core.access.scope import unscoped
from core.auth import accounts
from core.auth.models import Assignment, Role, UserSession
from core.auth.rights import load_person
from core.auth.sessions import start
from core.language import speaking
from core.org.models import Node, Person
from core.org.people import people_at
from core.org.tree import stores_below
from core.testing.factories import give_role, make_person, make_role, post

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
on_postgres = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)


@pytest.fixture
def give(org, work):
    """``give("head_office", "clerk", place)``: that person gives a new person that role there; returns what they hold."""

    def as_(giver, code, place, username="newcomer"):
        with work() as session, speaking("en"):
            actor = load_person(session, org.people[giver].id)
            person = session.scalars(select(Person).where(Person.username == username)).one_or_none()
            person = person or make_person(session, username, org.stores[0])
            role = session.scalars(select(Role).where(Role.code == code)).one()
            accounts.assign(session, actor, Assignment(), person, role, session.get(Node, place.id))
            session.flush()
            held = select(Role.code, Assignment.node_id).join(Assignment, Assignment.role_id == Role.id)
            return [tuple(row) for row in session.execute(held.where(Assignment.person_id == person.id))]

    return as_


@on_sqlite
@pytest.mark.parametrize("code", ["area_manager", "store_manager", "deputy", "clerk", "technician"])
def test_head_office_appoints_who_works_below_the_chain(org, give, code):
    place = org.areas[0] if code == "area_manager" else org.stores[0]
    assert (code, place.id) in give("head_office", code, place)


@on_sqlite
@pytest.mark.parametrize("code", ["system_administrator", "leader", "head_office", "it"])
def test_head_office_gives_no_role_of_its_own_rank_or_with_rights_it_lacks(org, give, code):
    with pytest.raises(Forbidden):
        give("head_office", code, org.chain)


@on_sqlite
def test_only_the_system_administrator_gives_its_role(org, give):
    assert ("it", org.chain.id) in give("system_administrator", "it", org.chain)


@on_sqlite
def test_a_right_of_a_place_is_given_at_the_chain_only_by_who_has_it_there(org, give, work):
    with work() as session:
        make_role(session, "of_plugins", rank=10, registry__plugin__update="node")
    give("head_office", "of_plugins", org.stores[0], "one")
    with pytest.raises(Forbidden):
        give("head_office", "of_plugins", org.chain, "two")


@on_sqlite
def test_nobody_gives_a_role_to_themselves_or_to_who_ranks_no_lower(org, give):
    for username in ("head_office", "leader", "system_administrator"):
        with pytest.raises(Forbidden):
            give("head_office", "clerk", org.stores[0], username)
    with pytest.raises(Forbidden):
        give("system_administrator", "clerk", org.stores[0], "system_administrator")


@on_sqlite
def test_a_role_is_held_once_at_a_place(org, give, work):
    give("head_office", "clerk", org.stores[0])
    with pytest.raises(accounts.Refused, match="already"):
        give("head_office", "clerk", org.stores[0])
    give("head_office", "clerk", org.stores[1])
    give("head_office", "deputy", org.stores[0])
    with pytest.raises(IntegrityError), work() as session:
        give_role(session, org.people["clerk"], "clerk", org.stores[0])


@on_sqlite
def test_a_form_sent_twice_gives_the_role_once_and_says_so(org, client_as, work):
    office = client_as("head_office")
    with work() as session:
        person = make_person(session, "newcomer", org.stores[0])
        role_id = session.scalars(select(Role.id).where(Role.code == "clerk")).one()
    form = {"person_id": person.id, "role_id": role_id, "node_id": org.stores[0].id}
    assert post(office, "/admin/auth/assignment/new/", form).status_code == 302
    again = post(office, "/admin/auth/assignment/new/", form)
    assert (again.status_code, "already holds this role" in again.text) == (422, True)
    with work() as session:
        assert session.scalar(select(func.count()).where(Assignment.person_id == person.id)) == 1


def together(app, *works):
    """Run each of these in a session of its own, in step until each has begun; return what each raised, or None."""
    house, outcomes, gate = app.extensions["backoffice"], [None] * len(works), threading.Barrier(len(works))

    def run(number, work):
        try:
            with app.app_context(), acting_as(SYSTEM), house.database.transaction() as session:
                session.scalars(select(Role.id)).all()
                gate.wait(10)
                work(session)
        except Exception as error:
            outcomes[number] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return outcomes


@on_postgres
@pytest.mark.parametrize("way", ["disable", "unassign"])
def test_of_the_last_two_administrators_one_stays(app, org, work, way):
    with work() as session:
        other = make_person(session, "second.administrator", org.chain, "system_administrator")
    ids = (org.people["system_administrator"].id, other.id)

    def leave(person_id):
        def act(session):
            with unscoped("a test"):
                person = session.get(Person, person_id)
            if way == "disable":
                accounts.disable(session, SYSTEM, person)
            else:
                held = session.scalars(select(Assignment).where(Assignment.person_id == person_id)).one()
                accounts.unassign(session, SYSTEM, person, held)

        return act

    outcomes = together(app, *map(leave, ids))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType", "Refused"]
    with work() as session:
        assert len(accounts.administrators(session)) == 1


@on_postgres
def test_two_who_give_the_same_role_at_once_give_it_once(app, org, work):
    with work() as session:
        person_id = make_person(session, "newcomer", org.stores[0]).id

    def act(session):
        role = session.scalars(select(Role).where(Role.code == "clerk")).one()
        person, node = session.get(Person, person_id), session.get(Node, org.stores[0].id)
        accounts.assign(session, SYSTEM, Assignment(), person, role, node)

    outcomes = together(app, act, act)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType", "Refused"]


@on_sqlite
def test_the_days_of_a_stand_in_are_working_days_that_end_at_three(org, work, monkeypatch):
    day = date(2026, 6, 10)
    with work() as session:
        stand_in = make_person(session, "stand.in", org.stores[1])
        give_role(session, stand_in, "store_manager", org.stores[0], from_day=day, to_day=day)

    def manages_at(hour, minute, days=0):
        instant = datetime(2026, 6, 10, hour, minute, tzinfo=clock.SHANGHAI).astimezone(UTC) + timedelta(days=days)
        monkeypatch.setattr(clock, "now", lambda: instant)
        with work() as session:
            named = stand_in.id in people_at(session, {org.stores[0].id}, {"store_manager"}).get(
                org.stores[0].id, set()
            )
            assert bool(load_person(session, stand_in.id).places) is named
            return named

    assert [manages_at(2, 59), manages_at(3, 0), manages_at(23, 59), manages_at(2, 59, 1), manages_at(3, 0, 1)] == [
        False, True, True, True, False,
    ]  # fmt: skip


@on_sqlite
def test_a_store_that_will_close_is_open_until_then(org, work):
    with work() as session:
        for store, days in ((org.stores[0], 1), (org.stores[1], 0), (org.stores[2], -1)):
            session.get(Node, store.id).closed_on = clock.today() + timedelta(days=days)
        session.flush()
        found = {node.code for node in stores_below(session, session.get(Node, org.chain.id))}
    assert found == {"S1", "S4", "S5", "S6", "S7", "S8"}


@on_postgres
def test_a_row_written_while_its_store_moves_stands_where_the_store_stands_then(app, org, work):
    from core.org import tree

    house = app.extensions["backoffice"]

    def write():
        with app.app_context(), acting_as(SYSTEM), house.database.transaction() as session:
            make_person(session, "newcomer", org.stores[0])

    writer = threading.Thread(target=write)
    with app.app_context(), acting_as(SYSTEM), house.database.transaction() as session:
        tree.move(session, session.get(Node, org.stores[0].id), session.get(Node, org.areas[3].id))
        writer.start()
        writer.join(1)
        assert writer.is_alive(), "the row waits for the move"
    writer.join(30)
    with work() as session:
        person = session.scalars(select(Person).where(Person.username == "newcomer")).one()
        assert (person.area_id, person.region_id) == (org.areas[3].id, org.regions[1].id)


@on_sqlite
def test_who_is_moved_by_an_import_signs_in_anew(org, work):
    from types import SimpleNamespace

    from core.org.imports import ImportedPeople

    ids = [org.clerks[0].id, org.clerks[1].id]
    with work() as session:
        for person_id in ids:
            start(session, person_id, "a test", "127.0.0.1")
        hooks = ImportedPeople()
        rows = [
            SimpleNamespace(row_id=ids[0], before={"node_id": 1}),
            SimpleNamespace(row_id=ids[1], before={"name": "x"}),
        ]
        hooks.imported_rows = lambda *_arguments: [rows]
        hooks.after_import(session, None, {})
        assert session.scalars(select(UserSession.person_id)).all() == [ids[1]]
