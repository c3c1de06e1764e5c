"""The demonstration's days: every row is one the services could have written, whenever it is loaded."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from core.access.person import SYSTEM
from core.access.scope import unscoped
from core.api import Node, clock, closed_ids, people_at
from core.clock import SHANGHAI
from core.testing.application import SECRET_KEY
from core.testing.databases import fresh_database
from core.testing.factories import acting
from plugins.daily_reports import boards, hours, months, sample_days, states
from plugins.daily_reports.after_the_report import FIGURES
from plugins.daily_reports.departments.models import ReportTemplate
from plugins.daily_reports.models import GAP_REASONS, TENDERS, Correction, DayReport, MonthTarget, PlanLine
from plugins.daily_reports.morning import morning_of
from plugins.daily_reports.sample_sales import gap_reasons, split_takings
from plugins.daily_reports.services import MOST_LINES
from plugins.daily_reports.skills.models import PersonSkill
from plugins.daily_reports.week import states as week_states
from plugins.daily_reports.week.models import WeekLine, WeekReport

TODAY = date(2026, 11, 18)
"""A Wednesday."""
YESTERDAY = TODAY - timedelta(days=1)
STORES, DAYS = 12, 7
BETTER = {"big_order", "promotion"}
TABLES = (DayReport, PlanLine, Correction, MonthTarget, ReportTemplate, WeekReport, WeekLine, PersonSkill)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@contextmanager
def stopped(text: str, **rates: float) -> Iterator[pytest.MonkeyPatch]:
    """Stop the clock at a time in Shanghai, and let rare things happen as often as `rates` say."""
    instant = moment(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: instant)
        patch.setattr("core.demo.hash_password", lambda password: "no hash")
        for name, rate in rates.items():
            patch.setattr(sample_days, name, rate)
        yield patch


@contextmanager
def loaded(url: str, folder: Any, *, stores: int = STORES, days: int = DAYS, seed: int = 1) -> Iterator[Any]:
    """Load a chain into a database and give a session that sees all of it."""
    from config.settings import Settings
    from core.app import create_app
    from core.commands.context import Shell
    from core.demo import load_demo

    shell = Shell()
    settings = Settings(env="testing", database_url=url, data_dir=folder, secret_key=SECRET_KEY)
    shell.__dict__["app"] = create_app(settings)
    load_demo(shell, stores=stores, days=days, seed=seed)
    with acting(shell.app) as session, unscoped("a test looks at everything"):
        yield session
    shell.house.database.dispose()


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database_url(request, tmp_path_factory, database_template):
    """One demonstration chain for all tests of this file that only look at it."""
    folder = tmp_path_factory.mktemp("demo")
    with fresh_database(request.param, folder, database_template(request.param)) as url:
        yield url


@pytest.fixture(scope="module")
def reading(database_url, tmp_path_factory):
    """The chain at 10:40 in the morning."""
    folder = tmp_path_factory.mktemp("data")
    with stopped("2026-11-18 10:40"), loaded(database_url, folder) as session:
        yield session


@pytest.fixture
def on_sqlite(tmp_path_factory, database_template):
    """`with on_sqlite("2026-11-18 06:00", RETURNED=0.5) as session:` loads a small chain at that time."""

    @contextmanager
    def start(text: str, *, stores: int = 6, days: int = 3, **rates: float) -> Iterator[Any]:
        folder = tmp_path_factory.mktemp("chain")
        with (
            stopped(text, **rates),
            fresh_database("sqlite", folder, database_template("sqlite")) as url,
            loaded(url, folder, stores=stores, days=days) as session,
        ):
            yield session

    return start


def reports(session: Any) -> list[DayReport]:
    at_stores = DayReport.node_id.in_(select(Node.id).where(Node.kind == "store"))
    return list(session.scalars(select(DayReport).where(at_stores).order_by(DayReport.day, DayReport.node_id)))


def stores(session: Any) -> dict[int, Node]:
    return {node.id: node for node in session.scalars(select(Node).where(Node.kind == "store"))}


def check(session: Any) -> Counter[str]:
    """Hold every report against the rules; return how many there are in each state."""
    now, nodes = clock.now(), stores(session)
    for report in reports(session):
        node = nodes[report.node_id]
        told = f"{node.code} {report.day} {report.state}"
        assert (report.area_id, report.region_id) == (node.area_id, node.region_id), told
        assert (report.state == states.LOCKED) == (now >= hours.locks_at(report.day)), told
        _check_figures(report, told)
        _check_state(report, told)
        _check_times(report, node, now, told)
        _check_people(session, report, node, told)
    return Counter(report.state for report in reports(session))


def _check_figures(report: DayReport, told: str) -> None:
    morning = (report.target_amount, report.target_at, report.target_by, report.target_late_minutes)
    evening = (report.amount, report.reported_at, report.reported_by, report.report_late_minutes)
    for together in (morning, evening):
        assert len({value is None for value in together}) == 1, told
    assert report.target_amount is not None or report.amount is not None, told
    if report.amount is None:
        assert (report.tenders, report.gap_reasons, report.visitors) == ({}, [], None), told
        return
    assert 5_000 < report.amount < 500_000, told
    assert set(report.tenders) == set(TENDERS), told
    assert sum(map(Decimal, report.tenders.values())) == report.amount, told
    assert all(Decimal(value) >= 0 for value in report.tenders.values()), told
    assert report.visitors >= report.buyers >= 1 and report.units >= 1, told
    assert set(report.gap_reasons) <= set(GAP_REASONS), told
    if report.gap_reasons:
        assert (report.gap > 0) == bool(BETTER & set(report.gap_reasons)), told


def _check_state(report: DayReport, told: str) -> None:
    reviewed = report.reviewed_at is not None
    match report.state:
        case states.TARGET_SET:
            assert report.target_at and not report.reported_at and not reviewed, told
        case states.REPORTED:
            assert report.reported_at and (not reviewed or report.reviewed_at < report.reported_at), told
        case states.READ:
            assert report.reported_at and reviewed and report.reviewed_at > report.reported_at, told
        case states.RETURNED:
            assert report.reported_at and reviewed and report.review_comment, told
    assert reviewed == (report.reviewed_by is not None), told


def _check_times(report: DayReport, node: Node, now: datetime, told: str) -> None:
    for at in (report.target_at, report.reported_at, report.reviewed_at):
        assert at is None or report.created_at <= at <= report.updated_at, told
    assert report.updated_at <= now, told
    if report.target_at:
        late = hours.late_minutes(hours.target_due(node, report.day), report.target_at)
        assert report.target_late_minutes == late, told
        assert report.target_at < hours.target_ends(report.day), told
    if report.reported_at:
        late = hours.late_minutes(hours.report_due(node, report.day), report.reported_at)
        # A report that was sent again keeps how late the first one was.
        first_was_earlier = report.reviewed_at is not None and report.report_late_minutes < late
        assert report.report_late_minutes == late or first_was_earlier, told
        assert clock.at(report.day, node.opens) < report.reported_at < hours.locks_at(report.day), told
    if report.reviewed_at:
        assert report.reviewed_at < hours.locks_at(report.day), told


def _check_people(session: Any, report: DayReport, node: Node, told: str) -> None:
    held = people_at(session, {node.id}, {"store_manager", "deputy"}, report.day).get(node.id, set())
    assert {report.target_by, report.reported_by} - {None} <= held, told
    reviewers = people_at(session, {node.area_id}, {"area_manager"}, report.day)[node.area_id]
    assert {report.reviewed_by} - {None} <= reviewers - held, told


def test_every_report_is_one_that_the_services_could_have_written(reading):
    found = check(reading)
    assert found[states.LOCKED] > found[states.READ] > 0


def test_every_week_is_one_that_the_services_could_have_written(reading):
    weeks = reading.scalars(select(WeekReport)).all()
    assert Counter(week.state for week in weeks).keys() == set(week_states.STATES)
    for week in weeks:
        told = f"{week.node_id} {week.week}"
        assert week.week.weekday() == 0, told
        assert week_states.plan_opens(week.week) <= week.planned_at < week_states.plan_ends(week.week), told
        assert week.plan_late_minutes == hours.late_minutes(week_states.plan_due(week.week), week.planned_at), told
        assert max(week.planned_at, week.summed_up_at or week.planned_at) <= clock.now(), told
        assert (week.state == week_states.SUMMED_UP) == bool(week.summed_up_at) == bool(week.reflection), told
        if week.summed_up_at:
            late = hours.late_minutes(week_states.summary_due(week.week), week.summed_up_at)
            assert week.summary_late_minutes == late, told
            assert week_states.summary_opens(week.week) <= week.summed_up_at < week_states.locks_at(week.week), told
        present = people_at(reading, {week.node_id}, {"store_manager"}).get(week.node_id)
        assert present is None or week.planned_by in present, told
    assert len(reading.scalars(select(WeekLine.id)).all()) > len(weeks)


def test_the_department_with_a_form_reports_on_its_days_and_in_its_own_words(reading):
    template = reading.scalars(select(ReportTemplate)).one()
    days = reading.scalars(select(DayReport).where(DayReport.node_id == template.node_id)).all()
    for report in days:
        assert str(report.day.isoweekday()) in template.weekdays
        assert set(report.figures) == set(template.figure_names)
        assert set(report.gap_reasons) <= set(template.reason_names)
        assert (report.state == states.LOCKED) == (clock.now() >= hours.locks_at(report.day))


def test_each_open_day_of_each_store_is_told_and_no_closed_one(reading):
    nodes = list(stores(reading).values())
    told = Counter(report.day for report in reports(reading))
    for n in range(DAYS + 1):
        day = TODAY - timedelta(days=n)
        closed = closed_ids(reading, nodes, day)
        assert not closed & {report.node_id for report in reports(reading) if report.day == day}
        assert told[day] >= (len(nodes) - len(closed)) * 0.6
    assert min(told) == TODAY - timedelta(days=DAYS)
    assert max(told) == TODAY


def test_in_the_morning_most_targets_of_the_day_are_set_and_nothing_is_reported(reading):
    today = [report for report in reports(reading) if report.day == TODAY]
    assert STORES * 0.6 <= len(today) < STORES
    assert {report.state for report in today} == {states.TARGET_SET}


def test_the_target_of_today_was_filled_in_as_the_page_would_do_it(reading):
    nodes = stores(reading)
    for report in reports(reading):
        if report.day == TODAY:
            assert report.suggested_amount == morning_of(reading, nodes[report.node_id], TODAY).suggested.amount


def test_targets_lie_near_what_the_page_suggests(reading):
    filled_in = [report for report in reports(reading) if report.suggested_amount]
    away = sorted(abs(report.target_amount / report.suggested_amount - 1) for report in filled_in)
    assert away[len(away) // 2] < Decimal("0.1")
    assert away[-1] < 1


def test_the_board_of_yesterday_has_every_colour(reading):
    groups = boards.board(reading, SYSTEM, YESTERDAY)
    colours = Counter(store.meaning for group in groups for store in group.stores)
    assert colours["good"] and colours["watch"] + colours["bad"] >= 2


def test_no_two_stores_take_the_same_on_a_day(reading):
    taken = [(report.day, report.amount) for report in reports(reading) if report.amount is not None]
    assert len(set(taken)) == len(taken)


def test_plan_lines_are_few_and_numbered_and_name_people_of_the_store(reading):
    by_report: defaultdict[int, list[PlanLine]] = defaultdict(list)
    for line in reading.scalars(select(PlanLine).order_by(PlanLine.position)):
        by_report[line.report_id].append(line)
    for report in reports(reading):
        lines = by_report[report.id]
        assert bool(lines) == (report.target_at is not None)
        assert [line.position for line in lines] == list(range(len(lines))) and len(lines) <= MOST_LINES
        assert len({line.what for line in lines}) == len(lines)
        assert not any(line.done for line in lines) or report.reported_at
        assert all(line.what and line.who and line.due for line in lines)


def test_a_line_that_is_carried_over_was_left_undone_on_the_last_planned_day(reading):
    lines: defaultdict[int, dict[str, PlanLine]] = defaultdict(dict)
    for line in reading.scalars(select(PlanLine)):
        lines[line.report_id][line.what] = line
    last: dict[int, DayReport] = {}
    carried = 0
    for report in reports(reading):
        for line in lines[report.id].values():
            if line.carried:
                carried += 1
                before = lines[last[report.node_id].id][line.what]
                assert not before.done and before.carried == line.carried - 1
        if report.target_at:
            last[report.node_id] = report
    assert carried > 5


def test_month_targets_add_up_from_the_stores_to_the_chain(reading):
    kinds = dict(reading.execute(select(Node.id, Node.kind)).all())
    sums: defaultdict[tuple[date, str], Decimal] = defaultdict(Decimal)
    for target in reading.scalars(select(MonthTarget)):
        sums[target.month, kinds[target.node_id]] += target.amount
    assert {month for month, _kind in sums} == {date(2026, 10, 1), date(2026, 11, 1)}
    for month in (date(2026, 10, 1), date(2026, 11, 1)):
        assert len({sums[month, kind] for kind in ("chain", "region", "area", "store")}) == 1


def test_splitting_a_month_again_by_its_weights_changes_nothing(on_sqlite):
    with on_sqlite("2026-11-18 10:40", stores=24, days=60) as session:
        month = MonthTarget.month == date(2026, 11, 1)
        query = select(MonthTarget.node_id, MonthTarget.amount).where(month)
        before = dict(session.execute(query).all())
        chain = select(Node.id).where(Node.kind == "chain").scalar_subquery()
        whole = session.scalars(select(MonthTarget).where(month, MonthTarget.node_id == chain)).one()
        assert months.split(session, whole) == len(before) - 1
        assert dict(session.execute(query).all()) == before


def test_rare_things_happen_by_the_rules_too(on_sqlite):
    rates = dict.fromkeys(("MISSED_TARGET", "MISSED_REPORT", "LATE_REPORT"), 0.2)
    with on_sqlite("2026-11-18 12:10", stores=12, RETURNED=0.4, CORRECTED=0.5, **rates) as session:
        found = check(session)
        assert set(found) == set(states.STATES)
        assert session.scalars(select(DayReport.id).where(DayReport.target_at.is_(None))).all()
        by_id = {report.id: report for report in reports(session)}
        corrections = session.scalars(select(Correction)).all()
        assert corrections
        for line in corrections:
            report = by_id[line.report_id]
            assert line.field in FIGURES and line.reason and line.before != line.after
            assert line.after.replace(",", "") == str(getattr(report, line.field))
            assert report.reported_at < line.at <= clock.now()


@pytest.mark.parametrize(
    "time, targets_today, reports_today",
    [
        ("01:20", False, False),
        ("06:00", False, False),
        ("09:25", True, False),
        ("17:00", True, False),
        ("23:50", True, True),
    ],
)
def test_it_looks_right_at_whatever_hour_it_is_loaded(on_sqlite, time, targets_today, reports_today):
    with on_sqlite(f"2026-11-18 {time}") as session:
        check(session)
        today = [report for report in reports(session) if report.day == TODAY]
        assert bool(today) == targets_today
        assert any(report.reported_at for report in today) == reports_today
        assert any(report.reported_at for report in reports(session) if report.day == YESTERDAY)


def test_without_any_day_there_are_month_targets_and_the_morning(on_sqlite):
    with on_sqlite("2026-11-18 10:40", days=0) as session:
        assert {report.day for report in reports(session)} == {TODAY}
        assert session.scalars(select(MonthTarget.id)).first()


def test_nobody_sells_on_the_days_the_chain_is_closed(on_sqlite):
    with on_sqlite("2027-02-10 10:40", days=6) as session:
        days = {report.day for report in reports(session)}
        assert date(2027, 2, 5) in days and date(2027, 2, 9) in days
        assert not days & {date(2027, 2, 6), date(2027, 2, 7)}


def test_the_same_seed_gives_the_same_rows_on_both_databases(postgres_server, tmp_path_factory, database_template):
    dumps = []
    for kind, seed in (("sqlite", 7), ("postgres", 7), ("sqlite", 8)):
        folder = tmp_path_factory.mktemp(kind)
        with (
            stopped("2026-11-18 12:10"),
            fresh_database(kind, folder, database_template(kind)) as url,
            loaded(url, folder, stores=8, days=4, seed=seed) as session,
        ):
            every = {model: select(*model.__table__.c).order_by(model.id) for model in TABLES}
            dumps.append({model: session.execute(query).all() for model, query in every.items()})
    assert dumps[0] == dumps[1]
    assert dumps[0][DayReport] != dumps[2][DayReport]


@pytest.mark.parametrize("seed", range(40))
def test_takings_by_tender_always_add_up(seed):
    chance = Random(seed)
    amount = Decimal(chance.randrange(1, 40_000_000)).scaleb(-2)
    parts = [Decimal(part) for part in split_takings(amount, chance).values()]
    assert sum(parts) == amount and min(parts) >= 0


@pytest.mark.parametrize(
    "percent, better, worse", [(130, True, False), (100, False, False), (97, False, False), (60, False, True)]
)
def test_reasons_are_named_for_a_gap_and_fit_its_side(percent, better, worse):
    for seed in range(50):
        for cause in ("big_order", "few_visitors", "weather", ""):
            named = set(gap_reasons(cause, percent, Random(seed)))
            assert bool(named - BETTER) == worse
            assert not named & BETTER or better
