"""The week's pages: what is shown when, the forms, and who sees which week."""

import pytest
from sqlalchemy import select

from core.testing.factories import acting, post
from plugins.daily_reports.week.models import WeekLine, WeekReport
from tests.plugins.daily_reports.steps import FETCH
from tests.plugins.daily_reports.week.steps import KEY, MONDAY, TRAINING, WINDOW, set_plan, sum_up, week_page

PLAN = {
    "key": KEY, "version": "0", "target": "6万", "what_0": "train everybody", "standard_0": "each passes", "due_0": "2",
    "owner_0": "Li", "what_3": "count the accessories", "due_3": "9",
}  # fmt: skip


def weeks_of(app):
    with acting(app) as session:
        return session.scalars(select(WeekReport).order_by(WeekReport.id)).all()


@pytest.mark.requirement("G4", "G8")
def test_on_monday_a_manager_opens_the_plan_in_one_step_and_sends_it(app, chain, client_as, at):
    at("2026-11-16 09:00")
    manager = client_as("store_manager")
    assert manager.get("/day/week/").location == week_page("S1")
    assert 'name="what_0"' in manager.get(week_page("S1")).text
    answer = post(manager, week_page("S1", what="plan"), PLAN)
    assert (answer.status_code, answer.location) == (302, week_page("S1"))
    (week,) = weeks_of(app)
    assert (week.week, week.target_amount, week.state) == (MONDAY, 60_000, "planned")
    with acting(app) as session:
        lines = session.scalars(select(WeekLine).order_by(WeekLine.position)).all()
    assert [(line.what, line.standard, line.due, line.owner) for line in lines] == [
        ("train everybody", "each passes", 2, "Li"),
        ("count the accessories", "", None, ""),
    ]
    shown = manager.get(week_page("S1")).text
    assert "The week is planned." in shown
    assert "by Wednesday" in shown


@pytest.mark.requirement("G5")
def test_from_saturday_the_summary_is_asked_for_with_the_figures_above_it(app, chain, client_as, add, at):
    at("2026-11-20 12:00")
    add(0, 1000, 900, target_late_minutes=0, report_late_minutes=0, gap_reasons=["weather"])
    manager = client_as("store_manager")
    assert 'name="reflection"' not in manager.get(week_page("S1")).text
    at("2026-11-21 12:00")
    shown = manager.get(week_page("S1")).text
    assert 'name="reflection"' in shown
    assert "Weather 1" in shown
    assert "90%" in shown
    answer = post(manager, week_page("S1", what="summary"), {"key": KEY, "version": "0", "reflection": "order earlier"})
    assert answer.status_code == 302
    assert "order earlier" in manager.get(week_page("S1")).text


@pytest.mark.requirement("J5")
def test_a_mistake_is_shown_at_its_field_and_everything_typed_stays(chain, client_as, at):
    at("2026-11-16 09:00")
    manager = client_as("store_manager")
    answer = post(manager, week_page("S1", what="plan"), PLAN | {"target": "a lot", "what_1": "<b>"})
    assert answer.status_code == 422
    for text in ('value="a lot"', 'value="train everybody"', 'value="each passes"', "&lt;b&gt;", KEY):
        assert text in answer.text
    fetched = post(manager, week_page("S1", what="plan"), PLAN | {"target": "a lot"}, headers=FETCH)
    assert (fetched.status_code, set(fetched.json["errors"])) == (422, {"target"})


@pytest.mark.requirement("J5")
def test_who_was_slower_is_told_who_was_faster_and_may_send_their_own(app, chain, client_as, at):
    at("2026-11-16 09:00")
    manager, deputy = client_as("store_manager"), client_as("deputy")
    post(manager, week_page("S1", what="plan"), PLAN)
    mine = PLAN | {"key": KEY.replace("5b", "6c"), "target": "5万"}
    answer = post(deputy, week_page("S1", what="plan"), mine)
    assert answer.status_code == 409
    assert "Name of store_manager has changed this week" in answer.text
    assert 'value="5万"' in answer.text
    fetched = post(deputy, week_page("S1", what="plan"), mine, headers=FETCH)
    assert (fetched.status_code, fetched.json["may_replace"]) == (409, True)
    assert weeks_of(app)[0].target_amount == 60_000
    post(deputy, week_page("S1", what="plan"), mine | {"version": str(fetched.json["version"])})
    assert weeks_of(app)[0].target_amount == 50_000


@pytest.mark.requirement("G9")
def test_a_foreign_week_is_not_there_and_cannot_be_written(app, chain, client_as, person, work, at):
    at("2026-11-16 09:00")
    with work(person("store_manager", chain.stores[4])) as session:
        set_plan(session, chain.stores[4], TRAINING, target=987_654)
    for reader in (client_as("store_manager"), client_as("area_manager")):
        foreign, nowhere = reader.get(week_page("S5")), reader.get(week_page("S99"))
        assert foreign.status_code == nowhere.status_code == 404
        assert foreign.text == nowhere.text
        for what in ("plan", "summary", "tick"):
            assert post(reader, week_page("S5", what=what), PLAN | {"line": "1"}).status_code == 404
    assert client_as("clerk").get(week_page("S1")).status_code == 403
    assert len(weeks_of(app)) == 1


@pytest.mark.requirement("G8", "G9")
def test_an_area_sees_its_stores_and_the_chain_its_areas_furthest_first(chain, client_as, person, work, add, at):
    at("2026-11-16 09:00")
    with work(person("store_manager")) as session:
        set_plan(session, chain.stores[0], TRAINING, target=2000)
    at("2026-11-22 22:30")
    add(0, 1500, 1000)
    add(1, 1000, 950)
    add(4, 1000, 987_654)
    area_manager = client_as("area_manager")
    assert area_manager.get("/day/week/").location == week_page("A1")
    at("2026-11-23 04:00")
    shown = area_manager.get(week_page("A1")).text
    assert shown.index("store S1") < shown.index("store S2")
    assert "50%" in shown
    assert "95%" in shown
    assert "store S5" not in shown
    assert area_manager.get(week_page("A2")).status_code == 404
    leader = client_as("leader")
    assert leader.get("/day/week/").location == week_page("CHAIN", "2026-11-23")
    whole = leader.get(week_page("CHAIN")).text
    assert whole.index("area A1") < whole.index("area A3")
    assert "98.77" in whole or "987,654" in whole or "98.8" in whole


def test_a_tick_on_the_page_marks_the_line_and_a_second_one_takes_it_back(app, chain, client_as, person, work, at):
    at("2026-11-16 09:00")
    with work(person("store_manager")) as session:
        set_plan(session, chain.stores[0], TRAINING)
    manager = client_as("store_manager")
    for done in (True, False):
        with acting(app) as session:
            line = session.scalars(select(WeekLine.id)).one()
        post(manager, week_page("S1", what="tick"), {"line": str(line), "done": "1" if done else "0"})
        with acting(app) as session:
            assert session.scalars(select(WeekLine.done)).one() is done
    assert post(manager, week_page("S1", what="tick"), {"line": "x"}).status_code == 404
    assert post(manager, week_page("S1", what="tick"), {"line": "9" * 18}).status_code == 302


@pytest.mark.parametrize("week", ["2026-11-17", "x", "9999-12-31", "0001-01-01"])
def test_an_address_that_names_no_monday_is_not_there(chain, client_as, week, at):
    at("2026-11-16 09:00")
    assert client_as("store_manager").get(week_page("S1", week)).status_code == 404


def test_only_stores_and_departments_are_planned(chain, client_as, at):
    at("2026-11-16 09:00")
    assert post(client_as("area_manager"), week_page("A1", what="plan"), PLAN).status_code == 404


def test_the_number_of_queries_does_not_grow_with_the_stores(app, chain, client_as, person, work, add, statements, at):
    at("2026-11-22 22:30")
    add(0, 1000, 900)
    office = client_as("head_office")
    office.get(week_page("CHAIN"))
    with statements() as few:
        office.get(week_page("CHAIN"))
    for number, store in enumerate(chain.stores):
        if number:
            add(number, 1000, 900)
        with work(person("store_manager", store)) as session:
            sum_up(session, store, key=str(number))
    office.get(week_page("CHAIN"))
    with statements() as many:
        assert office.get(week_page("CHAIN")).status_code == 200
    assert len(many) == len(few)
    assert len(many) < 25


def test_the_week_at_the_desk_lists_what_lies_in_reach(chain, client_as, person, work, at):
    at("2026-11-16 09:00")
    for store in (chain.stores[0], chain.stores[4]):
        with work(person("store_manager", store)) as session:
            set_plan(session, store, WINDOW, target=100)
    own = client_as("area_manager").get("/admin/daily_reports/week/").text
    assert "store S1" in own
    assert "store S5" not in own
    assert "store S5" in client_as("head_office").get("/admin/daily_reports/week/").text
