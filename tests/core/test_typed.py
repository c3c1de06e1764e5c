"""What a person may type, and what it means."""

import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import typed
from core.language import current_locale, set_locale
from core.typed import BadValue


@pytest.fixture(autouse=True)
def _english():
    before = current_locale()
    set_locale("en")
    yield
    set_locale(before)


def yuan(fen):
    return Decimal(fen).scaleb(-2)


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("80000", 8_000_000),
        ("80,000", 8_000_000),
        ("80 000", 8_000_000),
        ("８００００", 8_000_000),
        ("８０，０００．５０", 8_000_050),
        ("8万", 8_000_000),
        ("8.5万", 8_500_000),
        ("８．５ 万元", 8_500_000),
        ("1.2亿", 12_000_000_000),
        ("8千", 800_000),
        ("3百万", 300_000_000),
        ("¥8,000.50", 800_050),
        ("￥8000", 800_000),
        ("  8000元整 ", 800_000),
        ("1.234567万", 1_234_567),
        ("80.1200", 8_012),
        ("0", 0),
        ("-12.3", -1_230),
        ("¥-12.3", -1_230),
        ("−5", -500),
        ("\u202a80000\u202c", 8_000_000),
    ],
)
def test_money_is_understood_as_people_write_it(text, fen):
    assert typed.money(text) == yuan(fen)


@pytest.mark.parametrize(
    "text",
    ["", "  ", "abc", "8w", "RMB 8", "八万", "8万5", "1,5", "1,2345", "8,00,000", "8..5", ".", "元", "1.234",
     "0.001元", "0.0000001万", "--5", "-¥-5", "5-", "1e5", "1E+10", "10²", "①", "1/2", "8 0000", "(5)",
     "9" * 30, "1." + "3" * 99, "9" * 9_000, "8亿亿", "NaN", "∞"],
)  # fmt: skip
def test_what_might_not_be_the_amount_meant_is_refused(text):
    with pytest.raises(BadValue) as refused:
        typed.money(text)
    assert str(refused.value)


def test_bounds_of_an_amount_are_named_in_yuan():
    assert typed.money("0.01", minimum=yuan(1)) == yuan(1)
    with pytest.raises(BadValue, match="more than 0"):
        typed.money("0", minimum=yuan(1))
    with pytest.raises(BadValue, match="at least 10 yuan"):
        typed.money("9.99", minimum=10)
    with pytest.raises(BadValue, match="8,000,000 yuan is more than the 1,000,000 yuan .* zeros"):
        typed.money("800万", maximum=1_000_000)


def test_an_amount_too_large_for_the_database_is_refused():
    assert typed.money(typed.show_money(typed.LARGEST_AMOUNT)) == typed.LARGEST_AMOUNT
    with pytest.raises(BadValue):
        typed.money(typed.show_money(typed.LARGEST_AMOUNT + yuan(1)))


def test_scientific_notation_is_explained():
    with pytest.raises(BadValue, match="Excel"):
        typed.mobile("1.38E+10")


@given(st.integers(-typed.LARGEST, typed.LARGEST))
def test_money_reads_back_what_show_money_shows(fen):
    assert typed.money(typed.show_money(yuan(fen))) == yuan(fen)


def test_amounts_are_shown_with_decimals_only_when_they_have_some():
    assert [typed.show_money(yuan(fen)) for fen in (123_450, 123_400, 5, 0, -123_405)] == [
        "1,234.50", "1,234", "0.05", "0", "-1,234.05",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fen", "shown"),
    [(12_345_600, "12.3万"), (10_000_000, "100,000"), (10_000_100, "10万"), (9_999_950, "99,999.50"),
     (123_456_789_000, "123,456.8万"), (-12_345_600, "-12.3万"), (19_999_999, "20万")],
)  # fmt: skip
def test_large_amounts_are_shown_in_wan(fen, shown):
    assert typed.show_wan(yuan(fen)) == shown


@pytest.mark.parametrize(
    ("text", "number"),
    [("1234", 1234), ("1,234", 1234), ("１２３４", 1234), ("607.0", 607), ("-5", -5), ("007", 7)],
)
def test_whole_numbers(text, number):
    assert typed.integer(text) == number


@pytest.mark.parametrize("text", ["", "1.5", "1e3", "x", "1,23", "٣", "9" * 20, "9" * 5_000])
def test_what_is_no_whole_number_is_refused(text):
    with pytest.raises(BadValue):
        typed.integer(text)


def test_bounds_of_a_number_are_named():
    assert typed.integer("3", minimum=3, maximum=3) == 3
    with pytest.raises(BadValue, match="at least 3"):
        typed.integer("2", minimum=3)
    with pytest.raises(BadValue, match="at most 1,000"):
        typed.integer("1001", maximum=1_000)


def test_percentages_are_points_with_or_without_their_sign():
    assert typed.percent("85") == typed.percent("８５％") == Decimal(85)
    assert typed.percent("12.5 %") == Decimal("12.5")
    assert typed.percent("0.85") == Decimal("0.85")
    for wrong in ("", "a", "5‰", "1,5", "100%%"):
        with pytest.raises(BadValue):
            typed.percent(wrong)
    with pytest.raises(BadValue, match="100"):
        typed.percent("101%", maximum=100)


@pytest.mark.parametrize(
    "text",
    ["2026-11-21", "2026/11/21", "2026.11.21", "20261121", "2026年11月21日", "2026 年 11 月 21 日",
     "２０２６－１１－２１", "2026-11-21T00:00:00", "2026-11-21 08:30", "2026/11/21 8:30:15",
     "2026-11-21T15:59:00Z", "2026-11-20T16:00:00+00:00"],
)  # fmt: skip
def test_a_day_is_understood_in_every_common_form(text):
    assert typed.date(text) == datetime.date(2026, 11, 21)


@pytest.mark.parametrize(
    "text",
    ["", "2026-02-30", "2025-02-29", "21/11/2026", "26-11-21", "11-21", "2026-11/21", "2026", "2026-13-01",
     "0000-01-01", "9999-12-31", "1899-12-31", "46347", "2026-11-21 25:00", "today"],
)  # fmt: skip
def test_what_is_no_day_is_refused(text):
    with pytest.raises(BadValue):
        typed.date(text)


@pytest.mark.parametrize(
    ("text", "day"),
    [("1", (1900, 1, 1)), ("59", (1900, 2, 28)), ("61", (1900, 3, 1)), ("46347", (2026, 11, 21)),
     ("46347.75", (2026, 11, 21))],
)  # fmt: skip
def test_serial_numbers_of_excel_are_days_only_when_asked_for(text, day):
    assert typed.date(text, serials=True) == datetime.date(*day)
    with pytest.raises(BadValue):
        typed.date(text)


@pytest.mark.parametrize("text", ["0", "60", "-1", "999999"])
def test_serial_numbers_without_a_day_are_refused(text):
    with pytest.raises(BadValue):
        typed.date(text, serials=True)


@given(st.dates(datetime.date(1900, 3, 1), datetime.date(2199, 12, 31)), st.sampled_from(["-", "/", "."]))
def test_a_day_means_the_same_in_every_form(day, mark):
    serial = (day - datetime.date(1899, 12, 30)).days
    forms = [day.isoformat(), f"{day:%Y%m%d}", f"{day.year}{mark}{day.month}{mark}{day.day}",
             f"{day.year}年{day.month}月{day.day}日", str(serial)]  # fmt: skip
    assert {typed.date(form, serials=True) for form in forms} == {day}


@pytest.mark.parametrize(
    "text", ["8:30", "08：30", "0830", "830", "8:30:00", "8点30", "8点半", "8时30分", " ８：３０ "]
)
def test_times_of_day(text):
    assert typed.time(text) == datetime.time(8, 30)


@pytest.mark.parametrize("text", ["", "24:00", "8:60", "8:3", "8", "25", "08300", "8.30", "noon"])
def test_what_is_no_time_of_day_is_refused(text):
    with pytest.raises(BadValue):
        typed.time(text)


@pytest.mark.parametrize(
    "text",
    ["13800138000", "138 0013 8000", "138-0013-8000", "１３８００１３８０００", "+8613800138000",
     "+86 138 0013 8000",
     "008613800138000", "8613800138000", "013800138000", "(+86)13800138000", "\u202d13800138000\u202c",
     "13800138000.0", "13800138000\t"],
)  # fmt: skip
def test_mainland_mobiles_become_eleven_digits(text):
    assert typed.mobile(text) == "13800138000"


def test_mobiles_of_elsewhere_become_e164():
    assert typed.mobile("+852 9123 4567") == "+85291234567"
    assert typed.mobile("00852-91234567") == "+85291234567"


@pytest.mark.parametrize(
    "text",
    ["", "1380013800", "138001380001", "12800138000", "0755-12345678", "+86 755 12345678", "91234567",
     "85291234567", "+852123", "+999123456789", "+1-800-FLOWERS", "13800138000 转 5",
     "13800138000/13900139000", "+", "张三"],
)  # fmt: skip
def test_what_is_no_mobile_is_refused(text):
    with pytest.raises(BadValue):
        typed.mobile(text)


@given(st.integers(13_000_000_000, 19_999_999_999).map(str), st.sampled_from(["", "+86", "0086", "0", "86 "]))
def test_a_mobile_is_the_same_with_and_without_its_prefix(number, prefix):
    assert typed.mobile(prefix + number) == number


def test_a_masked_mobile_hides_four_digits_or_more():
    assert typed.mask_mobile("13800138000") == "138****8000"
    assert typed.mask_mobile("+85291234567") == "+85****4567"
    assert typed.mask_mobile("91234567") == "****4567"
    assert typed.mask_mobile("9123456") == typed.mask_mobile("") == "****"


def test_text_loses_what_cannot_be_seen_and_keeps_the_rest():
    assert typed.text(" \u202e张\u200b三\x00\x1b \r\n第二行\t好 ") == "张三 \n第二行 好"
    assert typed.text("e\u0301") == "é"
    assert typed.text("👩‍👩‍👧 ❤️ 🏴󠁧󠁢󠁥󠁮󠁧󠁿") == "👩‍👩‍👧 ❤️ 🏴󠁧󠁢󠁥󠁮󠁧󠁿"
    with pytest.raises(BadValue, match="4 .* 3"):
        typed.text("四个字符", 3)
    assert typed.text("三个字 ", 3) == "三个字"


@given(st.text(st.characters(exclude_categories=[])))
def test_cleaning_text_twice_changes_nothing_and_a_database_can_store_it(value):
    once = typed.text(value)
    assert typed.text(once) == once
    assert "\0" not in once
    once.encode()


def test_yes_and_no():
    assert all(typed.boolean(text) for text in ("是", "yes", "Y", "TRUE", "１", " 1 "))
    assert not any(typed.boolean(text) for text in ("否", "no", "N", "False", "0"))
    for wrong in ("", "maybe", "2", "是否"):
        with pytest.raises(BadValue):
            typed.boolean(wrong)


@pytest.mark.parametrize(
    "kind", [typed.money, typed.integer, typed.percent, typed.date, typed.time, typed.mobile, typed.boolean]
)
@given(
    text=st.text(
        st.sampled_from("0123456789,.-+:/ eE%¥元万亿年月日点半\u202a\0１，") | st.characters(exclude_categories=[])
    )
)
def test_anything_typed_is_understood_or_refused_with_a_message(kind, text):
    try:
        kind(text)
    except BadValue as refused:
        assert str(refused)
