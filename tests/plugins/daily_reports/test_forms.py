"""What a person types on the phone is understood, or refused at its field with everything kept."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from plugins.daily_reports import forms
from plugins.daily_reports.services import Line


def target_of(**typed):
    return forms.read_target(MultiDict(typed))


def result_of(*pairs, **typed):
    return forms.read_result(MultiDict([*typed.items(), *pairs]))


@pytest.mark.requirement("G2")
@pytest.mark.parametrize(
    ("typed", "yuan"),
    [
        ("12000", 12_000), ("12,000", 12_000), ("１２０００", 12_000), ("8万", 80_000), ("８．５万", 85_000), ("1.2 万元", 12_000),
        ("¥8000", 8_000), (" 8000 ", 8_000), ("\u300012000\u3000", 12_000), ("1", 1), ("10000000", 10_000_000), ("888.88", "888.88"),
    ],
)  # fmt: skip
def test_a_target_is_understood_as_people_write_it(typed, yuan):
    target, read = target_of(amount=typed)
    assert not read.errors
    assert target.amount == Decimal(yuan)


@pytest.mark.parametrize(
    "typed",
    ["", "  ", "0", "0.5", "-1", "-8万", "1000000000000", "1千万零一", "abc", "1,5", "8万8", "1e5", "NaN", "１２ａ"],
)
def test_an_amount_that_cannot_be_a_target_is_refused_at_its_field_and_kept(typed):
    target, read = target_of(amount=typed, what_0="call ten customers", who_0="Li")
    assert target is None
    assert list(read.errors) == ["amount"]
    assert read.errors["amount"]
    assert read.texts == {"amount": typed, "what_0": "call ten customers", "who_0": "Li"}


def test_a_zero_too_many_is_asked_about():
    _, read = target_of(amount="1000000000000")
    assert "Too many zeros?" in read.errors["amount"]


def test_an_empty_form_says_what_is_needed():
    assert target_of()[1].errors == {"amount": "Please fill this in."}
    assert result_of()[1].errors == {"amount": "Please fill this in."}


@pytest.mark.requirement("G1", "G2")
def test_a_target_brings_its_plan_and_empty_lines_are_left_out():
    target, _ = target_of(
        amount="8000", units="１２", attach_percent="35%", suggested="7900", what_0="call ten customers", who_0="Li", due_0="noon",
        what_1="  ", who_1="Wang", what_2="show the new phone",
    )  # fmt: skip
    assert (target.units, target.attach_percent, target.suggested) == (12, 35, 7900)
    assert target.lines == (Line("call ten customers", "Li", "noon"), Line("show the new phone"))


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("what_0", "x" * 121),
        ("who_1", "x" * 41),
        ("due_2", "x" * 21),
        ("units", "-1"),
        ("units", "1.5"),
        ("attach_percent", "301"),
    ],
)
def test_what_does_not_fit_is_refused_at_its_field(field, typed):
    target, read = target_of(**{"amount": "8000", field: typed})
    assert target is None
    assert list(read.errors) == [field]
    assert read.texts[field] == typed


@pytest.mark.parametrize("sent", ["", "abc", "-5", "99999999999"])
def test_a_broken_suggestion_never_keeps_a_target_from_being_sent(sent):
    target, read = target_of(amount="8000", suggested=sent)
    assert target.suggested is None
    assert not read.errors


@pytest.mark.requirement("G3", "G10")
def test_a_report_says_result_reason_reflection_and_tomorrow():
    result, read = result_of(
        ("gap_reasons", "price"), ("gap_reasons", "weather"), ("gap_reasons", "no such reason"), ("done", "7"), ("done", "9"),
        amount="0", visitors="120", buyers="14", units="15", gap_note="rain", reflection="began too late", tomorrow="call first",
    )  # fmt: skip
    assert not read.errors
    assert (result.amount, result.visitors, result.buyers, result.units) == (0, 120, 14, 15)
    assert (result.gap_reasons, result.gap_note) == (("price", "weather"), "rain")
    assert (result.reflection, result.tomorrow) == ("began too late", "call first")
    assert result.done == {7, 9}


@pytest.mark.parametrize("typed", ["", "-1", "1000000000000", "twelve"])
def test_a_result_that_cannot_be_is_refused_at_its_field_and_kept(typed):
    result, read = result_of(("gap_reasons", "price"), ("done", "7"), amount=typed, reflection="a long day")
    assert result is None
    assert "amount" in read.errors
    assert (read.texts["amount"], read.texts["reflection"]) == (typed, "a long day")
    assert read.ticked == {"gap_reasons": ["price"], "done": ["7"]}


def test_takings_that_do_not_add_up_are_refused_with_both_sums():
    result, read = result_of(amount="8000", tender_wechat="5,000", tender_cash="2千")
    assert result is None
    assert read.errors["amount"] == "The takings add up to 7,000.00, the result says 8,000.00. Correct one of them."


def test_takings_that_add_up_are_kept_by_tender():
    result, _ = result_of(
        amount="8000.50", tender_wechat="5000.5", tender_cash="3000", tender_card="0", tender_other=""
    )
    assert result.tenders == {"wechat": Decimal("5000.50"), "cash": 3000, "card": 0}


def test_more_buyers_than_visitors_is_refused_and_equally_many_are_not():
    assert list(result_of(amount="1", visitors="3", buyers="4")[1].errors) == ["buyers"]
    assert result_of(amount="1", visitors="4", buyers="4")[0].buyers == 4
    assert result_of(amount="1", buyers="4")[0].buyers == 4


def test_what_the_source_offered_is_not_for_the_form_to_say():
    assert result_of(amount="1", source_amount="99")[0].source_amount is None


def test_ticks_that_name_no_line_count_as_none():
    result, _ = result_of(("done", "x"), ("done", "-1"), ("done", "²"), ("done", "9" * 5000), amount="1")
    assert result.done == frozenset()


@given(
    st.dictionaries(
        st.sampled_from(["amount", "units", "visitors", "buyers", "tender_cash", "what_0", "gap_note", "suggested"]),
        st.text(),
    )
)
def test_anything_can_be_typed_and_comes_back_as_it_was(typed):
    for read_form in (forms.read_target, forms.read_result):
        meant, read = read_form(MultiDict(typed))
        assert read.texts == typed
        assert (meant is None) == bool(read.errors)


def test_a_forms_key_is_kept_and_an_odd_one_replaced():
    key = "0b4e5f4e-6f0c-4a8e-9d7e-3a7f1f0a9b11"
    assert forms.form_key({"key": key}) == key
    assert len({forms.form_key({"key": odd}) for odd in ("", "1", "x" * 500)}) == 3
