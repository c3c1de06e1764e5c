"""The session sees only what the acting person may, whichever way it is asked.

One test for each way around a row scope that SQLAlchemy is known to leave open. Two shelves stand in the
manager's store, two in a store of another region; nothing of the second two may be read or written.
"""

from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pytest
from sqlalchemy import Integer, delete, exists, func, insert, literal_column, select, text, update
from sqlalchemy.orm import aliased, selectinload

from core.access.guard import ScopeViolation
from core.access.person import NOBODY, SYSTEM, NoPerson, acting_as
from core.access.scope import unscoped
from core.audit import AuditEntry
from core.auth.models import Assignment
from core.auth.rights import load_person
from core.db import metadata
from core.inbox import Message
from core.org.models import Node, Person
from core.testing.factories import make_role

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Where the database cannot matter, one is enough."""


@pytest.fixture
def app(shelf_app):
    return shelf_app


@pytest.fixture
def shelf(app, org, work):
    """The models, the manager of the first store, and the ids of what stands here and elsewhere."""
    from plugins.shelf.models import Item, Memo, Shelf

    here, elsewhere = org.stores[0], org.stores[4]
    with work() as session:
        manager = load_person(session, org.people["store_manager"].id)
        rows = [
            Shelf(code=f"{where.code}-{number}", name=f"at {where.code}", node_id=where.id, worth=Decimal(number))
            for where in (here, elsewhere)
            for number in (1, 2)
        ]
        session.add_all(rows)
        session.flush()
        session.add_all(Item(shelf_id=row.id, name=f"on {row.code}") for row in rows)
        session.add_all(
            Memo(author_id=author.id, name=author.username) for author in (org.people["store_manager"], org.clerks[4])
        )
        session.flush()
        items = list(session.scalars(select(Item).order_by(Item.id)))
    return SimpleNamespace(
        Shelf=Shelf, Item=Item, Memo=Memo, manager=manager, here=here, elsewhere=elsewhere,
        own=[rows[0].id, rows[1].id], foreign=[rows[2].id, rows[3].id], foreign_item=items[2].id, own_item=items[0].id,
        foreign_memo_author=org.clerks[4].id,
    )  # fmt: skip


@pytest.fixture
def as_manager(shelf, work):
    """``with as_manager() as session``: the manager acts; nothing is kept."""

    @contextmanager
    def start():
        with work(shelf.manager) as session:
            yield session
            session.rollback()

    return start


@contextmanager
def refused():
    with pytest.raises(ScopeViolation):
        yield


@pytest.mark.requirement("J4", "A20")
def test_every_orm_question_is_answered_within_the_scope(as_manager, shelf):
    Shelf, Item, Memo, foreign = shelf.Shelf, shelf.Item, shelf.Memo, shelf.foreign
    Other = aliased(Shelf)
    newest = select(Shelf.id).order_by(Shelf.id.desc()).limit(1).cte("newest")
    inner = select(Shelf.id.label("id")).subquery()
    with as_manager() as session:
        ids = {
            "entities": [row.id for row in session.scalars(select(Shelf))],
            "columns": list(session.scalars(select(Shelf.id))),
            "alias": [row.id for row in session.scalars(select(Other))],
            "subquery": list(session.scalars(select(inner.c.id))),
            "cte": list(session.scalars(select(newest.c.id))),
            "in": list(session.scalars(select(Node.id).where(Node.id.in_(select(Shelf.node_id))))),
            "join": list(session.scalars(select(Node.id).join(Shelf, Shelf.node_id == Node.id))),
            "join of an alias": list(
                session.scalars(select(Other.id).select_from(Node).join(Other, Other.node_id == Node.id))
            ),
            "outer join of an alias": list(
                session.scalars(select(Other.id).select_from(Node).outerjoin(Other, Other.node_id == Node.id))
            ),
            "join with itself": list(
                session.scalars(select(Other.id).select_from(Shelf).join(Other, Other.id != Shelf.id))
            ),
            "legacy": [row.id for row in session.query(Shelf)],
            "union": list(session.scalars(select(Shelf.id).union(select(Shelf.id)))),
        }
        assert not {name for name, found in ids.items() if set(found) & {*foreign, shelf.elsewhere.id}}, ids
        assert set(ids["entities"]) == set(ids["alias"]) == set(ids["subquery"]) == set(shelf.own)
        assert set(ids["join of an alias"]) == set(ids["join with itself"]) == set(shelf.own)
        assert session.scalar(select(func.count()).select_from(Shelf)) == 2
        assert session.scalar(select(func.sum(Shelf.worth))) == 3
        assert not session.scalar(select(exists(select(Shelf.id).where(Shelf.id.in_(foreign)))))
        assert session.scalar(select(exists(select(Shelf.id).where(Shelf.id.in_(shelf.own)))))
        assert session.scalars(select(Node.id).where(exists().where(Shelf.node_id == Node.id))).all() == [shelf.here.id]
        assert {row.shelf_id for row in session.scalars(select(Item))} == set(shelf.own)
        assert [row.author_id for row in session.scalars(select(Memo))] == [shelf.manager.id]


@on_sqlite
def test_a_relationship_leads_nowhere_else(as_manager, shelf, work):
    Shelf, Item = shelf.Shelf, shelf.Item
    with as_manager() as session:
        row = session.scalars(select(Shelf).options(selectinload(Shelf.items)).limit(1)).one()
        assert [item.shelf_id for item in row.items] == [row.id]
    with work() as session:
        session.add(Item(shelf_id=shelf.foreign[0], name="one more"))
    with work(shelf.manager) as session:
        with unscoped("a row somebody handed over"):
            item = session.scalars(select(Item).where(Item.id == shelf.foreign_item)).one()
        assert item.shelf is None


def test_a_row_is_not_found_by_its_number(as_manager, shelf):
    Shelf, Item = shelf.Shelf, shelf.Item
    with as_manager() as session:
        for number in shelf.own:
            assert session.get(Shelf, number).id == number
            assert session.get(Shelf, (number,)).id == number
            assert session.get(Shelf, {"id": number}).id == number
            assert session.get_one(Shelf, number).id == number
        for number in shelf.foreign:
            assert session.get(Shelf, number) is None
            assert session.get(Shelf, (number,)) is None
            assert session.get(Shelf, number, populate_existing=True) is None
            assert session.get(Shelf, number, with_for_update=True) is None
        assert session.get(Item, shelf.foreign_item) is None
        assert session.get(Item, shelf.own_item).id == shelf.own_item


@on_sqlite
def test_a_row_in_memory_is_not_found_by_its_number(as_manager, shelf):
    with as_manager() as session:
        with unscoped("somebody else's work in the same session"):
            kept = session.get(shelf.Shelf, shelf.foreign[0])
        assert kept is not None
        assert session.get(shelf.Shelf, shelf.foreign[0]) is None


@on_sqlite
def test_a_row_that_left_the_scope_is_not_read_again(as_manager, shelf):
    with as_manager() as session:
        with unscoped("somebody else's work in the same session"):
            kept = session.get(shelf.Shelf, shelf.foreign[0])
        with pytest.raises(Exception, match="(?i)could not refresh|has been deleted"):
            session.refresh(kept)
        session.expire(kept)
        with pytest.raises(Exception, match="(?i)could not refresh|has been deleted"):
            _ = kept.name


@on_sqlite
def test_statements_past_the_orm_are_refused(as_manager, shelf):
    Shelf = shelf.Shelf
    table, items = metadata.tables["shelf_shelf"], metadata.tables["shelf_item"]
    with as_manager() as session:
        for statement in (
            select(table),
            select(table.c.name),
            select(table.alias().c.name),
            select(func.count()).select_from(table),
            select(select(table.c.id).subquery().c.id),
            update(table).values(name="mine"),
            delete(items),
            insert(items).values(shelf_id=shelf.foreign[0], name="mine"),
            text("SELECT name FROM shelf_shelf"),
            select(text("name")).select_from(text("shelf_shelf")),
        ):
            with refused():
                session.execute(statement)
        with refused():
            session.connection()
        assert session.scalar(select(func.count()).select_from(Shelf)) == 2


@on_sqlite
def test_a_table_hidden_in_an_orm_statement_is_refused(as_manager, shelf):
    Shelf, table = shelf.Shelf, metadata.tables["shelf_shelf"]
    with as_manager() as session:
        for statement in (
            select(Node.id, table.c.name).join(table, table.c.node_id == Node.id),
            select(Node.id).where(Node.id.in_(select(table.c.node_id))),
            select(Node.id, select(table.c.name).limit(1).scalar_subquery()),
            select(Node.id).where(exists().where(table.c.node_id == Node.id)),
            select(Shelf).from_statement(text("SELECT * FROM shelf_shelf")),
            select(Shelf).from_statement(select(table)),
            update(Node).where(Node.id == shelf.here.id).values(name=select(table.c.name).limit(1).scalar_subquery()),
        ):
            with refused():
                session.execute(statement).all()


@on_sqlite
def test_bulk_writes_reach_no_further_than_the_scope(as_manager, shelf, work, monkeypatch):
    Shelf, Item = shelf.Shelf, shelf.Item
    for model in (Shelf, Item):  # what the audit follows is not written in bulk at all
        monkeypatch.setattr(model, "__audit__", False, raising=False)
    with work(shelf.manager) as session:
        session.execute(update(Shelf).values(note="seen"))
        session.execute(update(Shelf).where(Shelf.id.in_(shelf.foreign)).values(note="seen"))
        session.execute(delete(Item))
        session.execute(delete(Item).where(Item.id == shelf.foreign_item))
    with work() as session:
        assert set(session.scalars(select(Shelf.id).where(Shelf.note == "seen"))) == set(shelf.own)
        assert set(session.scalars(select(Item.shelf_id))) == set(shelf.foreign)


@on_sqlite
def test_bulk_writes_that_know_no_scope_are_refused(as_manager, shelf):
    Shelf = shelf.Shelf
    new = {"code": "N", "name": "new", "node_id": shelf.elsewhere.id}
    with as_manager() as session:
        for write in (
            lambda: session.execute(update(Shelf), [{"id": shelf.foreign[0], "name": "mine"}]),
            lambda: session.execute(insert(Shelf), [new]),
            lambda: session.execute(insert(Shelf).values(new)),
            lambda: session.execute(
                insert(Shelf).from_select(["code", "name", "node_id"], select(Shelf.code, Shelf.name, Shelf.node_id))
            ),
            lambda: session.bulk_insert_mappings(Shelf, [new]),
            lambda: session.bulk_update_mappings(Shelf, [{"id": shelf.foreign[0], "name": "mine"}]),
            lambda: session.bulk_save_objects([Shelf(**new)]),
            lambda: session.execute(update(Shelf).values(node_id=shelf.elsewhere.id)),
            lambda: session.execute(update(Shelf).values(area_id=shelf.elsewhere.area_id)),
            lambda: session.execute(update(shelf.Item).values(shelf_id=shelf.foreign[0])),
            lambda: session.execute(update(shelf.Memo).values(author_id=shelf.foreign_memo_author)),
        ):
            with refused():
                write()


@on_sqlite
def test_a_new_row_stands_where_its_maker_may_write(as_manager, shelf):
    with as_manager() as session:
        session.add(shelf.Shelf(code="N", name="new", node_id=shelf.here.id))
        session.flush()
    for node_id in (shelf.elsewhere.id, shelf.here.area_id, shelf.here.region_id, 999_999):
        with as_manager() as session:
            session.add(shelf.Shelf(code="N", name="new", node_id=node_id))
            with refused():
                session.flush()


@on_sqlite
def test_the_levels_of_a_row_are_its_nodes_and_nobody_elses(as_manager, shelf):
    with as_manager() as session:
        row = shelf.Shelf(
            code="N",
            name="new",
            node_id=shelf.here.id,
            area_id=shelf.elsewhere.area_id,
            region_id=shelf.elsewhere.region_id,
        )
        session.add(row)
        session.flush()
        assert (row.area_id, row.region_id) == (shelf.here.area_id, shelf.here.region_id)
        row.area_id = shelf.elsewhere.area_id
        session.flush()
        assert row.area_id == shelf.here.area_id


@on_sqlite
def test_a_row_is_not_moved_out_of_the_scope_or_into_it(as_manager, shelf):
    Shelf = shelf.Shelf
    with as_manager() as session:
        session.get(Shelf, shelf.own[0]).node_id = shelf.elsewhere.id
        with refused():
            session.flush()
    with as_manager() as session:
        with unscoped("somebody else's work in the same session"):
            row = session.get(Shelf, shelf.foreign[0])
        row.node_id = shelf.here.id
        with refused():
            session.flush()


@on_sqlite
def test_a_row_of_elsewhere_is_not_changed_or_deleted_through_memory(as_manager, shelf):
    Shelf, Item = shelf.Shelf, shelf.Item
    for change in (lambda session, row: setattr(row, "name", "mine"), lambda session, row: session.delete(row)):
        for model, number in ((Shelf, shelf.foreign[0]), (Item, shelf.foreign_item)):
            with as_manager() as session:
                with unscoped("somebody else's work in the same session"):
                    row = session.scalars(select(model).where(model.id == number)).one()
                change(session, row)
                with refused():
                    session.flush()


@on_sqlite
def test_merging_does_not_reach_a_row_of_elsewhere(as_manager, shelf, work):
    Shelf = shelf.Shelf
    with as_manager() as session, session.no_autoflush:
        session.merge(Shelf(id=shelf.own[0], name="merged"))
        session.flush()
        session.merge(Shelf(id=shelf.foreign[0], code="X", name="merged", node_id=shelf.here.id))
        with pytest.raises(Exception, match="(?i)unique|violation|outside"):
            session.flush()


@on_sqlite
def test_a_child_hangs_only_on_what_is_in_the_scope(as_manager, shelf):
    Item = shelf.Item
    with as_manager() as session:
        session.add(Item(shelf_id=shelf.own[0], name="fine"))
        session.flush()
        session.add(Item(shelf_id=shelf.foreign[0], name="smuggled"))
        with refused():
            session.flush()
    with as_manager() as session:
        session.get(Item, shelf.own_item).shelf_id = shelf.foreign[0]
        with refused():
            session.flush()


@on_sqlite
def test_one_writes_in_ones_own_name_only(as_manager, shelf):
    for model, values in ((shelf.Memo, {"name": "x"}), (Message, {"key": "x", "title": "x"})):
        owner = model.__owner__
        with as_manager() as session:
            session.add(model(**values, **{owner: shelf.manager.id}))
            session.flush()
            session.add(model(**values, **{owner: shelf.foreign_memo_author}))
            with refused():
                session.flush()


def test_a_reference_leads_only_to_what_is_in_the_scope(as_manager, shelf, org):
    Shelf = shelf.Shelf
    with as_manager() as session:
        row = session.get(Shelf, shelf.own[0])
        row.keeper_id = org.people["clerk"].id
        session.flush()
        row.keeper_id = org.clerks[4].id
        with refused():
            session.flush()


@on_sqlite
def test_the_system_and_a_marked_block_may_do_all_of_it(work, shelf):
    Shelf, table = shelf.Shelf, metadata.tables["shelf_shelf"]
    with work() as session:
        assert session.scalar(select(func.count()).select_from(Shelf)) == 4
        with unscoped("the exchange"):
            session.execute(update(table).values(note="all"))
            session.execute(insert(Shelf), [{"code": "N", "name": "new", "node_id": shelf.elsewhere.id, "area_id": 1}])
            assert session.scalar(text("SELECT count(*) FROM shelf_shelf WHERE note = 'all'")) == 4
            session.connection()
        with refused():
            session.execute(text("SELECT 1"))


@on_sqlite
def test_the_mark_ends_with_its_block_also_after_an_error(as_manager, shelf):
    with as_manager() as session:
        with pytest.raises(RuntimeError), unscoped("until it breaks"):
            raise RuntimeError
        assert session.scalar(select(func.count()).select_from(shelf.Shelf)) == 2


@on_sqlite
def test_nothing_is_read_or_written_where_nobody_acts(app, shelf):
    house = app.extensions["backoffice"]
    with house.database.transaction() as session:
        with pytest.raises(NoPerson):
            session.scalars(select(shelf.Shelf)).all()
        session.add(shelf.Shelf(code="N", name="new", node_id=shelf.here.id))
        with pytest.raises(NoPerson):
            session.flush()
        session.rollback()
    with acting_as(NOBODY), house.database.session(writes=False) as session:
        assert session.scalars(select(shelf.Shelf)).all() == []
        assert session.scalars(select(Person)).all() == []
        assert session.scalars(select(AuditEntry)).all() == []


@on_sqlite
def test_a_statement_compiled_for_one_person_serves_no_other(app, shelf, org, work):
    question = select(shelf.Shelf.id).order_by(shelf.Shelf.id)
    with work() as session:
        other = load_person(session, org.people["area_manager"].id)
        make_role(session, "of_elsewhere", shelf__shelf__read="node")
    house = app.extensions["backoffice"]
    answers = []
    for person in (SYSTEM, shelf.manager, NOBODY, other, shelf.manager, SYSTEM):
        with acting_as(person), house.database.session(writes=False) as session:
            answers.append(list(session.scalars(question)))
    everything = shelf.own + shelf.foreign
    assert answers == [everything, shelf.own, [], shelf.own, shelf.own, everything]


@on_sqlite
def test_a_harmless_fragment_of_sql_is_no_statement_past_the_orm(as_manager, shelf):
    with as_manager() as session:
        inner = select(literal_column("1", Integer)).select_from(shelf.Shelf).limit(10).subquery()
        assert session.scalar(select(func.count()).select_from(inner)) == 2
        assert session.scalars(select(Assignment.id)).all()
        assert session.scalar(select(func.max(shelf.Shelf.counted_on))) == date(2026, 1, 1)


@on_sqlite
def test_a_statement_is_not_taken_for_a_harmless_one_that_is_built_alike(as_manager, shelf):
    def counted(text):
        return select(literal_column(text, Integer)).select_from(Node).limit(1)

    with as_manager() as session:
        for _again in range(2):
            assert session.scalar(counted("1")) == 1
            with pytest.raises(ScopeViolation):
                session.scalar(counted("(SELECT count(*) FROM shelf_shelf)"))
            assert session.scalar(select(func.count()).select_from(Node.__table__))
            with pytest.raises(ScopeViolation):
                session.scalar(select(func.count()).select_from(shelf.Shelf.__table__))
