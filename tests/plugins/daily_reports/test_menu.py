"""The pages of the day stand first in the menu; the rest is kept under headings."""

import re

import pytest


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_pages_without_a_heading_stand_above_those_with_one(chain, client_as):
    page = client_as("head_office").get("/admin/").text
    part = re.search(r'<section class="home-card with-body"><h2>Daily reports</h2>.*?</section>', page, re.DOTALL)[0]
    found = re.findall(r'doors-part">([^<]+)<|<li><a [^>]*>([^<]+)<', part)
    assert [f"[{heading}]" if heading else title for heading, title in found] == [
        "Today&#39;s board", "Ranking", "Day reports", "Month targets", "Department reports",
        "[The week]", "Monday sheet", "Weeks",
        "[Rewards and penalties]", "Rewards and penalties", "Settle a month", "Reward rules",
        "[Stores and people]", "New stores", "Who can do what", "Skills",
    ]  # fmt: skip
