"""No row of elsewhere is shown, counted, found or exported by a view, nor opened by its number."""

import re
from typing import Any

from core.admin.model_view import ModelView
from core.testing.access_matrix.addresses import rules_of
from core.testing.access_matrix.calling import must_not_show
from core.testing.access_matrix.contents import Dump
from core.testing.access_matrix.site import Site
from core.testing.access_matrix.values import ATTACKS, CANARY, MISSING


def check_reading(site: Site, view: Any) -> int:
    """The list, its bin, print, exports, look-ups, searches and every filter and order show no row of elsewhere."""
    base, tried = f"{view.url}/", 0
    questions = [
        "",
        "bin=1",
        f"search={CANARY}",
        "search=1",
        f"columns={'&columns='.join(view.by_name)}",
        f"columns={'&columns='.join(view.by_name)}&bin=1",
    ]
    for column in view.columns:
        if column.sortable:
            questions += [f"sort={column.name}", f"sort={column.name}&desc=1"]
        if column.filter:
            questions += _filters_for(site, column)
    methods = {name for _url, name, _methods in view._urls}
    addresses = [
        address
        for method, address in (
            ("index_view", ""), ("print_view", "print/"), ("export", "export/csv/"), ("export", "export/xlsx/"), ("ajax_lookup", "ajax/lookup/"),
        )
        if method in methods
    ]  # fmt: skip
    for address in addresses:
        for question in questions if address == "" else questions[:3]:
            url = f"{base}{address}?{question}"
            answer = site.call("GET", url)
            tried += 1
            assert answer.status_code in (200, 302), f"{url} answered {answer.status_code}"
            must_not_show(answer, url)
    for word in (CANARY, "", "1"):
        if "ajax_lookup" in methods:
            must_not_show(site.call("GET", f"{base}ajax/lookup/?q={word}&limit=100000"), "the look-up")
    for number in site.own[view.model.__tablename__]:
        for more in ("", "&bin=1"):
            must_not_show(site.call("GET", f"{base}details/?id={number}{more}"), f"{base}details/ of one's own row")
        must_not_show(
            site.call("GET", f"{base}details/?id={number}", headers={"X-Requested-With": "drawer"}),
            f"{base}details/ of one's own row",
        )
        must_not_show(site.call("GET", f"{base}edit/?id={number}"), f"{base}edit/ of one's own row")
    if "index_view" in methods:
        page = site.call("GET", base).text
        count = re.search(r"(\d+) in all", page)
        shown = len(re.findall(r'data-row="', page))
        assert (int(count[1]) if count else 0) == shown, f"{base} counts {count and count[1]} rows and shows {shown}"
    return tried


def _filters_for(site: Site, column: Any) -> list[str]:
    name = column.name
    if column.filter in ("range", "date"):
        return [f"{name}_from=2000-01-01", f"{name}_from=1", f"{name}_to=99999999", f"{name}_from=987654"]
    if column.filter == "boolean":
        return [f"{name}=1", f"{name}=0"]
    if column.lookup:
        target = site.house.views[column.lookup].model.__tablename__
        return [f"{name}={number}" for number in site.foreign.get(target, [])]
    if column.choices:
        return [f"{name}={value}" for value in column.choices]
    return [f"{name}={CANARY}", f"{name}={CANARY[:2]}", f"{name}=1"]


def view_rules(site: Site, view: Any) -> list[tuple[str, str, str]]:
    """Return (method of the view, HTTP method, address) of every address of a view that takes no argument."""
    found = []
    for rule, method in rules_of(site.app, site.plugin):
        if rule.endpoint.split(".")[0] == view.endpoint and not rule.arguments:
            found.append((rule.endpoint.split(".")[1], method, rule.rule))
    return found


def check_numbers(site: Site, view: Any) -> int:
    """A number of elsewhere is answered, at every address, exactly like one that does not exist; and changes nothing."""
    foreign = site.foreign[view.model.__tablename__]
    tried, before = 0, Dump(site)
    for name, method, url in view_rules(site, view):
        unknown = site.call(method, f"{url}?id={MISSING}", {"id": MISSING, "reason": "x"})
        numbers = [str(number) for number in foreign]
        if unknown.status_code == 404:
            numbers += [f"{foreign[0]}&bin=1", f"0{foreign[0]}", f"{foreign[0]}&id={MISSING}"]
            numbers += ATTACKS if name == "details_view" or not hasattr(ModelView, name) else ATTACKS[:3]
        for number in numbers:
            answer = site.call(method, f"{url}?id={number}", {"reason": "x"})
            tried += 1
            where = f"{method} {url}?id={number}"
            must_not_show(answer, where)
            if unknown.status_code == 404:
                assert answer.status_code == 404, f"{where} answered {answer.status_code}"
                assert answer.data == unknown.data, f"{where}: a row of elsewhere is told from one that does not exist"
        if name == "delete_view":
            assert site.call(method, url, {"id": foreign[0]}).status_code == 404, (
                f"{method} {url} with the number in the form"
            )
        if method == "POST":
            before.must_still_hold(f"POST {url} with numbers of elsewhere")
    drawer = site.call("GET", f"{view.url}/details/?id={foreign[0]}", headers={"X-Requested-With": "drawer"})
    assert drawer.status_code == 404, f"the drawer of {view.resource} answered {drawer.status_code}"
    return tried
