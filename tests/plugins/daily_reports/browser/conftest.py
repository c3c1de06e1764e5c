"""Phones and desks that are signed in, and rows for them to see."""

from contextlib import ExitStack
from datetime import datetime

import pytest
from sqlalchemy import func, select

from core.testing.browser import PHONE, open_page
from core.testing.factories import acting, make_person, sign_in
from plugins.daily_reports.models import DayReport, MonthTarget
from tests.plugins.daily_reports.browser.steps import MORNING, THURSDAY


@pytest.fixture(autouse=True)
def signed_in_then(monkeypatch, page_problems):
    """Sessions are made by the test's own clock, which must stand near the server's."""
    page_problems.allow("favicon.*ERR_INTERNET_DISCONNECTED")  # the icon of a tab, asked for when the network is gone
    monkeypatch.setattr("core.clock.now", lambda: datetime.fromisoformat(MORNING))


@pytest.fixture
def people(app, chain):
    """By name: manager, deputy and area manager of the first store, the leader, a manager elsewhere."""
    with acting(app) as session:
        other = make_person(session, "other.manager", chain.stores[2], "store_manager")
    return {name: chain.people[name] for name in ("store_manager", "deputy", "area_manager", "leader")} | {
        "other": other
    }


@pytest.fixture
def enter(app, live_server):
    """`enter(page, person)` signs a page's browser in, past the password."""

    def sign(page, person):
        cookie = sign_in(app.test_client(), person).get_cookie("session")
        page.context.clear_cookies()
        page.context.add_cookies([{"name": "session", "value": cookie.value, "url": live_server.url}])
        return page

    return sign


@pytest.fixture
def another(browser, live_server, page_problems):
    """One more phone, or with `**DESK` a desk; `java_script_enabled=False` for one without scripts."""
    with ExitStack() as stack:
        yield lambda **device: stack.enter_context(
            open_page(browser, live_server.url, page_problems, **(PHONE | device))
        )


@pytest.fixture
def write(app, chain):
    """Write rows: `write(DayReport(...), ...)`; of the first store unless they say otherwise."""

    def add(*rows):
        with acting(app) as session:
            for row in rows:
                if isinstance(row, DayReport | MonthTarget) and row.node_id is None:
                    row.node_id = chain.stores[0].id
                session.add(row)
                session.flush()
        return rows[0]

    return add


@pytest.fixture
def day_of(app, chain):
    """The report of a day as the database has it, at the first store."""

    def read(day=THURSDAY, store=0):
        with acting(app) as session:
            query = select(DayReport).where(DayReport.node_id == chain.stores[store].id, DayReport.day == day)
            return session.scalars(query).one_or_none()

    return read


@pytest.fixture
def count(app):
    """How many rows of a table there are."""

    def rows(model):
        with acting(app) as session:
            return session.scalar(select(func.count()).select_from(model))

    return rows
