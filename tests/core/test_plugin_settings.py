"""Settings of plugins: declared, checked, one row a change, nearest place wins, seen at the next request, undone."""

from datetime import time
from decimal import Decimal

import pytest
from sqlalchemy import event, select

from core.api import AmountSetting, ChoiceSetting, TextSetting, TimeSetting, WholeSetting, YesNoSetting
from core.registry import setting_changes
from core.registry.models import SettingChange
from core.registry.setting_changes import Overtaken, WrongSettings
from core.registry.switching import PluginRefused
from core.testing.factories import acting, enable_plugins, post, sign_in
from core.typed import BadValue

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PAGE = "/admin/plugins/daily_reports/settings/"
GRACE = "daily_reports.report_grace"


@pytest.fixture(autouse=True)
def english():
    from core import language

    language.set_locale("en")
    yield
    language.set_locale(language.DEFAULT_LOCALE)


@pytest.fixture
def chain(app, org):
    """The chain, with the daily reports on."""
    with acting(app) as session:
        enable_plugins(session, app.extensions["backoffice"].host)
    return org


def change(app, value, node=None, **options):
    with acting(app) as session:
        host = app.extensions["backoffice"].host
        return setting_changes.change(session, host, "daily_reports", {"report_grace": value}, node, **options)


def grace(app, node=None):
    from core.api import setting

    with acting(app):
        return setting(GRACE, node)


# What a declaration takes


@pytest.mark.parametrize(
    ("setting", "text", "value"),
    [
        (WholeSetting("a", "A", 5, minimum=1, maximum=90), "９０", 90),
        (AmountSetting("a", "A", Decimal(100)), "8.5万", Decimal(85000)),
        (TextSetting("a", "A", "x", maximum=5), " 早班 ", "早班"),
        (YesNoSetting("a", "A", False), "是", True),
        (TimeSetting("a", "A", time(9)), "8：30", time(8, 30)),
        (ChoiceSetting("a", "A", "week", choices={"day": "Each day", "week": "Each week"}), "Each day", "day"),
    ],
)  # fmt: skip
def test_a_text_becomes_the_value_and_the_stored_value_the_same(setting, text, value):
    assert setting.read(text) == value
    assert setting.loaded(setting.stored(value)) == value
    assert setting.read(setting.written(value)) == value


@pytest.mark.parametrize(
    ("setting", "text", "told"),
    [
        (WholeSetting("a", "A", 5, minimum=1, maximum=90), "91", "90"), (WholeSetting("a", "A", 5, minimum=1), "0", "1"),
        (WholeSetting("a", "A", 5), "五", "1234"), (AmountSetting("a", "A", 1, maximum=10), "11", "10"),
        (TextSetting("a", "A", "", maximum=3), "four", "3"), (YesNoSetting("a", "A", True), "maybe", "是"),
        (TimeSetting("a", "A", time(9)), "25:00", "8:30"), (ChoiceSetting("a", "A", "x", choices={"x": "X"}), "y", "X"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_what_would(setting, text, told):
    with pytest.raises(BadValue, match=told):
        setting.read(text)


@pytest.mark.parametrize(
    "declare",
    [
        lambda: WholeSetting("a", "A", 5, minimum=6), lambda: WholeSetting("a", "A", "5"), lambda: WholeSetting("../a", "A", 5),
        lambda: ChoiceSetting("a", "A", "z", choices={"x": "X"}), lambda: TimeSetting("a", "A", "9:00"), lambda: YesNoSetting("a", "A", None),
    ],
)  # fmt: skip
def test_a_declaration_that_contradicts_itself_fails_at_once(declare):
    with pytest.raises(ValueError, match="setting"):
        declare()


# What holds where


@pytest.mark.requirement("J21")
def test_the_nearest_place_that_says_something_wins(app, chain):
    assert grace(app) == grace(app, chain.stores[0]) == 30, "as delivered"
    change(app, "45")
    change(app, "60", chain.areas[0])
    change(app, "90", chain.stores[0])
    change(app, "75", chain.regions[1])
    places = [
        None,
        chain.stores[0],
        chain.stores[1],
        chain.stores[2],
        chain.stores[4],
        chain.areas[0],
        chain.department,
    ]
    assert [grace(app, place) for place in places] == [45, 90, 60, 45, 75, 60, 60]
    change(app, "", chain.stores[0])
    assert grace(app, chain.stores[0]) == 60
    change(app, "50", chain.chain)
    assert grace(app) == 50, "the chain's own node is the whole chain"


@pytest.mark.requirement("J14", "Z7")
def test_a_change_is_seen_by_another_process_at_its_next_request(app, settings, chain):
    from core.app import create_app
    from core.registry.asking import setting

    other = create_app(settings)
    other.add_url_rule("/grace", "home.grace", lambda: str(setting(GRACE)))
    other.extensions["backoffice"].guards["home.grace"] = other.extensions["backoffice"].guards["auth.login"]
    browser = other.test_client()
    assert browser.get("/grace").text == "30"
    change(app, "45")
    assert browser.get("/grace").text == "45"
    other.extensions["backoffice"].database.dispose()


@on_sqlite
def test_reading_costs_no_query_while_nothing_changes(app, chain):
    from core.registry.asking import setting

    asked = []
    app.add_url_rule("/grace", "home.grace", lambda: str([setting(GRACE, node) for node in chain.nodes]))
    app.extensions["backoffice"].guards["home.grace"] = app.extensions["backoffice"].guards["auth.login"]
    change(app, "45")
    browser = app.test_client()
    browser.get("/grace")
    event.listen(
        app.extensions["backoffice"].database.engine, "before_cursor_execute", lambda *all: asked.append(all[2])
    )
    browser.get("/grace")
    assert [statement.split()[0] for statement in asked] == ["SELECT"], asked


@pytest.mark.requirement("J21")
def test_each_change_is_kept_with_who_when_old_and_new_and_taken_back_by_one_more(app, chain, work):
    [first] = change(app, "45")
    [second] = change(app, "60")
    host = app.extensions["backoffice"].host
    with acting(app) as session, pytest.raises(Overtaken, match="later"):
        setting_changes.undo(session, host, first.id)
    with acting(app) as session:
        setting_changes.undo(session, host, second.id)
    assert grace(app) == 45
    with acting(app) as session:
        rows = session.scalars(select(SettingChange).order_by(SettingChange.id)).all()
        assert [(row.before, row.after, row.person_name) for row in rows] == [
            (None, 30 + 15, "system"), (45, 60, "system"), (60, 45, "system"),
        ]  # fmt: skip
        assert all(row.at for row in rows)
    assert change(app, "45") == [], "what is so already is no change"


@on_sqlite
def test_what_a_transaction_has_changed_it_sees_itself_and_nobody_after_a_failure(app, chain):
    from core.api import setting

    host = app.extensions["backoffice"].host
    with pytest.raises(RuntimeError, match="never mind"), acting(app) as session:
        assert setting(GRACE) == 30
        setting_changes.change(session, host, "daily_reports", {"report_grace": "45"})
        assert setting(GRACE) == 45
        raise RuntimeError("never mind")
    assert grace(app) == 30
    change(app, "50")
    assert grace(app) == 50


@on_sqlite
def test_what_does_not_fit_changes_nothing(app, chain):
    with pytest.raises(WrongSettings, match="300"):
        change(app, "301")
    host = app.extensions["backoffice"].host
    with acting(app) as session, pytest.raises(WrongSettings, match="it has: report_grace"):
        setting_changes.change(session, host, "daily_reports", {"report_grace": "40", "colour": "red"})
    with acting(app) as session, pytest.raises(PluginRefused, match="nowhere"):
        setting_changes.change(session, host, "nowhere", {"a": "1"})
    assert grace(app) == 30


@on_sqlite
def test_two_people_who_change_settings_at_once_do_not_overwrite_each_other(app, chain):
    change(app, "45", seen=0)
    with pytest.raises(Overtaken):
        change(app, "50", seen=0)
    assert grace(app) == 45


@on_sqlite
def test_a_stored_value_the_declaration_no_longer_takes_counts_as_not_set(app, chain):
    with acting(app) as session:
        session.add(SettingChange(plugin="daily_reports", name="report_grace", after=9999, person_name="then"))
        session.add(SettingChange(plugin="daily_reports", name="gone_since", after=1, person_name="then"))
    change(app, "60", chain.areas[0])
    assert grace(app) == 30


@on_sqlite
def test_a_setting_nobody_declares_is_an_error_that_names_the_fix(app, chain):
    from core.api import setting
    from core.registry.asking import UnknownSetting

    with acting(app), pytest.raises(UnknownSetting, match="backoffice_settings"):
        setting("daily_reports.no_such")


@on_sqlite
def test_who_may_change_settings_of_one_area_changes_no_others(app, chain, work):
    from core.testing.factories import make_person, make_role

    with work() as session:
        make_role(session, "tuner", registry__setting__update="node", registry__plugin__list="node")
        person = make_person(session, "tuner", chain.areas[0], "tuner")
    browser = sign_in(app.test_client(), person)
    assert post(browser, f"{PAGE}?node=S1", {"report_grace": "40", "_version": "0"}).status_code == 302
    assert post(browser, f"{PAGE}?node=S5", {"report_grace": "40"}).status_code == 403
    assert post(browser, PAGE, {"report_grace": "40"}).status_code == 403
    assert [grace(app, node) for node in (chain.stores[0], chain.stores[4], None)] == [40, 30, 30]


# The form


@on_sqlite
def test_the_form_is_made_from_the_declaration_and_says_what_holds_when_left_empty(app, chain):
    it = sign_in(app.test_client(), chain.people["it"])
    page = it.get(PAGE).text
    assert "Time for the day report" in page and "Left empty: 30 minutes, as delivered." in page
    assert post(it, PAGE, {"report_grace": "45", "_version": "0"}).status_code == 302
    page = it.get(f"{PAGE}?node=A1").text
    assert 'value="45"' not in page and "Left empty: 45 minutes, as in the whole chain." in page
    version = page.split('name="_version" value="')[1].split('"')[0]
    assert post(it, f"{PAGE}?node=A1", {"report_grace": "６０", "_version": version}).status_code == 302
    assert "Left empty: 60 minutes, as in area A1." in it.get(f"{PAGE}?node=S1").text
    assert f"{PAGE}?node=A1" in it.get(PAGE).text, "it names the places that differ"


@on_sqlite
def test_a_wrong_value_comes_back_with_its_reason_and_a_late_one_with_the_new_state(app, chain):
    it = sign_in(app.test_client(), chain.people["it"])
    wrong = post(it, PAGE, {"report_grace": "301", "_version": "0"})
    assert wrong.status_code == 422 and 'value="301"' in wrong.text and "at most 300" in wrong.text
    change(app, "45")
    late = post(it, PAGE, {"report_grace": "50", "_version": "0"})
    assert late.status_code == 409 and "Somebody else has changed a setting" in late.text
    assert it.get(f"{PAGE}?node=S99").status_code == 404
    assert it.get("/admin/plugins/nowhere/settings/").status_code == 404
    assert sign_in(app.test_client(), chain.people["clerk"]).get(PAGE).status_code == 403


@on_sqlite
@pytest.mark.requirement("J15")
def test_a_change_is_taken_back_at_the_desk(app, chain):
    it = sign_in(app.test_client(), chain.people["it"])
    post(it, PAGE, {"report_grace": "45", "_version": "0"})
    page = it.get(PAGE).text
    assert "Name of it" in page and "45 minutes" in page and "(as above)" in page
    undo = page.split('action="')[-1].split('"')[0].replace("&amp;", "&")
    assert "/settings/undo/?change=" in undo
    assert post(it, undo).status_code == 302
    assert grace(app) == 30
    assert post(it, undo).status_code == 302
    assert "changed again later" in it.get(PAGE).text
