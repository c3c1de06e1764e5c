"""The side navigation: what this person may open, by plugin; worked out once per set of rights, rendered once per page."""

from collections import Counter, OrderedDict
from collections.abc import Callable
from itertools import groupby
from operator import itemgetter
from typing import Any

from flask import current_app, g, request
from markupsafe import Markup

from core.access.person import current_person
from core.language import current_locale, gettext

MOST_KEPT = 1000


def menu_of(person: Any) -> list[dict[str, Any]]:
    """Return groups of links for `person`, each with its links in parts: (heading, links), without a heading an empty one."""
    house = current_app.extensions["backoffice"]
    key = (person, g.plugins_revision, current_locale())
    return _kept(house.menus, key, lambda: _build(house, person))  # type: ignore[no-any-return]


def navigation() -> str:
    """Return the side navigation for who is signed in, the page of this request marked active; nothing for others."""
    person = current_person()
    if person.id is None or "switches" not in g:
        return ""
    house, groups = current_app.extensions["backoffice"], menu_of(person)
    doors = tuple(item["endpoint"] for group in groups for item in group["items"])
    here = (request.endpoint or "").split(".")[0]
    active = here if here in doors else ""
    template = current_app.jinja_env.get_template("backoffice/side.html")
    # Who may open the same pages sees the same, and most people of a chain do.
    key = (doors, active, current_locale())
    return _kept(house.navigations, key, lambda: Markup(template.render(groups=groups, active=active)))  # type: ignore[no-any-return]


def _kept(kept: OrderedDict[Any, Any], key: Any, make: Callable[[], Any]) -> Any:
    found = kept.get(key)
    if found is None:
        found = kept[key] = make()
        if len(kept) > MOST_KEPT:
            kept.popitem(last=False)
    return found


def _build(house: Any, person: Any) -> list[dict[str, Any]]:
    groups: dict[str, dict[str, Any]] = {}
    for view in house.menu_views:
        if not house.host.is_on(view.plugin, g.switches, person):
            continue
        guard = view.guard(view._default_view)
        if (guard.kind == "permission" and not person.may(guard.permission)) or not view.is_for(person):
            continue
        title, icon = house.plugin_title(view.plugin)
        group = groups.setdefault(view.plugin, {"title": gettext(title), "icon": icon, "items": []})
        group["items"].append({
            "title": gettext(view.title), "url": f"{view.url}/", "endpoint": view.endpoint, "badge": None,
            "part": gettext(view.menu_part) if view.menu_part else "",
        })  # fmt: skip
    for group in groups.values():
        sizes = Counter(item["part"] for item in group["items"])
        for item in group["items"]:
            item["part"] = item["part"] if sizes[item["part"]] > 1 else ""  # a heading over a single link says nothing
        parts = list(dict.fromkeys(["", *(item["part"] for item in group["items"])]))
        group["items"].sort(key=lambda item: parts.index(item["part"]))
        group["parts"] = [(heading, list(found)) for heading, found in groupby(group["items"], itemgetter("part"))]
    return list(groups.values())
