"""Pages a person puts on their own home."""

import re

import pytest

from core.admin import pins
from core.registry import switching
from core.testing.factories import acting, post

pytestmark = pytest.mark.requirement("J12")


def shortcuts(client):
    """The titles under "My pages" on a home."""
    part = re.search(r'<nav class="shortcuts".*?</nav>', client.get("/").text, re.S)
    return re.findall(r"<span>(.*?)</span>", part[0])


def switch(app, turn):
    """Turn the day reports on or off as `plugin enable` does."""
    with acting(app) as session:
        turn(session, app.extensions["backoffice"], "daily_reports")
        session.commit()


def test_a_page_of_the_menu_is_put_on_ones_own_home_and_taken_off(client_as):
    client, neighbour = client_as("head_office"), client_as("leader")
    answer = post(client, "/pins", {"pin": "org_store"})
    assert answer.location == "/admin/"
    assert shortcuts(client) == ["Stores", "Choose pages"]
    assert 'name="unpin" value="org_store" aria-pressed="true"' in client.get("/admin/").text
    assert shortcuts(neighbour) == ["Choose pages"]

    post(client, "/pins", {"unpin": "org_store"})
    assert shortcuts(client) == ["Choose pages"]


def test_pages_stand_in_the_order_they_were_chosen_and_once_each(client_as):
    client = client_as("head_office")
    for endpoint in ("org_person", "org_store", "org_person"):
        post(client, "/pins", {"pin": endpoint})
    assert shortcuts(client) == ["People", "Stores", "Choose pages"]


def test_what_one_may_not_open_cannot_be_put_there(client_as):
    client = client_as("store_manager")
    assert post(client, "/pins", {"pin": "plugins"}).status_code == 404
    assert post(client, "/pins", {"pin": "nothing.of.this.name"}).status_code == 404
    assert shortcuts(client) == ["Choose pages"]


def test_a_page_whose_door_closes_waits_unseen(client_as, app):
    switch(app, switching.enable)
    client = client_as("head_office")
    post(client, "/pins", {"pin": "daily_reports_day"})
    assert shortcuts(client) == ["Day reports", "Choose pages"]
    switch(app, switching.disable)
    assert shortcuts(client) == ["Choose pages"]
    switch(app, switching.enable)
    assert shortcuts(client) == ["Day reports", "Choose pages"]


def test_a_full_home_says_so_and_takes_no_more(client_as, monkeypatch):
    monkeypatch.setattr(pins, "MOST", 2)
    client = client_as("head_office")
    for endpoint in ("org_person", "org_store", "org_calendar"):
        post(client, "/pins", {"pin": endpoint})
    assert "Your home holds 2 pages: take one off first." in client.get("/admin/").text
    assert shortcuts(client) == ["People", "Stores", "Choose pages"]
