"""Nobody gets through a door that is not theirs: every address, method, role and row; see core.testing.access_matrix."""

import pytest

from core.testing import access_matrix as matrix
from core.testing.factories import acting, enable_plugins

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
on_both = pytest.mark.parametrize("app", ["product", "shelves"], indirect=True)


@pytest.fixture
def app(request, settings):
    """The product with every plugin on, or the same house with a plugin that declares everything a view can."""
    app = request.getfixturevalue({"product": "product_app", "shelves": "shelf_app"}[request.param])
    with acting(app) as session:
        enable_plugins(session, app.extensions["backoffice"].host)
    return app


@pytest.fixture
def product_app(settings):
    from core.app import create_app

    app = create_app(settings)
    yield app
    app.extensions["backoffice"].database.dispose()


@on_sqlite
@on_both
@pytest.mark.requirement("A20")
def test_nothing_is_open_to_the_world_but_what_is_named(app):
    assert matrix.check_public_rules(app) > 60


@on_sqlite
@on_both
@pytest.mark.requirement("A20")
def test_who_is_not_signed_in_gets_nowhere(app, org):
    assert matrix.check_anonymous(app) > 100


@on_sqlite
@on_both
def test_no_form_is_taken_without_its_token_and_no_cookie_after_the_logout(app, org):
    assert matrix.check_tokens(app, org) > 40
    assert matrix.check_signing_out(app, org)


@on_sqlite
@on_both
@pytest.mark.requirement("J10", "Z7")
def test_a_plugin_that_is_off_does_not_exist(app, org):
    assert matrix.check_switched_off(app, org) > 30


@on_sqlite
@pytest.mark.parametrize("app", ["shelves"], indirect=True)  # each plugin's own tests say it of its own addresses
@pytest.mark.requirement("A20")
def test_the_right_to_read_everywhere_is_no_right_to_write_there(app, org):
    site = matrix.make_site(app, org, "crossed")
    assert matrix.check_crossed(site) > 20


@on_sqlite
@on_both
@pytest.mark.requirement("A20", "J1")
def test_one_right_less_closes_exactly_its_doors(app, org):
    assert matrix.check_permissions(app, org) > 60


@on_sqlite
@on_both
@pytest.mark.requirement("J1")
def test_each_shipped_role_is_let_in_where_its_grants_say(app, org):
    assert matrix.check_shipped_roles(app, org) > 600


@pytest.mark.slow
@pytest.mark.parametrize(
    ("database_url", "app", "scope"),
    [
        ("sqlite", "product", "area"),
        ("sqlite", "shelves", "store"),
        ("sqlite", "shelves", "own"),
        ("postgres", "shelves", "store"),
    ],
    indirect=["database_url", "app"],
)
@pytest.mark.requirement("J4", "A20")
def test_a_row_of_elsewhere_is_as_if_it_did_not_exist(app, org, scope):
    site = matrix.make_site(app, org, scope)
    assert matrix.check_rows(site) > 400
    assert matrix.check_other_pages(site) > 20
    assert matrix.check_session(site) > 10
