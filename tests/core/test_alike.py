"""A statement is built for the first question of its kind and asked with the values of each."""

import pytest
from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.sql.functions import FunctionElement

from core.access.person import SYSTEM
from core.admin import looking_up, page_rows
from core.admin.alike import Alike
from core.org.models import Node, Person
from core.testing.factories import acting

STORES = "/admin/org/store/"


def conditions(name, ids, code):
    theirs = select(Person.node_id).where(Person.username == bindparam("who")).params(who=name)
    return [or_(func.lower(Node.name) == name, Node.id.in_(ids)), Node.code == code, Node.id.in_(theirs)]


def test_values_make_no_difference_and_anything_else_does():
    one, other = Alike(conditions("a", [1], "x")), Alike(conditions("b", [2, 3], "y"))
    assert one == other and hash(one) == hash(other)
    assert list(one.values) == list(other.values)
    assert sorted(map(str, other.values.values())) == ["[2, 3]", "b", "b", "y"]
    assert one != Alike(conditions("a", [1], "x")[:2])
    assert one != Alike([Node.code > "x"])


class Unknown(FunctionElement):
    """SQLAlchemy is not told what it is known by."""

    inherit_cache = False


def test_what_sqlalchemy_does_not_know_again_is_like_nothing_else_and_keeps_its_values():
    one, other = (Alike([Unknown(Node.code == "x")]) for _time in range(2))
    assert one != other and one.values == {}
    assert one.named()[0].clauses.clauses[0].right.value == "x"


def test_a_statement_built_for_one_finds_what_another_asks_also_where_both_are_compiled_as_one(app, org):
    first, second, third = org.stores[:3]
    with acting(app, SYSTEM) as session:

        def asked(statement, store):
            return list(session.scalars(statement, like(store).values))

        def like(store):
            return Alike([Node.code == store.code, Node.id.in_([store.id, first.id])])

        one, other = (select(Node.id).where(*like(store).named()) for store in (first, second))
        assert [asked(one, first), asked(other, second), asked(one, third)] == [[first.id], [second.id], [third.id]]
        assert [asked(other, third), asked(other, first)] == [[third.id], [first.id]]


@pytest.mark.requirement("B14")
def test_a_list_builds_no_statement_for_other_words_values_or_places(client_as, org):
    boss, clerk = client_as("leader"), client_as("area_manager")
    built = page_rows._statement.cache_info, looking_up._query.cache_info

    def ask(code, word):
        for client in (boss, clerk):
            for query in (
                f"?search={code}",
                f"?search={word}",
                f"?search={code}&peer_group={word}",
                f"ajax/lookup/?q={code}",
            ):
                assert client.get(STORES + query).status_code == 200

    ask("S1", "ab")
    before = [each().misses for each in built]
    ask("S2", "cd")
    assert [each().misses for each in built] == before
