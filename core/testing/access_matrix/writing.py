"""No form, bulk edit or undo of a view changes a row of elsewhere, moves one there, or points to one."""

import itertools
import re
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Date, String, select

from core.access.scope import unscoped
from core.testing.access_matrix.calling import must_not_show
from core.testing.access_matrix.contents import Dump
from core.testing.access_matrix.site import Site
from core.testing.access_matrix.values import EVERYBODYS, MISSING
from core.testing.factories import acting


def check_writing(site: Site, view: Any) -> int:
    """No form, bulk edit or undo reaches a row of elsewhere, moves one there, or points to one."""
    methods, tried, before = {name for _url, name, _methods in view._urls}, 0, Dump(site)
    if {"bulk_view", "action_view"} <= methods:
        tried += attack_in_bulk(site, view)
        before.must_still_hold(f"the bulk edit of {view.resource}")
        tried += _attack_by_undo(site, view)
        before = Dump(site)
    for name in ("create_view", "edit_view"):
        if name in methods:
            tried += attack_by_form(site, view, name)
            before.must_still_hold(f"{name} of {view.resource}")
    return tried


def attack_in_bulk(site: Site, view: Any, *, lookups: bool = True) -> int:
    table = view.model.__tablename__
    mixed = [*site.own[table], *site.foreign[table], "x", "-1", MISSING]
    tried = 0
    first = site.call("POST", f"{view.url}/action/", {"action": "edit", "rowid": mixed})
    if lookups:
        must_not_show(first, f"the bulk edit of {view.resource}")
    only = site.call("POST", f"{view.url}/action/", {"action": "edit", "rowid": site.foreign[table]})
    assert only.status_code == 404, f"the bulk edit of {view.resource} opens rows of elsewhere"
    for declared in view.fields:
        if not declared.bulk:
            continue
        values = [*_bulk_values(declared, view)]
        if declared.lookup and lookups:
            target = site.house.views[declared.lookup].model.__tablename__
            values += [str(number) for number in site.foreign.get(target, [])]
        for value in values:
            fields = {"rowid": mixed, "field": declared.name, declared.name: value}
            seen = site.call("POST", f"{view.url}/bulk/", fields)
            if lookups:
                must_not_show(seen, f"the preview of {view.resource}")
            chosen = {int(number) for number in re.findall(r'name="rowid" value="(\d+)"', seen.text)}
            assert not chosen & set(site.foreign[table]), f"the preview of {view.resource} holds rows of elsewhere"
            proof = re.search(r'name="version_token" value="([^"]+)"', seen.text)
            done = site.call(
                "POST", f"{view.url}/bulk/", fields | {"_confirmed": "1", "version_token": proof[1] if proof else ""}
            )
            tried += 2
            if declared.lookup and value not in _bulk_values(declared, view):
                assert done.status_code in (404, 422), (
                    f"{view.resource}.{declared.name} may point to {value}, which is elsewhere"
                )
    return tried


def _bulk_values(declared: Any, view: Any) -> list[str]:
    kind = declared.kind_for(view.model)
    if declared.choices:
        return [str(value) for value in list(declared.choices)[-1:]]
    plain = {
        "money": "5",
        "number": "5",
        "date": "2026-05-05",
        "time": "8:00",
        "boolean": "1",
        "lookup": "",
        "datetime": "",
        "mobile": "",
    }
    return [plain.get(kind, "changed")]


def _attack_by_undo(site: Site, view: Any) -> int:
    from core.audit import AuditEntry

    table = view.model.__tablename__
    name = next(declared.name for declared in view.fields if declared.bulk)
    with acting(site.app) as session, unscoped("a test"):
        for row_id in (*site.own[table], *site.foreign[table]):
            value = session.scalar(select(getattr(view.model, name)).where(view.model.id == row_id))
            kept = value if value is None or isinstance(value, bool | int | str) else str(value)
            for batch, who in (("theirs", site.org.people["leader"]), ("mine", site.person)):
                session.add(AuditEntry(
                    person_id=who.id, person_name="x", resource=view.model.__resource__, row_id=str(row_id), action="updated",
                    changes={name: [None, kept]}, batch=f"{batch}-{view.resource}",
                ))  # fmt: skip
    everything = Dump(site)
    refused = site.call("POST", f"{view.url}/undo/?batch=theirs-{view.resource}")
    assert refused.status_code == 404, f"somebody else's batch in {view.resource} is undone"
    everything.must_still_hold(f"undo of somebody else's batch in {view.resource}", own_too=True)
    # One's own batch, from the time when the rows of elsewhere were still one's own.
    site.call("POST", f"{view.url}/undo/?batch=mine-{view.resource}")
    everything.must_still_hold(f"undo in {view.resource}")
    return 2


def attack_by_form(site: Site, view: Any, name: str, *, only_places: bool = False) -> int:
    table, tried = view.model.__tablename__, 0
    if not site.own[table]:
        return 0
    with acting(site.app) as session:
        row = session.scalars(select(view.model).where(view.model.id == site.own[table][0])).one()
        good = {declared.name: _typed(declared, view, getattr(row, declared.name)) for declared in view.fields}
    number = site.own[table][0]
    url = f"{view.url}/new/" if name == "create_view" else f"{view.url}/edit/?id={number}"
    for declared in view.fields:
        if not declared.lookup or (declared.only_new and name == "edit_view"):
            continue
        target = site.house.views[declared.lookup].model.__tablename__
        if site.house.views[declared.lookup].resource in EVERYBODYS or (only_places and target != "org_node"):
            continue
        for foreign in (*site.foreign[target], MISSING, "0", "-1", "9" * 30, "1.5", "x"):
            page = site.call("GET", url)
            version = re.search(r'name="_version" value="([^"]+)"', page.text)
            fields = (
                good
                | _fresh(view, name)
                | {declared.name: str(foreign)}
                | ({"_version": version[1]} if version else {})
            )
            answer = site.call("POST", url, fields)
            tried += 1
            where = f"{view.resource}: {name} with {declared.name}={foreign}"
            assert answer.status_code in (403, 404, 422), f"{where} answered {answer.status_code}"
            if not only_places:
                must_not_show(answer, where)
    for foreign in site.foreign[table] if not only_places else ():
        # The number of a row of elsewhere in the form, beside the address of one's own.
        page = site.call("GET", url)
        version = re.search(r'name="_version" value="([^"]+)"', page.text)
        fields = (
            good
            | _fresh(view, name)
            | {"id": foreign, "pk": foreign, "node_id": site.elsewhere.id, "area_id": site.elsewhere.area_id}
        )
        fields |= {getattr(view.model, "__owner__", "id"): site.org.people["leader"].id} | (
            {"_version": version[1]} if version else {}
        )
        must_not_show(site.call("POST", url, fields), f"{view.resource}: {name} with a number of elsewhere")
        tried += 1
    return tried


_fresh_numbers = itertools.count(1)


def _fresh(view: Any, name: str) -> dict[str, str]:
    """Return new values for fields that are unique, so that nothing else but the attack is wrong with a form."""
    if name == "edit_view":
        return {}
    fresh = {}
    for declared in view.fields:
        column = getattr(view.model, declared.name)
        if (
            isinstance(column.type, String)
            and not declared.choices
            and declared.kind_for(view.model) == "text"
            and declared.parse is None
        ):
            fresh[declared.name] = f"fresh{next(_fresh_numbers)}"
        elif isinstance(column.type, Date):
            fresh[declared.name] = str(date(2030, 1, 1) + timedelta(days=next(_fresh_numbers)))
    return fresh


def _typed(declared: Any, view: Any, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else ""
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, datetime):
        return value.date().isoformat()
    return str(value)
