"""The Monday sheet: what stands on it, who may have it, and the PDF a worker makes."""

import re
import subprocess
import sys
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from core.access.person import acting_as
from core.auth.rights import load_person
from core.jobs.models import Job
from core.jobs.queue import file_of, run_waiting
from core.language import speaking
from core.testing.factories import acting, make_node, post
from plugins.daily_reports.models import MonthTarget, PlanLine
from plugins.daily_reports.monday.figures import sheet_of
from plugins.daily_reports.monday.paper import monday_sheet_pdf
from plugins.daily_reports.ranking import rollups
from plugins.daily_reports.ranking.periods import Period
from plugins.daily_reports.rewards import services
from plugins.daily_reports.rewards.services import Proposal

MONDAY = date(2026, 11, 16)
WEEK = [MONDAY + timedelta(days=n) for n in range(7)]
SHEET = "/admin/daily_reports/monday/"


@pytest.fixture(autouse=True)
def monday_morning(at):
    at("2026-11-23 08:30")


@pytest.fixture
def week(add):
    """A function that writes a whole week of a store, all days alike unless it is said otherwise."""

    def write(number, amount=1000, target=1000, days=WEEK, **values):
        given = {"target_late_minutes": 0, "report_late_minutes": 0} | values
        return [add(number, target, amount, day=day, **given) for day in days]

    return write


@pytest.fixture
def sheet(app, chain, person):
    """A function that reads the sheet of a place as somebody."""

    def read(node=None, who=None):
        with acting(app, who or person("head_office")) as session:
            return sheet_of(session, node or chain.chain, MONDAY)

    return read


@pytest.mark.requirement("G11")
def test_each_store_shows_its_result_its_gap_its_two_main_reasons_and_its_punctuality(chain, week, sheet):
    week(0, 800, gap_reasons=["few_visitors", "weather"])
    week(1, 1100, days=WEEK[:6], target_late_minutes=5)
    stores = {row.code: row for row in sheet(chain.areas[0]).areas[0].stores}
    first, second = stores["S1"], stores["S2"]
    assert (first.percent, first.gap, first.reasons["few_visitors"], first.in_time, first.due) == (80, -1400, 7, 7, 7)
    assert (second.percent, second.gap, second.in_time, second.due) == (110, 600, 0, 7)


@pytest.mark.requirement("G11")
def test_the_chain_shows_its_areas_best_first_and_their_sums(chain, week, sheet):
    week(0, 500)
    week(2, 1200)
    found = sheet()
    assert [area.total.name for area in found.areas][:2] == ["area A2", "area A1"]
    assert (found.total.sold, found.total.percent) == (11_900, 85)


@pytest.mark.requirement("G11", "G16")
def test_the_place_in_the_peer_group_stands_on_it_when_the_ranking_is_published(app, chain, week, sheet, client_as):
    for number in range(8):
        week(number, 1000 + number)
    assert "In its group" not in client_as("area_manager").get(SHEET).text
    with acting(app) as session:
        session.add_all(
            MonthTarget(node_id=store.id, month=date(2026, 11, 1), amount=Decimal(30_000)) for store in chain.stores
        )
        session.flush()
        rollups.publish(session, Period("week", MONDAY), WEEK[6])
    stores = {row.code: row.standing for row in sheet(chain.areas[0]).areas[0].stores}
    assert {code: line.rank for code, line in stores.items()} == {"S1": 8, "S2": 7}
    shown = client_as("area_manager").get(SHEET).text
    assert "In its group" in shown
    assert "store S3" not in shown


@pytest.mark.requirement("G11")
def test_plans_count_once_however_often_they_were_carried_over(app, chain, week, sheet):
    ids = week(0)
    with acting(app) as session:
        for position, (report, what, done, carried) in enumerate(
            [
                (ids[0], "call", False, 0),
                (ids[1], "call", False, 1),
                (ids[2], "call", True, 2),
                (ids[0], "tidy", False, 0),
                (ids[4], "tidy", False, 3),
            ]
        ):
            session.add(PlanLine(report_id=report, position=position, what=what, done=done, carried=carried))
    found = sheet(chain.areas[0])
    assert (found.total.kept, found.total.planned) == (1, 2)
    assert [(name, line.what, line.carried) for name, line in found.missed] == [("store S1", "tidy", 3)]


@pytest.mark.requirement("G11", "Z17")
def test_three_stores_to_learn_from_reported_every_day_and_wrote_what_they_learned(chain, week, sheet):
    week(0, 1500, days=WEEK[:6], reflection="left the bad day out")
    week(1, 1400)
    for number, amount in ((2, 1300), (3, 1200), (4, 1100), (5, 1050)):
        week(number, amount, reflection=f"learned in S{number + 1}")
    assert [(lesson.name, lesson.percent, lesson.said) for lesson in sheet().lessons] == [
        ("store S3", 130, "learned in S3"), ("store S4", 120, "learned in S4"), ("store S5", 110, "learned in S5"),
    ]  # fmt: skip


@pytest.mark.requirement("G7", "G11")
def test_rewards_of_the_week_stand_on_it_what_waits_first(app, chain, week, sheet, person):
    week(0)
    with acting(app, person("area_manager")) as session:
        for key, since in (
            ("in", WEEK[6]),
            ("before", WEEK[0] - timedelta(days=1)),
            ("after", WEEK[6] + timedelta(days=1)),
        ):
            proposal = Proposal(chain.stores[0].id, "penalty", f"late {key}", Decimal(50), since, since, "An hour late")
            services.propose(session, proposal, key=key)
    assert [(name, reward.what) for name, reward in sheet(chain.areas[0]).rewards] == [("store S1", "late in")]


def test_a_week_in_which_nothing_happened_says_so(chain, sheet, client_as):
    found = sheet(chain.areas[0])
    assert (found.total.percent, found.total.gap, found.lessons, found.missed, found.rewards) == (
        None,
        None,
        [],
        [],
        [],
    )
    shown = client_as("area_manager").get(SHEET).text
    for words in ("Nothing was planned in this week.", "None is proposed or published for this week."):
        assert words in shown


@pytest.mark.requirement("G11")
def test_one_tap_shows_last_week_of_ones_own_part(chain, week, client_as):
    week(0, 800)
    shown = client_as("area_manager").get(SHEET).text
    assert "Monday sheet of area A1" in shown
    assert "2026-11-16 – 2026-11-22" in shown
    assert ("store S2" in shown, "store S3" in shown) == (True, False)
    assert f'href="{SHEET}"' in client_as("area_manager").get("/day/").text
    assert f"Monday sheet of {chain.chain.name}" in client_as("leader").get(SHEET).text


@pytest.mark.requirement("G11", "J4")
def test_another_part_of_the_chain_is_answered_like_one_that_does_not_exist(chain, client_as):
    client = client_as("area_manager")
    nowhere = client.get(f"{SHEET}?below=NOWHERE")
    for code in ("A2", "S3", "R1", chain.chain.code, "%00"):
        foreign = client.get(f"{SHEET}?below={code}")
        assert (foreign.status_code, foreign.text) == (404, nowhere.text), code
        assert post(client, f"{SHEET}pdf/", {"below": code}).status_code == 404
    assert client.get(f"{SHEET}?below=S1").status_code == 200
    assert client_as("store_manager").get(SHEET).status_code == 403


@pytest.mark.parametrize("week", ["2026-11-24", "x", "9999-12-31"])
def test_a_week_that_has_not_come_does_not_exist(chain, client_as, week):
    assert client_as("head_office").get(f"{SHEET}?week={week}").status_code == 404


def test_the_week_that_goes_on_says_that_it_is_not_over(chain, client_as):
    assert "This week is not over" in client_as("head_office").get(f"{SHEET}?week=2026-11-23").text
    assert "This week is not over" not in client_as("head_office").get(SHEET).text


def test_more_stores_and_plans_take_no_more_statements(app, chain, week, client_as, statements):
    client = client_as("head_office")
    week(0)
    client.get(SHEET)
    with statements() as few:
        client.get(SHEET)
    with acting(app) as session:
        more = [make_node(session, "store", f"X{number:02}", chain.areas[number % 4]) for number in range(20)]
    assert more
    for number in range(1, 8):
        week(number)
    with statements() as many:
        client.get(SHEET)
    assert len(many) == len(few)


def text_of(path):
    """The text of a PDF, and how many pages it has."""
    text = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True, text=True).stdout
    return text, text.count("\f")


@pytest.mark.requirement("G11")
def test_a_worker_makes_the_pdf_of_an_area_on_one_page(app, chain, house, week, client_as):
    week(0, 800, gap_reasons=["few_visitors"], reflection="Stood at the door")
    week(1, 1100, reflection="Called old customers")
    client = client_as("area_manager")
    answer = post(client, f"{SHEET}pdf/", {"below": "A1", "week": "2026-11-16"})
    number = int(re.fullmatch(r"/jobs/(\d+)", answer.location)[1])
    with app.app_context():
        assert run_waiting(house) == 1
    with acting(app) as session:
        job = session.scalars(select(Job)).one()
    assert (job.state, job.file_name) == ("done", "Monday sheet of area A1 2026-11-16.pdf")
    text, pages = text_of(file_of(house, number))
    assert pages == 1
    for words in (
        "Monday sheet of area A1",
        "store S1",
        "80%",
        "-1,400",
        "Few visitors",
        "store S2",
        "Called old customers",
    ):
        assert words in text, words
    assert "store S3" not in text
    assert client.get(f"/jobs/{number}/file").data[:5] == b"%PDF-"


def test_a_place_that_was_taken_away_meanwhile_makes_no_pdf(app, chain, house, client_as):
    from core.auth.models import Assignment

    post(client_as("area_manager"), f"{SHEET}pdf/", {"below": "A1", "week": "2026-11-16"})
    with acting(app) as session:
        for row in session.scalars(select(Assignment).where(Assignment.person_id == chain.people["area_manager"].id)):
            session.delete(row)
    with app.app_context():
        run_waiting(house)
    with acting(app) as session:
        assert session.scalars(select(Job)).one().state == "failed"


def test_the_pdf_is_in_chinese_for_who_reads_chinese(app, chain, week, tmp_path, person):
    week(0, 800, gap_reasons=["few_visitors"], reflection="站在门口迎客")
    with app.app_context(), acting(app, person("head_office")) as session, speaking("zh_Hans_CN"):
        (tmp_path / "a.pdf").write_bytes(monday_sheet_pdf(session, chain.areas[0], MONDAY, lambda _part: None))
    text, _pages = text_of(tmp_path / "a.pdf")
    for words in ("周一例会表", "向三家店学习", "客流少"):
        assert words in text.replace(" ", "")
    fonts = subprocess.run(["pdffonts", str(tmp_path / "a.pdf")], capture_output=True, check=True, text=True).stdout
    assert "CJK" in fonts


def test_what_people_wrote_stays_text_on_the_paper(app, chain, week, tmp_path, person):
    week(0, 1100, reflection='<img src="file:///etc/passwd"><script>x</script> & more')
    with app.app_context(), acting(app, person("head_office")) as session:
        (tmp_path / "a.pdf").write_bytes(monday_sheet_pdf(session, chain.areas[0], MONDAY, lambda _part: None))
    assert "<script>x</script> & more" in text_of(tmp_path / "a.pdf")[0]


@pytest.mark.requirement("G11")
def test_without_the_library_the_job_says_what_to_do(app, chain, house, client_as, monkeypatch):
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    client = client_as("area_manager")
    answer = post(client, f"{SHEET}pdf/", {"below": "A1", "week": "2026-11-16"})
    with app.app_context():
        run_waiting(house)
    assert "Print the page in the browser instead" in client.get(answer.location).text
    assert client.get(SHEET).status_code == 200


def test_the_progress_grows_to_the_end(app, chain, week):
    week(0)
    parts = []
    with app.app_context(), acting(app) as session:
        with acting_as(load_person(session, chain.people["leader"].id)):
            monday_sheet_pdf(session, chain.chain, MONDAY, parts.append)
    assert parts == sorted(parts)
    assert 0 < parts[0] < parts[-1] < 1
