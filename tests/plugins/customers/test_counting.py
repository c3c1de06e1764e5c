"""How many different people: never one number without how sure it is, and how it came about."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.testing.factories import acting, post
from plugins.customers import counted, counting, plugin, services
from plugins.customers.counting import Band, Count
from plugins.customers.models import Customer, Pair

PAGE = "/admin/customers/count/"


@pytest.mark.requirement("Z9")
@pytest.mark.parametrize(
    ("same", "answered", "low", "high"),
    [(0, 0, 0, 1), (0, 10, 0, 0.2775), (10, 10, 0.7225, 1), (5, 10, 0.2366, 0.7634), (81, 263, 0.2553, 0.3662)],
)
def test_the_bounds_of_a_rate_are_wilsons(same, answered, low, high):
    """The last line is Newcombe's example, Statistics in Medicine 17 (1998), table I."""
    assert counting.wilson(same, answered) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


@pytest.mark.requirement("Z9")
def test_a_pair_that_likelier_ones_imply_takes_nobody_off_twice():
    pairs = [(1, 2, 0.9), (2, 3, 0.5), (1, 3, 0.7), (4, 5, 0.2), (5, 4, 0.3)]
    assert counting.joining(pairs) == [0.9, 0.7, 0.3]
    assert counting.joining([]) == []


@pytest.mark.requirement("Z9")
def test_before_two_hundred_answers_the_count_is_a_bound_and_then_an_interval_that_narrows():
    bound = Count(1000, 100, 0, [Band(2, 199, 100, 50)])
    assert (bound.is_measured, bound.people, bound.least, bound.most) == (False, 900, 850, 900)
    some = Count(1000, 100, 0, [Band(2, 200, 100, 50)])
    many = Count(1000, 100, 0, [Band(2, 20_000, 10_000, 50)])
    assert (some.is_measured, some.people, many.people) == (True, 875, 875)
    assert 850 <= some.least < many.least < 875 < many.most < some.most <= 900
    unanswered = Count(1000, 100, 0, [Band(1, 0, 0, 50), Band(4, 200, 200, 0)])
    assert (unanswered.least, unanswered.most) == (850, 900), "a band nobody has looked at may be anything"
    assert Count(1000, 100, 0, [Band(4, 200, 200, 0)]).least == 900


@pytest.mark.requirement("Z9")
def test_the_true_number_lies_in_the_interval_at_least_ninety_five_times_in_a_hundred():
    chance, hits, trials = random.Random(1), 0, 400
    for _trial in range(trials):
        bands, doubles = [], 0
        for number in range(counting.BANDS):
            rate, answered, waiting = chance.random(), chance.randrange(40, 90), chance.randrange(60)
            bands.append(Band(number, answered, sum(chance.random() < rate for _ in range(answered)), waiting))
            doubles += sum(chance.random() < rate for _ in range(waiting))
        count = Count(10_000, 0, 0, bands)
        hits += count.least <= 10_000 - doubles <= count.most
    assert hits / trials >= 0.95


@pytest.mark.requirement("Z9")
def test_the_page_counts_people_not_records_and_says_how(app, people, merged, pair, client_as, clerk):
    first, second, third, fourth, binned = people("张三", "张三", "李四", "李四", "王五")
    merged(first, second)
    pair(first, third, 0.5), pair(second, third, 0.4), pair(third, fourth, 0.9), pair(first, binned, 0.9)
    with app.app_context(), acting(app) as session:
        services.put_in_bin(session, session.get_one(Customer, binned.id))
        session.get_one(Customer, fourth.id).mobile = None
        count = counting.count(session)
    assert (count.records, count.merged, count.without_number, count.waiting) == (4, 1, 1, 2)
    assert (count.people, count.least, count.most) == (3, 1, 3)
    for role in ("head_office", "leader"):
        page = client_as(role).get(PAGE).text
        for text in (
            "<b>3</b> people",
            "at least 1, at most 3",
            "That is a bound, no estimate",
            "from 200 answers on (now 0)",
        ):
            assert text in page, (role, text)
        assert ("Different customers" in client_as(role).get("/").text, "Counted at" in page) == (True, True)
    assert clerk(0).get(PAGE).status_code == 403
    assert "Different customers" not in clerk(0).get("/").text


@pytest.mark.requirement("Z9")
def test_people_s_answers_make_an_interval_of_it_and_merges_by_rule_do_not(app, people, pair, client_as, chain):
    first, second = people("张三", "张三")
    with acting(app) as session:
        others = [Customer(code=f"C-{number:012}", name="P") for number in range(220)]
        session.add_all(others)
        session.flush()
        for number, (one, other) in enumerate(zip(others[:-1], others[1:], strict=True)):
            who = chain.people["head_office"].id if number < 200 else None
            session.add(
                Pair(
                    first_id=one.id,
                    second_id=other.id,
                    score=0.5,
                    answer="same" if number % 2 else "different",
                    answered_by=who,
                )
            )
    pair(first, second, 0.55)
    page = client_as("head_office").get(PAGE).text
    assert "People have answered 200 pairs" in page
    assert "95 %: 221 to 222" in page
    assert "Wilson" in page
    assert "50%" in page


@pytest.mark.requirement("Z9")
def test_an_answer_moves_the_count_at_once(people, pair, client_as):
    first, second = people("张三", "张三")
    number, office = pair(first, second), client_as("head_office")
    assert "at least 1, at most 2" in office.get(PAGE).text
    post(office, "/admin/customers/pair/answer/", {"pair": number, "answer": "same"})
    assert "<b>1</b> people" in office.get(PAGE).text
    assert "No pair waits" in office.get(PAGE).text
    post(office, "/admin/customers/pair/undo/")
    assert "at least 1, at most 2" in office.get(PAGE).text


@pytest.mark.requirement("Z9")
def test_a_page_adds_to_the_count_of_the_hour_what_came_since(people, work, record):
    people("张三", "李四", "王五")
    with work() as session:
        assert counted.count_anew(session) == 0, "whoever is writing now may have a smaller number"
        assert counted.count_anew(session) == 3
    record("13600136000", "赵六")
    with work() as session:
        assert counting.count(session).records == 4
        session.delete(session.scalars(select(Customer).order_by(Customer.id)).first())
        counted.forget(session)
        assert counting.count(session).records == 3


@pytest.mark.requirement("Z9")
@pytest.mark.parametrize(("much", "at_home"), [(counting.MANY, "2 pairs to decide on"), (1, "1 pairs to decide on")])
def test_where_there_is_much_to_count_home_shows_the_count_of_the_hour(
    monkeypatch, people, pair, client_as, work, much, at_home
):
    monkeypatch.setattr(counting, "MANY", much)
    first, second, third = people("张三", "张三", "张三")
    pair(first, second)
    with work() as session:
        counting.keep(session)
    pair(second, third)
    office = client_as("head_office")
    assert at_home in office.get("/").text
    assert "at least 1, at most 3" in office.get(PAGE).text, "the page counts now"


def test_the_records_are_counted_every_hour():
    [task] = [task for task in plugin.backoffice_scheduled_tasks() if task.name == "customers.count"]
    assert task.every == timedelta(hours=1)
