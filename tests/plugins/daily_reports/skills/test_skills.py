"""Who can do what: noted where people work, read as far as one's right reaches, and named first where a plan needs it."""

from datetime import date
from html import unescape
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from core.audit import AuditEntry
from core.testing.factories import acting, make_person, post
from plugins.daily_reports.models import PlanLine
from plugins.daily_reports.skills import overview, services
from plugins.daily_reports.skills.models import CAN, GOOD, TEACHES, PersonSkill, Skill
from plugins.daily_reports.skills.rollups import Helper
from plugins.daily_reports.skills.team import Mate, best_first
from plugins.daily_reports.week.models import WeekLine
from tests.plugins.daily_reports.steps import FETCH, KEY, page

pytestmark = pytest.mark.requirement("G18")
SCREEN, PHOTOS = "screen repair", "photos"


def skills_of(code, what=""):
    return f"/day/skills/at/{code}/{what}"


@pytest.fixture
def skills(app, chain, at):
    """The ids of two skills on head office's list, on Friday morning."""
    at("2026-11-20 08:45")
    with acting(app) as session:
        rows = [Skill(name=SCREEN), Skill(name=PHOTOS)]
        session.add_all(rows)
        session.flush()
        return SimpleNamespace(screen=rows[0].id, photos=rows[1].id)


@pytest.fixture
def give(app, skills):
    """`give(person, skill, level)` writes a skill down, past the page."""

    def write(person, skill, level):
        with acting(app) as session:
            services.note(session, person.id, skill, level)

    return write


@pytest.fixture
def noted(app):
    """What is noted: `{(person, skill): (level, since, noted by)}`."""

    def read():
        with acting(app) as session:
            rows = session.scalars(select(PersonSkill))
            return {(row.person_id, row.skill_id): (row.level, row.since, row.noted_by) for row in rows}

    return read


# ---- noting ----


def test_a_tap_notes_a_skill_with_its_day_and_who_noted_it(chain, client_as, skills, noted):
    clerk, manager = chain.clerks[0], chain.people["store_manager"]
    chip = f'value="{clerk.id}-{skills.screen}-1"'
    assert chip in client_as("store_manager").get(skills_of("S1")).text
    answer = post(client_as("store_manager"), skills_of("S1", "note"), {"note": f"{clerk.id}-{skills.screen}-1"})
    assert (answer.status_code, answer.location) == (302, f"{skills_of('S1')}#person-{clerk.id}")
    assert noted() == {(clerk.id, skills.screen): (CAN, date(2026, 11, 20), manager.id)}
    assert f'value="{clerk.id}-{skills.screen}-2"' in client_as("store_manager").get(skills_of("S1")).text


def test_the_last_tap_takes_it_back_and_the_audit_keeps_every_one(app, chain, client_as, skills, noted):
    deputy, clerk = client_as("deputy"), chain.clerks[0]
    for level in (1, 2, 3, 0):
        answer = post(deputy, skills_of("S1", "note"), {"note": f"{clerk.id}-{skills.screen}-{level}"}, headers=FETCH)
        assert answer.json == {"level": level}
    assert noted() == {}
    with acting(app) as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.resource == "daily_reports:person_skill"))
        assert len(entries.all()) == 4


def test_the_same_tap_sent_again_changes_neither_day_nor_name(app, chain, client_as, give, skills, noted, at):
    give(chain.clerks[0], skills.screen, GOOD)
    before = noted()
    at("2026-11-25 10:00")
    post(client_as("store_manager"), skills_of("S1", "note"), {"note": f"{chain.clerks[0].id}-{skills.screen}-2"})
    assert noted() == before


def test_a_skill_goes_with_its_person_to_another_store(app, chain, client_as, give, skills):
    clerk = chain.clerks[0]
    give(clerk, skills.screen, GOOD)
    with acting(app) as session:
        session.get(type(clerk), clerk.id).node_id = chain.stores[4].id
    assert clerk.name not in client_as("store_manager").get(skills_of("S1")).text
    assert "Good at it" in client_as("store_manager", chain.stores[4]).get(skills_of("S5")).text


def test_nobody_notes_a_skill_of_another_stores_people_or_one_that_is_not_offered(app, chain, client_as, skills, noted):
    manager, own, foreign = client_as("store_manager"), chain.clerks[0], chain.clerks[1]
    with acting(app) as session:
        session.get(Skill, skills.photos).retired = True
    for code, text, expected in (
        ("S1", f"{foreign.id}-{skills.screen}-1", 404), ("S2", f"{foreign.id}-{skills.screen}-1", 404),
        ("S1", f"{own.id}-{skills.photos}-1", 404), ("S1", f"{own.id}-999-1", 404),
        ("S1", f"{own.id}-{skills.screen}-4", 400), ("S1", f"{own.id}-{skills.screen}", 400), ("S1", "", 400),
    ):  # fmt: skip
        assert post(manager, skills_of(code, "note"), {"note": text}).status_code == expected, text
    assert (
        post(client_as("area_manager"), skills_of("A1", "note"), {"note": f"{own.id}-{skills.screen}-1"}).status_code
        == 404
    )
    assert noted() == {}


# ---- reading ----


def test_the_area_notes_and_reads_its_stores_a_clerk_reads_their_own_and_nobody_reads_elsewhere(
    chain, client_as, give, skills
):
    give(chain.clerks[0], skills.screen, TEACHES)
    answers = {
        role: [client_as(role).get(skills_of(code)).status_code for code in ("S1", "S2", "S3", "A1", "CHAIN")]
        for role in ("clerk", "store_manager", "area_manager", "head_office", "it")
    }
    assert answers["clerk"] == answers["store_manager"] == [200, 404, 404, 404, 404]
    assert answers["area_manager"] == [200, 200, 404, 200, 404]
    assert answers["it"] == [403] * 5
    shown = client_as("clerk").get(skills_of("S1")).text
    assert "Teaches it" in shown
    assert chain.clerks[0].name in shown
    assert "<button class" not in shown
    note = {"note": f"{chain.clerks[0].id}-{skills.screen}-1"}
    assert post(client_as("clerk"), skills_of("S1", "note"), note).status_code == 403
    assert post(client_as("area_manager"), skills_of("S1", "note"), note).status_code == 302


def test_each_opens_their_own_place_and_a_clerk_finds_the_way_on_the_home(chain, client_as, give, skills):
    for role, code in (("clerk", "S1"), ("deputy", "S1"), ("area_manager", "A1")):
        assert client_as(role).get("/day/skills/").location == skills_of(code)
    give(chain.people["clerk"], skills.photos, CAN)
    home = client_as("clerk").get("/").text
    assert "My skills" in home
    assert PHOTOS in home
    assert "My skills" not in client_as("store_manager").get("/").text
    assert (
        skills_of("S1")
        in client_as("store_manager").get(page("S1") + "?step=sent").text + client_as("leader").get(page("S1")).text
    )
    assert "/day/skills/" in client_as("area_manager").get("/day/").text


def test_the_store_sees_first_what_nobody_there_can_do(chain, client_as, give, skills):
    give(chain.clerks[0], skills.screen, CAN)
    give(chain.clerks[1], skills.photos, TEACHES)
    shown = client_as("store_manager").get(skills_of("S1")).text
    assert "Nobody here can do: photos" in shown
    assert chain.clerks[1].name not in shown, "who can help elsewhere is for the area to say"
    give(chain.clerks[0], skills.photos, CAN)
    assert "Somebody here can do each of the 2 skills." in client_as("store_manager").get(skills_of("S1")).text


def test_the_area_sees_each_gap_and_who_of_the_area_can_help(app, chain, client_as, give, skills):
    here, there, far = chain.clerks[0], chain.clerks[1], chain.clerks[4]
    give(here, skills.screen, CAN)
    give(there, skills.photos, GOOD)
    give(far, skills.screen, TEACHES)
    shown = unescape(client_as("area_manager").get(skills_of("A1")).text)
    screen, photos = shown.index(f"<h2>{SCREEN}"), shown.index(f"<h2>{PHOTOS}")
    assert there.name in shown[photos:]
    assert "Nobody in the area is good at it" in shown[screen:photos], "one who can just do it is no help"
    assert far.name not in shown
    assert "missing in 1 of 2 stores" in shown
    assert "screen repair nobody" in shown


def test_the_chain_counts_the_stores_that_lack_a_skill_area_by_area(chain, client_as, give, skills):
    for clerk in chain.clerks[:6]:
        give(clerk, skills.screen, CAN)
    shown = client_as("leader").get(skills_of("CHAIN")).text
    assert f"{SCREEN} 2" in shown
    assert f"{PHOTOS} 2" in shown
    assert shown.index(">area A4<") < shown.index(">area A1<"), "who lacks most comes first"
    assert [chain.clerks[0].name in shown] == [False]


def test_the_pages_ask_as_often_for_many_people_as_for_few(app, chain, client_as, give, skills, statements):
    office, manager = client_as("head_office"), client_as("store_manager")
    give(chain.clerks[0], skills.screen, GOOD)

    def asked():
        counts = []
        for client, url in (*((office, skills_of(code)) for code in ("S1", "A1", "CHAIN")), (manager, page("S1"))):
            client.get(url)
            with statements() as seen:
                assert client.get(url).status_code == 200
            counts.append(len(seen))
        return counts

    few = asked()
    with acting(app) as session:
        more = [make_person(session, f"more.{number}", chain.stores[number % 2], "clerk") for number in range(8)]
    for person in more:
        give(person, skills.screen, GOOD)
    assert asked() == few


def test_without_a_list_the_pages_say_who_writes_it(chain, client_as, at):
    at("2026-11-20 08:45")
    assert "Head office writes down which skills matter" in client_as("store_manager").get(skills_of("S1")).text
    assert "/admin/daily_reports/skill/new/" in client_as("head_office").get(skills_of("CHAIN")).text


# ---- the desk ----


def test_head_office_keeps_the_list_and_a_skill_stands_on_it_once(chain, client_as, skills):
    office, new = client_as("head_office"), "/admin/daily_reports/skill/new/"
    assert post(office, new, {"name": "老人课堂"}).status_code == 302
    answer = post(office, new, {"name": SCREEN})
    assert (answer.status_code, "is on the list already" in unescape(answer.text)) == (422, True)
    assert post(client_as("area_manager"), new, {"name": "x"}).status_code == 403


def test_the_notes_are_a_list_and_a_file_within_reach(chain, client_as, give, skills):
    give(chain.clerks[0], skills.screen, GOOD)
    give(chain.clerks[4], skills.screen, TEACHES)
    area, address = client_as("area_manager"), "/admin/daily_reports/person_skill/"
    for shown in (area.get(address).text, area.get(f"{address}export/csv/").text):
        assert chain.clerks[0].name in shown
        assert SCREEN in shown
        assert chain.clerks[4].name not in shown


# ---- the plan ----

SKILLED = [Mate(1, "Li", {PHOTOS: GOOD}), Mate(2, "Wu", {SCREEN: CAN}), Mate(3, "An"), Mate(4, "He", {SCREEN: TEACHES, PHOTOS: CAN})]  # fmt: skip


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("Call 20 customers", "Li Wu An He"),
        ("Offer Screen Repair at the door", "He Wu Li An"),
        ("Take photos", "Li He Wu An"),
        ("photos of every screen repair", "He Li Wu An"),
    ],
)
def test_those_who_can_do_what_a_line_says_come_first_and_the_best_of_them_before(what, expected):
    assert [mate.name for mate in best_first(what, SKILLED)] == expected.split()


def test_beside_a_name_stands_what_the_line_needs_then_what_somebody_is_best_at():
    mate = Mate(1, "Li", {SCREEN: CAN, PHOTOS: GOOD, "till": TEACHES})
    assert mate.best_for("") == ["till", PHOTOS]
    assert mate.best_for("a screen repair") == [SCREEN, "till"]


def test_stores_with_two_who_can_lend_one_come_first_among_the_helpers():
    alone, one, two = Helper(1, 7, "alone", TEACHES), Helper(1, 8, "one", GOOD), Helper(1, 8, "two", TEACHES)
    other_skill = Helper(2, 7, "alone", GOOD)
    assert [helper.name for helper in overview.who_can_help([alone, one, two])] == ["two", "one", "alone"]
    assert overview.who_can_help([alone, other_skill])[0] is alone


def test_the_days_plan_offers_the_stores_people_with_their_skills_and_takes_several(
    app, chain, client_as, give, skills
):
    give(chain.clerks[0], skills.screen, GOOD)
    give(chain.clerks[1], skills.screen, TEACHES)
    manager = client_as("store_manager")
    shown = manager.get(page("S1")).text
    assert f'name="team_0" value="{chain.clerks[0].name}"' in shown
    assert f"<small>{SCREEN}</small>" in shown
    assert chain.clerks[1].name not in shown
    names = [chain.clerks[0].name, chain.people["deputy"].name]
    form = {"key": KEY, "version": "0", "amount": "8000", "what_0": SCREEN, "team_0": names, "who_0": "Aunt May Wu"}
    assert post(manager, page("S1", what="target"), form).status_code == 422, "too many for one line"
    shown = post(manager, page("S1", what="target"), form).text
    assert f'value="{names[0]}" checked' in shown
    assert shown.index(f'value="{names[0]}"') < shown.index(f'value="{names[1]}"'), "the line names their skill"
    assert 'name="who_0" maxlength="40" value="Aunt May Wu"' in shown
    assert post(manager, page("S1", what="target"), form | {"team_0": names[0]}).status_code == 302
    with acting(app) as session:
        assert session.scalars(select(PlanLine.who)).one() == f"{names[0]}、Aunt May Wu"
    shown = manager.get(page("S1") + "?step=target").text
    assert f'value="{names[0]}" checked' in shown
    assert 'name="who_0" maxlength="40" value="Aunt May Wu"' in shown


def test_the_weeks_plan_offers_them_too(app, chain, client_as, give, skills, at):
    at("2026-11-16 09:00")
    give(chain.clerks[0], skills.screen, GOOD)
    manager, week = client_as("store_manager"), "/day/week/at/S1/2026-11-16/"
    shown = manager.get(week).text
    assert f'name="team_4" value="{chain.clerks[0].name}"' in shown
    form = {"key": KEY, "version": "0", "what_1": "Training", "team_1": [chain.clerks[0].name]}
    assert post(manager, f"{week}plan", form).status_code == 302
    with acting(app) as session:
        assert session.scalars(select(WeekLine.owner)).one() == chain.clerks[0].name
