"""Who may do what to whom: nobody to somebody above them, to themselves, or beyond what they hold."""

import re

import pytest
from sqlalchemy import func, select

from core import clock
from core.access.person import Forbidden
from core.access.scope import unscoped
from core.audit import AuditEntry
from core.auth import accounts
from core.auth.models import Assignment, Grant, Role
from core.auth.rights import load_person
from core.auth.shipped import SHIPPED_ROLES
from core.org.models import Person
from core.testing.factories import give_role, make_person, make_role, post, sign_in

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
RANKS = {code: rank for code, _name, rank in SHIPPED_ROLES}


def refused(action):
    try:
        action()
    except (Forbidden, accounts.Refused):
        return True
    return False


def role_of(session, code):
    return session.scalars(select(Role).where(Role.code == code)).one()


@on_sqlite
def test_nobody_changes_a_person_of_equal_or_higher_rank_or_themselves(org, work):
    """The system administrator excepted."""
    with work() as session:
        people = {code: session.get(Person, person.id) for code, person in org.people.items()}
        actors = {code: load_person(session, person.id) for code, person in org.people.items()}
        for actor_code, actor in actors.items():
            for code, person in people.items():
                allowed = actor_code == "system_administrator" or RANKS[code] < RANKS[actor_code]
                assert refused(lambda p=person, a=actor: accounts.require_rank_above(session, a, p)) != allowed, (
                    actor_code,
                    code,
                )


@on_sqlite
def test_a_stand_in_for_a_higher_role_is_out_of_reach_too(org, work):
    with work() as session:
        person = make_person(session, "stand.in", org.stores[0], "clerk")
        give_role(session, person, "leader", org.chain, from_day=clock.today(), to_day=clock.today())
        office = load_person(session, org.people["head_office"].id)
        with pytest.raises(Forbidden):
            accounts.require_rank_above(session, office, person)


@on_sqlite
def test_a_role_is_given_below_ones_own_rank_and_within_ones_reach(org, work):
    with work() as session:
        make_role(session, "local_boss", rank=60, auth__assignment__create="node", org__person__read="node")
        boss = make_person(session, "local.boss", org.areas[0], "local_boss")
        new = make_person(session, "new", org.stores[0])
        actor = load_person(session, boss.id)
        for code, node, allowed in (
            ("clerk", org.stores[0], True), ("store_manager", org.areas[0], True), ("area_manager", org.stores[1], True),
            ("clerk", org.stores[4], False), ("clerk", org.chain, False), ("clerk", org.regions[0], False),
            ("it", org.stores[0], False), ("leader", org.stores[0], False), ("system_administrator", org.stores[0], False),
        ):  # fmt: skip
            give = lambda c=code, n=node: accounts.assign(session, actor, Assignment(), new, role_of(session, c), n)  # noqa: E731
            assert refused(give) != allowed, (code, node.code)
        with pytest.raises(Forbidden):
            accounts.assign(
                session, actor, Assignment(), session.get(Person, boss.id), role_of(session, "clerk"), org.stores[0]
            )


@on_sqlite
def test_nobody_changes_their_own_roles_not_even_the_administrator(org, work):
    with work() as session:
        second = make_person(session, "second", org.chain, "system_administrator")
        for person in (session.get(Person, org.people["system_administrator"].id), second):
            actor = load_person(session, person.id)
            held = session.scalars(select(Assignment).where(Assignment.person_id == person.id)).one()
            with pytest.raises(Forbidden):
                accounts.assign(session, actor, Assignment(), person, role_of(session, "clerk"), org.stores[0])
            with pytest.raises(Forbidden):
                accounts.unassign(session, actor, person, held)


@on_sqlite
def test_the_last_system_administrator_stays(org, work):
    from core.access.person import SYSTEM

    with work() as session:
        first = session.get(Person, org.people["system_administrator"].id)
        held = session.scalars(select(Assignment).where(Assignment.person_id == first.id)).one()

        def nobody_else():
            assert refused(lambda: accounts.unassign(session, SYSTEM, first, held))
            assert refused(lambda: accounts.disable(session, SYSTEM, first))

        nobody_else()
        yesterday = make_person(session, "yesterday", org.chain)
        give_role(session, yesterday, "system_administrator", org.chain, to_day=clock.today().replace(year=2000))
        tomorrow = make_person(session, "tomorrow", org.chain)
        give_role(session, tomorrow, "system_administrator", org.chain, from_day=clock.today().replace(year=2100))
        make_person(session, "closed", org.chain, "system_administrator", active=False)
        make_person(session, "left", org.chain, "system_administrator", deleted_at=clock.now())
        nobody_else()
        make_person(session, "second", org.chain, "system_administrator")
        accounts.unassign(session, SYSTEM, first, held)
        assert accounts.administrators(session) == {
            session.scalar(select(Person.id).where(Person.username == "second"))
        }


@on_sqlite
def test_at_the_desk_the_refusal_is_said_and_nothing_changes(client_as, org, work):
    office = client_as("head_office")
    with work() as session, unscoped("a test"):
        before = session.scalar(select(func.count()).select_from(Assignment))
        leader = session.scalars(select(Assignment).where(Assignment.person_id == org.people["leader"].id)).one()
    fields = {
        "person_id": org.people["clerk"].id,
        "role_id": leader.role_id,
        "node_id": org.chain.id,
        "from_day": "",
        "to_day": "",
    }
    answer = post(office, "/admin/auth/assignment/new/", fields)
    assert answer.status_code == 403 and "rank is not below yours" in answer.text
    answer = post(office, f"/admin/auth/assignment/delete/?id={leader.id}")
    assert answer.status_code == 403 and "rank is not below yours" in answer.text
    boss = client_as("system_administrator")
    own = None
    with work() as session, unscoped("a test"):
        own = session.scalar(select(Assignment.id).where(Assignment.person_id == org.people["system_administrator"].id))
    assert post(boss, f"/admin/auth/assignment/delete/?id={own}").status_code in (302, 403)
    assert post(office, f"/admin/org/person/reset-password/?id={org.people['leader'].id}").status_code == 403
    with work() as session, unscoped("a test"):
        assert session.scalar(select(func.count()).select_from(Assignment)) == before
        assert session.get(Person, org.people["leader"].id).password_hash is None


def _version(page):
    return re.search(r'name="_version" value="([^"]+)"', page)[1]


@on_sqlite
def test_a_person_of_higher_rank_is_not_edited_at_the_desk(client_as, org, work):
    office = client_as("head_office")
    for role, status in (("clerk", 302), ("leader", 403), ("head_office", 403), ("system_administrator", 403)):
        person = org.people[role]
        page = office.get(f"/admin/org/person/edit/?id={person.id}").text
        fields = {
            "username": person.username,
            "name": "Changed",
            "node_id": person.node_id,
            "locale": "en",
            "_version": _version(page),
        }
        assert post(office, f"/admin/org/person/edit/?id={person.id}", fields).status_code == status, role
    with work() as session:
        names = {session.get(Person, person.id).name for code, person in org.people.items() if code != "clerk"}
        assert "Changed" not in names


@on_sqlite
def test_a_user_name_is_used_once_ever(client_as, org):
    office = client_as("head_office")
    fields = {"username": "clerk", "name": "Another", "node_id": org.stores[0].id, "locale": "en"}
    post(office, f"/admin/org/person/delete/?id={org.people['clerk'].id}")
    answer = post(office, "/admin/org/person/new/", fields)
    assert answer.status_code == 422 and "taken" in answer.text


@on_sqlite
def test_a_role_ranks_below_whoever_makes_or_changes_it(client_as, org, work):
    office = client_as("head_office")
    for rank, status in ((79, 302), (80, 422), (99, 422), (100, 422), (0, 422)):
        assert (
            post(office, "/admin/auth/role/new/", {"code": f"r{rank}", "name": "x", "rank": rank}).status_code == status
        ), rank
    with work() as session:
        ids = dict(session.execute(select(Role.code, Role.id)).all())
    for code, rank, status in (
        ("clerk", 11, 302),
        ("clerk", 80, 422),
        ("leader", 20, 422),
        ("system_administrator", 20, 422),
    ):
        page = office.get(f"/admin/auth/role/edit/?id={ids[code]}").text
        answer = post(
            office, f"/admin/auth/role/edit/?id={ids[code]}", {"name": code, "rank": rank, "_version": _version(page)}
        )
        assert answer.status_code == status, (code, rank)


@on_sqlite
@pytest.mark.requirement("J1")
def test_the_role_of_the_system_administrator_is_not_edited_by_anybody(client_as, work):
    boss = client_as("system_administrator")
    with work() as session:
        number = role_of(session, "system_administrator").id
    page = boss.get(f"/admin/auth/role/edit/?id={number}").text
    answer = post(boss, f"/admin/auth/role/edit/?id={number}", {"name": "x", "rank": "1", "_version": _version(page)})
    assert answer.status_code == 422 and "stays as it is" in answer.text
    assert post(boss, f"/admin/auth/role/grants/?id={number}", {"org:store:list": "own"}).status_code == 403


@on_sqlite
def test_nobody_grants_what_they_lack(app, org, work):
    with work() as session:
        make_role(
            session,
            "half",
            rank=60,
            auth__role__update="all",
            auth__role__read="all",
            auth__role__list="all",
            org__store__list="node",
            org__store__read="own",
        )
        person = make_person(session, "half", org.areas[0], "half")
        target = make_role(session, "target", rank=20, org__person__list="all")
        higher = make_role(session, "higher", rank=70)
    browser = sign_in(app.test_client(), person)

    def save(role, **levels):
        fields = {"org:person:list": "all"} | {name.replace("__", ":"): level for name, level in levels.items()}
        return post(browser, f"/admin/auth/role/grants/?id={role.id}", fields).status_code

    assert save(target, org__store__list="node") == 302
    assert save(target, org__store__list="own") == 302
    assert save(target, org__store__list="all") == 403, "the whole chain is more than one's area"
    assert save(target, org__store__list="own", org__store__read="node") == 403, "a place is more than one's own"
    assert save(target, org__store__list="own", org__store__read="own") == 302
    assert save(target, org__store__list="own", org__store__read="own", org__node__list="own") == 403, (
        "a right one has not"
    )
    assert save(target, org__store__list="own", org__store__read="own", org__person__list="") == 403, (
        "nor takes it away"
    )
    assert save(target, org__store__list="everywhere", org__store__read="own") == 403
    assert save(higher, org__store__list="own", org__person__list="") == 403
    with work() as session:
        held = dict(session.execute(select(Grant.permission, Grant.level).where(Grant.role_id == target.id)).all())
        assert held == {"org:person:list": "all", "org:store:list": "own", "org:store:read": "own"}


def test_a_number_is_shown_for_a_reason_that_is_kept(client_as, org, work):
    with work() as session:
        session.get(Person, org.people["clerk"].id).mobile = "13812345678"
    office, manager = client_as("head_office"), client_as("store_manager")
    number = org.people["clerk"].id
    for address in (
        f"/admin/org/person/details/?id={number}",
        "/admin/org/person/",
        "/admin/org/person/print/",
        f"/admin/org/person/edit/?id={number}",
    ):
        assert "13812345678" not in office.get(address).text, address
    assert post(manager, f"/admin/org/person/unmask/?id={number}", {"reason": "x"}).status_code == 403
    assert post(office, f"/admin/org/person/unmask/?id={number}", {"reason": " "}).status_code == 400
    assert office.get(f"/admin/org/person/unmask/?id={number}").status_code == 404, (
        "never by an address that can be sent to somebody"
    )
    answer = post(
        office, f"/admin/org/person/unmask/?id={number}", {"reason": "the till is broken"}, follow_redirects=True
    )
    assert "13812345678" in answer.text
    assert "13812345678" not in office.get(f"/admin/org/person/details/?id={number}").text, "once"
    with work() as session, unscoped("a test"):
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "number shown")).all()
        assert [(entry.row_id, entry.reason, entry.person_name) for entry in entries] == [
            (str(number), "the till is broken", "Name of head_office")
        ]
        assert "13812345678" not in "".join(str(vars(entry)) for entry in session.scalars(select(AuditEntry)))
