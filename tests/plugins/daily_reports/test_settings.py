"""What a chain or a place sets of the daily reports, and what their pages make of it."""

import pytest

from core.registry import setting_changes
from core.testing.factories import acting
from plugins.daily_reports.models import DayReport
from tests.plugins.daily_reports.steps import FRIDAY

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.mark.requirement("J14", "J21")
def test_where_more_time_is_given_a_report_is_late_later(app, house, chain, client_as, at):
    at("2026-11-20 22:20")  # fifty minutes after closing
    with acting(app) as session:
        for store in chain.stores[:4]:
            session.add(DayReport(node_id=store.id, day=FRIDAY, state="planned", target_amount=8000))
    office = client_as("head_office")

    def missing():
        page = office.get("/day/missing/").text
        return [store.code for store in chain.stores[:4] if store.name in page]

    assert missing() == ["S1", "S2", "S3", "S4"]
    with acting(app) as session:
        setting_changes.change(session, house.host, "daily_reports", {"report_grace": "60"}, chain.areas[0])
    assert missing() == ["S3", "S4"]
