"""What a process leaves behind when a hook hangs or kills it, and what the others make of it."""

import pytest

from core.registry import calls
from core.registry.hooks import HookCount


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "marks"


def died_in(folder, hook):
    """Leave behind what a process leaves that is killed in a hook."""
    path = folder / f"{calls.HOST}-999999.call"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(bytes(8) + calls.CallMark.label_of("sick", hook))


def enter(mark, plugin, hook, started):
    mark.label[:] = mark.label_of(plugin, hook)
    mark.started[0] = started


def test_who_starts_after_a_death_leaves_that_hook_alone_for_an_hour_and_asks_the_others(folder):
    died_in(folder, "backoffice_home_cards")
    mark, counts = (
        calls.CallMark(folder),
        {"sick": {"backoffice_home_cards": HookCount(), "backoffice_search": HookCount()}},
    )
    assert mark.look(counts) == 1
    assert 3500 < counts["sick"]["backoffice_home_cards"].paused_seconds <= calls.HUNG_SECONDS
    assert counts["sick"]["backoffice_home_cards"].because == calls.ENDED
    assert counts["sick"]["backoffice_search"].paused_seconds == 0
    calls.forget(folder, "sick")
    fresh = {"sick": {"backoffice_home_cards": HookCount()}}
    assert mark.look(fresh, at_once=True) == 0


def test_what_was_between_calls_when_it_died_leaves_nothing_behind(folder):
    folder.mkdir()
    (folder / f"{calls.HOST}-999999.call").write_bytes(bytes(128))
    mark = calls.CallMark(folder)
    assert mark.look({"sick": {"backoffice_home_cards": HookCount()}}) == 0
    assert [path.name for path in folder.iterdir()] == [mark.path.name]


def test_a_hook_that_asks_further_hooks_is_noted_again_when_these_have_come_back(folder):
    mark = calls.CallMark(folder)
    nothing = mark.now
    enter(mark, "sick", "outer", 1.0)
    outer = mark.now
    enter(mark, "sick", "inner", 2.0)
    assert calls.read(mark.path) == ("sick", "inner", 2.0)
    mark.leave(outer)
    assert calls.read(mark.path) == ("sick", "outer", 1.0)
    mark.leave(nothing)
    assert calls.read(mark.path)[0] == ""


def test_a_long_call_that_was_ended_from_outside_stays_noted_whatever_is_asked_after_it(folder, monkeypatch):
    mark, now = calls.CallMark(folder), calls.time.monotonic()
    for seconds, noted in ((1, ""), (calls.LONG_SECONDS + 1, "sick")):
        nothing = mark.now
        enter(mark, "sick", "backoffice_home_cards", now)
        monkeypatch.setattr(calls.time, "monotonic", lambda seconds=seconds: now + seconds)
        mark.end(now)
        enter(mark, "well", "backoffice_home_cards", now)
        mark.leave(nothing)
        assert calls.read(mark.path)[0] == noted
