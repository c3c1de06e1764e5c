"""The side navigation: rendered once for all who may open the same, and still each person's and each page's own."""

import re

STORES, PEOPLE = "/admin/org/store/", "/admin/org/person/"


def navigation(client, page):
    """Return the addresses in the navigation of a page, and which of them it marks as open."""
    side = re.search(r'<nav class="side".*?</nav>', client.get(page).text, re.S)[0]
    return re.findall(r'href="(/admin/[^"]*)"', side), re.findall(r'href="([^"]*)" class="active"', side)


def test_each_page_marks_itself_and_shows_nobody_elses_doors(client_as):
    boss, other, clerk = client_as("head_office"), client_as("head_office"), client_as("clerk")
    doors, here = navigation(boss, STORES)
    assert STORES in doors and here == [STORES]
    assert navigation(other, PEOPLE) == (doors, [PEOPLE])
    assert navigation(boss, STORES) == (doors, [STORES])
    few, nowhere = navigation(clerk, "/inbox/")
    assert set(few) < set(doors) and STORES not in few and nowhere == []


def test_who_is_not_signed_in_has_no_navigation(app):
    assert 'class="side-group"' not in app.test_client().get("/login").text
