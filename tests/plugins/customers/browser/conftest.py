"""Phones and desks that are signed in."""

from contextlib import ExitStack

import pytest

from core.testing.browser import PHONE, open_page
from core.testing.factories import sign_in


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
