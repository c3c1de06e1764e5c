"""What is used most stands first in the menu; the rest is kept under headings."""

import re

import pytest

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
pytestmark = on_sqlite


def menu_of(client):
    """The customers' part of the menu: titles of links, and `[heading]` before those it keeps."""
    page = client.get("/admin/customers/customer/").text
    part = re.search(r'data-group="Customers".*?(?=<details class="side-group"|</div>)', page, re.DOTALL)[0]
    found = re.findall(r"<summary>([^<]+)</summary>|<li><a [^>]*><span>([^<]+)</span>", part)
    return [f"[{heading}]" if heading else title for heading, title in found]


def test_who_stands_at_a_counter_finds_it_first(clerk):
    assert menu_of(clerk(0))[:3] == ["Counter", "Customers", "Who may buy"]
    answer = clerk(0).get("/admin/customers/counter/")
    assert (answer.status_code, answer.location) == (302, "/customers/")


def test_head_office_has_no_counter_and_finds_the_rest_under_headings(chain, client_as):
    assert menu_of(client_as("head_office")) == [
        "Customers", "Who may buy", "Contacts",
        "[Double records]", "Same person?", "Merged records", "How many people",
        "[Overview]", "Who our customers are", "Who brings the profit", "How complete the records are",
        "[Gifts]", "Gifts in stock", "Gifts handed out", "Kinds of gifts",
        "[Rules and proofs]", "What counters ask", "Proofs of erasure",
    ]  # fmt: skip


def test_a_heading_over_one_link_is_left_out(chain, client_as):
    shown = menu_of(client_as("leader"))
    assert "How many people" in shown and "[Double records]" not in shown
