"""Skills on a phone: noted with two taps, and named first where the day's plan needs them."""

import pytest
from sqlalchemy import select

from core.testing.factories import acting
from plugins.daily_reports.models import PlanLine
from plugins.daily_reports.skills.models import GOOD, PersonSkill, Skill
from tests.plugins.daily_reports.browser.steps import DAY, MORNING, state_line
from tests.plugins.daily_reports.browser.test_looks import TOO_SMALL, WIDER_THAN_THE_SCREEN

FIRST = "[data-what=what_0] .chip >> nth=0"


@pytest.mark.requirement("G18")
@pytest.mark.clock(MORNING)
def test_two_taps_note_a_skill_and_the_plan_names_that_person_first(app, phone, enter, people, chain, write):
    write(Skill(name="screen repair"), Skill(name="photos"))
    clerk = chain.clerks[0]
    enter(phone, people["store_manager"]).goto("/day/skills/")
    chip = phone.locator(f"#person-{clerk.id} .skill", has_text="screen repair")
    chip.tap()
    chip.tap()
    chip.locator("text=Good at it").wait_for()
    state_line(phone, "Kept")
    assert phone.evaluate(WIDER_THAN_THE_SCREEN) == 0
    assert phone.evaluate(TOO_SMALL) == []
    phone.goto(DAY)
    phone.fill("[name=amount]", "8000")
    phone.fill("[name=what_0]", "Screen repair day")
    assert phone.inner_text(FIRST).split("\n") == [clerk.name, "screen repair"]
    phone.tap(FIRST)
    assert phone.evaluate(WIDER_THAN_THE_SCREEN) == 0
    assert phone.evaluate(TOO_SMALL) == []
    phone.tap("text=Send the target")
    state_line(phone, "Target sent")
    enter(phone, people["area_manager"]).goto("/day/skills/")
    phone.get_by_text("missing in 1 of 2 stores").wait_for()
    assert phone.evaluate(WIDER_THAN_THE_SCREEN) == 0
    assert phone.evaluate(TOO_SMALL) == []
    with acting(app) as session:
        assert session.scalars(select(PlanLine.who)).one() == clerk.name
        assert session.scalars(select(PersonSkill.level)).all() == [GOOD]
