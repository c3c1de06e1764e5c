"""Codes that people read, type and say."""

import datetime
import itertools

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.codes import (
    ALPHABET,
    LAST_SEQUENCE,
    check_character,
    is_valid,
    make_chain_code,
    make_code,
    normalise,
)

DAY = datetime.date(2026, 11, 21)
codes = st.builds(
    make_code,
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=2, max_size=2),
    st.text(ALPHABET, min_size=1, max_size=16),
    st.dates(datetime.date(2000, 1, 1), datetime.date(2099, 12, 31)),
    st.integers(1, LAST_SEQUENCE),
) | st.builds(make_chain_code, st.sampled_from("ABCXYZ"), st.integers(1, 10**10 - 1))


@pytest.mark.requirement("J2")
def test_a_code_tells_kind_store_day_and_number():
    assert make_code("SO", "NS0123", DAY, 1) == f"SO-NS0123-261121-0001-{check_character('SONS01232611210001')}"
    assert make_code("RO", "SZ-NS-0123", DAY, 42).startswith("RO-SZNS0123-261121-0042-")
    assert make_chain_code("C", 123) == f"C-0000000123-{check_character('C0000000123')}"


def test_a_code_printed_once_stays_valid_for_ever():
    assert make_code("SO", "NS0123", DAY, 1) == "SO-NS0123-261121-0001-K"
    assert make_chain_code("C", 123) == "C-0000000123-W"


@given(codes)
def test_every_code_made_is_valid(code):
    assert is_valid(code)
    assert normalise(code) == code


@given(codes, st.data())
def test_case_spaces_width_and_dashes_do_not_matter(code, data):
    marks = st.sampled_from(["", "-", " ", "—", "－", "\u3000"])
    typed = "".join(data.draw(marks) + character for character in code.replace("-", ""))
    wide = "".join(chr(ord(character) + 0xFEE0) if "!" <= character <= "~" else character for character in typed)
    for form in (typed, typed.lower(), wide):
        assert normalise(form) == code
        assert is_valid(form)


@given(codes, st.data())
def test_every_single_wrong_character_is_caught(code, data):
    place = data.draw(st.sampled_from([index for index, character in enumerate(code) if character != "-"]))
    wrong = data.draw(st.sampled_from(ALPHABET))
    assume(wrong != code[place])
    assert not is_valid(code[:place] + wrong + code[place + 1 :])


@given(codes, st.integers(0, 30))
def test_every_swap_of_neighbours_is_caught(code, place):
    compact = code.replace("-", "")
    assume(place + 1 < len(compact) and compact[place] != compact[place + 1])
    swapped = compact[:place] + compact[place + 1] + compact[place] + compact[place + 2 :]
    assert not is_valid(swapped)


def test_no_pair_of_characters_escapes_the_check():
    for one, other in itertools.permutations(ALPHABET, 2):
        assert check_character(f"A{one}{other}7") != check_character(f"A{other}{one}7")
        assert check_character(f"A{one}7") != check_character(f"A{other}7")
        assert check_character(f"A{one}5{other}7") != check_character(f"A{other}5{one}7")
        assert check_character(f"A{one}{one}7") != check_character(f"A{other}{other}7")
        assert check_character(one) != other or check_character(other) != one


@pytest.mark.parametrize("code", ["", "-", "SO", "SO-NS0123-261121-0001", "000", "SO-NS0123-261321-0001-", "张三"])
def test_what_is_no_whole_code_is_not_valid(code):
    assert not is_valid(code)
    assert not is_valid(f"{code}{check_character('SONS01232613210001')}")


@given(st.text())
def test_any_text_can_be_asked_about(text):
    assert is_valid(text) in (True, False)


def test_numbers_go_on_behind_9999_and_keep_their_order():
    made = [make_code("SO", "S1", DAY, number) for number in (1, 9_999, 10_000, 10_001, LAST_SEQUENCE)]
    assert [code.split("-")[3] for code in made] == ["0001", "9999", "A000", "A001", "ZZZZ"]
    assert made == sorted(made)


@pytest.mark.parametrize(
    ("prefix", "store", "day", "sequence"),
    [("S", "S1", DAY, 1), ("so", "S1", DAY, 1), ("S1", "S1", DAY, 1), ("SO", "", DAY, 1),
     ("SO", "店", DAY, 1), ("SO", "S" * 17, DAY, 1), ("SO", "S1", datetime.date(1999, 12, 31), 1),
     ("SO", "S1", datetime.date(2100, 1, 1), 1),
     ("SO", "S1", DAY, 0), ("SO", "S1", DAY, LAST_SEQUENCE + 1)],
)  # fmt: skip
def test_a_code_that_could_not_be_read_back_is_not_made(prefix, store, day, sequence):
    with pytest.raises(ValueError):
        make_code(prefix, store, day, sequence)


@pytest.mark.parametrize(("prefix", "sequence"), [("CC", 1), ("c", 1), ("1", 1), ("C", 0), ("C", 10**10)])
def test_a_chain_code_has_one_letter_and_ten_digits(prefix, sequence):
    with pytest.raises(ValueError):
        make_chain_code(prefix, sequence)
