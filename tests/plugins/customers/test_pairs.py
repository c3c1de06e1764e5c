"""The queue of pairs: one after the other, each answered once, with a way back; nobody is in anybody's way."""

import re

import pytest
from sqlalchemy import event

from core import typed
from core.testing.factories import acting, make_person, make_role, post, sign_in
from plugins.customers import services
from plugins.customers.models import Customer, Merge, Pair

QUEUE = "/admin/customers/pair/"
REASONS = {"name": 15.2, "number": -1.0, "store": 0.5}


@pytest.fixture
def office(client_as, chain):
    return client_as("head_office")


def shown(client, url=QUEUE):
    found = re.search(r'name="pair" value="(\d+)"', client.get(url).text)
    return int(found[1]) if found else None


def answer(client, number, what, **more):
    return post(client, f"{QUEUE}answer/", {"pair": number, "answer": what, **more}, follow_redirects=True).text


@pytest.mark.requirement("A10", "Z9")
def test_the_most_likely_pair_comes_first_beside_each_other_with_masks_and_reasons_in_words(people, pair, office):
    first, second, third = people("张三", "张三", "李四")
    pair(first, third, 0.4)
    likely = pair(first, second, 0.9, reasons=REASONS)
    page = office.get(QUEUE).text
    assert shown(office) == likely
    assert "0 of 2 done" in page
    for text in (
        "90% likely",
        typed.mask_mobile(first.mobile),
        typed.mask_mobile(second.mobile),
        "store S1",
        "store S2",
        first.code,
        second.code,
        "the same",
        "not the same",
    ):
        assert text in page, text
    assert first.mobile not in page
    reasons = re.search(r"For it:.*?Against it:.*?</p>", page, re.DOTALL)[0]
    assert re.findall(r">([^<>]+)</span>", reasons) == ["Full name", "Store", "Mobile number"]


@pytest.mark.requirement("A10", "Z9")
def test_each_answer_brings_the_next_pair_and_the_last_one_can_be_undone(people, pair, office, everybody):
    first, second, third, fourth = people("张三", "张三", "李四", "李四")
    one, two = pair(first, second, 0.9), pair(third, fourth, 0.8)
    assert f'value="{two}"' in answer(office, one, "same")
    assert everybody(Customer)[1].merged_into_id == first.id, "the record that was made first is kept"
    assert "No pair waits" in answer(office, two, "different")
    assert [row.answer for row in everybody(Pair)] == ["same", "different"]
    assert all(row.answered_by and row.answered_at for row in everybody(Pair))
    post(office, f"{QUEUE}undo/")
    assert shown(office) == two
    post(office, f"{QUEUE}undo/")
    assert shown(office) == one
    assert [row.answer for row in everybody(Pair)] == ["open", "open"]
    assert [row.merged_into_id for row in everybody(Customer)] == [None] * 4
    assert "nothing that could be undone" in post(office, f"{QUEUE}undo/", follow_redirects=True).text


@pytest.mark.requirement("A10")
def test_a_skipped_pair_waits_behind_the_others(people, pair, office):
    first, second, third = people("张三", "张三", "李四")
    one, two = pair(first, second, 0.9), pair(first, third, 0.9)
    assert shown(office) == two
    assert shown(office, f"{QUEUE}?after={two}") == one
    page = office.get(f"{QUEUE}?after={one}").text
    assert "2 were skipped" in page
    assert "Begin again" in page
    assert answer(office, one, "different", after=two).count("1 were skipped") == 1, "it stays skipped"
    assert shown(office, f"{QUEUE}?after=x") == shown(office, f"{QUEUE}?after=99999") == two


@pytest.mark.requirement("A10", "Z9")
def test_two_who_work_at_once_never_get_an_error(people, pair, office, app, chain, everybody):
    with acting(app) as session:
        colleague = make_person(session, "second.office", chain.chain, "head_office")
    other = sign_in(app.test_client(), colleague)
    first, second, third = people("张三", "张三", "张三")
    one, two = pair(first, second, 0.9), pair(second, third, 0.8)
    assert shown(office) == shown(other) == one
    answer(office, one, "same")
    for late in ("different", "same"):
        page = answer(other, one, late)
        assert "Somebody else has answered this pair" in page
        assert f'value="{two}"' in page
    assert [row.answer for row in everybody(Pair)] == ["same", "open"]
    post(other, f"{QUEUE}undo/")
    assert len([row for row in everybody(Merge) if row.undone_at is None]) == 1, "one undoes one's own answers only"


@pytest.mark.requirement("A10")
def test_an_answer_about_two_people_answers_every_pair_between_their_records(people, pair, office, merged, everybody):
    first, second, third, fourth = people("张三", "张三", "张三", "张三")
    merged(first, second)
    pair(first, third, 0.9), pair(second, third, 0.8), pair(third, fourth, 0.7)
    answer(office, shown(office), "different")
    assert [row.answer for row in everybody(Pair)] == ["different", "different", "open"]
    answer(office, shown(office), "same")
    post(office, f"{QUEUE}undo/")
    post(office, f"{QUEUE}undo/")
    assert [row.answer for row in everybody(Pair)] == ["open"] * 3


@pytest.mark.requirement("A10")
def test_a_pair_that_is_one_person_by_another_way_or_in_the_bin_is_not_asked(people, pair, office, merged, app):
    first, second, third, fourth = people("张三", "张三", "张三", "李四")
    pair(first, second), pair(second, third), pair(first, third), pair(first, fourth)
    with app.app_context(), acting(app) as session:
        services.put_in_bin(session, session.get_one(Customer, fourth.id))
    answer(office, shown(office), "same")
    answer(office, shown(office), "same")
    assert shown(office) is None


@pytest.mark.requirement("A10", "Z9")
def test_an_undone_merge_is_never_proposed_again_and_what_followed_from_it_is_asked_anew(
    people, pair, office, undone, everybody
):
    first, second, third = people("张三", "张三", "张三")
    pair(first, second, 0.9), pair(second, third, 0.8), pair(first, third, 0.7)
    answer(office, shown(office), "same")
    answer(office, shown(office), "same")
    assert [row.answer for row in everybody(Pair)] == ["same"] * 3
    undone(everybody(Merge)[0].id)
    assert [row.answer for row in everybody(Pair)] == ["different", "same", "open"]
    assert [row.merged_into_id for row in everybody(Customer)] == [None, None, second.id]


@pytest.mark.requirement("A10")
def test_what_cannot_be_one_person_is_told_and_the_next_one_follows(people, pair, office, app):
    first, second, third = people("张三", "张三公司", "张三")
    with acting(app) as session:
        session.get_one(Customer, second.id).kind = "company"
    one, two = pair(first, second, 0.9), pair(first, third, 0.8)
    page = answer(office, one, "same")
    assert "One is a company" in page
    assert f'value="{two}"' in page


@pytest.mark.requirement("A10")
def test_two_cards_are_compared_by_number_or_code_and_merged_by_hand(people, office, clerk, everybody):
    first, second = people("张三", "张三丰")
    card = f"/customers/at/{second.code}/"
    assert "This is the same person as" in office.get(card).text
    assert "This is the same person as" not in clerk(1).get(card).text
    for meant in (first.mobile, first.code.lower(), f" {first.code} "):
        page = post(office, f"{QUEUE}two/", {"one": second.code, "other": meant}).text
        assert f'name="kept" value="{first.code}"' in page, meant
        assert f'name="gone" value="{second.code}"' in page
    for meant, told in (
        ("1380013", "11 digits"),
        ("张三", "Nobody has this"),
        (second.mobile, "one person already"),
        ("", "Nobody has this"),
    ):
        assert told in post(office, f"{QUEUE}two/", {"one": second.code, "other": meant}, follow_redirects=True).text, (
            meant
        )
    answer_ = post(office, f"{QUEUE}by-hand/", {"kept": first.code, "gone": second.code}, follow_redirects=True)
    assert "is one person now" in answer_.text
    assert everybody(Customer)[1].merged_into_id == first.id
    undo = re.search(r'action="(/admin/customers/merge/take-back/\?id=\d+)"', answer_.text)[1]
    assert "both records stand as before" in post(office, undo, follow_redirects=True).text
    assert everybody(Customer)[1].merged_into_id is None
    assert "undone before" in post(office, undo, follow_redirects=True).text


@pytest.mark.requirement("A10")
def test_the_list_of_merges_names_records_and_people_and_takes_one_back(people, merged, office, everybody):
    first, second = people("张三", "张三丰")
    number = merged(first, second)
    page = office.get("/admin/customers/merge/").text
    assert f"张三丰 · {second.code}" in page
    assert f"张三 · {first.code}" in page
    assert "Take the merge back" in office.get(f"/admin/customers/merge/details/?id={number}").text
    post(office, f"/admin/customers/merge/take-back/?id={number}")
    assert everybody(Merge)[0].undone_at is not None
    assert "Take the merge back" not in office.get(f"/admin/customers/merge/details/?id={number}").text


@pytest.mark.requirement("A10", "A20")
def test_who_decides_only_for_a_part_of_the_chain_decides_nothing(app, chain, people, pair):
    first, second = people("张三", "张三")
    number = pair(first, second)
    with acting(app) as session:
        make_role(
            session,
            "half",
            customers__customer__merge="node",
            customers__customer__read="node",
            customers__customer__count="node",
        )
        person = make_person(session, "half", chain.areas[0], "half")
    client = sign_in(app.test_client(), person)
    assert client.get(QUEUE).status_code == client.get("/admin/customers/count/").status_code == 404
    assert post(client, f"{QUEUE}answer/", {"pair": number, "answer": "same"}).status_code == 404
    assert "the same person as" not in client.get(f"/customers/at/{first.code}/").text
    assert "Different customers" not in client.get("/").text


def test_the_queue_asks_as_many_queries_however_many_records_the_two_have(people, pair, office, merged, house):
    first, second, *more = people(*["张三"] * 7)
    pair(first, second)
    asked = []
    event.listen(house.database.engine, "before_cursor_execute", lambda *rest: asked.append(rest[2]))
    assert shown(office)
    few = len(asked)
    for one in more:
        merged(first, one)
        pair(second, one)
    asked.clear()
    assert shown(office)
    assert len(asked) <= few + 2, "the merges beside the queue, and who made them"
    assert few <= 16
