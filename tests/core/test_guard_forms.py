"""One statement, asked by whoever: it is held to a scope once for all whose reach has the same form, to the places of each."""

from itertools import product

import pytest
from sqlalchemy import select

from core.access.person import CurrentPerson, Reach, acting_as
from core.access.scope import criteria, unscoped
from core.audit import AuditEntry
from core.org.models import Person

READ = {Person: "org:person:read", AuditEntry: "audit:entry:read"}


@pytest.fixture
def people(org):
    """People of every form of reach, and two of each: with other places, and with more or fewer of them."""
    stores, areas, regions = (sorted({getattr(s, name) for s in org.stores}) for name in ("id", "area_id", "region_id"))
    reaches = [
        Reach(own=own, nodes=frozenset(nodes), areas=frozenset(some), regions=frozenset(whole))
        for own, nodes, some, whole in product(
            (False, True), ((), stores[:1], stores[1:2], stores[2:4], stores[4:7]), ((), areas[:1], areas[1:3]), ((), regions[-1:])
        )
    ]  # fmt: skip
    clerks = [clerk.id for clerk in org.clerks]
    return [
        CurrentPerson(clerks[at % len(clerks)], f"p{at}", "p", rights=dict.fromkeys(READ.values(), reach))
        for at, reach in enumerate(reaches)
    ]


@pytest.mark.requirement("J4")
@pytest.mark.parametrize("model", READ, ids=lambda model: model.__tablename__)
def test_each_is_answered_within_their_own_places_whoever_asked_before(app, people, model):
    question, database = select(model.id).order_by(model.id), app.extensions["backoffice"].database
    answers = {}
    for person in people + people[::-1]:
        with acting_as(person), database.session(writes=False) as session:
            found = session.scalars(question).all()
            with unscoped("what the scope itself says"):
                assert found == session.scalars(question.where(criteria(model, person, READ[model]))).all()
        assert answers.setdefault(person, found) == found
    assert len({tuple(found) for found in answers.values()}) > 10
