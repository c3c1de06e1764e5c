"""The matrix can fail: each hole that somebody might leave in the house is found by a named part of it."""

import pytest
from flask import abort, g, jsonify, request
from sqlalchemy import select, true

from core import api, requests
from core.access import guard, rows, scope
from core.access.guards import Guard
from core.access.person import Forbidden, acting_as
from core.access.scope import unscoped
from core.admin import bulk, history, list_page, listing, model_view, question
from core.admin.model_view import ModelView
from core.audit import AuditEntry
from core.auth import rights, sessions
from core.auth import views as auth_views
from core.auth.rights import load_person
from core.db import Deletable, session
from core.exchange import exporting
from core.org import views as org_views
from core.registry.host import Host
from core.testing import access_matrix as matrix
from core.testing.factories import acting, make_organisation

LOADED_BEFORE = (api, auth_views, org_views)
"""A module that is first imported under a fault would keep it."""


def at_site(part, resource="", scope_="store"):
    """The part of the matrix that looks at one view, as a function of the application."""

    def check(app, org):
        site = matrix.make_site(app, org, scope_)
        return part(site, site.house.views[resource]) if resource else part(site)

    return check


READING_SHELVES = at_site(matrix.check_reading, "shelf.shelf")
READING_STORES = at_site(matrix.check_reading, "org.store")
NUMBERS_OF_SHELVES = at_site(matrix.check_numbers, "shelf.shelf")
WRITING_ITEMS = at_site(matrix.check_writing, "shelf.item")
WRITING_SHELVES = at_site(matrix.check_writing, "shelf.shelf")
CROSSED = at_site(matrix.check_crossed, scope_="crossed")
SESSION = at_site(matrix.check_session)
OTHER_PAGES = at_site(matrix.check_other_pages)
MEMOS_OF_ONES_OWN = at_site(matrix.check_reading, "shelf.memo", "own")


EVERYTHING = lambda *arguments, **named: true()  # noqa: E731


def every_row_in_scope(patch):
    for module in (scope, guard, model_view, exporting):
        patch.setattr(module, "criteria", EVERYTHING, raising=False)
    from core.admin import writing

    patch.setattr(writing, "criteria", EVERYTHING, raising=False)


def views_forget_the_scope(patch):
    patch.setattr(model_view, "criteria", EVERYTHING)
    patch.setattr(exporting, "criteria", EVERYTHING)


def one_asks_past_the_scope(patch):
    def one(self, row_id, action, *, in_bin=False):
        with unscoped("a fault"):
            return session.get(self.model, int(row_id)) or abort(404)

    patch.setattr(ModelView, "one", one)


def a_hidden_row_is_forbidden_not_missing(patch):
    real = ModelView.one

    def one(self, row_id, action, *, in_bin=False):
        if str(row_id).isascii() and str(row_id).isdigit() and len(str(row_id)) < 18:
            with unscoped("a fault"):
                if session.get(self.model, int(row_id)):
                    abort(403)
        return real(self, row_id, action, in_bin=in_bin)

    patch.setattr(ModelView, "one", one)


def the_look_up_knows_no_scope(patch):
    def ajax_lookup(self):
        with unscoped("a fault"):
            found = session.scalars(select(self.model).limit(int(request.args.get("limit", 20)))).all()
            return jsonify([{"id": row.id, "text": self.name_of(row)} for row in found])

    patch.setattr(ModelView, "ajax_lookup", model_view.expose("/ajax/lookup/")(ajax_lookup))


def conditions_ignore_the_action(patch):
    real = ModelView.conditions
    patch.setattr(ModelView, "conditions", lambda self, action, **named: real(self, "list", **named))


def the_bin_is_everybodys(patch):
    real = ModelView.conditions

    def conditions(self, action, *, in_bin=False):
        if in_bin and issubclass(self.model, Deletable):
            return [true()]
        return real(self, action, in_bin=in_bin)

    patch.setattr(ModelView, "conditions", conditions)
    patch.setattr(guard, "criteria", EVERYTHING)


def the_count_knows_no_scope(patch):
    real = listing.capped_count

    def faulty(session, model, conditions):
        with unscoped("a fault"):
            return real(session, model, [])

    patch.setattr(listing, "capped_count", faulty)
    patch.setattr(list_page.listing, "capped_count", faulty)


def an_export_forgets_the_conditions(patch):
    real = question.ListQuestion.conditions
    patch.setattr(
        question.ListQuestion, "conditions",
        lambda self, action: [*self.narrowing] if action == "export" else real(self, action),
    )  # fmt: skip
    patch.setattr(exporting, "criteria", EVERYTHING)


def rows_are_not_checked_on_their_way_in(patch):
    patch.setattr(rows, "place", lambda session: None)
    patch.setattr(rows, "check_references", lambda session, written: None)


def references_lead_anywhere(patch):
    patch.setattr(rows, "check_references", lambda session, written: None)
    patch.setattr(ModelView, "may_point_to", lambda self, *arguments: True)
    patch.setattr(ModelView, "must_reach", lambda self, *arguments: None)


def the_session_knows_no_scope(patch):
    patch.setattr(guard, "_criteria_options", lambda person, models: ())


def own_means_everybodys(patch):
    real = scope._within

    def within(model, person, reach):
        return true() if model.__scope__ == "own" else real(model, person, reach)

    patch.setattr(scope, "_within", within)


def a_bulk_edit_takes_any_number(patch):
    def chosen(view, ids):
        numbers = [int(text) for text in ids if text.isascii() and text.isdigit()]
        with unscoped("a fault"):
            return list(session.scalars(select(view.model).where(view.model.id.in_(numbers)))) or abort(404)

    patch.setattr(bulk, "_chosen", chosen)


def anybody_undoes_any_batch(patch):
    real = bulk.undo

    def undo(view, batch):
        with unscoped("a fault"):
            entry = session.scalars(select(AuditEntry).where(AuditEntry.batch == batch)).first() or abort(404)
            author = load_person(session, entry.person_id)
        with acting_as(author):
            return real(view, batch)

    patch.setattr(bulk, "undo", undo)


def the_history_is_everybodys(patch):
    def history_of(view, row):
        with unscoped("a fault"):
            entries = session.scalars(select(AuditEntry).where(AuditEntry.resource == row.__resource__))
            return [{"when": "", "who": "", "title": "", "reason": "", "text": str(entry.changes)} for entry in entries]

    patch.setattr(history, "history_of", history_of)
    patch.setattr(model_view, "history_of", history_of)


def a_route_lost_its_guard(patch):
    real = requests._let_in
    patch.setattr(
        requests, "_let_in", lambda house, endpoint, needed: real(house, endpoint, Guard("signed_in", reason="a fault"))
    )


def a_refusal_is_swallowed(app):
    app.register_error_handler(Forbidden, lambda error: ("It is fine.", 200))


def a_route_is_opened(kind):
    def open_it(app):
        app.extensions["backoffice"].guards["shelf.shelf_page"] = Guard(kind, reason="a fault")

    return open_it


def rights_are_never_read_again(patch):
    kept = {}

    def stale(session, person_id, revision, version):
        if person_id not in kept:
            kept[person_id] = rights.load_person(session, person_id)
        return kept[person_id]

    patch.setattr(sessions, "acting_person", stale)


def the_switch_is_ignored(patch):
    patch.setattr(Host, "is_on", lambda self, *arguments, **named: True)


def a_logout_forgets_only_the_cookie(patch):
    patch.setattr(sessions, "end", lambda *arguments, **named: None)


def forms_need_no_token(app):
    app.config["WTF_CSRF_ENABLED"] = False


def messages_are_everybodys(patch):
    from core import inbox

    def messages_of(session, person_id, limit=100):
        with unscoped("a fault"):
            return list(session.scalars(select(inbox.Message).limit(limit)))

    patch.setattr(inbox, "messages_of", messages_of)


def a_stranger_ends_a_session(patch):
    real = sessions.end

    def end(session, person_id, *, only=None, except_for=None):
        from core.auth.models import UserSession

        if only is not None:
            person_id = session.scalar(select(UserSession.person_id).where(UserSession.id == only)) or person_id
        return real(session, person_id, only=only, except_for=except_for)

    patch.setattr(sessions, "end", end)


def nobody_is_sent_away(patch):
    real = requests._let_in

    def let_in(house, endpoint, needed):
        answer = real(house, endpoint, needed)
        return None if g.signed_in.person is None else answer

    patch.setattr(requests, "_to_login", lambda: None)
    patch.setattr(requests, "_let_in", let_in)


BEFORE = {
    every_row_in_scope: READING_SHELVES,
    views_forget_the_scope: READING_STORES,
    one_asks_past_the_scope: NUMBERS_OF_SHELVES,
    a_hidden_row_is_forbidden_not_missing: NUMBERS_OF_SHELVES,
    the_look_up_knows_no_scope: READING_SHELVES,
    conditions_ignore_the_action: CROSSED,
    the_count_knows_no_scope: READING_SHELVES,
    an_export_forgets_the_conditions: READING_STORES,
    rows_are_not_checked_on_their_way_in: SESSION,
    references_lead_anywhere: WRITING_ITEMS,
    the_session_knows_no_scope: SESSION,
    own_means_everybodys: MEMOS_OF_ONES_OWN,
    a_bulk_edit_takes_any_number: WRITING_SHELVES,
    anybody_undoes_any_batch: WRITING_SHELVES,
    the_history_is_everybodys: READING_SHELVES,
    a_route_lost_its_guard: matrix.check_permissions,
    rights_are_never_read_again: matrix.check_permissions,
    the_switch_is_ignored: matrix.check_switched_off,
    a_logout_forgets_only_the_cookie: matrix.check_signing_out,
    messages_are_everybodys: OTHER_PAGES,
    nobody_is_sent_away: matrix.check_anonymous,
}
AFTER = {
    "a refusal is swallowed": (a_refusal_is_swallowed, matrix.check_permissions),
    "a route is open to the world": (a_route_is_opened("public"), matrix.check_public_rules),
    "a route is open to everybody who is signed in": (a_route_is_opened("signed_in"), matrix.check_public_rules),
    "forms need no token": (forms_need_no_token, matrix.check_tokens),
}


def run(check, app):
    """Run a part of the matrix on a fresh chain."""
    with acting(app) as session_:
        org = make_organisation(session_)
    return check(app, org)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("fault", BEFORE, ids=lambda fault: fault.__name__)
def test_a_fault_in_the_house_is_found(fault, open_shelves, monkeypatch):
    fault(monkeypatch)
    with open_shelves() as app, pytest.raises(AssertionError):
        run(BEFORE[fault], app)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", AFTER)
def test_a_fault_in_the_application_is_found(name, open_shelves):
    fault, check = AFTER[name]
    with open_shelves() as app:
        fault(app)
        with pytest.raises(AssertionError):
            run(check, app)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("part", [READING_SHELVES, NUMBERS_OF_SHELVES, WRITING_ITEMS, MEMOS_OF_ONES_OWN, SESSION])
def test_without_a_fault_the_parts_are_content(part, open_shelves):
    """test_access_matrix runs the rest of them whole."""
    with open_shelves() as app:
        assert run(part, app)


def test_a_write_past_everything_is_seen(database_url, open_shelves):
    """However the database is watched: the matrix reads it again only when somebody has written."""
    with open_shelves() as app:
        with acting(app) as session_:
            org = make_organisation(session_)
        site = matrix.make_site(app, org, "store")
        for change in ("UPDATE shelf_shelf SET name = 'moved'", "DELETE FROM shelf_memo", "DELETE FROM shelf_item"):
            before = matrix.Dump(site)
            before.must_still_hold("nothing has been written")
            with app.extensions["backoffice"].database.engine.execution_options(writes=True).begin() as connection:
                connection.exec_driver_sql(change)
            with pytest.raises(AssertionError, match="has changed|is gone"):
                before.must_still_hold(change)
