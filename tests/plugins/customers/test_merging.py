"""Two records of one person are one person everywhere, and two again as if nothing had been."""

import threading
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import select

from core import typed
from core.api import hookimpl
from core.audit import AuditEntry
from core.testing.factories import acting, post
from plugins.customers import consents, known_by, merging, persons, services
from plugins.customers.models import Contact, Customer, Identity, Merge, Pair, Visit, Visitor

DESK = "/admin/customers/customer/"
RECORDS = 4


@pytest.fixture
def two(people):
    return people("张三", "张三丰")


def scopes(rows):
    return {(row.customer_id, row.node_id, row.first_on, row.last_on, row.is_shared) for row in rows}


@pytest.mark.requirement("A10", "Z9")
def test_lists_files_and_searches_show_the_person_once_by_either_name_number_or_code(two, merged, client_as, clerk):
    kept, gone = two
    merged(kept, gone)
    office = client_as("head_office")
    for words in ("", "张三丰", "三丰", gone.code, gone.mobile, gone.mobile[-4:], kept.mobile, "张三"):
        page = office.get(DESK, query_string={"search": words}).text
        assert (kept.code in page, gone.code in page[page.find("<tbody") :]) == (True, False), words
        assert "1 in all" in page, words
    for client in (clerk(0), clerk(1), client_as("area_manager")):
        page = client.get(DESK).text
        assert (page.count("data-row="), "1 in all" in page) == (1, True)
    sheet = office.get(f"{DESK}export/csv/").text
    assert (kept.code in sheet, gone.code in sheet) == (True, False)
    found = clerk(1).get("/customers/known", query_string={"number": gone.mobile}).json
    assert (found["found"], kept.code in found["html"]) == (1, True)
    assert [row["id"] for row in office.get(f"{DESK}ajax/lookup/?q=张").json] == [kept.id]


@pytest.mark.requirement("A10", "A11")
def test_the_old_code_leads_to_one_card_that_tells_of_every_visit_number_and_contact(
    two, merged, clerk, work, house, monkeypatch
):
    kept, gone = two
    with work() as session:
        session.add(Contact(customer_id=gone.id, name="王芳"))
    merged(kept, gone)
    answer = clerk(1).get(f"/customers/at/{gone.code}/")
    assert (answer.status_code, answer.location) == (302, f"/customers/at/{kept.code}/")

    class Sales:
        @hookimpl
        def customers_timeline(self, customer_id):
            from plugins.customers.api import TimelineEntry

            return [TimelineEntry(kept.created_at, f"Bought as {customer_id}")]

    monkeypatch.setattr(house.host, "names_on", lambda *_: {"sales"})
    house.host.hooks.add(Sales(), "sales")
    try:
        page = clerk(0).get(f"/customers/at/{kept.code}/").text
    finally:
        house.host.hooks.remove("sales")
    for text in (
        "store S1",
        "store S2",
        "王芳",
        typed.mask_mobile(gone.mobile),
        f"Bought as {kept.id}",
        f"Bought as {gone.id}",
    ):
        assert text in page, text
    assert clerk(2).get(f"/customers/at/{kept.code}/").status_code == 404
    assert clerk(2).get(f"/customers/at/{gone.code}/").status_code == 404
    desk = clerk(0).get(f"{DESK}details/?id={gone.id}").text
    assert "Records of the same person" in desk
    assert kept.code in desk


@pytest.mark.requirement("A10")
def test_an_undo_gives_back_everything_as_it_was(two, merged, undone, everybody, clerk):
    kept, gone = two
    before = scopes(everybody(Visitor)), [(one.id, one.level, one.mobile) for one in everybody(Customer)]
    number = merged(kept, gone)
    assert len(everybody(Visitor)) == 4
    undone(number)
    assert (scopes(everybody(Visitor)), [(one.id, one.level, one.mobile) for one in everybody(Customer)]) == before
    assert clerk(0).get(f"/customers/at/{gone.code}/").status_code == 404
    assert clerk(1).get(f"/customers/at/{gone.code}/").status_code == 200
    assert [(pair.first_id, pair.second_id, pair.answer) for pair in everybody(Pair)] == [
        (kept.id, gone.id, "different")
    ]


@given(
    steps=some.lists(
        some.tuples(some.booleans(), some.integers(0, RECORDS - 1), some.integers(0, RECORDS - 1)), max_size=8
    )
)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.requirement("A10")
def test_whatever_is_merged_and_undone_in_whatever_order_equals_a_forest_of_edges(app, chain, steps):
    day = date(2026, 11, 2)
    with app.app_context(), acting(app) as session:
        ids, place = [], {}
        for number in range(RECORDS):
            one = Customer(code=f"C-{number:012}", name=f"P{number}")
            session.add(one)
            session.flush()
            session.add(Visitor(customer_id=one.id, node_id=chain.stores[number].id, first_on=day, last_on=day))
            ids.append(one.id)
            place[one.id] = chain.stores[number].id
        above, edges = {}, []

        def root(one):
            while one in above:
                one = above[one]
            return one

        for is_merge, first, second in steps:
            if is_merge:
                kept, gone = ids[first], ids[second]
                is_new = root(kept) != root(gone)
                try:
                    edge = merging.merge(session, kept, gone, how="by_hand")
                except typed.BadValue:
                    assert not is_new
                else:
                    assert is_new
                    edges.append((edge.id, root(gone)))
                    above[root(gone)] = kept
            elif edges:
                number, gone = edges.pop(first % len(edges))
                merging.undo(session, number)
                del above[gone]
            people = {one: root(one) for one in ids}
            kept_as = dict(
                session.execute(select(Customer.id, Customer.merged_into_id).where(Customer.id.in_(ids))).all()
            )
            assert {one: into or one for one, into in kept_as.items()} == people
            known = session.execute(select(Visitor.customer_id, Visitor.node_id, Visitor.is_shared)).all()
            assert sorted(known) == sorted(
                (one, place[other], other != one) for one in ids for other in ids if people[one] == people[other]
            )
        people = {one: root(one) for one in ids}
        for one in ids:
            assert set(session.scalars(merging.records_of(one))) == {
                other for other in ids if people[other] == people[one]
            }
            assert session.scalar(select(merging.person_of(one))) == people[one]
        merging.share(session, people.values())
        assert not session.dirty
        session.rollback()


@pytest.mark.requirement("A10")
def test_what_cannot_be_one_person_is_refused_with_the_reason(app, people, merged):
    first, second, company, binned = people("张三", "张三丰", "张三公司", "张三")
    with app.app_context(), acting(app) as session:
        session.get_one(Customer, company.id).kind = "company"
        services.put_in_bin(session, session.get_one(Customer, binned.id))

    def refused(one, other):
        with app.app_context(), acting(app) as session, pytest.raises(typed.BadValue) as caught:
            merging.merge(session, one, other, how="by_hand")
        return str(caught.value)

    assert "same record" in refused(first.id, first.id)
    assert "a company" in refused(first.id, company.id)
    assert f"{binned.code} is in the recycle bin" in refused(first.id, binned.id)
    assert "no such record" in refused(first.id, 10**9)
    number = merged(first, second)
    assert "one person already" in refused(first.id, second.id)
    assert "one person already" in refused(second.id, first.id)
    with app.app_context(), acting(app) as session:
        merging.undo(session, number)
        with pytest.raises(typed.BadValue, match="undone before"):
            merging.undo(session, number)


@pytest.mark.requirement("A10")
def test_two_who_merge_the_same_two_at_once_make_one_merge_and_no_circle(app, two, everybody):
    one, other = two
    start, told = threading.Barrier(4), []

    def merge(kept, gone):
        with app.app_context():
            start.wait()
            try:
                with acting(app) as session:
                    merging.merge(session, kept, gone, how="by_hand")
                told.append("merged")
            except merging.AlreadyOne:
                told.append("already")

    threads = [threading.Thread(target=merge, args=ids) for ids in [(one.id, other.id), (other.id, one.id)] * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["already"] * 3 + ["merged"]
    assert len(everybody(Merge)) == 1
    assert sorted(record.merged_into_id is None for record in everybody(Customer)) == [False, True]


@pytest.mark.requirement("A10")
def test_both_records_tell_who_merged_and_undid_and_other_plugins_hear_of_it(
    app, house, two, merged, undone, monkeypatch
):
    heard = []

    class Sales:
        @hookimpl
        def customers_merged(self, kept_id, gone_id):
            heard.append(("merged", kept_id, gone_id))

        @hookimpl
        def customers_split(self, customer_id, new_id):
            heard.append(("split", customer_id, new_id))

    kept, gone = two
    monkeypatch.setattr(house.host, "names_on", lambda *_: {"sales"})
    house.host.hooks.add(Sales(), "sales")
    try:
        undone(merged(kept, gone))
    finally:
        house.host.hooks.remove("sales")
    assert heard == [("merged", kept.id, gone.id), ("split", kept.id, gone.id)]
    with acting(app) as session:
        told = session.execute(
            select(AuditEntry.row_id, AuditEntry.action)
            .where(AuditEntry.action.in_(("merged", "merge undone")))
            .order_by(AuditEntry.id)
        ).all()
        why = select(AuditEntry.reason).where(AuditEntry.row_id == str(gone.id), AuditEntry.action == "updated")
        assert f"One person with {kept.code}" in set(session.scalars(why))
    assert told == [(str(one), action) for action in ("merged", "merge undone") for one in (kept.id, gone.id)]


@pytest.mark.requirement("A10", "A19")
def test_who_meets_a_person_anywhere_knows_all_their_records_and_keeps_their_own_when_it_is_undone(
    app, two, merged, undone, record, everybody, chain, clerk
):
    kept, gone = two
    number = merged(kept, gone)
    assert record(gone.mobile, "张三丰", store=5).location == f"/customers/at/{kept.code}/", "either name is theirs"
    assert record(gone.mobile, "张三丰", store=1).location == f"/customers/at/{kept.code}/"
    places = {(row.customer_id, row.node_id): row.is_shared for row in everybody(Visitor)}
    s1, s2, s6 = (chain.stores[index].id for index in (0, 1, 5))
    assert places == {
        (kept.id, s1): False, (kept.id, s2): False, (kept.id, s6): False,
        (gone.id, s1): True, (gone.id, s2): False, (gone.id, s6): True,
    }  # fmt: skip
    undone(number)
    assert {(row.customer_id, row.node_id) for row in everybody(Visitor)} == {
        (kept.id, s1), (kept.id, s2), (kept.id, s6), (gone.id, s2),
    }  # fmt: skip
    assert clerk(5).get(f"/customers/at/{gone.code}/").status_code == 404


@pytest.mark.requirement("A6", "A10")
def test_the_level_counts_the_days_of_all_records(app, two, merged, undone, everybody, chain):
    kept, gone = two
    with acting(app) as session:
        for one, days in ((kept, (1, 2, 3)), (gone, (3, 4))):
            for day in days:
                session.add(
                    Visit(
                        customer_id=one.id,
                        node_id=chain.stores[0].id,
                        day=date.fromordinal(one.created_at.toordinal() - day),
                        reason="came",
                    )
                )
    number = merged(kept, gone)
    assert everybody(Customer)[0].level == "important"
    undone(number)
    assert [one.level for one in everybody(Customer)] == ["important", "ordinary"]


@pytest.mark.requirement("A10", "A21")
def test_a_no_under_one_record_holds_against_an_older_yes_under_the_other(app, two, merged):
    kept, gone = two
    sms = ("marketing", "sms")
    with app.app_context(), acting(app) as session:
        consents.give(session, kept.id, [sms])
        consents.give(session, gone.id, [sms])
        consents.withdraw(session, gone.id, *sms)
    merged(kept, gone)
    with app.app_context(), acting(app) as session:
        assert sms not in consents.given_to(session, kept.id)
        assert ("service", "any") in consents.given_to(session, gone.id), "asked by either record"
        consents.give(session, kept.id, [sms])
        assert sms in consents.given_to(session, kept.id), "a new yes counts"
        assert consents.withdraw(session, kept.id, "service", "any")
        assert ("service", "any") not in consents.given_to(session, kept.id), "one no ends the yes of every record"


@pytest.mark.requirement("A1", "A10")
def test_the_recycle_bin_takes_all_records_of_a_person_and_gives_them_back(two, merged, client_as, everybody, record):
    kept, gone = two
    merged(kept, gone)
    office = client_as("head_office")
    assert post(office, f"{DESK}delete/?id={kept.id}").status_code == 302
    assert all(one.deleted_at for one in (*everybody(Customer), *everybody(Identity)))
    assert office.get(f"{DESK}?bin=1").text.count("data-row=") == 1
    assert post(office, f"{DESK}restore/?id={gone.id}").status_code == 302
    assert not any(one.deleted_at for one in (*everybody(Customer), *everybody(Identity)))
    post(office, f"{DESK}delete/?id={kept.id}")
    record(gone.mobile, "李四")
    assert "by now" in post(office, f"{DESK}restore/?id={kept.id}", follow_redirects=True).text


@pytest.mark.requirement("A9", "A10")
def test_other_plugins_ask_by_any_record_and_hear_of_the_person(app, two, merged, everybody):
    from plugins.customers import api

    kept, gone = two
    merged(kept, gone)
    with app.app_context(), acting(app) as session:
        assert api.card(gone.id) == api.card(kept.id) == api.find_by_number(gone.mobile)
        assert api.card(kept.id).code == kept.code
        assert api.names_of({kept.id, gone.id}) == {kept.id: "张三", gone.id: "张三"}
        assert session.scalar(select(api.name_column(Contact.customer_id)).where(Contact.id == -1)) is None
        for words in ("张三丰", gone.mobile, kept.code):
            assert sorted(session.scalars(api.ids_matching(words))) == [kept.id, gone.id], words
        api.note_visit(gone.id, kept.node_id, "came")
    assert {visit.customer_id for visit in everybody(Visit) if visit.reason == "came"} == {kept.id}


@pytest.mark.requirement("A10", "A15")
def test_a_number_another_record_of_the_person_has_moves_and_stays_when_they_are_two_again(
    app, two, merged, undone, everybody
):
    kept, gone = two
    number = merged(kept, gone)
    with app.app_context(), acting(app) as session:
        known_by.change(session, session.get_one(Customer, kept.id), "mobile", gone.mobile)
    undone(number)
    assert [(one.customer_id, one.value) for one in everybody(Identity) if one.until is None] == [
        (kept.id, gone.mobile)
    ]
    assert [one.mobile for one in everybody(Customer)] == [gone.mobile, None]


@pytest.mark.requirement("A10")
def test_what_was_imported_and_merged_is_not_taken_back(app, chain, everybody, tmp_path, merged):
    import json

    from click.testing import CliRunner

    from core.commands.context import Shell
    from core.commands.data import import_file, import_revert

    def call(command, *words):
        shell = Shell()
        shell.__dict__["app"] = app
        return json.loads(
            CliRunner().invoke(command, [*map(str, words), "--json"], obj=shell, catch_exceptions=False).stdout
        )

    path = tmp_path / "customers.csv"
    path.write_text("mobile,name,store\n13800138000,张三,S1\n13900139000,张三丰,S2\n13700137000,李四,S1\n", "utf-8")
    first = call(import_file, "customers.customer", path, "--match", "mobile")
    kept, gone, _other = everybody(Customer)
    merged(kept, gone)
    path.write_text("mobile,name\n13900139000,张三疯\n", "utf-8")
    again = call(import_file, "customers.customer", path, "--match", "mobile")
    assert (again["updated"], everybody(Customer)[1].name) == (1, "张三疯"), (
        "a row is about the record that owns the number"
    )
    back = call(import_revert, first["batch"])
    assert (back["removed"], back["kept"]) == (1, 2)
    assert [one.merged_into_id for one in everybody(Customer)] == [None, kept.id]


@pytest.mark.requirement("A10")
def test_a_person_is_taken_out_of_a_record_with_their_number_and_is_not_merged_again(
    app, record, everybody, client_as, clerk
):
    record("13800138000", "张三")
    one = everybody(Customer)[0]
    office, manager = client_as("head_office"), client_as("store_manager")
    with app.app_context(), acting(app) as session:
        known_by.change(session, session.get_one(Customer, one.id), "mobile", "13900139000")
    old, new = everybody(Identity)
    url = f"/customers/at/{one.code}/split"
    assert post(manager, url, {"identity": old.id, "name": "李四"}).status_code == 403
    assert "Please choose" in post(office, url, {"name": "李四"}, follow_redirects=True).text
    assert len(everybody(Customer)) == 1
    answer = post(office, url, {"identity": new.id, "name": "李四"})
    first, second = everybody(Customer)
    assert answer.location == f"/customers/at/{second.code}/"
    assert [(row.name, row.mobile) for row in (first, second)] == [("张三", None), ("李四", "13900139000")]
    assert [row.customer_id for row in everybody(Identity)] == [first.id, second.id]
    assert clerk(0).get(f"/customers/at/{second.code}/").status_code == 200, "who knew the number still finds it"
    assert [pair.answer for pair in everybody(Pair)] == ["different"]
    with acting(app) as session:
        told = session.scalars(select(AuditEntry.row_id).where(AuditEntry.action == "split off"))
        assert set(told) == {str(first.id), str(second.id)}


def test_a_home_counts_a_person_of_several_records_once(two, merged, record, clerk):
    kept, gone = two
    record(kept.mobile, store=1)
    merged(kept, gone)
    assert ">1<" in clerk(1).get("/").text.split("Customers today")[1][:200]


def test_the_condition_of_a_standing_record_is_the_one_of_its_person(app, two, merged):
    kept, gone = two
    merged(kept, gone)
    with acting(app) as session:
        assert list(session.scalars(select(Customer.id).where(persons.stands()))) == [kept.id]
