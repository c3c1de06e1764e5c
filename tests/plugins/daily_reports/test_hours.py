"""A day begins, is due, is late and is locked by the store's own hours, on Shanghai's clock."""

import time as system_time
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import clock
from core.org.models import Node
from plugins.daily_reports import hours

DAY = date(2026, 11, 20)


def store(opens="09:30", closes="21:30"):
    return Node(kind="store", opens=time.fromisoformat(opens), closes=time.fromisoformat(closes))


def shanghai(text):
    return datetime.fromisoformat(f"{text}+08:00")


@pytest.fixture(params=["UTC", "Asia/Shanghai", "America/New_York"])
def host_zone(request, monkeypatch):
    """The clock of the machine, which must not matter."""
    monkeypatch.setenv("TZ", request.param)
    system_time.tzset()
    yield request.param
    monkeypatch.undo()
    system_time.tzset()


@pytest.mark.requirement("G2")
@pytest.mark.parametrize(
    ("opens", "sent", "late"),
    [
        ("09:30", "2026-11-20 08:45", 0),
        ("09:30", "2026-11-20 09:30", 0),
        ("09:30", "2026-11-20 09:30:59", 0),
        ("09:30", "2026-11-20 09:31", 1),
        ("09:30", "2026-11-20 12:00", 150),
        ("11:00", "2026-11-20 10:59", 0),
        ("11:00", "2026-11-20 11:10", 10),
        ("09:30", "2026-11-21 02:59", 1049),
    ],
)
def test_a_target_is_due_when_the_store_opens(opens, sent, late):
    assert hours.late_minutes(hours.target_due(store(opens=opens), DAY), shanghai(sent)) == late


@pytest.mark.requirement("G3")
@pytest.mark.parametrize(
    ("opens", "closes", "sent", "late"),
    [
        ("09:30", "21:30", "2026-11-20 21:59", 0),
        ("09:30", "21:30", "2026-11-20 22:00", 0),
        ("09:30", "21:30", "2026-11-20 22:07", 7),
        ("09:30", "23:45", "2026-11-21 00:15", 0),
        ("09:30", "23:45", "2026-11-21 00:20", 5),
        ("16:00", "02:00", "2026-11-20 23:00", 0),
        ("16:00", "02:00", "2026-11-21 02:30", 0),
        ("16:00", "02:00", "2026-11-21 02:45", 15),
        ("00:00", "00:00", "2026-11-21 00:30", 0),
    ],
)
def test_a_report_is_due_half_an_hour_after_closing_also_of_a_night_shop(opens, closes, sent, late):
    assert hours.late_minutes(hours.report_due(store(opens, closes), DAY), shanghai(sent)) == late


def test_a_store_without_hours_counts_as_open_from_half_past_nine_to_half_past_nine():
    nameless = Node(kind="store", opens=None, closes=None)
    assert hours.target_due(nameless, DAY) == shanghai("2026-11-20 09:30")
    assert hours.report_due(nameless, DAY) == shanghai("2026-11-20 22:00")


@pytest.mark.parametrize(
    ("now", "day"),
    [
        ("2026-11-20 03:00", DAY),
        ("2026-11-20 23:59", DAY),
        ("2026-11-21 00:00", DAY),
        ("2026-11-21 02:59:59", DAY),
        ("2026-11-21 03:00", date(2026, 11, 21)),
        ("2027-01-01 02:00", date(2026, 12, 31)),
        ("2028-02-29 12:00", date(2028, 2, 29)),
        ("2028-03-01 02:59", date(2028, 2, 29)),
        ("2027-03-01 02:59", date(2027, 2, 28)),
    ],
)
def test_until_three_in_the_night_it_is_still_yesterday(now, day, host_zone):
    assert hours.working_day(shanghai(now)) == day
    assert hours.working_day(shanghai(now).astimezone(UTC)) == day


def test_the_day_is_shanghais_whatever_the_machine_thinks(host_zone, monkeypatch):
    monkeypatch.setattr("core.clock.datetime", _Stopped)
    assert clock.today() == date(2026, 11, 21)
    assert hours.working_day(clock.now()) == date(2026, 11, 21)
    assert hours.target_due(store(), DAY).astimezone(UTC) == datetime(2026, 11, 20, 1, 30, tzinfo=UTC)


class _Stopped(datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime(2026, 11, 20, 20, 0, tzinfo=UTC).astimezone(tz)  # 4 in the morning of the 21st in Shanghai


def test_a_target_is_accepted_until_three_in_the_night_after():
    assert hours.target_ends(DAY) == shanghai("2026-11-21 03:00")


@pytest.mark.requirement("G12")
def test_a_day_is_locked_48_hours_after_it_has_ended():
    assert hours.locks_at(DAY) == shanghai("2026-11-23 00:00")
    assert hours.last_locked(shanghai("2026-11-22 23:59:59")) == date(2026, 11, 19)
    assert hours.last_locked(shanghai("2026-11-23 00:00")) == DAY


@given(st.datetimes(datetime(2000, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC)))
def test_exactly_the_days_up_to_the_last_locked_one_are_locked(now):
    last = hours.last_locked(now)
    assert hours.locks_at(last) <= now < hours.locks_at(last + timedelta(days=1))


@given(st.datetimes(datetime(2000, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC)))
def test_the_day_people_work_on_never_lies_ahead_and_its_target_is_still_accepted(now):
    day = hours.working_day(now)
    assert day in (clock.local(now).date(), clock.local(now).date() - timedelta(days=1))
    assert now < hours.target_ends(day)
    assert now < hours.locks_at(day)


@pytest.mark.parametrize(
    "text", ["", "today", "2026-02-30", "2026-13-01", "0001-01-01", "9999-12-31", "1899-12-31", "2200-01-01"]
)
def test_an_address_that_names_no_day_of_ours_names_none(text):
    assert hours.day_of(text) is None


def test_an_address_names_its_day():
    assert hours.day_of("2028-02-29") == date(2028, 2, 29)
