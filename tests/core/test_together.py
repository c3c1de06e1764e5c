"""Several questions are one statement, answered in their order and types, each within the asking person's scope."""

from datetime import date, time

from sqlalchemy import bindparam, select

from core.access.person import acting_as
from core.auth.rights import load_person
from core.org.models import Node, Person
from core.testing.pages import counted
from core.together import Together

ASKED = Together(
    stores=select(Node.id, Node.created_at, Node.opened_on, Node.opens)
    .where(Node.kind == "store", Node.code >= bindparam("code")).order_by(Node.code.desc()).limit(2),
    people=select(Person.username, Person.active).order_by(Person.id),
    nothing=select(Node.id).where(Node.kind == bindparam("kind")),
)  # fmt: skip


def test_one_statement_answers_all_in_order_and_with_their_types(house, org, work):
    with work() as session:
        store = session.get(Node, org.stores[-1].id)
        store.opened_on, store.opens = date(2020, 5, 1), time(9, 30)
        session.flush()
        with counted(house.database) as statements:
            found = ASKED(session, code="", kind="planet")
    assert len(statements) == 1
    codes = sorted((one.code, one.id) for one in org.stores)
    assert [one.id for one in found.stores] == [number for _code, number in codes[::-1][:2]]
    newest = next(one for one in found.stores if one.id == store.id)
    assert (newest.created_at, newest.opened_on, newest.opens) == (store.created_at, date(2020, 5, 1), time(9, 30))
    assert {one.active for one in found.people} == {True}
    assert found.nothing == []


def test_each_question_is_held_to_the_scope_of_who_asks(org, work):
    with work() as session:
        manager = load_person(session, org.people["store_manager"].id)
        with acting_as(manager):
            seen = {one.username for one in ASKED(session, code="", kind="").people}
            assert seen == set(session.scalars(select(Person.username)))
        assert seen < {one.username for one in ASKED(session, code="", kind="").people}
