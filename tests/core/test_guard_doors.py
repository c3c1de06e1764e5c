"""The doors beside the guard: bulk writes the audit would not see, tables by other names, the bare engine."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from sqlalchemy import String, cast, delete, insert, select, update
from sqlalchemy.orm import aliased

from core.access.guard import OnlyReads, ScopeViolation
from core.access.person import SYSTEM, acting_as
from core.access.scope import unscoped
from core.audit import AuditEntry
from core.auth.models import Grant
from core.auth.rights import load_person
from core.db import dialect_of
from core.inbox import Message
from core.org.models import Node, Person

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Where the database cannot matter, one is enough."""


@pytest.fixture
def app(shelf_app):
    return shelf_app


@pytest.fixture
def shelf(app, org, work):
    """The models and the manager of the first store; a shelf stands there and one elsewhere."""
    from plugins.shelf.models import Item, Memo, Shelf

    here, elsewhere = org.stores[0], org.stores[4]
    with work() as session:
        manager = load_person(session, org.people["store_manager"].id)
        session.add_all(
            Shelf(code=where.code, name=f"at {where.code}", node_id=where.id) for where in (here, elsewhere)
        )
    return SimpleNamespace(Shelf=Shelf, Item=Item, Memo=Memo, manager=manager, here=here, elsewhere=elsewhere)


@pytest.fixture(params=["manager", "system"])
def session(request, shelf, work):
    """A writing session in which the manager acts, and one of the system: these rules are for everybody."""
    with work(shelf.manager if request.param == "manager" else SYSTEM) as session:
        yield session
        session.rollback()


@contextmanager
def refused():
    with pytest.raises(ScopeViolation):
        yield


@on_sqlite
@pytest.mark.requirement("J4", "A20")
def test_an_update_copies_nothing_from_a_scoped_table_beside_its_target(session, shelf, monkeypatch):
    Shelf, Other = shelf.Shelf, aliased(shelf.Shelf)
    for model in (Node, Shelf):  # else the rule about the audit would answer first
        monkeypatch.setattr(model, "__audit__", False, raising=False)
    for statement in (
        update(Node).where(Node.id == Shelf.node_id).values(address=cast(Shelf.worth, String)),
        update(Node).values(address=select(Shelf.name).limit(1).scalar_subquery()),
        update(Shelf).where(Shelf.id != Other.id).values(note=Other.name),
        delete(Node).where(Node.id == Shelf.node_id),
        delete(Shelf).where(Shelf.id.in_(select(Other.id))),
    ):
        with refused():
            session.execute(statement)


@on_sqlite
def test_a_table_is_known_by_its_name_however_it_is_described(session, shelf):
    twin = sa.Table("shelf_shelf", sa.MetaData(), sa.Column("name", sa.String))
    shout = sa.Table("SHELF_SHELF", sa.MetaData(), sa.Column("name", sa.String))
    light = sa.table("shelf_shelf", sa.column("name"))
    for statement in (
        select(twin.c.name), select(shout.c.name), select(light.c.name), select(light.alias().c.name),
        update(twin).values(name="mine"), delete(light), insert(light).values(name="mine"),
    ):  # fmt: skip
        with refused():
            session.execute(statement)


@on_sqlite
def test_a_table_hidden_behind_a_name_is_refused_in_an_orm_statement(shelf, work):
    twin = sa.Table("shelf_shelf", sa.MetaData(), sa.Column("name", sa.String))
    light = sa.table("shelf_shelf", sa.column("name"))
    with work(shelf.manager) as session:
        for table in (twin, light):
            with refused():
                session.execute(select(Node.id, table.c.name))
            with refused():
                session.execute(select(Node.id).where(Node.name.in_(select(table.c.name))))
        session.rollback()


@on_sqlite
def test_sql_as_a_literal_column_is_sql_as_text(shelf, work):
    inner = "(SELECT name FROM shelf_shelf LIMIT 1)"
    with work(shelf.manager) as session:
        for column in (sa.literal_column(inner), sa.column(inner, is_literal=True)):
            with refused():
                session.execute(select(column))
            with refused():
                session.execute(select(Node.id, column))
            with refused():
                session.execute(select(Node.id).where(column == "x"))
        assert session.scalars(select(sa.literal_column("1")).select_from(Node).limit(1)).all() == [1]
        session.rollback()


def test_the_bare_engine_is_for_marked_blocks(session):
    for door in (
        lambda: session.get_bind(),
        lambda: session.get_bind(Node),
        lambda: session.bind,
        lambda: session.connection(),
    ):
        with refused():
            door()
        with unscoped("a test"):
            assert door() is not None
    assert dialect_of(session) in ("sqlite", "postgresql")


@on_sqlite
def test_rows_the_audit_follows_are_written_one_by_one_whoever_acts(session, shelf):
    for model in (shelf.Shelf, shelf.Item, Node, Person, Grant):
        for statement in (
            update(model).values(version=9),
            delete(model),
            update(model.__table__).values(version=9),
            delete(model.__table__),
        ):
            with refused():
                session.execute(statement)


@on_sqlite
def test_the_audit_itself_is_only_ever_added_to(session):
    for statement in (update(AuditEntry).values(reason="nothing"), delete(AuditEntry), delete(AuditEntry.__table__)):
        with refused():
            session.execute(statement)


@on_sqlite
def test_what_the_audit_does_not_follow_may_be_written_in_bulk(session):
    session.execute(update(Message).values(text="read"))
    session.execute(delete(Message))


@pytest.mark.requirement("J4")
def test_a_session_that_reads_writes_nothing(app, org):
    database = app.extensions["backoffice"].database
    with acting_as(SYSTEM), database.session(writes=False) as session:
        node = session.get(Node, org.stores[0].id)
        node.name = node.name
        session.flush()
        for spoil in (
            lambda: setattr(node, "name", "mine"),
            lambda: session.add(Node(kind="area", code="X", name="X")),
            lambda: session.delete(node),
        ):
            with pytest.raises(OnlyReads):
                spoil()
                session.flush()
            session.expunge_all()
            node = session.get(Node, org.stores[0].id)
        for statement in (update(Message).values(text="x"), delete(Message), insert(Message.__table__)):
            with pytest.raises(OnlyReads), unscoped("not even then"):
                session.execute(statement)
    with acting_as(SYSTEM), database.session(writes=False) as session:
        assert session.get(Node, org.stores[0].id).name == org.stores[0].name


@pytest.mark.parametrize("words", ["straße 7", "STRASSE", "Ab_1", "aB_1", "100%", "nothing such"])
def test_a_search_minds_neither_case_nor_wildcards_on_any_database(app, shelf, work, words):
    from core.admin import listing

    names = ["Strasse one", "AB_1 two", "abc1 three", "in strasse", "100% four", "1000 five"]
    with work() as session:
        session.add_all(shelf.Shelf(code=f"W{n}", name=name, node_id=shelf.here.id) for n, name in enumerate(names))
        session.flush()
        holding = set(session.scalars(select(shelf.Shelf.name).where(listing.contains(shelf.Shelf.name, words))))
        beginning = set(session.scalars(select(shelf.Shelf.name).where(listing.begins(shelf.Shelf.name, words))))
    assert holding == {name for name in names if words.lower() in name.lower()}
    assert beginning == {name for name in names if name.lower().startswith(words.lower())}
