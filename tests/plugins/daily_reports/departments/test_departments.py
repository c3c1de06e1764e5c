"""A department reports its own figures in a form that head office made at the desk, with the states of a store's day."""

from datetime import date, time
from html import unescape

import pytest
from sqlalchemy import select

from core.inbox import Message
from core.jobs.tasks import run_due_tasks
from core.org.models import Node
from core.testing.factories import acting, give_role, make_person, make_role, post, sign_in
from plugins.daily_reports import boards
from plugins.daily_reports.departments.models import ReportTemplate
from tests.plugins.daily_reports.steps import KEY, page
from tests.plugins.daily_reports.week.steps import week_page

FORM = {
    "figure": "Customers called", "unit": "个", "figures": "Complaints closed\n\nSpare parts ordered\nComplaints closed",
    "reasons": "Line busy\nNo parts", "opens": "9:00", "closes": "18:00", "weekdays": "12345",
}  # fmt: skip
NEW = "/admin/daily_reports/template/new/"


@pytest.fixture
def department(app, chain, client_as, at):
    """The department with a form made at the desk, on Friday morning."""
    at("2026-11-20 08:30")
    answer = post(client_as("head_office"), NEW, FORM | {"node_id": str(chain.department.id)})
    assert answer.status_code == 302, answer.text
    return chain.department


@pytest.fixture
def head(app, department, client_as):
    """The browser of the one in charge of the department, who holds a role the chain made itself."""
    with acting(app) as session:
        rights = {
            f"daily_reports__{name}": "node" for name in ("day__list", "day__read", "day__update", "template__read")
        }
        make_role(session, "department_head", 40, **rights)
        person = make_person(session, "head.of.service", department, "department_head")
    return sign_in(app.test_client(), person)


@pytest.mark.requirement("G6")
def test_head_office_makes_the_form_at_the_desk_and_the_departments_hours_follow_it(app, department):
    with acting(app) as session:
        template = session.scalars(select(ReportTemplate)).one()
        assert template.figure_names == ["Complaints closed", "Spare parts ordered"]
        assert template.reason_names == ["Line busy", "No parts"]
        node = session.get(Node, department.id)
        assert (node.opens, node.closes) == (time(9), time(18))


@pytest.mark.requirement("G6", "G1")
def test_the_departments_day_shows_its_own_fields_and_none_of_a_shop(app, head, at, days):
    shown = head.get("/day/", follow_redirects=True).text
    assert "Target: Customers called" in shown
    assert "¥" not in shown
    form = {"key": KEY, "version": "0", "amount": "60"}
    assert post(head, page("D1", what="target"), form).status_code == 302
    at("2026-11-20 18:10")
    shown = head.get(page("D1") + "?step=close").text
    for text in ("Complaints closed", "Spare parts ordered", "Line busy"):
        assert text in shown
    for text in ("¥", "Visitors", "tender_wechat", "Weather"):
        assert text not in shown
    form |= {"version": "2", "amount": "54", "figure_0": "3", "figure_1": "", "gap_reasons": ["Line busy", "weather"]}
    assert post(head, page("D1", what="close"), form | {"visitors": "9"}).status_code == 302
    report = days()["D1"]
    assert (report.state, report.amount, report.achievement, report.report_late_minutes) == ("reported", 54, 90, 0)
    assert (report.figures, report.gap_reasons) == ({"Complaints closed": "3"}, ["Line busy"])
    shown = head.get(page("D1")).text
    assert "54个" in shown
    assert "6个 short" in shown
    assert "Complaints closed" in shown


@pytest.mark.requirement("G6", "G12")
def test_its_report_is_reviewed_and_returned_like_a_stores(app, chain, head, client_as, at, days):
    at("2026-11-20 18:10")
    post(head, page("D1", what="close"), {"key": KEY, "version": "0", "amount": "54", "figure_0": "3"})
    reviewer = client_as("area_manager")
    shown = reviewer.get("/day/review/").text
    assert "54个" in shown
    assert "Complaints closed" in shown
    version = days()["D1"].version
    answer = post(
        reviewer, page("D1", what="review"), {"event": "return", "comment": "why so few?", "version": version}
    )
    assert answer.status_code == 302
    assert days()["D1"].state == "returned"
    assert "why so few?" in head.get("/inbox/").text


@pytest.mark.requirement("G6", "G9", "Z20")
def test_it_is_missing_on_its_days_and_by_its_hours(app, chain, head, person, at):
    def missing(when, day):
        at(when)
        with acting(app, person("area_manager")) as session:
            return [
                (item.code, item.what, item.minutes) for item in boards.missing(session, person("area_manager"), day)
            ]

    assert ("D1", "target", 20) in missing("2026-11-20 09:20", date(2026, 11, 20))
    assert ("D1", "report", 30) in missing("2026-11-20 19:00", date(2026, 11, 20))
    assert "D1" not in [code for code, *_rest in missing("2026-11-21 12:00", date(2026, 11, 21))], "Saturday is free"


@pytest.mark.requirement("G6", "G14")
def test_whoever_may_write_its_day_is_reminded_whatever_their_role_is_called(app, house, head, at):
    at("2026-11-20 08:45")
    with app.app_context():
        run_due_tasks(house)
    with acting(app) as session:
        texts = session.scalars(select(Message.text)).all()
    assert texts == ["department D1: due at 09:00."]


@pytest.mark.requirement("G6")
def test_a_department_without_people_is_not_missing_and_the_desk_says_that_nobody_is_in_charge(
    app, chain, department, client_as, person, at
):
    at("2026-11-20 12:00")
    with acting(app, person("area_manager")) as session:
        assert "D1" not in [item.code for item in boards.missing(session, person("area_manager"), date(2026, 11, 20))]
    with acting(app) as session:
        number = session.scalars(select(ReportTemplate.id)).one()
    office = client_as("head_office")
    address = f"/admin/daily_reports/template/details/?id={number}"
    assert "Nobody is in charge" in office.get(address).text
    with acting(app) as session:
        give_role(session, make_person(session, "service", department), "store_manager", department)
    shown = office.get(address).text
    assert "Nobody is in charge" not in shown
    assert "Name of service" in shown


@pytest.mark.requirement("G6")
def test_a_department_without_a_form_reports_nothing_and_says_so(app, chain, client_as, at):
    at("2026-11-20 08:45")
    manager = client_as("store_manager", chain.department)
    assert "Head office has not made a form" in manager.get(page("D1")).text
    answer = post(manager, page("D1", what="target"), {"key": KEY, "version": "0", "amount": "60"})
    assert answer.status_code == 422
    assert "Head office has not made a form" in unescape(answer.text)


@pytest.mark.parametrize(
    ("field", "value", "refusal"),
    [
        ("node_id", "store", "Choose a department."),
        ("figures", "\n".join(str(number) for number in range(11)), "At most 10 lines"),
        ("reasons", "x" * 21, "is too long"),
        ("closes", "9:00", "ends after it begins"),
        ("weekdays", "67", "not one of the choices"),
        ("figure", "", "fill this in"),
    ],
)
def test_a_form_that_would_not_work_is_refused_at_its_field(app, chain, client_as, at, field, value, refusal):
    at("2026-11-20 08:30")
    good = FORM | {"node_id": str(chain.department.id)}
    value = str(chain.stores[0].id) if value == "store" else value
    answer = post(client_as("head_office"), NEW, good | {field: value})
    assert answer.status_code == 422
    assert refusal in unescape(answer.text)


def test_a_department_has_one_form(app, department, client_as):
    answer = post(client_as("head_office"), NEW, FORM | {"node_id": str(department.id)})
    assert "has its form already" in answer.text


def test_a_form_that_changes_in_between_keeps_what_was_reported_under_its_old_names(app, head, at, days):
    at("2026-11-20 18:10")
    post(
        head,
        page("D1", what="close"),
        {"key": KEY, "version": "0", "amount": "54", "figure_0": "3", "gap_reasons": "No parts"},
    )
    with acting(app) as session:
        template = session.scalars(select(ReportTemplate)).one()
        template.figures, template.reasons = "Visits", "Rain"
    shown = head.get(page("D1")).text
    assert "Complaints closed" in shown
    assert "No parts" in shown


def test_stores_do_not_see_the_forms_fields_and_only_head_office_makes_forms(chain, department, client_as, at):
    at("2026-11-20 18:10")
    assert "Complaints closed" not in client_as("store_manager").get(page("S1") + "?step=close").text
    for role in ("area_manager", "leader", "store_manager"):
        assert client_as(role).get(NEW).status_code == 403


@pytest.mark.requirement("G4", "G6")
def test_a_department_plans_its_week_in_its_own_unit(app, chain, department, client_as, at):
    at("2026-11-20 12:00")
    manager = client_as("store_manager", department)
    shown = manager.get(week_page("D1") + "?step=plan").text
    assert "Customers called" in shown
    assert "¥" not in shown
    form = {"version": "0", "target": "300", "what_0": "call everybody of October"}
    assert post(manager, week_page("D1", what="plan"), form).status_code == 302
    assert "300个" in manager.get(week_page("D1")).text
