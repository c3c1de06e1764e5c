"""Numbers for codes are given once, whoever asks at the same time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from core.access.person import SYSTEM, acting_as
from core.codes import is_valid
from core.sequences import chain_codes, document_codes, reserve

DAY = date(2026, 11, 21)


@pytest.fixture
def database(app):
    return app.extensions["backoffice"].database


def test_a_sequence_starts_at_one_and_goes_on(database):
    with database.transaction() as session, acting_as(SYSTEM):
        assert list(reserve(session, "x", 3)) == [1, 2, 3]
        assert list(reserve(session, "x")) == [4]
        assert list(reserve(session, "y")) == [1]


@pytest.mark.requirement("J2")
def test_codes_are_valid_and_count_by_store_and_day(database):
    with database.transaction() as session, acting_as(SYSTEM):
        first, second = document_codes(session, "SO", "SZ-NS-0123", DAY, 2)
        assert first.startswith("SO-SZNS0123-261121-0001-")
        assert second.startswith("SO-SZNS0123-261121-0002-")
        assert is_valid(first)
        assert chain_codes(session, "C")[0].startswith("C-0000000001-")


@pytest.mark.requirement("J2")
def test_eight_at_once_never_get_the_same_number(database):
    def take(_turn):
        with database.transaction() as session, acting_as(SYSTEM):
            return list(reserve(session, "race", 2))

    with ThreadPoolExecutor(8) as pool:
        numbers = [number for block in pool.map(take, range(24)) for number in block]
    assert sorted(numbers) == list(range(1, 49))
