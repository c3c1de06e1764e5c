"""The addresses a server is watched by, and what a person sees when something is wrong."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from core.testing.factories import acting, enable_plugins, post, sign_in

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.mark.requirement("J15")
def test_ready_means_that_the_database_answers_with_todays_schema(app, client):
    assert client.get("/healthz").json == {"status": "ok"}
    assert (client.get("/readyz").status_code, client.get("/readyz").json) == (200, {"status": "ok"})
    with app.extensions["backoffice"].database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version_core SET version_num = 'older'"))
    answer = client.get("/readyz")
    assert answer.status_code == 503 and "backoffice init" in answer.text
    assert client.get("/healthz").status_code == 200


def away(app, monkeypatch):
    """Let every connection fail, as when the database restarts."""
    house = app.extensions["backoffice"]
    house.database.dispose()

    def refuse(*_arguments, **_options):
        raise OperationalError("connect", {}, Exception("connection refused"))

    monkeypatch.setattr(house.database.engine.pool, "connect", refuse)
    for engine in (house.database._reading, house.database._writing):
        monkeypatch.setattr(engine.pool, "connect", refuse, raising=False)


@on_sqlite
def test_without_a_database_everybody_is_told_so_and_nothing_is_a_500(app, org, monkeypatch):
    client = sign_in(app.test_client(), org.people["clerk"])
    form = {"locale": "en"}
    from core.testing.factories import token

    held = token(client)
    away(app, monkeypatch)
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503
    for answer in (
        client.get("/"),
        client.get("/admin/org/store/"),
        client.post("/language", data=form | {"csrf_token": held}),
        client.get("/login"),
    ):
        assert answer.status_code == 503
        assert "Nothing was lost" in answer.text or "数据" in answer.text
    script = client.get("/inbox/", headers={"X-Requested-With": "fetch"})
    assert script.status_code == 503 and script.json["error"]


@on_sqlite
def test_the_counters_are_for_the_loopback_or_whoever_has_the_token(app, client):
    assert b"python_info" in client.get("/metrics").data or b"backoffice" in client.get("/metrics").data
    outside = {"REMOTE_ADDR": "10.1.2.3"}
    house = app.extensions["backoffice"]
    for header in (None, "Bearer ", "Bearer x", "Bearer é", "Basic x"):
        headers = {"Authorization": header} if header else {}
        assert client.get("/metrics", environ_base=outside, headers=headers).status_code == 404, header
    house.settings = house.settings.model_copy(update={"metrics_token": "the-token"})
    for header, status in ((None, 404), ("Bearer ", 404), ("Bearer the-tokeN", 404), ("Bearer the-token", 200)):
        headers = {"Authorization": header} if header else {}
        assert client.get("/metrics", environ_base=outside, headers=headers).status_code == status, header
    assert client.get("/metrics", environ_base=outside, headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 404


@on_sqlite
def test_the_state_of_a_plugin_is_no_business_of_the_balancer(app, client, org):
    with acting(app) as session:
        enable_plugins(session, app.extensions["backoffice"].host)
    for plugin in app.extensions["backoffice"].host.plugins.values():
        plugin.failure, plugin.module = "broken", None
    assert client.get("/readyz").status_code == 200
    assert sign_in(app.test_client(), org.people["it"]).get("/admin/plugins/").status_code == 200


@on_sqlite
def test_every_error_is_a_page_with_words_and_json_for_a_script(app, org):
    client = sign_in(app.test_client(), org.people["clerk"])
    answers = {
        403: client.get("/admin/org/store/"),
        404: client.get("/admin/nothing/"),
        400: client.post("/logout"),
    }
    for code, answer in answers.items():
        assert answer.status_code == code and answer.mimetype == "text/html" and f"{code}</p>" in answer.text
    assert "Stores (org:store:list)" in answers[403].text, "the reason is told"
    script = client.get("/admin/org/store/", headers={"X-Requested-With": "fetch"})
    assert script.status_code == 403 and script.json["detail"] == "Stores (org:store:list)" and script.json["text"]
    assert (
        client.get("/admin/nothing/", headers={"Accept": "application/json"}).json["error"] == "There is no such page"
    )


@on_sqlite
def test_a_fault_of_ours_is_told_without_its_inside(app, org, monkeypatch):
    from core.admin import home, pages

    def broken(*_arguments, **_options):
        raise RuntimeError("the inside 13812345678")

    client = sign_in(app.test_client(), org.people["clerk"])
    monkeypatch.setattr(pages, "render_template", broken)
    app.testing = False
    app.config["PROPAGATE_EXCEPTIONS"] = False
    answer = client.get("/")
    assert answer.status_code == 500 and "the inside" not in answer.text and "13812345678" not in answer.text
    assert "Nothing was half saved" in answer.text
    assert home


@on_sqlite
def test_a_form_that_is_too_large_is_refused(app, org):
    client = sign_in(app.test_client(), org.people["clerk"])
    answer = post(client, "/account/password", {"current": "x" * (3 * 1024 * 1024)})
    assert (
        answer.status_code == 413 and "文件太大" in answer.text
    )  # read before anybody is known: in the browser's language
