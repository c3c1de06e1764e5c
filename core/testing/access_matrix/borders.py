"""The border of a person's rights, tried through every view, every other page, and the session itself."""

from sqlalchemy import select

from core.db import mappers
from core.testing.access_matrix.addresses import rules_of
from core.testing.access_matrix.calling import must_not_show
from core.testing.access_matrix.contents import Dump
from core.testing.access_matrix.making import RowMaker
from core.testing.access_matrix.reading import check_numbers, check_reading, view_rules
from core.testing.access_matrix.site import Site
from core.testing.access_matrix.values import EVERYBODYS, MISSING, ROUTE_VALUES, route_value
from core.testing.access_matrix.writing import attack_by_form, attack_in_bulk, check_writing
from core.testing.factories import acting


def check_rows(site: Site) -> int:
    """Nothing of the rows elsewhere is read, counted, found, exported or changed through any view."""
    tried = 0
    for resource, view in site.views:
        if resource in EVERYBODYS:
            assert not hasattr(view.model, "scope_columns") and view.model.__scope__ == "global", resource
            continue
        tried += check_reading(site, view)
        tried += check_numbers(site, view)
        tried += check_writing(site, view)
    site.must_be_signed_in()
    return tried


def check_crossed(site: Site) -> int:
    """Who may read everywhere and write in one store writes, exports and moves nothing anywhere else."""
    tried = 0
    for resource, view in site.views:
        if resource in EVERYBODYS:
            continue
        table, before = view.model.__tablename__, Dump(site)
        for _name, method, url in view_rules(site, view):
            permission = site.house.guards[f"{view.endpoint}.{_name}"].permission
            if permission.endswith((":list", ":read")):
                continue
            unknown = site.call(method, f"{url}?id={MISSING}")
            for number in site.foreign[table] if unknown.status_code == 404 else ():
                answer = site.call(method, f"{url}?id={number}", {"reason": "x", "rowid": number, "action": "edit"})
                tried += 1
                assert answer.status_code == 404, (
                    f"{method} {url}?id={number} answered {answer.status_code} to a reader"
                )
            before.must_still_hold(f"{method} {url} by a reader")
        if "export" in view.actions:
            must_not_show(site.call("GET", f"{view.url}/export/csv/"), f"the export of {resource} for a reader")
        methods = {name for _url, name, _methods in view._urls}
        if {"bulk_view", "action_view"} <= methods:
            tried += attack_in_bulk(site, view, lookups=False)
            before.must_still_hold(f"the bulk edit of {resource} by a reader")
        site.must_be_signed_in()
        for name in ("create_view", "edit_view"):
            if name in methods:
                tried += attack_by_form(site, view, name, only_places=True)
                before.must_still_hold(f"{name} of {resource} by a reader")
    return tried


def check_session(site: Site) -> int:
    """Past every view, the session itself reads and writes nothing elsewhere."""
    from core.access.guard import ScopeViolation

    person, tried = site.current(), 0
    for mapper in sorted(mappers(), key=lambda mapper: mapper.class_.__tablename__):
        model = mapper.class_
        foreign = site.foreign.get(model.__tablename__, [])
        if model.__scope__ == "global" or not foreign:
            continue
        key, before = getattr(model, mapper.get_property_by_column(mapper.primary_key[0]).key), Dump(site)
        with acting(site.app, person) as session:
            assert not set(session.scalars(select(key))) & set(foreign), (
                f"the session shows {model.__name__} of elsewhere"
            )
            assert session.get(model, foreign[0]) is None, (
                f"the session finds {model.__name__} of elsewhere by its number"
            )
            try:
                session.query(model).filter(key.in_(foreign)).delete()
            except ScopeViolation:
                tried += 1
        before.must_still_hold(f"a delete of {model.__name__}")
        tried += 3
        if getattr(model, "__append_only__", False):
            continue
        with acting(site.app, person) as session:
            maker = RowMaker(session, site.house)
            try:
                maker.make(model, site.elsewhere, site.org.people["leader"], canary=True)
            except ScopeViolation:
                tried += 1
            else:
                raise AssertionError(f"the session takes a new {model.__name__} for elsewhere")
            session.rollback()
    return tried


def check_other_pages(site: Site) -> int:
    """Pages that are no table's: a place or number of elsewhere is as unknown as one that does not exist."""
    endpoints = {view.endpoint for view in site.house.views.values()}
    tried, before = 0, Dump(site)
    for rule, method in rules_of(site.app, site.plugin):
        blueprint = rule.endpoint.split(".")[0]
        if blueprint in endpoints or rule.endpoint in ("auth.logout", "auth.password", "health.metrics"):
            continue
        names = sorted(rule.arguments) + [
            name for (of, name) in ROUTE_VALUES if name.startswith("?") and of in (rule.endpoint, blueprint)
        ]
        answers = {}
        kinds = ("own", "foreign", "missing") if names else ("own",)
        for kind in kinds if rule.endpoint != "auth.end_session" else kinds[1:]:
            values = {name: route_value(site, rule.endpoint, name, kind) for name in names}
            url = rule.build({name: value for name, value in values.items() if not name.startswith("?")})[1]
            url += "?" + "&".join(f"{name[1:]}={value}" for name, value in values.items() if name.startswith("?"))
            answers[kind] = site.call(method, url)
            must_not_show(answers[kind], f"{method} {url}")
            tried += 1
        if not names:
            continue
        where = f"{method} {rule.rule} of elsewhere"
        assert answers["foreign"].status_code == answers["missing"].status_code, (
            f"{where} answered {answers['foreign'].status_code}"
        )
        assert answers["foreign"].status_code != 200, f"{where} is shown"
        if answers["missing"].status_code == 404:
            assert answers["foreign"].data == answers["missing"].data, f"{where} is told from one that does not exist"
        if method != "GET":
            before.must_still_hold(where)
    site.must_be_signed_in()
    return tried
