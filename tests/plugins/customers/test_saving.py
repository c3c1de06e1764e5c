"""A save at the desk: what it asks, and that a row which was read in reach is written only while it is."""

import re
from contextlib import contextmanager

import pytest
from sqlalchemy import delete

from core.access.guard import ScopeViolation
from core.access.person import acting_as
from core.access.scope import unscoped
from core.admin import one_row
from core.auth.rights import load_person
from core.testing.factories import acting
from core.testing.pages import counted
from plugins.customers.models import Customer, Visitor

DESK = "/admin/customers/customer/"


@pytest.fixture
def customer(record, everybody):
    record("13800138000", "张三")
    return everybody(Customer)[0]


@pytest.fixture
def held(app, chain, customer):
    """`with held() as (session, row)`: the clerk of the first store has the record in hand, to change it."""

    @contextmanager
    def start():
        with acting(app) as session:
            clerk = load_person(session, chain.clerks[0].id)
        view = app.extensions["backoffice"].views["customers.customer"]
        with app.test_request_context(), acting(app, clerk) as session:
            yield session, one_row.read(view, customer.id, "update", held=True)
            session.rollback()

    return start


def test_a_record_is_read_once_and_written_once_with_its_line_in_the_audit(clerk, customer, house):
    client = clerk(0)
    page = client.get(f"{DESK}edit/?id={customer.id}").text
    form = dict(re.findall(r'<input[^>]* name="([^"]+)" value="([^"]*)"', page))
    form |= {"kind": "person", "party": "consumer", "level": "ordinary", "credit": "good", "tags": "熟客"}
    with counted(house.database) as statements:
        assert client.post(f"{DESK}edit/?id={customer.id}", data=form).status_code == 302
    assert [statement.split()[0] for statement in statements] == ["SELECT", "SELECT", "UPDATE", "INSERT"]


def test_what_was_read_in_reach_is_written_without_a_second_look(held, house):
    with held() as (session, row), counted(house.database) as statements:
        row.tags = "熟客"
        session.flush()
    assert not [statement for statement in statements if statement.startswith("SELECT")]


@pytest.mark.requirement("J4")
def test_a_record_that_was_taken_out_of_reach_meanwhile_is_not_written(held):
    with held() as (session, row):
        with unscoped("a test"):
            session.execute(delete(Visitor).where(Visitor.customer_id == row.id))
        row.tags = "熟客"
        with pytest.raises(ScopeViolation):
            session.flush()


@pytest.mark.requirement("J4")
def test_what_one_person_read_in_reach_is_looked_at_again_for_another(app, chain, held):
    with acting(app) as session:
        elsewhere = load_person(session, chain.clerks[4].id)
    with held() as (session, row):
        row.tags = "熟客"
        with acting_as(elsewhere), pytest.raises(ScopeViolation):
            session.flush()


@pytest.mark.requirement("J4")
def test_after_a_write_it_is_looked_at_again(held, house):
    with held() as (session, row):
        row.tags = "熟客"
        session.flush()
        row.tags = "老客户"
        with counted(house.database) as statements:
            session.flush()
    assert statements[0].startswith("SELECT")
