"""PostgreSQL plans a statement each time for the values it has, unless it is marked as planned once."""

import pytest
from sqlalchemy import bindparam, select, text

from core.access.scope import unscoped
from core.db import planned_once
from core.org.models import Node
from core.testing.factories import acting

NAME_OF = planned_once(select(Node.name).where(Node.code == bindparam("code")))


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_only_a_statement_that_is_marked_keeps_its_plan(app, org):
    with acting(app) as session, unscoped("the test looks into the server"):
        for number in range(10):
            session.execute(NAME_OF, {"code": f"S{number}"})
            session.execute(select(Node.id).where(Node.code == f"S{number}"))
        kept = session.execute(text("SELECT statement, generic_plans FROM pg_prepared_statements")).all()
    [(statement, plans)] = [row for row in kept if "FROM org_node" in row.statement]
    assert statement.startswith("SELECT org_node.name")
    assert plans > 0


def test_a_marked_statement_finds_what_any_other_finds(app, org):
    with acting(app) as session:
        node = session.scalars(select(Node).order_by(Node.id)).first()
        assert session.scalar(NAME_OF, {"code": node.code}) == node.name
