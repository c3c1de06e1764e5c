"""Whoever is recorded at the counter or the desk is compared with the whole chain at once, without a word."""

import re

import pytest
from sqlalchemy import delete, event

from core.testing.factories import acting, post, sign_in
from plugins.customers.matching import at_save, batch, rollups
from plugins.customers.matching.models import Block
from plugins.customers.models import Customer, Merge, Pair
from tests.plugins.customers import people
from tests.plugins.customers.people import Kept

HOME = "深圳市南山区科技南路12号3栋502"
pytestmark = pytest.mark.requirement("A10", "Z9")


@pytest.fixture
def known(app, chain):
    """Somebody whom the last store knows."""
    with acting(app) as session:
        kept = Kept(1, "张建国", ("13800138000",), HOME, stores=(7,))
        number = people.bring(session, [kept], [store.id for store in chain.stores])[0]
        batch.step(session)
    return number


@pytest.fixture
def statements(house):
    """Every question about customers that is sent meanwhile."""
    sent = []

    def note(_connection, _cursor, statement, *_rest):
        if statement.startswith("SELECT") and "customers_" in statement:
            sent.append(statement)

    event.listen(house.database.engine, "before_cursor_execute", note)
    yield sent
    event.remove(house.database.engine, "before_cursor_execute", note)


def test_a_slip_in_the_number_is_put_into_the_queue_and_the_clerk_learns_nothing(known, record, everybody):
    answer = record("13800138001", "張建國")
    assert answer.status_code == 302
    one = everybody(Customer)[-1]
    assert [(pair.first_id, pair.second_id, pair.answer) for pair in everybody(Pair)] == [(known, one.id, "open")]
    assert one.code in answer.location and "13800138000" not in answer.text


def test_the_card_of_the_new_record_shows_nothing_of_the_other_store(known, record, clerk):
    client = clerk()
    page = client.get(record("13800138001", "張建國", client=client).location).text
    assert "張建國" in page and "张建国" not in page and "8000" not in page


def test_two_who_were_recorded_the_same_day_meet(record, everybody):
    record("13800138001", "李雪梅")
    record("13800138000", "Li Xuemei", store=5)
    assert len(everybody(Pair)) == 1 and not everybody(Merge)


def test_a_stranger_is_asked_about_by_nobody(known, record, everybody):
    record("13912345678", "李雪梅")
    assert not everybody(Pair)


def test_a_change_at_the_desk_is_looked_at_too(app, chain, known, record, everybody):
    record("13800138001", "李雪梅")
    assert not everybody(Pair)
    one = everybody(Customer)[-1]
    client, url = (
        sign_in(app.test_client(), chain.people["head_office"]),
        f"/admin/customers/customer/edit/?id={one.id}",
    )
    version = re.search(r'name="_version" value="([^"]+)"', client.get(url).text)
    form = {"name": "张建国", "mobile": "13800138001", "_version": version[1], "kind": "person", "party": "consumer",
            "level": "ordinary", "credit": "unknown"}  # fmt: skip
    answer = post(client, url, form)
    assert answer.status_code == 302, answer.text
    assert [(pair.first_id, pair.second_id) for pair in everybody(Pair)] == [(known, one.id)]


def test_it_costs_three_questions_to_the_database(app, chain, known, record, everybody, statements):
    record("13800138001", "張建國")
    with acting(app) as session:
        one = session.get(Customer, everybody(Customer)[-1].id)
        statements.clear()
        at_save.look(session, one)
    assert len(statements) <= 3
    assert len(everybody(Pair)) == 1


@pytest.mark.parametrize(("name", "questions"), [("李雪梅", 1), ("張建國", 2)])
def test_a_new_record_costs_one_question_and_one_more_where_somebody_is_like_them(
    app, known, record, everybody, statements, name, questions
):
    record("13800138001", name)
    with acting(app) as session:
        one = session.get(Customer, everybody(Customer)[-1].id)
        session.execute(delete(Block).where(Block.customer_id == one.id))
        statements.clear()
        at_save.look(session, one, is_new=True)
    assert len(statements) == questions


def test_a_failure_never_keeps_the_clerk_from_recording(monkeypatch, known, record, everybody):
    def fail(*_arguments):
        raise RuntimeError("no database for this")

    monkeypatch.setattr(rollups, "sharing", fail)
    assert record("13800138001", "張建國").status_code == 302
    assert len(everybody(Customer)) == 2 and not everybody(Pair)
